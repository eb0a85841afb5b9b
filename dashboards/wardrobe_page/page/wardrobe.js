// The page: choose what she wears and at which seeds, dress her, and take home what was found.

import { ask, studyPath } from "./ask.js";
import { typed } from "./asked.js";
import { askParts, askSize, drawBeside, isBeside } from "./beside.js";
import { doing, speakBoth } from "./doing.js";
import { drawArrived, drawProgress, Live } from "./live.js";
import { frame, make } from "./make.js";
import { drawRacks } from "./racks.js";
import { drawResults } from "./results.js";
import { drawSeeds } from "./seeds.js";
import { drawSwaps } from "./swaps.js";
import { text } from "./texts.js";

const at = (id) => document.getElementById(id);
const page = { cards: [], wrong: [], sets: [], references: new Map(), studies: [], study: null, seeds: [], seed: null, chosen: new Set(), job: null, story: null, refused: null, away: false };
const live = new Live({ job: onJob, news: onNews, pick: onPick, told: drawState, away: onAway });

async function load() {
  const found = await doing(() => Promise.all([ask("GET", "api/wardrobe"), ask("GET", "api/studies"), ask("GET", "api/sets")]));
  if (!found) return;
  [{ loras: page.cards, wrong: page.wrong }, page.studies, page.sets] = found;
  drawStudies();
  const wanted = decodeURIComponent(location.hash.slice(1));
  const known = page.studies.find((study) => study.id === wanted) ?? page.studies.find((study) => study.problem === null);
  if (known) await open(known.id);
  else {
    page.study = null;
    draw();
  }
}

function drawStudies() {
  at("study").replaceChildren(...page.studies.map((study) => make("option", { value: study.id, text: study.problem ? `${study.name} (!)` : study.name })));
  at("study").disabled = !page.studies.length;
}

async function open(id) {
  const study = await doing(() => ask("GET", studyPath(id)));
  if (!study) return;
  Object.assign(page, { study, job: study.job, story: null, refused: null, seeds: [], seed: null, chosen: new Set(study.wears.map((worn) => worn.card)) });
  history.replaceState(null, "", `#${encodeURIComponent(id)}`);
  at("study").value = id;
  at("arrived").replaceChildren();
  at("arrived").hidden = true;
  at("notes").replaceChildren();
  draw();
  live.follow(id);
  await loadSeeds();
}

async function loadSeeds() {
  const { id } = page.study;
  const seeds = await doing(() => ask("GET", studyPath(id, "/seeds")));
  if (!seeds || page.study?.id !== id) return;
  page.seeds = seeds;
  const best = seeds.find((seed) => seed.run) ?? seeds.find((seed) => seed.locked) ?? seeds[0];
  if (page.seed === null && best) await showSeed(best.seed);
  else draw();
}

async function showSeed(seed) {
  Object.assign(page, { seed, story: null, refused: null });
  draw();
  await loadStory();
}

async function loadStory() {
  const { study, seed } = page;
  const row = page.seeds.find((each) => each.seed === seed);
  // A run's own events tell until its first outcome is there to be read.
  const state = live.seeds.get(seed);
  if (!row?.run || (isOpen() && state && !state.ended)) return;
  const story = await doing(() => ask("GET", studyPath(study.id, `/seeds/${seed}`)));
  if (!story || page.study.id !== study.id || page.seed !== seed) return;
  page.story = story;
  draw();
}

const isOpen = () => page.job !== null && (page.job.state === "queued" || page.job.state === "running");
const worn = () => new Map((page.study?.wears ?? []).map((each) => [each.card, each.name]));

/** The cards that were chosen in the place of worn ones: [name of the study's LoRA, card]. */
function changes() {
  const wears = page.study?.wears ?? [];
  const added = page.cards.filter((card) => page.chosen.has(card.id) && !wears.some((each) => each.card === card.id));
  const gone = wears.filter((each) => !page.chosen.has(each.card));
  return added.map((card) => {
    const place = gone.findIndex((each) => each.kind === card.kind);
    return [place < 0 ? undefined : gone.splice(place, 1)[0].name, card];
  });
}

