// The photo with its two boxes: drawn, moved and sized by the pointer.

import { area, between, handleAt, holds, moved, resized } from "./geometry.js";

const SVG = "http://www.w3.org/2000/svg";
const REACH = 11;
const LEAST = 0.01;
const CURSORS = { n: "ns", s: "ns", e: "ew", w: "ew", nw: "nwse", se: "nwse", ne: "nesw", sw: "nesw" };
const HANDLES = [[0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1], [0.5, 1], [0, 1], [0, 0.5]];

const frame = document.getElementById("frame");
const photo = document.getElementById("photo");
const marks = document.getElementById("marks");
const stage = document.getElementById("stage");

/** Lets `onBox(kind, box, isNew)` know of each box that was drawn or changed, and `onPick(kind)` of a click on another box. `current()` gives
 * {thing, wearer, active, locked}. */
export function openStage(current, onBox, onPick) {
  let drag = null;

  const point = (event) => {
    const place = frame.getBoundingClientRect();
    return [(event.clientX - place.left) / place.width, (event.clientY - place.top) / place.height];
  };
  const reach = () => [REACH / frame.clientWidth, REACH / frame.clientHeight];

  function start(event) {
    const state = current();
    if (event.button !== 0 || state.locked) return;
    stage.focus({ preventScroll: true });
    const at = point(event);
    const box = state[state.active];
    const handle = box ? handleAt(box, at, reach()) : "";
    drag = { kind: state.active, from: at, box, handle, mode: handle ? "size" : holds(box, at) ? "move" : "draw", made: null };
    frame.setPointerCapture(event.pointerId);
    event.preventDefault();
  }

  function go(event) {
    if (!drag) {
      hover(event);
      return;
    }
    const at = point(event);
    if (drag.mode === "size") drag.made = resized(drag.box, drag.handle, at);
    else if (drag.mode === "move") drag.made = moved(drag.box, at[0] - drag.from[0], at[1] - drag.from[1]);
    else drag.made = between(drag.from, at);
    draw({ ...current(), [drag.kind]: drag.made });
  }

  function end(event) {
    if (!drag) return;
    const { kind, made, from, mode } = drag;
    drag = null;
    const still = Math.hypot((point(event)[0] - from[0]) * frame.clientWidth, (point(event)[1] - from[1]) * frame.clientHeight) < 4;
    if (still) pick(from);
    else if (made && made[2] - made[0] >= LEAST && made[3] - made[1] >= LEAST) onBox(kind, made, mode === "draw");
    draw(current());
  }

  function pick(at) {
    const state = current();
    const under = ["thing", "wearer"].filter((kind) => holds(state[kind], at)).sort((a, b) => area(state[a]) - area(state[b]));
    if (under.length) onPick(under[0]);
  }

  function hover(event) {
    const state = current();
    const box = state[state.active];
    const handle = box ? handleAt(box, point(event), reach()) : "";
    frame.style.cursor = state.locked ? "default" : handle ? `${CURSORS[handle]}-resize` : holds(box, point(event)) ? "move" : "crosshair";
  }

  frame.addEventListener("pointerdown", start);
  frame.addEventListener("pointermove", go);
  frame.addEventListener("pointerup", end);
  frame.addEventListener("pointercancel", cancel);
  new ResizeObserver(() => fit()).observe(stage);

  /** Ends a drag without a trace; whether there was one. */
  function cancel() {
    const had = drag !== null;
    drag = null;
    if (had) draw(current());
    return had;
  }

  return { draw, cancel };
}

/** Sizes the photo to its place, never enlarged more than threefold. */
export function fit() {
  if (!photo.naturalWidth) return;
  const style = getComputedStyle(stage);
  const width = stage.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  const height = stage.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
  const scale = Math.min(width / photo.naturalWidth, height / photo.naturalHeight, 3);
  frame.style.width = `${Math.max(1, Math.floor(photo.naturalWidth * scale))}px`;
  frame.style.height = `${Math.max(1, Math.floor(photo.naturalHeight * scale))}px`;
}

function draw(state) {
  marks.replaceChildren();
  frame.classList.toggle("left-out", state.locked);
  if (state.locked) return;
  const order = state.active === "thing" ? ["wearer", "thing"] : ["thing", "wearer"];
  for (const kind of order) if (state[kind]) marks.append(mark(kind, state[kind], state.active === kind));
}

function mark(kind, box, active) {
  const group = document.createElementNS(SVG, "g");
  group.setAttribute("class", `${kind}${active ? "" : " idle"}`);
  for (const name of ["under", "line"]) group.append(rectangle(name, box[0], box[1], box[2] - box[0], box[3] - box[1]));
  if (active) {
    for (const [x, y] of HANDLES) {
      const dot = document.createElementNS(SVG, "circle");
      dot.setAttribute("class", "handle");
      dot.setAttribute("r", "5");
      dot.setAttribute("cx", percent(box[0] + x * (box[2] - box[0])));
      dot.setAttribute("cy", percent(box[1] + y * (box[3] - box[1])));
      group.append(dot);
    }
  }
  return group;
}

function rectangle(name, x, y, width, height) {
  const made = document.createElementNS(SVG, "rect");
  made.setAttribute("class", name);
  for (const [key, value] of Object.entries({ x, y, width, height })) made.setAttribute(key, percent(value));
  return made;
}

function percent(share) {
  return `${(share * 100).toFixed(4)}%`;
}
