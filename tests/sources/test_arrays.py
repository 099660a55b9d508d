"""Headerless files and pictures of several bands."""

import pickle
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from geointerp.errors import DataError, UsageError
from geointerp.sources.open import open_label_file, open_volume
from geointerp.sources.raster_place import part_of


@pytest.mark.parametrize("dtype", ["float32", ">i2", "uint8", "<f8"])
@pytest.mark.parametrize(
    ("shape", "dims"), [((5, 7), ("row", "column")), ((2, 3, 4), ("inline", "crossline", "time"))]
)
def test_headerless_files(tmp_path, dtype, shape, dims):
    values = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    values.tofile(tmp_path / "a.dat")
    for given in (shape, ",".join(map(str, shape))):
        volume = open_volume(tmp_path / "a.dat", shape=given, dtype=dtype)
        assert volume.dims == dims
        assert volume.dtype == np.float32
        np.testing.assert_array_equal(volume.values, values.astype(np.float32))
    assert volume.attrs["reading"] == {"shape": ",".join(map(str, shape)), "dtype": dtype}
    assert volume.attrs["source_size"] == values.nbytes


def test_a_shape_makes_any_suffix_headerless(tmp_path):
    np.zeros((4, 5), "f4").tofile(tmp_path / "a.vol")
    assert open_volume(tmp_path / "a.vol", shape="4,5", dtype="float32").shape == (4, 5)


def test_a_size_that_differs_names_both_numbers(tmp_path):
    np.zeros(100, "f4").tofile(tmp_path / "a.bin")
    with pytest.raises(
        DataError, match=r"a\.bin has 400 bytes, but the shape \(9, 10\) of float32 makes 360"
    ):
        open_volume(tmp_path / "a.bin", shape="9,10", dtype="float32")


def test_an_empty_headerless_file(tmp_path):
    (tmp_path / "a.dat").touch()
    with pytest.raises(DataError, match=r"a\.dat is empty \(0 bytes\)"):
        open_volume(tmp_path / "a.dat", shape="9,10", dtype="float32")


@pytest.mark.parametrize(
    ("given", "missing"),
    [({}, "--shape and --dtype"), ({"dtype": "f4"}, "--shape "), ({"shape": "2,2"}, "--dtype ")],
)
def test_headerless_files_need_shape_and_type(tmp_path, given, missing):
    np.zeros(4, "f4").tofile(tmp_path / "a.dat")
    with pytest.raises(DataError, match=f"{missing}.*not given"):
        open_volume(tmp_path / "a.dat", **given)


@pytest.mark.parametrize("shape", ["4", "1,2,3,4", "a,b", "0,4", "-2,2", "2.5,2", (1, 2, 3, 4, 5)])
def test_shapes_that_cannot_be_read(tmp_path, shape):
    np.zeros(4, "f4").tofile(tmp_path / "a.dat")
    with pytest.raises(UsageError, match="two or three whole numbers"):
        open_volume(tmp_path / "a.dat", shape=shape, dtype="float32")


@pytest.mark.parametrize("dtype", ["complex64", "object", "U4", "float", "real32", "M8[ns]"])
def test_types_that_are_no_real_numbers(tmp_path, dtype):
    np.zeros(4, "f8").tofile(tmp_path / "a.dat")
    if dtype == "float":  # numpy's name of float64
        assert open_volume(tmp_path / "a.dat", shape="2,2", dtype=dtype).shape == (2, 2)
        return
    with pytest.raises(UsageError, match="no type of real numbers"):
        open_volume(tmp_path / "a.dat", shape="2,2", dtype=dtype)


def test_samples_that_are_not_finite_are_kept(tmp_path):
    """What is not finite counts as no datum: the engine masks it, see the tests of the reader."""
    values = np.array([[1, np.nan, 3], [np.inf, 5, -np.inf]], np.float32)
    np.save(tmp_path / "a.npy", values)
    np.testing.assert_array_equal(open_volume(tmp_path / "a.npy").values, values)


def test_a_headers_suffix_does_not_hide_what_the_content_says(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((3, 4)))
    (tmp_path / "a.npy").rename(tmp_path / "a.dat")
    assert open_volume(tmp_path / "a.dat").shape == (3, 4)
    with pytest.raises(UsageError, match="a NumPy file: --shape, --dtype says how headerless files are read"):
        open_volume(tmp_path / "a.dat", shape="3,4", dtype="float64")


