// The admin key, asked for once in each tab; and calls that carry it.

import { element } from "./dom.js";

const KEPT = "decision-proxy admin key";

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `the gateway answered ${status}`);
    this.status = status;
    this.problem = problem;
  }
}

// Returns {text, etag}; throws Refused where the gateway says no.
export async function call(path, { method = "GET", body, headers, signal } = {}) {
  const answer = await fetch(path, { method, body, signal, cache: "no-store", headers: { ...headers, ...held() } });
  const text = await answer.text();
  if (answer.ok) return { text, etag: answer.headers.get("ETag") };
  const isProblem = answer.headers.get("Content-Type")?.startsWith("application/problem+json");
  throw new Refused(answer.status, isProblem ? JSON.parse(text) : {});
}

export const callJson = async (path, options) => JSON.parse((await call(path, options)).text);

// Asks for the key until the gateway takes it; resolves at once where this tab has it already.
export async function signIn() {
  for (let complaint = ""; ; ) {
    try {
      await call("/rules");
      return;
    } catch (error) {
      if (error.status !== 401) throw error;
      if (sessionStorage.getItem(KEPT)) complaint = "That is not the key.";
      sessionStorage.setItem(KEPT, await ask(complaint));
    }
  }
}

const held = () => {
  const key = sessionStorage.getItem(KEPT);
  return key ? { Authorization: `Bearer ${key}` } : {};
};

function ask(complaint) {
  const input = element("input", { type: "password", name: "key", required: true, autocomplete: "current-password" });
  const form = element(
    "form",
    { method: "dialog" },
    element("h2", {}, "Admin key"),
    element("p", {}, "DECISION_PROXY__ADMIN__KEY of this gateway; the demo’s is demo-admin."),
    element("label", {}, "Key ", input),
    element("p", { className: "bad", role: "alert" }, complaint),
    element("div", { className: "bar" }, element("button", { className: "main" }, "Open")),
  );
  const dialog = element("dialog", { className: "key" }, form);
  document.body.append(dialog);
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(input.value);
    });
  });
}
