// One photo after the other: what is drawn on it is sent at once, and drawn again when the page is opened again.

import { edited, leftToDo } from "./edits.js";
import { nudged } from "./geometry.js";
import { ARROWS, KEYS } from "./keys.js";
import { fit, openStage } from "./stage.js";
import { label, words } from "./words.js";

const MARKS = { todo: "", part: "…", done: "✓", skip: "–" };
const EMPTY = { thing: null, wearer: null, nobody: false, skip: false };
const $ = (id) => document.getElementById(id);

let photos = [];
let at = 0;
let size = [1, 1];
let drawn = { ...EMPTY };
let active = "thing";
let usable = false;
let before = null;
const histories = new Map();
let queue = Promise.resolve();
let waiting = 0;

const stage = openStage(
  () => ({ ...drawn, active, locked: drawn.skip || !usable }),
  (kind, box, isNew) => {
    change({ [kind]: box, ...(kind === "wearer" ? { nobody: false } : {}) });
    if (isNew && kind === "thing" && !drawn.wearer && !drawn.nobody) choose("wearer");
  },
  (kind) => choose(kind),
);

async function ask(path) {
  const answer = await fetch(path);
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error);
  return content;
}

/** Shows a photo with what is kept of it. */
async function show(index) {
  at = index;
  usable = false;
  drawn = { ...EMPTY };
  $("fault").hidden = true;
  $("name").textContent = photos[at].name;
  mark();
  const asked = index;
  try {
    const found = await queue.then(() => ask(`boxes/${index}`));
    const loaded = await loadedPhoto(`photo/${index}`);
    if (asked !== at) return;
    size = found.size;
    drawn = { thing: found.thing, wearer: found.wearer, nobody: found.nobody, skip: found.skip };
    $("photo").src = loaded.src;
    $("photo").alt = photos[at].name;
    await $("photo").decode();
    if (asked !== at) return;
    usable = true;
    active = drawn.thing && !drawn.wearer && !drawn.nobody ? "wearer" : "thing";
    $("frame").hidden = false;
    fit();
  } catch (error) {
    if (asked !== at) return;
    $("frame").hidden = true;
    $("fault").textContent = error.message || words.away;
    $("fault").hidden = false;
  }
  paint();
  if (at + 1 < photos.length) new Image().src = `photo/${at + 1}`;
}

function loadedPhoto(path) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error(words.away));
    image.src = path;
  });
}

/** Changes what is drawn, remembers what was, and sends it. */
function change(parts) {
  if (!usable) return;
  history().push({ ...drawn });
  drawn = { ...drawn, ...parts };
  send();
}

function history() {
  if (!histories.has(at)) histories.set(at, []);
  return histories.get(at);
}

function undo() {
  const last = history().pop();
  if (!last || !usable) return;
  drawn = last;
  if (!drawn.thing) active = "thing";
  send();
}

