"""Indexing of what is read rectangle by rectangle, against numpy's own."""

import numpy as np
import pytest

from geointerp.sources.windows import read_indexed

WHOLE = np.arange(7 * 9, dtype=np.float32).reshape(7, 9)


@pytest.mark.parametrize("rows", [
    [0, 2, 1], [0, 1, 1], [3, 4, 5], [5, 4, 3], [6], slice(None), slice(6, None, -2), slice(1, 6, 2), 3, -1,
])  # fmt: skip
@pytest.mark.parametrize("columns", [slice(2, 7), slice(None, None, -1), 4])
def test_any_index_of_each_axis(rows, columns):
    found = read_indexed((rows, columns), WHOLE.shape, lambda rows, columns: WHOLE[rows, columns])
    np.testing.assert_array_equal(found, WHOLE[rows][..., columns])