function draw() {
  drawRacks(at("racks"), page, worn(), page.chosen, choose);
  drawSeeds(document.querySelector(".strip-of-seeds"), page.seeds, page.seed, { onShow: showSeed, onKeep: keep });
  document.querySelector("#seeds .unveil").hidden = !page.seeds.some((seed) => seed.bare) && !page.story?.trials.some((trial) => trial.bare);
  drawStage();
  at("results").hidden = page.story === null;
  const held = document.activeElement?.dataset.act;
  if (page.story) drawResults(at("results"), page.story, acts);
  drawState();
  if (held) document.querySelector(`[data-act="${held}"]`)?.focus({ preventScroll: true });
}

function choose(card) {
  const rival = page.cards.filter((other) => other.kind === card.kind && other.id !== card.id && page.chosen.has(other.id));
  if (page.chosen.has(card.id)) {
    if (!page.study) page.chosen.delete(card.id);
  } else {
    if (rival.length) page.chosen.delete(rival.at(-1).id);
    page.chosen.add(card.id);
  }
  draw();
  document.querySelector(`[data-card="${card.id}"]`)?.focus();
}

function drawStage() {
  const state = live.seeds.get(page.seed);
  const seed = page.seeds.find((each) => each.seed === page.seed);
  const trial = page.story && page.story.trials[page.story.pick ?? page.story.nearest];
  const best = state?.best ?? state?.trials.at(-1);
  let shown = null;
  if (trial) shown = { image: trial.image, bare: trial.bare, caption: `${page.story.claim}${text("colon")}${weightsLine(page.story.dials, trial.at)}` };
  else if (best) shown = { image: best.picture, bare: best.bare, caption: bestLine(state) };
  else if (seed?.image) shown = { image: seed.image, bare: seed.bare, caption: text("startLine") };
  const place = at("shown");
  if (!shown) {
    place.replaceChildren(make("div", { class: "nobody" }, make("p", { class: "soft", text: text(!page.study ? "noOutfit" : seed ? "undrawn" : "nobody") })));
    return;
  }
  const had = place.querySelector("img");
  const options = { bare: shown.bare, eager: true, show: text("show"), blur: text("blur") };
  if (had?.getAttribute("src") !== shown.image || had.closest(".frame").classList.contains("bare") !== shown.bare) {
    place.replaceChildren(make("figure", { class: "shot" }, frame(shown.image, shown.caption, options), make("figcaption", { class: "caption" })));
  }
  place.querySelector("img").alt = shown.caption;
  place.querySelector(".caption").textContent = shown.caption;
}

function bestLine({ best, trials }) {
  const trial = best ?? trials.at(-1);
  const weights = Object.entries(trial.weights).map(([name, weight]) => `${name} ${weight.toFixed(2)}`).join(text("comma"));
  return text(best ? "bestLine" : "latestLine", { weights, total: trial.total_weight.toFixed(2) });
}

function drawState() {
  const { job, study } = page;
  const state = live.seeds.get(page.seed) ?? [...live.seeds.values()].at(-1);
  const running = job?.state === "running" || study?.elsewhere;
  at("progress").hidden = !(isOpen() && job.verb === "run" && state);
  if (!at("progress").hidden) drawProgress(at("progress"), state);
  at("stop").hidden = !isOpen() && !study?.elsewhere;
  at("stop").disabled = job?.stop === true;
  at("stop").textContent = text(isBeside(job) ? "redraw.stop" : "stop");
  at("resume").hidden = !job || isBeside(job) || isOpen() || !["stopped", "failed"].includes(job.state);
  at("dress").hidden = isOpen() || Boolean(study?.elsewhere);
  const kept = page.seeds.filter((seed) => seed.locked);
  const changed = changes();
  at("dress").textContent = changed.length ? text("dressNext") : text("dress");
  at("dress").disabled = !study || !kept.length || changed.some(([name]) => !name);
  drawSwaps(at("swaps"), isOpen() ? [] : changed, page.sets, page.references);
  at("scout").disabled = !study || isOpen();
  at("state").textContent = page.away ? text("away") : stateLine(job, study, running);
  at("state").classList.toggle("wrong", page.away || job?.state === "failed");
  at("hint").textContent = hint(kept, changed);
  const beside = document.querySelector("#results .beside");
  const { told, done } = live.jobId === job?.id ? live : {};
  if (beside) drawBeside(beside, page.seed, { job, told, done, refused: page.refused });
}

