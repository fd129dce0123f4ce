/* What JavaScript adds to pages that are complete without it. Everything is found by data attributes, and found again in
   content that arrives later (dialogs, live regions): each function takes the element to look in. */

const SECOND = 1000;

function countdowns(root) {
  for (const button of root.querySelectorAll("[data-countdown-to]")) {
    const until = Date.parse(button.dataset.countdownTo);
    const ready = button.textContent;
    const tick = () => {
      const seconds = Math.ceil((until - Date.now()) / SECOND);
      button.disabled = seconds > 0;
      button.textContent = seconds > 0 ? button.dataset.countdownText.replace("{seconds}", seconds) : ready;
      if (seconds > 0 && button.isConnected) setTimeout(tick, SECOND / 4);
    };
    if (until > Date.now()) tick();
  }
}

function textOf(id) {
  const element = document.getElementById(id);
  const items = [...element.querySelectorAll("li")];
  return (items.length ? items.map((item) => item.textContent.trim()).join("\n") : element.textContent.trim()) + (items.length ? "\n" : "");
}

async function copy(button) {
  const label = button.querySelector("span");
  const before = label.textContent;
  const source = document.getElementById(button.dataset.copy) ?? button.parentElement.querySelector("code");
  if (!navigator.clipboard) return getSelection().selectAllChildren(source);  // plain http: the person copies what is marked
  await navigator.clipboard.writeText(button.dataset.copyText ?? textOf(button.dataset.copy));
  label.textContent = button.dataset.copied;
  label.setAttribute("role", "status");
  setTimeout(() => { label.textContent = before; }, 2 * SECOND);
}

function download(button) {
  const address = URL.createObjectURL(new Blob([textOf(button.dataset.download)], { type: "text/plain" }));
  const link = Object.assign(document.createElement("a"), { href: address, download: button.dataset.filename });
  link.click();
  URL.revokeObjectURL(address);
}

function onClick(event) {
  const button = event.target.closest("[data-copy], [data-copy-text], [data-download], [data-print], [data-dialog]");
  if (!button) return;
  if ("print" in button.dataset) window.print();
  else if ("download" in button.dataset) download(button);
  else if ("dialog" in button.dataset) openDialog(event, button);
  else copy(button);
}

/* One submit per form: the second click finds the button off. A page from the browser's history is fresh again. */
function onSubmit(event) {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  const buttons = [...form.querySelectorAll("button:not([type=button])")];
  setTimeout(() => buttons.forEach((button) => button.setAttribute("aria-disabled", "true")));
}

function onPageShow() {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelectorAll("[aria-disabled]").forEach((button) => button.removeAttribute("aria-disabled"));
  }
}

function focusFirstError(root) {
  const field = root.querySelector("[aria-invalid=true]") ?? root.querySelector("[data-error-summary]");
  field?.focus();
}

/* Whoever stands on a control of content that is shown anew stands on the same one afterwards; where it is gone, on the
   content itself. */
function showAnew(content, html) {
  const nameOf = (control) => control.id || control.getAttribute("href") || control.textContent.trim();
  const stood = content.contains(document.activeElement) ? document.activeElement : null;
  content.innerHTML = html;
  if (!stood) return;
  const same = [...content.querySelectorAll(stood.localName)].find((control) => nameOf(control) === nameOf(stood));
  (same ?? content).focus({ preventScroll: true });
}

/* Polls only while the page is seen; a failed answer is tried again, later each time. */
function live(root) {
  for (const region of root.querySelectorAll("[data-poll-url]")) {
    const content = region.querySelector("[data-poll-content]");
    const status = region.querySelector("[data-poll-status]");
    const pause = Number(region.dataset.pollSeconds) * SECOND;
    let said = content.querySelector("[data-announce]")?.textContent;
    let failures = 0;
    const next = () => setTimeout(poll, pause * 2 ** Math.min(failures, 4));
    const show = (html) => {
      showAnew(content, html);
      enhance(content);
      const news = content.querySelector("[data-announce]")?.textContent;
      if (news && news !== said) status.textContent = said = news;
    };
    const poll = async () => {
      if (!region.isConnected) return;
      if (document.hidden) return document.addEventListener("visibilitychange", poll, { once: true });
      try {
        const answer = await fetch(region.dataset.pollUrl, { headers: { "X-Requested-With": "fetch" } });
        if (answer.redirected) return location.reload();
        if (!answer.ok) throw new Error(answer.status);
        show(await answer.text());
        failures = 0;
      } catch {
        failures += 1;
      }
      if (!content.querySelector("[data-done]")) next();
    };
    if (!content.querySelector("[data-done]")) next();
  }
}

/* A link marked data-dialog shows its page's step in a dialog. When the page asks for something else first (another
   address answers) or cannot be had, the link is simply followed. */
async function openDialog(event, link) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || !window.HTMLDialogElement) return;
  event.preventDefault();
  try {
    const answer = await fetch(link.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const step = page.querySelector("main .step");
    if (!answer.ok || answer.redirected || !step) throw new Error("not a step");
    await bringAssets(page);
    showDialog(step, link);
  } catch {
    location.assign(link.href);
  }
}

function showDialog(step, link) {
  const dialog = document.createElement("dialog");
  const heading = Object.assign(document.createElement("h2"), { id: "dialog-heading" });
  heading.append(...step.querySelector("h1").childNodes);
  step.querySelector("h1").replaceWith(heading);
  dialog.setAttribute("aria-labelledby", heading.id);
  dialog.append(document.importNode(step, true));
  for (const form of dialog.querySelectorAll("form:not([action])")) form.action = link.href;
  for (const back of dialog.querySelectorAll("a[data-back]")) back.addEventListener("click", (event) => { event.preventDefault(); dialog.close(); });
  dialog.addEventListener("close", () => { dialog.remove(); link.focus(); });
  dialog.addEventListener("click", (event) => { if (event.target === dialog && !dialog.querySelector("form[data-sent]")) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
  enhance(dialog);
}

async function bringAssets(page) {
  const known = new Set([...document.querySelectorAll("head [src], head link")].map((element) => element.src ?? element.href));
  const missing = [...page.querySelectorAll("head script[src], head link[rel=stylesheet]")]
    .map((element) => [element, new URL(element.getAttribute("src") ?? element.getAttribute("href"), location).href])
    .filter(([, address]) => !known.has(address) && new URL(address).origin === location.origin);
  await Promise.all(missing.map(([element, address]) => new Promise((done, failed) => {
    const copied = document.createElement(element.localName);
    if (element.localName === "link") Object.assign(copied, { rel: "stylesheet", href: address });
    else Object.assign(copied, { type: element.type, src: address, async: false });
    Object.assign(copied, { onload: done, onerror: failed });
    document.head.append(copied);
  })));
}

function closeMenus(event) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (event.key === "Escape") menu.querySelector("summary").focus();
    if (event.key === "Escape" || (event.type === "click" && !menu.contains(event.target))) menu.open = false;
  }
}

function enhance(root) {
  countdowns(root);
  live(root);
  document.dispatchEvent(new CustomEvent("portal:content", { detail: root }));
}

document.documentElement.classList.add("js");
document.addEventListener("click", onClick);
document.addEventListener("click", closeMenus);
document.addEventListener("keydown", closeMenus);
document.addEventListener("submit", onSubmit);
window.addEventListener("pageshow", onPageShow);
enhance(document);
focusFirstError(document);
