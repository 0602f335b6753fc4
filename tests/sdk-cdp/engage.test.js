// The official Engage SDK, unchanged, on a Node server whose CDP is the sandbox at CDP_URL.
// Run by pytest (tests/sandbox/cdp/test_sdk.py).

const assert = require("node:assert/strict");
const { createServer } = require("node:http");
const { after, before, test } = require("node:test");
const { initServer } = require("@sitecore/engage");

const SANDBOX = process.env.CDP_URL;
const SHARED = { channel: "WEB", currency: "EUR", pointOfSale: "demo", language: "EN", page: "/" };

const engage = initServer({
  clientKey: "sandbox",
  targetURL: SANDBOX,
  pointOfSale: "demo",
  cookieDomain: "localhost",
  forceServerCookieMode: true,
  includeUTMParameters: false,
});

const PRODUCT = { type: "WATCH", item_id: "watch-1", name: "Watch", price: 250.5, quantity: 1 };
const actions = {
  view: (request) => engage.pageView(SHARED, request),
  add: (request) => engage.event("ADD", { ...SHARED, product: PRODUCT }, request),
  clear: (request) => engage.event("CLEAR_CART", SHARED, request),
  identify: (request) =>
    engage.identity(
      { ...SHARED, identifiers: [{ provider: "ordercloud", id: "acme-bob" }] },
      request,
    ),
  decide: (request) =>
    engage.personalize({ ...SHARED, friendlyId: "home_hero", params: { a: { b: 1 } } }, request),
  nowhere: (request) =>
    engage.personalize({ ...SHARED, friendlyId: "home_hero", pointOfSale: "mars" }, request),
};

let shop;
let origin;
let cookie = "";

before(async () => {
  shop = createServer(async (request, response) => {
    await engage.handleCookie(request, response);
    response.end(JSON.stringify(await actions[request.url.slice(1)](request)));
  });
  await new Promise((resolve) => shop.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${shop.address().port}`;
});

after(() => shop.close());

async function visit(action) {
  const response = await fetch(`${origin}/${action}`, { headers: cookie ? { cookie } : {} });
  cookie = response.headers.get("set-cookie").split(";")[0];
  return response.json();
}

async function guest() {
  const browserId = cookie.replace("bid_sandbox=", "");
  return (await fetch(`${SANDBOX}/_sandbox/guests/${browserId}`)).json();
}

test("a visit: browse, add, clear, decide, sign in, decide again", async () => {
  for (const action of ["view", "add", "clear"]) {
    assert.equal((await visit(action)).status, "OK");
  }
  const types = (await guest()).sessions[0].events.map((one) => one.type);
  assert.deepEqual(types, ["CLEAR_CART", "ADD", "VIEW"]);

  assert.deepEqual(await visit("decide"), {});
  await visit("identify");
  assert.deepEqual(await visit("decide"), { persona: "repeatCustomer" });
});

test("an error comes back as the envelope", async () => {
  const error = await visit("nowhere");
  assert.equal(error.status, 400);
  assert.match(error.message, /invalid point of sale "mars"/);
});
