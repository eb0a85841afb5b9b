// The strip of seeds: those that were scouted, with a box each that keeps one for dressing.

import { button, frame, make } from "./make.js";
import { text } from "./texts.js";

/** `shown` is the seed that stands in the middle. */
export function drawSeeds(list, seeds, shown, { onShow, onKeep }) {
  const had = document.activeElement?.closest?.("[data-seed]")?.dataset.seed;
  const inBox = document.activeElement?.type === "checkbox";
  list.replaceChildren(...seeds.map((seed) => item(seed, seed.seed === shown, onShow, onKeep)));
  if (had === undefined) return;
  const again = list.querySelector(`[data-seed="${had}"]`);
  again?.querySelector(inBox ? ".keep input" : "button")?.focus();
}

function item(seed, on, onShow, onKeep) {
  const faults = seed.faults.length ? seed.faults.join(text("comma")) : text("sound");
  const state = [seed.run ? text("wasRun") : null, seed.image ? faults : text("notDrawn")].filter(Boolean).join(" · ");
  const name = text("seed", { seed: seed.seed });
  const image = seed.image
    ? frame(`${seed.image}?size=small`, "", { bare: seed.bare, show: text("show"), blur: text("blur") })
    : make("div", { class: "frame blank" }, make("span", { text: "?" }));
  const choose = button("", () => onShow(seed.seed), { "aria-pressed": String(on), "aria-label": `${name}, ${state}` });
  choose.append(image);
  const keep = make("input", { type: "checkbox", on: { change: ({ target }) => onKeep(seed.seed, target.checked) } });
  keep.checked = seed.locked;
  return make("li", { "data-seed": seed.seed, class: seed.faults.length ? "faulty" : null }, choose,
    make("label", { class: "keep" }, keep, make("span", { text: String(seed.seed) })), make("span", { class: "soft", text: state }));
}
