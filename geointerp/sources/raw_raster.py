"""Rasters whose pixels stand uncompressed behind a label: GDAL reads what was cut off as zeros, unsaid."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from geointerp.errors import DataError

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

_DRIVERS = ("PDS", "PDS4", "ISIS3", "VICAR", "ENVI")
_IN_OTHER_FORMATS = (".tif", ".tiff", ".jp2")  # a label may describe such a file, which need not be raw
_BESIDE = (".xml", ".hdr", ".ovr", ".msk", ".aux")
_LABEL_BYTES = 1 << 16
_START = re.compile(rb"StartByte\s*=\s*(\d+)")  # ISIS: of the first pixel, counted from 1
_IMAGE = re.compile(rb"\^IMAGE\s*=\s*(\d+)\s*(<BYTES>)?")  # PDS3: likewise in records, or in bytes
_RECORD = re.compile(rb"RECORD_BYTES\s*=\s*(\d+)")


def check_whole(dataset: "DatasetReader") -> None:
    """Refuse a raster whose file is shorter than its label says; files behind a URL are not looked at.

    Raises:
        DataError: with both numbers.
    """
    files = [Path(name) for name in dataset.files]
    raw = all(file.suffix.lower() not in _IN_OTHER_FORMATS and file.is_file() for file in files)
    packed = dataset.tags(ns="ENVI").get("file_compression", "0") != "0"
    if dataset.driver not in _DRIVERS or not files or not raw or packed:
        return
    sample = sum(np.dtype(kind).itemsize for kind in dataset.dtypes)
    needed = _image_start(files[0]) + dataset.width * dataset.height * sample
    image = next((file for file in files[1:] if file.suffix.lower() not in _BESIDE), files[0])
    held = image.stat().st_size
    if held < needed:
        raise DataError(
            f"{image} has {held} bytes, and as the label of {dataset.height} x {dataset.width} pixels says, "
            f"{needed} at least",
            hint="the file is truncated: copy it again",
        )


def _image_start(label: Path) -> int:
    """Return how many bytes stand before the first pixel; 0 where the label does not say, or stands apart."""
    with label.open("rb") as file:
        text = file.read(_LABEL_BYTES)
    if found := _START.search(text):
        return int(found[1]) - 1
    if not (found := _IMAGE.search(text)):
        return 0
    record = _RECORD.search(text)
    return (int(found[1]) - 1) * (1 if found[2] or not record else int(record[1]))
