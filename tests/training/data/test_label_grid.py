"""Geometry of labels on volumes, in memory."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from training_folders import label_values, volume

from geointerp.errors import DataError
from geointerp.tiling.views import views_of
from geointerp.training.data.blocks import LEAST_SLICES, divide
from geointerp.training.data.label_grid import match_labels


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_labels_are_found_by_their_coordinates(data):
    """Whatever part of a volume is labelled, in whatever order, stored in whatever layout."""
    amplitude = volume(tuple(data.draw(st.tuples(*[st.integers(1, 6)] * 3))))
    amplitude.attrs["format"] = "SEG-Y"
    truth = label_values(amplitude)
    chosen = {
        dim: list(data.draw(st.permutations(range(size))))[: data.draw(st.integers(1, size))]
        for dim, size in truth.sizes.items()
    }
    labels = truth.isel(chosen).transpose(*data.draw(st.permutations(truth.dims)))
    grid = match_labels("l", amplitude, labels.assign_attrs(format="Zarr"), 255)
    covered = xr.zeros_like(truth, dtype=bool)
    covered.values[np.ix_(*(chosen[dim] for dim in truth.dims))] = True
    expected = truth.where(covered, 255)

    along = data.draw(st.sampled_from(truth.dims))
    counts, _ = grid.read_all(along)
    for place in range(truth.sizes[along]):
        here = np.bincount(expected.isel({along: place}).values.ravel(), minlength=256)
        np.testing.assert_array_equal(counts[place, :255], here[:255])

    start = data.draw(st.integers(0, truth.sizes[along] - 1))
    within = {along: slice(start, data.draw(st.integers(start + 1, truth.sizes[along])))}
    for view in views_of(truth.dims):
        part = covered.isel(within)
        others = [dim for dim in truth.dims if dim != view.slices]
        first = within[along].start if view.slices == along else 0
        found = np.flatnonzero(part.any(others)) + first
        np.testing.assert_array_equal(grid.labelled(view.slices, within), found)
        for number in range(truth.sizes[view.slices]):
            cut = {dim: at for dim, at in within.items() if dim != view.slices}
            wanted = expected.isel({view.slices: number} | cut).transpose(view.rows, view.columns)
            np.testing.assert_array_equal(grid.slice(view, number, within), wanted)


@given(
    labelled=st.sets(st.integers(0, 400), min_size=LEAST_SLICES, max_size=120).map(sorted),
    seed=st.integers(0, 9),
)
def test_training_and_validation_keep_their_distance(labelled, seed):
    division = divide(np.array(labelled), seed)
    sides = [
        [one for one in labelled if part.start <= one < part.stop] for part in (division.train, division.val)
    ]
    train, val = sides
    count, least = len(labelled), max(1, round(0.05 * len(labelled)))
    assert len(val) == max(1, round(0.2 * count))
    assert len(train) == count - len(val) - least >= 1
    assert max(train) < min(val) or max(val) < min(train)
    between = [one for one in labelled if division.gap.start <= one < division.gap.stop]
    assert len(between) == least
    assert sorted(train + val + between) == labelled


@pytest.mark.parametrize("form", ["NumPy", "bare Zarr", "HDF5"])
def test_labels_are_not_laid_by_counted_coordinates(form):
    """Line numbers of a survey from 20 on, and labels whose positions were counted from 0."""
    survey = volume((40, 30, 20)).assign_attrs(format="SEG-Y")
    survey = survey.assign_coords(inline=20 + np.arange(40))
    counted = {dim: np.arange(size) for dim, size in survey.sizes.items()}
    labels = label_values(survey).assign_coords(counted).assign_attrs(format=form)
    grid = match_labels("l", survey, labels, 255)
    np.testing.assert_array_equal(grid.labels.values, labels.values)
    assert all(len(at) == size for at, size in zip(grid.at.values(), survey.shape, strict=True))
    told = label_values(survey)[5:].assign_attrs(format="SEG-Y")
    refused = r"inline 40 x .*, their labels inline 35 x"
    with pytest.raises(DataError, match=refused):
        match_labels("l", survey, labels[5:], 255)
    with pytest.raises(DataError, match=refused):
        match_labels("l", (labels * 1.0).assign_attrs(format=form), told, 255)


def test_labels_that_lie_partly_on_the_amplitudes_are_told():
    survey = volume((40, 30, 20)).assign_attrs(format="SEG-Y")
    labels = label_values(volume((50, 30, 20))).assign_attrs(format="Zarr")
    moved = labels.assign_coords(inline=labels["inline"] + 35 * int(np.diff(survey["inline"])[0]))
    with pytest.warns(UserWarning, match=r"only 5 of the amplitude file's 40 and l's 50 inline"):
        match_labels("l", survey, moved, 255)
