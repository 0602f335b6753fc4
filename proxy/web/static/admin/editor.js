// The text of a rules file, with numbered lines, and what is said of it.

import { element, find } from "./dom.js";

export function openEditor({ onInput }) {
  const area = find("[data-text]");
  const lines = find("[data-lines]");
  const told = find("[data-told]");
  let marks = new Map(); // line number → "bad" or "note"

  area.addEventListener("input", () => {
    number();
    onInput();
  });
  area.addEventListener("scroll", () => (lines.scrollTop = area.scrollTop));

  function number() {
    const total = area.value.split("\n").length;
    lines.replaceChildren(
      ...Array.from({ length: total }, (_, i) => element("span", { className: marks.get(i + 1) ?? "" }, `${i + 1}\n`)),
    );
  }

  function goTo({ line, column = 1 }) {
    const before = area.value.split("\n").slice(0, line - 1);
    const at = before.reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
    area.focus();
    area.setSelectionRange(at, at);
  }

  function say(kind) {
    return (problem) => {
      const { line, what, mend } = problem;
      const text = [what, mend].filter(Boolean).join("; ");
      const place = line ? element("button", { type: "button", onclick: () => goTo(problem) }, `line ${line}`) : null;
      return element("li", { className: kind }, place, ` ${text}`);
    };
  }

  return {
    text: () => area.value,
    show(text) {
      area.value = text;
      marks = new Map();
      number();
    },
    tell(mistakes, notes) {
      marks = new Map([...notes.map(({ line }) => [line, "note"]), ...mistakes.map(({ line }) => [line, "bad"])]);
      number();
      told.replaceChildren(...mistakes.map(say("bad")), ...notes.map(say("note")));
    },
  };
}
