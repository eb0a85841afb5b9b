// What is drawn on a photo, as its buttons and keys change it, and what is still to be done there.

import { area, holds } from "./geometry.js";

/** Share of the photo's sides by which a thing may stick out of its wearer. */
const LEEWAY = 0.02;

/** The whole photo as the active box. */
const whole = (active) => ({ [active]: [0, 0, 1, 1], ...(active === "wearer" ? { nobody: false } : {}) });

/** The parts that an action changes; something falsy where it changes nothing. `before` is what the last photo had. */
export function edited(action, drawn, active, before) {
  if (action === "skip") return { skip: !drawn.skip };
  if (drawn.skip) return null;
  return {
    nobody: drawn.nobody ? { nobody: false } : { nobody: true, wearer: null },
    whole: whole(active),
    again: before && { ...before },
    clear: drawn[active] && { [active]: null },
  }[action];
}

/** What is still to be done on a photo, or what is odd about it; "" where nothing is. */
export function leftToDo({ thing, wearer, nobody, skip }) {
  if (skip) return "leftOut";
  if (!thing) return "thing";
  if (area(thing) > 0.97) return "close";
  if (nobody) return "alone";
  if (!wearer) return "wearer";
  const corners = [[thing[0] + LEEWAY, thing[1] + LEEWAY], [thing[2] - LEEWAY, thing[3] - LEEWAY]];
  return corners.every((corner) => holds(wearer, corner)) ? "" : "outside";
}
