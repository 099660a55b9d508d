"""Draw what the bundled models find in real files, as docs/real_TASK_NAME.png.

    GEOINTERP_REAL_DATA=... python examples/real_pictures.py [TASK ...]

Of the lunar tile the craters of the catalogue are drawn as well, and matched with those found.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from PIL import Image

import geointerp
from geointerp.evaluation.catalogues import Catalogue, read_catalogue
from geointerp.evaluation.crater_report import evaluate_catalogues
from geointerp.products.craters import crater_table
from geointerp.sinks.picture import draw
from geointerp.tasks import TASKS

FILES = {
    "faults": ("seismic/penobscot_xl1155.sgy", "seismic/31_81_PR.sgy", "seismic/F3_very_small.sgy"),
    "salt": ("seismic/penobscot_xl1155.sgy", "seismic/31_81_PR.sgy"),
    "facies": ("seismic/penobscot_xl1155.sgy", "seismic/31_81_PR.sgy", "seismic/F3_very_small.sgy"),
    "craters": ("lunar/holdout_tile.pgm",),
    "events": ("das/deformation_rate_event_1.hdf5", "das/dispersion_event.h5"),
}
CATALOGUE = "lunar/holdout_tile_labels.csv"
SMALLEST_CRATER = 12.0  # pixels
DOCS = Path(__file__).parents[1] / "docs"
COLOURS = 96  # of a picture's palette, so that it stays small


def draw_file(task: str, path: Path, folder: Path) -> None:
    """Predict a file and draw it; say how much of it each class takes."""
    volume = geointerp.open_volume(path)
    labels = geointerp.predict(volume, task=task)["labels"].load()
    picture = folder / f"real_{task}_{path.stem}.png"
    if task == "craters":
        draw_craters(volume, labels, path.with_name(Path(CATALOGUE).name), picture)
    else:
        draw(volume, labels, picture)
    shrink(picture)
    known = labels.values[np.isfinite(labels.values) & (labels.values != 255)].astype(np.int64)
    share = np.bincount(known, minlength=len(TASKS[task].classes)) / known.size
    names = (one.name for one in TASKS[task].classes)
    print(f"{picture}: " + ", ".join(f"{name} {part:.1%}" for name, part in zip(names, share, strict=True)))


def draw_craters(volume: xr.DataArray, labels: xr.DataArray, catalogue: Path, picture: Path) -> None:
    """Draw found craters and those of the catalogue; print how many of the large ones match."""
    table = crater_table(labels, min_size=20)
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.csv"
        columns = (table.columns[name] for name in ("x", "y", "diameter_px"))
        np.savetxt(found, np.column_stack(list(columns)), delimiter=",", header="x,y,diameter", comments="")
        report = evaluate_catalogues(found, catalogue, units="pixels", min_diameter=SMALLEST_CRATER)
        circles = {"found": read_catalogue(found), "catalogue": read_catalogue(catalogue, "pixels")}
    print({name: report[name] for name in ("recall", "precision", "f1", "true", "predicted", "matched")})
    draw_circles(volume, circles, picture)


def draw_circles(volume: xr.DataArray, circles: dict[str, Catalogue], picture: Path) -> None:
    """The picture with circles of at least the smallest diameter, a colour for each catalogue."""
    figure = Figure(figsize=(9.0, 9.0), layout="constrained")
    axes = figure.subplots()
    axes.imshow(volume.values, cmap="gray")
    for (name, craters), colour in zip(circles.items(), ("#f032e6", "#42d4f4"), strict=True):
        large = craters.diameter >= SMALLEST_CRATER
        places = zip(craters.x[large], craters.y[large], craters.diameter[large], strict=True)
        for number, (x, y, diameter) in enumerate(places):
            turn = np.linspace(0.0, 2.0 * np.pi, 60)
            line = (x + 0.5 * diameter * np.cos(turn), y + 0.5 * diameter * np.sin(turn))
            axes.plot(*line, color=colour, linewidth=0.9, label=None if number else f"{name}: {large.sum()}")
    axes.set_xlim(0, volume.shape[1])
    axes.set_ylim(volume.shape[0], 0)
    axes.legend(loc="upper right")
    figure.savefig(picture, dpi=100)


def shrink(picture: Path) -> None:
    """Store a picture with a palette of few colours."""
    with Image.open(picture) as full:
        full.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE).save(picture, optimize=True)


if __name__ == "__main__":
    data = Path(os.environ["GEOINTERP_REAL_DATA"])
    for chosen in sys.argv[1:] or FILES:
        for name in FILES[chosen]:
            draw_file(chosen, data / name, DOCS)
