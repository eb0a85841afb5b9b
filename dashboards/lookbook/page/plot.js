// The trade-off plot: cost against what it buys, one point for each trial, drawn to the size it has on the page.

const EDGE = { left: 46, right: 16, top: 30, bottom: 40 };

/** Each trial as { place, x, y }, in the order in which arrow keys visit them: by cost, then by height. */
function plotPoints(needs, trials, measure) {
  const points = trials.map((trial, place) => ({ place, x: trial.cost, y: worstOf(needs, trial.scores, measure) }));
  return points.sort((a, b) => a.x - b.x || a.y - b.y || a.place - b.place);
}

class TradeOffs {
  /** `chosen` is called with the trial that a person asks for. */
  constructor(section, story, chosen) {
    this.story = story;
    this.chosen = chosen;
    this.svg = section.querySelector("svg");
    this.figure = section.querySelector("figure");
    this.buttons = [...section.querySelectorAll("[data-view]")];
    this.measure = this.buttons[0].dataset.view;
    this.current = story.pick ?? story.nearest;
    for (const button of this.buttons) button.addEventListener("click", () => this.view(button.dataset.view));
    this.svg.addEventListener("pointerover", (event) => this.point(event.target));
    this.svg.addEventListener("click", (event) => this.choose(event.target));
    this.svg.addEventListener("focusin", (event) => this.point(event.target));
    this.svg.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(this.svg.parentElement);
    this.describe(story.trials[this.current]);
  }

  /** Of the axis that shows the measure. */
  get title() {
    return this.story.views.find((view) => view.measure === this.measure).title;
  }

  view(measure) {
    this.measure = measure;
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.view === measure));
    this.draw();
  }

  draw() {
    const { needs, trials } = this.story;
    const { clientWidth: width, clientHeight: height } = this.svg;
    if (!width) return;
    const focused = document.activeElement && this.svg.contains(document.activeElement);
    this.points = plotPoints(needs, trials, this.measure);
    const limit = sharedLimit(needs, this.measure);
    const across = ticks(0, Math.max(0.1, ...this.points.map((p) => p.x)), width < 480 ? 4 : 8);
    const up = ticks(0, Math.max(0.1, limit ?? 0, ...this.points.map((p) => p.y)), 5);
    const x = scale([across[0], across.at(-1)], [EDGE.left, width - EDGE.right]);
    const y = scale([up[0], up.at(-1)], [height - EDGE.bottom, EDGE.top]);
    this.svg.replaceChildren(...this.axes(across, up, x, y, width, height), ...this.line(limit, y, width), ...this.marks(x, y));
    if (focused) this.mark(this.current).focus();
  }

  axes(across, up, x, y, width, height) {
    const base = height - EDGE.bottom;
    return [
      ...up.map((value) => this.make("line", { class: "grid", x1: EDGE.left, x2: width - EDGE.right, y1: y(value), y2: y(value) })),
      ...up.map((value) => this.make("text", { class: "tick", x: EDGE.left - 8, y: y(value) + 4, "text-anchor": "end" }, value)),
      ...across.map((value) => this.make("text", { class: "tick", x: x(value), y: base + 18, "text-anchor": "middle" }, value)),
      this.make("text", { class: "axis", x: width - EDGE.right, y: height - 4, "text-anchor": "end" }, said("cost: total weight →")),
      this.make("text", { class: "axis", x: 0, y: 12 }, `↑ ${this.title}`),
    ];
  }

  line(limit, y, width) {
    if (limit === null) return [];
    const { least } = this.story.needs.find((need) => need.measure === this.measure);
    const label = said(least ? "at least {limit}" : "at most {limit}", { limit: shownNumber(limit) });
    return [
      this.make("line", { class: "limit", x1: EDGE.left, x2: width - EDGE.right, y1: y(limit), y2: y(limit) }),
      this.make("text", { class: "tick", x: EDGE.left + 4, y: y(limit) - 6 }, label),
    ];
  }

  /** In the order of the page's marks, so that the best verdicts lie on top, and the pick over all. */
  marks(x, y) {
    const { trials, marks, pick } = this.story;
    const order = marks.map((mark) => mark.name);
    const rank = ({ place }) => (place === pick ? order.length : order.indexOf(trials[place].mark));
    return [...this.points].sort((a, b) => rank(a) - rank(b)).map((point) => this.shape(point, x(point.x), y(point.y)));
  }

  shape({ place, y: score }, x, y) {
    const trial = this.story.trials[place];
    const mark = this.story.marks.find((each) => each.name === trial.mark);
    const kind = `trial ${trial.mark}${place === this.story.pick ? " chosen" : ""}`;
    const label = said("trial {number}, cost {cost}, {title} {score}, {verdict}", {
      number: trial.number, cost: shownNumber(trial.cost), title: this.title, score: shownNumber(score), verdict: trial.verdict,
    });
    const group = this.make("g", {
      class: kind, role: "option", "aria-label": label, "data-place": place, "aria-selected": place === this.current,
      tabindex: place === this.current ? 0 : -1, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
    });
    group.append(this.make("circle", { class: "hit", r: 11 }));
    if (mark) group.append(this.make("path", { class: `dot${mark.filled ? " filled" : ""}`, d: mark.path }));
    if (place === this.story.pick) group.append(this.make("circle", { class: "ring", r: 9.5 }));
    return group;
  }

  make(name, attributes, text) {
    const element = document.createElementNS(this.svg.namespaceURI, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  }

  mark(place) {
    return this.svg.querySelector(`[data-place="${place}"]`);
  }

  point(target) {
    const group = target.closest("[data-place]");
    if (group) this.select(Number(group.dataset.place));
  }

  select(place) {
    if (place === this.current) return;
    for (const [old, now] of [[this.current, false], [place, true]]) {
      this.mark(old).setAttribute("aria-selected", now);
      this.mark(old).setAttribute("tabindex", now ? 0 : -1);
    }
    this.current = place;
    this.describe(this.story.trials[place]);
  }

  describe(trial) {
    const { dials } = this.story;
    const sentence = said("Trial {number}: {weights}; total {total}; {verdict}{rated}", {
      number: trial.number, weights: weightsLine(dials, trial.at), total: shownNumber(trial.cost), verdict: trial.verdict,
      rated: ratingLine(trial),
    });
    showShot(this.figure, trial, sentence);
    writeCaption(this.figure, sentence);
  }

  choose(target) {
    const group = target.closest("[data-place]");
    if (group) this.chosen(this.story.trials[Number(group.dataset.place)]);
  }

  key(event) {
    const index = this.points.findIndex((point) => point.place === this.current);
    const last = this.points.length - 1;
    const ways = { ArrowRight: index + 1, ArrowUp: index + 1, ArrowLeft: index - 1, ArrowDown: index - 1, Home: 0, End: last };
    if (event.key === "Enter" || event.key === " ") this.choose(event.target);
    else if (event.key in ways) this.mark(this.points[Math.min(Math.max(ways[event.key], 0), last)].place).focus();
    else return;
    event.preventDefault();
  }
}
