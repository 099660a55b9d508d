import json

import numpy as np
import pytest

from geointerp.sinks.pairs import split_of, write_pairs
from geointerp.tasks import TASKS


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, (1, 0, 0)), (2, (2, 0, 0)), (3, (1, 1, 1)), (10, (8, 1, 1)), (205, (165, 20, 20))],
)
def test_a_tenth_is_held_back_for_each_of_val_and_test(count, expected):
    splits = split_of(count)
    assert tuple(splits.count(split) for split in ("train", "val", "test")) == expected


def test_images_and_labels_stand_in_the_same_place(tmp_path):
    rng = np.random.default_rng(7)
    pairs = [
        (rng.normal(size=(6, 4)).astype(np.float32), rng.integers(0, 2, (6, 4), np.uint8)) for _ in range(12)
    ]
    counts = write_pairs(tmp_path / "data", TASKS["faults"], pairs, len(pairs))
    assert counts == {"train": 10, "val": 1, "test": 1}
    images = sorted((tmp_path / "data").glob("*/images/*.npy"), key=lambda path: path.name)
    assert [path.stem for path in images] == [f"{number:02}" for number in range(12)]
    for path, (image, label) in zip(images, pairs, strict=True):
        np.testing.assert_array_equal(np.load(path), image)
        np.testing.assert_array_equal(np.load(path.parents[1] / "labels" / path.name), label)
    described = json.loads((tmp_path / "data" / "dataset.json").read_text())
    assert described == {"task": "faults", "classes": ["background", "fault"], "ignore_index": 255}


def test_no_split_is_left_empty(tmp_path):
    pair = (np.zeros((6, 4), np.float32), np.zeros((6, 4), np.uint8))
    write_pairs(tmp_path / "data", TASKS["faults"], [pair], 1)
    assert {path.name for path in (tmp_path / "data").iterdir()} == {"train", "dataset.json"}
