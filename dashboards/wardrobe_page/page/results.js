// What was found at a seed: before and after, the weights and why they cannot be lower, each LoRA alone, and the files to take home.

import { besideSection } from "./beside.js";
import { button, frame, make } from "./make.js";
import { fittingRoom, tradeOff } from "./room.js";
import { text } from "./texts.js";

const TARGETS = ["png", "a1111", "comfyui", "diffusers", "lora"];

/** `on` has `pick(trial)`, `level(lora, least)`, `take(target)`, `dashboards()`, `scout()`, `make(verb)` and `stop()`; all are asynchronous. */
export function drawResults(place, story, on) {
  const trial = story.trials[story.pick ?? story.nearest];
  place.replaceChildren(
    head(story, trial, on), compare(story, trial), scores(story, trial), besideSection(story, on),
    ...[mended(story, trial), large(story, trial), proof(story)].filter(Boolean), fittingRoom(story, on), tradeOff(story, on), ladders(story, on), home(story, on),
  );
}

function framed(judged, alt, options = {}) {
  return frame(judged.image, alt, { bare: judged.bare, size: judged.size, show: text("show"), blur: text("blur"), ...options });
}

function section(name, title, lead, ...children) {
  return make("section", { class: name, "aria-labelledby": `title-${name}` }, make("h3", { id: `title-${name}`, text: text(title) }),
    lead ? make("p", { class: "lead", text: text(lead) }) : null, ...children);
}

function head(story, trial, on) {
  const title = make("h2", { class: trial.mark, text: story.claim });
  if (story.pick !== null) title.append(make("span", { class: "total", text: text("total", { total: shownNumber(trial.cost) }) }));
  const next = story.pick === null
    ? make("p", { class: "acts" }, button(text("scoutMore"), () => on.scout(), { class: "main" }), make("a", { href: "#title-ladders", text: text("lowerLevel") }))
    : null;
  const back = story.by_hand ? button(text("backToSearch"), () => on.pick(null)) : null;
  const notes = story.notes.map((note) => make("p", { class: "note", text: note }));
  return make("header", { class: "verdict" }, make("p", { class: "eyebrow", text: text("seed", { seed: story.seed }) }), title,
    make("p", { text: story.reason }), ...notes, next, back, weights(story.dials, trial.at));
}

function weights(dials, at) {
  const tiles = dials.map((dial, i) => make("div", {}, make("dt", { text: dial.name }), make("dd", { text: dialValue(dial, at[i]) }),
    make("dd", { class: "soft", text: text("startAt", { value: dialValue(dial, dial.start) }) })));
  return make("dl", { class: "weights" }, ...tiles);
}

/** Two images over each other; the slider says how much of each is seen. */
function compare(story, trial) {
  const after = framed(trial, text("afterAlt", { verdict: trial.verdict }), { eager: true });
  const before = make("img", { class: "before", alt: "" });
  const slider = make("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": text("compareBy") });
  const show = () => { before.style.clipPath = `inset(0 ${100 - slider.value}% 0 0)`; line.style.insetInlineStart = `${slider.value}%`; };
  const line = make("span", { class: "line", "aria-hidden": "true" });
  const choices = [["start", story.start], ["plain", story.plain]].map(([name, judged], i) => {
    const choose = () => {
      before.src = judged.image;
      before.alt = text(`${name}Alt`);
      before.classList.toggle("bare", judged.bare);
      for (const other of group.children) other.setAttribute("aria-pressed", String(other.dataset.name === name));
      group.dataset.shown = name;
      caption.textContent = text(`${name}Line`);
    };
    return button(text(name), choose, { "data-name": name, "aria-pressed": String(i === 0) });
  });
  const group = make("p", { class: "views", role: "group", "aria-label": text("compareWith") }, ...choices);
  const caption = make("span", { class: "soft" });
  slider.addEventListener("input", show);
  after.append(before, line);
  choices[0].click();
  show();
  return section("compare", "beforeAfter", null, group, make("figure", { class: "shot" }, after, slider,
    make("figcaption", {}, caption, make("span", { class: "soft after", text: text(story.pick === null ? "nearestLine" : "pickLine") }))));
}

