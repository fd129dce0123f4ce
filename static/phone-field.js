/* Makes the country list of a phone field a picker that finds countries by name or calling code (intl-tel-input), and
   shows how the server understands what is typed. The list stays in the form and is what gets sent. */

const TYPING_PAUSE = 350;

/* Those that the picker knows; it takes a few islands for the country whose calling code they share. */
function countries(select) {
  const offered = new Set(window.intlTelInput.getAllCountries().map(({ iso2 }) => iso2));
  return [...select.options].map((option) => ({
    iso2: option.value.toLowerCase(),
    name: option.textContent.trim().replace(/\s*\(\+[\d\s-]+\)$/, ""),
  })).filter(({ iso2 }) => offered.has(iso2));
}

function texts({ dataset }) {
  return {
    searchPlaceholder: dataset.textSearch,
    searchEmptyState: dataset.textEmpty,
    closeCountrySelectorAriaLabel: dataset.textClose,
    countryListAriaLabel: dataset.textList,
    clearSearchAriaLabel: dataset.textClear,
    noCountrySelected: dataset.textNone,
    selectedCountryAriaLabel: dataset.textChosen.replace("{country}", "${countryName}").replace("{code}", "${dialCode}"),
  };
}

/* strictMode and formatting are off: the person may type national, international or 00 forms; the server judges. */
function picker(field, select, input) {
  const known = countries(select);
  return window.intlTelInput(input, {
    initialCountry: select.value.toLowerCase(),
    onlyCountries: known.map(({ iso2 }) => iso2),
    countryNameOverrides: Object.fromEntries(known.map(({ iso2, name }) => [iso2, name])),
    countryNameLocale: document.documentElement.lang || "en",
    countryOrder: field.dataset.preferred ? field.dataset.preferred.toLowerCase().split(",") : null,
    fullscreenParent: field.closest("dialog"),
    formatAsYouType: false,
    strictMode: false,
    placeholderNumberPolicy: "OFF",
    uiTranslations: texts(field),
  });
}

/* What the server said of the number before is not true of the one that stands there now. */
function forgetError(input) {
  if (input.getAttribute("aria-invalid") !== "true") return;
  document.getElementById(`${input.id}_error`)?.remove();
  input.removeAttribute("aria-invalid");
}

/* By POST, so that numbers stay out of addresses and access logs. */
function previews(field, select, input) {
  const shown = field.querySelector("[data-phone-preview]");
  const token = input.form.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  let timer;
  let latest = 0;
  return () => {
    clearTimeout(timer);
    const turn = ++latest;
    timer = setTimeout(async () => {
      if (!input.value.trim()) return shown.replaceChildren();
      const body = new URLSearchParams({ country: select.value, number: input.value });
      const answer = await fetch(field.dataset.previewUrl, { method: "POST", body, headers: { "X-CSRFToken": token } }).catch(() => null);
      if (turn !== latest) return;
      if (!answer?.ok || answer.redirected) return shown.replaceChildren();
      forgetError(input);
      shown.innerHTML = await answer.text();
    }, TYPING_PAUSE);
  };
}

/* The picker's own dialog has no name. It is built ahead of its opening, but full screen it is in the page only then. */
function nameDialog(field, input) {
  const name = () => {
    const id = field.querySelector(".iti__selected-country").getAttribute("aria-controls");
    document.getElementById(id)?.setAttribute("aria-label", field.dataset.textNone);
  };
  input.addEventListener("open:countryselector", name);
}

/* A "+" begins an international number; the picker would open its list and take the digits for a search there. */
function keepPlus(field, input) {
  const keep = (event) => {
    if (event.target === input && event.key === "+") event.stopPropagation();
  };
  field.addEventListener("keydown", keep, { capture: true });
}

function enhance(field) {
  const select = field.querySelector("[data-phone-country] select");
  const input = field.querySelector("input[type=tel]");
  const hadFocus = field.contains(document.activeElement);
  const chosen = picker(field, select, input);
  const preview = field.dataset.previewUrl ? previews(field, select, input) : () => {};
  field.dataset.ready = "yes";
  nameDialog(field, input);
  keepPlus(field, input);
  select.tabIndex = -1;
  select.closest("[data-phone-country]").setAttribute("aria-hidden", "true");
  select.addEventListener("focus", () => field.querySelector(".iti__selected-country").focus());
  input.addEventListener("input", preview);
  input.addEventListener("countrychange", () => {
    select.value = chosen.getSelectedCountry()?.iso2?.toUpperCase() ?? "";
    preview();
  });
  if (input.value && input.getAttribute("aria-invalid") !== "true") preview(); // an error beside the field says it already
  if (hadFocus) input.focus();  // the picker moved the field, which loses the focus
}

function enhanceAll(root) {
  if (!window.intlTelInput) return;
  for (const field of root.querySelectorAll("[data-phone-field]:not([data-ready])")) enhance(field);
}

document.addEventListener("portal:content", (event) => enhanceAll(event.detail));
enhanceAll(document);
