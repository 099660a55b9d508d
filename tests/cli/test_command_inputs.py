"""Every kind of input through the command line: predicted with a stub of a model, described, or refused."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from geointerp.sources.open import open_volume

sys.path.insert(0, str(Path(__file__).parents[1] / "sources"))
from das_files import noise, write_dasdae
from object_store import web_server


def smooth(rows: int, columns: int) -> np.ndarray:
    return np.cumsum(np.random.default_rng(3).normal(size=(rows, columns)), axis=1).astype(np.float32)


def write_raster(path: Path, values: np.ndarray, crs: str = "EPSG:32633") -> Path:
    rasterio = pytest.importorskip("rasterio", reason="rasterio is not installed")
    bands = values if values.ndim == 3 else values[None]
    with rasterio.open(
        path, "w", driver="GTiff", count=len(bands), height=bands.shape[1], width=bands.shape[2],
        dtype=bands.dtype, crs=crs, transform=rasterio.Affine(10, 0, 5e5, 0, -10, 5e6), nodata=-9,
    ) as target:  # fmt: skip
        target.write(bands)
    return path


def predicted(run, model: Path, *words) -> xr.Dataset:
    """Predict and open the store."""
    done = run("predict", *words, "--model", model, "-o", "labels.zarr", "--device", "cpu", "--json")
    assert done.status == 0, done.err
    assert json.loads(done.out)["input"] == str(Path(words[0]).absolute())
    return xr.open_zarr("labels.zarr", consolidated=False)


def test_a_raster_keeps_its_place(run, untrained_model, tmp_path):
    values = smooth(60, 80)
    values[10:20, 30:40] = -9
    path = write_raster(tmp_path / "a.tif", values)
    labels = predicted(run, untrained_model, path)
    volume = open_volume(path)
    assert labels["labels"].dims == ("y", "x")
    for name in ("y", "x", "spatial_ref"):
        np.testing.assert_array_equal(labels[name].values, volume[name].values)
        assert labels[name].attrs == volume[name].attrs
    assert labels["labels"].attrs["grid_mapping"] == "spatial_ref"
    np.testing.assert_array_equal(np.isnan(labels["labels"].values), values == -9)
    assert labels.attrs["geointerp"]["source"]["headers_sha256"]


def test_a_recording_keeps_its_times(run, untrained_model, tmp_path):
    pytest.importorskip("dascore", reason="dascore is not installed")
    folder = tmp_path / "recording"
    folder.mkdir()
    start = np.datetime64("2024-05-01T10:00:00.123456789", "ns")
    step = np.timedelta64(500_006, "ns")
    write_dasdae(folder / "a.h5", noise(60, 50, 1), start=start, step=step)
    write_dasdae(folder / "b.h5", noise(60, 40, 2), start=start + 70 * step, step=step)
    labels = predicted(run, untrained_model, folder)
    volume = open_volume(folder)
    assert labels["labels"].dims == ("distance", "time")
    assert labels["time"].dtype == np.dtype("datetime64[ns]")
    np.testing.assert_array_equal(labels["time"].values, volume["time"].values)
    np.testing.assert_array_equal(labels["distance"].values, volume["distance"].values)
    assert labels["distance"].attrs["units"] == "m"
    gap = np.isnan(labels["labels"].values)
    assert gap[:, 50:70].all()
    assert not gap[:, :50].any()
    assert not gap[:, 70:].any()


def test_samples_that_are_not_finite_are_not_predicted(run, untrained_model, tmp_path):
    values = smooth(60, 80)
    values[3, 4], values[5, 6], values[7, 8] = np.nan, np.inf, -np.inf
    np.save(tmp_path / "a.npy", values)
    labels = predicted(run, untrained_model, tmp_path / "a.npy")
    np.testing.assert_array_equal(np.isnan(labels["labels"].values), ~np.isfinite(values))


def test_a_headerless_file(run, untrained_model, tmp_path):
    smooth(60, 80).tofile(tmp_path / "a.dat")
    done = run(
        "predict", tmp_path / "a.dat", "--shape", "60,80", "--dtype", "float32", "--model", untrained_model,
        "-o", "a.zarr", "--device", "cpu",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert xr.open_zarr("a.zarr", consolidated=False)["labels"].shape == (60, 80)


def test_reading_another_band_is_another_run(run, untrained_model):
    """What is left of an interrupted run of one band is not gone on with for another."""
    bands = [Image.fromarray(smooth(60, 60).astype("u1")) for _ in range(3)]
    Image.merge("RGB", bands).save("a.png")
    one = predicted(run, untrained_model, "a.png", "--band", "1").attrs["geointerp"]
    other = predicted(run, untrained_model, "a.png", "--band", "2", "--overwrite").attrs["geointerp"]
    assert one["reading"] == {"band": 1}
    assert one["settings"] != other["settings"]


def test_a_url(run, untrained_model, survey, tmp_path):
    with web_server(tmp_path) as url:
        done = run(
            "predict", f"{url}/survey.sgy?x=1", "--model", untrained_model, "-o", "out/", "--device", "cpu"
        )
        assert done.status == 0, done.err
        described = run("info", f"{url}/survey.sgy", "--json")
    assert done.out == "out/survey.faults.zarr\n"
    labels = xr.open_zarr("out/survey.faults.zarr", consolidated=False)
    assert labels["inline"].values.tolist() == [101, 102, 103, 104]
    assert labels.attrs["geointerp"]["source"]["path"] == f"{url}/survey.sgy?x=1"
    assert json.loads(described.out)["shape"] == [4, 30, 60]


def test_info_of_a_raster(run, tmp_path):
    path = write_raster(tmp_path / "a.tif", smooth(30, 40))
    facts = json.loads(run("info", path, "--json").out)
    assert facts["dims"] == ["y", "x"]
    assert facts["axes"]["x"] == {"first": 500005, "last": 500395, "step": 10, "count": 40, "units": "m"}
    assert facts["raster"]["nodata"] == -9
    shown = run("info", path).err
    assert "nodata" in shown
    assert "WGS 84 / UTM zone 33N" in shown


def test_info_with_relief(run, tmp_path):
    path = write_raster(tmp_path / "a.tif", smooth(30, 40))
    facts = json.loads(run("info", path, "--hillshade", "--sun", "90,30", "--json").out)
    assert facts["reading"] == {"hillshade": "90,30"}
    assert 0 <= facts["amplitude"]["percentiles"]["0"] <= facts["amplitude"]["percentiles"]["100"] <= 1
    assert run("info", path, "--hillshade", "--json").status == 0
    done = run("info", path, "--sun", "90,30")
    assert done.status == 2
    assert "give --hillshade as well" in done.err


def test_info_of_a_recording(run, tmp_path):
    pytest.importorskip("dascore", reason="dascore is not installed")
    shown = run("info", write_dasdae(tmp_path / "a.h5", noise(5, 40))).err
    assert "DASDAE" in shown
    assert "units m/s" in shown
    assert "2024-05-01T10:00:00" in shown


def test_info_of_one_variable(run, tmp_path):
    values = smooth(4, 5)
    dims = ("cdp", "time")
    xr.Dataset({"a": (dims, values), "b": (dims, values)}).to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    assert run("info", "a.nc").status == 1
    assert json.loads(run("info", "a.nc", "--variable", "b", "--json").out)["shape"] == [4, 5]


def bad(folder: Path, name: str) -> list[str]:
    """Make an input that cannot be read, and return the words of the command line."""
    match name:
        case "truncated":
            whole = write_raster(folder / "whole.tif", smooth(300, 300)).read_bytes()
            (folder / "a.tif").write_bytes(whole[:40_000])
        case "empty":
            (folder / "a.tif").touch()
        case "complex":
            np.save(folder / "a.npy", np.zeros((9, 9), complex))
        case "nothing finite":
            np.save(folder / "a.npy", np.full((60, 60), np.nan))
        case "four bands":
            write_raster(folder / "a.tif", np.zeros((4, 60, 60), np.float32))
        case "five dimensions":
            xr.Dataset({"z": (tuple("abcde"), np.zeros((2,) * 5))}).to_netcdf(
                folder / "a.nc", engine="h5netcdf"
            )
        case "another kind":
            (folder / "a.csv").write_text("x,y\n1,2\n")
        case "a folder":
            (folder / "a").mkdir()
        case "another size":
            np.zeros(50, "f4").tofile(folder / "a.dat")
            return [str(folder / "a.dat"), "--shape", "7,7", "--dtype", "float32"]
    return [str(next(file for file in sorted(folder.iterdir()) if file.stem == "a"))]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("truncated", "cannot be read"),
        ("empty", "a.tif is empty"),
        ("complex", "holds complex128"),
        ("nothing finite", "none of the 3600 samples is a finite number"),
        ("four bands", "--band 1 to --band 4"),
        ("five dimensions", "(a, b, c, d, e)"),
        ("another kind", "none of the kinds of file"),
        ("a folder", "is a folder, not a file"),
        ("another size", "has 200 bytes, but the shape (7, 7) of float32 makes 196"),
    ],
)
def test_bad_input_is_one_error_and_leaves_nothing(run, untrained_model, tmp_path, name, said):
    folder = tmp_path / "in"
    folder.mkdir()
    words = bad(folder, name)
    done = run("predict", *words, "--model", untrained_model, "-o", "out/a.zarr", "--device", "cpu")
    assert done.status == 1
    assert said in done.err
    assert done.err.count("error:") == 1
    assert "Traceback" not in done.err
    assert done.out == ""
    assert not Path("out/a.zarr").exists()
    assert not Path("out/.a.zarr.partial").exists()


@pytest.mark.parametrize("words", [["--band", "1"], ["--variable", "a"], ["--hillshade"], ["--shape", "2,2"]])
def test_options_of_other_kinds_are_refused(run, survey, words):
    done = run("info", survey, *words)
    assert done.status in (1, 2)
    assert words[0] in done.err