function stateLine(job, study, running) {
  if (study?.elsewhere && !isOpen()) return text("elsewhere", { who: study.elsewhere });
  if (!job) return "";
  if (job.stop && running) return text(isBeside(job) ? "redraw.stopping" : "stopping");
  if (job.state === "queued") return job.ahead ? text("queuedBehind", { n: job.ahead }) : text("queued");
  if (job.state === "failed") return text("failed", { why: job.why });
  return text(`${job.verb}.${job.state}`);
}

function hint(kept, changed) {
  if (!page.study) return text("hint.noStudy");
  if (isOpen()) return text("hint.leave");
  const [, misplaced] = changed.find(([name]) => !name) ?? [];
  if (misplaced) return text("hint.noPlace", { kind: text(`kind.${misplaced.kind}`) });
  if (changed.length && !kept.length) return text("hint.keepFirst");
  if (changed.length) {
    const [names, cards] = [0, 1].map((i) => changed.map((each) => (i ? each[i].name : each[i])).join(text("comma")));
    return text(changed.length > 1 ? "hint.swapMany" : "hint.swap", { name: names, card: cards });
  }
  if (!kept.length) return text(page.seeds.length ? "hint.keep" : "hint.scout");
  return text(kept.length === 1 ? "hint.dressOne" : "hint.dress", { n: kept.length, images: page.study.trials });
}

async function keep(seed, on) {
  const path = studyPath(page.study.id, `/seeds/${seed}/lock`);
  const seeds = await doing(() => ask(on ? "PUT" : "DELETE", path));
  if (seeds) page.seeds = seeds;
  draw();
}

async function dress() {
  const changed = changes();
  if (changed.length) {
    const wear = Object.fromEntries(changed.map(([name, card]) => [name, card.id]));
    const next = await doing(() => ask("POST", studyPath(page.study.id, "/swap"), { wear, references: Object.fromEntries(page.references) }));
    if (!next) return;
    page.references.clear();
    page.studies = (await doing(() => ask("GET", "api/studies"))) ?? page.studies;
    drawStudies();
    await open(next.id);
    if (next.notes.length) {
      // Such as a prompt that still names the old dress: a person looks before anything is drawn.
      const lines = next.notes.map((note) => make("p", { class: "note", text: note }));
      at("notes").replaceChildren(...lines, make("p", { class: "soft", text: text("lookFirst", { folder: next.folder }) }));
      return;
    }
  }
  await start("/run", {});
}

/** Asks for a job; its state then comes as an event. */
async function start(rest, body) {
  const job = await doing(() => ask("POST", studyPath(page.study.id, rest), body));
  if (!job) return;
  page.job = job;
  page.story = null;
  live.forget();
  at("arrived").replaceChildren();
  draw();
}

function onJob(job) {
  const was = page.job;
  page.job = job;
  if (was?.id !== job?.id) page.refused = null;
  const ended = job && !isOpen() && (was?.id !== job.id || was.state !== job.state);
  drawState();
  if (job?.state === "failed") sayWhy();
  if (ended && isBeside(job)) loadStory();
  else if (ended || (job?.verb === "scout" && job.state === "running")) watchSeeds();
}

/** Why it failed in the page's language: events are told in the browser's. */
async function sayWhy() {
  const { study, job } = page;
  const found = await ask("GET", studyPath(study.id)).catch(() => null);
  if (!found?.job || page.job?.id !== found.job.id || page.job !== job) return;
  page.job = found.job;
  drawState();
}

