import json

import numpy as np
import pytest
import xarray as xr
import zarr
from zarr.storage import MemoryStore

from geointerp.sinks.zarr_store import create_store, flags, open_store
from geointerp.tasks import TASKS, LabelClass
from geointerp.tiling.blocks import Block, blocks, storage
from geointerp.tiling.views import choose_views

FAULTS = TASKS["faults"].classes


def survey(shape=(5, 7, 9)):
    dims = ("inline", "crossline", "time")
    coords = {
        "inline": ("inline", np.arange(shape[0]) * 2 + 100, {"long_name": "inline number"}),
        "crossline": ("crossline", np.arange(shape[1]) + 300),
        "time": ("time", np.arange(shape[2]) * 4.0 + 4, {"units": "ms"}),
        "cdp_x": (dims[:2], np.random.default_rng(0).random(shape[:2]), {"units": "m"}),
        "cdp_y": (dims[:2], np.zeros(shape[:2])),
        "trace_mask": (dims[:2], np.arange(shape[0] * shape[1]).reshape(shape[:2]) % 3 > 0),
    }
    return xr.DataArray(np.zeros(shape, np.float32), dims=dims, coords=coords)


def test_line_numbers_beyond_32_bits_stay_what_they_are(tmp_path):
    volume = survey().assign_coords(inline=20240100000 + np.arange(5))
    chunks = dict(volume.sizes)
    create_store(tmp_path / "a.zarr", volume, FAULTS, chunks=chunks, shards=chunks)
    stored = xr.open_zarr(tmp_path / "a.zarr", consolidated=False)
    np.testing.assert_array_equal(stored["inline"], volume["inline"])
    assert stored["crossline"].dtype == np.int32


def written(target, volume, view_name=None, thickness=2, probability=False):
    """A finished store, and the labels put into it block by block."""
    (view,) = choose_views(volume.dims, view_name and (view_name,))
    sizes = dict(volume.sizes)
    chunks, shards = storage(view, sizes, thickness)
    store = create_store(target, volume, FAULTS, chunks=chunks, shards=shards, probability=probability)
    expected = np.random.default_rng(1).choice(np.array([0, 1, 255], np.uint8), size=volume.shape)
    oriented = np.moveaxis(expected, [volume.dims.index(dim) for dim in view.order], range(volume.ndim))
    oriented = oriented if view.slices else oriented[None]
    for block in blocks(len(oriented), thickness):
        store.write("labels", view, block, oriented[block.start : block.stop])
        np.testing.assert_array_equal(store.read("labels", view, block), oriented[block.start : block.stop])
    store.finish({"version": "1"})
    return expected


