// The pick's picture mended, or made larger: asked in a dialog, queued as runs are, told beside the buttons while it goes on.

import { button, make } from "./make.js";
import { text } from "./texts.js";

const at = (id) => document.getElementById(id);
const OPEN = ["queued", "running"];

/** Whether a job makes something of a picture that is there. */
export function isBeside(job) {
  return ["mend", "enlarge"].includes(job?.verb);
}

/** `on.make(verb)` is called for a button; `drawBeside` then says how far it is. */
export function besideSection(story, on) {
  const acts = ["mend", "enlarge"].map((verb) => {
    const press = ({ currentTarget }) => currentTarget.getAttribute("aria-disabled") !== "true" && on.make(verb);
    const why = whyNot(story, verb);
    return [button(text(`${verb}.open`), press, { "data-act": verb, disabled: why.length > 0, "aria-describedby": why.length ? `why-${verb}` : null }),
      why.length ? make("div", { id: `why-${verb}`, class: "why soft" }, ...why.map((line) => make("p", {}, make("strong", { text: `${text(`${verb}.title`)}${text("colon")}` }), line))) : null];
  });
  return make("section", { class: "beside", "aria-labelledby": "title-beside" }, make("h3", { id: "title-beside", text: text("beside") }),
    make("p", { class: "lead", text: text("besideLead") }),
    make("p", { class: "acts" }, ...acts.map(([act]) => act), button(text("redraw.stop"), () => on.stop(), { class: "halt", hidden: true })),
    make("p", { class: "refused", role: "alert", hidden: true }), ...acts.map(([, why]) => why),
    make("div", { class: "doing", hidden: true }, make("progress", { max: 1, value: 0, "aria-label": text("drawn") }), make("p", { class: "left soft" })), make("p", { class: "told", role: "status" }));
}

/** Why nothing of it can be made; empty where something can. */
function whyNot(story, verb) {
  if (verb === "enlarge") return story.enlargeable.why === null ? [] : [story.enlargeable.why];
  return story.mendable.some(({ why }) => why === null) ? [] : [...new Set(story.mendable.map(({ why }) => why))];
}

/** `told` and `done` are the job's last events of these names; `refused` is why nothing was queued. */
export function drawBeside(place, seed, { job, told, done, refused }) {
  const isOpen = OPEN.includes(job?.state);
  const mine = isBeside(job) && job.seeds.includes(seed);
  const running = mine && job.state === "running";
  for (const act of place.querySelectorAll("[data-act]")) act.setAttribute("aria-disabled", String(isOpen));
  place.querySelector(".halt").hidden = !(mine && isOpen);
  place.querySelector(".halt").disabled = job?.stop === true;
  const bar = place.querySelector("progress");
  place.querySelector(".doing").hidden = !(running && told);
  if (running && told) {
    [bar.max, bar.value] = [told.of, told.done];
    place.querySelector(".left").textContent = text("redraw.drawn", { done: told.done, of: told.of });
  }
  const line = refused ?? (mine && job.state === "failed" ? text("failed", { why: job.why }) : null);
  const fault = place.querySelector(".refused");
  fault.hidden = line === null;
  if (fault.textContent !== (line ?? "")) fault.textContent = line ?? "";
  const words = line === null ? lineOf(job, mine, isOpen, done) : "";
  if (place.querySelector(".told").textContent !== words) place.querySelector(".told").textContent = words;
}

function lineOf(job, mine, isOpen, done) {
  if (!mine) return isOpen ? text("beside.busy") : "";
  if (job.stop && job.state === "running") return text("redraw.stopping");
  if (job.state === "queued") return job.ahead ? text("queuedBehind", { n: job.ahead }) : text("queued");
  if (job.verb === "mend" && job.state === "finished" && done) return text(done.seeds.every((seed) => seed.kept) ? "mend.kept" : "mend.nothing");
  return text(`${job.verb}.${job.state}`);
}

/** The body of a mend; null where a person left it. */
export async function askParts(story) {
  const first = story.mendable.find(({ why }) => why === null)?.part;
  at("mend-parts").replaceChildren(make("legend", { text: text("mend.parts") }), ...story.mendable.map(({ part, why }) => make("div", {},
    make("label", { class: "tick" }, make("input", { type: "checkbox", value: part, checked: part === first, disabled: why !== null, "aria-describedby": why === null ? null : `no-${part}` }),
      make("span", { text: text(`part.${part}`) })), why === null ? null : make("p", { class: "soft", id: `no-${part}`, text: why }))));
  const parts = () => [...at("mend-parts").querySelectorAll("input:checked")].map(({ value }) => value);
  const show = () => { at("mend-ok").disabled = !parts().length; };
  at("mend-parts").onchange = show;
  show();
  return (await agreed(at("mend"))) ? { parts: parts() } : null;
}

/** The body of an enlarging; null where a person left it. */
export async function askSize(story) {
  const { size: [width, height] } = story.mended ?? story.trials[story.pick ?? story.nearest];
  const show = () => {
    const by = at("enlarge-by").valueAsNumber;
    const to = at("enlarge-by").validity.valid ? `${Math.round(width * by)} × ${Math.round(height * by)}` : "…";
    at("enlarge-size").textContent = text("enlarge.size", { from: `${width} × ${height}`, to });
  };
  at("enlarge-by").oninput = show;
  const { redraw: why } = story.enlargeable;
  at("enlarge-redraw").disabled = why !== null;
  if (why !== null) at("enlarge-redraw").checked = false;
  at("enlarge-why").textContent = why ?? text("enlarge.redrawLead");
  show();
  return (await agreed(at("enlarge"))) ? { by: at("enlarge-by").valueAsNumber, redraw: at("enlarge-redraw").checked } : null;
}

function agreed(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "ok"), { once: true });
  });
}
