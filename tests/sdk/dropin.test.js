// One shopper's calls by the official JavaScript SDK against OC_URL; what each of them came to is
// written to RESULTS. Run by pytest (tests/web/test_dropin.py), directly and through the gateway.

const { writeFileSync } = require("node:fs");
const { test } = require("node:test");
const { Auth, Cart, Categories, Configuration, Me, Orders, Products, Tokens } =
  require("ordercloud-javascript-sdk");

Configuration.Set({ baseApiUrl: process.env.OC_URL, clientID: "storefront-client" });

const PASSWORD = "Password123!";
const ADDRESS = { Street1: "1 Main", City: "Here", State: "MN", Zip: "55401", Country: "US" };
const results = [];

async function note(name, call) {
  try {
    const answer = await call();
    results.push([name, answer ?? null]);
    return answer;
  } catch (error) {
    const { status, statusText, errorCode, errors, message } = error;
    results.push([name, { status, statusText, errorCode, errors, message }]);
    return undefined;
  }
}

async function as(name, grant) {
  const answer = await note(name, grant);
  Tokens.SetAccessToken(answer.access_token);
  return answer;
}

test("the calls of a shopper", async () => {
  await note("without a token", () => Me.Get());
  const { access_token: anonUserToken } = await as("anonymous", () =>
    Auth.Anonymous("storefront-client"),
  );
  await note("anonymous cart", () => Cart.CreateLineItem({ ProductID: "p3", Quantity: 2 }));
  await note("wrong password", () => Auth.Login("alice", "wrong", "storefront-client"));
  await as("log in", () => Auth.Login("alice", PASSWORD, "storefront-client"));
  await note("me", () => Me.Get());
  await note("transfer", () => Me.TransferAnonUserOrder({ anonUserToken }));
  await note("filters", () =>
    Me.ListProducts({
      categoryID: "shoes",
      search: "boot & co",
      searchOn: ["Name", "Description"],
      sortBy: ["!xp.rating", "Name"],
      page: 1,
      pageSize: 5,
      filters: {
        "Name|Description": "*o*",
        xp: { color: "Black|Brown|!Red*", details: { season: "!summer" } },
        "xp.rating": [">=3", "<5"],
        Active: true,
      },
    }),
  );
  await note("ids", () => Me.ListProducts({ filters: { ID: "watch-1|watch-11|p1|unknown" } }));
  await note("categories", () => Me.ListCategories({ depth: "all", pageSize: 100 }));
  await note("category", () => Me.GetCategory("watches", { catalogID: "demo-catalog" }));
  await note("promotions", () => Me.ListPromotions());
  await note("bad sort", () => Me.ListCategories({ sortBy: ["Description"] }));
  await note("bad page", () => Me.ListProducts({ pageSize: 1000 }));
  await note("missing", () => Me.GetProduct("there is none/at all?"));
  await note("forbidden", () => Products.List());
  await note("forbidden write", () => Categories.Delete("demo-catalog", "watches"));
  const line = await note("add", () => Cart.CreateLineItem({ ProductID: "p1", Quantity: 1 }));
  await note("patch", () => Cart.PatchLineItem(line.ID, { Quantity: 3 }));
  await note("put", () => Cart.SaveLineItem(line.ID, { ProductID: "p1", Quantity: 4 }));
  await note("ship to", () => Cart.SetShippingAddress(ADDRESS));
  await note("promotion", () => Cart.AddPromotion("BUNDLE5"));
  await note("no promotion", () => Cart.AddPromotion("50% OFF!"));
  await note("cart", () => Cart.Get());
  await note("lines", () => Cart.ListLineItems());
  const order = await note("submit", () => Cart.Submit());
  await note("order", () => Orders.Get("Outgoing", order.ID));
  await note("new line", () => Cart.CreateLineItem({ ProductID: "p2" }));
  await note("delete", () => Cart.Delete());

  writeFileSync(process.env.RESULTS, JSON.stringify(results));
});
