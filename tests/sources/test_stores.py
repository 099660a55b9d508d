"""Stores of other programs: MDIO 0 and 1 written by hand from their layouts, bare arrays, NetCDF, HDF5."""

import tracemalloc

import h5py
import numpy as np
import pytest
import xarray as xr
import zarr

from geointerp.errors import DataError, UsageError
from geointerp.evaluation.report import evaluate
from geointerp.products.spacing import spacing_of
from geointerp.sources.open import open_volume
from geointerp.sources.scaling import measure_scale

VALUES = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
MASK = np.ones((3, 4), bool)
MASK[1, 2] = False


def mdio_0(path, *, last="sample", live=True, shape=None):
    """Write the groups and attributes that MDIO 0.x writes, in Zarr 2."""
    root = zarr.create_group(path, zarr_format=2)
    numbers = {"inline": [10, 12, 14], "crossline": [5, 6, 7, 8], last: [0, 4, 8, 12, 16]}
    root.attrs["dimension"] = [{"name": name, "coords": coords} for name, coords in numbers.items()]
    root.attrs.update({"api_version": "0.9.0", "trace_count": 11, "mean": 0, "std": 1, "min": -3, "max": 3})
    data, metadata = root.create_group("data"), root.create_group("metadata")
    array = data.create_array(
        "chunked_012", shape=shape or VALUES.shape, dtype="f4", chunks=(2, 2, 5), fill_value=0,
        chunk_key_encoding={"name": "v2", "separator": "/"},
    )  # fmt: skip
    if shape is None:
        array[...] = np.where(MASK[..., None], VALUES, 0)
    if live:
        metadata.create_array("live_mask", data=MASK)
    return path


@pytest.mark.parametrize("last", ["sample", "time"])
def test_mdio_0(tmp_path, last):
    volume = open_volume(mdio_0(tmp_path / "a.mdio", last=last))
    assert volume.dims == ("inline", "crossline", "time")
    assert volume["inline"].values.tolist() == [10, 12, 14]
    assert volume["time"].values.tolist() == [0, 4, 8, 12, 16]
    np.testing.assert_array_equal(volume["trace_mask"], MASK)
    np.testing.assert_array_equal(volume.values, np.where(MASK[..., None], VALUES, np.nan))
    assert volume.attrs["format"] == "MDIO 0"


def test_mdio_0_without_a_mask(tmp_path):
    assert "trace_mask" not in open_volume(mdio_0(tmp_path / "a.mdio", live=False)).coords


def test_mdio_0_whose_parts_do_not_fit(tmp_path):
    with pytest.raises(DataError, match=r"shape \(3, 4, 6\), its coordinates \(3, 4, 5\)"):
        open_volume(mdio_0(tmp_path / "a.mdio", shape=(3, 4, 6)))
    with pytest.raises(DataError, match="no array 'chunked_01'"):
        open_volume(tmp_path / "a.mdio", variable="chunked_01")


def mdio_1(path, zarr_format, last="time"):
    """Write the variables that MDIO 1 writes: amplitudes, mask, positions and structured headers."""
    x = np.arange(12.0).reshape(3, 4)
    dataset = xr.Dataset(
        {
            "amplitude": (("inline", "crossline", last), np.where(MASK[..., None], VALUES, np.nan)),
            "trace_mask": (("inline", "crossline"), MASK),
        },
        coords={
            "inline": np.array([10, 12, 14], np.int32),
            "crossline": np.array([5, 6, 7, 8], np.int32),
            last: np.arange(5, dtype=np.int32) * 4,
            "cdp_x": (("inline", "crossline"), x, {"unitsV1": {"length": "m"}}),
            "cdp_y": (("inline", "crossline"), x + 100),
        },
        attrs={
            "apiVersion": "1.0.0",
            "name": "PostStack3DTime",
            "attributes": {"surveyDimensionality": "3D"},
        },
    )
    dataset.to_zarr(path, zarr_format=zarr_format, consolidated=zarr_format == 2)
    headers = np.zeros((3, 4), [("inline", "i4"), ("cdp_x", "i4")])
    root = zarr.open_group(path, mode="r+", zarr_format=zarr_format)
    if zarr_format == 2:  # zarr 3 has no settled structured type, and its warning would be an error here
        array = root.create_array("headers", data=headers)
        array.attrs["_ARRAY_DIMENSIONS"] = ["inline", "crossline"]
    return path


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("last", ["time", "depth"])
def test_mdio_1(tmp_path, zarr_format, last):
    volume = open_volume(mdio_1(tmp_path / "a.mdio", zarr_format, last))
    assert volume.dims == ("inline", "crossline", last)
    np.testing.assert_array_equal(volume.values, np.where(MASK[..., None], VALUES, np.nan))
    np.testing.assert_array_equal(volume["trace_mask"], MASK)
    assert volume["trace_mask"].dtype == bool
    np.testing.assert_array_equal(volume["cdp_y"], 100 + np.arange(12.0).reshape(3, 4))
    assert volume["crossline"].values.tolist() == [5, 6, 7, 8]


