"""The network that is shipped, with random weights: the same bits whatever the batch and the threads."""

import numpy as np
import pytest
import torch
from stub_models import model_of, volume_of
from torch import nn

from geointerp.inference.device import Machine
from geointerp.inference.predict import predict
from geointerp.inference.runner import Runner
from geointerp.network.backbone import create_backbone
from geointerp.network.decoders import create_decoder
from geointerp.network.loading import LoadedModel
from geointerp.network.segmenter import Segmenter, fold


class Sharpened(nn.Module):
    """Draws the answers of an untrained network apart, each tile by itself."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, grey: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(grey)
        return 100 * (logits - logits.mean((2, 3), keepdim=True))


@pytest.fixture(scope="module")
def real() -> LoadedModel:
    with torch.random.fork_rng():
        torch.manual_seed(11)
        segmenter = Segmenter(create_backbone("starter", (56, 56)), create_decoder("mla", 192, 2, 0.25))
    return model_of(Sharpened(fold(segmenter.eval(), 1)), tile=(56, 56))


def test_the_real_network_gives_the_same_bits_for_every_batch_size(real: LoadedModel) -> None:
    volume = volume_of((5, 60, 90))
    results = [
        predict(volume, model=real, precision="fp32", batch_size=size, probability=True).load()
        for size in (1, 7, 32)
    ]
    first = results[0]
    assert first.attrs["geointerp"]["tiles"] > 7  # several batches of seven, and less than one of 32
    assert len(np.unique(first["labels"])) == 2
    assert len(np.unique(first["probability"])) > 50
    for other in results[1:]:
        for name in ("labels", "probability"):
            np.testing.assert_array_equal(other[name].values, first[name].values)


def test_the_real_network_gives_the_same_bits_for_any_number_of_threads() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(11)
        segmenter = Segmenter(create_backbone("starter", (224, 224)), create_decoder("mla", 192, 2, 0.5))
        tiles = torch.rand(3, 1, 224, 224)
    runner = Runner(fold(segmenter.eval(), 1), Machine(torch.device("cpu"), "fp32"), 3)
    threads = torch.get_num_threads()
    found = []
    try:
        for number in (1, 2, 3):
            torch.set_num_threads(number)
            found.append(runner(tiles))
            assert torch.get_num_threads() == number
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])
