// The panel at the bottom: makes the sandbox's CDP decide otherwise, fail, or hear nothing of the
// shopper for an hour.

const form = document.querySelector("[data-cdp]");
const state = document.querySelector("[data-cdp-state]");
const mailState = document.querySelector("[data-mail]");

export function openPanel({ cdp, readJson, readText, onReturn }) {
  const sandbox = `${cdp}/_sandbox`;
  const remove = (what) => fetch(`${sandbox}/${what}`, { method: "DELETE" }); // none is fine too
  const get = async (what) => readJson(await fetch(`${sandbox}/${what}`));
  const put = async (what, body) =>
    readText(await fetch(`${sandbox}/${what}`, { method: "PUT", body: JSON.stringify(body) }));

  async function forceOutcome(outcome) {
    const output = outcome === "none" ? {} : { persona: outcome };
    await (outcome === "off" ? remove("flows/home_hero") : put("flows/home_hero", { output }));
  }

  async function setHealth(health) {
    const fault = { slow: { latency_ms: 3000 }, down: { status: 503 } }[health];
    await (fault ? put("faults", { match: "/v2/callFlows", ...fault }) : remove("faults"));
  }

  // The session ends for want of events, and the trigger for abandoned carts may fire.
  async function leaveForAnHour() {
    const { now } = await get("clock");
    await put("clock", { now: new Date(Date.parse(now) + 3_600_000).toISOString() });
    const mail = (await get("mails")).at(-1);
    mailState.value = mail ? `CDP sent ${mail.to}: ${mail.subject}` : "CDP sent no mail";
    await onReturn();
  }

  const controls = { outcome: forceOutcome, health: setHealth };

  async function instruct(name, value) {
    if (!(name in controls)) return;
    try {
      await controls[name](value);
      state.value = describe();
    } catch (error) {
      state.value = error.message;
    }
  }

  form.querySelector("[data-leave]").addEventListener("click", leaveForAnHour);
  form.parentElement.open = matchMedia("(min-width: 60rem)").matches;
  state.value = describe();
  return { instruct };
}

function describe() {
  const { outcome, health } = Object.fromEntries(new FormData(form));
  const said = outcome === "off" ? "what its flows decide" : outcome;
  return { up: said, slow: `${said}, but late`, down: "nothing: it is down" }[health];
}
