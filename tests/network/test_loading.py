import copy
import pickle
from pathlib import Path

import torch

from geointerp.inference.device import Machine
from geointerp.inference.runner import Runner
from geointerp.network.loading import load_model


def test_a_model_is_pickled_and_copied_without_what_was_made_of_it(
    untrained_model: Path,
) -> None:
    model = load_model(untrained_model)
    tile = torch.rand(1, 1, 56, 56)
    expected = Runner(model.network, Machine(torch.device("cpu"), "bf16"), 1, prepared=model.prepared)(tile)
    assert model.prepared
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert not other.prepared
        assert (other.description, other.sha256) == (model.description, model.sha256)
        found = Runner(other.network, Machine(torch.device("cpu"), "bf16"), 1)(tile)
        assert torch.equal(found, expected)
    assert model.prepared
