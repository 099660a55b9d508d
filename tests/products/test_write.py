import warnings

import numpy as np
import pytest
from labelled import ROTATED, discs, image, raster, recording, survey

from geointerp.errors import DataError, OutputError, UsageError
from geointerp.products.kinds import PRODUCTS, choose_product
from geointerp.products.write import Wishes, check_product, write_product

CUBE = np.zeros((20, 20, 30), np.uint8)
BLOCK = CUBE.copy()
BLOCK[5:15, 8:11, 5:25] = 1
MADE = {
    "faults": survey(BLOCK),
    "salt": survey(BLOCK, "salt", "background salt"),
    "facies": survey(BLOCK, "facies", "parallel chaotic"),
    "own": survey(BLOCK, None, "background gas"),
    "craters": image(discs((60, 60), [(30, 30, 15)])),
    "events": recording(np.eye(50, 50, dtype=np.uint8), np.arange(50.0), 0.01 * np.arange(50)),
}


@pytest.mark.parametrize(
    ("task", "suffix", "product"),
    [
        ("faults", ".txt", "sticks"),
        ("faults", ".csv", "bodies"),
        ("faults", ".sgy", "labels"),
        ("salt", ".txt", "top"),
        ("salt", ".gpkg", "bodies"),
        ("facies", ".csv", "areas"),
        ("craters", ".csv", "craters"),
        ("craters", ".geojson", "craters"),
        ("craters", ".tif", "labels"),
        ("events", ".csv", "events"),
        ("own", ".txt", "sticks"),
        ("own", ".png", "labels"),
    ],
)
def test_suffix_and_task_choose_the_product(tmp_path, task, suffix, product):
    labels = MADE[task]
    name = labels.attrs["geointerp"]["task"]
    assert choose_product(tmp_path / f"a{suffix}", labels["labels"], name, None).name == product


@pytest.mark.parametrize(
    ("task", "suffix", "named", "said"),
    [
        ("facies", ".txt", None, r"there is no \.txt of the task facies"),
        ("craters", ".txt", None, r"there is no \.txt of the task craters"),
        ("faults", ".csv", "craters", "craters is made of images and rasters"),
        ("faults", ".txt", "top", "top is made of labels of salt; these are of faults"),
        ("salt", ".csv", "top", r"top is written as \.txt"),
        ("salt", ".csv", "gold", "there is no product 'gold'"),
    ],
)
def test_what_there_is_not_is_refused(tmp_path, task, suffix, named, said):
    with pytest.raises(UsageError, match=said) as caught:
        write_product(MADE[task], tmp_path / f"a{suffix}", wishes=Wishes(product=named))
    assert caught.value.hint
    assert not list(tmp_path.iterdir())


def test_who_names_a_product_of_another_task_is_told_of_those_there_are(tmp_path):
    with pytest.raises(UsageError) as caught:
        write_product(MADE["faults"], tmp_path / "a.txt", wishes=Wishes(product="base"))
    assert caught.value.hint == "the products of these labels are labels, surfaces, sticks, bodies, areas"


@pytest.mark.parametrize(
    ("task", "suffix", "product"),
    [
        ("faults", ".txt", None),
        ("faults", ".nc", "surfaces"),
        ("faults", ".npy", None),
        ("salt", ".csv", None),
        ("salt", ".geojson", None),
        ("salt", ".txt", "base"),
        ("facies", ".csv", None),
        ("craters", ".csv", None),
        ("events", ".csv", None),
    ],
)
def test_products_are_written_whole(tmp_path, task, suffix, product):
    path = tmp_path / f"a{suffix}"
    least = None if task == "facies" or suffix == ".npy" else 10
    facts = write_product(MADE[task], path, wishes=Wishes(product=product, min_size=least))
    assert facts["product"] in PRODUCTS
    assert facts.get("count", 1) > 0
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(OutputError, match="exists"):
        write_product(MADE[task], path, wishes=Wishes(product=product))
    write_product(MADE[task], path, overwrite=True, wishes=Wishes(product=product, min_size=least))


@pytest.mark.parametrize(
    ("task", "suffix"), [("faults", ".txt"), ("salt", ".csv"), ("salt", ".txt"), ("craters", ".geojson")]
)
def test_nothing_found_is_an_empty_file_and_a_warning(tmp_path, task, suffix):
    labels = MADE[task].copy(deep=True)
    labels["labels"][:] = 0
    with pytest.warns(UserWarning, match=rf"^a\{suffix}: .* none were found"):
        facts = write_product(labels, tmp_path / f"a{suffix}")
    assert facts["count"] == 0
    assert (tmp_path / f"a{suffix}").exists()


@pytest.mark.parametrize(
    ("task", "name", "wishes", "words"),
    [
        ("craters", "a.csv", Wishes(velocity=3000), "a velocity is for"),
        ("salt", "a.csv", Wishes(every=2), "every n-th section is for fault sticks"),
        ("craters", "a.tif", Wishes(at="x=3"), "a place to cut at is for pictures"),
        ("facies", "a.csv", Wishes(min_size=5), "not for areas of the classes"),
        ("faults", "a.npy", Wishes(min_size=5), "not for labels"),
        (
            "events",
            "a.csv",
            Wishes("areas", velocity=3000),
            "two-way time, not for labels along distance, time",
        ),
    ],
)
def test_a_wish_that_says_nothing_is_refused(tmp_path, task, name, wishes, words):
    with pytest.raises(UsageError, match=words):
        write_product(MADE[task], tmp_path / name, wishes=wishes)
    assert not list(tmp_path.iterdir())


