// Cutting and training as they go on: how far, the loss, the images that the LoRA draws by now; and what came of it.

import { ask, openEvents } from "./ask.js";
import { doing } from "./doing.js";
import { make } from "./make.js";
import { duration, text } from "./texts.js";

const at = (id) => document.getElementById(id);
const OPEN = ["queued", "running"];
const FEW = 20;

export class Training {
  /** `page` has the set and the means; `reload()` reads the set anew. */
  constructor({ pathOf, page, reload }) {
    Object.assign(this, { pathOf, page, reload, source: null, told: null, away: false });
    at("cut").addEventListener("click", () => this.cut());
    at("start").addEventListener("click", () => this.ask("/train", { ...this.base() }));
    at("stop").addEventListener("click", () => doing(() => ask("POST", pathOf("/stop"))));
    at("resume").addEventListener("click", () => this.ask("/resume"));
    // A page that nobody looks at holds no connection: a browser has six for one address.
    document.addEventListener("visibilitychange", () => (document.hidden ? this.close() : page.set && this.follow()));
  }

  cut() {
    return this.ask("/prepare", this.base());
  }

  base() {
    return this.page.means.bases.length > 1 ? { base: at("base").value } : {};
  }

  async ask(rest, body) {
    const job = await doing(() => ask("POST", this.pathOf(rest), body));
    if (!job) return;
    this.told = null;
    this.page.set.job = job;
    if (rest === "/train") this.page.set.samples = [];
    this.draw();
  }

  close() {
    this.source?.close();
    this.source = null;
  }

  follow() {
    this.close();
    this.told = null;
    const progress = (told) => { this.told = told; this.draw(); };
    this.source = openEvents(this.pathOf("/events"), (away) => this.onAway(away), {
      job: (job) => this.onJob(job),
      progress,
      step: progress,
      sample: (sample) => this.onSample(sample),
    });
  }

  onAway(away) {
    this.away = away;
    this.draw();
  }

  onJob(job) {
    const before = this.page.set.job;
    this.page.set.job = job;
    const ended = job && before && before.id === job.id && OPEN.includes(before.state) && !OPEN.includes(job.state);
    this.draw();
    if (ended) this.reload();
  }

  onSample({ file }) {
    const address = this.pathOf(`/samples/${encodeURIComponent(file)}`);
    if (this.page.set.samples.some((each) => each.split("?")[0] === address)) return;
    this.page.set.samples.push(address);
    this.draw();
  }

  draw() {
    const { set, means } = this.page;
    if (!set) return;
    const { job } = set;
    const isOpen = job !== null && OPEN.includes(job.state);
    const ended = job && ["stopped", "failed"].includes(job.state);
    at("on-base").hidden = means.bases.length < 2;
    if (at("base").children.length !== means.bases.length) {
      at("base").replaceChildren(...means.bases.map((base) => make("option", { value: base.id, text: base.name })));
    }
    at("cut").hidden = isOpen;
    at("cut").disabled = !set.cards.length;
    at("cut").textContent = text(set.is_cut ? "photos.cutAnew" : "photos.cut");
    at("cut").classList.toggle("main", set.is_stale);
    at("start").hidden = isOpen;
    at("start").disabled = set.is_stale || !means.bases.length;
    at("start").classList.toggle("main", !set.is_stale);
    at("stop").hidden = !isOpen;
    at("stop").disabled = job?.stop === true;
    at("resume").hidden = !ended || job.verb !== "train";
    at("train-lead").textContent = this.lead();
    at("state").textContent = this.away ? text("away") : this.state(job);
    at("state").classList.toggle("wrong", this.away || job?.state === "failed");
    this.drawProgress(isOpen && job.state === "running");
    this.drawSamples();
    this.drawMade(job);
    at("advice").replaceChildren(...set.advice.map((line) => make("p", { class: "note", text: line })));
  }

  lead() {
    const { set, means } = this.page;
    const count = set.cards.filter((card) => !card.skip).length;
    if (!set.cards.length) return text("photos.lead.drop");
    if (set.is_stale) return text(means.parser || set.is_cut ? "photos.lead.cut" : "photos.lead.draw");
    if (!means.bases.length) return text("photos.lead.noBase");
    return text(count < FEW ? "photos.lead.few" : "photos.lead.train", { n: count });
  }

  state(job) {
    if (!job) return "";
    if (job.stop && job.state === "running") return text("photos.stopping");
    if (job.state === "queued") return job.ahead ? text("queuedBehind", { n: job.ahead }) : text("queued");
    if (job.state === "failed") return text("failed", { why: job.why });
    return text(`photos.${job.verb}.${job.state}`);
  }

  drawProgress(running) {
    const told = this.told;
    at("progress").hidden = !(running && told);
    if (at("progress").hidden) return;
    const bar = at("progress").querySelector("progress");
    const done = told.step ?? told.done;
    [bar.max, bar.value] = [told.of, done];
    const left = at("progress").querySelector(".left");
    if (told.event === "progress") left.textContent = text("photos.cutting", { done, of: told.of });
    else {
      const loss = told.loss === null ? "–" : told.loss.toFixed(3);
      const time = told.seconds_left === null ? "…" : duration(told.seconds_left);
      left.textContent = text("photos.steps", { done, of: told.of, loss, time });
    }
  }

  drawSamples() {
    const list = at("samples");
    const { samples } = this.page.set;
    const shown = [...list.children].map((item) => item.dataset.at);
    list.hidden = !samples.length;
    if (shown.length === samples.length && shown.every((each, i) => each === samples[i])) return;
    list.replaceChildren(...samples.map((address) => {
      const [, step, seed] = address.match(/step-(\d+)-seed-(\d+)/) ?? [];
      const caption = text("photos.sample", { step: Number(step) });
      const alt = text("photos.sampleAlt", { step: Number(step), seed });
      return make("li", { "data-at": address }, make("figure", { class: "shot" }, make("div", { class: "frame" }, make("img", { src: address, alt, loading: "lazy" })),
        make("figcaption", { class: "soft", text: caption })));
    }));
  }

  drawMade(job) {
    const { set } = this.page;
    const done = job?.verb === "train" && job.state === "finished" && set.file;
    at("made").hidden = !done;
    if (done) at("made").replaceChildren(make("strong", { text: text("photos.made", { file: set.file, kind: text(`kind.${set.kind}`) }) }), " ", make("a", { href: "./", text: text("photos.toRack") }));
  }
}
