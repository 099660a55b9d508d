"""Slabs of any form against the whole volume, from many threads, reading no more than they need."""

import os
import pickle
import sys
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from segy_files import Written, grid

from geointerp.errors import MachineError
from geointerp.sources.open import open_volume
from geointerp.sources.segy import files, slabs
from geointerp.sources.segy.options import SegyOptions
from geointerp.sources.segy.slabs import SegyTraces
from geointerp.sources.segy.survey import understand

SHAPE = (9, 8, 50)


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    """A survey in random order, a fifth of its traces missing."""
    lines, across = grid(np.arange(9), np.arange(1, 9))
    kept = np.random.default_rng(1).permutation(72)[:58]
    path = Written(lines[kept], across[kept], samples=50).write(tmp_path_factory.mktemp("slabs") / "a.sgy")
    survey = understand(path, SegyOptions())
    return SegyTraces(path, survey.layout, survey.map)


@pytest.fixture(scope="module")
def whole(traces):
    return traces[:, :, :]


def test_whole(whole):
    assert whole.shape == SHAPE
    assert np.isnan(whole).all(axis=2).sum() == 72 - 58


indices = [
    st.one_of(
        st.slices(size),
        st.integers(-size, size - 1),
        st.lists(st.integers(0, size - 1), min_size=1, max_size=5),
    )
    for size in SHAPE
]


@given(index=st.tuples(*indices), at_once=st.sampled_from([1, 5, 17, 1 << 18]))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_slab(traces, whole, index, at_once):
    expected = whole
    for axis, one in reversed(list(enumerate(index))):
        expected = expected[(slice(None),) * axis + (one,)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slabs, "_TRACES_AT_ONCE", at_once)
        np.testing.assert_array_equal(traces[index], expected)


def test_a_time_slice_is_found_in_little_memory(tmp_path, monkeypatch):
    lines, across = grid(np.arange(200), np.arange(1, 201))
    path = Written(lines, across, samples=4).write(tmp_path / "a.sgy")
    survey = understand(path, SegyOptions())
    traces = SegyTraces(path, survey.layout, survey.map)
    peaks = []
    for at_once in (1 << 18, 1000):
        monkeypatch.setattr(slabs, "_TRACES_AT_ONCE", at_once)
        tracemalloc.start()
        try:
            traces[:, :, 2:3]
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    # Where it lies and in which order: two whole numbers of each of 40,000 traces at least.
    assert peaks[0] - peaks[1] > 16 * 40_000


@pytest.mark.parametrize("index", [np.s_[3], np.s_[3:5, 2], np.s_[..., :0][1:], np.s_[:0]])
def test_short_and_empty_indices(traces, whole, index):
    np.testing.assert_array_equal(traces[index], whole[index])


def test_out_of_range(traces):
    with pytest.raises(IndexError):
        traces[9]


@pytest.mark.parametrize(("at_once", "gap"), [(1000, 10**6), (1, 10**6), (10**6, 0), (300, 0)])
def test_runs_split_and_skipped_make_no_difference(monkeypatch, traces, whole, at_once, gap):
    monkeypatch.setattr(files, "_AT_ONCE", at_once)
    monkeypatch.setattr(files, "_WORTH_SKIPPING", gap)
    np.testing.assert_array_equal(traces[:, 2:5, 7:40], whole[:, 2:5, 7:40])


@pytest.mark.parametrize("most", [1, 7, 100, 161, 1000])
def test_a_short_read_is_read_on(monkeypatch, traces, whole, most):
    """The system may read less than asked for; here at most ``most`` bytes of the first buffers."""

    def short(descriptor, buffers, offset):
        content = os.pread(descriptor, min(most, sum(map(len, buffers))), offset)
        done = 0
        for buffer in buffers:
            part = content[done : done + len(buffer)]
            buffer[: len(part)] = part
            done += len(part)
        return done

    monkeypatch.setattr(files.os, "preadv", short)
    np.testing.assert_array_equal(traces[:4, 2:5, 7:40], whole[:4, 2:5, 7:40])


def test_a_system_without_positioned_reads_is_named(monkeypatch, traces):
    monkeypatch.delattr(files.os, "preadv")
    with pytest.raises(MachineError, match=f"Python on {sys.platform} has no os.preadv"):
        traces[0]


