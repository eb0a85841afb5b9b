// The racks: LoRAs by kind as cards, of which an outfit wears some.

import { make } from "./make.js";
import { text } from "./texts.js";

const KINDS = ["face", "clothing", "shoes", "other"];
const MANY = 12;
const MOST_WRONG = 5;

/** `wrong` are lines about files that are no LoRAs. `worn` maps card ids to the names of the study's LoRAs; `chosen` is the set of card ids that are on. */
export function drawRacks(place, { cards, wrong }, worn, chosen, onChoose) {
  const racks = KINDS.map((kind) => rack(kind, cards.filter((card) => card.kind === kind), worn, chosen, onChoose));
  place.replaceChildren(...racks.filter(Boolean), ...wrong.slice(0, MOST_WRONG).map((line) => make("p", { class: "note", text: line })));
}

function rack(kind, cards, worn, chosen, onChoose) {
  if (!cards.length && kind === "other") return null;
  const title = `rack-${kind}`;
  // What is on comes first: of two hundred cards it would otherwise be out of sight.
  const order = [...cards].sort((a, b) => chosen.has(b.id) - chosen.has(a.id));
  const list = make("ul", { class: "cards" }, ...order.map((card) => make("li", {}, hanger(card, worn, chosen, onChoose))));
  const filter = cards.length > MANY ? sieve(list, order) : null;
  const empty = cards.length ? null : make("p", { class: "soft", text: text("emptyRack") });
  return make("section", { class: "rack", "aria-labelledby": title }, make("h2", { id: title, text: text(`kind.${kind}`) }), filter, empty, list);
}

function hanger(card, worn, chosen, onChoose) {
  const on = chosen.has(card.id);
  const picture = card.preview
    ? make("img", { src: card.preview, alt: "", loading: "lazy", decoding: "async", width: 96, height: 144 })
    : make("span", { class: "blank", "aria-hidden": "true", text: [...card.name][0] });
  const details = [card.trigger && text("trigger", { word: card.trigger }), text("from", { weight: card.weight })].filter(Boolean).join(" · ");
  const hint = [card.name, details, card.base && text("trainedOn", { base: card.base }), card.hash, card.file].filter(Boolean).join("\n");
  return make("button", {
    type: "button", class: "card", "aria-pressed": String(on), title: hint, "data-card": card.id, on: { click: () => onChoose(card) },
  }, picture, make("span", { class: "name", text: card.name }), make("span", { class: "soft", text: details }),
  worn.has(card.id) ? make("span", { class: "as", text: text("wornAs", { name: worn.get(card.id) }) }) : null);
}

function sieve(list, cards) {
  const look = ({ target }) => {
    const words = target.value.toLowerCase();
    [...list.children].forEach((item, i) => { item.hidden = !`${cards[i].name} ${cards[i].trigger ?? ""}`.toLowerCase().includes(words); });
  };
  return make("input", { type: "search", "aria-label": text("search"), placeholder: text("search"), on: { input: look } });
}
