from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import PeftModel
from safetensors.torch import save_file

from geointerp.errors import ModelError, UsageError
from geointerp.inference.device import Machine
from geointerp.network.backbone import create_backbone
from geointerp.network.bundle import BACKBONE
from geointerp.network.loading import load_model, load_trained
from geointerp.network.saving import save_model
from geointerp.training.augmentation import Augmentation
from geointerp.training.batches import Batches
from geointerp.training.data import Crops, open_labelled
from geointerp.training.learner import create_learner
from geointerp.training.losses import create_loss
from geointerp.training.plan import make_plan
from geointerp.training.processes import accelerated
from geointerp.training.session import Session
from geointerp.training.settings import Settings


def settings(data: Path = Path(), **changes: Any) -> Settings:
    given = {"decoder": "linear", "tile": (28, 28), "batch_size": 2, "precision": "fp32", "device": "cpu"}
    return Settings(data, Path("run"), **{**given, **changes}).resolved()


def outputs(network: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        return network.eval()(torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(1)))


@pytest.mark.parametrize(
    ("method", "kinds"),
    [
        ("lora", {"lora_A", "lora_B", "decoder"}),
        ("frozen", {"decoder"}),
        ("full", {"backbone", "decoder"}),
    ],
)
def test_each_method_learns_what_it_says_in_every_epoch(
    labelled_set: Path, method: str, kinds: set[str]
) -> None:
    chosen = settings(labelled_set, method=method, task="faults", epochs=3)
    with accelerated("cpu", "fp32") as (accelerator, machine):
        session = make_plan(chosen, accelerator, machine).session
        network = session.learner.network
        for epoch in range(3):
            before = {name: p.detach().clone() for name, p in network.named_parameters()}
            session.train_epoch(epoch, lambda loss: None)
            moved = {
                name
                for name, p in network.named_parameters()
                if p.grad is not None and p.grad.abs().sum() > 0 and not torch.equal(p, before[name])
            }
            found = {kind for kind in ("lora_A", "lora_B", "decoder") if any(kind in n for n in moved)}
            if any("backbone" in name and "lora" not in name for name in moved):
                found.add("backbone")
            assert found == kinds
            if method == "lora":
                assert sum("lora_B" in name for name in moved) == 24  # qkv and proj of twelve blocks


@pytest.mark.parametrize("method", ["lora", "frozen", "full"])
@pytest.mark.parametrize("weights", [None, "none"])
def test_what_is_stored_comes_back_bitwise(
    labelled_set: Path, tmp_path: Path, method: str, weights: str | None
) -> None:
    chosen = settings(labelled_set, method=method, weights=weights, task="faults", decoder="mla", width=0.1)
    with accelerated("cpu", "fp32") as (accelerator, machine):
        plan = make_plan(replace(chosen, output=tmp_path / "mine"), accelerator, machine)
        plan.session.train_epoch(0, lambda loss: None)
        learner = plan.learner
        save_model(
            tmp_path / "mine", learner.network, plan.description(), with_backbone=learner.keeps_backbone
        )
    # Only the bundled starter, as it is, can be done without.
    assert (tmp_path / "mine" / BACKBONE).is_file() == (method == "full" or weights == "none")
    again, _ = load_trained(tmp_path / "mine")
    assert torch.equal(outputs(again), outputs(learner.network))
    # For inference LoRA is merged and the normalisation folded, which rounds.
    folded = load_model(tmp_path / "mine").network
    torch.testing.assert_close(outputs(folded), outputs(learner.network), atol=2e-4, rtol=1e-3)


