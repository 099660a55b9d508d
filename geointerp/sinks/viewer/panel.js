// A panel: one slice on a canvas, with its axes.

class Panel {
  constructor(cut, arrays, state) {
    Object.assign(this, { cut, arrays, state, index: cut.start });
    this.rows = facts.cells[cut.rows].length;
    this.columns = facts.cells[cut.columns].length;
    this.figure = document.createElement("figure");
    this.figure.innerHTML =
      '<div class="plot"><span class="axis down"></span><div class="ticks down"></div>' +
      '<canvas></canvas><div class="ticks across"></div><span class="axis across"></span></div>';
    this.canvas = this.figure.querySelector("canvas");
    this.figure.querySelector(".axis.down").textContent = facts.names[cut.rows];
    this.figure.querySelector(".axis.across").textContent = facts.names[cut.columns];
    this.shape();
    this.showAll();
    this.moveTo(this.index);
  }

  /** Give images and maps their own proportions, sections those of the screen. */
  shape() {
    const span = (dim) => Math.abs(facts.cells[dim].at(-1) - facts.cells[dim][0]) + stepOf(dim);
    const own = span(this.cut.columns) / span(this.cut.rows);
    const ratio = facts.equal ? own : facts.cuts.length > 1 ? 4 / 3 : Math.max(1, innerWidth / 1000) * 1.3;
    this.canvas.style.aspectRatio = ratio;
    this.figure.querySelector(".plot").style.setProperty("--widest", `calc(85vh * ${ratio})`);
  }

  showAll() {
    this.view = { x: 0, y: 0, width: this.columns, height: this.rows };
  }

  /** Take another slice. */
  moveTo(index) {
    this.index = index;
    this.labels = sliceOf(this.arrays.labels, this.cut, index);
    this.greys = this.arrays.greys && sliceOf(this.arrays.greys, this.cut, index);
    this.greyPicture = this.greys && paintGreys(this.greys, this.rows, this.columns);
    this.labelPicture = null;
    this.canvas.setAttribute("aria-label", this.cut.dim ? `Slice at ${place(this.cut.dim, index)}` : "The result");
  }

  draw() {
    const canvas = this.canvas;
    const scale = devicePixelRatio || 1;
    canvas.width = Math.max(1, Math.round(canvas.clientWidth * scale));
    canvas.height = Math.max(1, Math.round(canvas.clientHeight * scale));
    const context = canvas.getContext("2d");
    this.lay(context, this.greyPicture, 1, 1, true);
    context.globalAlpha = this.state.opacity;
    this.poolLabels(canvas);
    this.lay(context, this.labelPicture, this.down, this.across, false);
    context.globalAlpha = 1;
    if (this.state.lines) this.drawLines(context, scale);
    this.drawTicks();
  }

  /** Have a picture of the labels that has no more cells than the window has dots. */
  poolLabels({ width, height }) {
    const down = Math.max(1, Math.ceil(this.view.height / height));
    const across = Math.max(1, Math.ceil(this.view.width / width));
    if (this.labelPicture && this.down === down && this.across === across) return;
    this.labelPicture = paintLabels(this.labels, this.rows, this.columns, down, across, this.state.shown);
    Object.assign(this, { down, across });
  }

  lay(context, picture, down, across, smooth) {
    if (!picture) return;
    const { x, y, width, height } = this.view;
    context.imageSmoothingEnabled = smooth;
    const part = [x / across, y / down, width / across, height / down];
    // Enlarged, "low" leaves each cell its grey in its middle; reduced, "high" averages.
    context.imageSmoothingQuality = part[2] < context.canvas.width ? "low" : "high";
    context.drawImage(picture, ...part, 0, 0, context.canvas.width, context.canvas.height);
  }

  /** Show where the other panels cut this one. */
  drawLines(context, scale) {
    const { width, height } = context.canvas;
    context.setLineDash([6 * scale, 4 * scale]);
    for (const other of this.state.panels) {
      const x = ((other.index + 0.5 - this.view.x) / this.view.width) * width;
      const y = ((other.index + 0.5 - this.view.y) / this.view.height) * height;
      context.beginPath();
      if (other.cut.dim === this.cut.columns) context.moveTo(x, 0), context.lineTo(x, height);
      if (other.cut.dim === this.cut.rows) context.moveTo(0, y), context.lineTo(width, y);
      for (const [colour, thick] of [["rgba(0, 0, 0, 0.5)", 3], ["#ffd60a", 1.25]]) {
        context.strokeStyle = colour;
        context.lineWidth = thick * scale;
        context.stroke();
      }
    }
  }