function scores(story, trial) {
  const columns = [["column.pick", trial], ["column.start", story.start], ["column.plain", story.plain]];
  if (story.pick === null) columns[0][0] = "column.nearest";
  columns.splice(1, 0, ...["mended", "large"].filter((name) => story[name]).map((name) => [`column.${name}`, story[name]]));
  const rows = story.needs.map((need, i) => make("tr", {}, make("th", { scope: "row", text: need.name }, make("span", { class: "soft", text: limit(need) })),
    ...columns.map(([, judged]) => score(need, judged, i, judged !== story.plain))));
  const parts = Object.entries(story.parts).map(([name, words]) => make("li", { text: `${name}${text("colon")}${words.join(text("comma"))}` }));
  return section("scores", "scores", "calibrated", make("div", { class: "wide", tabindex: 0, role: "region", "aria-label": text("scoresTable") }, make("table", {},
    make("thead", {}, make("tr", {}, make("th", { scope: "col", text: text("requirement") }), ...columns.map(([name]) => make("th", { scope: "col", text: text(name) })))),
    make("tbody", {}, ...rows))), parts.length ? make("ul", { class: "parts" }, ...parts) : null);
}

/** The picture that is kept beside the pick's, what was redrawn framed in both. */
function mended(story, trial) {
  const { mended: after } = story;
  if (!after) return null;
  const shot = (judged, alt, caption, words, tone) => {
    const shown = framed(judged, alt);
    for (const { part, mask: [left, top, right, bottom] } of after.redrawn) {
      const box = make("span", { class: "redrawn", title: part });
      Object.assign(box.style, { left: share(left), top: share(top), width: share(right - left), height: share(bottom - top) });
      shown.append(box);
    }
    return make("figure", { class: "shot" }, shown, make("figcaption", {}, make("strong", { text: `${caption} ` }), make("span", { class: tone, text: words })));
  };
  return section("mended", "mended", "mendedLead", make("div", { class: "strip" },
    shot(trial, text("mended.beforeAlt", { number: trial.number }), text("mended.before"), trial.verdict),
    shot(after, text("mended.afterAlt", { number: trial.number }), text("mended.after"), after.words, after.feasible ? "met" : "unmet")));
}

/** The large picture beside what it was made of, both as wide. */
function large(story, trial) {
  const { large: after } = story;
  if (!after) return null;
  const shot = (judged, alt, caption, words, tone, ...rest) => make("figure", { class: "shot" }, framed(judged, alt),
    make("figcaption", {}, make("strong", { text: `${caption} ` }), make("span", { class: tone, text: words }), ...rest));
  const whole = make("a", { href: after.image, target: "_blank", rel: "noopener", text: text("large.whole", { size: after.size.join(" × ") }) });
  const [before, words] = after.of_mended ? [story.mended, story.mended.words] : [trial, trial.verdict];
  const tries = after.tries.map((line) => make("span", { class: "soft", text: line }));
  return section("large", "large", "largeLead", make("div", { class: "strip" },
    shot(before, text("large.beforeAlt", { number: trial.number }), text("large.before"), words),
    shot({ ...after, image: `${after.image}?size=large` }, text("large.afterAlt", { number: trial.number }), text("large.after"), after.words, after.feasible ? "met" : "unmet",
      ...tries, make("span", { class: "soft" }, whole))), make("div", { class: "parts" }, ...Object.entries(after.parts).map(([part, box]) => closely(part, box, before, after))));
}

/** One part of both pictures, pixel for pixel of the large one. */
function closely(part, [left, top, right, bottom], before, after) {
  const name = text(`part.${part}`);
  const cut = (judged, words) => {
    const shown = framed({ ...judged, size: after.size }, `${name}${text("colon")}${words}`);
    const [width, height] = [right - left, bottom - top];
    Object.assign(shown.querySelector("img").style, { width: share(1 / width), left: share(-left / width), top: share(-top / height) });
    shown.style.width = `${Math.round(width * after.size[0])}px`;
    return make("figure", { class: "shot" }, shown, make("figcaption", { class: "soft", text: words }));
  };
  return make("div", {}, make("h4", { text: name }), make("div", { class: "both" }, cut(before, text("large.before")), cut(after, text("large.after"))));
}

const share = (part) => `${(100 * part).toFixed(2)}%`;

export function limit(need) {
  return need.whose ? `${need.whose}${text("colon")}${limitAlone(need)}` : limitAlone(need);
}

function limitAlone(need) {
  if (need.counted) return text("asInStart");
  if (need.limit === null) return text("onlyReported");
  if (need.measure === "distinct") return text("ownFace");
  return text(need.least ? "atLeast" : "atMost", { limit: shownNumber(need.limit) });
}

