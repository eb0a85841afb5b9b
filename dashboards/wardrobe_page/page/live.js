// What a run tells while it goes on: the best so far, every image as it arrives, how many are left and how long they take.

import { openEvents, studyPath } from "./ask.js";
import { make } from "./make.js";
import { duration, text } from "./texts.js";

/** Follows a study's job. A connection that breaks is opened again by the browser, which names the last event that it had. */
export class Live {
  /** `on.job(job)`, `on.news(seedState)`, `on.pick(seed)`, `on.told()` for `told` and `done`, `on.away(isAway)`. */
  constructor(on) {
    this.on = on;
    this.seeds = new Map();
    // A page that nobody looks at holds no connection: a browser has six for one address.
    document.addEventListener("visibilitychange", () => (document.hidden ? this.close() : this.study && this.open()));
  }

  follow(study) {
    this.close();
    this.study = study;
    this.seeds = new Map();
    this.jobId = null;
    if (!document.hidden) this.open();
  }

  /** What was told of the job before. */
  forget() {
    this.seeds = new Map();
  }

  close() {
    this.source?.close();
    this.source = null;
  }

  open() {
    this.close();
    this.jobId = null;
    this.source = openEvents(studyPath(this.study, "/events"), (away) => this.on.away(away), {
      job: (job) => this.begin(job),
      plan: (plan) => this.plan(plan),
      calibration: (event) => this.calibrated(event),
      trial: (event) => this.trial(event),
      pick: (outcome) => this.on.pick(outcome.seed, this.isOpen),
      progress: (event) => this.tellOf({ told: event }),
      done: (event) => this.tellOf({ done: event }),
    });
  }

  /** The last event of its name, of a job that is not a run. */
  tellOf(event) {
    Object.assign(this, event);
    this.on.told();
  }

  begin(job) {
    if (job && job.id !== this.jobId) Object.assign(this, { seeds: new Map(), told: null, done: null });
    this.jobId = job?.id;
    this.isOpen = job !== null && (job.state === "queued" || job.state === "running");
    this.on.job(job);
  }

  plan(plan) {
    const most = Math.max(plan.expected ?? plan.images, plan.stored);
    this.seeds.set(plan.seed, { seed: plan.seed, drawn: plan.stored, left: Math.max(0, most - plan.stored), seconds: plan.seconds, trials: [], best: null });
    this.tell(plan.seed);
  }

  calibrated({ seed, done, of }) {
    Object.assign(this.seeds.get(seed) ?? {}, { calibrated: [done, of] });
    this.tell(seed);
  }

  trial(event) {
    const state = this.seeds.get(event.seed);
    if (!state) return;
    const trial = { ...event, picture: pictureOf(this.study, event.image) };
    state.trials.push(trial);
    state.drawn += 1;
    state.calibrated = null;
    [state.left, state.seconds] = [event.images_left, event.seconds_left];
    if (event.best !== null) state.best = state.trials.find((each) => Math.abs(each.total_weight - event.best) < 1e-3 && !each.breaks.length) ?? state.best;
    this.tell(event.seed);
  }

  tell(seed) {
    if (this.seeds.has(seed)) this.on.news(this.seeds.get(seed));
  }
}

/** Where the service shows an image that an event names by its file. */
function pictureOf(study, file) {
  return studyPath(study, `/pictures/${file.split(/[\\/]/).pop().replace(/\.png$/, "")}`);
}

/** "3 images left, about 40 s", and how much of all that is. */
export function drawProgress(place, state) {
  const bar = place.querySelector("progress");
  bar.max = Math.max(1, state.drawn + state.left);
  bar.value = state.drawn;
  const [done, of] = state.calibrated ?? [];
  const what = done ? text("calibrating", { done, of }) : text("imagesLeft", { n: state.left });
  place.querySelector(".left").textContent = text("timeLeft", { what, time: duration(state.seconds) });
}

/** The images of this run, the newest first. */
export function drawArrived(list, state) {
  const drawn = list.children.length;
  if (state.trials.length < drawn) list.replaceChildren();
  for (const trial of state.trials.slice(list.children.length)) {
    const caption = text("trialLine", { number: trial.trial, total: trial.total_weight.toFixed(2) });
    list.prepend(make("li", { class: trial.bare ? "frame bare" : "frame" },
      make("img", { src: `${trial.picture}?size=small`, alt: `${caption}: ${trial.verdict}`, title: caption, width: 64, height: 96 })));
  }
  list.hidden = !state.trials.length;
}
