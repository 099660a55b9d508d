import json

import numpy as np
import pytest
import torch
import xarray as xr
from torch.utils.data import DataLoader
from training_folders import describe, label_values, store, volume

from geointerp.errors import DataError, UsageError
from geointerp.inference.reader import SlabReader
from geointerp.sinks.segy_write import write_survey
from geointerp.sources.open import open_volume
from geointerp.sources.scaling import measure_scale
from geointerp.tiling.blocks import Block
from geointerp.tiling.views import choose_views
from geointerp.training.augmentation import Augmentation
from geointerp.training.data import Crops, label_counts, open_labelled
from geointerp.training.data.label_grid import match_labels


def one_volume(folder, amplitude=None, labels=None, **entry):
    """A set of one volume; returns its amplitudes and its true labels."""
    amplitude = volume() if amplitude is None else amplitude
    store(folder / "a.nc", amplitude)
    store(folder / "l.nc", label_values(amplitude) if labels is None else labels)
    describe(folder, volumes=[{"amplitude": "a.nc", "labels": "l.nc"} | entry])
    return amplitude, label_values(amplitude)


def places(split):
    """Every labelled sample of a split, as (volume, inline, crossline, time) index-free coordinates."""
    found = set()
    for number in range(len(split)):
        item = split.items[number]
        rows, columns = (
            item.volume.amplitude[dim].values[item.within.get(dim, slice(None))]
            for dim in (item.view.rows, item.view.columns)
        )
        for row, column in np.argwhere(split.labels(number) != 255):
            place = {item.view.rows: rows[row], item.view.columns: columns[column]}
            if item.view.slices is not None:
                place[item.view.slices] = split.position(number)[2]
            found.add(tuple(float(place[dim]) for dim in sorted(place)))
    return found


def assert_labels_lie_right(split, truth, covered=None):
    """Each slice holds the labels of its own coordinates, 255 where there are none."""
    covered = xr.ones_like(truth, dtype=bool) if covered is None else covered
    expected = truth.where(covered, 255)
    for number in range(len(split)):
        item = split.items[number]
        part = expected.isel({dim: at for dim, at in item.within.items() if dim != item.view.slices})
        if item.view.slices is not None:
            part = part.sel({item.view.slices: split.position(number)[2]})
        np.testing.assert_array_equal(split[number].labels, part.transpose(item.view.rows, item.view.columns))


@pytest.mark.parametrize(
    ("channels", "views"),
    [
        ("repeat", ("inline",)),
        ("neighbours", ("crossline",)),
        ("neighbours", ("inline", "crossline", "time")),
    ],
)
def test_slices_are_read_as_a_prediction_reads_them(tmp_path, channels, views):
    amplitude, truth = one_volume(tmp_path, split="train")
    store(tmp_path / "a2.nc", volume(seed=2))
    entry = {"amplitude": "a2.nc", "labels": "l.nc", "split": "val"}
    describe(tmp_path, volumes=[{"amplitude": "a.nc", "labels": "l.nc", "split": "train"}, entry])
    data = open_labelled(tmp_path, views=views, channels=channels)
    assert data.views == views
    assert data.normalisation.kind == "symmetric"
    split = data.splits["train"]
    assert len(split) == sum(amplitude.sizes[name] for name in views)
    assert_labels_lie_right(split, truth)
    opened = open_volume(tmp_path / "a.nc")
    number = 0
    for view in choose_views(opened.dims, views):
        count = opened.sizes[view.slices]
        live = xr.DataArray(np.ones((20, 16), bool), dims=("inline", "crossline"))
        reader = SlabReader(opened, view, measure_scale(opened), 3 if channels == "neighbours" else 1, live)
        slab = reader(Block(0, 0, count))
        for place in range(count):
            np.testing.assert_array_equal(split[number].grey, slab.images[place])
            assert split.shape(number) == split[number].labels.shape
            assert split.position(number) == ("a.nc", view.name, opened[view.slices].values[place])
            number += 1


