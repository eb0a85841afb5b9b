// The photos of a set as thumbnails, and of the one that is shown both crops and the tags.

import { button, make } from "./make.js";
import { text } from "./texts.js";

const MARKS = { todo: "", part: "…", done: "✓", skip: "–" };

/** Thumbnails are kept where they are, so that none is loaded twice and the focus stays. */
export function drawStrip(strip, cards, place, onShow) {
  const old = new Map([...strip.children].map((each) => [each.dataset.name, each]));
  const made = cards.map((card, i) => {
    const item = old.get(card.name) ?? thumbnail(card);
    item.onclick = () => onShow(i);
    item.className = card.why && !card.train ? `${card.state} aside` : card.state;
    item.setAttribute("aria-current", String(i === place));
    item.setAttribute("aria-label", `${card.name}, ${text(`photos.state.${card.state}`)}`);
    item.querySelector(".mark").textContent = MARKS[card.state];
    return item;
  });
  if (made.length !== strip.children.length || made.some((item, i) => item !== strip.children[i])) strip.replaceChildren(...made);
  const shown = made[place];
  if (shown) strip.scrollTo({ left: shown.offsetLeft - strip.clientWidth / 2 });
}

function thumbnail(card) {
  const image = make("img", { src: `${card.image}?size=small`, alt: "", loading: "lazy", decoding: "async" });
  return make("button", { type: "button", title: card.name, "data-name": card.name }, image, make("span", { class: "mark", "aria-hidden": "true" }));
}

/** `onTags(tags)` keeps a caption that a person changed. */
export function drawCrops(place, card, set, onTags) {
  const shown = document.activeElement;
  if (shown?.id === "tags" && shown.dataset.name === card.name) return; // a person is typing
  const parts = [];
  if (set.is_cut) {
    const figures = ["train", "reg"].filter((which) => card[which]).map((which) => make("figure", { class: "shot" },
      make("div", { class: "frame" }, make("img", { src: card[which], alt: text(`photos.crop.${which}`, { name: card.name }), decoding: "async" })),
      make("figcaption", { class: "soft", text: text(`photos.shown.${which}`) })));
    if (figures.length) parts.push(make("div", { class: "crops" }, ...figures));
  }
  if (card.why) parts.push(make("p", { class: "note", text: card.why }));
  if (set.is_cut && set.is_stale) parts.push(make("p", { class: "soft", text: text("photos.stale") }));
  if (card.tags) parts.push(tagsOf(card, set, onTags));
  place.replaceChildren(...parts);
}

function tagsOf(card, set, onTags) {
  const field = make("textarea", { id: "tags", rows: 3, spellcheck: "false", "data-name": card.name, "aria-describedby": "tags-hint" });
  field.value = card.tags.join(", ");
  const keep = () => onTags(field.value.split(/[,，、\n]/).map((tag) => tag.trim()).filter(Boolean));
  const set_ = button(text("photos.keepTags"), () => { field.blur(); keep(); }, { disabled: true });
  field.addEventListener("input", () => { set_.disabled = false; });
  return make("div", { class: "tags" }, make("label", {}, make("span", { text: text("photos.tags") }), field),
    make("p", { class: "soft", id: "tags-hint", text: text("photos.tagsHint", { trigger: set.trigger }) }), set_);
}
