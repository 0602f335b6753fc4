// The demo shop's search and cart: OrderCloud's own calls, sent to the gateway instead of to
// OrderCloud. The gateway passes them on, and tells CDP what they mean.

const form = document.querySelector("[data-search]");
const found = document.querySelector("[data-found]");
const state = form.querySelector("[data-cart]");
const buttons = form.querySelectorAll("[data-clear], [data-checkout]");

export function openCart({ gateway, getSession, readJson, showProduct }) {
  async function call(method, path, body) {
    const { shopping } = await getSession();
    const headers = body ? { ...shopping, "Content-Type": "application/json" } : shopping;
    const request = { method, headers, body: body && JSON.stringify(body) };
    const answer = await fetch(`${gateway}/v1/${path}`, request);
    return answer.status === 204 ? null : readJson(answer);
  }

  async function refresh() {
    const { LineItemCount: count } = await call("GET", "cart");
    state.value = `Cart: ${count ?? 0}`;
    for (const button of buttons) button.disabled = !count;
  }

  async function search(words) {
    const { Items } = await call("GET", `me/products?${new URLSearchParams({ search: words, pageSize: 8 })}`);
    found.hidden = false;
    found.querySelector("ul").replaceChildren(...Items.map(showOffer));
  }

  function showOffer(product) {
    const tile = showProduct(product);
    const button = Object.assign(document.createElement("button"), { textContent: "Add to cart" });
    button.addEventListener("click", () => change("POST", "cart/lineitems", { ProductID: product.ID }));
    tile.append(button);
    return tile;
  }

  async function change(...asked) {
    await tell(async () => {
      await call(...asked);
      await refresh();
    });
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    tell(() => search(form.elements.words.value));
  });
  form.querySelector("[data-clear]").addEventListener("click", () => change("DELETE", "cart"));
  form.querySelector("[data-checkout]").addEventListener("click", () => change("POST", "cart/submit"));
  return { refresh: () => tell(refresh) };
}

async function tell(work) {
  try {
    await work();
  } catch (error) {
    state.value = error.message || "No answer";
  }
}
