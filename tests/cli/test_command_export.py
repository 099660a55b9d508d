"""Labels of a synthetic survey, stored as predict stores them, written by the program itself."""

import csv
import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import segyio
import xarray as xr
from PIL import Image

from geointerp.sinks.zarr_store import create_store
from geointerp.sources.open import open_volume
from geointerp.tasks import TASKS
from geointerp.tiling.blocks import Block, storage
from geointerp.tiling.views import choose_views


def store(path, volume, task, values, reading=None, source=None):
    """A finished label store of a volume."""
    (view,) = choose_views([str(dim) for dim in volume.dims], ("inline",) if volume.ndim == 3 else None)
    chunks, shards = storage(view, dict(volume.sizes), 2)
    made = create_store(path, volume, TASKS[task].classes, chunks=chunks, shards=shards)
    oriented = np.moveaxis(values, [volume.dims.index(dim) for dim in view.order], range(volume.ndim))
    oriented = oriented if view.slices else oriented[None]
    for start in range(0, len(oriented), 2):
        made.write(
            "labels", view, Block(0, start, min(start + 2, len(oriented))), oriented[start : start + 2]
        )
    source = source or {"path": volume.attrs["source"]}
    told = {"task": task, "source": source, "segy": volume.attrs.get("segy"), "reading": reading}
    made.finish(told)
    return path


