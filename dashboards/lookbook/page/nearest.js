// Which drawn trial lies nearest to where the sliders stand, and what the scores may be there. Nothing here touches the page.

/** How many steps `a` and `b` lie apart over all dials together: the length of the straight line between them. */
function stepsApart(dials, a, b) {
  return Math.hypot(...dials.map((dial, i) => (a[i] - b[i]) / dial.step));
}

/** The place of the nearest trial and its distance in steps; of equals the one that costs least. */
function nearest(dials, trials, at) {
  const found = { place: -1, steps: Infinity };
  trials.forEach((trial, place) => {
    const steps = stepsApart(dials, trial.at, at);
    const closer = steps < found.steps - 1e-9;
    const cheaper = () => steps < found.steps + 1e-9 && trial.cost < trials[found.place].cost;
    if (closer || cheaper()) Object.assign(found, { place, steps });
  });
  return found;
}

/**
 * The score of need `index` at `at`: the mean over all trials that have one, each weighted by 1 / distance squared; a trial that
 * stands there is the answer itself. Null where no trial has a score.
 */
function estimate(dials, trials, at, index) {
  let sum = 0;
  let weights = 0;
  for (const trial of trials) {
    const score = trial.scores[index];
    if (score === null || trial.failed) continue;
    const steps = stepsApart(dials, trial.at, at);
    if (steps < 1e-6) return score;
    sum += score / steps ** 2;
    weights += 1 / steps ** 2;
  }
  return weights ? sum / weights : null;
}
