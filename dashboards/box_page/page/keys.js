// What keys do on a photo that boxes are drawn on.

const STEP = 0.01;

export const KEYS = {
  1: "thing", t: "thing", 2: "wearer", w: "wearer", n: "nobody", s: "skip", f: "whole", r: "again", delete: "clear", backspace: "clear",
  z: "undo", u: "undo", pageup: "before", enter: "next", pagedown: "next",
};
/** Shares of the photo's sides. */
export const ARROWS = { arrowleft: [-STEP, 0], arrowright: [STEP, 0], arrowup: [0, -STEP], arrowdown: [0, STEP] };