/** One after the other, so that the last change is what is kept. */
function send() {
  const [index, body] = [at, JSON.stringify(drawn)];
  waiting += 1;
  say(words.saving);
  queue = queue.then(async () => {
    try {
      const answer = await fetch(`boxes/${index}`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
      const content = await answer.json();
      if (!answer.ok) throw new Error(content.error);
      photos[index].state = content.state;
      waiting -= 1;
      if (!waiting) say(words.saved);
    } catch (error) {
      waiting -= 1;
      say(error instanceof TypeError ? words.away : error.message, true);
    }
    mark();
  });
  paint();
}

function say(text, wrong = false) {
  $("saved").textContent = text;
  $("saved").classList.toggle("wrong", wrong);
}

function choose(kind) {
  active = kind;
  paint();
}

function hint() {
  const left = leftToDo(drawn);
  if (left) return words[{ thing: "drawThing", wearer: "drawWearer" }[left] ?? left];
  return photos.every((photo) => photo.state === "done" || photo.state === "skip") ? words.allDone : words.done;
}

/** Draws all that depends on the photo shown. */
function paint() {
  stage.draw({ ...drawn, active, locked: drawn.skip || !usable });
  for (const kind of ["thing", "wearer"]) {
    $(kind).setAttribute("aria-pressed", String(active === kind && !drawn.skip));
    const box = drawn[kind];
    const pixels = box && words.pixels(Math.round((box[2] - box[0]) * size[0]), Math.round((box[3] - box[1]) * size[1]));
    $(kind).querySelector("small").textContent = pixels || (kind === "wearer" && drawn.nobody ? "–" : words.none);
    $(kind).disabled = drawn.skip || !usable;
  }
  for (const name of ["nobody", "skip"]) $(name).setAttribute("aria-pressed", String(drawn[name]));
  for (const name of ["nobody", "whole", "clear"]) $(name).disabled = drawn.skip || !usable;
  $("skip").disabled = !usable;
  $("again").disabled = !before || drawn.skip || !usable;
  $("undo").disabled = !history().length;
  $("before").disabled = at === 0;
  $("next").disabled = at + 1 === photos.length;
  $("hint").textContent = usable ? hint() : "";
}

/** Draws how far all photos are. */
function mark() {
  const counted = (state) => photos.filter((photo) => photo.state === state).length;
  const [done, out] = [counted("done"), counted("skip")];
  $("count").textContent = words.count(at + 1, photos.length, done, out);
  $("progress").value = (done + out) / photos.length;
  [...$("strip").children].forEach((button, index) => {
    button.className = photos[index].state;
    button.setAttribute("aria-current", String(index === at));
    button.querySelector(".mark").textContent = MARKS[photos[index].state];
  });
  $("strip").children[at]?.scrollIntoView({ block: "nearest", inline: "nearest" });
  if (usable) $("hint").textContent = hint();
}

function step(by) {
  const index = at + by;
  if (index < 0 || index >= photos.length) return;
  if (drawn.thing && usable) before = { thing: drawn.thing, wearer: drawn.wearer, nobody: drawn.nobody };
  show(index);
}

function act(action) {
  const parts = edited(action, drawn, active, before);
  if (parts) change(parts);
}

/** By keys: a box in the middle if there is none, else moved or sized. */
function nudge(dx, dy, sizing) {
  if (!drawn.skip) change({ [active]: nudged(drawn, active, [dx, dy], sizing) });
}

const ACTIONS = {
  thing: () => choose("thing"),
  wearer: () => choose("wearer"),
  ...Object.fromEntries(["nobody", "skip", "whole", "again", "clear"].map((name) => [name, () => act(name)])),
  undo,
  before: () => step(-1),
  next: () => step(1),
};
function onKey(event) {
  const key = event.key.toLowerCase();
  // A button that was reached by Tab keeps its own Enter.
  if (key === "enter" && event.target instanceof HTMLButtonElement) return;
  if (key === "escape") {
    stage.cancel();
  } else if ((event.ctrlKey || event.metaKey) && key === "z") {
    undo();
  } else if (event.ctrlKey || event.metaKey || event.altKey) {
    return;
  } else if (key === "enter" && event.shiftKey) {
    step(-1);
  } else if (ARROWS[key]) {
    nudge(...ARROWS[key], event.shiftKey);
  } else if (KEYS[key]) {
    ACTIONS[KEYS[key]]();
  } else {
    return;
  }
  event.preventDefault();
}

function thumbnail(photo, index) {
  const button = document.createElement("button");
  button.type = "button";
  button.title = photo.name;
  button.setAttribute("aria-label", photo.name);
  const image = document.createElement("img");
  image.loading = "lazy";
  image.alt = "";
  image.src = `thumb/${index}`;
  const sign = document.createElement("span");
  sign.className = "mark";
  button.append(image, sign);
  button.addEventListener("click", () => { step(index - at); $("stage").focus(); });
  return button;
}

async function open() {
  label();
  for (const name of Object.keys(ACTIONS)) $(name).addEventListener("click", () => { ACTIONS[name](); $("stage").focus(); });
  document.addEventListener("keydown", onKey);
  try {
    const found = await ask("photos");
    photos = found.photos;
    $("title").textContent = found.title;
    document.title = `${found.title} · huanhua boxes`;
    $("file").textContent = found.file;
    $("strip").append(...photos.map(thumbnail));
    const first = photos.findIndex((photo) => photo.state === "todo" || photo.state === "part");
    await show(Math.max(0, first));
  } catch (error) {
    $("fault").textContent = error.message;
    $("fault").hidden = false;
  }
}

open();