@pytest.mark.parametrize(("mode", "suffix"), [("RGBA", ".png"), ("CMYK", ".jpg"), ("LA", ".png")])
def test_pictures_of_several_bands_need_a_choice(tmp_path, mode, suffix):
    path = tmp_path / f"a{suffix}"
    bands = [Image.new("L", (5, 6), 40 * number) for number in range(len(mode))]
    Image.merge(mode, bands).save(path)
    with pytest.raises(DataError, match=f"has {len(mode)} bands") as caught:
        open_volume(path)
    assert f"--band 1 to --band {len(mode)}" in str(caught.value.hint)
    chosen = open_volume(path, band=2)
    assert chosen.dims == ("row", "column")
    np.testing.assert_allclose(chosen.values, 40, atol=3 if suffix == ".jpg" else 0)
    with pytest.raises(UsageError, match=f"there is no --band {len(mode) + 1}"):
        open_volume(path, band=len(mode) + 1)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_an_opacity_that_hides_nothing_is_passed_over(tmp_path, mode):
    values = np.random.default_rng(0).integers(0, 256, (7, 9, len(mode)), dtype=np.uint8)
    values[..., -1] = 255
    Image.fromarray(values).save(tmp_path / "a.png")
    Image.fromarray(values[..., :-1].squeeze()).save(tmp_path / "b.png")
    np.testing.assert_array_equal(open_volume(tmp_path / "a.png"), open_volume(tmp_path / "b.png"))
    values[3, 4, -1] = 254
    Image.fromarray(values).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=f"has {len(mode)} bands") as caught:
        open_volume(tmp_path / "a.png")
    assert str(caught.value.hint).endswith("or store it as grey or RGB")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_labels_may_be_grey_in_several_bands_but_not_coloured(tmp_path, mode):
    values = np.arange(12, dtype=np.uint8).reshape(3, 4)
    grey = Image.fromarray(values)
    Image.merge(mode, [grey if band in "LRGB" else grey.point(lambda _: 255) for band in mode]).save(
        tmp_path / "a.png"
    )
    np.testing.assert_array_equal(open_label_file(tmp_path / "a.png").values, values)
    Image.new("RGB", (4, 3), (0, 3, 0)).save(tmp_path / "b.png")
    with pytest.raises(DataError, match="is coloured, and labels are the numbers of classes"):
        open_label_file(tmp_path / "b.png")


def test_the_one_band_of_a_grey_picture(tmp_path):
    values = np.arange(12, dtype=np.uint8).reshape(3, 4)
    Image.fromarray(values).save(tmp_path / "a.png")
    np.testing.assert_array_equal(open_volume(tmp_path / "a.png", band=1).values, values)


def test_only_rasters_have_relief(tmp_path):
    Image.new("L", (5, 6)).save(tmp_path / "a.png")
    with pytest.raises(UsageError, match="a picture on no map: --hillshade is for elevation on a map"):
        open_volume(tmp_path / "a.png", hillshade=True)


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_large_npy_is_read_window_by_window(tmp_path, order):
    """A sparse file of 3 GB: opening, reading a corner and sending it elsewhere copy next to nothing."""
    path = tmp_path / "large.npy"
    mapped = np.lib.format.open_memmap(path, "w+", np.float32, (900, 1000, 900), fortran_order=order == "F")
    mapped[450, 3:5, 7] = [2, 3]
    mapped.flush()
    tracemalloc.start()
    volume = open_volume(path)
    np.testing.assert_array_equal(volume[450, 2:6, 7].values, [0, 2, 3, 0])
    packed = pickle.dumps(volume)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(packed) < 1 << 20
    assert most < 64 << 20
    np.testing.assert_array_equal(pickle.loads(packed)[450, 2:6, 7].values, [0, 2, 3, 0])


def test_a_stack_of_pictures_is_refused_and_a_thumbnail_is_not(tmp_path):
    pages = [Image.fromarray(np.full((64, 80), value, np.uint8)) for value in range(5)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(DataError, match="holds 5 pictures"):
        open_volume(tmp_path / "a.tif")
    pages[3].save(tmp_path / "b.tif", save_all=True, append_images=[pages[1].resize((40, 32))])
    np.testing.assert_array_equal(open_volume(tmp_path / "b.tif"), np.full((64, 80), 3))


def test_a_file_opened_as_two_kinds_of_number_is_two_volumes(tmp_path):
    (tmp_path / "x.bin").write_bytes(np.arange(60, dtype=np.float32).tobytes())
    real, whole = (
        open_volume(tmp_path / "x.bin", shape="3,4,5", dtype=dtype) for dtype in ("float32", "int32")
    )
    assert real.data.name != whole.data.name
    np.testing.assert_array_equal(part_of(real, {"inline": (1, 3)}), np.arange(20, 60).reshape(2, 4, 5))
