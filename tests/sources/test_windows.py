"""Indexing of what is read rectangle by rectangle, against numpy's own."""

import pickle

import dask.array
import numpy as np
import pytest
from dask.blockwise import optimize_blockwise
from dask.core import flatten

from geointerp.sources.windows import cut_lazily, lazily, read_indexed, source_of

WHOLE = np.arange(7 * 9, dtype=np.float32).reshape(7, 9)


@pytest.mark.parametrize("rows", [
    [0, 2, 1], [0, 1, 1], [3, 4, 5], [5, 4, 3], [6], slice(None), slice(6, None, -2), slice(1, 6, 2), 3, -1,
])  # fmt: skip
@pytest.mark.parametrize("columns", [slice(2, 7), slice(None, None, -1), 4])
def test_any_index_of_each_axis(rows, columns):
    found = read_indexed((rows, columns), WHOLE.shape, lambda rows, columns: WHOLE[rows, columns])
    np.testing.assert_array_equal(found, WHOLE[rows][..., columns])


class Counted:
    """An array that counts what is read of it."""

    dtype = np.dtype(np.float32)

    def __init__(self, values):
        self.values, self.shape, self.ndim, self.read = values, values.shape, values.ndim, 0

    def __getitem__(self, key):
        found = read_indexed(key, self.shape, lambda *window: self.values[window])
        self.read += found.size
        return found


@pytest.mark.parametrize("rows", [
    slice(None), slice(2, 4), slice(None, None, -1), slice(4, 0, -2), slice(1, None, 2), [3, 0], 2, -1,
    np.array([True, False, True, True, False]),
])  # fmt: skip
def test_a_part_is_indexed_as_numpy_does(rows):
    whole = lazily(Counted(WHOLE), (4, 5), "indexed")
    part = cut_lazily(whole, (slice(1, 6), slice(2, None)))
    assert part.chunks == ((3, 2), (3, 4))
    np.testing.assert_array_equal(part[rows, 1:], WHOLE[1:6, 2:][rows, 1:])


def test_a_slab_of_a_part_reads_no_more_than_itself():
    counted = Counted(np.arange(40 * 30, dtype=np.float32).reshape(40, 30))
    part = cut_lazily(lazily(counted, (20, 30), "counted"), (slice(5, 35), slice(3, 30)))
    np.testing.assert_array_equal(part[18:22].T.compute(), counted.values[23:27, 3:].T)
    assert counted.read == 4 * 27
    again = cut_lazily(part, (slice(10, 20), slice(0, 27)))
    counted.read = 0
    np.testing.assert_array_equal(again[3:5].compute(), counted.values[18:20, 3:])
    assert counted.read == 2 * 27


def test_a_part_reads_what_its_own_whole_reads_whatever_has_the_same_name():
    one, other = (lazily(Counted(values), (4, 5), "alike") for values in (WHOLE, -WHOLE))
    rows = (slice(1, 6), slice(0, 9))
    np.testing.assert_array_equal(cut_lazily(one, rows), WHOLE[1:6])
    np.testing.assert_array_equal(cut_lazily(other, rows), -WHOLE[1:6])


def test_a_part_survives_pickling_and_that_of_a_computed_array_is_not_read_again():
    counted = Counted(WHOLE)
    whole = pickle.loads(pickle.dumps(lazily(counted, (4, 5), "pickled")))
    part = pickle.loads(pickle.dumps(cut_lazily(whole, (slice(1, 6), slice(2, 5)))))
    np.testing.assert_array_equal(part, WHOLE[1:6, 2:5])
    computed = lazily(counted, (4, 5), "computed").persist()
    counted.read = 0
    np.testing.assert_array_equal(cut_lazily(computed, (slice(1, 6), slice(2, 5))), WHOLE[1:6, 2:5])
    assert counted.read == 0


def test_an_array_into_which_dask_has_melted_a_file_is_no_file():
    doubled = lazily(Counted(WHOLE), (4, 5), "melted") * 2
    melted = optimize_blockwise(doubled.dask, keys=list(flatten(doubled.__dask_keys__())))
    assert list(melted.layers) == [doubled.name]
    array = dask.array.Array(melted, doubled.name, doubled.chunks, doubled.dtype)
    assert source_of(array) is None
    np.testing.assert_array_equal(cut_lazily(array, (slice(1, 6), slice(2, 5))), WHOLE[1:6, 2:5] * 2)


def test_a_part_of_an_array_that_others_made_is_cut_by_dask():
    made = dask.array.from_array(WHOLE, chunks=4) * 2
    np.testing.assert_array_equal(cut_lazily(made, (slice(1, 6), slice(2, 5))), WHOLE[1:6, 2:5] * 2)
