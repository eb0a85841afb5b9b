// The look-book's fitting room and trade-off plot, with a button each that takes what is shown.

import { limit } from "./results.js";
import { button, frame, make } from "./make.js";
import { text } from "./texts.js";

function figure(story, alt) {
  const trial = story.trials[story.pick ?? story.nearest];
  const framed = frame(trial.image, alt, { bare: trial.bare, size: trial.size, show: text("show"), blur: text("blur") });
  return make("figure", { class: "shot" }, framed, make("figcaption", { class: "caption", "aria-live": "polite" }));
}

function section(name, title, lead, ...children) {
  return make("section", { class: name, "aria-labelledby": `title-${name}` }, make("h3", { id: `title-${name}`, text: text(title) }),
    make("p", { class: "lead", text: text(lead) }), ...children);
}

export function fittingRoom(story, on) {
  const trial = story.trials[story.pick ?? story.nearest];
  const dials = story.dials.map((dial, i) => make("div", { class: "dial" }, make("label", { for: `dial-${i}`, text: dial.name }),
    make("input", { type: "range", id: `dial-${i}`, min: dial.low, max: dial.high, step: dial.step, value: trial.at[i] }), make("output", { for: `dial-${i}` })));
  const rows = story.needs.map((need) => make("tr", {}, make("th", { scope: "row", text: need.name }, make("span", { class: "soft", text: limit(need) })),
    make("td", { class: "seen" }), make("td", { class: "guess" })));
  const moves = [["chosen", story.pick === null ? "nearest" : "pick"], ["start", "start"], ["nearest", "toNearest"]];
  const heads = ["requirement", "nearestImage", "estimate"].map((name) => make("th", { scope: "col", text: text(name) }));
  const take = button(text("take"), () => on.pick(story.trials[nearest(story.dials, story.trials, room.at).place].number), { class: "main" });
  const made = section("fitting", "fittingRoom", "fittingLead", make("div", { class: "room" }, figure(story, text("nearestImage")),
    make("div", { class: "controls" }, make("fieldset", {}, make("legend", { text: text("weights") }), ...dials),
      make("p", { class: "moves" }, ...moves.map(([move, name]) => button(text(name), () => {}, { "data-move": move })), take),
      make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows)), make("p", { class: "guessed soft", "aria-live": "polite" }))));
  const room = new FittingRoom(made, story);
  made.room = room;
  return made;
}

export function tradeOff(story, on) {
  const views = story.views.map((view, i) => button(view.label, () => {}, { "data-view": view.measure, "aria-pressed": String(i === 0) }));
  const legend = make("p", { class: "legend" }, ...story.legend.map((mark) => make("span", { class: mark.name }, make("b", { text: mark.letter }), ` ${mark.word}`)),
    story.pick === null ? null : make("span", { class: "chosen", text: text("pick") }));
  const chart = make("div", { class: "chart" }, legend);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("role", "listbox");
  svg.setAttribute("aria-label", text("plotKeys"));
  chart.prepend(svg);
  const take = button(text("take"), () => on.pick(story.trials[trade.current].number), { class: "main" });
  const shown = figure(story, text("trialImage"));
  const made = section("trade", "tradeOff", "tradeLead", make("p", { class: "views", role: "group", "aria-label": text("plotShows") }, ...views),
    make("div", { class: "board" }, chart, make("div", { class: "aside" }, shown, take)));
  const trade = new TradeOffs(made, story, (trial) => document.querySelector("#results .fitting")?.room.moveTo(trial.at));
  return made;
}