@pytest.mark.parametrize("suffix", ["nc", "zarr"])
def test_labels_in_any_order_and_of_any_part_land_where_they_belong(tmp_path, suffix):
    amplitude = volume((16, 15, 14))
    truth = label_values(amplitude)
    chosen = {"inline": [7, 6, 3, 1, 0], "crossline": [5, 2, 4], "time": [6, 5, 4, 3, 2, 1, 0]}
    labels = truth.isel(chosen).transpose("time", "inline", "crossline")
    one_volume(tmp_path, amplitude, labels)
    if suffix == "zarr":
        labels.to_dataset(name="labels").to_zarr(tmp_path / "l.zarr", consolidated=False)
        describe(tmp_path, volumes=[{"amplitude": "a.nc", "labels": "l.zarr"}])
    covered = xr.zeros_like(truth, dtype=bool)
    covered.values[np.ix_(*chosen.values())] = True
    for split in open_labelled(tmp_path, views=("inline", "time")).splits.values():
        assert len(split) > 7
        assert_labels_lie_right(split, truth, covered)


@pytest.mark.parametrize(
    ("count", "seed", "views"),
    [(3, 0, ("inline",)), (20, 1, ("inline", "crossline")), (30, 2, ("inline", "crossline", "time"))],
)
def test_blocks_do_not_leak(tmp_path, count, seed, views):
    one_volume(tmp_path, volume((count, 16, 15)))
    data = open_labelled(tmp_path, views=views, seed=seed)
    train, val = (places(data.splits[name]) for name in ("train", "val"))
    assert train
    assert val
    inlines = [{place[1] for place in part} for part in (train, val)]  # crossline, inline, time
    nearest = min(abs(one - other) for one in inlines[0] for other in inlines[1])
    assert nearest >= 1 + max(1, round(0.05 * count))
    for part in inlines:  # each side is one block
        assert len(part) == max(part) - min(part) + 1
    told = json.loads(json.dumps(data.split_record))["volumes"][0]
    for name, part in zip(("train", "val"), inlines, strict=True):
        assert told["splits"][name]["from_to"] == [min(part), max(part)]
        assert told["splits"][name]["dimension"] == "inline"
        assert told["splits"][name]["labelled"] == len(part)
    assert f"seed {seed}" in told["why"]


def test_the_seed_chooses_the_end_that_is_held_back(tmp_path):
    one_volume(tmp_path)
    starts = {
        open_labelled(tmp_path, seed=seed).split_record["volumes"][0]["splits"]["val"]["from_to"][0]
        for seed in range(4)
    }
    assert starts == {100, 116}


@pytest.mark.filterwarnings("ignore:.* is listed twice")
def test_a_volume_for_training_alone_is_divided_and_explicit_splits_are_kept(tmp_path):
    one_volume(tmp_path, split="train")
    divided = open_labelled(tmp_path)
    assert "no volume is for val" in divided.split_record["volumes"][0]["why"]
    assert divided.notes == (
        "what validates was held back from the volumes for training by seed 0: no volume is for val",
    )
    entry = {"amplitude": "a.nc", "labels": "l.nc"}
    describe(tmp_path, volumes=[entry | {"split": name} for name in ("train", "validation", "test")])
    data = open_labelled(tmp_path)
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 20, "val": 20, "test": 20}


def test_slices_without_labels_are_not_drawn(tmp_path):
    amplitude = volume()
    labels = label_values(amplitude).isel(inline=[2, 5, 6, 11, 15])
    labels[2] = 255
    one_volume(tmp_path, amplitude, labels)
    data = open_labelled(tmp_path)
    drawn = [
        data.splits[name].position(i)[2] for name in ("train", "val") for i in range(len(data.splits[name]))
    ]
    assert set(drawn) < {102, 105, 111, 115}
    assert len(drawn) == 3  # and one in the gap
    told = data.split_record["volumes"][0]["splits"]
    assert {line for part in told.values() for run in part["runs"] for line in run} == set(drawn)


