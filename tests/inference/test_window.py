import dask.array
import numpy as np
import pytest
import xarray as xr

from geointerp.errors import DataError, UsageError
from geointerp.inference.window import loaded


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
