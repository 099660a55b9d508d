"""What the engine adds: `predict` from SEG-Y to Zarr over the bare forward of the same number of tiles.

    python benchmarks/engine_overhead.py

ViT-S + MLA, 16 slices of 400 x 462 samples, tiles of 224 x 224 with a quarter of overlap, 144 in all; both in
the precision that `predict` chooses, batches of 8.
"""

import tempfile
from pathlib import Path

import torch
from common import interleaved, write_results
from subjects import write_model, write_volume

import geointerp
from geointerp.inference.device import choose_machine
from geointerp.inference.runner import Runner

TILES, BATCH = 144, 8


def main() -> None:
    machine = choose_machine("cpu")
    with tempfile.TemporaryDirectory() as folder:
        survey = write_volume(Path(folder) / "survey.sgy", (16, 462, 400))
        model = geointerp.load_model(write_model(Path(folder) / "model"), (224, 224))
        runner = Runner(model.network, machine, BATCH)
        tiles = torch.rand(BATCH, 1, 224, 224)

        def bare() -> None:
            for _ in range(TILES // BATCH):
                runner(tiles)

        def whole() -> None:
            output = Path(folder) / "labels.zarr"
            labels = geointerp.predict(
                survey, model=model, tile=224, device="cpu", output=output, overwrite=True
            )
            assert labels.attrs["geointerp"]["tiles"] == TILES

        seconds = interleaved({"bare": bare, "predict": whole})
    write_results(
        Path(__file__).name,
        f"{TILES} tiles of ViT-S + MLA, {machine}: SEG-Y to Zarr over the bare forward.",
        ("", "seconds", "over bare"),
        [(name, f"{taken:.2f}", f"{taken / seconds['bare']:.3f}") for name, taken in seconds.items()],
    )


if __name__ == "__main__":
    main()
