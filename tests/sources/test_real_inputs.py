"""Every real file opens as what it is, or is refused for the reason that stands here."""

import numpy as np
import pytest

from geointerp.errors import DataError, PrestackError
from geointerp.sources.open import open_volume

SURVEY = ("inline", "crossline", "time")
LINE, FIBRE, MAP, PICTURE = ("cdp", "time"), ("distance", "time"), ("y", "x"), ("row", "column")

OPENED = {
    "das/deformation_rate_event_1.hdf5": (FIBRE, (225, 900), (2403.638669, "2022-06-04T15:27:44.800325476")),
    "das/dispersion_event.h5": (FIBRE, (101, 2500), (0, "2000-01-01T00:00:00")),
    "das/iDAS005_tdms_example.626.tdms": (FIBRE, (1152, 1000), (166.937846, "2019-05-31T08:38:50.626928")),
    "das/silixa_h5_1.hdf5": (FIBRE, (3840, 100), (8082.91136, "2023-09-22T18:29:26.158")),
    "das/terra15_v5_test_file.hdf5": (FIBRE, (43, 2060), (30.220191, "2022-08-23T23:09:54.373836288")),
    "facies/train/images/1075.png": (PICTURE, (1536, 512), (0, 0)),
    "facies/train/labels/1075.png": (PICTURE, (1536, 512), (0, 0)),
    "lunar/holdout_tile.pgm": (PICTURE, (1700, 1700), (0, 0)),
    "lunar/ldem_4.cub": (MAP, (720, 1440), (2725311.98, -5454414.38)),
    "lunar/moon.tif": (MAP, (512, 1024), (89.82421875, -179.82421875)),
    "lunar/moon_dem.tif": (MAP, (512, 1024), (89.82421875, -179.82421875)),
    "seismic/31_81_PR.sgy": (LINE, (534, 1501), (101, 0)),
    "seismic/F3_very_small.sgy": (SURVEY, (11, 11, 463), (200, 400, 0)),
    "seismic/ex1_missing_traces_75x71x26.segy": (SURVEY, (75, 71, 26), (11352, 2442, 0)),
    "seismic/f3-ebcidctest.sgy": (SURVEY, (2, 100, 463), (105, 300, 0)),
    "seismic/f3-lsb.sgy": (SURVEY, (23, 18, 75), (111, 875, 4)),
    "seismic/f3-withdead.sgy": (SURVEY, (23, 18, 75), (111, 875, 4)),
    "seismic/f3.sgy": (SURVEY, (23, 18, 75), (111, 875, 4)),
    "seismic/f3_sparse.sgy": (SURVEY, (23, 26, 36), (200, 700, 400)),
    "seismic/penobscot_xl1155.sgy": (SURVEY, (601, 1, 1501), (1000, 1155, 0)),
}
CATALOGUE = (DataError, "none of the kinds of file that are read")
REFUSED = {
    "lunar/LROCCraters.csv": CATALOGUE,
    "lunar/holdout_tile_labels.csv": CATALOGUE,
    "lunar/moon_craters_km.csv": CATALOGUE,
    "seismic/viking_small.segy": (PrestackError, "is prestack"),
    "das": (DataError, "are not one recording: 101 and 1152 channels"),
    "seismic": (DataError, "is a folder, not a file"),
}


def needs_extra(name: str) -> None:
    if name.startswith("das"):
        pytest.importorskip("dascore", reason="dascore is not installed")
    if name.startswith("lunar/") and name.endswith((".tif", ".cub")):
        pytest.importorskip("rasterio", reason="rasterio is not installed")


@pytest.mark.parametrize("name", OPENED)
def test_opened(real_data, name):
    needs_extra(name)
    dims, shape, firsts = OPENED[name]
    volume = open_volume(real_data / name)
    assert volume.dims == dims
    assert volume.shape == shape
    assert volume.dtype == np.float32
    assert ("spatial_ref" in volume.coords) == (dims == MAP)
    for dim, first in zip(dims, firsts, strict=True):
        if isinstance(first, str):
            assert volume[dim].values[0] == np.datetime64(first)
        else:
            assert float(volume[dim][0]) == pytest.approx(first, rel=1e-6)
    assert np.isfinite(volume.values).any()
    assert len(volume.attrs["source_headers_sha256"]) == 64


@pytest.mark.parametrize("name", REFUSED)
def test_refused(real_data, name):
    needs_extra(name)
    kind, reason = REFUSED[name]
    with pytest.raises(kind, match=reason):
        open_volume(real_data / name)


def test_no_file_is_forgotten(real_data):
    facies = real_data / "facies"
    files = {
        file.relative_to(real_data).as_posix()
        for file in real_data.rglob("*")
        if file.is_file() and facies not in file.parents and file.parent != real_data
    }
    assert files <= {*OPENED, *REFUSED}
