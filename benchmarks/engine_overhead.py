"""What the engine adds: `predict` from SEG-Y to Zarr over the bare forward of the same number of tiles.

    python benchmarks/engine_overhead.py

ViT-S + MLA, 16 slices of 400 x 462 samples, tiles of 224 x 224 with a quarter of overlap, 144 in all; both in
the precision that `predict` chooses, batches of 8. The bare forward always has its next batch waiting. A
plain product of large matrices in the same precision tells how near both are to what the processor can do.
"""

import tempfile
from pathlib import Path

import torch
from common import interleaved, write_results
from subjects import write_model, write_volume
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import geointerp
from geointerp.inference.device import choose_machine
from geointerp.inference.runner import Runner
from geointerp.network.lowered import lowered

TILES, BATCH, SIDE = 144, 8, 4096


def operations(network: nn.Module, tile: torch.Tensor) -> int:
    """Floating-point operations of all products in the network, for one tile."""
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(tile)
    return int(counter.get_total_flops())


def main() -> None:
    machine = choose_machine("cpu")
    with tempfile.TemporaryDirectory() as folder:
        survey = write_volume(Path(folder) / "survey.sgy", (16, 462, 400))
        model = geointerp.load_model(write_model(Path(folder) / "model"), (224, 224))
        runner = Runner(model.network, machine, BATCH)
        tiles = torch.rand(BATCH, 1, 224, 224)
        matrix = torch.rand(SIDE, SIDE).to(machine.dtype)

        def bare() -> None:
            with runner:
                begun = runner.start(tiles)
                for _ in range(TILES // BATCH - 1):
                    following = runner.start(tiles)
                    begun()
                    begun = following
                begun()

        def whole() -> None:
            output = Path(folder) / "labels.zarr"
            labels = geointerp.predict(
                survey, model=model, tile=224, batch_size=BATCH, device="cpu", output=output, overwrite=True
            )
            assert labels.attrs["geointerp"]["tiles"] == TILES

        seconds = interleaved({"product": lambda: matrix @ matrix, "bare": bare, "predict": whole})
        # Products with packed weights, or in the fused attention of fp32, would not be counted.
        counted = lowered(model.network, torch.bfloat16, packed=False)
        work = TILES * operations(counted, tiles[:1].bfloat16())
    rate = 2 * SIDE**3 / seconds.pop("product")
    write_results(
        Path(__file__).name,
        f"{TILES} tiles of ViT-S + MLA, {machine}: SEG-Y to Zarr over the bare forward; "
        f"{work / 1e12:.2f} TFLOP, matrix products at {rate / 1e12:.2f} TFLOP/s.",
        ("", "seconds", "over bare", "of the matrix-product rate"),
        [
            (name, f"{taken:.2f}", f"{taken / seconds['bare']:.3f}", f"{work / taken / rate:.2f}")
            for name, taken in seconds.items()
        ],
        note="Operations are counted of the network as published; MLA's convolutions of enlarged maps need "
        "fewer.",
    )


if __name__ == "__main__":
    main()
