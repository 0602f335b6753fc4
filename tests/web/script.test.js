// The storefront's module against a running gateway: node script.test.js MODULE GATEWAY TOKEN
import assert from "node:assert/strict";

const [module, url, token] = process.argv.slice(2);
const { connect } = await import(module);

const shop = connect({ url, token });
const browserId = await shop.identify();
assert.match(browserId, /^[0-9a-f-]{36}$/);
assert.equal(await shop.identify(() => token), browserId);

const one = await shop.placement("fixed", { params: { pageSize: 2 } });
assert.equal(one.items.length, 2);
assert.equal(one.meta.PageSize, 2);
assert.match(one.personalization, /placement="fixed"/);

const fallback = [{ ID: "mine" }];
const several = await shop.placements(["fixed", "unknown"], { fallback });
assert.ok(several.fixed.items.length > 2);
assert.deepEqual(several.unknown.items, fallback);
assert.equal(several.unknown.error.status, 404);

assert.equal(await shop.track({ type: "VIEW", page: "/" }), true);
assert.equal(await shop.track([{ type: "QUIZ", ext: { score: 1 } }]), true);
assert.equal(await shop.track({ type: "ADD" }), false);

const refused = await connect({ url, token: "none" }).placement("fixed", { fallback });
assert.deepEqual(refused.items, fallback);
assert.equal(refused.error.problem.status, 401);

const nowhere = connect({ url: "http://127.0.0.1:1", timeout: 500 });
assert.deepEqual((await nowhere.placement("fixed", { fallback })).items, fallback);
assert.deepEqual((await nowhere.placements(["a"])).a.items, []);
assert.equal(await nowhere.track({ type: "VIEW", page: "/" }), false);
assert.equal(await nowhere.identify(), null);

const late = await shop.placement("fixed", { timeout: 0, fallback });
assert.deepEqual(late.items, fallback);
assert.equal(late.error.name, "TimeoutError");