def test_units_and_masks_as_mdio_tells_them(tmp_path):
    """Feet in MDIO's own words, and a mask whose 0 is its fill value: decoded to NaN, and no trace."""
    feet = {"unitsV1": {"length": "ft"}}
    x, y = np.meshgrid(110.0 * np.arange(3), 110.0 * np.arange(4), indexing="ij")
    mask = MASK.astype(np.int8)
    dataset = xr.Dataset(
        {"amplitude": (("inline", "crossline", "depth"), VALUES)},
        {"cdp_x": (("inline", "crossline"), x, feet), "cdp_y": (("inline", "crossline"), y, feet)},
    )
    dataset = dataset.assign_coords(depth=("depth", 10.0 * np.arange(5), feet))
    dataset["trace_mask"] = (("inline", "crossline"), mask)
    dataset.to_zarr(tmp_path / "a.mdio", encoding={"trace_mask": {"_FillValue": 0}}, consolidated=False)
    volume = open_volume(tmp_path / "a.mdio")
    np.testing.assert_array_equal(volume["trace_mask"], MASK)
    assert np.isnan(volume.values[~MASK]).all()
    spacing = spacing_of(volume)
    assert spacing.bin == pytest.approx((110 * 0.3048) ** 2)
    assert spacing.interval == pytest.approx(3.048)


@pytest.mark.parametrize(
    ("units", "step", "milliseconds"),
    [("seconds", 0.004, 4), ("Milliseconds", 4, 4), ("microseconds", 500, 0.5), ("ns", 2000, 0.002)],
)
def test_units_of_time_are_known_by_their_names(tmp_path, units, step, milliseconds):
    time = ("time", step * np.arange(5), {"units": units})
    labels = xr.DataArray(VALUES, {"time": time}, ("inline", "crossline", "time"))
    assert spacing_of(labels).interval == pytest.approx(milliseconds)


def test_an_unknown_unit_of_time_gives_no_interval():
    time = ("time", np.arange(5.0), {"units": "ticks"})
    assert np.isnan(
        spacing_of(xr.DataArray(VALUES, {"time": time}, ("inline", "crossline", "time"))).interval
    )


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_bare_array(tmp_path, zarr_format):
    zarr.create_array(tmp_path / "a.zarr", data=VALUES, zarr_format=zarr_format)
    volume = open_volume(tmp_path / "a.zarr")
    assert volume.dims == ("inline", "crossline", "time")
    np.testing.assert_array_equal(volume.values, VALUES)


def test_a_bare_array_with_dims(tmp_path):
    zarr.create_array(tmp_path / "a.zarr", data=VALUES[0], dimension_names=("twt", "cdp"))
    volume = open_volume(tmp_path / "a.zarr")
    assert volume.dims == ("cdp", "time")
    np.testing.assert_array_equal(volume.values, VALUES[0].T)


def test_an_array_of_five_dimensions(tmp_path):
    zarr.create_array(tmp_path / "a.zarr", data=np.zeros((2, 2, 2, 2, 2), "f4"))
    with pytest.raises(DataError, match="array of 5 dimensions"):
        open_volume(tmp_path / "a.zarr")
    dims = tuple("abcde")
    xr.Dataset({"data": (dims, np.zeros((2, 2, 2, 2, 2)))}).to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    with pytest.raises(DataError, match=r"dims of 'data' are \(a, b, c, d, e\)"):
        open_volume(tmp_path / "a.nc")


