// The arrays of the page: unpacked, cut into slices, turned into pictures of one pixel a cell.

const UNKNOWN = 255;
const NO_DATA = [191, 209, 230];
const facts = JSON.parse(document.getElementById("viewer-facts").textContent);
const strides = Object.fromEntries(
  facts.dims.map((dim, axis) => [dim, facts.shape.slice(axis + 1).reduce((all, size) => all * size, 1)]),
);

/** Unpack base64 of gzip that stands in a script element; null where it is empty. */
async function unpack(id) {
  const text = document.getElementById(id).textContent.trim();
  if (!text) return null;
  const packed = atob(text);
  const bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** One 2D slice of an array, row by row. */
function sliceOf(array, cut, index) {
  const rows = facts.cells[cut.rows].length;
  const columns = facts.cells[cut.columns].length;
  const slice = new Uint8Array(rows * columns);
  const first = cut.dim ? index * strides[cut.dim] : 0;
  for (let row = 0, to = 0; row < rows; row++) {
    let from = first + row * strides[cut.rows];
    for (let column = 0; column < columns; column++, to++, from += strides[cut.columns]) slice[to] = array[from];
  }
  return slice;
}

function paint(rows, columns, fill) {
  const canvas = document.createElement("canvas");
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  fill(new Uint32Array(image.data.buffer));
  context.putImageData(image, 0, 0);
  return canvas;
}

const pixel = (red, green, blue) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
const pixelOf = (colour) => pixel(...[1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)));

/** The input as a picture: black to white, and nothing where there is none. */
function paintGreys(slice, rows, columns) {
  const shades = Uint32Array.from({ length: 256 }, (_, code) => {
    const grey = Math.round(((code - 1) / 254) * 255);
    return code ? pixel(grey, grey, grey) : 0;
  });
  return paint(rows, columns, (pixels) => slice.forEach((code, at) => (pixels[at] = shades[code])));
}

/**
 * The labels as a picture of one pixel for each `down` × `across` cells: of the classes that are shown
 * the highest wins, so that a thin fault never falls between the dots of the screen.
 */
function paintLabels(slice, rows, columns, down, across, shown) {
  const high = Math.ceil(rows / down);
  const wide = Math.ceil(columns / across);
  const rank = Uint16Array.from({ length: 256 }, (_, value) => (value === UNKNOWN ? 0 : shown[value] ? value + 2 : 1));
  const best = new Uint16Array(high * wide);
  for (let row = 0, from = 0; row < rows; row++) {
    const line = Math.floor(row / down) * wide;
    for (let column = 0; column < columns; column++, from++) {
      const to = line + Math.floor(column / across);
      if (rank[slice[from]] > best[to]) best[to] = rank[slice[from]];
    }
  }
  const colours = [pixel(...NO_DATA), 0, ...facts.classes.map((one) => pixelOf(one.colour))];
  return paint(high, wide, (pixels) => best.forEach((value, at) => (pixels[at] = colours[value])));
}
