import pytest
import torch

from geointerp.synthesis.structure import Faults, Folds, displacement_profile, grid, undo_faults, undo_folds

CPU = torch.device("cpu")


def one_fault(**changes: float) -> Faults:
    values = {
        "x": 30.0, "z": 40.0, "slope": 0.5, "curvature": 0.0, "height": 1e6, "throw": 8.0, "share": 1.0,
        "reach": 1e9,
    } | changes  # fmt: skip
    return Faults(**{name: torch.tensor([[value]]) for name, value in values.items()})


def apply(faults: Faults, visible: float = 0.0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    z, x = grid(1, 80, 60, CPU)
    label = undo_faults(z, x, faults, torch.full((1, 1, 1), visible), 1.0)
    return z, x, label


def test_a_normal_fault_drops_its_hanging_wall_along_the_plane() -> None:
    z, x, _ = apply(one_fault())
    before_z, before_x = grid(1, 80, 60, CPU)
    # The plane passes x = 30 at z = 40 and moves half a trace right per sample down: right of it hangs.
    assert before_z[0, 40, 50] - z[0, 40, 50] == pytest.approx(8.0)
    assert before_x[0, 40, 50] - x[0, 40, 50] == pytest.approx(4.0)
    assert torch.equal(z[0, 40, :25], before_z[0, 40, :25])


def test_a_reverse_fault_lifts_its_hanging_wall() -> None:
    z, _, _ = apply(one_fault(throw=-8.0))
    assert z[0, 40, 50] == pytest.approx(48.0)


def test_the_label_follows_the_plane_within_its_width() -> None:
    _, _, label = apply(one_fault())
    for z, x in label[0].nonzero().tolist():
        across = abs(x - (30 + 0.5 * (z - 40))) / (1 + 0.5**2) ** 0.5
        assert across <= 1.0 + 1e-5
    assert (label[0].sum(dim=1) >= 1).all()


def test_what_nobody_could_see_is_not_labelled() -> None:
    assert apply(one_fault(), visible=7.9)[2].any()
    assert not apply(one_fault(), visible=8.1)[2].any()
    assert not apply(one_fault(throw=0.0), visible=0.1)[2].any()


def test_displacement_fades_to_nothing_at_the_tips() -> None:
    assert displacement_profile(torch.tensor([0.0, 1.0, 2.0])).tolist() == pytest.approx([1.0, 0.0, 0.0])
    _, _, label = apply(one_fault(height=20.0), visible=1.0)
    assert not label[0, :20].any()
    assert not label[0, 60:].any()
    assert label[0, 40].any()


def test_an_older_fault_is_offset_by_a_younger_one() -> None:
    young = one_fault(slope=0.0, x=30.0, throw=20.0)
    both = Faults(**{
        name: torch.tensor([[float(getattr(young, name)), float(getattr(one_fault(slope=1.0), name))]])
        for name in ("x", "z", "slope", "curvature", "height", "throw", "share", "reach")
    })  # fmt: skip
    _, _, label = apply(both)
    alone = apply(one_fault(slope=1.0))[2]
    # Right of the vertical young fault, the old plane lies 20 samples deeper than it would have alone.
    columns = slice(40, 55)
    assert torch.equal(label[0, 20:, columns], alone[0, :-20, columns])


def test_a_dome_lifts_the_layers() -> None:
    folds = Folds(
        x=torch.tensor([[30.0]]), width=torch.tensor([[5.0]]), lift=torch.tensor([[6.0]]),
        dip=torch.tensor([[0.0]]), growth=torch.tensor([[0.0]]),
    )  # fmt: skip
    z, x = grid(1, 80, 60, CPU)
    depth = undo_folds(z, x, folds)
    assert depth[0, 40, 30] == pytest.approx(46.0)
    assert depth[0, 40, 0] == pytest.approx(40.0, abs=1e-3)
