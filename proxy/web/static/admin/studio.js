// The studio: files on the left, one of them open; what is typed is tried out at once.

import { count, element, find } from "./dom.js";
import { call, callJson, signIn } from "./key.js";
import { openEditor } from "./editor.js";
import { openPreview } from "./preview.js";
import { confirmEdit, showHistory, showLink } from "./publish.js";

const PAUSE_MS = 350;
const NEW = (name) => `placement: ${name}
description: What it is for
resource: me/products
default:
  query: {pageSize: 8}
`;

const editor = openEditor({ onInput: changed });
const preview = openPreview({ onInput: () => preview.show(open) });
const buttons = Object.fromEntries([...document.querySelectorAll("[data-do]")].map((one) => [one.dataset.do, one]));
let files = [];
let open = null; // {name, etag, published}; etag is null until there is such a file
let pause;

await signIn();
await refresh();
addEventListener("hashchange", follow);
addEventListener("beforeunload", (event) => isEdited() && event.preventDefault());
addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "s") {
    event.preventDefault();
    if (!buttons.publish.disabled) publish();
  }
});
find("[data-new]").addEventListener("submit", begin);
buttons.publish.addEventListener("click", publish);
buttons.remove.addEventListener("click", remove);
buttons.discard.addEventListener("click", () => show(open.published ?? NEW(open.name)));
buttons.link.addEventListener("click", () => showLink(preview.given()));
buttons.history.addEventListener("click", () => showHistory(open, show));
await follow();

// ---- files

async function refresh() {
  const rules = await callJson("/rules");
  files = rules.files;
  find("[data-version]").textContent = `version ${rules.version} · ${count(files.length, "placement")}`;
  find("[data-files]").replaceChildren(...files.map(showFile));
}

function showFile({ file, placement, description, problems }) {
  const name = nameOf(file);
  const link = element(
    "a",
    { href: `#${name}` },
    element("strong", {}, placement ?? file),
    element("small", {}, problems ? `${count(problems, "mistake")}; its last good version serves` : description || ""),
  );
  link.ariaCurrent = open?.name === name ? "page" : null;
  return element("li", { className: problems ? "bad" : "" }, link);
}

function nameOf(file) {
  return file.replace(/\.yaml$/, "");
}

function begin(event) {
  event.preventDefault();
  const name = event.target.elements.name.value;
  event.target.reset();
  location.hash = name;
}

async function follow() {
  const name = decodeURIComponent(location.hash.slice(1));
  if (!name || name === open?.name) return;
  if (isEdited() && !confirm(`Leave the edits of ${open.name} behind?`)) {
    location.hash = open.name;
    return;
  }
  await load(name);
}

async function load(name) {
  const about = files.find((one) => nameOf(one.file) === name) ?? null;
  const { text, etag } = about ? await call(`/rules/${name}`) : { text: null, etag: null };
  open = { name, etag, published: text };
  find("[data-open]").hidden = false;
  find("[data-closed]").hidden = true;
  find("[data-file]").textContent = `${name}.yaml`;
  buttons.history.disabled = buttons.remove.disabled = !about;
  find("[data-files]").replaceChildren(...files.map(showFile));
  preview.offer(about?.named ?? {});
  show(text ?? NEW(name));
}

// ---- the open one

function isEdited() {
  return open !== null && editor.text() !== (open.published ?? NEW(open.name));
}

function show(text) {
  editor.show(text);
  tryOut();
}

function changed() {
  clearTimeout(pause);
  pause = setTimeout(tryOut, PAUSE_MS);
  say("…", false);
}

// Asks what the text would do, and shows it; an answer that a later keystroke overtook is dropped.
async function tryOut() {
  clearTimeout(pause);
  const text = (open.text = editor.text());
  const trying = open;
  const isStill = () => open === trying && open.text === text;
  try {
    const review = await callJson(`/rules/${open.name}?dry_run=true`, { method: "PUT", body: text });
    if (!isStill()) return;
    open.review = review;
    editor.tell(review.failed.map(asProblem), review.notes);
    say(isEdited() ? "not published" : open.etag ? "published" : "new", isEdited() || !open.etag);
    await preview.show(open);
  } catch (error) {
    if (!isStill()) return;
    editor.tell(error.problem?.problems ?? [{ line: 0, what: error.message, mend: "" }], []);
    say("cannot be published", false);
    preview.fade();
  }
}

function say(state, isReady) {
  find("[data-state]").textContent = state;
  buttons.publish.disabled = !isReady;
  buttons.discard.disabled = !isEdited();
}

// An example says `file:line` where it stands.
function asProblem({ place, wrong }) {
  return { line: Number(place.split(":").at(-1)), what: `example: ${wrong}`, mend: "" };
}

async function publish() {
  const text = editor.text();
  const condition = open.etag ? { "If-Match": open.etag } : { "If-None-Match": "*" };
  const write = () => call(`/rules/${open.name}`, { method: "PUT", body: text, headers: condition });
  const path = `/rules/${open.name}?dry_run=true&impacts=true`;
  const looked = callJson(path, { method: "PUT", body: text, headers: condition });
  if (await confirmEdit(`Publish ${open.name}?`, open.review, looked, write)) await reopen();
}

async function remove() {
  const path = `/rules/${open.name}`;
  const review = await callJson(`${path}?dry_run=true&impacts=true`, { method: "DELETE" });
  const take = () => call(path, { method: "DELETE", headers: { "If-Match": open.etag } });
  if (await confirmEdit(`Delete ${open.name}?`, review, Promise.resolve(review), take)) await reopen();
}

async function reopen() {
  await refresh();
  await load(open.name);
}