def test_complex_amplitudes(tmp_path):
    dims = ("inline", "crossline", "time")
    xr.Dataset({"data": (dims, VALUES.astype("c8"))}).to_zarr(tmp_path / "a.zarr", consolidated=False)
    with pytest.raises(DataError, match="'data' holds complex64"):
        open_volume(tmp_path / "a.zarr")


@pytest.mark.parametrize("suffix", [".zarr", ".nc"])
def test_a_variable_is_chosen_by_name(tmp_path, suffix):
    dims = ("inline", "crossline", "time")
    two = xr.Dataset({"near": (dims, VALUES), "far": (dims, 2 * VALUES), "s": "text"})
    path = tmp_path / f"a{suffix}"
    if suffix == ".zarr":
        two.to_zarr(path, zarr_format=2, consolidated=False)
    else:
        two.to_netcdf(path, engine="h5netcdf")
    with pytest.raises(DataError, match="plainly the volume") as caught:
        open_volume(path)
    assert "--variable" in str(caught.value.hint)
    np.testing.assert_array_equal(open_volume(path, variable="far").values, 2 * VALUES)
    with pytest.raises(UsageError, match="no variable 'mid'"):
        open_volume(path, variable="mid")
    with pytest.raises(DataError, match="'s' holds"):
        open_volume(path, variable="s")


def test_geographic_names_are_a_raster(tmp_path):
    dataset = xr.Dataset({"z": (("lat", "lon"), VALUES[0])}, {"lat": [3.0, 2, 1, 0], "lon": np.arange(5.0)})
    dataset.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    volume = open_volume(tmp_path / "a.nc")
    assert volume.dims == ("y", "x")
    assert volume["y"].values.tolist() == [3, 2, 1, 0]


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
@pytest.mark.parametrize(
    ("dims", "shape", "order"),
    [
        (("time", "lat", "lon"), (1, 4, 5), ("y", "x")),
        (("lat", "band", "lon", "time"), (4, 1, 5, 1), ("y", "x")),
        (("inline", "crossline", "depth", "time"), (3, 4, 5, 1), ("inline", "crossline", "depth")),
        (("time", "inline", "crossline"), (1, 3, 4), ("inline", "crossline", "time")),
        (("distance", "time", "x"), (4, 5, 1), ("distance", "time")),
    ],
)
def test_dims_of_size_1_beside_a_layout_are_dropped(tmp_path, suffix, dims, shape, order):
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    coords = {dim: np.arange(float(size)) for dim, size in zip(dims, shape, strict=True)}
    if "lat" in dims:
        coords["time"] = [np.datetime64("2020-01-01", "ns")]
    store = xr.Dataset({"amp": (dims, values)}, coords)
    if suffix == ".nc":
        store.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    else:
        store.to_zarr(tmp_path / "a.zarr", consolidated=False)
    volume = open_volume(tmp_path / f"a{suffix}")
    assert volume.dims == order
    names = [{"lat": "y", "lon": "x"}.get(dim, dim) for dim in dims]
    kept = sorted((name for name in names if name in order), key=order.index)
    moved = values.transpose([names.index(name) for name in (*kept, *(set(names) - set(kept)))])
    np.testing.assert_array_equal(volume.values, moved.reshape(volume.shape))


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_an_empty_axis_is_told_of(tmp_path, suffix):
    empty = xr.DataArray(np.zeros((3, 0, 5), np.float32), dims=("inline", "crossline", "time"), name="a")
    path = tmp_path / f"a{suffix}"
    stored = empty.to_dataset()
    stored.to_netcdf(path) if suffix == ".nc" else stored.to_zarr(path, consolidated=False)
    with pytest.raises(DataError, match="'a' is empty: inline 3 x crossline 0 x time 5"):
        open_volume(path)


