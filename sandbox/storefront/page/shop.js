// The demo shop: logs a shopper in at OrderCloud, asks the gateway for each placement, shows the
// list and why it is this one.

import { openCart } from "./cart.js";
import { openPanel } from "./panel.js";

const config = await readJson(await fetch("config.json"));
const { connect } = await import(`${config.gateway}/decision-proxy.js`);
const placements = [...document.querySelectorAll("[data-placement]")].map(preparePlacement);
const shoppers = document.querySelector(".shoppers");
let visit = new AbortController(); // what the shopper before the present one still waits for

// ---- the shopper

let gateway = connect();
let visitor = await gateway.identify(); // CDP's browser id; a shop opens without CDP too
let isKnown = false; // whether CDP takes this browser for a customer's
let session;
const panel = openPanel({ cdp: config.cdp, readJson, readText, onReturn: enter });
const cart = openCart({ gateway: config.gateway, getSession: () => session, readJson, showProduct });

async function enter() {
  const shopper = shoppers.querySelector(":checked").value;
  visit.abort();
  visit = new AbortController();
  document.querySelector("[data-greeting]").textContent = greet(shopper);
  session = logIn(shopper, visit.signal);
  await Promise.all(placements.map((placement) => fill(placement, session, visit.signal)));
  await cart.refresh();
}

const greet = (shopper) =>
  shopper === "anonymous" ? "Well made, well chosen" : `Good to see you, ${capitalize(shopper)}`;

async function logIn(shopper, signal) {
  const isAnonymous = shopper === "anonymous";
  if (isAnonymous && isKnown) await becomeNewVisitor();
  isKnown = !isAnonymous;
  const grant = isAnonymous
    ? { grant_type: "client_credentials", scope: "Shopper" }
    : { grant_type: "password", username: shopper, password: "Password123!" };
  const body = new URLSearchParams({ client_id: config.ordercloudClient, ...grant });
  const headers = visitor ? { "X-Browser-Id": visitor } : {};
  const answer = await fetch(`${config.gateway}/oauth/token`, { method: "POST", body, headers, signal });
  const { access_token } = await readJson(answer);
  const shopping = { ...headers, Authorization: `Bearer ${access_token}` };
  gateway.track({ type: "VIEW", page: location.pathname });
  return { shopping, headers: sessionHeaders(shopper, access_token) };
}

async function becomeNewVisitor() {
  await fetch(`${config.gateway}/browser`, { method: "DELETE", credentials: "include" }).catch(() => {});
  gateway = connect();
  visitor = await gateway.identify();
}

// CDP knows a visitor by the browser, and a customer by what the gateway reads from the token.
function sessionHeaders(shopper, token) {
  const headers = { Authorization: `Bearer ${token}` };
  return shopper === "anonymous" && visitor ? { ...headers, "X-Browser-Id": visitor } : headers;
}

// ---- placements

function preparePlacement(section) {
  const list = element("ul", { className: "items" });
  const why = element("details", { className: "why" });
  section.append(list, why);
  return { name: section.dataset.placement, section, list, why };
}

async function fill({ name, section, list, why }, session, signal) {
  section.ariaBusy = "true";
  try {
    const url = `${config.gateway}/placements/${name}${gateway.preview ? `?preview=${gateway.preview}` : ""}`;
    const { headers } = await session;
    const answer = await fetch(url, { headers, cache: "no-cache", signal });
    const { Items } = await readJson(answer);
    entitle(section, readPairs(answer.headers.get("Personalization") ?? "", ",").rule);
    list.replaceChildren(...(Items.length ? Items.map(showItem) : [nothing()]));
    why.replaceChildren(...explain(answer.headers));
  } catch (error) {
    if (signal.aborted) return;
    list.replaceChildren(showError(error));
    why.replaceChildren();
  }
  section.ariaBusy = "false";
}

// A heading may have other words for what a rule shows: data-{rule}="…".
function entitle(section, rule) {
  const heading = section.querySelector("[data-title]");
  if (heading) heading.textContent = heading.getAttribute(`data-${rule}`) ?? heading.dataset.title;
}

function showItem(item) {
  if ("Code" in item) return showPromotion(item);
  return "PriceSchedule" in item ? showProduct(item) : showCategory(item);
}

function showProduct({ ID, Name, PriceSchedule, xp }) {
  const tile = element(
    "li",
    { className: "product" },
    showPicture(xp?.Images?.[0]?.Url, Name),
    element("p", { className: "brand" }, xp?.brand ?? ""),
    element("h3", {}, Name),
    element("p", { className: "price" }, ...showPrices(PriceSchedule)),
  );
  tile.dataset.productId = ID;
  if (xp?.isNew) tile.append(element("span", { className: "badge" }, "New"));
  return tile;
}

const showPicture = (src, alt) =>
  src
    ? element("img", { src, alt, width: 320, height: 320 })
    : element("div", { className: "no-picture" });

