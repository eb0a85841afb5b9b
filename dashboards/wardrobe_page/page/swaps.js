// Which photos show a LoRA that takes another's place: those that it was trained on, or another set that lies here.

import { make } from "./make.js";
import { text } from "./texts.js";

/** `chosen` maps names of the study's LoRAs to ids of photo sets, and is changed in place. Drawn anew only where the choice is another. */
export function drawSwaps(place, changes, sets, chosen) {
  const key = JSON.stringify([document.documentElement.lang, changes.map(([name, card]) => [name, card.id]), sets.map((set) => set.id)]);
  place.hidden = !changes.length || !sets.length || changes.some(([name]) => !name);
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  for (const name of [...chosen.keys()]) if (!changes.some(([changed]) => changed === name)) chosen.delete(name);
  place.replaceChildren(...changes.filter(([name]) => name).map(([name, card]) => {
    const options = [["", text("ownPhotos")], ...sets.filter((set) => !set.kind || set.kind === card.kind).map((set) => [set.id, set.id])];
    const select = make("select", { on: { change: ({ target }) => (target.value ? chosen.set(name, target.value) : chosen.delete(name)) } },
      ...options.map(([value, label]) => make("option", { value, text: label })));
    select.value = chosen.get(name) ?? "";
    return make("label", {}, make("span", { text: text("photosOf", { card: card.name }) }), " ", select);
  }));
}
