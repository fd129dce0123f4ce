/* Leads the browser through the ceremony of a passkey: asks the portal what to ask with, asks the browser, and sends
   its answer in the form. All words stand in the form's data attributes. */

const PATIENCE = 240_000;  // a question that waits in the user name's field is asked anew before the portal forgets it
const GLANCE = 15_000;

const toBytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const known = (list) => (list ?? []).map((one) => ({ ...one, id: toBytes(one.id) }));

class Unreachable extends Error {}

async function question(form) {
  const headers = { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
  const answer = await fetch(form.dataset.optionsUrl, { method: "POST", headers }).catch(() => { throw new Unreachable(); });
  if (answer.redirected) {  // the page itself must be asked for again: it says what comes first
    location.reload();
    return new Promise(() => {});
  }
  if (answer.status === 409) throw Object.assign(new Error(), { words: (await answer.json()).refused });
  if (!answer.ok) throw new Unreachable();
  const options = await answer.json();
  return { ...options, challenge: toBytes(options.challenge) };
}

async function create(form) {
  const options = await question(form);
  const publicKey = { ...options, user: { ...options.user, id: toBytes(options.user.id) }, excludeCredentials: known(options.excludeCredentials) };
  const made = await navigator.credentials.create({ publicKey });
  const transports = made.response.getTransports?.() ?? [];
  return inJson(made, { attestationObject: toText(made.response.attestationObject), transports });
}

async function get(form, how = {}) {
  const options = await question(form);
  const publicKey = { ...options, allowCredentials: known(options.allowCredentials) };
  const used = await navigator.credentials.get({ publicKey, ...how });
  const { authenticatorData, signature, userHandle } = used.response;
  const signed = { authenticatorData: toText(authenticatorData), signature: toText(signature) };
  return inJson(used, userHandle?.byteLength ? { ...signed, userHandle: toText(userHandle) } : signed);
}

function inJson(credential, response) {
  const clientDataJSON = toText(credential.response.clientDataJSON);
  return JSON.stringify({ id: credential.id, rawId: toText(credential.rawId), type: credential.type, response: { ...response, clientDataJSON } });
}

function send(form, answer) {
  form.elements.code.value = answer;
  form.requestSubmit();
}

function wordsFor(form, error) {
  if (error.words) return error.words;
  if (error instanceof Unreachable) return form.dataset.unreachable;
  const causes = { NotAllowedError: "cancelled", AbortError: "cancelled", TimeoutError: "cancelled", InvalidStateError: "known", SecurityError: "address", NotSupportedError: "unsupported" };
  return form.dataset[causes[error.name] ?? "failed"];
}

function show(form, { waiting = false, trouble = "" }) {
  form.querySelector("[data-passkey-waiting]").hidden = !waiting;
  const callout = form.querySelector("[data-passkey-trouble]");
  callout.querySelector("[data-passkey-words]").textContent = trouble;
  callout.hidden = !trouble;
}

async function onSubmit(event) {
  const form = event.target;
  if (form.elements.code.value) return;  // the ceremony is over: a form like any other
  event.preventDefault();
  if (form.dataset.busy) return;
  if (!window.PublicKeyCredential) return show(form, { trouble: form.dataset.unsupported });
  form.dataset.busy = "yes";
  withdraw();
  show(form, { waiting: true });
  try {
    send(form, await (form.dataset.passkey === "create" ? create(form) : get(form)));
  } catch (error) {
    show(form, { trouble: wordsFor(form, error) });
  } finally {
    delete form.dataset.busy;
  }
}

/* In the user name's field, among what the browser fills in there. Whoever does not choose it notices nothing. */
let waiting = null;

function withdraw() {
  waiting?.abort();
  waiting = null;
}

async function offerInField(form) {
  const mine = waiting = new AbortController();
  try {
    send(form, await get(form, { mediation: "conditional", signal: mine.signal }));
  } catch {
    // withdrawn, or not wanted: the button is still there
  }
}

/* Timers stand still while a computer sleeps, so the clock is looked at: at times, and when the page is seen again. */
async function keepOffering(form) {
  const field = document.querySelector("input[autocomplete~=username]");
  if (!field || !await window.PublicKeyCredential?.isConditionalMediationAvailable?.()) return;
  field.autocomplete = "username webauthn";
  let askedAt = 0;
  const offer = () => {
    if (document.hidden || form.dataset.busy || Date.now() - askedAt < PATIENCE) return;
    askedAt = Date.now();
    withdraw();
    offerInField(form);
  };
  document.addEventListener("visibilitychange", offer);
  setInterval(offer, GLANCE);
  offer();
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", onSubmit);
  window.addEventListener("pageshow", () => { form.elements.code.value = ""; });
  if ("inField" in form.dataset) keepOffering(form);
}