@pytest.mark.filterwarnings("ignore:.* is listed twice")
def test_traces_without_data_are_mid_grey_and_their_labels_ignored(tmp_path):
    amplitude = volume()
    values = amplitude.values.copy()
    values[4, 3], values[5, 2] = np.nan, 0.0
    write_survey(
        tmp_path / "a.sgy", values, inlines=amplitude["inline"].values,
        crosslines=amplitude["crossline"].values, sample_interval_ms=4.0,
    )  # fmt: skip
    truth = label_values(amplitude)
    write_survey(
        tmp_path / "l.sgy", truth.values, inlines=amplitude["inline"].values,
        crosslines=amplitude["crossline"].values, sample_interval_ms=4.0, sample_format=8,
    )  # fmt: skip
    entry = {"amplitude": "a.sgy", "labels": "l.sgy"}
    describe(tmp_path, volumes=[entry | {"split": "train"}, entry | {"split": "val"}])
    for views in (("inline",), ("time",), ("crossline",)):
        split = open_labelled(tmp_path, views=views).splits["train"]
        dead = 0
        for sample in split:
            assert (sample.labels[~sample.valid] == 255).all()
            assert (sample.labels[sample.valid] != 255).all()
            assert (sample.grey[0][~sample.valid] == 0.5).all()
            dead += int((~sample.valid).sum())
        assert dead == 2 * amplitude.sizes["time"]


def test_workers_draw_the_same_crops(tmp_path):
    amplitude = volume((20, 24, 30))
    write_survey(
        tmp_path / "a.sgy", amplitude.values, inlines=amplitude["inline"].values,
        crosslines=amplitude["crossline"].values, sample_interval_ms=4.0,
    )  # fmt: skip
    store(tmp_path / "l.nc", label_values(amplitude))
    describe(tmp_path, volumes=[{"amplitude": "a.sgy", "labels": "l.nc"}])
    split = open_labelled(tmp_path, channels="neighbours").splits["train"]
    split._shelf.room = 0  # so that the workers read
    crops = Crops(split, (14, 14), Augmentation.for_task("faults"), seed=4)
    loader = DataLoader(crops, batch_size=5, num_workers=2, persistent_workers=True)
    for epoch in (0, 3):
        crops.set_epoch(epoch)
        # Fills dask's pool of threads, which a forked worker must not wait for.
        alone = [crops[number] for number in range(len(crops))]
        grey, labels = (torch.cat(part) for part in zip(*loader, strict=True))
        assert torch.equal(grey, torch.stack([one[0] for one in alone]))
        assert torch.equal(labels, torch.stack([one[1] for one in alone]))


def test_a_line_is_divided_along_its_traces(tmp_path):
    line = volume().isel(inline=0, drop=True).rename(crossline="cdp")
    labels = (line["cdp"] % 3 + 0 * line).astype(np.uint8).rename("labels")
    store(tmp_path / "a.nc", line)
    store(tmp_path / "l.nc", labels[::-1])
    describe(tmp_path, volumes=[{"amplitude": "a.nc", "labels": "l.nc"}])
    data = open_labelled(tmp_path)
    told = data.split_record["volumes"][0]["splits"]
    assert {part["dimension"] for part in told.values()} == {"cdp"}
    for name, split in data.splits.items():
        first, last = told[name]["from_to"]
        assert split.position(0) is None
        np.testing.assert_array_equal(
            split[0].labels, labels.sel(cdp=slice(first, last)).transpose("time", "cdp")
        )


def test_labels_without_coordinates_are_matched_by_position(tmp_path):
    _, truth = one_volume(tmp_path)
    np.save(tmp_path / "l.npy", truth.values)
    describe(tmp_path, volumes=[{"amplitude": "a.nc", "labels": "l.npy"}])
    for split in open_labelled(tmp_path).splits.values():
        assert_labels_lie_right(split, truth)
    np.save(tmp_path / "l.npy", truth.values[:-1])
    with pytest.raises(DataError, match=r"inline 20 x crossline 16 x time 16, their labels inline 19 x"):
        open_labelled(tmp_path)


@pytest.mark.filterwarnings("ignore:.* is listed twice")
def test_a_picture_labels_a_line_as_it_is_drawn(tmp_path):
    from PIL import Image

    line = volume().isel(inline=0, drop=True).rename(crossline="cdp")
    store(tmp_path / "a.nc", line)
    labels = np.random.default_rng(0).integers(0, 3, (16, 16), dtype=np.uint8)
    Image.fromarray(labels).save(tmp_path / "l.png")
    entry = {"amplitude": "a.nc", "labels": "l.png"}
    describe(tmp_path, volumes=[entry | {"split": "train"}, entry | {"split": "val"}])
    np.testing.assert_array_equal(open_labelled(tmp_path).splits["train"][0].labels, labels)


