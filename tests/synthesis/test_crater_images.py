import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from skimage import measure

from geointerp.synthesis import crater_impacts, crater_light, craters, record
from geointerp.synthesis.crater_recipe import DEFAULT
from geointerp.synthesis.draw import Draw

SURE = torch.ones(1)


def one_crater(number: int, **changes) -> tuple[torch.Tensor, torch.Tensor]:
    """Flat ground, 300 x 300, with one fresh crater of a size class."""
    ground, stands = torch.zeros(1, 300, 300), torch.zeros(1, 300, 300)
    recipe = replace(DEFAULT, hills=0.0, depth=(0.2, 0.2), rim=(0.05, 0.05), **changes)
    crater_impacts.strike(Draw(5), recipe, ground, stands, number, SURE + 0.1)
    return ground[0], stands[0] > 0


def test_sizes_follow_the_inverse_square() -> None:
    diameters = crater_impacts.draw_diameters(Draw(1), 10.0, 100.0, 200_000)
    assert diameters.min() >= 10.0
    assert diameters.max() <= 100.0
    limits = torch.tensor([10.0, 14.0, 20.0, 28.0, 40.0])
    # N(>D) = A (D^-2 - D_max^-2) for a law cut off at D_max.
    expected = limits**-2 - 100.0**-2
    found = torch.stack([(diameters > limit).float().mean() for limit in limits])
    torch.testing.assert_close(found / found[0], expected / expected[0], rtol=0.03, atol=0)


def test_more_small_craters_than_large_ones_fall() -> None:
    """From 9 pixels on; as ``N(>D) ~ D^-2`` says, but large ones oftener, so that most pictures show some."""
    _, *others = crater_impacts._SIZES
    numbers = [most for *_, most in others]
    counts = [low**-2 - high**-2 for low, high, _ in others]
    assert numbers == sorted(numbers, reverse=True)
    for number, count in zip(numbers[1:], counts[1:], strict=True):
        assert 1.0 <= (number / numbers[0]) / (count / counts[0]) < 4.0


def test_a_larger_picture_has_as_many_craters_for_its_area() -> None:
    one = len(crater_impacts.order_of_impacts(Draw(1), 224, 224))
    four = len(crater_impacts.order_of_impacts(Draw(1), 448, 448))
    # Craters whose middle lies beside the picture count too, and grow with its circumference.
    assert 2.0 * one < four < 4.0 * one


def test_windows_lie_on_the_canvas_and_touch_the_picture() -> None:
    for number in range(len(crater_impacts._SIZES)):
        side, places = crater_impacts.window_side(number), crater_impacts.corners(number, 224)
        assert places[0] >= 0
        assert places[-1] + side <= 224 + 2 * crater_impacts.MARGIN
        assert places[0] + side > crater_impacts.MARGIN
        assert places[-1] < crater_impacts.MARGIN + 224


def test_a_crater_has_the_depth_and_rim_it_was_drawn_with() -> None:
    """Along a ray: the floor lies a depth below the plain, the crest a rim above it, the ejecta fall off."""
    r = torch.linspace(0.0, 2.4, 2401)
    depth, rim = torch.tensor(0.2), torch.tensor(0.05)
    height, buried = crater_impacts.profile(r, depth, rim, torch.tensor(2.0))
    assert height[0] == pytest.approx(-0.2)
    assert height.max() == pytest.approx(0.05, abs=1e-3)
    assert r[height.argmax()] == pytest.approx(1.0, abs=2e-3)
    at_two = height[2000]
    assert at_two == pytest.approx(0.5 * 0.05 * (2.0**-3 + 2.0**-4), rel=0.01)
    assert (height[1001:].diff() <= 0).all()
    assert (buried[:1000] > 0.89).all()


def test_the_label_is_the_disc_within_the_rim() -> None:
    ground, label = one_crater(3)
    inside = torch.nonzero(label).float()
    centre = inside.mean(dim=0)
    radius = math.sqrt(len(inside) / math.pi)
    rows, columns = torch.meshgrid(torch.arange(300.0), torch.arange(300.0), indexing="ij")
    distance = torch.hypot(rows - centre[0], columns - centre[1])
    # The crest of the rim is found where the label ends, whatever the direction.
    crest = distance[ground > 0.8 * ground.max()]
    assert crest.mean() == pytest.approx(radius, rel=0.05)
    assert distance[label].max() == pytest.approx(radius, rel=0.1)
    assert distance.flatten()[ground.argmin()] < 0.75 * radius


def test_small_and_faint_craters_and_hills_are_not_labelled() -> None:
    assert one_crater(2)[1].any()
    assert not one_crater(2, smallest=50.0)[1].any()
    assert not one_crater(2, faintest=0.5)[1].any()
    recipe = replace(DEFAULT, hills=1.0)
    ground, stands = torch.zeros(1, 300, 300), torch.zeros(1, 300, 300)
    crater_impacts.strike(Draw(5), recipe, ground, stands, 2, SURE + 0.1)
    assert ground.max() > -ground.min()
    assert not stands.any()


def test_creep_wears_small_craters_down_first() -> None:
    kept = []
    for number in (1, 3):
        ground, _ = one_crater(number)
        worn = record.blur(ground[None], torch.tensor([2.0]))[0]
        kept.append((worn.min() / ground.min()).item())
    assert kept[0] < 0.8 * kept[1]


