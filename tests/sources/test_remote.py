"""SEG-Y, Zarr and rasters from an object store and a web server on this machine."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from object_store import RangeHandler, object_store, web_server
from segy_files import Written, grid

from geointerp.errors import DataError
from geointerp.sources.open import open_volume
from geointerp.sources.remote import RemoteFile, is_url
from geointerp.sources.segy import headers

for module in ("s3fs", "aiohttp", "moto"):
    pytest.importorskip(module, reason=f"{module} is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of botocore and moto


def fill(folder: Path) -> Path:
    """Put one file of each kind into a folder."""
    inlines, crosslines = grid(np.arange(30), np.arange(40))
    present = np.arange(inlines.size) % 7 > 0
    Written(inlines[present], crosslines[present]).write(folder / "a.sgy")
    values = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
    dims = ("inline", "crossline", "time")
    store = xr.Dataset({"amplitude": (dims, values)}, {"inline": [5, 6, 7]})
    store.to_zarr(folder / "v.zarr", zarr_format=3, consolidated=False)
    store.to_zarr(folder / "listed.zarr", zarr_format=2, consolidated=True)
    (folder / "a.txt").write_text("text " * 2000)
    np.save(folder / "a.npy", values)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("remote"))


@pytest.fixture(scope="module")
def bucket(folder):
    with pytest.MonkeyPatch.context() as patch, object_store(patch, folder) as url:
        yield url


@pytest.fixture(scope="module")
def website(folder):
    with web_server(folder) as url:
        yield url


def same(url: str, path: Path) -> xr.DataArray:
    there, here = open_volume(url), open_volume(path)
    assert there.dims == here.dims
    assert there.attrs["source"] == url
    for window in (np.s_[...], np.s_[1:3, 2:4], np.s_[:, :, 2]):
        np.testing.assert_array_equal(there[window].values, here[window].values)
    for name in here.coords:
        np.testing.assert_array_equal(there[name].values, here[name].values)
    return there


@pytest.mark.parametrize("server", ["bucket", "website"])
def test_segy(request, folder, server):
    there = same(f"{request.getfixturevalue(server)}/a.sgy", folder / "a.sgy")
    assert int(there["trace_mask"].sum()) == 1028
    assert there.attrs["source_size"] == (folder / "a.sgy").stat().st_size


def test_info_and_evaluate_take_urls(website, folder):
    def ran(*words):
        command = [sys.executable, "-m", "geointerp", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done

    store = ran("info", f"{website}/listed.zarr")
    assert "unknown" in next(line for line in store.stderr.splitlines() if "size" in line)
    labels = np.arange(60, dtype=np.uint8).reshape(3, 4, 5) % 2
    named = xr.Dataset({"labels": (("inline", "crossline", "time"), labels)})
    named.to_zarr(folder / "labels.zarr", zarr_format=2, consolidated=True)
    there, here = f"{website}/labels.zarr", folder / "labels.zarr"
    report = json.loads(ran("evaluate", there, here, "--json").stdout)
    assert report["mIoU"] == 1


def test_zarr_in_a_bucket(bucket, folder):
    same(f"{bucket}/v.zarr", folder / "v.zarr")


def test_zarr_on_a_website(website, folder):
    same(f"{website}/listed.zarr", folder / "listed.zarr")
    with pytest.raises(DataError, match="holds no variable") as caught:
        open_volume(f"{website}/v.zarr")
    assert "consolidated" in str(caught.value.hint)


@pytest.mark.parametrize("server", ["bucket", "website"])
def test_raster(request, folder, server):
    rasterio = pytest.importorskip("rasterio", reason="rasterio is not installed")
    values = np.random.default_rng(0).normal(size=(300, 310)).astype(np.float32)
    path = folder / f"{server}.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=310, height=300, count=1, dtype="float32", crs="EPSG:32633",
        transform=rasterio.Affine(10, 0, 5e5, 0, -10, 5e6), tiled=True, blockxsize=64, blockysize=64,
    ) as target:  # fmt: skip
        target.write(values, 1)
    url = f"{request.getfixturevalue(server)}/{server}.tif"
    if server == "bucket":
        import boto3

        client = boto3.client("s3")
        client.upload_file(str(path), "geodata", path.name)
        client.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("geointerp.sources.raster._SIDE", 64)
        there = open_volume(url)
    assert there.data.numblocks == (5, 5)
    np.testing.assert_array_equal(there.data.compute(scheduler="threads", num_workers=6), values)
    np.testing.assert_array_equal(there[70:90, 5:9].values, values[70:90, 5:9])
    np.testing.assert_array_equal(there["x"], open_volume(path)["x"])


def test_a_slab_is_a_range_of_bytes(website, folder, monkeypatch):
    """Opened before, so that the trace map is kept: what is fetched is the start and the slab's traces."""
    inlines, crosslines = grid(np.arange(60), np.arange(60))
    Written(inlines, crosslines, samples=500).write(folder / "large.sgy")
    open_volume(f"{website}/large.sgy")
    monkeypatch.setattr(RangeHandler, "sent", 0)
    volume = open_volume(f"{website}/large.sgy")
    slab = volume[30:32].values
    assert slab.shape == (2, 60, 500)
    assert RangeHandler.sent < slab.nbytes * 1.2 + (1 << 18)
    assert RangeHandler.sent < (folder / "large.sgy").stat().st_size / 10


