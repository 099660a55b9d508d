"""The page as text; what it does in a browser is in test_page_browser."""

import base64
import gzip
import json
from html.parser import HTMLParser

import dask.array
import numpy as np
import pytest
import xarray as xr

from geointerp.errors import DataError
from geointerp.sinks.page import write_page
from geointerp.sinks.preview import MOST_CELLS, preview

DIMS = ("inline", "crossline", "time")
EVIL = "/data/</script><script>alert(1)</script>&<img src=x onerror=alert(2)>'\".sgy"


class Page(HTMLParser):
    """The text of a page by the id of its element, and how often each element occurs."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.texts, self.tags, self._open = {}, {}, None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self._open = dict(attrs).get("id") or tag

    def handle_endtag(self, tag):
        self._open = None

    def handle_data(self, data):
        self.texts.setdefault(self._open, []).append(data)

    def array(self, name, shape):
        packed = base64.b64decode("".join(self.texts[name]))
        return np.frombuffer(gzip.decompress(packed), np.uint8).reshape(shape)

    @property
    def facts(self):
        return json.loads("".join(self.texts["viewer-facts"]))


def result(values, dims=DIMS, **attrs):
    coords = {dim: 100 + 2 * np.arange(size) for dim, size in zip(dims, values.shape, strict=True)}
    labels = xr.DataArray(values, coords, dims, attrs={"flag_meanings": "background fault"})
    return xr.Dataset({"labels": labels}, attrs=attrs)


def written(tmp_path, labels, volume=None, **options):
    write_page(labels, tmp_path / "page.html", volume=volume, **options)
    return Page((tmp_path / "page.html").read_text(encoding="utf-8"))


@pytest.fixture
def labels():
    values = np.random.default_rng(3).choice([0, 0, 0, 1, 255], (4, 6, 8)).astype(np.uint8)
    return result(values)


def test_the_arrays_are_in_the_page(tmp_path, labels):
    volume = labels["labels"].astype(np.float32).copy(data=np.linspace(-1, 1, 192).reshape(4, 6, 8))
    volume[0, 0] = np.nan
    page = written(tmp_path, labels, volume)
    np.testing.assert_array_equal(page.array("labels", (4, 6, 8)), labels["labels"])
    greys = page.array("greys", (4, 6, 8))
    assert (greys == 0).sum() == 8
    shown = page.facts["low"] + (greys - 1.0) / 254 * (page.facts["high"] - page.facts["low"])
    inside = np.abs(volume.values) <= page.facts["high"]
    np.testing.assert_allclose(shown[inside], volume.values[inside], atol=1 / 254)
    assert page.facts["cells"]["time"] == labels["time"].values.tolist()


def test_a_page_without_the_input_shows_the_labels_alone(tmp_path, labels):
    page = written(tmp_path, labels)
    assert "greys" not in page.texts
    np.testing.assert_array_equal(page.array("labels", (4, 6, 8)), labels["labels"])


def test_labels_decoded_by_xarray_are_the_same(tmp_path, labels):
    decoded = labels.where(labels["labels"] != 255).assign_attrs(labels.attrs)
    decoded["labels"].attrs = labels["labels"].attrs
    assert written(tmp_path, decoded).texts == written(tmp_path, labels).texts


def test_the_shares_are_of_what_was_labelled(tmp_path, labels):
    text = (written(tmp_path, labels), (tmp_path / "page.html").read_text(encoding="utf-8"))[1]
    values = labels["labels"].values
    share = (values == 1).sum() / (values != 255).sum()
    assert f"{100 * share:.1f} %" in text
    assert f"{(values != 255).mean():.1%} of 192 samples" in text


def test_what_a_user_named_can_do_nothing(tmp_path, labels):
    names = {"flag_meanings": "background </script><b>"}
    labels["labels"].attrs |= names
    clean = written(tmp_path, labels.assign_attrs(geointerp={"source": {"path": "a.sgy"}}))
    told = {"source": {"path": EVIL}, "model": {"name": EVIL}, EVIL: [EVIL], "task": EVIL, "views": [EVIL]}
    page = written(tmp_path, labels.assign_attrs(geointerp=told))
    assert EVIL in "".join(page.texts["dd"])
    assert {tag: page.tags[tag] for tag in ("script", "b", "img") if tag in page.tags} == {
        "script": clean.tags["script"]
    }
    assert page.facts["classes"][1]["name"] == "</script><b>"


@pytest.mark.parametrize("colour", ['"><script>alert(1)</script>', "red;position:fixed", "", None])
def test_a_colour_that_is_none_is_not_written_into_the_page(tmp_path, labels, colour):
    classes = [{"name": "background", "colour": "#ffffff"}, {"name": "salt dome", "colour": colour}]
    page = written(tmp_path, labels.assign_attrs(geointerp={"classes": classes}))
    assert page.facts["classes"][1] == {"name": "salt dome", "colour": "#e6194b", "background": False}
    assert page.tags["script"] == 4


def test_provenance_is_told_as_netcdf_keeps_it_too(tmp_path, labels):
    told = {"version": "0.1", "model": {"name": "faults", "sha256": "abc"}, "overlap": 0.25}
    plain = written(tmp_path, labels.assign_attrs(geointerp=told))
    assert {"model.sha256", "overlap"} <= set(plain.texts["dt"])
    assert written(tmp_path, labels.assign_attrs(geointerp=json.dumps(told))).texts == plain.texts


def test_a_large_result_is_thinned_out_and_keeps_a_thin_fault(tmp_path):
    values = np.zeros((60, 50, 40), np.uint8)
    values[:, 23] = 1
    labels = result(dask.array.from_array(values, chunks=(7, 50, 40)))
    volume = labels["labels"].astype(np.float32)
    page = written(tmp_path, labels, volume, most_cells=3000)
    shape = tuple(page.facts["shape"])
    assert np.prod(shape) <= 3000
    found = page.array("labels", shape)
    (column,) = np.flatnonzero(found.any(axis=(0, 2)))
    assert found[:, column].all()
    assert abs(page.facts["cells"]["crossline"][column] - labels["crossline"].values[23]) <= 4
    assert page.array("greys", shape).shape == shape
    assert [len(cells) for cells in page.facts["cells"].values()] == list(shape)
    assert "2.0 %" in (tmp_path / "page.html").read_text(
        encoding="utf-8"
    )  # counted before it was thinned out


def test_a_page_is_no_larger_than_promised(tmp_path):
    values = np.random.default_rng(0).integers(0, 2, (90, 80, 70), np.uint8)
    labels = result(values)
    volume = labels["labels"].copy(data=np.random.default_rng(1).normal(size=values.shape).astype(np.float32))
    written(tmp_path, labels, volume)
    assert (tmp_path / "page.html").stat().st_size / values.size * MOST_CELLS < 16e6


def test_a_map_lies_in_the_page_as_it_is_drawn():
    values = np.arange(6, dtype=np.uint8).reshape(2, 3)
    labels = xr.DataArray(values, {"y": [10.0, 20], "x": [1.0, 2, 3]}, ("y", "x"))
    shown = preview(labels, None)
    np.testing.assert_array_equal(shown.labels, values[::-1])
    assert shown.cells["y"].tolist() == [20, 10]


def test_labels_of_another_input_are_refused(tmp_path, labels):
    with pytest.raises(DataError, match="beneath"):
        write_page(labels, tmp_path / "page.html", volume=labels["labels"][:2].astype(np.float32))
    assert not list(tmp_path.iterdir())