def test_labels_say_their_classes(tmp_path):
    amplitude = volume()
    labels = (label_values(amplitude) % 2).assign_attrs(flag_meanings="rock channel")
    one_volume(tmp_path, amplitude, labels)
    data = open_labelled(tmp_path)
    assert [one.name for one in data.classes] == ["rock", "channel"]
    counts = label_counts(data.splits["train"]) + label_counts(data.splits["val"])
    assert counts.sum() == 19 * 16 * 16
    store(tmp_path / "l2.nc", labels.assign_attrs(flag_meanings="rock karst"))
    entries = [{"amplitude": "a.nc", "labels": name} for name in ("l.nc", "l2.nc")]
    describe(tmp_path, volumes=entries)
    with pytest.raises(DataError, match="name different classes: rock, channel and rock, karst"):
        open_labelled(tmp_path)
    with pytest.warns(UserWarning, match=r"rock, (channel|karst) in this order, not a, b") as told:
        assert len(open_labelled(tmp_path, classes=["a", "b"]).classes) == 2
    assert len(told) == 2


def test_a_label_file_without_names_keeps_to_those_of_another(tmp_path):
    amplitude = volume()
    store(tmp_path / "a.nc", amplitude)
    store(tmp_path / "named.nc", (label_values(amplitude) % 2).assign_attrs(flag_meanings="rock channel"))
    store(tmp_path / "bare.nc", label_values(amplitude) % 3)
    files = {"bare.nc": "train", "named.nc": "val"}
    describe(
        tmp_path,
        volumes=[{"amplitude": "a.nc", "labels": file, "split": split} for file, split in files.items()],
    )
    with pytest.raises(DataError, match=r"1 problem: bare.nc: label 2 of 2 classes"):
        open_labelled(tmp_path)


def test_memory_does_not_follow_the_volume(tmp_path, monkeypatch):
    import tracemalloc

    amplitude = volume((48, 180, 180))
    one_volume(tmp_path, amplitude, label_values(amplitude).astype(np.uint8))
    monkeypatch.setattr("geointerp.training.data.label_grid.SLAB_BYTES", 1 << 20)
    monkeypatch.setattr("geointerp.sources.scaling._MOST_SAMPLES", 1 << 15)
    open_labelled(tmp_path)  # imports
    tracemalloc.start()
    try:
        data = open_labelled(tmp_path)
        split = data.splits["train"]
        split._shelf.room = 1 << 20
        label_counts(split)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert split._shelf.nbytes <= 1 << 20
    assert peak < 0.6 * amplitude.nbytes


REFUSED = [
    ("labels elsewhere", "share no inline: 100 to 119 and 500 to 519"),
    ("other dims", "inline 20 x crossline 16 x time 16, their labels inline 20 x crossline 16 x depth 16"),
    ("label 9", r"l.nc: label 9 of 2 classes \(5 samples"),
    ("float labels", "l.nc is no label volume: it holds 0.5"),
    ("missing file", "l.nc does not exist"),
    ("few slices", "has labels on 2 inline positions; 3 are needed"),
    ("dead", "none of the 5120 samples is a finite number other than zero"),
    ("one class", "a single class: 1"),
    ("no label", "has labels on 0 inline positions"),
]


@pytest.mark.parametrize(("what", "message"), REFUSED, ids=[what for what, _ in REFUSED])
def test_bad_volumes_are_refused(tmp_path, what, message):
    amplitude = volume()
    labels = (label_values(amplitude) % 2).astype(np.uint8)
    if what == "labels elsewhere":
        labels = labels.assign_coords(inline=labels["inline"] + 400)
    elif what == "other dims":
        labels = labels.rename(time="depth")
    elif what == "label 9":
        labels[3, 2, :5] = 9
    elif what == "float labels":
        labels = labels.astype(np.float32) / 2
    elif what == "few slices":
        labels = labels[3:5]
    elif what == "dead":
        amplitude[:] = 0
    elif what == "one class":
        labels[:] = 1
    elif what == "no label":
        labels[:] = 255
    one_volume(tmp_path, amplitude, labels)
    if what == "missing file":
        (tmp_path / "l.nc").unlink()
    with pytest.raises(DataError, match=message):
        open_labelled(tmp_path, classes=["a", "b"])


