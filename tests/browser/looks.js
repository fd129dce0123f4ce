/* What looks.py asks of a page. It enters through the debugger, so no policy of the page is in its way. */
({
  structure() {
    const problems = [];
    const headings = document.querySelectorAll("h1").length;
    if (headings !== 1) problems.push(`${headings} h1 headings`);
    const title = document.title.trim();
    if (!title || title.startsWith("–")) problems.push(`title is "${title}"`);
    for (const field of document.querySelectorAll("input:not([type=hidden], [type=submit]), select, textarea")) {
      const labels = [...(field.labels ?? [])];
      const words = labels.map((label) => label.textContent.trim() || label.querySelector("img")?.alt).join("");
      const named = words || field.ariaLabel || field.getAttribute("aria-labelledby");
      if (!named) problems.push(`no label: ${field.outerHTML.slice(0, 120)}`);
    }
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
    const twice = ids.filter((id, place) => ids.indexOf(id) !== place);
    if (twice.length) problems.push(`ids used twice: ${twice}`);
    return problems;
  },

  width() {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    const clips = (element) => element && element !== document.body
      && (/auto|scroll|hidden/.test(getComputedStyle(element).overflowX) || clips(element.parentElement));
    const wide = [...document.querySelectorAll("body *")].filter((element) =>
      element.getBoundingClientRect().right > root.clientWidth + 1 && !clips(element.parentElement));
    const named = wide.slice(0, 3).map((element) => element.outerHTML.slice(0, 120)).join(" | ");
    return [`scrolls sideways (${root.scrollWidth} > ${root.clientWidth}): ${named}`];
  },

  focus() {
    const element = document.activeElement;
    if (!element || element === document.body) return ["the tab key leads nowhere"];
    const style = getComputedStyle(element);
    const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    const box = element.getBoundingClientRect();
    const inside = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
    return ring && inside ? [] : [`focus cannot be seen on ${element.outerHTML.slice(0, 120)}`];
  },

  /* Where the keyboard is: the name of the control, empty where it is none, and what is wrong with seeing it there. */
  stop() {
    const element = document.activeElement;
    if (!element?.matches("a[href], button, input, select, textarea, summary")) return ["", []];
    const named = (element.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id));
    const sources = [...named, ...(element.labels ?? []), element.matches("select, textarea") ? null : element];
    const words = sources.map((source) => source?.textContent ?? "").join(" ");
    return [`${element.ariaLabel ?? ""} ${words}`.replace(/\s+/g, " ").trim(), this.focus()];
  },

  focusFirstInMain() {
    const main = document.querySelector("main") ?? document.body;
    const all = [...main.querySelectorAll("a[href], button:not(:disabled), input:not([type=hidden]), select, summary")];
    all.find((element) => element.checkVisibility({ visibilityProperty: true }))?.focus();
  },

  async shifts() {
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    window.shifts.push(...window.shiftObserver.takeRecords());
    const named = ({ node }) => (node?.outerHTML ?? node?.textContent ?? "").slice(0, 100);
    // Less is the bytes of a page still arriving; what comes at once after a press is the answer to it.
    const seen = window.shifts.filter(({ value, hadRecentInput }) => value > 0.001 && !hadRecentInput);
    return seen.map(({ value, sources }) => `moves by ${value.toFixed(4)}: ${sources.map(named).join(" | ")}`);
  },

  async axe(only) {
    const found = await axe.run(document, {
      resultTypes: ["violations"],
      runOnly: only ? { type: "rule", values: [only] } : undefined,
      rules: { "target-size": { enabled: true } },
    });
    const named = ({ nodes }) => nodes.map((node) => node.html.slice(0, 160)).join(" | ");
    return found.violations.map((rule) => `axe ${rule.id}: ${named(rule)}`);
  },
})