  drawTicks() {
    const { x, y, width, height } = this.view;
    const { clientWidth, clientHeight } = this.canvas;
    const across = ticks(this.cut.columns, x, width, clientWidth / 55);
    const down = ticks(this.cut.rows, y, height, clientHeight / 40);
    const put = (name, side, marks) => {
      const spans = marks.map(({ text, at }) => {
        const span = document.createElement("span");
        span.textContent = text;
        span.style[side] = `${100 * at}%`;
        return span;
      });
      this.figure.querySelector(`.ticks.${name}`).replaceChildren(...spans);
    };
    put("across", "left", across);
    put("down", "top", down);
  }

  /** The cell under a pointer, null outside. */
  cellAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor(this.view.x + ((event.clientX - box.left) / box.width) * this.view.width);
    const row = Math.floor(this.view.y + ((event.clientY - box.top) / box.height) * this.view.height);
    return row >= 0 && row < this.rows && column >= 0 && column < this.columns ? { row, column } : null;
  }

  /** What lies in a cell, in words. */
  read({ row, column }) {
    const at = { [this.cut.rows]: row, [this.cut.columns]: column, [this.cut.dim]: this.index };
    const words = facts.dims.map((dim) => place(dim, at[dim]));
    const code = this.greys && this.greys[row * this.columns + column];
    if (code) words.push(`amplitude ≈ ${(facts.low + ((code - 1) / 254) * (facts.high - facts.low)).toPrecision(3)}`);
    const value = this.labels[row * this.columns + column];
    words.push(facts.classes[value]?.name ?? (value === UNKNOWN ? "nothing predicted" : `class ${value}`));
    return words.join(" · ");
  }

  /** Show a part `factor` times smaller, keeping a point (0 to 1) in its place; then move it. */
  zoom(factor, atX = 0.5, atY = 0.5, byX = 0, byY = 0) {
    const { x, y, width, height } = this.view;
    const share = Math.min(1, Math.max(8 / Math.max(this.columns, this.rows), width / this.columns / factor));
    const view = { width: share * this.columns, height: share * this.rows };
    const inside = (value, most) => Math.min(Math.max(0, value), most);
    view.x = inside(x + atX * (width - view.width) - byX * view.width, this.columns - view.width);
    view.y = inside(y + atY * (height - view.height) - byY * view.height, this.rows - view.height);
    this.view = view;
    this.canvas.style.touchAction = share < 1 ? "none" : "pan-y";
  }
}

const stepOf = (dim) => {
  const cells = facts.cells[dim];
  return cells.length > 1 ? Math.abs(cells.at(-1) - cells[0]) / (cells.length - 1) : 1;
};
/** A number without digits that are far below a step. */
const short = (value, step) => {
  const digits = 2 - Math.floor(Math.log10(Math.abs(step) || 1));
  return String(Number(value.toFixed(Math.min(Math.max(digits, 0), 12))));
};
const place = (dim, index) => `${dim} ${short(facts.cells[dim][index], stepOf(dim))} ${facts.units[dim]}`.trim();

/** Round values of a coordinate inside a window of its cells, and where they lie in it, 0 to 1. */
function ticks(dim, first, length, most) {
  const cells = facts.cells[dim];
  const step = (cells.at(-1) - cells[0]) / Math.max(1, cells.length - 1) || 1;
  const valueAt = (position) => cells[0] + (position - 0.5) * step;
  const [low, high] = [valueAt(first), valueAt(first + length)].sort((a, b) => a - b);
  const rough = (high - low) / Math.max(2, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  let round = [1, 2, 5, 10].map((times) => times * power).find((candidate) => candidate >= rough);
  if (["inline", "crossline", "cdp", "row", "column"].includes(dim)) round = Math.max(1, round);
  const marks = [];
  for (let number = Math.ceil(low / round); number * round <= high; number++) {
    const position = (number * round - cells[0]) / step + 0.5;
    marks.push({ text: short(number * round, round), at: (position - first) / length });
  }
  return marks;
}