@pytest.mark.parametrize("diameter", [10.0, 16.0, 30.0])
@pytest.mark.parametrize("bowl", [2.0, 5.0])
def test_creep_that_a_crater_stands_leaves_it_as_deep_as_the_faintest(diameter: float, bowl: float) -> None:
    """Its depth between the crest and the floor, after the ground has crept as far as it is said to stand."""
    faintest = 0.12  # of 0.15: the creep is little for the diameter, for which the law is made
    recipe = replace(DEFAULT, faintest=faintest)
    steps = torch.arange(-60.0, 61.0)
    r = torch.hypot(steps[:, None], steps[None, :]) / (diameter / 2)
    shape, _ = crater_impacts.profile(r, torch.tensor(0.15), torch.tensor(0.04), torch.tensor(bowl))
    ground = diameter * shape
    stands = crater_impacts.endurance(torch.tensor([diameter]), torch.tensor([0.15]), recipe)
    worn = record.blur(ground[None], stands.sqrt())[0]
    crest, floor = (r > 0.9) & (r < 1.15), r < 0.35
    before, after = (field[crest].mean() - field[floor].mean() for field in (ground, worn))
    assert after / before == pytest.approx(faintest / 0.15, rel=0.08)


def struck(stands: torch.Tensor, number: int, **changes) -> torch.Tensor:
    """What craters of a picture stand after a hill of a size class has grown in its middle."""
    recipe = replace(DEFAULT, **{"hills": 1.0, **changes})
    stands = stands.clone()
    crater_impacts.strike(Draw(5), recipe, torch.zeros_like(stands), stands, number, SURE + 0.1)
    return stands[0]


def test_a_crater_under_a_younger_hill_is_no_longer_labelled() -> None:
    """A small one has gone as far as it is buried; a large one stays where something small fell into it."""
    label = one_crater(3)[1]
    small = torch.full((1, 300, 300), 1.0)
    assert (struck(small, 3)[label] == 0.0).all()
    assert torch.equal(struck(small, 3, lasting=True), small[0])
    large = torch.full((1, 300, 300), 1e4)
    assert torch.equal(struck(large, 3), large[0])


def test_worn_craters_keep_their_label_where_labels_last() -> None:
    """Under much creep few are labelled, the larger ones, unless labels last; the pictures are the same."""
    worn = replace(DEFAULT, creep=(4.0, 4.0), patches=0.0)
    grey, label = craters.crater_images(8, 3, height=224, width=224, recipe=worn)
    same, lasting = craters.crater_images(8, 3, height=224, width=224, recipe=replace(worn, lasting=True))
    assert torch.equal(grey, same)
    assert (label <= lasting).all()
    sizes, of_all = sizes_of(label), sizes_of(lasting)
    assert (sizes < 150).sum() < 0.25 * (of_all < 150).sum()
    assert (sizes > 600).sum() > 0.8 * (of_all > 600).sum()


def sizes_of(label: torch.Tensor) -> np.ndarray:
    """Pixels of what hangs together, of all pictures."""
    return np.concatenate([np.bincount(measure.label(one).ravel())[1:] for one in label.numpy()])


def test_nothing_is_labelled_in_patches_of_light_or_shadow() -> None:
    light = 1.0 + 0.01 * torch.randn(32, 96, 96, generator=torch.Generator().manual_seed(0))
    changed, plain = crater_light.patched(Draw(1), replace(DEFAULT, patches=1.0), light)
    assert 0.01 < (~plain).float().mean() < 0.2
    level = (changed - 1.0).abs()
    assert (level[~plain] > 0.45).all()
    assert (level[plain] < 0.6).all()
    unchanged, plain = crater_light.patched(Draw(1), replace(DEFAULT, patches=0.0), light)
    assert plain.all()
    assert torch.equal(unchanged, light)


def test_patches_take_labels_from_photographs_and_not_from_elevations(monkeypatch) -> None:
    """With a patch over the left half of each picture, the rest being the same."""
    plain = replace(DEFAULT, patches=0.0, scarps=0.0)
    left = torch.arange(128) < 64
    monkeypatch.setattr(craters, "patched", lambda draw, recipe, light: (light, ~left.expand_as(light)))
    for share in (0.0, 1.0):
        _, label = craters.crater_images(4, 3, height=128, width=128, recipe=replace(plain, elevation=share))
        assert label[:, :, 64:].any()
        assert bool(label[:, :, :64].any()) == (share == 1.0)


def test_light_is_the_cosine_between_ground_and_sun() -> None:
    """A cone lit by a low sun, against normals and sun vectors in numpy, up to albedo's factor of one."""
    rows, columns = np.mgrid[-40:41, -40:41].astype(np.float64)
    cone = (0.3 * np.hypot(rows, columns)).astype(np.float32)
    recipe = replace(DEFAULT, sun=(30.0, 30.0))
    found = crater_light.lit(Draw(9), recipe, torch.from_numpy(cone)[None])[0].numpy()
    down, across = np.gradient(cone.astype(np.float64))
    normal = np.stack([-across, -down, np.ones_like(down)]) / np.sqrt(1 + down**2 + across**2)
    elevation = math.radians(30.0)
    best = -1.0
    for azimuth in np.linspace(0, 2 * math.pi, 361):
        sun = np.array(
            [
                math.cos(elevation) * math.cos(azimuth),
                math.cos(elevation) * math.sin(azimuth),
                math.sin(elevation),
            ]
        )
        expected = np.clip(np.tensordot(sun, normal, 1), 0, None)
        best = max(best, np.corrcoef(found.ravel(), expected.ravel())[0, 1])
    assert best > 0.93
