"""A model on labelled data, against predictions made and counted one by one."""

import csv
import json
import shutil

import numpy as np
import pytest
import xarray as xr
from PIL import Image

import geointerp
from geointerp.errors import DataError, ModelError, OutputError, UsageError
from geointerp.evaluation.of_model import evaluate_model
from geointerp.evaluation.paper import PUBLISHED_BATCH, paper_metrics
from geointerp.network.description import FILE_NAME
from geointerp.training.data import open_labelled

FAULTS = {"task": "faults", "classes": ["background", "fault"]}


def write_sections(folder, description, splits=("train", "val", "test"), classes=2):
    rng = np.random.default_rng(6)
    for split in splits:
        for number in range(3):
            shape = (60 + 10 * number, 70)
            for kind, values in (
                ("images", rng.normal(size=shape).astype(np.float32)),
                ("labels", rng.integers(0, classes, shape).astype(np.uint8)),
            ):
                (folder / split / kind).mkdir(parents=True, exist_ok=True)
                np.save(folder / split / kind / f"{number}.npy", values)
    (folder / "dataset.json").write_text(json.dumps(description))
    return folder


@pytest.fixture
def sections(tmp_path):
    return write_sections(tmp_path / "sections", FAULTS)


def trained_on(data, model, run, **options):
    """A run folder whose model says that it was trained on these data."""
    shutil.copytree(model, run / "model")
    labelled = open_labelled(data, **options)
    path = run / "model" / FILE_NAME
    description = json.loads(path.read_text())
    learnt = {"fingerprint": labelled.fingerprint, "folder": str(data)}
    description["training"] = {"data": learnt, "settings": {"seed": 0}}
    path.write_text(json.dumps(description))
    (run / "split.json").write_text(json.dumps(labelled.split_record))
    return run


def counted(model, folder, numbers=range(3)):
    """The confusion matrix of each section, predicted by itself with the tile of the model."""
    matrices = []
    for number in numbers:
        truth = np.load(folder / "labels" / f"{number}.npy")
        image = folder / "images" / f"{number}.npy"
        labels = geointerp.predict(image, model=model, tile=56, precision="fp32")
        prediction = labels["labels"].values.astype(int)
        matrix = np.zeros((2, 2), np.int64)
        np.add.at(matrix, (truth[truth != 255], prediction[truth != 255]), 1)
        matrices.append(matrix)
    return matrices


def test_the_figures_are_those_of_predictions_one_by_one(sections, untrained_model, tmp_path):
    labels = sections / "test" / "labels" / "0.npy"
    some = np.load(labels)
    some[5:9] = 255
    np.save(labels, some)
    report = evaluate_model(untrained_model, sections, precision="fp32", tolerance=1, paper_metrics=True)
    matrices = counted(untrained_model, sections / "test")
    assert report["confusion"] == sum(matrices).tolist()
    assert report["paper"] == paper_metrics(matrices, PUBLISHED_BATCH["faults"])
    assert list(report)[:5] == ["model", "data", "split", "images", "trained_on_this_data"]
    assert (report["split"], report["images"], report["trained_on_this_data"]) == ("test", 3, None)
    assert set(report["tolerant"]) == {"precision", "recall", "f1"}


def test_any_split_can_be_asked_for(sections, untrained_model):
    report = evaluate_model(untrained_model, sections, split="val", precision="fp32")
    assert report["confusion"] == sum(counted(untrained_model, sections / "val")).tolist()
    assert report["split"] == "val"


def test_the_folder_has_a_row_an_image(sections, untrained_model, tmp_path):
    report = evaluate_model(untrained_model, sections, precision="fp32", output=tmp_path / "out")
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report
    with (tmp_path / "out" / "per-image-iou.csv").open() as opened:
        rows = list(csv.DictReader(opened))
    assert [row["image"] for row in rows] == [f"test/images/{n}.npy" for n in range(3)]
    for row, matrix in zip(rows, counted(untrained_model, sections / "test"), strict=True):
        assert float(row["fault"]) == pytest.approx(matrix[1, 1] / (matrix[1].sum() + matrix[0, 1]))
    for name in ("confusion.png", "per-image-iou.png"):
        with Image.open(tmp_path / "out" / name) as picture:
            picture.verify()
    assert not (tmp_path / "out" / "iou-by-distance.csv").exists()