/** While seeds are scouted their images appear one by one. */
async function watchSeeds() {
  const { study, job } = page;
  await loadSeeds();
  if (page.job?.verb === "scout" && page.job.state === "running" && page.study === study) {
    clearTimeout(watchSeeds.timer);
    watchSeeds.timer = setTimeout(watchSeeds, 1500);
  } else if (page.job === job && !page.story) await loadStory();
}

function onNews(state) {
  if (isOpen() && page.seed !== state.seed && !page.story) page.seed = state.seed;
  if (isOpen() && page.seed === state.seed && !state.ended) page.story = null;
  if (page.seed !== state.seed) return;
  at("results").hidden = page.story === null;
  drawArrived(at("arrived"), state);
  drawStage();
  drawState();
}

async function onPick(seed, goesOn) {
  Object.assign(live.seeds.get(seed) ?? {}, { ended: true });
  if (!goesOn && page.story) return;
  await loadSeeds();
  if (page.seed === seed) await loadStory();
}

function onAway(away) {
  page.away = away;
  drawState();
}

const acts = {
  async make(verb) {
    const { study, seed, story } = page;
    const body = await (verb === "mend" ? askParts(story) : askSize(story));
    if (!body) return;
    page.refused = null;
    const refuse = (line) => { page.refused = line; };
    const job = await doing(() => ask("POST", studyPath(study.id, `/seeds/${seed}/${verb}`), body), refuse);
    if (job) page.job = job;
    drawState();
  },
  stop: () => doing(() => ask("POST", studyPath(page.study.id, "/stop"), {})),
  async pick(trial) {
    const story = await doing(() => ask("PUT", studyPath(page.study.id, `/seeds/${page.seed}/pick`), { trial }));
    if (story) page.story = story;
    draw();
    at("stage").scrollIntoView({ block: "nearest" });
  },
  async level(lora, least) {
    const done = await doing(() => ask("PUT", studyPath(page.study.id, "/levels"), { require: { [lora]: least } }));
    if (done) await loadStory();
  },
  take: (target) => doing(() => ask("POST", studyPath(page.study.id, `/seeds/${page.seed}/exports/${target}`))),
  dashboards: () => doing(() => ask("POST", studyPath(page.study.id, "/dashboards"))),
  scout: () => start("/scout", { seeds: Math.min(256, Math.max(page.study.scout, page.seeds.length + 8)) }),
};

async function newOutfit() {
  const cards = page.cards.filter((card) => page.chosen.has(card.id));
  const lead = cards.length ? text("newLead", { cards: cards.map((card) => card.name).join(text("comma")) }) : text("newLeadAny");
  const name = await typed({ title: text("newOutfit"), lead: `${lead}${text("space")}${text("newOnePerson")}`, label: text("name"), ok: text("make") });
  if (!name) return;
  const made = await doing(() => ask("POST", "api/studies", { name, wear: cards.map((card) => card.id) }));
  if (!made) return;
  page.studies = (await doing(() => ask("GET", "api/studies"))) ?? page.studies;
  drawStudies();
  await open(made.id);
}

async function onLanguage() {
  const { seed } = page;
  page.refused = null;
  if (page.study) {
    page.seeds = (await doing(() => ask("GET", studyPath(page.study.id, "/seeds")))) ?? page.seeds;
    page.seed = seed;
  }
  draw();
  if (page.job?.state === "failed") await sayWhy();
  if (page.story) await loadStory();
}

/** Cards that came meanwhile, such as a LoRA that was trained from photos. */
async function lookAgain() {
  if (document.hidden) return;
  const found = await ask("GET", "api/wardrobe").catch(() => null);
  if (!found || JSON.stringify(found.loras) === JSON.stringify(page.cards)) return;
  [page.cards, page.wrong] = [found.loras, found.wrong];
  draw();
}

at("study").addEventListener("change", ({ target }) => open(target.value));
document.addEventListener("visibilitychange", lookAgain);
at("new").addEventListener("click", newOutfit);
at("dress").addEventListener("click", dress);
at("stop").addEventListener("click", () => acts.stop());
at("resume").addEventListener("click", () => start("/resume"));
at("scout").addEventListener("click", () => acts.scout());

await speakBoth(onLanguage);
await load();
