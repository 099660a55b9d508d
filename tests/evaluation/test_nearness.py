import json

import numpy as np
import pytest
import xarray as xr

from geointerp.errors import DataError, UsageError
from geointerp.evaluation.nearness import TrainingBlock, only_block, training_blocks, training_sections


def run_folder(tmp_path, *volumes):
    record = {"kind": "volumes", "seed": 0, "volumes": list(volumes)}
    (tmp_path / "split.json").write_text(json.dumps(record))
    (tmp_path / "model").mkdir()
    return tmp_path


def volume(name, **runs):
    splits = {split: {"dimension": "inline", "runs": some} for split, some in runs.items()}
    return {"amplitude": name, "why": "", "splits": splits}


def test_distance_counts_from_the_ends_of_the_block():
    block = TrainingBlock("a.sgy", "inline", ((100, 110),))
    assert [block.distance(line) for line in (97, 100, 105, 110, 114)] == [3, 0, 0, 0, 4]


def test_between_labelled_slices_distance_counts_from_the_nearest():
    block = TrainingBlock("a.sgy", "inline", ((100, 100), (105, 105), (110, 112)))
    assert [block.distance(line) for line in (99, 100, 102, 103, 108, 111, 115)] == [1, 0, 2, 2, 2, 0, 3]


def test_the_blocks_are_those_of_the_record(tmp_path):
    run = run_folder(
        tmp_path,
        volume("a.sgy", train=[[100, 110]], val=[[112, 115]]),
        volume("b.sgy", test=[[1, 9]]),
        volume("c.sgy", train=[]),
    )
    expected = {"a.sgy": TrainingBlock("a.sgy", "inline", ((100, 110),))}
    assert training_blocks(run) == training_blocks(run / "model") == expected
    assert only_block(run) == expected["a.sgy"]


def test_labels_of_a_volume_in_two_files_make_one_block(tmp_path):
    run = run_folder(
        tmp_path, volume("a.sgy", train=[[100, 110]]), volume("a.sgy", train=[[150, 160]], val=[[170, 180]])
    )
    assert only_block(run) == TrainingBlock("a.sgy", "inline", ((100, 110), (150, 160)))
    assert [only_block(run).distance(line) for line in (90, 105, 112, 148, 165)] == [10, 0, 2, 2, 5]


def test_sections_have_no_blocks(tmp_path):
    (tmp_path / "split.json").write_text('{"kind": "sections", "splits": {}}')
    assert training_blocks(tmp_path) == training_blocks(tmp_path / "nowhere") == {}
    assert training_sections(tmp_path) == training_sections(tmp_path / "nowhere") == set()


def test_of_several_volumes_none_is_meant(tmp_path):
    run = run_folder(tmp_path, volume("a.sgy", train=[[1, 2]]), volume("b.sgy", train=[[1, 2]]))
    with pytest.raises(DataError, match="was trained on 2 volumes"):
        only_block(run)


@pytest.mark.parametrize("text", ["{", '{"volumes": [{}]}', "[]"])
def test_a_damaged_record_is_named(tmp_path, text):
    (tmp_path / "split.json").write_text(text)
    with pytest.raises(DataError, match=r"split\.json does not say what was trained on"):
        training_blocks(tmp_path)


def test_labels_are_turned_to_face_the_slices():
    labels = xr.DataArray(np.zeros((2, 3, 4)), dims=("crossline", "inline", "time"))
    block = TrainingBlock("a.sgy", "inline", ((1, 2),))
    assert block.facing(labels).dims == ("inline", "crossline", "time")
    with pytest.raises(UsageError, match=r"slices along inline, and the labels have \(cdp, time\)"):
        block.facing(xr.DataArray(np.zeros((2, 3)), dims=("cdp", "time")))
    with pytest.raises(UsageError, match="are one slice"):
        block.facing(xr.DataArray(np.zeros((2, 3)), dims=("inline", "time")))


def test_the_ends_of_a_run_may_descend(tmp_path):
    part = {"dimension": "inline", "runs": [[200, 150]]}
    record = {"volumes": [{"amplitude": "a.zarr", "splits": {"train": part}}]}
    (tmp_path / "split.json").write_text(json.dumps(record))
    block = training_blocks(tmp_path)["a.zarr"]
    assert [block.distance(place) for place in (170, 140, 205)] == [0, 10, 5]