function showPrices(schedule) {
  const [first, ...more] = schedule?.PriceBreaks ?? [];
  if (!first) return ["Price on request"];
  const money = (price) =>
    price.toLocaleString("en-US", { style: "currency", currency: schedule.Currency ?? "USD" });
  const volume = more.at(-1);
  return [
    element("strong", {}, money(first.Price)),
    ...(volume ? [element("small", {}, `${money(volume.Price)} from ${volume.Quantity}`)] : []),
  ];
}

function showPromotion({ ID, Code, Name, Description }) {
  const coupon = element(
    "li",
    { className: "coupon" },
    element("h3", {}, Name ?? Code),
    element("p", {}, Description ?? ""),
    element("code", { title: "Promotion code" }, Code),
  );
  coupon.dataset.promotionId = ID;
  return coupon;
}

function showCategory({ ID, Name }) {
  const chip = element("li", { className: "chip" }, Name);
  chip.dataset.categoryId = ID;
  return chip;
}

const nothing = () => element("li", { className: "nothing" }, "Nothing here for this shopper.");

const showError = ({ title = "No answer", message }) =>
  element("li", { className: "problem", role: "alert" }, element("strong", {}, title), message);

// ---- why: the three headers by which the gateway says what it did

function explain(headers) {
  const personalization = headers.get("Personalization") ?? "";
  const caches = headers.get("Cache-Status") ?? "";
  const timing = headers.get("Server-Timing") ?? "";
  const { placement, ...decided } = readPairs(personalization, ",");
  const facts = { ...decided, ...readCaches(caches), took: readTotal(timing) };
  const raw = { Personalization: personalization, "Cache-Status": caches, "Server-Timing": timing };
  return [element("summary", {}, "Why?", ...listFacts(facts)), listHeaders(raw)];
}

const split = (text, separator) => text.match(new RegExp(`("[^"]*"|[^"${separator}])+`, "g")) ?? [];

const readPairs = (text, separator) =>
  Object.fromEntries(
    split(text, separator).map((pair) => {
      const [key, value = ""] = pair.trim().split(/=(.*)/s);
      return [key, value.replace(/^"|"$/g, "")];
    }),
  );

const readCaches = (text) =>
  Object.fromEntries(
    split(text, ",").map((member) => {
      const { detail, fwd, hit, ttl } = readPairs(member, ";");
      return [`${detail} cache`, hit === undefined ? fwd : `hit, ${describeTtl(Number(ttl))}`];
    }),
  );

const describeTtl = (ttl) => (ttl < 0 ? `${-ttl} s past fresh` : `${ttl} s left`);

function readTotal(text) {
  const total = split(text, ",").find((metric) => metric.trim().startsWith("total"));
  return total ? `${Number(readPairs(total, ";").dur).toFixed(1)} ms` : "";
}

function listFacts(facts) {
  return Object.entries(facts)
    .filter(([, value]) => value)
    .map(([name, value]) => {
      const fact = element("span", { className: "fact", title: name }, value);
      Object.assign(fact.dataset, { why: name, said: value });
      return fact;
    });
}

const listHeaders = (headers) =>
  element(
    "dl",
    {},
    ...Object.entries(headers).flatMap(([name, value]) => [
      element("dt", {}, name),
      element("dd", {}, value || "not sent"),
    ]),
  );

// ---- what a visitor of the demo chooses

// A reload keeps the choices, and tells CDP again: the sandbox may have been started anew.
async function restoreChoices() {
  for (const [name, value] of Object.entries(sessionStorage)) {
    const choice = document.querySelector(`[name="${name}"][value="${value}"]`);
    if (choice) choice.checked = true; // the preview that a link asked for is kept there, too
    await panel.instruct(name, value);
  }
}

// ---- answers and elements

async function readJson(answer) {
  return JSON.parse(await readText(answer));
}

// Three shapes of errors: problem JSON (the gateway), Errors[0] (OrderCloud), anything else.
async function readText(answer) {
  const text = await answer.text();
  if (answer.ok) return text;
  const body = text.startsWith("{") ? JSON.parse(text) : {};
  const error = new Error(body.detail ?? body.Errors?.[0]?.Message ?? "");
  throw Object.assign(error, { title: body.title ?? `${answer.status} ${answer.statusText}` });
}

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

const capitalize = (word) => word[0].toUpperCase() + word.slice(1);

// ---- start

document.querySelector("[data-addresses]").textContent =
  `Gateway ${config.gateway} · OrderCloud ${config.ordercloud} · CDP ${config.cdp}`;
document.addEventListener("change", async ({ target: { type, name, value } }) => {
  if (type !== "radio") return; // the search has words of its own
  sessionStorage.setItem(name, value);
  await panel.instruct(name, value);
  await enter();
});
await restoreChoices();
await enter();
