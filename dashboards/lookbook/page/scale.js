// From values to places on a drawing. Nothing here touches the page.

/** A straight map of [low, high] to [from, to]; a range without extent maps to the middle. */
function scale([low, high], [from, to]) {
  return (value) => (high > low ? from + ((value - low) / (high - low)) * (to - from) : (from + to) / 2);
}

/** Round values that cover [low, high] in at most about `count` steps of 1, 2 or 5 times a power of ten. */
function ticks(low, high, count) {
  const rough = Math.max(high - low, 1e-6) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough - 1e-12);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(Math.ceil(high / step - 1e-9), first + 1);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toFixed(6)));
}
