// Before an edit goes live: what it changes, and for how many. And what was live before.

import { count, element, find, list } from "./dom.js";
import { call, callJson } from "./key.js";

// Shows the review, and once they have *looked* how lists change for test shoppers; does the edit
// if that is confirmed. Resolves to whether it was done.
export function confirmEdit(title, review, looked, edit) {
  const alert = element("p", { className: "bad", role: "alert" });
  const yes = element("button", { type: "button", className: "main", dataset: { confirm: "" } }, "Yes, now");
  const dialog = showDialog(title, ...tell(review), alert, bar(yes));
  const shown = [...dialog.querySelectorAll(".changes > li")];
  looked.then(
    ({ changes }) => changes.forEach((change, i) => shown[i]?.append(...showImpacts(change))),
    (error) => (alert.textContent = error.message),
  );
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(false);
    yes.onclick = async () => {
      yes.disabled = true;
      try {
        await edit();
        resolve(true);
        dialog.close();
      } catch (error) {
        alert.textContent = error.message;
      }
    };
  });
}

export async function showHistory({ name, etag }, onChosen) {
  const { revisions } = await callJson(`/revisions/${name}`);
  const entries = revisions.map((one) => {
    const choose = element("button", { type: "button" }, new Date(one.at).toLocaleString());
    choose.onclick = async () => {
      const { text } = await call(`/rules/${name}?revision=${one.id}`);
      dialog.close();
      onChosen(text);
    };
    return element("span", {}, choose, one.etag === etag ? " as it is now" : "");
  });
  const text = entries.length
    ? "Choose one to have it in the editor; it goes live once you publish it."
    : "Nothing has been published here yet; what came with a deployment is in its own history.";
  const dialog = showDialog(`Former texts of ${name}`, element("p", {}, text), list(entries), bar());
}

// A link that shows the whole shop, by what is published, as shoppers like these see it.
export async function showLink(given) {
  const asked = { method: "POST", body: JSON.stringify({ given }) };
  const [{ preview, until }, { server }] = await Promise.all([callJson("/previews", asked), callJson("/config")]);
  const shop = server.cors_origins[0] ?? "https://shop.example";
  const value = `${shop}/?decision-preview=${preview}`;
  const link = element("input", { readOnly: true, value, name: "link", ariaLabel: "Link" });
  const holds = `For whoever has it, until ${new Date(until).toLocaleString()}; each sees what their own login may see.`;
  showDialog("The shop, as these shoppers see it", link, element("p", {}, holds), bar());
  link.select();
}

function* tell({ changes, touched, answers, failed, notes }) {
  yield element("p", { className: "reach" }, reach(changes, touched, answers));
  yield element("ul", { className: "changes" }, ...changes.map(showChange));
  if (failed.length) yield element("p", { className: "bad" }, `${count(failed.length, "example")} of this file fail.`);
  if (notes.length) yield list(notes.map(({ line, what }) => `line ${line}: ${what}`));
}

function reach(changes, touched, answers) {
  if (!changes.length) return "Nobody gets another list.";
  if (touched === null) return "Nothing has been shown of late, so its reach is not known.";
  return `${(touched * 100).toFixed(1)} % of the last ${count(answers, "answer")} would have been another list.`;
}

const showChange = ({ given, before, after }) =>
  element(
    "li",
    {},
    element("strong", {}, given.map(written).join("; ")),
    element("del", {}, before ?? "nothing"),
    element("ins", {}, after ?? "nothing"),
  );

function* showImpacts({ impacts = [], why_not }) {
  if (why_not) yield element("small", {}, `Nobody could look: ${why_not}`);
  for (const { shopper, variant, gone, new: come, moved, newly_empty } of impacts) {
    const kinds = Object.entries({ gone, new: come, moved }).filter(([, ids]) => ids.length);
    const told = kinds.map(([kind, ids]) => `${ids.length} ${kind} (${ids.join(", ")})`);
    const who = variant ? `${shopper}, variant ${variant}` : shopper;
    const text = `${who}: ${told.join(", ") || "the same items"}`;
    yield element("small", { dataset: { impact: "" } }, text);
    if (newly_empty) yield element("strong", { className: "bad" }, "Nothing is left.");
  }
}

const written = (given) =>
  Object.entries(given).map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`).join(", ") ||
  "everybody else";

function showDialog(title, ...content) {
  const dialog = find("[data-dialog]");
  dialog.replaceChildren(element("h2", {}, title), ...content);
  dialog.onclose = null;
  dialog.showModal();
  return dialog;
}

function bar(...buttons) {
  const no = element("button", { type: "button", onclick: () => find("[data-dialog]").close() }, "Close");
  return element("div", { className: "bar" }, no, ...buttons);
}
