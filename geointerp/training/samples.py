"""Validation slices as the best model sees them, drawn."""

from pathlib import Path

from geointerp.inference.device import Machine
from geointerp.inference.slices import label_slices
from geointerp.network.loading import load_model
from geointerp.training.data import Split
from geointerp.training.pictures import Drawn, draw_samples
from geointerp.training.run_folder import SAMPLES

_MOST = 4


def draw_validation(run: Path, split: Split, machine: Machine) -> None:
    """Draw ``samples.png`` of a run folder: up to four slices, spread evenly over the split.

    The model is loaded from its folder, so what is drawn is what a prediction with it gives.
    """
    model = load_model(run)
    about = model.description
    count = min(_MOST, len(split))
    numbers = [number * (len(split) - 1) // max(1, count - 1) for number in range(count)]
    samples = [split[number] for number in numbers]
    predictions = label_slices(
        model.network,
        [sample.grey for sample in samples],
        classes=len(about.classes),
        tile=about.tile,
        overlap=about.overlap,
        patch=about.patch,
        machine=machine,
    )
    slices = [
        Drawn(sample.name, sample.grey[len(sample.grey) // 2], sample.labels, prediction)
        for sample, prediction in zip(samples, predictions, strict=True)
    ]
    draw_samples(run / SAMPLES, slices, about.classes)
