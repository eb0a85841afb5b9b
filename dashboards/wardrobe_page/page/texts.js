// The page's sentences: en.json and zh.json, one file a language, switched in place. They reach the page as text, never as HTML.

const KEY = "huanhua.language";
let texts = {};

/** "en" or "zh": what a person chose here before, or else what the browser speaks. */
export function language() {
  const chosen = localStorage.getItem(KEY);
  if (chosen === "en" || chosen === "zh") return chosen;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** A sentence by its name, with its values in place of their names. */
export function text(name, values = {}) {
  return (texts[name] ?? name).replace(/\{(\w+)\}/g, (whole, value) => values[value] ?? whole);
}

/** Loads a language, and writes the sentences that the page names itself. */
export async function speak(chosen) {
  // The look-book's modules, where a page has them, take their sentences from `said.words`.
  const hasLookBook = typeof said === "function";
  const files = [`page/${chosen}.json`, ...(hasLookBook ? [`page/lookbook-words-${chosen}.json`] : [])];
  const [own, lookBook] = await Promise.all(files.map(async (file) => (await fetch(file)).json()));
  texts = own;
  if (hasLookBook) said.words = lookBook;
  localStorage.setItem(KEY, chosen);
  document.documentElement.lang = chosen === "zh" ? "zh-Hans" : "en";
  for (const place of document.querySelectorAll("[data-text]")) place.textContent = text(place.dataset.text);
  for (const place of document.querySelectorAll("[data-label]")) place.setAttribute("aria-label", text(place.dataset.label));
}

/** "2 min", "40 s". */
export function duration(seconds) {
  if (seconds < 90) return text("seconds", { n: Math.round(seconds) });
  return text("minutes", { n: (seconds / 60).toFixed(seconds < 600 ? 1 : 0) });
}
