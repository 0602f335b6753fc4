// Elements from descriptions: texts stay texts, whatever they hold.

export function element(tag, properties = {}, ...children) {
  const { dataset = {}, ...rest } = properties;
  const made = Object.assign(document.createElement(tag), rest);
  Object.assign(made.dataset, dataset);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const find = (selector) => document.querySelector(selector);

export const list = (items) => element("ul", {}, ...items.map((item) => element("li", {}, item)));

export const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
