// What the reader can do: move the cuts, fade and hide classes, zoom into a single picture.

const state = {
  opacity: Number(document.getElementById("opacity").value) / 100,
  shown: facts.classes.map((one) => !one.background),
  lines: true,
  panels: [],
};
const readout = document.getElementById("readout");
let waiting = false;

function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    for (const panel of state.panels) panel.draw();
  });
}

function addClasses() {
  facts.classes.forEach((one, value) => {
    if (one.background) return;
    const label = document.createElement("label");
    label.className = "choice";
    label.innerHTML = '<input type="checkbox" checked><span class="swatch"></span><span></span>';
    label.children[1].style.backgroundColor = one.colour;
    label.children[2].textContent = one.name;
    label.firstChild.addEventListener("change", (event) => {
      state.shown[value] = event.target.checked;
      for (const panel of state.panels) panel.labelPicture = null;
      redraw();
    });
    document.getElementById("classes").append(label);
  });
  document.getElementById("no-data").hidden = !facts.gaps;
}

/** Put a slider above a panel, and let a click in the others move it. */
function addSlider(panel) {
  const dim = panel.cut.dim;
  const bar = document.createElement("div");
  bar.className = "slider";
  bar.innerHTML = `<label></label><input type="range" min="0" step="1">`;
  const [label, slider] = bar.children;
  slider.id = label.htmlFor = `cut-${dim}`;
  slider.max = facts.cells[dim].length - 1;
  panel.setCut = (index) => {
    panel.moveTo(index);
    slider.value = index;
    label.textContent = place(dim, index);
    slider.setAttribute("aria-valuetext", place(dim, index));
    redraw();
  };
  slider.addEventListener("input", () => panel.setCut(Number(slider.value)));
  panel.figure.prepend(bar);
  panel.setCut(panel.index);
}

/** Let a press in a slice move the cuts of the other panels to it. */
function cutWhereTold(panel) {
  const cut = (event) => {
    const cell = panel.cellAt(event);
    if (!cell) return;
    for (const other of state.panels) {
      if (other.cut.dim === panel.cut.rows) other.setCut(cell.row);
      if (other.cut.dim === panel.cut.columns) other.setCut(cell.column);
    }
  };
  panel.canvas.addEventListener("pointerdown", cut);
  panel.canvas.addEventListener("pointermove", (event) => event.buttons && cut(event));
}

/** Zoom by wheel, pinch, keys and buttons; move by dragging and arrow keys. */
function addZoom(panel) {
  const { canvas } = panel;
  const zoom = (...how) => (panel.zoom(...how), redraw());
  const all = () => (panel.showAll(), zoom(1));
  const moves = { ArrowLeft: [0.1, 0], ArrowRight: [-0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] };
  canvas.tabIndex = 0;
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in moves) zoom(1, 0.5, 0.5, ...moves[event.key]);
    else if (event.key === "+" || event.key === "=") zoom(1.5);
    else if (event.key === "-") zoom(1 / 1.5);
    else if (event.key === "0") all();
    else return;
    event.preventDefault();
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 400), event.offsetX / canvas.clientWidth, event.offsetY / canvas.clientHeight);
  }, { passive: false });
  addDragging(canvas, zoom);
  document.getElementById("zoom").hidden = false;
  for (const button of document.querySelectorAll("#zoom button")) {
    const action = { in: () => zoom(1.5), out: () => zoom(1 / 1.5), all }[button.dataset.zoom];
    button.addEventListener("click", action);
  }
}

function addDragging(canvas, zoom) {
  const touches = new Map();
  const middle = () => {
    const points = [...touches.values()];
    const mean = (side) => points.reduce((sum, point) => sum + point[side], 0) / points.length;
    const apart = points.length > 1 ? Math.hypot(points[0].x - points[1].x, points[0].y - points[1].y) : 1;
    return { x: mean("x"), y: mean("y"), apart: Math.max(apart, 1) };
  };
  const point = (event) => ({ x: event.offsetX / canvas.clientWidth, y: event.offsetY / canvas.clientHeight });
  canvas.addEventListener("pointerdown", (event) => {
    touches.set(event.pointerId, point(event));
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!touches.has(event.pointerId)) return;
    const before = middle();
    touches.set(event.pointerId, point(event));
    const now = middle();
    zoom(now.apart / before.apart, before.x, before.y, now.x - before.x, now.y - before.y);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => touches.delete(event.pointerId));
  }
}

function addPanel(cut, arrays) {
  const panel = new Panel(cut, arrays, state);
  state.panels.push(panel);
  panel.canvas.setAttribute("role", "img");
  panel.canvas.addEventListener("pointermove", (event) => {
    const cell = panel.cellAt(event);
    if (cell) readout.textContent = panel.read(cell);
  });
  document.getElementById("panels").append(panel.figure);
  return panel;
}

async function start() {
  const [labels, greys] = await Promise.all([unpack("labels"), unpack("greys")]);
  addClasses();
  for (const cut of facts.cuts) addPanel(cut, { labels, greys });
  if (!greys) document.getElementById("panels").classList.add("bare");
  const single = state.panels.length === 1;
  document.getElementById("panels").classList.toggle("single", single);
  document.getElementById("lines-choice").hidden = single;
  for (const panel of state.panels) {
    if (single) addZoom(panel);
    else addSlider(panel), cutWhereTold(panel);
  }
  document.getElementById("opacity").addEventListener("input", (event) => {
    state.opacity = event.target.value / 100;
    redraw();
  });
  document.getElementById("lines").addEventListener("change", (event) => {
    state.lines = event.target.checked;
    redraw();
  });
  new ResizeObserver(redraw).observe(document.getElementById("panels"));
  readout.textContent = single
    ? "Point at the picture to read it. Drag, wheel, pinch, or the keys + − 0 and arrows zoom and move."
    : "Point at a slice to read it; press in it to cut the others there.";
  for (const panel of state.panels) panel.draw();
  document.documentElement.dataset.ready = "yes";
}

start().catch((error) => {
  readout.textContent = `The slices cannot be shown in this browser: ${error.message}`;
  console.error(error);
});
