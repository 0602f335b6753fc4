// The official JavaScript SDK, unchanged, against the sandbox at OC_URL. Run by pytest
// (tests/sandbox/ordercloud/test_sdk_javascript.py); tests share the sandbox and its seed.

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { Auth, Cart, Certs, Configuration, Me, Orders, Products, Tokens, UserInfo, Users } =
  require("ordercloud-javascript-sdk");

const CLIENT = "storefront-client";
const PASSWORD = "Password123!";

Configuration.Set({ baseApiUrl: process.env.OC_URL, clientID: CLIENT });

const ids = (page) => page.Items.map((item) => item.ID);

async function logIn(username, scope) {
  const answer = await Auth.Login(username, PASSWORD, CLIENT, scope);
  Tokens.SetAccessToken(answer.access_token);
  return answer;
}

async function shopAnonymously() {
  const { access_token: token } = await Auth.Anonymous(CLIENT);
  Tokens.SetAccessToken(token);
  return token;
}

async function refusal(promise) {
  return promise.then(
    () => assert.fail("was not refused"),
    (error) => error,
  );
}

test("a user logs in and is who they are", async () => {
  const { refresh_token: refreshToken } = await logIn("alice");

  const me = await Me.Get();
  assert.equal(me.ID, "alice");
  assert.equal(me.Buyer.DefaultCatalogID, "demo-catalog");
  assert.deepEqual(ids(await Me.ListUserGroups()), ["vip"]);

  const refreshed = await Auth.RefreshToken(refreshToken, CLIENT);
  Tokens.SetAccessToken(refreshed.access_token);
  assert.equal((await Me.Get()).ID, "alice");
});

test("an expired token is refreshed by the SDK itself", async () => {
  const { refresh_token: refreshToken } = await logIn("alice");
  const [header, payload] = Tokens.GetAccessToken().split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url"));
  const stale = Buffer.from(JSON.stringify({ ...claims, exp: 1 })).toString("base64url");
  Tokens.SetAccessToken(`${header}.${stale}.x`);
  Tokens.SetRefreshToken(refreshToken);

  assert.equal((await Me.Get()).ID, "alice");
  Tokens.RemoveRefreshToken();
});

test("the token's key and the identity token are there", async () => {
  await logIn("alice");
  const [header] = Tokens.GetAccessToken().split(".");
  const { kid } = JSON.parse(Buffer.from(header, "base64url"));

  assert.equal((await Certs.GetPublicKey(kid)).kid, kid);
  const { identity_token: token } = await UserInfo.GetToken();
  const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  assert.deepEqual([claims.companyID, claims.groups], ["acme", ["vip"]]);
});

test("the seller logs in with a client secret and impersonates a shopper", async () => {
  const seller = await Auth.ClientCredentials("admin-secret", "admin-client", ["FullAccess"]);
  const request = { ClientID: CLIENT, Roles: ["Shopper"] };
  const answer = await Users.GetAccessToken("acme", "bob", request, {
    accessToken: seller.access_token,
  });

  Tokens.SetImpersonationToken(answer.access_token);
  assert.equal((await Me.As().Get()).ID, "bob");
});

test("products are listed with filters, arrays, xp, search and sort", async () => {
  await logIn("alice");

  const page = await Me.ListProducts({
    categoryID: "shoes",
    search: "boot",
    searchOn: ["Name", "Description"],
    sortBy: ["!xp.rating", "Name"],
    pageSize: 5,
    filters: {
      xp: { color: "Black|Brown|Navy|Red", details: { season: "!summer" } },
      "xp.rating": [">=3", "<5"],
      Active: true,
    },
  });

  assert.ok(page.Meta.TotalCount > 0);
  assert.ok(page.Items.length <= 5);
  for (const product of page.Items) {
    assert.match(product.xp.color, /^(Black|Brown|Navy|Red)$/);
    assert.ok(product.xp.rating >= 3 && product.xp.rating < 5);
    assert.notEqual(product.xp.details.season, "summer");
    assert.ok(product.PriceSchedule.PriceBreaks[0].Price > 0);
  }
  const ratings = page.Items.map((product) => product.xp.rating);
  assert.deepEqual(ratings, [...ratings].sort((a, b) => b - a));
});

test("a list of IDs leaves out what the shopper does not see", async () => {
  const filters = { ID: "watch-1|watch-11|unknown" };

  await shopAnonymously();
  assert.deepEqual(ids(await Me.ListProducts({ filters })), ["watch-1"]);
  await logIn("alice");
  assert.deepEqual(ids(await Me.ListProducts({ filters, sortBy: ["ID"] })), ["watch-1", "watch-11"]);
});

