// Numbers and sentences, as the page writes them. They reach the page as text and never as HTML.

/** A sentence in the language of the page, which the book has by its English, with its values in place of their names. */
function said(sentence, values = {}) {
  const { words } = said;
  return ((words && words[sentence]) ?? sentence).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

function shownNumber(value) {
  return value === null ? "–" : value.toFixed(2);
}

/** With as many decimals as the steps of its dial need; a file by its name. */
function dialValue(dial, value) {
  if (dial.labels) return dial.labels[Math.round(value)];
  if (dial.step >= 0.5) return String(Number(value.toFixed(3)));
  const hundredths = dial.step * 100;
  return value.toFixed(Math.abs(hundredths - Math.round(hundredths)) < 1e-6 ? 2 : 3);
}

function weightsLine(dials, at) {
  return dials.map((dial, i) => `${dial.name} ${dialValue(dial, at[i])}`).join(", ");
}

/** "; rated 4 of 5 ...", or nothing: a person's rating of a trial. */
function ratingLine(trial) {
  return trial.rating ? said("; rated {rating}", { rating: trial.rating }) : "";
}

function stepsLine(steps) {
  if (steps < 1e-6) return said("drawn exactly here");
  return said(steps.toFixed(1) === "1.0" ? "1 step away" : "{steps} steps away", { steps: Number(steps.toFixed(1)) });
}
