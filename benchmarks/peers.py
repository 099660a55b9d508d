"""geointerp against MONAI's and nnU-Net's sliding windows: the same network over the same volume.

    python benchmarks/peers.py [slices]

The peers are installed into benchmarks/.peers, an environment of their own, and all run there in turn, in one
process. ViT-S + MLA over 16 slices (or so many) of 400 x 462 samples at a least overlap of a quarter. The
peers get the slices in memory as grey values and give logits; geointerp reads SEG-Y and writes a Zarr store.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).parent
PEERS = HERE / ".peers"
BATCH = 8


def main() -> None:
    """Run inside the peers' environment, having made it."""
    python = PEERS / "bin" / "python"
    if Path(sys.prefix).resolve() != PEERS.resolve() and "GEOINTERP_PEERS" not in os.environ:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", PEERS], check=True)
        install = [python, "-m", "pip", "install", "-q", "-e", HERE.parent, "monai>=1.5", "nnunetv2>=2.6"]
        subprocess.run(install, check=True)
        os.execv(python, [str(python), *sys.argv])
    compare(int(sys.argv[1]) if len(sys.argv) > 1 else 16)


def compare(number: int) -> None:
    """Time everybody, and write the table."""
    import torch
    from common import interleaved, write_results
    from subjects import write_model, write_volume

    import geointerp
    from geointerp.network.loading import LoadedModel
    from geointerp.sources.scaling import measure_scale
    from geointerp.tiling.fit import fitted_tile

    with tempfile.TemporaryDirectory() as folder:
        survey = write_volume(Path(folder) / "survey.sgy", (number, 462, 400))
        path = write_model(Path(folder) / "model")
        model = geointerp.load_model(path, (224, 224))
        fitted = geointerp.load_model(path, fitted_tile([(number, (400, 462))], (224, 224), 0.25, 14))
        volume = geointerp.open_volume(survey)
        grey = measure_scale(volume).to_grey(volume.values)
        slices = torch.from_numpy(grey).transpose(1, 2)[:, None].contiguous()

        def ours(model: LoadedModel, **options: object) -> Callable[[], object]:
            output = Path(folder) / "labels.zarr"
            return lambda: geointerp.predict(
                survey, model=model, device="cpu", output=output, overwrite=True, **options
            )

        network = model.network.eval()
        works = {
            "geointerp": ours(fitted),
            "geointerp, tiles of 224": ours(model),
            "geointerp, fp32": ours(fitted, precision="fp32"),
            "MONAI, bf16 autocast": lambda: monai(network, slices, "gaussian", autocast=True),
            "MONAI, bf16 autocast, buffered": lambda: monai(network, slices, "gaussian", True, buffered=True),
            "MONAI, defaults (fp32)": lambda: monai(network, slices, "constant", batch=1),
            "nnU-Net, bf16 autocast": lambda: nnunet(network, slices, autocast=True),
            "nnU-Net, fp32": lambda: nnunet(network, slices),
        }
        seconds = interleaved(works)
    write_results(
        Path(__file__).name,
        f"{number} slices of 400 x 462 through ViT-S + MLA at a least overlap of 25 %.",
        ("", "seconds", "over geointerp"),
        [(name, f"{taken:.2f}", f"{taken / seconds['geointerp']:.2f}") for name, taken in seconds.items()],
        note="The network is loaded beforehand. geointerp's time includes reading SEG-Y and writing the "
        "store; the peers' is that of the sliding window alone.",
    )


def monai(
    network: object,
    slices: object,
    mode: str,
    autocast: bool = False,
    *,
    batch: int = BATCH,
    buffered: bool = False,
) -> None:
    """MONAI's ``SlidingWindowInferer`` over all slices at once."""
    import torch
    from monai.inferers import SlidingWindowInferer

    more = {"buffer_steps": 4, "buffer_dim": 0} if buffered else {}
    inferer = SlidingWindowInferer((224, 224), batch, 0.25, mode, **more)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        inferer(slices, network).argmax(1)


def nnunet(network: object, slices: object, *, autocast: bool = False) -> None:
    """nnU-Net's predictor loop over the slices, as it runs a 2D configuration; windows one at a time."""
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    predictor = nnUNetPredictor(
        tile_step_size=0.75, use_mirroring=False, perform_everything_on_device=False,
        device=torch.device("cpu"), allow_tqdm=False,
    )  # fmt: skip
    predictor.network = network
    predictor.configuration_manager = SimpleNamespace(patch_size=(224, 224))
    predictor.label_manager = SimpleNamespace(num_segmentation_heads=2)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        predictor.predict_sliding_window_return_logits(slices[:, 0][None]).argmax(0)


if __name__ == "__main__":
    main()
