import numpy as np
from labelled import survey
from test_sticks import plane

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