function score(need, judged, place, required) {
  const shown = need.counted ? judged.faults[place].join(text("comma")) || text("sound") : shownNumber(judged.scores[place]);
  const cell = make("td", { text: shown });
  if (!required || (need.limit === null && !need.counted)) return cell;
  const met = !judged.breaks.some(([broken]) => broken === place);
  cell.className = met ? "met" : "unmet";
  cell.append(" ", make("b", { class: "mark", role: "img", "aria-label": text(met ? "met" : "unmet"), text: met ? "✓" : "✗" }));
  return cell;
}

function proof(story) {
  if (!story.proof) return null;
  const cards = story.proof.steps.map(({ name, place, why, weight, below }) => {
    if (place === null) return make("p", { class: "note", text: text("notLower", { name, why }) });
    const trial = story.trials[place];
    const dial = story.dials.findIndex((each) => each.name === name);
    const value = dialValue(story.dials[dial], weight ?? trial.at[dial]);
    const lower = below ? [" ", make("span", { class: "soft", text: text("allLower", { off: below }) })] : [];
    return make("figure", { class: "shot" }, framed(trial, text("lowerAlt", { name, value, verdict: trial.verdict })),
      make("figcaption", {}, make("strong", { text: `${name} ${value} ` }), make("em", { class: trial.mark, text: trial.verdict }), ...lower));
  });
  const bounds = story.proof.at_bound.map((name) => make("p", { class: "note", text: text("atBound", { name }) }));
  return section("proof", story.proof.complete ? "whyNoLower" : "oneLower", "proofLead", make("div", { class: "strip" }, ...cards, ...bounds));
}

function ladders(story, on) {
  const rows = story.ladders.map(({ lora, steps }) => {
    const need = story.needs.find((each) => each.name === lora);
    const cards = steps.map((step) => {
      const shown = step.score === null ? text("notMeasurable") : shownNumber(step.score);
      const alt = text("aloneAlt", { name: lora, weight: step.weight, score: shown });
      const least = Number(shown);
      const asked = step.score > 0 && least > 0 && least <= 1;
      const label = text("requireIt", { least: shown, name: lora });
      const level = asked ? button(shown, () => on.level(lora, least), { class: "ask", title: label, "aria-label": label }) : make("span", { text: shown });
      return make("figure", { class: "shot" }, framed(step, alt), make("figcaption", {}, make("strong", { text: `${[step.weight, step.files?.[lora]].filter((part) => part !== undefined).join(" ")} ` }), level,
        make("span", { class: "soft", text: text("raw", { raw: step.raw.toFixed(3) }) })));
    });
    const chosen = make("input", { type: "number", min: 0.05, max: 1, step: 0.05, value: need?.limit ?? 0.7, "aria-label": text("levelOf", { name: lora }) });
    const set = make("p", { class: "level" }, make("span", { text: text("levelNow", { name: lora }) }), " ", chosen, " ",
      button(text("setLevel"), () => chosen.reportValidity() && on.level(lora, Number(chosen.value))));
    const few = steps.length === 1 ? make("p", { class: "soft", text: text("oneRung", { name: lora }) }) : null;
    return make("div", {}, make("h4", { text: lora }), set, few, make("div", { class: "strip", tabindex: 0, role: "region", "aria-label": text("aloneRegion", { name: lora }) }, ...cards));
  });
  return section("ladders", "eachAlone", "laddersLead", make("div", { class: "rungs" }, ...rows));
}

function home(story, on) {
  const status = make("div", { class: "taken", role: "status" });
  const take = async (target, { currentTarget }) => {
    currentTarget.disabled = true;
    status.replaceChildren(make("p", { class: "soft", text: text("writing") }));
    const made = await on.take(target);
    currentTarget.disabled = false;
    status.replaceChildren();
    if (!made) return;
    const links = made.files.map((file) => make("li", {}, file.address ? make("a", { href: file.address, download: file.name, text: file.name }) : make("span", { text: file.name })));
    status.replaceChildren(make("ul", {}, ...links), ...made.notes.map((note) => make("p", { class: "soft", text: note })));
    status.querySelector("a[download]")?.click();
  };
  const buttons = TARGETS.map((target) => button(text(`to.${target}`), (event) => take(target, event), { disabled: story.pick === null }));
  const links = make("p", { class: "links" }, button(text("dashboards"), async ({ currentTarget }) => {
    currentTarget.disabled = true;
    const found = await on.dashboards();
    currentTarget.disabled = false;
    if (found) links.replaceChildren(...["mlflow", "optuna"].map((name) => make("a", { href: found[name], target: "_blank", rel: "noopener", text: text(name) })));
  }));
  return section("home", "takeHome", "takeHomeLead", make("p", { class: "acts" }, ...buttons), status, links);
}