@pytest.mark.parametrize("view", ["inline", "crossline", "time"])
def test_the_store_reads_as_the_contract_says(view, tmp_path):
    volume = survey()
    expected = written(tmp_path / "faults.zarr", volume, view)
    labels = xr.open_zarr(tmp_path / "faults.zarr", consolidated=False)
    assert labels["labels"].dims == ("inline", "crossline", "time")
    np.testing.assert_array_equal(labels["labels"].fillna(255), expected)
    assert labels["labels"].encoding["dtype"] == np.uint8
    assert labels["labels"].encoding["_FillValue"] == 255
    assert labels["labels"].attrs["flag_values"] == [0, 1]
    assert labels["labels"].attrs["flag_meanings"] == "background fault"
    shards = [2 if dim == view else size for dim, size in volume.sizes.items()]
    pieces = {"shape": [*volume.shape], "shards": shards, "files": -(-volume.sizes[view] // 2)}
    assert labels.attrs == {
        "Conventions": "CF-1.11",
        "geointerp": {"version": "1", "pieces": {"labels": pieces}},
    }
    assert labels["inline"].dtype == np.int32
    assert labels["trace_mask"].dtype == bool
    for name in ("inline", "crossline", "time", "cdp_x", "cdp_y"):
        np.testing.assert_array_equal(labels[name], volume[name])
        assert labels[name].attrs == volume[name].attrs
        assert name in labels.coords
    np.testing.assert_array_equal(labels["trace_mask"], volume["trace_mask"])
    assert labels.chunks  # every variable is cut at the same places


def test_line_numbers_between_whole_ones_are_kept(tmp_path):
    volume = survey()
    between = volume.assign_coords(inline=100 + 0.5 * np.arange(volume.sizes["inline"]))
    written(tmp_path / "faults.zarr", between)
    labels = xr.open_zarr(tmp_path / "faults.zarr", consolidated=False)
    np.testing.assert_array_equal(labels["inline"], between["inline"])


def test_a_block_is_one_file(tmp_path):
    written(tmp_path / "faults.zarr", survey((5, 300, 9)), thickness=2)
    metadata = json.loads((tmp_path / "faults.zarr" / "labels" / "zarr.json").read_text())
    assert metadata["zarr_format"] == 3
    assert metadata["data_type"] == "uint8"
    assert metadata["fill_value"] == 255
    assert metadata["dimension_names"] == ["inline", "crossline", "time"]
    assert metadata["chunk_grid"]["configuration"]["chunk_shape"] == [2, 300, 9]
    assert metadata["codecs"][0]["configuration"]["chunk_shape"] == [2, 150, 9]
    files = [path for path in (tmp_path / "faults.zarr" / "labels" / "c").rglob("*") if path.is_file()]
    assert len(files) == 3


def test_a_block_that_holds_nothing_has_no_file_and_one_that_holds_little_has(tmp_path):
    volume = survey((6, 300, 9))
    (view,) = choose_views(volume.dims, ("inline",))
    chunks, shards = storage(view, dict(volume.sizes), 2)
    store = create_store(tmp_path / "a.zarr", volume, FAULTS, chunks=chunks, shards=shards)
    expected = np.full((6, 9, 300), 255, np.uint8)
    expected[3, 8, 299] = 1
    for block in blocks(6, 2):
        store.write("labels", view, block, expected[block.start : block.stop])
        np.testing.assert_array_equal(store.read("labels", view, block), expected[block.start : block.stop])
    files = [path for path in (tmp_path / "a.zarr" / "labels" / "c").rglob("*") if path.is_file()]
    assert files == [tmp_path / "a.zarr" / "labels" / "c" / "1" / "0" / "0"]


def test_probabilities_are_packed():
    memory = MemoryStore()
    volume = survey((2, 3, 4))
    (view,) = choose_views(volume.dims, ("inline",))
    chunks, shards = storage(view, dict(volume.sizes), 2)
    store = create_store(memory, volume, FAULTS, chunks=chunks, shards=shards, probability=True)
    packed = np.zeros((2, 2, 4, 3), np.uint8)
    packed[0], packed[1, 0], packed[1, 1] = 127, 254, 255
    store.write("probability", view, Block(0, 0, 2), packed)
    store.finish({})
    probability = xr.open_zarr(memory, consolidated=False)["probability"]
    assert probability.dims == ("class", "inline", "crossline", "time")
    assert probability.encoding["scale_factor"] == pytest.approx(1 / 254)
    assert (probability.encoding["dtype"], probability.encoding["_FillValue"]) == (np.uint8, 255)
    np.testing.assert_allclose(probability[0], 0.5)
    np.testing.assert_allclose(probability[1, 0], 1)
    assert np.isnan(probability[1, 1]).all()
    assert probability["class"].attrs["flag_meanings"] == "background fault"


def test_lines_das_rasters_and_images(tmp_path):
    moments = np.datetime64("2024-05-01T00:00:00", "ns") + np.arange(6) * np.timedelta64(10, "ms")
    cases = {
        "line": xr.DataArray(np.zeros((4, 6), "f4"), dims=("cdp", "time"), coords={"cdp": np.arange(4)}),
        "das": xr.DataArray(np.zeros((4, 6), "f4"), dims=("distance", "time"), coords={"time": moments}),
        "raster": xr.DataArray(
            np.zeros((4, 6), "f4"),
            dims=("y", "x"),
            coords={
                "y": np.arange(4.0)[::-1],
                "x": np.arange(6.0),
                "spatial_ref": ((), 0, {"crs_wkt": "MOON"}),
            },
        ),
        "image": xr.DataArray(np.zeros((4, 6), "f4"), dims=("row", "column")),
    }
    for name, volume in cases.items():
        expected = written(tmp_path / name, volume, thickness=1)
        labels = xr.open_zarr(tmp_path / name, consolidated=False)
        np.testing.assert_array_equal(labels["labels"].fillna(255), expected)
        for coord in volume.coords:
            np.testing.assert_array_equal(labels[coord], volume[coord])
        assert "trace_mask" not in labels
    raster = xr.open_zarr(tmp_path / "raster", consolidated=False)
    assert raster["labels"].attrs["grid_mapping"] == "spatial_ref"
    assert raster["spatial_ref"].attrs["crs_wkt"] == "MOON"
    assert "spatial_ref" in raster.coords


def test_coordinates_that_are_not_numbers_stay_so(tmp_path):
    volume = survey()
    volume["cdp_x"][1, 2] = np.nan
    written(tmp_path / "faults.zarr", volume)
    np.testing.assert_array_equal(
        xr.open_zarr(tmp_path / "faults.zarr", consolidated=False)["cdp_x"], volume["cdp_x"]
    )


def test_a_block_whose_writing_was_cut_off_can_be_written_again(tmp_path):
    volume = survey()
    (view,) = choose_views(volume.dims, ("inline",))
    chunks, shards = storage(view, dict(volume.sizes), 2)
    store = create_store(tmp_path / "a.zarr", volume, FAULTS, chunks=chunks, shards=shards)
    data = np.ones((2, 9, 7), np.uint8)
    store.write("labels", view, Block(1, 2, 4), data)
    shard = tmp_path / "a.zarr" / "labels" / "c" / "1" / "0" / "0"
    shard.write_bytes(shard.read_bytes()[:5])
    again = open_store(tmp_path / "a.zarr", volume)
    again.discard_unfinished("labels", view, Block(1, 2, 4))
    assert not shard.exists()
    again.write("labels", view, Block(1, 2, 4), data)
    np.testing.assert_array_equal(again.read("labels", view, Block(1, 2, 4)), data)


def test_scratch_is_kept_exactly_and_leaves_no_trace(tmp_path):
    volume = survey()
    inline, time = choose_views(volume.dims, ("inline", "time"))
    chunks, shards = storage(time, dict(volume.sizes), 3)
    store = create_store(tmp_path / "a.zarr", volume, FAULTS, chunks=chunks, shards=shards)
    store.add_scratch("inline", 2, dict(volume.sizes), {"inline": 2, "crossline": 4, "time": 3})
    values = np.random.default_rng(2).random((2, 5, 9, 7), dtype=np.float32)
    for block in blocks(5, 2):
        store.write("scratch/inline", inline, block, values[:, block.start : block.stop])
    found = store.read("scratch/inline", time, Block(1, 3, 6))
    np.testing.assert_array_equal(found, values.transpose(0, 2, 1, 3)[:, 3:6])
    store.finish({})
    assert not (tmp_path / "a.zarr" / "scratch").exists()
    assert sorted(zarr.open_group(tmp_path / "a.zarr", mode="r").array_keys()) == sorted(
        ["labels", "inline", "crossline", "time", "cdp_x", "cdp_y", "trace_mask"]
    )


def test_a_meaning_is_one_word():
    classes = (LabelClass("salt  body", "#000000"), LabelClass("rest", "#ffffff"))
    assert flags(classes) == {"flag_values": [0, 1], "flag_meanings": "salt_body rest"}