def test_headers_are_read_block_by_block(website, folder, monkeypatch):
    monkeypatch.setattr(headers, "_BLOCK_BYTES", 5000)
    here = open_volume(folder / "a.sgy", inline_byte=189, crossline_byte=193)
    there = open_volume(f"{website}/a.sgy", inline_byte=189, crossline_byte=193)
    assert there.attrs["source_headers_sha256"] == here.attrs["source_headers_sha256"]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("nothing.sgy", r"nothing\.sgy does not exist"),
        ("nothing.zarr", r"nothing\.zarr does not exist"),
        ("a.txt", "none of the kinds of file that are read from a URL"),
        ("a.npy", "none of the kinds of file that are read from a URL"),
    ],
)
@pytest.mark.parametrize("server", ["bucket", "website"])
def test_what_cannot_be_read(request, server, name, wrong):
    with pytest.raises(DataError, match=wrong):
        open_volume(f"{request.getfixturevalue(server)}/{name}")


def test_a_bucket_that_is_not_there(bucket):
    with pytest.raises(DataError, match="no-such-bucket"):
        open_volume("s3://no-such-bucket/a.sgy")


def test_a_server_that_is_not_there():
    with pytest.raises(DataError, match="cannot be read"):
        open_volume("http://127.0.0.1:9/a.sgy")


def test_a_server_without_ranges(folder):
    class Whole(RangeHandler):
        ranges = False

    with web_server(folder, Whole) as url, pytest.raises(DataError, match=r"asked for and|ranges"):
        open_volume(f"{url}/a.sgy").values  # noqa: B018


def test_without_a_client_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    with pytest.raises(DataError, match="what reads it is not installed") as caught:
        open_volume("s3://bucket/a.sgy")
    assert "pip install 'geointerp[remote]'" in str(caught.value.hint)


def test_a_remote_file_goes_to_another_process(website, folder):
    file = pickle.loads(pickle.dumps(RemoteFile(f"{website}/a.txt")))
    assert file.read(5, 9) == (folder / "a.txt").read_bytes()[5:9]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("s3://b/a", True), ("gs://b/a", True), ("HTTPS://h/a", True), ("a.sgy", False), ("/s3://b", False)],
)
def test_urls(text, expected):
    assert is_url(text) is expected


def test_the_suffix_of_a_url():
    assert RemoteFile("https://h.org/a.b/c.segy?x=1.2").suffix == ".segy"
    assert RemoteFile("https://h.org/a.b/c").suffix == ""
