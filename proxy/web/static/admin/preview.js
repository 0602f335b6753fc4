// What shoppers of a kind would be shown by the text as it stands: which rule, why, and the list.

import { count, element, find, list } from "./dom.js";
import { callJson } from "./key.js";

const OFFERED = { segments: "segment", groups: "group", buyers: "buyer" };

export function openPreview({ onInput }) {
  const form = find("[data-given]");
  const shown = find("[data-shown]");
  let asking = new AbortController();
  form.addEventListener("change", onInput);
  form.addEventListener("submit", (event) => event.preventDefault());

  return {
    given: () => given(form.elements),
    // Offers the values that the placement's rules name.
    offer(named) {
      form.reset();
      for (const [id, subject] of Object.entries(OFFERED)) {
        const options = (named[subject] ?? []).map((value) => element("option", { value }));
        find(`#${id}`).replaceChildren(...options);
      }
    },
    // What is shown is of an earlier text.
    fade: () => (shown.ariaBusy = "true"),
    async show({ name, text }) {
      asking.abort();
      asking = new AbortController();
      shown.ariaBusy = "true";
      try {
        const variant = form.elements.variant.value || undefined;
        const body = JSON.stringify({ file: name, text, given: given(form.elements), variant });
        const seen = await callJson("/preview", { method: "POST", body, signal: asking.signal });
        offerVariants(form.elements.variant, seen);
        shown.replaceChildren(...explain(seen), ...showList(seen));
      } catch (error) {
        if (error.name === "AbortError") return;
        shown.replaceChildren(element("p", { className: "bad" }, error.message));
      }
      shown.ariaBusy = "false";
    },
  };
}

function offerVariants(select, { variants, variant }) {
  select.replaceChildren(...variants.map((value) => element("option", { value }, value)));
  select.value = variant ?? "";
  select.parentElement.hidden = !variants.length;
}

function given({ segment, group, buyer, anonymous, at, output }) {
  const said = {
    segment: segment.value,
    group: group.value && [group.value],
    buyer: buyer.value,
    anonymous: anonymous.value && anonymous.value === "true",
    at: at.value && new Date(at.value).toISOString().slice(0, 16) + "Z",
    output: readOutput(output),
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== ""));
}

function readOutput(output) {
  try {
    output.setCustomValidity("");
    return output.value && JSON.parse(output.value);
  } catch (error) {
    output.setCustomValidity(`This is not JSON: ${error.message}`);
    output.reportValidity();
    return "";
  }
}

function* explain({ rule, reason, variant, considered, requests }) {
  yield element(
    "p",
    { className: "rule" },
    element("strong", { dataset: { rule } }, rule),
    ` ${reason}${variant ? `, variant ${variant}` : ""}`,
  );
  const looked = considered.map((one) => `${one.rule}: ${one.why_not ? `no, ${one.why_not}` : "applies"}`);
  const urls = requests.map((url) => element("code", {}, decodeURIComponent(url)));
  yield element(
    "details",
    {},
    element("summary", {}, "Why"),
    looked.length ? list(looked) : null,
    urls.length ? list(urls) : element("p", {}, "The list stands in the decision or in the file."),
  );
}

function* showList({ page, shopper, why_not }) {
  if (!page) {
    yield element("p", { className: "note" }, `Nobody can look: ${why_not}`);
    return;
  }
  const total = page.Meta?.TotalCount ?? page.Items.length;
  const whose = shopper ? ` as ${shopper} ${shopper === "anonymous shoppers" ? "see" : "sees"} them` : "";
  yield element("p", {}, `${page.Items.length} of ${count(total, "item")}${whose}`);
  yield element("ol", { className: "items" }, ...page.Items.map(showItem));
}

function showItem({ ID, Name, Code, PriceSchedule, xp }) {
  const src = xp?.Images?.[0]?.ThumbnailUrl ?? xp?.Images?.[0]?.Url;
  const price = PriceSchedule?.PriceBreaks?.[0]?.Price;
  const tile = element(
    "li",
    {},
    src ? element("img", { src, alt: "", loading: "lazy" }) : element("div", { className: "blank" }),
    element("strong", {}, Name ?? Code ?? ID),
    element("small", {}, [ID, price !== undefined && `${price} ${PriceSchedule.Currency ?? ""}`].filter(Boolean).join(" · ")),
  );
  tile.dataset.id = ID;
  return tile;
}