def test_dims_that_fit_no_layout_are_named(tmp_path):
    two = xr.Dataset({"amp": (("time", "lat", "lon"), np.zeros((2, 4, 5), np.float32))})
    two.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    with pytest.raises(DataError, match=r"dims of 'amp' are \(time, y, x\)"):
        open_volume(tmp_path / "a.nc")


def test_of_two_names_for_one_axis_the_dim_is_taken(tmp_path):
    """Of segysak's samples, which say twt as well; and of a line with its place told twice."""
    time = 4.0 * np.arange(5)
    coords = {"iline": [3, 4, 5], "xline": [7, 8, 9, 10], "samples": time, "twt": ("samples", time / 1000)}
    cube = xr.Dataset({"data": (("iline", "xline", "samples"), VALUES)}, coords)
    cube.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    volume = open_volume(tmp_path / "a.nc")
    assert volume.dims == ("inline", "crossline", "time")
    np.testing.assert_array_equal(volume.values, VALUES)
    np.testing.assert_array_equal(volume["time"], time)
    np.testing.assert_array_equal(volume["crossline"], [7, 8, 9, 10])
    cube.drop_vars("samples").to_netcdf(tmp_path / "c.nc", engine="h5netcdf")
    counted = open_volume(tmp_path / "c.nc")
    np.testing.assert_array_equal(counted.values, VALUES)
    np.testing.assert_array_equal(counted["time"], time / 1000)
    places = {"lat": ("cdp", np.arange(3.0)), "latitude": ("cdp", np.arange(3.0))}
    line = xr.Dataset({"data": (("cdp", "twt"), VALUES[:, 0])}, {"twt": time, **places})
    line.to_netcdf(tmp_path / "b.nc", engine="h5netcdf")
    np.testing.assert_array_equal(open_volume(tmp_path / "b.nc").values, VALUES[:, 0])


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("name", ["twt", "time"])
def test_times_are_taken_where_the_samples_only_count(tmp_path, name, first):
    time = 4.0 * np.arange(5)
    coords = {"samples": np.arange(first, first + 5), name: ("samples", time)}
    cube = xr.Dataset({"data": (("iline", "xline", "samples"), VALUES)}, coords)
    cube.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    volume = open_volume(tmp_path / "a.nc")
    np.testing.assert_array_equal(volume.values, VALUES)
    np.testing.assert_array_equal(volume["time"], time)


def test_an_axis_with_numbers_of_its_own_keeps_them(tmp_path):
    coords = {"iline": [3, 4, 5], "inline": ("iline", [30, 40, 50])}
    cube = xr.Dataset({"data": (("iline", "xline", "samples"), VALUES)}, coords)
    cube.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    volume = open_volume(tmp_path / "a.nc")
    np.testing.assert_array_equal(volume.values, VALUES)
    np.testing.assert_array_equal(volume["inline"], [3, 4, 5])


def write_hdf5(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name.replace("__", "/")] = values
    return path


def test_plain_hdf5(tmp_path):
    pytest.importorskip("dascore", reason="without dascore HDF5 is only read by --variable")
    volume = open_volume(write_hdf5(tmp_path / "a.h5", group__cube=VALUES, axis=np.arange(5)))
    assert volume.dims == ("inline", "crossline", "time")
    np.testing.assert_array_equal(volume.values, VALUES)
    np.testing.assert_array_equal(volume[1:, 2, ::2].values, VALUES[1:, 2, ::2])


def test_plain_hdf5_with_several_data_sets(tmp_path):
    path = write_hdf5(tmp_path / "a.h5", one=VALUES, two=2 * VALUES, c=VALUES.astype("c8"))
    np.testing.assert_array_equal(open_volume(path, variable="two").values, 2 * VALUES)
    np.testing.assert_array_equal(open_volume(path, variable="/two").values, 2 * VALUES)
    with pytest.raises(UsageError, match="no data set 'three'"):
        open_volume(path, variable="three")
    with pytest.raises(DataError, match="'c' holds complex64"):
        open_volume(path, variable="c")


