from itertools import permutations

import numpy as np
import pytest

from geointerp.evaluation.catalogues import Catalogue
from geointerp.evaluation.craters import MOON_RADIUS_KM, match, possible_pairs


def circles(*rows, on_sphere=False):
    table = np.array(rows, float).reshape(-1, 3)
    return Catalogue(table[:, 0], table[:, 1], table[:, 2], on_sphere)


def field(seed, count, side=60.0, on_sphere=False):
    rng = np.random.default_rng(seed)
    rows = np.column_stack([*rng.uniform(0, side, (2, count)), rng.uniform(6, 24, count)])
    return circles(*rows, on_sphere=on_sphere)


def allowed(predicted, true, distance):
    """The rule, pair by pair."""
    pairs = {}
    for i in range(len(predicted)):
        for j in range(len(true)):
            r, s = predicted.diameter[i] / 2, true.diameter[j] / 2
            d = distance(predicted, i, true, j)
            far, unlike = (d / min(r, s)) ** 2, abs(r - s) / min(r, s)
            if far < 1.8 and unlike < 1:
                pairs[i, j] = far + unlike
    return pairs


def flat(predicted, i, true, j):
    return np.hypot(predicted.x[i] - true.x[j], predicted.y[i] - true.y[j])


def great_circle(predicted, i, true, j):
    """By the haversine formula."""
    a, b = np.radians(predicted.y[i]), np.radians(true.y[j])
    across = np.radians(predicted.x[i] - true.x[j])
    h = np.sin((a - b) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(across / 2) ** 2
    return 2 * MOON_RADIUS_KM * np.arcsin(np.sqrt(h))


@pytest.mark.parametrize("seed", range(4))
def test_possible_pairs_are_those_of_the_rule(seed):
    predicted, true = field(seed, 40), field(seed + 100, 50)
    found = possible_pairs(predicted, true)
    expected = allowed(predicted, true, flat)
    assert set(zip(found.predicted.tolist(), found.true.tolist(), strict=True)) == expected.keys()
    assert len(expected) > 20
    for i, j, misfit in zip(found.predicted, found.true, found.misfit, strict=True):
        assert misfit == pytest.approx(expected[i, j])


def test_on_the_sphere_distances_are_great_circles():
    rng = np.random.default_rng(5)
    places = np.column_stack(
        [rng.uniform(-180, 180, 60), rng.uniform(-89, 89, 60), rng.uniform(200, 900, 60)]
    )
    moved = places + rng.normal(0, (3, 3, 60), (60, 3))
    moved[:, 1] = moved[:, 1].clip(-90, 90)
    moved[::2, 0] += 360 * (moved[::2, 0] < 0)  # the other way of counting longitudes
    predicted, true = circles(*moved, on_sphere=True), circles(*places, on_sphere=True)
    found = possible_pairs(predicted, true)
    expected = allowed(predicted, true, great_circle)
    assert set(zip(found.predicted.tolist(), found.true.tolist(), strict=True)) == expected.keys()
    assert len(expected) > 60
    for i, j, distance in zip(found.predicted, found.true, found.distance, strict=True):
        assert distance == pytest.approx(great_circle(predicted, i, true, j), rel=1e-9)


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ((0, np.sqrt(1.8) * 5 - 1e-9, 10), 1),
        ((0, np.sqrt(1.8) * 5 + 1e-9, 10), 0),
        ((0, 0, 20 - 1e-9), 1),
        ((0, 0, 20), 0),
        ((0, 0, 5 + 1e-9), 1),
        ((0, 0, 5), 0),
    ],
)
def test_the_limits_themselves_are_beyond(other, found):
    assert len(match(circles((0, 0, 10)), circles(other)).true) == found


@pytest.mark.parametrize("seed", range(6))
def test_the_pairing_is_the_best_of_all(seed):
    """Of all ways to pair six predicted with five true craters: most pairs, then the least misfit."""
    predicted, true = field(seed, 6, side=16), field(seed + 50, 5, side=16)
    pairs = allowed(predicted, true, flat)
    best = min(
        (
            -sum((i, j) in pairs for j, i in enumerate(way)),
            sum(pairs.get((i, j), 0) for j, i in enumerate(way)),
        )
        for way in permutations(range(6), 5)
    )
    found = match(predicted, true)
    assert len(found.true) == -best[0] > 1
    assert found.misfit.sum() == pytest.approx(best[1])
    assert len(set(found.predicted.tolist())) == len(set(found.true.tolist())) == len(found.true)


def test_a_crater_goes_without_its_nearest_so_that_another_has_a_partner():
    """One by one, the first would take the nearer true one, which is the only one the second can have."""
    predicted, true = circles((0, 0, 10), (6, 0, 10)), circles((2.9, 0, 10), (-5, 0, 10))
    found = match(predicted, true)
    assert sorted(zip(found.predicted.tolist(), found.true.tolist(), strict=True)) == [(0, 1), (1, 0)]


def test_the_order_of_the_rows_is_no_matter():
    predicted, true = field(1, 80), field(2, 90)
    turned = circles(*np.column_stack([predicted.x, predicted.y, predicted.diameter])[::-1])
    straight, back = match(predicted, true), match(turned, true)
    assert len(straight.true) == len(back.true) > 20
    assert straight.misfit.sum() == pytest.approx(back.misfit.sum())


@pytest.mark.parametrize("pair", [(field(1, 5), circles()), (circles(), field(1, 5)), (circles(), circles())])
def test_without_craters_there_is_no_pair(pair):
    assert len(match(*pair).true) == 0