test("a filter may name several fields, and array filters must all hold", async () => {
  await shopAnonymously();

  assert.deepEqual(ids(await Me.ListProducts({ filters: { "ID|ParentID": "p1" } })), ["p1"]);
  const none = await Me.ListProducts({ filters: { "xp.color": ["Red", "Blue"] } });
  assert.equal(none.Meta.TotalCount, 0);
});

test("categories, catalogs and promotions are listed", async () => {
  await logIn("carol");

  assert.deepEqual(ids(await Me.ListCatalogs()), ["demo-catalog", "globex-catalog"]);
  const categories = await Me.ListCategories({ depth: "all", pageSize: 100 });
  assert.ok(ids(categories).includes("globex-exclusives"));
  assert.equal((await Me.GetCategory("watches", { catalogID: "demo-catalog" })).ChildCount, 2);
  const promotions = await Me.ListPromotions({ filters: { "xp.targetAudience": "repeatCustomer" } });
  assert.ok(promotions.Meta.TotalCount >= 3);
});

test("a shopper fills a cart and buys it", async () => {
  await logIn("bob");

  const item = await Cart.CreateLineItem({ ProductID: "p1", Quantity: 1 });
  await Cart.CreateLineItem({ ProductID: "p2", Quantity: 12 });
  await Cart.PatchLineItem(item.ID, { Quantity: 3 });
  const address = { Street1: "1 Main", City: "Here", State: "MN", Zip: "55401", Country: "US" };
  await Cart.SetShippingAddress(address);
  await Cart.SetBillingAddress(address);
  await Cart.AddPromotion("BUNDLE5");
  await Cart.CreatePayment({ Type: "PurchaseOrder" });

  const cart = await Cart.Get();
  const lines = (await Cart.ListLineItems()).Items;
  assert.equal(cart.LineItemCount, 2);
  const subtotal = lines.reduce((sum, line) => sum + line.UnitPrice * line.Quantity, 0);
  assert.equal(cart.Subtotal.toFixed(2), subtotal.toFixed(2));
  assert.equal(cart.PromotionDiscount.toFixed(2), (subtotal * 0.05).toFixed(2));
  assert.equal(cart.Total.toFixed(2), (cart.Subtotal - cart.PromotionDiscount).toFixed(2));

  await Cart.Validate();
  const order = await Cart.Submit();
  assert.deepEqual([order.ID, order.Status, order.IsSubmitted], [cart.ID, "Open", true]);
  assert.ok(ids(await Me.ListOrders()).includes(order.ID));
  assert.equal((await Orders.Get("Outgoing", order.ID)).Total, cart.Total);
  assert.equal((await Cart.Get()).ID, null);
});

test("an anonymous shopper registers and keeps the cart", async () => {
  const anonUserToken = await shopAnonymously();
  await Cart.CreateLineItem({ ProductID: "p3", Quantity: 2 });
  const { ID: cartID } = await Cart.Get();

  const answer = await Me.Register(
    {
      Username: "newcomer",
      Password: "Newcomer123",
      FirstName: "New",
      LastName: "Comer",
      Email: "new@example.com",
      Active: true,
    },
    { anonUserToken },
  );

  Tokens.SetAccessToken(answer.access_token);
  assert.equal((await Me.Get()).Username, "newcomer");
  assert.equal((await Cart.Get()).ID, cartID);
});

test("an anonymous cart follows the shopper who logs in", async () => {
  const anonUserToken = await shopAnonymously();
  await Cart.CreateLineItem({ ProductID: "p3" });
  const { ID: cartID } = await Cart.Get();

  await logIn("alice");
  await Me.TransferAnonUserOrder({ anonUserToken });

  assert.ok(ids(await Me.ListOrders({ filters: { IsSubmitted: false } })).includes(cartID));
});

test("errors are the SDK's own, with OrderCloud's code", async () => {
  await shopAnonymously();

  const missing = await refusal(Me.GetProduct("watch-11"));
  assert.ok(missing.isOrderCloudError);
  assert.deepEqual([missing.status, missing.errorCode], [404, "NotFound"]);
  assert.match(missing.message, /Product.*watch-11/);

  const listing = await refusal(Me.ListCategories({ sortBy: ["Description"] }));
  assert.deepEqual([listing.status, listing.errorCode], [400, "List.InvalidSortProperty"]);

  const forbidden = await refusal(Products.List());
  assert.deepEqual([forbidden.status, forbidden.errorCode], [403, "Auth.InsufficientRoles"]);
  assert.deepEqual(forbidden.errors[0].Data.AssignedRoles.includes("Shopper"), true);

  const login = await refusal(Auth.Login("alice", "wrong", CLIENT));
  assert.deepEqual([login.status, login.errorCode], [400, "Auth.InvalidUsernameOrPassword"]);

  Tokens.RemoveAccessToken();
  const stranger = await refusal(Me.Get());
  assert.deepEqual([stranger.status, stranger.errorCode], [401, "InvalidToken"]);
});