def test_plain_hdf5_without_a_choice(tmp_path):
    pytest.importorskip("dascore", reason="without dascore HDF5 is only read by --variable")
    with pytest.raises(DataError, match="HDF5 with 2 data sets") as caught:
        open_volume(write_hdf5(tmp_path / "a.h5", one=VALUES, two=2 * VALUES))
    assert "one, two" in str(caught.value.hint)
    with pytest.raises(DataError, match="HDF5 with 0 data sets"):
        open_volume(write_hdf5(tmp_path / "b.h5", one=np.arange(4)))


def test_truncated_hdf5(tmp_path):
    path = write_hdf5(tmp_path / "a.h5", one=VALUES)
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(DataError, match="no readable HDF5 file"):
        open_volume(path)


def test_a_variable_of_what_has_none(tmp_path):
    np.save(tmp_path / "a.npy", VALUES)
    with pytest.raises(UsageError, match="--variable names a variable"):
        open_volume(tmp_path / "a.npy", variable="a")


def test_a_store_is_known_by_its_metadata(tmp_path):
    def known(attributes: dict) -> str:
        dataset = xr.Dataset({"amplitude": (("cdp", "time"), VALUES[0], attributes)})
        dataset.to_zarr(tmp_path / "a.zarr", mode="w", consolidated=False)
        return open_volume(tmp_path / "a.zarr").attrs["source_headers_sha256"]

    first = known({"units": "m/s"})
    assert len(first) == 64
    assert known({"units": "m/s"}) == first
    assert known({"units": "Pa"}) != first


def test_damaged_chunks_are_named_errors(tmp_path):
    values = np.random.default_rng(1).normal(size=(40, 60)).astype(np.float32)
    dataset = xr.Dataset({"amplitude": (("cdp", "time"), values)})
    dataset.to_zarr(tmp_path / "a.zarr", consolidated=False)
    chunk = tmp_path / "a.zarr" / "amplitude" / "c" / "0" / "0"
    chunk.write_bytes(b"no longer what it was")
    coding = {"zlib": True, "chunksizes": (40, 60)}
    dataset.to_netcdf(tmp_path / "a.nc", encoding={"amplitude": coding})
    content = (tmp_path / "a.nc").read_bytes()
    with h5py.File(tmp_path / "a.nc") as file:
        stored = file["amplitude"].id.get_chunk_info(0)
    start = stored.byte_offset + stored.size // 2
    (tmp_path / "a.nc").write_bytes(content[:start] + bytes(900) + content[start + 900 :])
    for name in ("a.zarr", "a.nc"):
        with pytest.raises(DataError, match=rf"{name} cannot be read: ") as caught:
            measure_scale(open_volume(tmp_path / name))
        assert caught.value.hint == "it is damaged: copy it again"


def test_a_store_of_nothing(tmp_path):
    xr.Dataset().to_netcdf(tmp_path / "a.nc")
    zarr.create_group(tmp_path / "a.zarr")
    for name in ("a.nc", "a.zarr"):
        with pytest.raises(DataError, match="holds no variable") as caught:
            open_volume(tmp_path / name)
        assert caught.value.hint == "is it complete?"


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_a_grid_mapping_is_where_the_map_is_told(tmp_path, suffix):
    """As GDAL writes it: a variable of one character that the data name."""
    grid = xr.Dataset(
        {"Band1": (("y", "x"), np.ones((3, 4), np.float32), {"grid_mapping": "crs"}), "crs": ((), b"")},
        {"y": [30.0, 20.0, 10.0], "x": [5.0, 15.0, 25.0, 35.0]},
    )
    grid["crs"].attrs = {"grid_mapping_name": "latitude_longitude", "crs_wkt": "GEOGCS[]"}
    path = tmp_path / f"grid{suffix}"
    if suffix == ".nc":
        grid.to_netcdf(path, engine="h5netcdf")
    else:
        grid.to_zarr(path, consolidated=False, zarr_format=2)
    assert open_volume(path)["spatial_ref"].attrs["crs_wkt"] == "GEOGCS[]"


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("engine", ["h5netcdf", "scipy"])
def test_a_netcdf_in_one_piece_is_read_slice_by_slice(tmp_path, dtype, masked, engine):
    """A slice of 64 KiB, along or across, must not cost the 16 MiB of the whole."""
    shape = (64, 64, 1024)
    values = np.random.default_rng(0).integers(-999, 999, shape).astype(dtype)
    volume = xr.DataArray(
        values, {"time": np.arange(1024) * 4.0}, ("inline", "crossline", "time"), "amplitude"
    )
    mask = np.random.default_rng(1).random(shape[:2]) < 0.9
    dataset = volume.to_dataset()
    if masked:
        dataset = dataset.assign_coords(trace_mask=(("inline", "crossline"), mask.astype(np.int8)))
    scaled = {"scale_factor": 0.5} if dtype == "int16" else {}
    dataset["amplitude"].attrs |= scaled
    dataset.to_netcdf(tmp_path / "a.nc", engine=engine)
    opened = open_volume(tmp_path / "a.nc")
    assert opened.dtype == np.float32
    expected = np.where(
        mask[..., None] | ~np.bool_(masked), values * np.float32(0.5 if scaled else 1), np.nan
    )
    np.testing.assert_array_equal(opened.values, expected)
    opened.isel(inline=3, crossline=3).compute()  # what is imported first does not count
    for slab in ({"inline": 5}, {"crossline": slice(7, 9)}):
        tracemalloc.start()
        part = opened.isel(slab).values
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        np.testing.assert_array_equal(part, xr.DataArray(expected, dims=opened.dims).isel(slab))
        assert peak < 4e6