@pytest.fixture
def truth(survey):
    """Labels of the survey: a fault, and a block of salt in the same place."""
    volume = open_volume(survey)
    values = np.zeros(volume.shape, np.uint8)
    for row in range(50):
        values[:, 8 + row // 4, row + 5] = 1
        values[:, 9 + row // 4, row + 5] = 1
    return volume, values


@pytest.fixture
def faults(truth):
    return store(Path("faults.zarr"), truth[0], "faults", truth[1])


@pytest.fixture
def salt(truth):
    return store(Path("salt.zarr"), truth[0], "salt", truth[1])


def test_segy_takes_the_headers_of_the_input(run, faults, survey, truth):
    done = run("export", faults, "-o", "a.sgy")
    assert (done.status, done.out) == (0, "a.sgy\n"), done.err
    with segyio.open("a.sgy") as file, segyio.open(survey) as template:
        np.testing.assert_array_equal(segyio.tools.cube(file), truth[1])
        assert [dict(one) for one in file.header[:3]] == [dict(one) for one in template.header[:3]]
    done = run("export", faults, "-o", "b.sgy", "--format", "int8")
    assert (done.status, done.out) == (0, "b.sgy\n"), done.err
    with segyio.open("b.sgy") as file:
        assert int(file.format) == 8


def test_the_input_may_lie_elsewhere(run, faults, survey):
    survey.rename("moved.sgy")
    done = run("export", faults, "-o", "a.sgy")
    assert (done.status, done.out) == (1, "")
    assert "survey.sgy, which the labels were predicted from, is not there" in done.err
    assert "--like" in done.err
    done = run("export", faults, "-o", "a.sgy", "--like", "moved.sgy")
    assert (done.status, done.out) == (0, "a.sgy\n"), done.err


@pytest.mark.parametrize("larger", [False, True])
def test_another_file_in_the_place_of_the_input_is_not_taken_for_it(run, truth, survey, larger):
    from geointerp.sinks.segy_write import write_survey

    headers = truth[0].attrs["source_headers_sha256"]
    told = {"path": "survey.sgy", "size": survey.stat().st_size, "headers_sha256": headers}
    labels = store(Path("faults.zarr"), truth[0], "faults", truth[1], source=told)
    done = run("export", labels, "-o", "a.png")
    assert (done.status, done.out) == (0, "a.png\n"), done.err
    other = np.random.default_rng(1).normal(size=(4, 30, 61 if larger else 60)).astype(np.float32)
    lines = {"inlines": range(501, 505), "crosslines": range(300, 360, 2)}
    write_survey("other.sgy", other, **lines, sample_interval_ms=4, delay_ms=100)
    Path("other.sgy").replace(survey)
    for name in ("b.png", "b.sgy", "b.html"):
        done = run("export", labels, "-o", name)
        assert (done.status, done.out) == (1, "")
        told = " ".join(done.err.split())
        assert "survey.sgy is no longer the file that the labels were predicted from" in told
        assert "its headers are others" in told
        assert ("bytes, now " in told) == larger
        assert "--like" in done.err
        assert not Path(name).exists()


def test_a_damaged_store_is_named(run, faults):
    piece = max((faults / "labels" / "c").rglob("*"), key=lambda file: file.stat().st_size * file.is_file())
    content = bytearray(piece.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(64)
    piece.write_bytes(content)
    for words in (("export", faults, "-o", "a.npy"), ("evaluate", faults, faults)):
        done = run(*words)
        assert (done.status, done.out) == (1, ""), done.err
        assert "error: what is stored cannot be decoded: " in done.err
        assert f"hint: is {faults}" in done.err
        assert not Path("a.npy").exists()


@pytest.mark.filterwarnings("default")
def test_a_store_that_was_not_copied_whole_is_told_of(run, faults):
    done = run("export", faults, "-o", "whole.npy")
    assert (done.status, "lacks" in done.err) == (0, False), done.err
    pieces = [file for file in (faults / "labels" / "c").rglob("*") if file.is_file()]
    assert len(pieces) > 1
    pieces[0].unlink()
    done = run("export", faults, "-o", "a.npy")
    assert (done.status, done.out) == (0, "a.npy\n"), done.err
    words = f"faults.zarr lacks 1 of the {len(pieces)} files of its labels"
    assert words in " ".join(done.err.split())
    with pytest.warns(UserWarning, match=words):
        open_volume(faults)
    # Of a part of it, or of one divided otherwise, nobody knows how many there should be.
    again = xr.open_zarr(faults, consolidated=False, decode_cf=False)
    again.isel(inline=slice(0, 2)).drop_encoding().to_zarr("part.zarr", consolidated=False)
    again.load().drop_encoding().to_zarr("one_piece.zarr", consolidated=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        open_volume("part.zarr")
        open_volume("one_piece.zarr")


def test_the_headers_may_be_of_another_kind_of_file(run, truth, survey):
    """What said how the former input is read says nothing of SEG-Y."""
    reading = {"variable": "seismic", "shape": "4,30,60", "inline_byte": 189, "crossline_byte": 193}
    labels = store(Path("faults.zarr"), truth[0], "faults", truth[1], reading)
    done = run("export", labels, "-o", "a.sgy", "--like", survey)
    assert (done.status, done.out) == (0, "a.sgy\n"), done.err


def test_the_template_of_another_survey_is_refused(run, faults):
    from geointerp.sinks.segy_write import write_survey

    other = np.random.default_rng(1).normal(size=(3, 30, 60)).astype(np.float32)
    lines = {"inlines": range(101, 104), "crosslines": range(300, 360, 2)}
    write_survey("other.sgy", other, **lines, sample_interval_ms=4, delay_ms=100)
    done = run("export", faults, "-o", "a.sgy", "--like", "other.sgy")
    assert (done.status, done.out) == (1, "")
    assert "other.sgy is another survey: its 3 inline values" in done.err
    assert not Path("a.sgy").exists()


def test_sticks_in_both_forms(run, faults):
    done = run("export", faults, "-o", "a.txt", "--json", "--quiet")
    assert done.status == 0, done.err
    assert json.loads(done.out) == {
        "input": "faults.zarr",
        "output": "a.txt",
        "task": "faults",
        "product": "sticks",
        "count": 4,
    }
    assert Path("a.txt").read_text().splitlines()[0].split()[:3] == ["INLINE-", "101", "316"]
    done = run("export", faults, "-o", "b.txt", "--format", "opendtect", "--every", "2")
    assert done.status == 0, done.err
    assert {line.split()[-1] for line in Path("b.txt").read_text().splitlines()} == {"1", "2"}


def test_surfaces(run, faults, truth):
    done = run("export", faults, "-o", "a.npy", "--product", "surfaces")
    assert done.status == 0, done.err
    thin = np.load("a.npy")
    assert 0.4 < thin.sum() / truth[1].sum() < 0.6
    assert (truth[1][thin == 1] == 1).all()


def test_bodies_and_horizons(run, salt):
    done = run("export", salt, "-o", "a.csv", "--velocity", "3000", "--min-size", "50")
    assert done.status == 0, done.err
    with Path("a.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert (row["class"], row["samples"]) == ("salt", "400")
    assert float(row["volume_m3"]) == pytest.approx(400 * 25 * 50 * 0.004 / 2 * 3000)
    for product in ("top", "base"):
        done = run("export", salt, "-o", f"{product}.txt", "--product", product)
        assert done.status == 0, done.err
    top, base = np.loadtxt("top.txt"), np.loadtxt("base.txt")
    np.testing.assert_array_equal(top[:, :2], base[:, :2])
    assert (top[:, 2] < base[:, 2]).all()


@pytest.mark.parametrize("name", ["a.nc", "a.npy", "a.png", "a.geojson", "a.gpkg"])
def test_every_other_suffix(run, faults, name):
    if name.endswith(".gpkg"):
        pytest.importorskip("pyogrio", reason="GeoPackages need the extra raster")
    done = run("export", faults, "-o", name)
    assert (done.status, done.out) == (0, f"{name}\n"), done.err
    assert Path(name).stat().st_size
    done = run("export", faults, "-o", name)
    assert (done.status, done.out) == (1, "")
    assert f"{name} exists" in done.err
    assert run("export", faults, "-o", name, "--overwrite").status == 0
    assert not list(Path().glob(".*"))


def test_netcdf_is_an_input_as_well(run, faults):
    assert run("export", faults, "-o", "a.nc").status == 0
    done = run("export", "a.nc", "-o", "a.sgy")
    assert (done.status, done.out) == (0, "a.sgy\n"), done.err


def test_rasters(run, tmp_path):
    rasterio = pytest.importorskip("rasterio", reason="rasters need the extra raster")
    values = (np.hypot(*(np.indices((80, 90)) - 40)) < 20).astype(np.uint8)
    coords = {"y": 40 - np.arange(80) - 0.5, "x": np.arange(90) + 0.5}
    wkt = (
        'GEOGCS["Moon",DATUM["Moon",SPHEROID["Moon",1737400,0]],PRIMEM["Zero",0],UNIT["degree",0.0174532925]]'
    )
    coords["spatial_ref"] = ((), 0, {"crs_wkt": wkt})
    volume = xr.DataArray(values, coords, ("y", "x"), attrs={"source": "moon.tif"})
    craters = store(Path("craters.zarr"), volume, "craters", values)
    for name in ("a.tif", "a.csv", "a.geojson", "a.gpkg"):
        done = run("export", craters, "-o", name)
        assert (done.status, done.out) == (0, f"{name}\n"), done.err
    with rasterio.open("a.tif") as file:
        np.testing.assert_array_equal(file.read(1), values)
        assert "1737400" in file.crs.to_wkt()
    with Path("a.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert float(row["latitude"]) == pytest.approx(-0.5, abs=0.3)
    assert float(row["longitude"]) == pytest.approx(40.5, abs=0.3)


def test_what_hardly_shows_a_rim_is_listed_if_none_is_asked_for(run):
    rows, columns = np.indices((80, 90)) - 40
    half, whole = (np.hypot(rows, columns) < 25) & (rows < 0), np.hypot(rows - 25, columns - 30) < 12
    values = (half | whole).astype(np.uint8)
    volume = xr.DataArray(values, dims=("row", "column"), attrs={"source": "moon.png"})
    craters = store(Path("craters.zarr"), volume, "craters", values)
    for words, found in (((), 1), (("--min-rim", "0.4"), 1), (("--min-rim", "0"), 3)):
        done = run("export", craters, "-o", "a.csv", "--overwrite", *words)
        assert (done.status, done.out) == (0, "a.csv\n"), done.err
        with Path("a.csv").open() as file:
            assert len(list(csv.DictReader(file))) == found


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("-o", "a.doc"), 2, "no writer goes by the suffix '.doc'"),
        (("-o", "a.zarr"), 2, "export does not write .zarr"),
        (("-o", "a.tif"), 2, "a GeoTIFF holds a raster"),
        (("-o", "a.csv", "--product", "craters"), 2, "craters is made of images"),
        (("-o", "a.txt", "--format", "petrel"), 2, "no form 'petrel'"),
        (("-o", "a.sgy", "--format", "float16"), 2, "no form 'float16'"),
        (("-o", "a.png", "--at", "inline"), 2, "no slice can be read from 'inline'"),
        (("-o", "a.csv", "--velocity", "-5"), 2, "--velocity"),
        (("-o", "a.txt", "--velocity", "3000"), 2, "not for fault sticks: a.txt"),
        (("-o", "a.csv", "--min-rim", "0.5"), 2, "is for craters, not for geobodies"),
        (("-o", "a.csv", "--min-rim", "nan"), 2, "a number from 0 to 1, not nan"),
        (("-o", "a.csv", "--every", "3"), 2, "every n-th section is for fault sticks, not for geobodies"),
        (("-o", "a.csv", "--like", "nothing.sgy"), 2, "--like is for .sgy"),
        (("-o", "a.csv", "--at", "inline=101"), 2, "a place to cut at is for pictures"),
        (("-o", "a.csv", "--min-size", "0"), 2, "min-size"),
        ((), 2, "--output"),
    ],
)
def test_wrong_words_write_nothing(run, faults, words, status, said):
    before = set(Path().iterdir())
    done = run("export", faults, *words)
    assert (done.status, done.out) == (status, ""), done.err
    assert done.err.startswith("error: ")
    assert said in done.err
    assert set(Path().iterdir()) == before


def test_what_holds_no_labels_is_refused(run, survey):
    done = run("export", "missing.zarr", "-o", "a.csv")
    assert (done.status, done.out) == (1, "")
    assert "missing.zarr does not exist" in done.err
    done = run("export", survey, "-o", "a.csv")
    assert (done.status, done.out) == (1, "")
    assert "survey.sgy is no label store" in done.err
    assert len(done.err.splitlines()) == 2  # xarray would say much more
    Path(".labels.zarr.partial").mkdir()
    done = run("export", ".labels.zarr.partial", "-o", "a.csv")
    assert (done.status, done.out) == (1, "")
    assert "unfinished" in done.err
    assert "--resume" in done.err
    xr.Dataset({"amplitude": ("x", [1.0])}).to_zarr("other.zarr", zarr_format=3, consolidated=False)
    done = run("export", "other.zarr", "-o", "a.csv")
    assert (done.status, done.out) == (1, "")
    assert "other.zarr has no 'labels', only amplitude" in done.err


@pytest.mark.filterwarnings("default")
def test_an_empty_result_is_a_warning(run, truth):
    nothing = store(Path("none.zarr"), truth[0], "faults", np.zeros_like(truth[1]))
    done = run("export", nothing, "-o", "a.txt")
    assert (done.status, done.out) == (0, "a.txt\n")
    assert "warning: a.txt: fault sticks: none were found" in done.err
    assert Path("a.txt").read_text() == ""


def test_what_a_model_sees_is_drawn(run, untrained_model):
    np.save("section.npy", np.random.default_rng(1).normal(size=(56, 70)).astype("f4"))
    done = run("export", untrained_model, "--features", "section.npy", "-o", "features.png", "--json")
    assert done.status == 0
    assert json.loads(done.out)["output"] == "features.png"
    with Image.open("features.png") as picture:
        assert picture.format == "PNG"
    refused = run("export", untrained_model, "--features", "section.npy", "-o", "features.csv")
    assert refused.status == 2
    assert "drawn as .png" in refused.err


@pytest.mark.parametrize(
    "option",
    [
        "--like=a.sgy",
        "--at=inline=1",
        "--format=ieee",
        "--product=labels",
        "--min-size=3",
        "--velocity=2",
        "--every=2",
        "--min-rim=0.5",
    ],
)
def test_features_are_drawn_with_no_options_of_labels(run, untrained_model, option):
    np.save("section.npy", np.random.default_rng(1).normal(size=(56, 70)).astype("f4"))
    done = run("export", untrained_model, "--features", "section.npy", option, "-o", "features.png")
    assert (done.status, done.out) == (2, "")
    assert f"{option.split('=')[0]} says how labels are exported, and --features shows none" in done.err
    assert not Path("features.png").exists()
