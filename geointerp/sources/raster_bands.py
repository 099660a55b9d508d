"""What the bands of a raster hold in a window: amplitudes in their units, colours, or numbers of classes."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

_LEAST_VALID = {"int16": -32752.0, "float32": -3.4028226e38}
"""In ISIS cubes lower values say why there is no datum: null, saturated, below what the instrument sees."""


def channels(dataset: "DatasetReader", bands: tuple[int, ...], window: Any) -> list[NDArray[np.float64]]:
    """Read a window: a band, or red, green and blue, also those that a palette's numbers stand for.

    Args:
        dataset: open.
        bands: counted from 1, one or three.
        window: rasterio's.

    Returns:
        One array or three, float64 (rows, columns), with scale and offset applied, NaN where there is no
        datum.

    Raises:
        RasterioError: the file is damaged there.
    """
    if len(bands) == 1:
        palette = _palette(dataset, bands[0])
        if palette is None:
            return [_in_units(dataset, bands[0], window)]
        return _colours(palette, dataset.read(bands[0], window=window, masked=True))
    if np.dtype(dataset.dtypes[bands[0] - 1]).kind != "u":
        return [_in_units(dataset, band, window) for band in bands]
    # A colour may hold the number that in all bands together says that there is no datum.
    missing = dataset.dataset_mask(window=window) == 0
    return [
        np.where(missing, np.nan, _scaled(dataset, band, dataset.read(band, window=window))) for band in bands
    ]


def _palette(dataset: "DatasetReader", band: int) -> NDArray[np.float64] | None:
    """Return red, green and blue by number, (numbers, 3); None where the samples are no such numbers."""
    from rasterio.enums import ColorInterp

    if dataset.colorinterp[band - 1] != ColorInterp.palette:
        return None
    try:
        colours = dataset.colormap(band)
    except ValueError:  # it says so, but there is none
        return None
    return np.array([colours.get(number, (0, 0, 0))[:3] for number in range(max(colours) + 1)], np.float64)


def _colours(palette: NDArray[np.float64], numbers: Any) -> list[NDArray[np.float64]]:
    """Return red, green and blue of masked numbers, NaN where these are masked."""
    missing = np.ma.getmaskarray(numbers)
    places = numbers.filled(0).astype(np.intp).clip(0, len(palette) - 1)
    return [np.where(missing, np.nan, colour[places]) for colour in palette.T]


def class_numbers(dataset: "DatasetReader", band: int, window: Any) -> NDArray[np.float64]:
    """Read a window of class numbers as they are stored; zero is a class whatever the file says.

    Args:
        dataset: open.
        band: counted from 1.
        window: rasterio's.

    Returns:
        float64 (rows, columns), NaN where there is no datum.

    Raises:
        RasterioError: the file is damaged there.
    """
    stored = dataset.read(band, window=window, masked=dataset.nodatavals[band - 1] != 0)
    return np.ma.filled(stored.astype(np.float64), np.nan)


def _in_units(dataset: "DatasetReader", band: int, window: Any) -> NDArray[np.float64]:
    """Read a window of a band: float64 in its units, NaN where the file says there is no datum."""
    stored = dataset.read(band, window=window, masked=True)
    values: NDArray[np.float64] = stored.astype(np.float64).filled(np.nan)
    least = _LEAST_VALID.get(str(stored.dtype)) if dataset.driver == "ISIS3" else None
    if least is not None:
        values[values < least] = np.nan
    return _scaled(dataset, band, values)


def _scaled(dataset: "DatasetReader", band: int, stored: NDArray[Any]) -> NDArray[np.float64]:
    values: NDArray[np.float64] = stored * np.float64(dataset.scales[band - 1])
    values += dataset.offsets[band - 1]
    return values