def test_training_data_are_recognised(sections, untrained_model, tmp_path):
    run = trained_on(sections, untrained_model, tmp_path / "run")
    assert evaluate_model(run, sections)["trained_on_this_data"] is True
    with pytest.warns(UserWarning, match="run was trained on this split"):
        evaluate_model(run, sections, split="train")
    other = write_sections(tmp_path / "other", FAULTS, splits=("train", "test", "val"))
    assert evaluate_model(run, other)["trained_on_this_data"] is False


def test_slices_of_a_volume_know_their_distance(untrained_model, tmp_path):
    rng = np.random.default_rng(9)
    data = tmp_path / "volume"
    data.mkdir()
    np.save(data / "amplitude.npy", rng.normal(size=(12, 40, 50)).astype(np.float32))
    np.save(data / "labels.npy", rng.integers(0, 2, (12, 40, 50)).astype(np.uint8))
    volumes = [{"amplitude": "amplitude.npy", "labels": "labels.npy"}]
    (data / "dataset.json").write_text(json.dumps({**FAULTS, "volumes": volumes}))
    run = trained_on(data, untrained_model, tmp_path / "run")
    evaluate_model(run, data, split="val", output=tmp_path / "out")
    record = json.loads((run / "split.json").read_text())["volumes"][0]["splits"]
    first, last = record["train"]["from_to"]
    low, high = record["val"]["from_to"]
    lines = [line for line in range(12) if low <= line <= high]
    with (tmp_path / "out" / "iou-by-distance.csv").open() as opened:
        rows = list(csv.DictReader(opened))
    assert [float(row["distance"]) for row in rows] == [max(first - n, n - last) for n in lines]
    assert min(float(row["distance"]) for row in rows) > 1, "a gap lies between training and validation"
    output = tmp_path / "labels.zarr"
    labels = geointerp.predict(data / "amplitude.npy", model=untrained_model, tile=56, output=output)
    labels.close()
    geointerp.evaluate(tmp_path / "labels.zarr", data / "labels.npy", model=run, output=tmp_path / "by-file")
    with (tmp_path / "by-file" / "iou-by-distance.csv").open() as opened:
        of_files = {row["image"]: row for row in csv.DictReader(opened)}
    assert len(of_files) == 12
    for line, row in zip(lines, rows, strict=True):
        assert of_files[f"inline {line}"]["distance"] == row["distance"]
        assert float(of_files[f"inline {line}"]["mIoU"]) == pytest.approx(float(row["mIoU"]), abs=0.02)


def test_other_classes_are_refused_by_their_names(untrained_model, tmp_path):
    data = write_sections(tmp_path / "salt", {"classes": ["rock", "salt"]})
    with pytest.raises(
        DataError, match="are rock, salt; those of the model 'untrained' are background, fault"
    ):
        evaluate_model(untrained_model, data)
    more = write_sections(tmp_path / "more", {}, classes=4)
    with pytest.raises(DataError, match="of 2 classes"):
        evaluate_model(untrained_model, more)


def test_volumes_whose_labels_are_called_otherwise_are_told(untrained_model, tmp_path):
    data = tmp_path / "volume"
    data.mkdir()
    rng = np.random.default_rng(9)
    np.save(data / "amplitude.npy", rng.normal(size=(8, 40, 50)).astype(np.float32))
    labels = xr.DataArray(
        rng.integers(0, 2, (8, 40, 50)).astype(np.uint8), dims=("inline", "crossline", "time"), name="labels"
    )
    volumes = [{"amplitude": "amplitude.npy", "labels": "labels.nc", "split": "test"}]
    (data / "dataset.json").write_text(json.dumps({"volumes": volumes}))
    labels.assign_attrs(flag_meanings="background salt").to_netcdf(data / "labels.nc", engine="h5netcdf")
    with pytest.warns(UserWarning, match="background, salt in this order, not background, fault"):
        evaluate_model(untrained_model, data, precision="fp32")
    labels.assign_attrs(flag_meanings="rock background").to_netcdf(data / "labels.nc", engine="h5netcdf")
    with pytest.raises(DataError, match="rock, background in this order, not background, fault"):
        evaluate_model(untrained_model, data)


