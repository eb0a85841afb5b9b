// One photo with its boxes: by the mouse on the photo, by keys where it has the focus, and by the buttons beside it.

import { edited, leftToDo } from "./edits.js";
import { nudged } from "./geometry.js";
import { ARROWS, KEYS } from "./keys.js";
import { fit, openStage } from "./stage.js";
import { text } from "./texts.js";

const at = (id) => document.getElementById(id);
const EMPTY = { thing: null, wearer: null, nobody: false, skip: false };

export class Drawing {
  /** `on.change(card, drawn)` is asynchronous, and called for one change after the other; `on.step(by)` goes to another photo. */
  constructor(on) {
    Object.assign(this, { on, card: null, drawn: { ...EMPTY }, active: "thing", before: null, histories: new Map(), waiting: 0, queue: Promise.resolve() });
    this.stage = openStage(
      () => this.state(),
      (kind, box, isNew) => {
        this.change({ [kind]: box, ...(kind === "wearer" ? { nobody: false } : {}) });
        if (isNew && kind === "thing" && !this.drawn.wearer && !this.drawn.nobody) this.choose("wearer");
      },
      (kind) => this.choose(kind),
    );
    this.acts = {
      thing: () => this.choose("thing"),
      wearer: () => this.choose("wearer"),
      ...Object.fromEntries(["nobody", "skip", "whole", "again", "clear"].map((name) => [name, () => this.act(name)])),
      undo: () => this.undo(),
      before: () => this.step(-1),
      next: () => this.step(1),
    };
    for (const name of Object.keys(this.acts)) at(name === "skip" ? "leave-out" : name).addEventListener("click", () => this.acts[name]());
    at("stage").addEventListener("keydown", (event) => this.onKey(event));
    at("photo").addEventListener("load", () => { fit(); this.paint(); });
  }

  /** Whether something was drawn that is not kept yet. */
  get isAhead() {
    return this.waiting > 1;
  }

  forget() {
    this.histories.clear();
    this.before = null;
    this.card = null;
  }

  show(card, count, place) {
    const isNew = this.card?.name !== card.name;
    this.card = card;
    this.drawn = { thing: card.thing, wearer: card.wearer, nobody: card.nobody, skip: card.skip };
    if (isNew) {
      this.active = card.thing && !card.wearer && !card.nobody ? "wearer" : "thing";
      at("frame").hidden = card.size === null;
      at("photo").src = `${card.image}?size=large`;
    }
    at("photo").alt = card.name;
    at("photo-name").textContent = card.name;
    at("before").disabled = place === 0;
    at("next").disabled = place + 1 === count;
    this.paint();
  }

  state() {
    return { ...this.drawn, active: this.active, locked: this.drawn.skip || this.card?.size === null };
  }

  change(parts) {
    if (!this.card || this.card.size === null) return;
    this.history().push({ ...this.drawn });
    this.put({ ...this.drawn, ...parts });
  }

  act(action) {
    const parts = edited(action, this.drawn, this.active, this.before);
    if (parts) this.change(parts);
  }

  undo() {
    const last = this.history().pop();
    if (last) this.put(last);
  }

  put(drawn) {
    this.drawn = drawn;
    Object.assign(this.card, drawn);
    const { card } = this;
    this.waiting += 1;
    this.queue = this.queue.then(() => this.on.change(card, drawn)).finally(() => { this.waiting -= 1; });
    this.paint();
  }

  history() {
    const { name } = this.card;
    if (!this.histories.has(name)) this.histories.set(name, []);
    return this.histories.get(name);
  }

  choose(kind) {
    this.active = kind;
    this.paint();
  }

  step(by) {
    if (this.drawn.thing) this.before = { thing: this.drawn.thing, wearer: this.drawn.wearer, nobody: this.drawn.nobody };
    this.on.step(by);
  }

  onKey(event) {
    const key = event.key.toLowerCase();
    if (event.altKey || ((event.ctrlKey || event.metaKey) && key !== "z")) return;
    if (key === "escape") this.stage.cancel();
    else if (key === "enter" && event.shiftKey) this.step(-1);
    else if (ARROWS[key]) {
      if (!this.drawn.skip) this.change({ [this.active]: nudged(this.drawn, this.active, ARROWS[key], event.shiftKey) });
    } else if (KEYS[key]) this.acts[KEYS[key]]();
    else return;
    event.preventDefault();
  }

  paint() {
    this.stage.draw(this.state());
    const { locked } = this.state();
    for (const kind of ["thing", "wearer"]) at(kind).setAttribute("aria-pressed", String(this.active === kind && !locked));
    at("nobody").setAttribute("aria-pressed", String(this.drawn.nobody));
    at("leave-out").setAttribute("aria-pressed", String(this.drawn.skip));
    for (const name of ["thing", "wearer", "nobody", "whole", "clear"]) at(name).disabled = locked;
    at("again").disabled = locked || !this.before;
    at("undo").disabled = !this.card || !this.history().length;
    at("hint").textContent = this.card ? text(`photos.hint.${this.hint()}`) : "";
  }

  /** What is still to be done on this photo. */
  hint() {
    if (this.card.size === null) return "broken";
    return leftToDo(this.drawn) || (this.card.by === "parser" ? "found" : "done");
  }
}
