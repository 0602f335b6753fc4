// /openapi.json, readable: each operation, what it takes, and what it answers.

import { element, find } from "./dom.js";
import { callJson, signIn } from "./key.js";

await signIn();
const api = await callJson("/openapi.json");
find("[data-version]").textContent = `version ${api.info.version}`;
find("[data-operations]").replaceChildren(
  paragraph(api.info.description),
  ...Object.entries(api.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([, operation]) => operation.responses)
      .map(([method, operation]) => describe(method, path, operation, item)),
  ),
);
if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();

function describe(method, path, operation, item) {
  const { summary, description, parameters = [], requestBody, responses } = operation;
  const id = `${method}-${path}`;
  return element(
    "section",
    { id },
    element("h2", {}, element("span", { className: "method" }, method.toUpperCase()), element("code", {}, path)),
    element("p", {}, summary, " ", element("small", {}, where(item))),
    description ? paragraph(description) : null,
    ...table("Parameter", [...(item.parameters ?? []), ...parameters].map(resolve).map(showParameter)),
    ...table("Body", content(requestBody)),
    ...table("Answer", Object.entries(responses).flatMap(([status, one]) => answer(status, resolve(one)))),
  );
}

function where({ servers }) {
  return (servers ?? api.servers)[0].description;
}

function showParameter(one) {
  return [`${one.name} (${one.in}${one.required ? ", required" : ""})`, one.description ?? ""];
}

function content(body) {
  return Object.entries(resolve(body)?.content ?? {}).map(([type, { schema }]) => [type, shape(schema)]);
}

function answer(status, one) {
  const bodies = content(one).map(([type, body]) => element("div", {}, element("code", {}, type), body));
  return [[status, element("div", {}, one.description, ...bodies)]];
}

function table(title, rows) {
  if (!rows.length) return [];
  const cells = rows.map(([name, text]) => element("tr", {}, element("td", {}, name), element("td", {}, text)));
  const head = element("tr", {}, element("th", {}, title), element("th"));
  return [element("table", {}, head, ...cells)];
}

// A schema as text: what JSON of it looks like.
function shape(schema) {
  return element("pre", {}, JSON.stringify(example(schema), null, 2) ?? "");
}

function example(schema, depth = 0) {
  const one = resolve(schema) ?? {};
  if ("example" in one) return one.example;
  if (one.enum) return one.enum.join(" | ");
  if (one.properties && depth < 4)
    return Object.fromEntries(Object.entries(one.properties).map(([name, of]) => [name, example(of, depth + 1)]));
  if (one.items) return [example(one.items, depth + 1)];
  return [one.type ?? "anything"].flat().join(" | ");
}

function resolve(one) {
  return one?.$ref ? one.$ref.slice(2).split("/").reduce((at, key) => at[key], api) : one;
}

function paragraph(text) {
  return element("p", {}, text.trim());
}