@pytest.mark.parametrize("kind", ["f4", "i2"])
def test_zero_is_an_amplitude_though_zarr_2_fills_with_it(tmp_path, kind):
    """Its arrays are filled with zero if nothing is said, which xarray takes for missing."""
    values = np.random.default_rng(3).integers(-2, 3, (3, 4, 5)).astype(kind)
    root = zarr.create_group(tmp_path / "a.zarr", zarr_format=2)
    array = root.create_array("amplitude", shape=values.shape, dtype=kind, fill_value=0)
    array[...] = values
    array.attrs["_ARRAY_DIMENSIONS"] = ["inline", "crossline", "time"]
    time = root.create_array("time", shape=(5,), dtype="f4", fill_value=0)
    time[...] = 4.0 * np.arange(5)
    time.attrs["_ARRAY_DIMENSIONS"] = ["time"]
    assert open_volume(tmp_path / "a.zarr")["time"].values.tolist() == [0, 4, 8, 12, 16]
    np.testing.assert_array_equal(open_volume(tmp_path / "a.zarr"), values)


def test_packed_samples_keep_what_is_missing(tmp_path):
    values = xr.DataArray(VALUES.copy(), dims=("inline", "crossline", "time"), name="amplitude")
    values[1, 2, 3] = np.nan
    encoding = {"amplitude": {"dtype": "i2", "scale_factor": 0.001, "_FillValue": 0}}
    values.to_dataset().to_zarr(tmp_path / "a.zarr", zarr_format=2, encoding=encoding, consolidated=False)
    found = open_volume(tmp_path / "a.zarr").values
    assert np.isnan(found[1, 2, 3])
    np.testing.assert_allclose(np.nan_to_num(found), np.nan_to_num(values), atol=6e-4)


@pytest.mark.parametrize("group", [True, False])
def test_what_has_no_coordinates_is_not_matched_by_them(tmp_path, group):
    """Labels of a survey whose lines begin at 2, stored without coordinates: by position, or not at all."""
    dims = ("inline", "crossline", "time")
    coords = {dim: 2 + np.arange(size) for dim, size in zip(dims, VALUES.shape, strict=True)}
    truth = xr.DataArray((VALUES > 0).astype(np.uint8), coords, dims, name="labels")
    truth.to_dataset().to_zarr(tmp_path / "truth.zarr", consolidated=False)
    if group:
        plain = truth.drop_vars(dims).to_dataset()
        plain.to_zarr(tmp_path / "bare.zarr", consolidated=False)
    else:
        zarr.create_array(tmp_path / "bare.zarr", data=truth.values)
    report = evaluate(tmp_path / "bare.zarr", tmp_path / "truth.zarr")
    assert report["accuracy"] == 1.0
    assert sum(map(sum, report["confusion"])) == VALUES.size