def test_slices_narrower_than_a_patch_give_way_to_wider_ones(tmp_path):
    """However the views are named, so that an evaluation divides a volume as its training did."""
    one_volume(tmp_path, volume((30, 3, 16)))
    by_default, named = open_labelled(tmp_path), open_labelled(tmp_path, views=["inline"])
    assert by_default.split_record == named.split_record
    assert named.split_record["volumes"][0]["splits"]["train"]["dimension"] == "crossline"
    assert named.splits["train"].shape(0) == (16, 30)


@pytest.mark.parametrize(("patch", "along"), [(14, "inline"), (16, "crossline"), (32, "crossline")])
def test_what_is_narrow_is_so_for_the_patch_of_the_network(tmp_path, patch, along):
    """As for the prediction by it, see `widened`."""
    one_volume(tmp_path, volume((40, 15, 16)))
    data = open_labelled(tmp_path, views=["inline"], patch=patch)
    assert data.split_record["volumes"][0]["splits"]["train"]["dimension"] == along


def test_a_view_that_a_volume_lacks_is_refused(tmp_path):
    one_volume(tmp_path)
    with pytest.raises(UsageError, match="no view 'diagonal'"):
        open_labelled(tmp_path, views=["diagonal"])


def test_a_dated_recording_is_divided_in_time(tmp_path):
    times = np.datetime64("2024-05-01", "ns") + np.arange(400) * np.timedelta64(2, "ms")
    coords = {"distance": 5.0 * np.arange(60), "time": times}
    amplitude = xr.DataArray(
        np.random.default_rng(0).normal(size=(60, 400)).astype(np.float32),
        coords,
        ("distance", "time"),
        "amplitude",
    )
    store(tmp_path / "a.nc", amplitude)
    store(tmp_path / "l.nc", (amplitude > 1).astype(np.uint8).rename("labels"))
    describe(tmp_path, volumes=[{"amplitude": "a.nc", "labels": "l.nc"}])
    splits = open_labelled(tmp_path).splits
    for split in (splits["train"], splits["val"]):
        assert {dim for item in split.items for dim in item.within} == {"time"}


def test_a_label_that_is_ignored_may_be_a_signed_byte(tmp_path):
    amplitude = volume()
    labels = label_values(amplitude).astype(np.int8)
    labels[0] = -1
    one_volume(tmp_path, amplitude, labels)
    describe(tmp_path, ignore_index=-1, volumes=[{"amplitude": "a.nc", "labels": "l.nc"}])
    for split in open_labelled(tmp_path).splits.values():
        assert_labels_lie_right(split, label_values(amplitude), labels >= 0)


def test_names_in_another_order_are_refused(tmp_path):
    amplitude = volume()
    labels = (label_values(amplitude) % 2).assign_attrs(flag_meanings="salt background")
    one_volume(tmp_path, amplitude, labels)
    with pytest.raises(DataError, match="salt, background in this order"):
        open_labelled(tmp_path, task="salt")
    with pytest.raises(
        DataError, match=r"l.nc has the classes salt, background in this order, not rock, salt"
    ):
        open_labelled(tmp_path, classes=["rock", "salt"])


def test_labels_of_another_task_are_told(tmp_path):
    amplitude = volume()
    labels = (label_values(amplitude) % 2).assign_attrs(flag_meanings="background salt")
    one_volume(tmp_path, amplitude, labels)
    with pytest.warns(UserWarning, match="background, salt in this order, not background, fault"):
        open_labelled(tmp_path, task="faults")