def test_the_smallest_size_can_be_set(tmp_path):
    with pytest.warns(UserWarning, match="none were found"):
        write_product(MADE["salt"], tmp_path / "a.csv", wishes=Wishes(min_size=601))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_product(MADE["salt"], tmp_path / "b.csv", wishes=Wishes(min_size=600))


def test_what_is_missing_is_said_before_any_work(tmp_path):
    no_map = survey(BLOCK, coordinates=False)
    with pytest.raises(DataError, match="cdp_x"):
        write_product(no_map, tmp_path / "a.txt")
    for suffix in (".sgy", ".png", ".html"):
        with pytest.raises(UsageError, match=rf"a\{suffix}") as caught:
            write_product(MADE["faults"], tmp_path / f"a{suffix}")
        assert "--like" in caught.value.hint
    volume = MADE["faults"]["labels"].assign_attrs(format="NumPy", source="x.npy")
    with pytest.raises(UsageError, match=r"x\.npy is none"):
        check_product(tmp_path / "a.sgy", volume, "faults", wishes=Wishes(), volume=volume)
    with pytest.raises(UsageError, match="no form 'petrel' of a horizon"):
        write_product(MADE["salt"], tmp_path / "a.txt", wishes=Wishes(form="petrel"))
    with pytest.raises(UsageError, match=r"no form 'ibm' of \.npy"):
        write_product(MADE["salt"], tmp_path / "a.npy", wishes=Wishes(form="ibm"))
    assert not list(tmp_path.iterdir())


def test_the_input_of_a_prediction_is_never_replaced(tmp_path):
    original = tmp_path / "survey.npy"
    np.save(original, CUBE)
    labels = survey(BLOCK)
    labels.attrs["geointerp"]["source"] = {"path": str(original)}
    with pytest.raises(OutputError, match="is the input itself"):
        write_product(labels, original, overwrite=True)
    np.testing.assert_array_equal(np.load(original), CUBE)


@pytest.mark.parametrize("meanings", ["background fault", "Untergrund Störung"])
def test_a_background_is_no_body_whatever_it_is_called(tmp_path, meanings):
    write_product(survey(BLOCK, "faults", meanings), tmp_path / "a.csv")
    rows = (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [row.split(",")[1] for row in rows] == [meanings.split()[1]]


@pytest.mark.parametrize("meanings", ["", "background", "background fault"])
def test_every_product_is_made_of_classes_without_a_name_too(tmp_path, meanings):
    labels = survey(BLOCK * np.uint8(2), "faults", meanings)
    write_product(labels, tmp_path / "bodies.csv")
    (row,) = (tmp_path / "bodies.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert row.split(",")[1:3] == ["2", str(BLOCK.sum())]
    write_product(labels, tmp_path / "sticks.txt", wishes=Wishes(min_size=10))
    assert "2_1" in {line.split()[6] for line in (tmp_path / "sticks.txt").read_text().splitlines()}
    write_product(labels, tmp_path / "thin.npy", wishes=Wishes("surfaces", min_size=10))
    thin = np.load(tmp_path / "thin.npy")
    assert set(np.unique(thin)) == {0, 2}
    salt = survey(BLOCK * np.uint8(2), "salt", meanings)
    write_product(salt, tmp_path / "top.txt")
    assert len((tmp_path / "top.txt").read_text().splitlines()) == BLOCK.any(axis=2).sum()


@pytest.mark.parametrize(
    ("task", "name", "product"),
    [("salt", "a.csv", "bodies"), ("salt", "a.txt", "top"), ("faults", "a.npy", "surfaces")],
)
def test_labels_with_nothing_but_a_background_are_refused(tmp_path, task, name, product):
    labels = survey(CUBE, task, "background")
    with pytest.raises(DataError, match="the only class of the labels is background") as caught:
        write_product(labels, tmp_path / name, wishes=Wishes(product))
    assert "flag_meanings" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_a_background_that_is_not_the_first_class_is_none_of_the_bodies(tmp_path):
    turned = 1 - BLOCK
    write_product(survey(turned, "salt", "salt background"), tmp_path / "a.csv")
    (row,) = (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert row.split(",")[1:3] == ["salt", str(BLOCK.sum())]
    write_product(survey(turned, "salt", "salt background"), tmp_path / "turned.txt")
    write_product(survey(BLOCK, "salt", "background salt"), tmp_path / "usual.txt")
    assert (tmp_path / "turned.txt").read_text() == (tmp_path / "usual.txt").read_text()
    write_product(survey(turned, "salt", "salt background"), tmp_path / "b.csv", wishes=Wishes("areas"))
    names = [line.split(",")[0] for line in (tmp_path / "b.csv").read_text(encoding="utf-8").splitlines()]
    assert names == ["class", "salt", "background"]
    thin = {}
    for meanings, values in (("fault background", turned), ("background fault", BLOCK)):
        path = tmp_path / f"{meanings}.npy"
        write_product(survey(values, "faults", meanings), path, wishes=Wishes("surfaces", min_size=10))
        thin[meanings] = np.load(path)
    np.testing.assert_array_equal(thin["fault background"], 1 - thin["background fault"])


@pytest.mark.parametrize(("name", "product"), [("a.csv", "craters"), ("a.geojson", "areas")])
def test_places_that_have_no_longitude_and_latitude_are_refused_before_any_work(tmp_path, name, product):
    pytest.importorskip("rasterio", reason="rasterio is not installed")
    place = raster(discs((60, 80), [(30, 30, 15)]), np.arange(80) * 0.1, np.arange(60) * -0.1, ROTATED)
    with pytest.raises(DataError, match="reference system Rotated pole cannot be turned into") as caught:
        check_product(tmp_path / name, place["labels"], "craters", wishes=Wishes(product), volume=None)
    assert "gdalwarp" in caught.value.hint
