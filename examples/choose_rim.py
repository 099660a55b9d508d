"""How much of its rim a crater must show to be listed: the best of several shares on synthetic images.

    python examples/choose_rim.py [--count 100]

The bundled crater model labels images of shifted ranges, from seeds that neither training nor
``measure_models.py`` drew from; circles are fitted to these labels as ``geointerp export`` fits them, and to
the true labels. They are matched by the rule of ``geointerp evaluate``, those of 12 pixels or more. What is
printed led to ``geointerp.products.craters.LEAST_RIM``.
"""

from typing import Annotated

import numpy as np
import typer
import xarray as xr
from numpy.typing import NDArray

import geointerp
from geointerp.evaluation.catalogues import Catalogue
from geointerp.evaluation.craters import match
from geointerp.evaluation.metrics import f1_of, ratio
from geointerp.products.craters import crater_table
from geointerp.synthesis.crater_recipe import SHIFTED
from geointerp.synthesis.craters import crater_images

FIRST_SEED = 500_000
SIDE = 448
SMALLEST = 12.0  # pixels
SHARES = (0.0, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)


def picture_of(pixels: NDArray[np.generic]) -> xr.DataArray:
    """Grey values or labels, (rows, columns) of any type, named as ``open_volume`` names them."""
    return xr.DataArray(pixels, dims=("row", "column"))


def catalogue_of(labels: NDArray[np.generic], share: float) -> Catalogue:
    """Circles that show ``share`` of their rim in labels, (rows, columns), 1 in craters; in pixels."""
    flags = {"flag_values": [0, 1], "flag_meanings": "background crater"}
    columns = crater_table(picture_of(labels).assign_attrs(flags), min_size=20, min_rim=share).columns
    return Catalogue(columns["x"], columns["y"], columns["diameter_px"], on_sphere=False)


def main(count: Annotated[int, typer.Option(help="Images.")] = 100) -> None:
    """Print precision, recall and F1 for each share."""
    model = geointerp.load_model("craters")
    tallies = {share: np.zeros(4, int) for share in SHARES}
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        image, label = (
            one[0].numpy() for one in crater_images(1, seed, height=SIDE, width=SIDE, recipe=SHIFTED)
        )
        found = geointerp.predict(picture_of(image), model=model, device="cpu")["labels"].values
        true = catalogue_of(label, 0.0)
        for share, tally in tallies.items():
            predicted = catalogue_of(found, share)
            pairs = match(predicted, true)
            large, large_true = predicted.diameter >= SMALLEST, true.diameter >= SMALLEST
            right, met = large[pairs.predicted].sum(), large_true[pairs.true].sum()
            tally += (right, large.sum(), met, large_true.sum())
    print("share  precision  recall  F1")
    for share, (right, predicted_count, met, true_count) in tallies.items():
        precision, recall = ratio(right, predicted_count), ratio(met, true_count)
        print(f"{share:5.2f}  {precision:9.3f}  {recall:6.3f}  {f1_of(precision, recall):.3f}")


if __name__ == "__main__":
    typer.run(main)
