from functools import partial

import numpy as np
from labelled import survey
from test_sticks import plane

from geointerp.products.components import Components
from geointerp.products.surfaces import thinned


def test_a_band_becomes_one_sample_thick_and_stays_in_the_band():
    values = plane()
    values[2, 50:53, 3] = 1  # a speck
    values[0, 0] = 255
    dataset = survey(values).assign(trace_mask=(("inline", "crossline"), values[..., 0] != 255))
    thin = thinned(dataset, min_size=50)
    result = thin["labels"]
    assert (result.dims, result.dtype) == (("inline", "crossline", "time"), np.uint8)
    assert result.attrs["flag_meanings"] == "background fault"
    np.testing.assert_array_equal(thin["trace_mask"], dataset["trace_mask"])
    assert thin.attrs == dataset.attrs
    line = result.values == 1
    assert (values[line] == 1).all()
    assert not line[2, 50:53].any()
    assert line.sum(axis=1)[:, 25:75].max() == 1
    assert line.sum(axis=1)[:, 25:75].mean() > 0.98
    np.testing.assert_array_equal(result.values == 255, values == 255)


def test_blocks_make_no_difference():
    dataset = survey(plane())
    chunked = dataset.chunk(inline=3)
    np.testing.assert_array_equal(
        thinned(dataset, min_size=50)["labels"], thinned(chunked, min_size=50)["labels"]
    )


def test_each_block_is_read_by_itself(monkeypatch):
    """Once to find what is connected, once to be thinned."""
    monkeypatch.setattr("geointerp.products.surfaces.Components", partial(Components, step_samples=1))
    dataset, asked = survey(plane()), []

    def noted(block, block_info=None):
        if block_info:
            asked.append(block_info[0]["chunk-location"][0])
        return block

    labels = dataset["labels"].chunk(inline=5)
    labels = labels.copy(data=labels.data.map_blocks(noted, dtype=np.uint8))
    thin = thinned(dataset.assign(labels=labels), min_size=50)["labels"]
    asked.clear()
    np.testing.assert_array_equal(thin[5:10], thinned(dataset, min_size=50)["labels"][5:10])
    assert set(asked) == {1}
    assert thin.encoding == {"_FillValue": 255}
