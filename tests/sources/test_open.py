"""Each kind of file is known by its content; what cannot be read gets one clear error."""

import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from PIL import Image
from segy_files import Written, grid

from geointerp.errors import DataError, UsageError
from geointerp.sources.open import open_label_file, open_volume


def test_segy_by_content_without_a_suffix(tmp_path):
    path = Written(*grid(np.arange(4), np.arange(5))).write(tmp_path / "survey")
    assert open_volume(path).dims == ("inline", "crossline", "time")


def test_a_relative_path_becomes_absolute(tmp_path, monkeypatch):
    Written(*grid(np.arange(4), np.arange(5))).write(tmp_path / "a.sgy")
    monkeypatch.chdir(tmp_path)
    assert open_volume("a.sgy").attrs["source"] == str(tmp_path / "a.sgy")


@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", ">i2", "?"])
@pytest.mark.parametrize(
    ("shape", "dims"), [((5, 7), ("row", "column")), ((2, 3, 4), ("inline", "crossline", "time"))]
)
def test_npy(tmp_path, dtype, shape, dims):
    values = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    np.save(tmp_path / "a.npy", values)
    volume = open_volume(tmp_path / "a.npy")
    assert volume.dims == dims
    assert volume.dtype == np.float32
    np.testing.assert_array_equal(volume.values, values.astype(np.float32))
    assert all(
        volume[dim].values.tolist() == list(range(size)) for dim, size in zip(dims, shape, strict=True)
    )
    assert volume[dims[0]].dtype == np.int32


@pytest.mark.parametrize(
    "values",
    [np.zeros(3), np.zeros((2, 2, 2, 2)), np.zeros((2, 2), complex), np.array([["a"]]), np.zeros((0, 3))],
)
def test_npy_of_another_kind(tmp_path, values):
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(DataError, match=r"a\.npy holds"):
        open_volume(tmp_path / "a.npy")


def test_npy_with_pickled_objects_is_not_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="no readable NumPy file"):
        open_volume(tmp_path / "a.npy")


def test_what_float32_cannot_hold_is_no_datum(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[1e200, 1.0], [-1e200, 2.0]]))
    np.testing.assert_array_equal(open_volume(tmp_path / "a.npy").values, [[np.inf, 1], [-np.inf, 2]])


def test_truncated_npy(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((50, 50)))
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:500])
    with pytest.raises(DataError, match="no readable NumPy file"):
        open_volume(tmp_path / "a.npy")


@pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_pictures_keep_their_values(tmp_path, suffix, dtype):
    values = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (13, 17)).astype(dtype)
    Image.fromarray(values).save(tmp_path / f"a{suffix}")
    volume = open_volume(tmp_path / f"a{suffix}")
    assert volume.dims == ("row", "column")
    assert volume.dtype == np.float32
    np.testing.assert_array_equal(volume.values, values)


def test_float_tiff(tmp_path):
    values = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    Image.fromarray(values).save(tmp_path / "a.tif")
    np.testing.assert_array_equal(open_volume(tmp_path / "a.tif").values, values)


def test_colours_become_luminance(tmp_path):
    colours = np.zeros((3, 4, 3), np.uint8)
    colours[..., 1] = 255
    Image.fromarray(colours).save(tmp_path / "a.png")
    assert open_volume(tmp_path / "a.png").values.tolist() == [[150.0] * 4] * 3


def test_a_picture_of_one_bit_holds_0_and_1(tmp_path):
    mask = np.eye(9, dtype=bool)
    Image.fromarray(mask).save(tmp_path / "a.png")
    np.testing.assert_array_equal(open_volume(tmp_path / "a.png").values, mask)


def test_a_palette_gives_colour_numbers_as_labels_and_luminance_as_a_picture(tmp_path):
    labels = np.random.default_rng(0).integers(0, 3, (9, 7)).astype(np.uint8)
    picture = Image.fromarray(labels).convert("P")
    picture.putdata(labels.ravel().tolist())
    picture.putpalette([0, 0, 0, 255, 255, 255, 100, 100, 100])
    picture.save(tmp_path / "a.png")
    np.testing.assert_array_equal(open_label_file(tmp_path / "a.png").values, labels)
    np.testing.assert_array_equal(open_volume(tmp_path / "a.png").values, np.array([0, 255, 100])[labels])


def test_netcdf_that_no_library_here_reads_is_another_kind(tmp_path):
    (tmp_path / "a.nc").write_bytes(b"CDF\x05" + bytes(100))
    with pytest.raises(DataError, match="none of the kinds of file that are read"):
        open_volume(tmp_path / "a.nc")


def test_damaged_picture(tmp_path):
    Image.fromarray(np.zeros((90, 90), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:60])
    with pytest.raises(DataError, match="no readable picture"):
        open_volume(tmp_path / "a.png")


def test_real_pictures(real_data):
    assert open_volume(real_data / "lunar" / "holdout_tile.pgm").shape == (1700, 1700)
    assert open_volume(real_data / "lunar" / "moon_dem.tif").shape == (512, 1024)


def survey(name: str) -> xr.Dataset:
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    coords = {"iline": [5, 6], "xline": [7, 8, 9], "twt": [0.0, 4.0, 8.0, 12.0]}
    return xr.Dataset({name: (("iline", "xline", "twt"), values)}, coords)


def write(dataset: xr.Dataset, path) -> None:
    if path.suffix == ".zarr":
        dataset.to_zarr(path, zarr_format=3, consolidated=False)
    else:
        dataset.to_netcdf(path, engine="h5netcdf")


