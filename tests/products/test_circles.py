import numpy as np
import pytest
from labelled import discs

from geointerp.products.circles import find_circles, overlap_with


def assert_found(circles, truth, tolerance):
    """Each true circle (row, column, radius) has one of its own within ``tolerance`` of each number."""
    assert len(circles) == len(truth)
    left = [(*circle.centre, circle.radius) for circle in circles]
    for one in truth:
        off = [np.abs(np.subtract(one, other)).max() for other in left]
        assert min(off) < tolerance, (one, left)
        left.pop(int(np.argmin(off)))


@pytest.mark.parametrize("circle", [(30.0, 40.0, 20.0), (20.3, 21.8, 12.4), (8.0, 8.0, 3.2)])
def test_one_disc(circle):
    mask = discs((64, 80), [circle])
    circles = find_circles(mask)
    assert_found(circles, [circle], 0.25)
    assert circles[0].support == pytest.approx(1, abs=0.1)
    assert overlap_with(mask, circles, (1, 1)) > 0.95


@pytest.mark.parametrize(
    "truth",
    [
        [(40, 30, 20), (40, 70, 20)],
        [(40, 30, 25), (40, 62, 10)],
        [(40, 40, 30), (40, 75, 15)],
        [(30, 30, 18), (30, 60, 14), (58, 45, 16)],
        [(50, 30, 20), (50, 58, 20), (50, 86, 20), (22, 44, 12)],
    ],
    ids=["touching", "small beside large", "overlapping", "three in a ring", "four in a chain"],
)
def test_discs_that_run_together_are_told_apart(truth):
    assert_found(find_circles(discs((100, 120), truth)), truth, 1.5)


def test_a_rim_is_a_disc():
    ring = discs((60, 60), [(30, 30, 20)]) & ~discs((60, 60), [(30, 30, 17)])
    assert_found(find_circles(ring), [(30, 30, 20)], 0.3)


def test_a_ragged_edge_is_no_further_circle():
    rng = np.random.default_rng(4)
    angle = np.arctan2(*(np.indices((120, 120)) - 60)) + np.pi
    wobble = np.interp(angle, np.linspace(0, 2 * np.pi, 60), rng.normal(0, 1.2, 60))
    rows, columns = np.indices((120, 120)) - 60
    circles = find_circles(np.hypot(rows, columns) <= 40 + wobble)
    assert_found(circles, [(60, 60, 40)], 1.5)


def test_a_disc_cut_by_the_edge_of_the_data_keeps_its_size():
    mask = discs((60, 80), [(-8, 40, 30)])[:22]
    cut = np.array([True, False, False, False])
    circle = find_circles(mask, free=cut)[0]
    assert_found([circle], [(-8, 40, 30)], 0.6)


def test_pixels_need_not_be_square():
    rows, columns = np.indices((80, 60))
    mask = np.hypot((rows - 40) * 1.0, (columns - 30) * 2.0) <= 36
    circles = find_circles(mask, (1.0, 2.0))
    assert_found(circles, [(40, 60, 36)], 0.5)


def test_random_pairs_of_discs():
    rng = np.random.default_rng(11)
    good = 0
    for _ in range(40):
        first, second = rng.uniform(10, 25, 2)
        angle, gap = rng.uniform(0, 2 * np.pi), rng.uniform(0.75, 1.0) * (first + second)
        truth = [(70, 70, first), (70 + gap * np.sin(angle), 70 + gap * np.cos(angle), second)]
        circles = find_circles(discs((140, 140), truth))
        close = [
            min((np.abs(np.subtract(one, (*c.centre, c.radius))).max() for c in circles), default=99) < 2
            for one in truth
        ]
        good += all(close) and len(circles) == 2
    assert good >= 37


def test_outline_that_is_nearly_all_the_datas_edge_is_no_error():
    mask = np.ones((22, 15), bool)
    mask[0, 11:] = mask[1, 14:] = False
    assert len(find_circles(mask, free=np.ones(4, bool))) <= 1
