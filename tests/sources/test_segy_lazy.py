"""The lazy array of a SEG-Y file: any slice of any slice, in few reads, and nobody's but the caller's."""

import pickle

import dask
import dask.array
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from segy_files import Written, grid

from geointerp.sources.segy import lazy
from geointerp.sources.segy.lazy import LazyTraces, Part
from geointerp.sources.segy.options import SegyOptions
from geointerp.sources.segy.slabs import SegyTraces
from geointerp.sources.segy.survey import understand

SHAPE = (9, 8, 50)
TRACE = 4 * SHAPE[2]


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    """A survey in random order, a fifth of its traces missing."""
    lines, across = grid(np.arange(9), np.arange(1, 9))
    kept = np.random.default_rng(1).permutation(72)[:58]
    path = Written(lines[kept], across[kept], samples=50).write(tmp_path_factory.mktemp("lazy") / "a.sgy")
    survey = understand(path, SegyOptions())
    return SegyTraces(path, survey.layout, survey.map)


@pytest.fixture(scope="module")
def whole(traces):
    return traces[:, :, :]


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of at most twelve traces."""
    monkeypatch.setattr(lazy, "_CHUNK_BYTES", 12 * TRACE)


def opened(traces):
    return LazyTraces.of(Part(traces, tuple(range(size) for size in traces.shape)), "a file")


@pytest.fixture
def reads(monkeypatch):
    """How many traces each read was of."""
    sizes = []
    original = SegyTraces.read_traces

    def spy(self, numbers, first, stop):
        sizes.append(numbers.size)
        return original(self, numbers, first, stop)

    monkeypatch.setattr(SegyTraces, "read_traces", spy)
    return sizes


def one_index(size, lists):
    simple = [st.slices(size), st.integers(-size, size - 1)] if size else [st.slices(0)]
    if size and lists:
        simple.append(st.lists(st.integers(0, size - 1), min_size=1, max_size=4))
    return st.one_of(*simple)


@given(data=st.data())
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_slice_of_any_slice(traces, whole, small_chunks, data):
    ours, expected = opened(traces), whole
    for _ in range(3):
        if not expected.ndim:
            break
        axes = data.draw(st.integers(1, expected.ndim))
        # Dask takes one list at a time, and none of an array without elements.
        listed = data.draw(st.integers(0, 3 * axes)) if expected.size else None
        index = tuple(
            data.draw(one_index(size, axis == listed)) for axis, size in enumerate(expected.shape[:axes])
        )
        ours, expected = ours[index], expected[index]
    np.testing.assert_array_equal(ours.compute(), expected)


@pytest.mark.parametrize("index", [np.s_[..., 3], np.s_[2:7, ...], np.s_[None, 4], np.s_[2:2]])
def test_other_forms_of_indices(traces, whole, small_chunks, index):
    np.testing.assert_array_equal(opened(traces)[index].compute(), whole[index])


@pytest.mark.parametrize("index", [9, (0, -9), (0, 0, 0, 0)])
def test_an_index_beyond_an_axis(traces, index):
    with pytest.raises(IndexError):
        opened(traces)[index]


@pytest.mark.parametrize(
    ("index", "chunks"),
    [
        (np.s_[:, :], ((4, 4, 1), (3, 3, 2), (50,))),
        (np.s_[:, 3:4], ((9,), (1,), (50,))),
        (np.s_[4], ((8,), (50,))),
        (np.s_[:, 2:4], ((6, 3), (2,), (50,))),
        (np.s_[:, :, :10], ((8, 1), (7, 1), (10,))),
    ],
)
def test_chunks_suit_the_slice(traces, small_chunks, index, chunks):
    """Of at most twelve traces of fifty samples: three of the fewer lines, then four; or one, then all."""
    assert opened(traces)[index].chunks == chunks


def test_a_slab_across_chunks_is_one_read(traces, whole, small_chunks, reads):
    np.testing.assert_array_equal(opened(traces)[:, 2:3].compute(), whole[:, 2:3])
    assert reads == [9]


def test_a_larger_slab_is_read_chunk_by_chunk(traces, whole, small_chunks, reads):
    np.testing.assert_array_equal(opened(traces)[:, 2:6].compute(), whole[:, 2:6])
    assert sorted(reads) == [1, 3, 4, 4, 12, 12]


def test_a_slab_as_an_array(traces, whole, small_chunks):
    for slab in (np.s_[:, 3:4], np.s_[1:8, 1:7]):
        np.testing.assert_array_equal(np.asarray(opened(traces)[slab]), whole[slab])
        wider = np.asarray(opened(traces)[slab], np.float64)
        assert wider.dtype == np.float64
        np.testing.assert_array_equal(wider, whole[slab])
    assigned = opened(traces)[2]
    assigned[:] = 1
    assert (np.asarray(assigned) == 1).all()


def test_what_is_computed_is_nobody_elses(traces, whole):
    slab = opened(traces)[2]
    first = slab.compute()
    first[:] = 7
    np.testing.assert_array_equal(slab.compute(), whole[2])
    together = dask.compute(slab, slab)
    together[0][:] = 7
    np.testing.assert_array_equal(slab.compute(), whole[2])


def test_what_was_assigned_to_is_kept(traces, whole, small_chunks):
    ours, expected = opened(traces), whole.copy()
    ours[3] = 5
    expected[3] = 5
    np.testing.assert_array_equal(ours[2:5].compute(), expected[2:5])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(ours)).compute(), expected)


def test_a_slice_travels_as_a_part(traces, whole):
    there = pickle.loads(pickle.dumps(opened(traces)[:, 2:6]))
    assert isinstance(there, LazyTraces)
    np.testing.assert_array_equal(there[3:5, 1].compute(), whole[3:5, 3])


def test_equal_slices_have_equal_names(traces):
    one, other = opened(traces)[2:8][1:4], opened(traces)[3:6]
    assert one.name == other.name != opened(traces)[3:7].name


def test_arithmetic_is_dasks(traces, whole, small_chunks):
    ours = opened(traces)
    sums = dask.array.nansum(ours[1:, :, 5:] * 2 - ours[:-1, :, :45], axis=0)
    expected = np.nansum(whole[1:, :, 5:] * 2 - whole[:-1, :, :45], axis=0)
    np.testing.assert_allclose(sums.compute(), expected, rtol=1e-5)