@pytest.mark.parametrize("suffix", [".zarr", ".nc"])
@pytest.mark.parametrize("name", ["data", "porosity"])
def test_volumes_of_other_programs(tmp_path, suffix, name):
    path = tmp_path / f"a{suffix}"
    write(survey(name).transpose("twt", "iline", "xline"), path)
    volume = open_volume(path)
    assert volume.dims == ("inline", "crossline", "time")
    assert volume["time"].values.tolist() == [0, 4, 8, 12]
    np.testing.assert_array_equal(volume.values.ravel(), np.arange(24))
    assert volume.attrs["source"] == str(path)


@pytest.mark.parametrize("suffix", [".zarr", ".nc"])
def test_labels_are_opened_as_they_are(tmp_path, suffix):
    labels = np.array([[0, 1, 255], [1, 1, 0]], np.uint8)
    dataset = xr.Dataset(
        {
            "labels": (
                ("cdp", "time"),
                labels,
                {"_FillValue": np.uint8(255), "flag_meanings": "background fault"},
            )
        },
        {"cdp": [1, 2], "time": ("time", [0.0, 4.0, 8.0], {"units": "ms"})},
    )
    write(dataset.assign(other=(("cdp",), [1, 2])), tmp_path / f"a{suffix}")
    opened = open_volume(tmp_path / f"a{suffix}")
    assert opened.dtype == np.uint8
    np.testing.assert_array_equal(opened.values, labels)
    assert opened["time"].values.tolist() == [0, 4, 8]
    assert opened.attrs["flag_meanings"] == "background fault"


def test_a_store_with_no_plain_volume(tmp_path):
    write(survey("a").assign(b=survey("a")["a"]), tmp_path / "a.zarr")
    with pytest.raises(DataError, match=r"\(a, b\) is plainly the volume"):
        open_volume(tmp_path / "a.zarr")


def test_a_store_with_other_dims(tmp_path):
    write(xr.Dataset({"a": (("p", "q"), np.zeros((2, 2)))}), tmp_path / "a.zarr")
    with pytest.raises(DataError, match=r"dims of 'a' are \(p, q\)"):
        open_volume(tmp_path / "a.zarr")


def test_a_damaged_store(tmp_path):
    write(survey("data"), tmp_path / "a.zarr")
    (tmp_path / "a.zarr" / "zarr.json").write_text("{")
    with pytest.raises(DataError, match="cannot be opened"):
        open_volume(tmp_path / "a.zarr")


def test_absent(tmp_path):
    with pytest.raises(DataError, match=r"a\.sgy does not exist"):
        open_volume(tmp_path / "a.sgy")


def test_a_folder(tmp_path):
    with pytest.raises(DataError, match="is a folder, not a file") as raised:
        open_volume(tmp_path)
    assert "folder/*.sgy" in raised.value.hint


@pytest.mark.parametrize("name", ["a.xyz", "a.sgy", "a.dat", "a.cub", "a.jp2", "a.npy", "a.zarr"])
def test_an_empty_file(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(DataError, match=rf"{name} is empty \(0 bytes\)") as caught:
        open_volume(tmp_path / name)
    assert "copy it again" in str(caught.value.hint)


@pytest.mark.parametrize("content", [b"some text\n", b"\xff\x80\x90" * 3000])
def test_another_kind(tmp_path, content):
    (tmp_path / "a.xyz").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.xyz is ") as caught:
        open_volume(tmp_path / "a.xyz")
    assert "SEG-Y" in str(caught.value.hint)


def test_permission_denied(tmp_path, monkeypatch):
    path = tmp_path / "a.sgy"
    path.write_bytes(b"x")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read every file")
    with pytest.raises(DataError, match="permission denied"):
        open_volume(path)


@pytest.mark.parametrize("name", ["a.sgy", "a.tif", "a.h5", "a.dat"])
def test_permission_denied_whoever_runs_this(tmp_path, monkeypatch, name):
    path = tmp_path / name
    path.write_bytes(b"x")

    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=rf"{name} may not be read: permission denied"):
        open_volume(path)


def test_permission_denied_in_a_folder(tmp_path, monkeypatch):
    (tmp_path / "a.h5").write_bytes(b"x")

    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"a\.h5 may not be read: permission denied"):
        open_volume(tmp_path)


def test_no_plain_file(tmp_path):
    os.mkfifo(tmp_path / "a.sgy")
    with pytest.raises(DataError, match="no plain file"):
        open_volume(tmp_path / "a.sgy")


def test_segy_options_on_something_else(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 2)))
    assert open_volume(tmp_path / "a.npy", endian=None).shape == (2, 2)
    with pytest.raises(UsageError, match=r"is not SEG-Y: --inline-byte, --crossline-byte"):
        open_volume(tmp_path / "a.npy", inline_byte=5, crossline_byte=9)


def test_labels_with_probabilities_open_as_labels(tmp_path):
    store = xr.Dataset(
        {
            "labels": (("cdp", "time"), np.ones((3, 4), np.uint8)),
            "probability": (("class", "cdp", "time"), np.ones((2, 3, 4), np.uint8)),
        },
        coords={"class": [0, 1], "cdp": np.arange(3), "time": np.arange(4) * 4.0},
    )
    store.to_zarr(tmp_path / "labels.zarr", zarr_format=3, consolidated=False)
    opened = open_volume(tmp_path / "labels.zarr")
    assert opened.dims == ("cdp", "time")
    assert "class" not in opened.coords
    np.testing.assert_array_equal(opened["time"], [0, 4, 8, 12])


def test_a_url_of_another_kind():
    with pytest.raises(DataError, match=r"ftp://host/a\.sgy: of URLs, s3://, gs:// and https:// are read"):
        open_volume("ftp://host/a.sgy")


def test_an_empty_path_is_not_this_folder():
    with pytest.raises(UsageError, match="is empty"):
        open_volume("")