def test_what_cannot_be_done_is_refused(sections, untrained_model, tmp_path):
    shutil.rmtree(sections / "test")
    with pytest.raises(DataError, match="no split 'test'"):
        evaluate_model(untrained_model, sections)
    with pytest.raises(ModelError, match="no model 'nowhere'"):
        evaluate_model("nowhere", sections)
    with pytest.raises(UsageError, match="means nothing by itself"):
        evaluate_model(untrained_model, sections, batch_size=3)
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match="out exists"):
        evaluate_model(untrained_model, sections, output=tmp_path / "out")


def test_a_report_does_not_replace_what_is_read(untrained_model, tmp_path):
    """An earlier report's folder in which the truth, or the model, lies."""
    out, data = tmp_path / "out", tmp_path / "volume"
    data.mkdir()
    shutil.copytree(untrained_model, out / "model")
    (out / "report.json").write_text("{}")
    np.save(data / "amplitude.npy", np.random.default_rng(9).normal(size=(12, 40, 50)).astype(np.float32))
    np.save(out / "labels.npy", np.zeros((12, 40, 50), np.uint8))
    volumes = [{"amplitude": "amplitude.npy", "labels": str(out / "labels.npy")}]
    (data / "dataset.json").write_text(json.dumps({**FAULTS, "volumes": volumes}))
    with pytest.raises(OutputError, match=r"out holds the input, .*labels\.npy"):
        evaluate_model(untrained_model, data, output=out, overwrite=True)
    (data / "dataset.json").unlink()
    with pytest.raises(OutputError, match=r"out holds the input, .*model"):
        evaluate_model(out / "model", data, output=out, overwrite=True)
    assert (out / "labels.npy").is_file()


def test_faults_of_other_splits_are_no_matter(sections, untrained_model):
    for split, value in (("train", 1), ("val", 255)):
        for file in (sections / split / "labels").iterdir():
            np.save(file, np.full_like(np.load(file), value))
    with pytest.raises(DataError, match="none of the labels of 'val' says anything"):
        open_labelled(sections)
    with pytest.raises(DataError, match="none of the labels of 'val' says anything"):
        evaluate_model(untrained_model, sections, split="val")
    report = evaluate_model(untrained_model, sections, precision="fp32")
    assert report["confusion"] == sum(counted(untrained_model, sections / "test")).tolist()
    assert evaluate_model(untrained_model, sections, split="train")["images"] == 3


def test_images_that_may_have_been_learnt_from_are_told_of(untrained_model, tmp_path):
    """A folder without splits that has grown: they are drawn anew."""
    flat = tmp_path / "flat"
    write_sections(flat, FAULTS, splits=("",))
    for kind in ("images", "labels"):
        for number in range(3, 20):
            shutil.copy(flat / kind / "0.npy", flat / kind / f"{number}.npy")
    run = trained_on(flat, untrained_model, tmp_path / "run")
    evaluate_model(run, flat)
    for number in range(20, 30):
        for kind in ("images", "labels"):
            shutil.copy(flat / kind / "0.npy", flat / kind / f"{number}.npy")
    learnt = set(json.loads((run / "split.json").read_text())["splits"]["train"]["sections"])
    test = open_labelled(flat).splits["test"]
    known = sum(test.name(number) in learnt for number in range(len(test)))
    assert known
    with pytest.warns(UserWarning, match=f"trained on {known} of the {len(test)} images in 'test'"):
        assert evaluate_model(run, flat)["trained_on_this_data"] is False
    other = shutil.copytree(flat, tmp_path / "other")  # of the same names, but not what was learnt from
    assert evaluate_model(run, other)["trained_on_this_data"] is False
