import numpy as np
import pytest
import xarray as xr
from PIL import Image

from geointerp.errors import DataError, ModelError
from geointerp.sinks import features
from geointerp.sinks.features import draw_features, fitting_size


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((224, 224), (224, 224)),
        ((1501, 601), (518, 210)),
        ((512, 1536), (168, 518)),
        ((5, 60), (42, 56)),
        ((3000, 10), (518, 42)),
    ],
)
def test_an_image_is_resized_to_multiples_of_the_patch(shape, size):
    assert fitting_size(shape, 14) == size


def test_a_section_is_drawn(tmp_path, untrained_model):
    np.save(tmp_path / "section.npy", np.random.default_rng(0).normal(size=(60, 90)).astype(np.float32))
    draw_features(untrained_model, tmp_path / "section.npy", tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    left, right = np.array_split(pixels, [pixels.shape[1] // 3], axis=1)
    coloured = [(np.ptp(half, axis=-1) > 40).mean() for half in (left, right)]
    assert coloured[0] < 0.02 < 0.3 < coloured[1]


def test_of_a_volume_the_middle_slice_is_drawn(untrained_model, monkeypatch):
    from geointerp.network.description import read_description

    about = read_description(untrained_model)
    values = np.random.default_rng(1).normal(size=(5, 20, 30)).astype(np.float32)
    coords = {"inline": 100 + np.arange(5), "crossline": np.arange(20), "time": 4.0 * np.arange(30)}
    section, title = features._section(xr.DataArray(values, coords, list(coords)), about)
    assert (section.shape, title) == ((1, 30, 20), "image, inline 102")
    expected = values[2].T
    assert np.corrcoef(section[0].ravel(), expected.ravel())[0, 1] > 0.99


def test_neighbours_are_the_slices_beside_it():
    volume = xr.DataArray(np.arange(24.0).reshape(2, 3, 4), dims=("inline", "crossline", "time"))
    (view,) = features.choose_views(["inline", "crossline", "time"], ["inline"])
    found = features._channels(volume, view, 1, "neighbours")
    np.testing.assert_array_equal(found, volume.values[[0, 1, 1]].transpose(0, 2, 1))
    single = xr.DataArray(np.ones((3, 4)), dims=("row", "column"))
    (whole,) = features.choose_views(["row", "column"], None)
    assert features._channels(single, whole, 0, "neighbours").shape == (3, 3, 4)


def test_errors_are_those_of_image_and_model(tmp_path, untrained_model):
    with pytest.raises(DataError, match=r"missing\.sgy does not exist"):
        draw_features(untrained_model, tmp_path / "missing.sgy", tmp_path / "a.png")
    np.save(tmp_path / "section.npy", np.ones((20, 20), np.float32))
    with pytest.raises(ModelError, match="no model 'nowhere'"):
        draw_features("nowhere", tmp_path / "section.npy", tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()


def test_a_real_line_is_drawn(tmp_path, real_data, untrained_model):
    draw_features(untrained_model, real_data / "seismic" / "penobscot_xl1155.sgy", tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert min(picture.size) > 800
