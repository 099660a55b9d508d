from dataclasses import replace

import torch

from geointerp.synthesis.faults import DEFAULT, fault_sections


def test_sections_repeat_from_their_seed() -> None:
    first, again, other = (fault_sections(2, seed, height=56, width=70) for seed in (7, 7, 8))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


def test_sections_are_what_a_model_takes() -> None:
    amplitude, label = fault_sections(16, 3, height=112, width=98)
    assert amplitude.shape == label.shape == (16, 112, 98)
    assert amplitude.dtype == torch.float32
    assert label.dtype == torch.uint8
    assert torch.isfinite(amplitude).all()
    assert set(label.unique().tolist()) == {0, 1}
    assert 0.002 < label.float().mean() < 0.12


def test_no_fault_is_labelled_in_a_section_without_faults() -> None:
    amplitude, label = fault_sections(8, 3, height=56, width=56, recipe=replace(DEFAULT, faults=(0, 0)))
    assert not label.any()
    assert (amplitude.std(dim=(1, 2)) > 0).all()


def test_nothing_is_labelled_where_the_section_is_blank() -> None:
    amplitude, label = fault_sections(64, 11, height=56, width=56)
    blank = amplitude == 0
    # Missing traces are blank as well, but a fault runs on behind one.
    whole_trace = blank.all(dim=1, keepdim=True)
    assert (blank & ~whole_trace).any()
    assert not (label.bool() & blank & ~whole_trace).any()


def test_reflectors_break_where_the_label_is() -> None:
    """Without noise, traces on both sides of a label differ far more than elsewhere: an independent look."""
    recipe = replace(
        DEFAULT,
        decibels=(60.0, 60.0),
        blur=(0.0, 0.0),
        throw=(12.0, 20.0),
        slope=(0.05, 0.1),
        lift=(0.0, 0.0),
    )
    amplitude, label = fault_sections(24, 5, height=112, width=112, recipe=recipe)
    step = (amplitude[:, :, 4:] - amplitude[:, :, :-4]).abs()
    near = label[:, :, 2:-2].bool()
    assert step[near].mean() > 1.5 * step[~near].mean()
