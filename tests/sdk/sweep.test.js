// Every call that the official JavaScript SDK has, with made-up arguments, against OC_URL; what each
// of them came to is written to RESULTS. Run by pytest (tests/web/test_dropin.py), directly and
// through the gateway.

const { writeFileSync } = require("node:fs");
const { test } = require("node:test");
const sdk = require("ordercloud-javascript-sdk");

const { Auth, Configuration, Tokens } = sdk;
const NO_CALLS = new Set(["Auth", "Configuration", "Tokens"]);
const NOT_NOW = new Set(["As", "RevokeTokens"]);
const OF_SHOPPERS = ["Me", "Cart", "Orders", "LineItems", "Payments"];
const LISTED = { page: 1, pageSize: 2, sortBy: ["!ID"], filters: { Name: "a*|!b*", xp: { a: [">1", "<9"] } } };
const MODEL = { Name: "ü & co", Active: true, xp: { a: [1, "ü"] } };

Configuration.Set({ baseApiUrl: process.env.OC_URL, clientID: "storefront-client" });

const results = [];

const prototype = (name) => Object.getPrototypeOf(sdk[name]);

const methods = (name) =>
  Object.getOwnPropertyNames(prototype(name)).filter((one) => /^[A-Z]/.test(one) && !NOT_NOW.has(one));

const parameters = (name, method) => /^function \((.*?)\)/.exec(prototype(name)[method])[1].split(", ");

function argument(parameter) {
  if (parameter === "direction") return "Outgoing";
  if (parameter === "requestOptions") return undefined;
  if (/options$/i.test(parameter)) return LISTED;
  return /(ID|Code|name|key|type)$/i.test(parameter) ? `a ${parameter}, (it's ü!~*)` : MODEL;
}

async function callAll(who, names) {
  for (const name of names) {
    for (const method of methods(name)) {
      const outcome = await sdk[name][method](...parameters(name, method).map(argument)).catch(
        ({ status, errorCode, errors, message }) => ({ status, errorCode, errors, message }),
      );
      results.push([`${who}: ${name}.${method}`, outcome ?? null]);
    }
  }
}

test("every call", async () => {
  const seller = await Auth.ClientCredentials("admin-secret", "admin-client", ["FullAccess"]);
  Tokens.SetAccessToken(seller.access_token);
  await callAll("seller", Object.keys(sdk).filter((name) => !NO_CALLS.has(name) && methods(name).length));
  const shopper = await Auth.Login("alice", "Password123!", "storefront-client");
  Tokens.SetAccessToken(shopper.access_token);
  await callAll("shopper", OF_SHOPPERS);

  writeFileSync(process.env.RESULTS, JSON.stringify(results));
});
