from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from geointerp.training.loop import Recipe, rate_at, train


def batch(step: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(step)
    grey = torch.rand(4, 1, 16, 16, generator=generator)
    return grey, (grey[:, 0] > 0.5).to(torch.uint8)


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 2, 1))


def recipe(steps: int) -> Recipe:
    return Recipe(steps=steps, rate=0.02, warmup=2, decay=4, precision="fp32")


def test_the_rate_rises_stays_and_falls() -> None:
    wanted = Recipe(steps=10, rate=1.0, warmup=2, decay=4)
    rates = [rate_at(step, wanted) for step in range(10)]
    assert rates == pytest.approx([0.5, 1, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25])


def test_the_rate_rises_again_at_a_restart() -> None:
    wanted = Recipe(steps=15, rate=1.0, warmup=2, decay=4, restarts=(6,))
    rates = [rate_at(step, wanted) for step in range(15)]
    assert rates == pytest.approx([0.5, 1, 1, 0.75, 0.5, 0.25, 0.5, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25])


def test_a_run_that_ended_is_lengthened_as_if_it_had_been_planned(tmp_path: Path) -> None:
    planned = replace(recipe(16), restarts=(8,))
    whole = model()
    train(whole, batch, planned, tmp_path / "whole", note=lambda _: None)
    train(model(), batch, recipe(8), tmp_path / "longer", note=lambda _: None)
    longer = model()
    train(longer, batch, planned, tmp_path / "longer", note=lambda _: None)
    for found, wanted in zip(longer.state_dict().values(), whole.state_dict().values(), strict=True):
        assert torch.equal(found, wanted)


def test_another_model_goes_on_from_a_step(tmp_path: Path) -> None:
    seen: list[int] = []

    def noted(step: int) -> tuple[Tensor, Tensor]:
        seen.append(step)
        return batch(step)

    (tmp_path / "losses.csv").write_text("".join(f"{step},1.000000\n" for step in range(8)))
    train(model(), noted, recipe(12), tmp_path, start=8, note=lambda _: None)
    assert seen == [8, 9, 10, 11]
    steps = [int(line.split(",")[0]) for line in (tmp_path / "losses.csv").read_text().splitlines()]
    assert steps == list(range(12))


def test_it_learns(tmp_path: Path) -> None:
    train(model(), batch, recipe(30), tmp_path, note=lambda _: None)
    losses = [float(line.split(",")[1]) for line in (tmp_path / "losses.csv").read_text().splitlines()]
    assert len(losses) == 30
    assert losses[-1] < 0.5 * losses[0]


def test_a_run_that_was_cut_off_goes_on_exactly(tmp_path: Path) -> None:
    whole = model()
    train(whole, batch, recipe(12), tmp_path / "whole", note=lambda _: None)

    calls = 0

    def cut_off(step: int) -> tuple[Tensor, Tensor]:
        nonlocal calls
        calls += 1
        if calls > 7:
            raise KeyboardInterrupt
        return batch(step)

    with pytest.raises(KeyboardInterrupt):
        train(model(), cut_off, recipe(12), tmp_path / "cut", save_every=0.0, note=lambda _: None)
    with (tmp_path / "cut" / "losses.csv").open("a") as losses:
        losses.write("7,9.999999\n")
    resumed = model()
    train(resumed, batch, recipe(12), tmp_path / "cut", note=lambda _: None)
    for found, wanted in zip(resumed.state_dict().values(), whole.state_dict().values(), strict=True):
        assert torch.equal(found, wanted)
    assert (tmp_path / "cut" / "losses.csv").read_text() == (tmp_path / "whole" / "losses.csv").read_text()


def test_only_what_asks_for_a_gradient_is_trained(tmp_path: Path) -> None:
    frozen = model()
    frozen[0].requires_grad_(False)
    before = frozen[0].weight.clone()
    train(frozen, batch, recipe(3), tmp_path, note=lambda _: None)
    assert torch.equal(frozen[0].weight, before)
