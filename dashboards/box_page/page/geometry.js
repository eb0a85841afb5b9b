// Boxes are [left, top, right, bottom] in shares of the photo's sides. Pure functions.

/** The box between two points, inside the photo. */
export function between(a, b) {
  const [x0, y0, x1, y1] = [a[0], a[1], b[0], b[1]].map((side) => Math.min(1, Math.max(0, side)));
  return [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
}

/** The box moved by (dx, dy), stopped by the photo's edges. */
export function moved(box, dx, dy) {
  const x = Math.min(1 - box[2], Math.max(-box[0], dx));
  const y = Math.min(1 - box[3], Math.max(-box[1], dy));
  return [box[0] + x, box[1] + y, box[2] + x, box[3] + y];
}

/** The box with the named sides ("n", "se" ...) at a point; sides that cross change places. */
export function resized(box, sides, point) {
  const [x, y] = point;
  const made = [
    sides.includes("w") ? x : box[0], sides.includes("n") ? y : box[1],
    sides.includes("e") ? x : box[2], sides.includes("s") ? y : box[3],
  ];
  return between([made[0], made[1]], [made[2], made[3]]);
}

/** Which handle of the box is within `reach` (a share of each side) of the point; "" for none. */
export function handleAt(box, point, reach) {
  const near = (a, b, r) => Math.abs(a - b) <= r;
  const across = near(point[0], box[0], reach[0]) ? "w" : near(point[0], box[2], reach[0]) ? "e" : "";
  const down = near(point[1], box[1], reach[1]) ? "n" : near(point[1], box[3], reach[1]) ? "s" : "";
  const inside = point[0] >= box[0] - reach[0] && point[0] <= box[2] + reach[0] && point[1] >= box[1] - reach[1] && point[1] <= box[3] + reach[1];
  return inside ? down + across : "";
}

export function holds(box, point) {
  return box !== null && point[0] >= box[0] && point[0] <= box[2] && point[1] >= box[1] && point[1] <= box[3];
}

export function area(box) {
  return (box[2] - box[0]) * (box[3] - box[1]);
}

/** The smallest box that holds both. */
export function around(a, b) {
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

/** What an arrow key makes of the active box: one in the middle if there is none, else moved, or sized at its lower right corner. */
export function nudged(drawn, active, [dx, dy], sizing) {
  const { thing, [active]: box } = drawn;
  if (!box) return active === "wearer" && thing ? around(thing, [0.2, 0.05, 0.8, 0.95]) : [0.25, 0.25, 0.75, 0.75];
  if (!sizing) return moved(box, dx, dy);
  const least = Math.max(Math.abs(dx), Math.abs(dy));
  return between([box[0], box[1]], [Math.max(box[0] + least, box[2] + dx), Math.max(box[1] + least, box[3] + dy)]);
}
