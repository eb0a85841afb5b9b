// LoRAs from photos: drop them, correct the boxes, look at the crops and tags, train, and hang what was made into its rack.

import { ask, send } from "./ask.js";
import { doing, speakBoth } from "./doing.js";
import { Drawing } from "./drawing.js";
import { drawCrops, drawStrip } from "./crops.js";
import { make } from "./make.js";
import { text } from "./texts.js";
import { Training } from "./training.js";

const KINDS = ["face", "clothing", "shoes", "other"];
const at = (id) => document.getElementById(id);
const page = { means: null, sets: [], set: null, place: 0, isSending: false };
const pathOf = (rest = "") => `api/sets/${encodeURIComponent(page.set.id)}${rest}`;
const cardPath = (card, rest) => pathOf(`/photos/${encodeURIComponent(card.name)}${rest}`);

const drawing = new Drawing({
  async change(card, drawn) {
    const id = page.set.id;
    const kept = await doing(() => ask("PUT", cardPath(card, "/boxes"), drawn));
    if (!kept || page.set.id !== id) return;
    page.set.is_stale = true;
    // Boxes that were changed meanwhile are sent after these: what is drawn now stays.
    replace({ ...kept, ...(drawing.isAhead ? pick(current(), ["thing", "wearer", "nobody", "skip"]) : {}) });
  },
  step: (by) => show(page.place + by),
});
const training = new Training({ pathOf, page, reload });

const pick = (from, names) => Object.fromEntries(names.map((name) => [name, from[name]]));
const current = () => page.set.cards[page.place];

async function load() {
  const found = await doing(() => Promise.all([ask("GET", "api/means"), ask("GET", "api/sets")]));
  if (!found) return;
  [page.means, page.sets] = found;
  drawSets();
  const wanted = decodeURIComponent(location.hash.slice(1));
  const known = page.sets.find((set) => set.id === wanted) ?? (page.sets.length && wanted !== "new" ? page.sets.at(-1) : null);
  if (known) await open(known.id);
  else begin("");
}

function drawSets() {
  at("set").replaceChildren(...page.sets.map((set) => make("option", { value: set.id, text: set.problem ? `${set.id} (!)` : set.id })));
  at("set").disabled = !page.sets.length;
}

/** Asks for a name and a kind: of a new set, or of a folder of photos of which nothing says what they are of. */
function begin(name) {
  page.set = null;
  training.close();
  at("set").value = name;
  at("begin").hidden = false;
  at("making").hidden = true;
  at("name").value = name;
  at("name").readOnly = Boolean(name);
  const kind = at("kind").value;
  at("kind").replaceChildren(...KINDS.map((each) => make("option", { value: each, text: text(`kind.${each}`) })));
  at("kind").value = kind || "clothing";
  at(name ? "kind" : "name").focus();
}

async function create(event) {
  event.preventDefault();
  const made = await doing(() => ask("POST", "api/sets", { name: at("name").value.trim(), kind: at("kind").value }));
  if (!made) return;
  page.sets = (await doing(() => ask("GET", "api/sets"))) ?? page.sets;
  drawSets();
  await open(made.id);
}

async function open(id) {
  const set = await doing(() => ask("GET", `api/sets/${encodeURIComponent(id)}`));
  if (!set) return;
  history.replaceState(null, "", `#${encodeURIComponent(id)}`);
  at("set").value = id;
  if (!set.kind) {
    begin(id);
    return;
  }
  Object.assign(page, { set, place: Math.max(0, set.cards.findIndex((card) => card.state === "todo" || card.state === "part")) });
  at("refused").hidden = true;
  at("kept").textContent = "";
  at("begin").hidden = true;
  at("making").hidden = false;
  drawing.forget();
  draw();
  training.follow();
}

/** The set as it is now, of which the shown photo stays. */
async function reload() {
  const { id } = page.set;
  const name = current()?.name;
  const set = await doing(() => ask("GET", `api/sets/${encodeURIComponent(id)}`));
  if (!set || page.set?.id !== id) return;
  page.set = set;
  page.place = Math.max(0, set.cards.findIndex((card) => card.name === name));
  draw();
}

function draw() {
  const some = page.set.cards.length > 0;
  at("draw").hidden = !some;
  drawStrip(at("strip"), page.set.cards, page.place, show);
  if (some) drawCard();
  training.draw();
}

function drawCard() {
  drawing.show(current(), page.set.cards.length, page.place);
  drawCrops(at("crops"), current(), page.set, async (tags) => {
    const kept = await doing(() => ask("PUT", cardPath(current(), "/tags"), { tags }));
    if (kept) replace(kept);
  });
}

function replace(card) {
  const index = page.set.cards.findIndex((each) => each.name === card.name);
  if (index < 0) return;
  page.set.cards[index] = card;
  drawStrip(at("strip"), page.set.cards, page.place, show);
  if (index === page.place) drawCard();
  training.draw();
}

function show(index) {
  if (index < 0 || index >= page.set.cards.length) return;
  page.place = index;
  drawStrip(at("strip"), page.set.cards, page.place, show);
  drawCard();
}

/** One photo after the other; what is no photo is told by its name, and the others are kept. */
async function take(files) {
  if (!page.set || page.isSending) return;
  page.isSending = true;
  const { id } = page.set;
  const refused = [];
  const list = [...files];
  for (const [i, file] of list.entries()) {
    at("kept").textContent = text("photos.sending", { done: i + 1, of: list.length });
    try {
      await send(`api/sets/${encodeURIComponent(id)}/photos?called=${encodeURIComponent(file.name)}`, file);
    } catch (error) {
      refused.push(error.message || text("away"));
    }
  }
  page.isSending = false;
  at("files").value = "";
  at("refused").replaceChildren(...refused.map((line) => make("li", { text: line })));
  at("refused").hidden = !refused.length;
  if (page.set?.id !== id) return;
  at("kept").textContent = text("photos.kept", { n: list.length - refused.length });
  await reload();
  // The parser's guess comes first: nobody draws what is found.
  if (page.means.parser && page.set.is_stale && page.set.cards.length) await training.cut();
}

at("begin").addEventListener("submit", create);
at("set").addEventListener("change", ({ target }) => open(target.value));
at("new").addEventListener("click", () => begin(""));
at("files").addEventListener("change", ({ target }) => take(target.files));
for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    at("drop").classList.toggle("over", name === "dragover");
    if (name === "drop") take(event.dataTransfer.files);
  });
}
document.addEventListener("dragleave", () => at("drop").classList.remove("over"));

await speakBoth(() => (page.set ? reload() : begin(at("name").value)));
await load();
