"""Elevation models through the command line: hillshaded or as they are, as the model folder asks."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import yaml

import geointerp

sys.path.insert(0, str(Path(__file__).parents[1] / "sources"))
from raster_files import write

NOTE = "taken for an elevation model (its samples are stored as int16, without a unit)"


@pytest.fixture
def model(untrained_model, tmp_path) -> Callable[..., Path]:
    """Return a copy of the untrained model that asks for something of elevation models."""

    def asking(elevation: str | None, name: str = "model") -> Path:
        folder = tmp_path / name
        shutil.copytree(untrained_model, folder)
        about = json.loads((folder / "geointerp.json").read_text())
        (folder / "geointerp.json").write_text(json.dumps(about | {"elevation": elevation}))
        return folder

    return asking


@pytest.fixture
def dem(tmp_path) -> Path:
    """An elevation model, int16: hills on a slope."""
    rows, columns = np.mgrid[:60, :80]
    z = 20 * np.sin(rows / 5) * np.cos(columns / 7) + 2 * columns - 80
    return write(tmp_path / "dem.tif", z.astype("i2"))


def labels_of(store: str) -> np.ndarray:
    return xr.open_zarr(store, consolidated=False, mask_and_scale=False)["labels"].values


def reading_of(store: str) -> object:
    return xr.open_zarr(store, consolidated=False).attrs["geointerp"]["reading"]


def test_predict_shows_the_model_what_it_asks_for(run, model, dem):
    relief, raw, silent = model("hillshade", "relief"), model("raw", "raw"), model(None, "silent")
    words = ("predict", dem, "--precision", "fp32")
    done = {
        name: run(*words, *options, "-o", f"{name}.zarr")
        for name, options in {
            "relief": ("--model", relief),
            "asked": ("--model", raw, "--hillshade"),
            "raw": ("--model", raw),
            "silent": ("--model", silent),
            "refused": ("--model", relief, "--no-hillshade"),
            "sun": ("--model", relief, "--hillshade", "--sun", "90,20"),
        }.items()
    }
    assert not [one.err for one in done.values() if one.status]
    assert [name for name, one in done.items() if "relief under a low sun" in one.err] == ["relief"]
    assert NOTE in done["relief"].err
    assert "--no-hillshade" in done["relief"].err
    shaded = {"hillshade": True}
    expected = {"relief": shaded, "asked": shaded, "raw": {}, "silent": {}, "refused": {}}
    assert {name: reading_of(f"{name}.zarr") for name in expected} == expected
    assert reading_of("sun.zarr") == {"hillshade": "90,20"}
    np.testing.assert_array_equal(labels_of("relief.zarr"), labels_of("asked.zarr"))
    np.testing.assert_array_equal(labels_of("raw.zarr"), labels_of("refused.zarr"))
    assert not np.array_equal(labels_of("relief.zarr"), labels_of("raw.zarr"))


def test_a_path_in_python_is_opened_as_the_model_asks(run, model, dem):
    folder = model("hillshade")
    for options, reading in (
        ({}, {"hillshade": True}),
        ({"hillshade": False}, {}),
        ({"elevation": "raw"}, {}),
    ):
        labels = geointerp.predict(dem, model=folder, **options)
        assert labels.attrs["geointerp"]["reading"] == reading


def test_images_stay_as_they_are_and_quiet_is_quiet(run, model, dem, tmp_path):
    relief = model("hillshade")
    image = write(tmp_path / "image.tif", np.arange(4800).reshape(60, 80).astype("u1"))
    seen = run("predict", image, "--model", relief, "-o", "image.zarr")
    assert (seen.status, reading_of("image.zarr")) == (0, {})
    assert "elevation" not in seen.err
    quiet = run("predict", dem, "--model", relief, "-o", "dem.zarr", "--quiet")
    assert (quiet.status, quiet.err) == (0, "")
    assert reading_of("dem.zarr") == {"hillshade": True}


def test_several_inputs_are_judged_each_by_itself(run, model, dem, survey, tmp_path):
    image = write(tmp_path / "image.tif", np.arange(4800).reshape(60, 80).astype("u1"))
    done = run("predict", dem, image, survey, "--model", model("hillshade"), "-o", "out")
    assert done.status == 0, done.err
    readings = {name: reading_of(f"out/{name}.faults.zarr") for name in ("dem", "image", "survey")}
    assert readings == {"dem": {"hillshade": True}, "image": {}, "survey": {}}
    assert done.err.count("elevation model") == 1


def test_a_picture_of_the_result_shows_the_relief(run, model, dem):
    assert run("predict", dem, "--model", model("hillshade"), "-o", "labels.zarr").status == 0
    assert run("export", "labels.zarr", "-o", "shaded.png").status == 0
    assert run("predict", dem, "--model", "model", "-o", "plain.zarr", "--no-hillshade").status == 0
    assert run("export", "plain.zarr", "-o", "plain.png").status == 0
    assert Path("shaded.png").read_bytes() != Path("plain.png").read_bytes()


def test_what_was_begun_with_relief_is_not_gone_on_with_without(run, model, dem):
    words = ("predict", dem, "--model", model("hillshade"), "-o", "labels.zarr")
    assert run(*words).status == 0
    again = run(*words, "--resume")
    assert (again.status, again.out) == (0, "labels.zarr\n")
    other = run(*words, "--resume", "--no-hillshade")
    assert other.status == 1
    assert "labels.zarr" in other.err
    assert reading_of("labels.zarr") == {"hillshade": True}


def test_a_model_that_asks_for_something_else(run, model, dem):
    done = run("predict", dem, "--model", model("relief"), "-o", "labels.zarr")
    assert done.status == 1
    assert "geointerp.json: elevation: Input should be 'hillshade' or 'raw'" in done.err
    assert not Path("labels.zarr").exists()


def test_the_bundled_crater_model_asks_for_heights(run, dem):
    done = run("predict", dem, "--task", "craters", "-o", "labels.zarr", "--tile", "56")
    assert done.status == 0, done.err
    assert NOTE not in done.err
    assert "hillshade" not in reading_of("labels.zarr")


def test_info_tells_what_it_is_taken_for(run, dem):
    raster = json.loads(run("info", dem, "--json").out)["raster"]
    assert raster["elevation"] is True
    assert raster["elevation_why"] == "its samples are stored as int16, without a unit"
    shown = run("info", dem).err
    assert "elevation why" in shown


def labelled_elevation(folder: Path) -> Path:
    """Pairs of elevation models and labels, which only relief tells apart: the side that faces the sun."""
    generator = np.random.default_rng(1)
    for split, count in (("train", 2), ("val", 1)):
        for part in ("images", "labels"):
            (folder / split / part).mkdir(parents=True)
        for number in range(count):
            z = np.cumsum(generator.integers(-9, 10, (48, 48)), axis=1) - 300
            write(folder / split / "images" / f"{number}.tif", z.astype("i2"))
            np.save(
                folder / split / "labels" / f"{number}.npy", (np.gradient(z, axis=1) > 0).astype(np.uint8)
            )
    return folder


def test_a_model_trained_on_relief_says_so_and_sees_it_again(run, dem, tmp_path):
    data = labelled_elevation(tmp_path / "data")
    words = ("--data", data, "--network", "unet", "--width", "0.0625", "--tile", "32", "--epochs", "1")
    words += ("--device", "cpu", "--precision", "fp32", "--batch-size", "2")
    assert run("finetune", *words, "-o", "raw").status == 0
    done = run("finetune", *words, "--elevation", "hillshade", "-o", "relief")
    assert done.status == 0, done.err
    about = {name: json.loads(Path(f"{name}/model/geointerp.json").read_text()) for name in ("raw", "relief")}
    assert (about["raw"]["elevation"], about["relief"]["elevation"]) == (None, "hillshade")
    assert yaml.safe_load(Path("relief/config.yaml").read_text())["settings"]["elevation"] == "hillshade"
    assert "relief under a low sun" in Path("relief/model/README.md").read_text()
    # Brightness is never negative, and heights here are: what was read decides the scale.
    kinds = {name: told["normalisation"]["kind"] for name, told in about.items()}
    assert kinds == {"raw": "symmetric", "relief": "range"}
    resumed = run("finetune", *words, "-o", "relief", "--resume")
    assert resumed.status == 2
    assert "elevation was hillshade and is None" in resumed.err
    assert run("predict", dem, "--model", "relief", "-o", "labels.zarr").status == 0
    assert reading_of("labels.zarr") == {"hillshade": True}
    scored = run("evaluate", "--model", "relief", "--data", data, "--split", "val", "--json")
    assert scored.status == 0, scored.err
    assert json.loads(scored.out)["trained_on_this_data"] is True
    assert json.loads(scored.out)["mIoU"] == pytest.approx(about["relief"]["metrics"]["mIoU"], abs=1e-6)


def test_finetune_knows_two_ways(run, labelled_set):
    done = run("finetune", "--data", labelled_set, "--elevation", "relief", "-o", "out")
    assert done.status == 2
