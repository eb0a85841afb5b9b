// The fitting room: sliders, the nearest drawn image, its scores, and the estimate.

class FittingRoom {
  constructor(room, story) {
    this.story = story;
    this.figure = room.querySelector("figure");
    this.sliders = [...room.querySelectorAll("input[type=range]")];
    this.rows = [...room.querySelectorAll("tbody tr")];
    this.guessed = room.querySelector(".guessed");
    for (const slider of this.sliders) slider.addEventListener("input", () => this.show());
    room.querySelector(".moves").addEventListener("click", (event) => this.jump(event.target.dataset.move));
    this.show();
  }

  get at() {
    return this.sliders.map((slider) => Number(slider.value));
  }

  jump(move) {
    const { dials, trials, pick, nearest: closest } = this.story;
    if (move === "start") this.moveTo(dials.map((dial) => dial.start));
    if (move === "chosen") this.moveTo(trials[pick ?? closest].at);
    if (move === "nearest") this.moveTo(trials[nearest(dials, trials, this.at).place].at);
  }

  moveTo(at) {
    this.sliders.forEach((slider, i) => { slider.value = at[i]; });
    this.show();
  }

  show() {
    const { dials, needs, trials } = this.story;
    const { at } = this;
    this.sliders.forEach((slider, i) => { slider.nextElementSibling.textContent = dialValue(dials[i], at[i]); });
    const { place, steps } = nearest(dials, trials, at);
    const trial = trials[place];
    const { verdict } = trial;
    const told = { number: trial.number, weights: weightsLine(dials, trial.at), verdict, rated: ratingLine(trial), steps: stepsLine(steps) };
    showShot(this.figure, trial, said("trial {number}: {weights}; {verdict}", told));
    writeCaption(this.figure, said("Trial {number}, {steps}: {weights}; {verdict}{rated}", told));
    const guesses = needs.map((need, i) => (need.counted ? null : estimate(dials, trials, at, i)));
    this.rows.forEach((row, i) => this.fill(row, i, trial, guesses[i]));
    this.showEstimate(guesses);
  }

  fill(row, place, trial, guess) {
    const need = this.story.needs[place];
    const seen = row.querySelector(".seen");
    const shown = need.counted ? trial.faults[place].join(said(", ")) || said("sound") : shownNumber(trial.scores[place]);
    mark(seen, shown, need.limit === null && !need.counted ? null : !trial.breaks.some(([broken]) => broken === place));
    const missed = missedBy(need, guess);
    mark(row.querySelector(".guess"), shownNumber(guess), missed === null ? null : missed === 0);
  }

  showEstimate(guesses) {
    const { needs } = this.story;
    const broken = needs.filter((need, i) => missedBy(need, guesses[i]) > 0).map((need) => need.name);
    const verdict = broken.length ? said("may break {names}", { names: broken.join(", ") }) : said("may meet every requirement");
    const left = needs.filter((need) => need.counted).map((need) => said(" The {name} is not estimated.", { name: need.name })).join("");
    this.guessed.textContent = said("Estimate: {verdict}.", { verdict }) + left;
  }
}

/** Writes a score with its mark; `met` is null where there is nothing to meet. */
function mark(cell, shown, met) {
  cell.textContent = met === null ? shown : `${shown} ${met ? "✓" : "✗"}`;
  cell.classList.toggle("met", met === true);
  cell.classList.toggle("unmet", met === false);
}