def test_labels_of_a_raster_lie_by_their_coordinates():
    """A GeoTIFF runs from north to south, a NetCDF mostly from south to north."""
    north_up = {"y": [30.0, 20.0, 10.0], "x": [5.0, 15.0]}
    amplitude = xr.DataArray(np.zeros((3, 2)), north_up, ("y", "x"), attrs={"format": "GTiff raster"})
    code = np.array([[1, 2], [3, 4], [5, 6]], np.uint8)
    south_up = {"y": [10.0, 20.0, 30.0], "x": [5.0, 15.0]}
    labels = xr.DataArray(code[::-1], south_up, ("y", "x"), attrs={"format": "NetCDF"})
    grid = match_labels("a.tif", amplitude, labels, 255)
    (view,) = choose_views(["y", "x"], None)
    np.testing.assert_array_equal(grid.slice(view, 0, {}), code)


@pytest.mark.filterwarnings("ignore:.* is listed twice")
def test_a_bare_array_takes_labels_of_its_shape_whatever_their_dimensions_are_called(tmp_path):
    line = volume().isel(inline=0, drop=True).rename(crossline="cdp")
    labels = (line > float(line.median())).astype(np.uint8).rename("labels")
    np.save(tmp_path / "a.npy", line.values)
    store(tmp_path / "l.nc", labels)
    store(tmp_path / "short.nc", labels[:-1])
    entry = {"amplitude": "a.npy", "labels": "l.nc", "split": "train"}
    describe(tmp_path, volumes=[entry, entry | {"split": "val"}])
    section = open_labelled(tmp_path).splits["train"][0]
    assert section.grey[0][section.labels == 1].min() > section.grey[0][section.labels == 0].max()
    describe(tmp_path, volumes=[entry | {"labels": "short.nc"}])
    with pytest.raises(DataError, match=r"their labels cdp 15 x time 16"):
        open_labelled(tmp_path)


@pytest.mark.parametrize("seed", range(4))
def test_traces_that_are_mute_in_a_block_of_time_are_alive(tmp_path, seed):
    """Blocks of time hold a part of each trace; the water above the sea floor is no dead trace."""
    amplitude = volume((12, 14, 60))
    amplitude[:, :, :20] = 0.0
    one_volume(tmp_path, amplitude, label_values(amplitude))
    for split in open_labelled(tmp_path, views=("time", "inline"), seed=seed).splits.values():
        assert all((section.labels != 255).all() for section in split)


@pytest.mark.parametrize("again", ["val", "auto"])
def test_a_volume_listed_twice_is_judged_on_what_it_taught(tmp_path, again):
    one_volume(tmp_path)
    entry = {"amplitude": "a.nc", "labels": "l.nc"}
    describe(tmp_path, volumes=[entry | {"split": "train"}, entry | {"split": again}])
    with pytest.warns(UserWarning, match="listed twice"):
        open_labelled(tmp_path)


def test_labels_of_one_volume_may_come_in_two_files(tmp_path):
    amplitude, truth = one_volume(tmp_path)
    half = amplitude.sizes["inline"] // 2
    store(tmp_path / "first.nc", truth.isel(inline=slice(half)))
    store(tmp_path / "second.nc", truth.isel(inline=slice(half, None)))
    files = {"train": "first.nc", "val": "second.nc"}
    describe(
        tmp_path,
        volumes=[{"amplitude": "a.nc", "labels": file, "split": split} for split, file in files.items()],
    )
    assert len(open_labelled(tmp_path).splits["val"]) == amplitude.sizes["inline"] - half


def test_files_may_lie_below_the_home_folder_or_behind_a_url(tmp_path, monkeypatch):
    from geointerp.training.data import volume_set

    amplitude, _ = one_volume(tmp_path / "home")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    url = "s3://bucket/labels.zarr"
    monkeypatch.setattr(
        volume_set,
        "open_label_file",
        lambda path: open_volume(tmp_path / "home" / "l.nc") if path == url else None,
    )
    describe(tmp_path / "set", volumes=[{"amplitude": "~/a.nc", "labels": url}])
    train = open_labelled(tmp_path / "set").splits["train"]
    assert train.items[0].volume.amplitude.sizes == amplitude.sizes


def test_a_misspelt_field_is_refused(tmp_path):
    describe(tmp_path, clases=["a", "b"])
    with pytest.raises(DataError, match="clases"):
        open_labelled(tmp_path)
