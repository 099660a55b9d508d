"""What tests of several packages share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep trace maps out of the user's cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOINTERP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def untrained_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model folder that has learnt nothing, for tests of what is done with a model."""
    import torch
    from safetensors.torch import save_file

    from geointerp.network.backbone import create_backbone
    from geointerp.network.bundle import BACKBONE
    from geointerp.network.checkpoint import weights_sha256
    from geointerp.network.decoders import create_decoder
    from geointerp.network.description import BackboneInfo, DecoderInfo, ModelDescription, Normalisation
    from geointerp.network.lora import add_lora
    from geointerp.network.saving import save_model
    from geointerp.network.segmenter import Segmenter
    from geointerp.tasks import TASKS

    folder = tmp_path_factory.mktemp("models") / "untrained"
    folder.mkdir()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        backbone = create_backbone("starter", (56, 56))
        weights = {name: tensor.contiguous() for name, tensor in backbone.state_dict().items()}
        # Wraps the layers of the backbone where they are, so their names change.
        segmenter = add_lora(Segmenter(backbone, create_decoder("linear", 192, 2)))
    save_file(weights, folder / BACKBONE)
    description = ModelDescription(
        name="untrained",
        task="faults",
        classes=TASKS["faults"].classes,
        backbone=BackboneInfo("starter", weights_sha256(weights)),
        decoder=DecoderInfo("linear"),
        normalisation=Normalisation("symmetric"),
        tile=(56, 56),
    )
    save_model(folder, segmenter, description)
    return folder


@pytest.fixture(scope="session")
def labelled_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training folder that is soon learnt: bright bands in noise, 4 sections to train and 2 to validate."""
    import numpy as np

    folder = tmp_path_factory.mktemp("labelled")
    generator = np.random.default_rng(3)
    for split, count in (("train", 4), ("val", 2)):
        for part in ("images", "labels"):
            (folder / split / part).mkdir(parents=True)
        for number in range(count):
            amplitude = generator.normal(size=(60, 70)).astype(np.float32)
            labels = np.zeros((60, 70), np.uint8)
            top = int(generator.integers(5, 35))
            amplitude[top : top + 20] += 4
            labels[top : top + 20] = 1
            np.save(folder / split / "images" / f"{number}.npy", amplitude)
            np.save(folder / split / "labels" / f"{number}.npy", labels)
    return folder


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real recordings that ``GEOINTERP_REAL_DATA`` names."""
    folder = os.environ.get("GEOINTERP_REAL_DATA")
    if not folder:
        pytest.skip("GEOINTERP_REAL_DATA names no folder of real recordings")
    return Path(folder)


class Recorded:
    """An array that remembers the most samples that were read at a time."""

    def __init__(self, values):
        self.values, self.most = values, 0
        self.shape, self.dtype, self.ndim = values.shape, values.dtype, values.ndim

    def __getitem__(self, at):
        self.most = max(self.most, self.values[at].size)
        return self.values[at]


@pytest.fixture
def recorded():
    """What wraps values so that it is known how much of them was read at a time."""
    return Recorded