def test_the_mean_of_many_duplicates_is_one_read(monkeypatch, tmp_path):
    rng = np.random.default_rng(4)
    lines, across = (values.ravel() for values in np.meshgrid(range(9), range(1, 9), indexing="ij"))
    chosen = np.concatenate([np.arange(72), rng.integers(0, 72, 150)])
    chosen = chosen[rng.permutation(chosen.size)]
    path = Written(lines[chosen], across[chosen], samples=50).write(tmp_path / "a.sgy")
    calls = []
    original = SegyTraces.read_traces

    def spy(self, numbers, first, stop):
        calls.append(numbers.size)
        return original(self, numbers, first, stop)

    monkeypatch.setattr(SegyTraces, "read_traces", spy)
    survey = understand(path, SegyOptions(duplicates="mean"))
    read = SegyTraces(path, survey.layout, survey.map)[:, [5, 2], 3:9]
    assert len(calls) == 2
    content = np.frombuffer(path.read_bytes()[3600:], np.uint8).reshape(-1, 240 + 200)
    amplitudes = np.ascontiguousarray(content[:, 240:]).view(">f4").astype(np.float64)
    for line in range(9):
        for place, number in enumerate((6, 3)):
            own = (lines[chosen] == line) & (across[chosen] == number)
            np.testing.assert_allclose(
                read[line, place], amplitudes[own, 3:9].mean(axis=0), rtol=1e-5, atol=1e-4
            )


def test_threads_do_not_disturb_each_other(traces, whole):
    barrier = threading.Barrier(8)

    def read(number: int) -> bool:
        barrier.wait()
        return all(np.array_equal(traces[number:, i], whole[number:, i], equal_nan=True) for i in range(8))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(8)))


def test_travels_to_another_process(traces, whole):
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(traces))[2], whole[2])


def test_dask_reads_only_the_slab(monkeypatch, traces):
    volume = open_volume(traces.path)
    read = []
    original = SegyTraces.read_traces

    def spy(self, numbers, first, stop):
        read.append((numbers.size, stop - first))
        return original(self, numbers, first, stop)

    monkeypatch.setattr(SegyTraces, "read_traces", spy)
    volume.isel(inline=slice(2, 4), time=slice(5, 15)).load()
    volume.isel(crossline=3).load()
    assert read == [(16, 10), (9, 50)]


def test_ibm_words_that_are_not_normalised():
    """0x40000000 is zero, 0x41000001 is 16 / 2^24; segyio takes both for normalised."""
    from geointerp.sources.segy.samples import decode

    words = [0x40000000, 0x41000001, 0xC1100000, 0x42640000, 0x00000000, 0x80000000, 0x7FFFFFFF, 0x00100000]
    raw = np.array([words], ">u4").view(np.uint8)
    expected = [0, 16 / 2**24, -1, 100, 0, 0, np.inf, 0]
    np.testing.assert_array_equal(decode(raw, 1, ">")[0], np.array(expected, np.float32))


@pytest.mark.parametrize("at_once", [1 << 17, 3 * 7])
def test_ibm_words_of_every_sign_and_exponent(monkeypatch, at_once):
    """Against the definition in float64, rounded once: also what float32 holds only as a subnormal."""
    from geointerp.sources.segy import samples
    from geointerp.sources.segy.samples import decode

    monkeypatch.setattr(samples, "_AT_ONCE", at_once)

    digits = np.array([0, 1, 15, 0x0FFFFF, 0x100000, 0x654321, 0xFFFFFF])
    words = (np.arange(256)[:, None] << 24) | digits
    sign, exponent = np.where(words >> 31, -1, 1), ((words >> 24) & 127) - 64
    with np.errstate(over="ignore"):
        expected = np.ldexp(sign * (words & 0xFFFFFF) / 2**24, 4 * exponent).astype(np.float32)
    for endianness in "<>":
        raw = words.astype(endianness + "u4").view(np.uint8)
        np.testing.assert_array_equal(decode(raw, 1, endianness), expected)


def test_ibm_numbers_agree_with_segyio():
    import segyio._segyio
    import segyio.tools

    from geointerp.sources.segy.samples import decode

    rng = np.random.default_rng(0)
    normalised = rng.integers(1 << 20, 1 << 24, 200_000) | (rng.integers(40, 90, 200_000) << 24)
    words = (normalised | (rng.integers(0, 2, 200_000) << 31)).astype(">u4")
    theirs = segyio.tools.native(words.view(np.float32), 1)
    np.testing.assert_array_equal(decode(words.view(np.uint8)[None], 1, ">")[0], theirs)
