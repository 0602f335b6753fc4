// The official Cloud SDK, unchanged, on a Node server whose Edge platform is the sandbox at CDP_URL.
// Run by pytest (tests/sandbox/cdp/test_sdk.py).

const assert = require("node:assert/strict");
const { createServer } = require("node:http");
const { after, before, test } = require("node:test");
const { CloudSDK } = require("@sitecore-cloudsdk/core/server");
const { event, identity, pageView } = require("@sitecore-cloudsdk/events/server");
const { personalize } = require("@sitecore-cloudsdk/personalize/server");

const SANDBOX = process.env.CDP_URL;

const actions = {
  view: (request) => pageView(request, { channel: "WEB", currency: "EUR", page: "/", language: "EN" }),
  search: (request) =>
    event(request, { type: "SEARCH", channel: "WEB", extensionData: { nested: { term: "watch" } } }),
  identify: (request) =>
    identity(request, {
      channel: "WEB",
      email: "alice@acme.example",
      identifiers: [{ provider: "ordercloud", id: "acme-alice" }],
    }),
  decide: (request) => personalize(request, { channel: "WEB", currency: "EUR", friendlyId: "home_hero" }),
  unknown: (request) => personalize(request, { channel: "WEB", currency: "EUR", friendlyId: "nowhere" }),
};

let shop;
let origin;
let cookie = "";

before(async () => {
  shop = createServer(async (request, response) => {
    await CloudSDK(request, response, {
      sitecoreEdgeUrl: SANDBOX,
      sitecoreEdgeContextId: "any-context",
      siteName: "any-site",
      enableServerCookie: true,
      cookieDomain: "localhost",
    })
      .addEvents()
      .addPersonalize({ enablePersonalizeCookie: true })
      .initialize();
    const result = await actions[request.url.slice(1)](request);
    response.end(JSON.stringify({ result, cookie: request.headers.cookie }));
  });
  await new Promise((resolve) => shop.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${shop.address().port}`;
});

after(() => shop.close());

async function visit(action) {
  const response = await fetch(`${origin}/${action}`, { headers: cookie ? { cookie } : {} });
  const answer = await response.json();
  // The SDK tells the browser id to its own request; on plain Node its cookie gets lost.
  const [, browserId] = /sc_cid=([^;]+)/.exec(answer.cookie);
  const [, guestRef] = /sc_cid_personalize=([^;]+)/.exec(answer.cookie);
  cookie = `sc_cid=${browserId}; sc_cid_personalize=${guestRef}`;
  return { ...answer, browserId, guestRef };
}

async function guest(browserId) {
  return (await fetch(`${SANDBOX}/_sandbox/guests/${browserId}`)).json();
}

test("a visit: browse, search, decide, sign in, decide again", async () => {
  const first = await visit("view");
  assert.equal(first.result.status, "OK");
  const visitor = await guest(first.browserId);
  assert.equal(visitor.ref, first.guestRef);

  await visit("search");
  assert.deepEqual((await visit("decide")).result, {});

  assert.equal((await visit("identify")).result.status, "OK");
  assert.deepEqual((await visit("decide")).result, { persona: "vip" });

  const alice = await guest(first.browserId);
  assert.equal(alice.firstName, "Alice");
  const events = alice.sessions.flatMap((session) => session.events);
  const search = events.find((one) => one.type === "SEARCH");
  assert.deepEqual(search.arbitraryData.ext, { nested_term: "watch" });
});

test("a flow that does not run is a result, not an error", async () => {
  assert.deepEqual((await visit("unknown")).result, { message: "No flow executed" });
});
