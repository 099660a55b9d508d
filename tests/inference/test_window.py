from typing import Any

import dask.array
import numpy as np
import pytest
import xarray as xr

from geointerp.errors import DataError, UsageError
from geointerp.inference.window import loaded, slices_of
from geointerp.sources.windows import cut_lazily, lazily, read_indexed

SAMPLES = np.random.default_rng(2).normal(size=(5, 6, 7)).astype(np.float32)
ORDER = ("crossline", "time", "inline")


def failing(error: Exception) -> xr.DataArray:
    """Samples whose reading ends in ``error``."""

    def read(block: np.ndarray) -> np.ndarray:
        raise error

    samples = dask.array.zeros((4, 5), np.float32, chunks=2).map_blocks(read, dtype=np.float32)
    return xr.DataArray(samples, dims=("y", "x"), attrs={"source": "survey.zarr"})


@pytest.mark.parametrize(
    "error",
    [FileNotFoundError(2, "No such file"), ValueError("mmap"), RuntimeError("Zstd decompression error")],
)
def test_what_cannot_be_read_any_more_is_named(error: Exception) -> None:
    with pytest.raises(DataError, match=r"survey\.zarr cannot be read any more: "):
        loaded(failing(error))


def test_what_a_source_says_is_said_as_it_is() -> None:
    with pytest.raises(UsageError, match="the words"):
        loaded(failing(UsageError("the words")))


class File:
    """Samples that are read where they are asked for; or not any more."""

    shape, dtype = SAMPLES.shape, SAMPLES.dtype

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def __getitem__(self, key: Any) -> Any:
        if self.error:
            raise self.error
        return read_indexed(key, self.shape, lambda *window: SAMPLES[window])


def opened(samples: Any, source: str = "survey.sgy") -> xr.DataArray:
    return xr.DataArray(samples, dims=("inline", "crossline", "time"), attrs={"source": source})


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[dask.array.Array]:
    """What dask was asked to compute."""
    arrays = []
    compute = dask.array.Array.compute

    def counting(array: dask.array.Array, **options: Any) -> Any:
        arrays.append(array)
        return compute(array, **options)

    monkeypatch.setattr(dask.array.Array, "compute", counting)
    return arrays


def test_a_file_here_is_read_without_dask(computed: list[dask.array.Array]) -> None:
    whole = lazily(File(), (2, 3, 7), "here")
    for step in (slice(1, 4), slice(3, 9), slice(0, 1)):
        found = slices_of(opened(whole), {"crossline": step}, ORDER)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, SAMPLES[:, step].transpose(1, 2, 0))
    region = opened(cut_lazily(whole, (slice(1, 5), slice(2, 6), slice(0, 5))))
    found = slices_of(region, {"crossline": slice(1, 3)}, ORDER)
    np.testing.assert_array_equal(found, SAMPLES[1:5, 3:5, :5].transpose(1, 2, 0))
    assert not computed


def test_what_others_made_of_a_file_or_lies_elsewhere_is_read_by_dask(computed: list[Any]) -> None:
    whole = lazily(File(), (2, 3, 7), "made")
    for volume, wanted in (
        (opened(whole) * 2, SAMPLES * 2),
        (opened(whole)[1:, ::-1], SAMPLES[1:, ::-1]),
        (opened(whole).persist(), SAMPLES),
        (opened(whole, "s3://bucket/survey.sgy"), SAMPLES),
    ):
        before = len(computed)
        found = slices_of(volume, {"crossline": slice(1, 4)}, ORDER)
        np.testing.assert_array_equal(found, wanted[:, 1:4].transpose(1, 2, 0))
        assert len(computed) == before + 1
    found = slices_of(opened(SAMPLES), {"crossline": slice(1, 4)}, ORDER)
    np.testing.assert_array_equal(found, SAMPLES[:, 1:4].transpose(1, 2, 0))


def test_a_file_here_that_cannot_be_read_any_more_is_named() -> None:
    gone = opened(lazily(File(FileNotFoundError(2, "No such file")), (2, 3, 7), "gone"))
    with pytest.raises(DataError, match=r"survey\.sgy cannot be read any more: No such file"):
        slices_of(gone, {"crossline": slice(1, 4)}, ORDER)