def test_weights_come_from_where_they_are_asked_for(tmp_path: Path) -> None:
    torch.manual_seed(9)
    state = create_backbone("starter", (28, 28)).state_dict()
    save_file(state, tmp_path / "mine.safetensors")

    def first_block(**changes: Any) -> torch.Tensor:
        network = create_learner(settings(method="full", **changes), 2).network
        return network.backbone.blocks[0].attn.qkv.weight  # type: ignore[union-attr,no-any-return]

    assert torch.equal(
        first_block(weights=str(tmp_path / "mine.safetensors")), state["blocks.0.attn.qkv.weight"]
    )
    random = first_block(weights="none")
    assert torch.equal(random, first_block(weights="none"))
    assert not torch.equal(random, first_block(weights="none", seed=1))
    assert not torch.equal(random, first_block())
    with pytest.raises(ModelError, match="no weights at"):
        first_block(weights=str(tmp_path / "missing.safetensors"))
    with pytest.raises(ModelError, match="the model has"):
        first_block(backbone="vit_small_patch14_dinov2", weights=str(tmp_path / "mine.safetensors"))


def test_any_vit_of_timm_will_do() -> None:
    chosen = settings(backbone="vit_tiny_patch16_224", weights="none", tile=(32, 32))
    learner = create_learner(chosen, 3)
    assert learner.patch == 16
    assert isinstance(learner.network, PeftModel)
    assert outputs_of(learner.network, 32).shape == (1, 3, 32, 32)
    with pytest.raises(UsageError, match="multiple of the model's patch of 16"):
        create_learner(replace(chosen, tile=(28, 28)), 3)
    with pytest.raises(UsageError, match="cannot be built as a backbone"):
        create_learner(settings(backbone="vit_of_my_own", weights="none"), 3)


def outputs_of(network: torch.nn.Module, side: int) -> torch.Tensor:
    with torch.no_grad():
        return network.eval()(torch.rand(1, 1, side, side))


def test_the_attention_is_fused_but_for_training_on_a_processor(labelled_set: Path) -> None:
    chosen = settings(labelled_set, method="frozen", task="faults")
    with accelerated("cpu", "fp32") as (accelerator, machine):
        session = make_plan(chosen, accelerator, machine).session
        attention = session.learner.network.backbone.blocks[0].attn  # type: ignore[union-attr]
        seen: list[bool] = []
        session.train_epoch(0, lambda loss: seen.append(attention.fused_attn))
    assert seen
    assert not any(seen)
    assert attention.fused_attn


def test_validation_is_that_of_whole_slices(labelled_set: Path) -> None:
    """The figures of the validation agree with counting by hand on a network that knows no tiles."""
    labelled = open_labelled(labelled_set, task="faults")
    chosen = settings(labelled_set, network="unet", decoder="mla", width=1 / 32, tile=(64, 80))
    with accelerated("cpu", "fp32") as (accelerator, machine):
        learner = create_learner(chosen, 2)
        crops = Crops(labelled.splits["train"], (64, 80), Augmentation.none())
        batches = Batches(crops, 2, seed=0, workers=0, process=0, processes=1)
        session = Session(chosen, learner, batches, create_loss("ce"), accelerator, machine)
        found = session.validate(labelled.splits["val"], 2)
    losses, counts = [], np.zeros((2, 2), int)
    for sample in labelled.splits["val"]:
        padded = np.pad(sample.grey, ((0, 0), (0, 4), (0, 10)), mode="reflect")
        with torch.no_grad():
            logits = learner.network(torch.from_numpy(padded)[None])[0, :, :60, :70]
        target = torch.from_numpy(sample.labels).long()
        losses.append(torch.nn.functional.cross_entropy(logits[None], target[None]).item())
        np.add.at(counts, (sample.labels, logits.argmax(0).numpy()), 1)
    assert found.loss == pytest.approx(np.mean(losses), rel=1e-4)
    assert (found.confusion == counts).all()
    assert machine == Machine(torch.device("cpu"), "fp32")


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        (
            {"network": "unet", "decoder": "dpt", "method": "frozen"},
            "a U-Net has no --method and no --decoder",
        ),
        ({"network": "unet", "decoder": "mla", "rank": 64}, "a U-Net has no --rank"),
        ({"method": "full", "dropout": 0.5}, "--method full has no --dropout"),
        ({"method": "frozen", "alpha": 1.0}, "--method frozen has no --alpha"),
    ],
)
def test_what_a_network_does_not_have_is_refused(choices: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        settings(**choices)
