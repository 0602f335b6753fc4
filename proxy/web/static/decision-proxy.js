// The gateway's client for storefronts. Every call ends within its timeout; none of them throws.

const TIMEOUT_MS = 2000;
const PREVIEW = "decision-preview";

/** @type {typeof import("./decision-proxy.d.ts").connect} */
export function connect(settings = {}) {
  const { url = new URL(import.meta.url).origin, consent, timeout = TIMEOUT_MS } = settings;
  const preview = readPreview();
  let shopper = settings.token;
  let browser = settings.browserId && Promise.resolve(settings.browserId);

  const headers = async (more) => {
    const [token, id] = await Promise.all([shopper instanceof Function ? shopper() : shopper, browser]);
    return {
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(id && { "X-Browser-Id": id }),
      ...(consent && { [consent.header]: consent.value }),
      ...more,
    };
  };

  const ask = async (path, { wait = timeout, ...request } = {}) =>
    fetch(url + path, {
      ...request,
      credentials: "include",
      headers: await headers(request.body && { "Content-Type": "application/json" }),
      signal: AbortSignal.timeout(wait),
    });

  const read = async (path, options) => {
    const answer = await ask(path, options);
    const body = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(body.detail ?? answer.statusText), { problem: body });
    return { body, personalization: answer.headers.get("Personalization") ?? "" };
  };

  const placements = async (names, { params, fallback, timeout: wait } = {}) => {
    const answer = await read(`/placements?${query({ names, ...preview, ...params })}`, { wait }).catch(failed);
    return Object.fromEntries(names.map((name) => [name, shown(answer, answer.body?.[name], fallback)]));
  };

  const placement = async (name, { params, fallback, timeout: wait } = {}) => {
    const path = `/placements/${encodeURIComponent(name)}?${query({ ...preview, ...params })}`;
    const answer = await read(path, { wait }).catch(failed);
    return shown(answer, answer.body, fallback);
  };

  const track = async (events) => {
    try {
      const told = [events].flat().map((event) => ({ id: crypto.randomUUID?.(), ...event }));
      const body = JSON.stringify(told);
      return (await ask("/events", { method: "POST", body, keepalive: true })).status === 202;
    } catch {
      return false;
    }
  };

  const identify = async (token = shopper) => {
    shopper = token;
    browser ??= read("/browser").then(({ body }) => body.browserId, () => null);
    const id = await browser;
    if (id === null) browser = undefined;
    return id;
  };

  return { placement, placements, track, identify, preview: preview?.preview ?? null };
}

// A preview link holds for its tab, until an empty one is opened there.
function readPreview() {
  let preview = new URLSearchParams(globalThis.location?.search).get(PREVIEW);
  try {
    if (preview !== null) sessionStorage.setItem(PREVIEW, preview);
    preview = sessionStorage.getItem(PREVIEW);
  } catch {
    // no storage: the link holds for this page
  }
  return preview ? { preview } : undefined;
}

const failed = (error) => ({ error });

const shown = ({ personalization, error }, list, fallback = []) =>
  list?.Items
    ? { items: list.Items, meta: list.Meta, personalization }
    : { items: fallback, meta: null, personalization: "", error: error ?? list };

const query = (params) => new URLSearchParams(params).toString();
