import json

import numpy as np
import pytest
import torch
import xarray as xr
from PIL import Image
from torch.utils.data import DataLoader
from training_folders import describe, write, write_pairs, write_set

from geointerp.errors import DataError, UsageError
from geointerp.network.description import Normalisation
from geointerp.sources.open import open_volume
from geointerp.sources.scaling import measure_scale
from geointerp.tasks import TASKS
from geointerp.training.data import Crops, label_counts, open_labelled
from geointerp.training.data.split import Held, Shelf, Split


@pytest.mark.parametrize("suffix", [".npy", ".png", ".tif"])
def test_sections_come_back_as_a_prediction_would_see_them(tmp_path, suffix):
    written = write_pairs(tmp_path / "train", 2, suffix=suffix)
    write_pairs(tmp_path / "val", 1, suffix=suffix, seed=1)
    data = open_labelled(tmp_path, task="faults")
    kind = "symmetric" if suffix == ".npy" else "range"
    assert data.normalisation == Normalisation(kind, 99.0)
    assert data.classes == TASKS["faults"].classes
    for number, (image, labels) in enumerate(written):
        sample = data.splits["train"][number]
        scale = measure_scale(open_volume(tmp_path / "train" / "images" / f"{number}{suffix}"), kind)
        np.testing.assert_array_equal(sample.grey, scale.to_grey(image.astype(np.float32))[None])
        np.testing.assert_array_equal(sample.labels, labels)
        assert sample.grey.dtype == np.float32
        assert sample.labels.dtype == np.uint8
        assert sample.valid.all()
        assert sample.name == f"train/images/{number}{suffix}" == data.splits["train"].name(number)
        assert data.splits["train"].position(number) is None
    assert label_counts(data.splits["train"]).tolist() == [
        sum(int((labels == value).sum()) for _, labels in written) for value in (0, 1)
    ]


def test_a_palette_picture_is_its_indices_and_255_is_left_out(tmp_path):
    from PIL import Image

    write_pairs(tmp_path / "train", 1, suffix=".png")
    write_pairs(tmp_path / "val", 1, suffix=".png")
    labels = np.array([[0, 1, 2], [255, 2, 2]], np.uint8).repeat(10, 0).repeat(10, 1)
    picture = Image.fromarray(labels, "L").convert("P")
    picture.putpalette([200, 0, 0] * 256)
    picture.putdata(labels.ravel().tolist())
    picture.save(tmp_path / "train" / "labels" / "0.png")
    data = open_labelled(tmp_path, classes=["a", "b", "c"])
    np.testing.assert_array_equal(data.splits["train"][0].labels, labels)
    assert label_counts(data.splits["train"]).tolist() == [100, 100, 300]


def test_a_flat_folder_is_divided_by_the_seed_and_the_division_is_told(tmp_path):
    write_pairs(tmp_path, 20)
    first, again, other = (open_labelled(tmp_path, seed=seed) for seed in (1, 1, 2))
    sizes = {name: len(split) for name, split in first.splits.items()}
    assert sizes == {"train": 16, "val": 2, "test": 2}
    assert first.split_record == again.split_record != other.split_record
    assert first.fingerprint != ""
    told = json.loads(json.dumps(first.split_record))["splits"]
    names = [name for part in told.values() for name in part["sections"]]
    assert sorted(names) == sorted(f"images/{number}.npy" for number in range(20))
    assert "seed 1" in told["val"]["why"]
    assert told["val"]["sections"] == [first.splits["val"].name(number) for number in range(2)]


def test_some_of_train_is_held_back_where_there_is_no_val(tmp_path):
    write_pairs(tmp_path / "train", 12)
    write_pairs(tmp_path / "test", 2)
    data = open_labelled(tmp_path, seed=3)
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 11, "val": 1, "test": 2}
    assert "held back" in data.split_record["splits"]["val"]["why"]
    told = "what validates was held back from the training sections by seed 3: the folder has no 'val'"
    assert data.notes == (told,)


def test_a_folder_of_tests_alone_can_be_opened_to_evaluate(tmp_path):
    write_pairs(tmp_path / "test", 2)
    data = open_labelled(tmp_path)
    assert list(data.splits) == ["test"]
    with pytest.raises(DataError, match="no split 'train'"):
        data.split("train")


@pytest.mark.parametrize("name", ["valid", "validation"])
def test_valid_is_val_and_numbers_are_sorted_as_numbers(tmp_path, name):
    write_pairs(tmp_path / "train", 12)
    write_pairs(tmp_path / name, 2)
    data = open_labelled(tmp_path)
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 12, "val": 2}
    assert data.notes == ()
    stems = [data.splits["train"].name(number).split("/")[-1] for number in range(12)]
    assert stems == [f"{number}.npy" for number in range(12)]


def test_classes_come_from_the_user_then_the_folder_then_the_task_then_the_values(tmp_path):
    write_pairs(tmp_path / "train", 2, classes=3)
    write_pairs(tmp_path / "val", 1, classes=3)
    names = lambda data: [one.name for one in data.classes]  # noqa: E731
    assert names(open_labelled(tmp_path)) == ["0", "1", "2"]
    assert names(open_labelled(tmp_path, task="facies")) == [one.name for one in TASKS["facies"].classes]
    describe(tmp_path, task="facies", classes=["chaotic", "b", "c"])
    described = open_labelled(tmp_path)
    assert (names(described), described.task) == (["chaotic", "b", "c"], "facies")
    assert described.classes[0] == TASKS["facies"].classes[4]
    with pytest.warns(UserWarning, match="says that its labels are of facies"):
        assert names(open_labelled(tmp_path, classes=["x", "y", "z"], task="faults")) == ["x", "y", "z"]


def test_grey_levels_are_no_classes(tmp_path):
    write_set(tmp_path, train=3, val=1)
    for file in tmp_path.glob("*/labels/*.npy"):
        np.save(file, np.load(file) * np.uint8(100))
    with pytest.raises(DataError, match="the labels take 2 values up to 100, and are no numbers of classes"):
        open_labelled(tmp_path)


def test_an_ignore_index_of_ones_own_is_255(tmp_path):
    write_pairs(tmp_path / "train", 2, classes=3)
    write_pairs(tmp_path / "val", 1, classes=3)
    labels = np.load(tmp_path / "train" / "labels" / "0.npy").astype(np.int16)
    labels[:5] = -1
    np.save(tmp_path / "train" / "labels" / "0.npy", labels)
    describe(tmp_path, ignore_index=-1)
    found = open_labelled(tmp_path).splits["train"][0].labels
    np.testing.assert_array_equal(found, np.where(labels == -1, 255, labels))


def test_labels_stored_as_floats_are_read_where_they_are_whole_or_nan(tmp_path):
    write_set(tmp_path, train=2, val=1)
    labels = np.load(tmp_path / "train" / "labels" / "1.npy").astype(np.float32)
    labels[0] = np.nan
    np.save(tmp_path / "train" / "labels" / "1.npy", labels)
    found = open_labelled(tmp_path).splits["train"][1].labels
    np.testing.assert_array_equal(found, np.nan_to_num(labels, nan=255))


def test_a_section_of_its_own_is_its_own_neighbour(tmp_path):
    write_set(tmp_path, train=2, val=1)
    one, three = (open_labelled(tmp_path, channels=kind) for kind in ("repeat", "neighbours"))
    sample = three.splits["train"][0]
    np.testing.assert_array_equal(sample.grey, np.repeat(one.splits["train"][0].grey, 3, axis=0))
    assert Crops(three.splits["train"], (14, 14))[0][0].shape == (3, 14, 14)


def test_worker_processes_read_sections_too(tmp_path):
    write_set(tmp_path, train=6, val=1)
    split = open_labelled(tmp_path).splits["train"]  # fills dask's pool of threads
    split._shelf.kept.clear()
    split._shelf.room = 0  # so that the workers read
    crops = Crops(split, (14, 14))
    alone = [crops[number] for number in range(len(crops))]
    loader = DataLoader(crops, batch_size=2, num_workers=2, timeout=60)
    grey, _ = (torch.cat(part) for part in zip(*loader, strict=True))
    assert torch.equal(grey, torch.stack([one[0] for one in alone]))


def test_a_section_of_a_single_value_is_mid_grey_and_told(tmp_path):
    write_set(tmp_path, train=3, val=1)
    np.save(tmp_path / "train" / "images" / "1.npy", np.zeros((20, 30), np.float32))
    data = open_labelled(tmp_path)
    assert (data.splits["train"][1].grey == 0.5).all()
    assert data.split_record["single_valued"] == ["train/images/1.npy"]


@pytest.mark.parametrize("kind", ["symmetric", "range"])
def test_the_normalisation_given_wins_and_craters_have_no_sign(tmp_path, kind):
    write_set(tmp_path, train=2, val=1)
    given = Normalisation(kind, 95.0)
    assert open_labelled(tmp_path, normalisation=given).normalisation == given
    assert open_labelled(tmp_path, task="craters").normalisation.kind == "range"


def test_the_fingerprint_follows_contents_and_names_alone(tmp_path):
    write_set(tmp_path / "a", train=2, val=1)
    write_set(tmp_path / "b", train=2, val=1)
    a, b = (open_labelled(tmp_path / name) for name in ("a", "b"))
    assert a.fingerprint == b.fingerprint
    labels = np.load(tmp_path / "b" / "val" / "labels" / "0.npy")
    labels[3, 3] ^= 1
    np.save(tmp_path / "b" / "val" / "labels" / "0.npy", labels)
    assert open_labelled(tmp_path / "b").fingerprint != a.fingerprint
    (tmp_path / "a/val/images/0.npy").rename(tmp_path / "a/val/images/7.npy")
    (tmp_path / "a/val/labels/0.npy").rename(tmp_path / "a/val/labels/7.npy")
    assert open_labelled(tmp_path / "a").fingerprint != a.fingerprint


def test_what_is_kept_in_memory_is_bounded_and_read_once():
    shelf = Shelf(room=2500)
    reads = []

    def reading(key):
        def read():
            reads.append(key)
            return Held(np.zeros((1, 20, 20), np.uint8), np.zeros((20, 20), np.uint8))

        return read

    for _ in range(2):
        for key in range(5):
            shelf.get(key, reading(key))
            assert shelf.nbytes <= 2500
    assert reads == [0, 1, 2, 3, 4, 3, 4]
    assert shelf.nbytes == 2400 == sum(held.nbytes for held in shelf.kept.values())


def test_a_section_larger_than_the_room_is_not_read_for_each_crop():
    class Large:
        name, position, scale, shape, reads = "large", None, None, (300, 400), 0

        def read(self):
            self.reads += 1
            return Held(np.zeros((1, *self.shape), np.uint8), np.zeros(self.shape, np.uint8))

    large = Large()
    crops = Crops(Split([large], channels=1, classes=2, shelf=Shelf(room=1000)), (30, 30))
    assert len(crops) > 100
    for number in range(len(crops)):
        crops[number]
    assert large.reads == 1


def test_each_file_is_decoded_once(tmp_path, monkeypatch):
    write_pairs(tmp_path / "train", 3, suffix=".png")
    write_pairs(tmp_path / "val", 1, suffix=".png")
    opened = []
    from geointerp.training.data import sections

    def counted(path, **options):
        opened.append(path)
        return open_volume(path, **options)

    monkeypatch.setattr(sections, "open_volume", counted)
    data = open_labelled(tmp_path)
    crops = Crops(data.splits["train"], (8, 8))
    for number in range(len(crops)):
        crops[number]
    label_counts(data.splits["val"])
    assert len(opened) == 4


def test_opaque_pictures_in_colours_are_learnt_from(tmp_path):
    write_set(tmp_path, train=2, val=1)
    file = tmp_path / "train" / "images" / "0.npy"
    colours = np.random.default_rng(0).integers(0, 256, (20, 30, 4), dtype=np.uint8)
    colours[..., 3] = 255
    file.unlink()
    write(file.with_suffix(".png"), colours)
    assert len(open_labelled(tmp_path).splits["train"]) == 2
    write(file.with_suffix(".png"), colours // 2)
    with pytest.raises(DataError, match=r"train/images/0\.png has 4 bands") as refusal:
        open_labelled(tmp_path)
    assert "store it as grey or RGB" in str(refusal.value.hint)


def test_pictures_are_kept_as_the_bytes_they_are(tmp_path):
    write_pairs(tmp_path / "train", 3, suffix=".png")
    write_pairs(tmp_path / "val", 1, suffix=".png")
    train = open_labelled(tmp_path).splits["train"]
    assert {held.values.dtype for held in train._shelf.kept.values()} == {np.dtype(np.uint8)}


def ruin(folder, what):
    """Spoil a set of three training pairs and one to validate."""
    images, labels = folder / "train" / "images", folder / "train" / "labels"
    if what == "no labels":
        (labels / "1.npy").unlink()
        (labels / "2.npy").unlink()
    elif what == "no image":
        (images / "1.npy").unlink()
    elif what == "shape":
        np.save(labels / "1.npy", np.zeros((20, 29), np.uint8))
    elif what == "label 9":
        values = np.load(labels / "1.npy")
        values[0, :4] = 9
        np.save(labels / "1.npy", values)
    elif what == "float labels":
        np.save(labels / "1.npy", np.full((20, 30), 0.5, np.float32))
    elif what == "negative labels":
        np.save(labels / "1.npy", np.full((20, 30), -1, np.int8))
    elif what == "NaN":
        values = np.load(images / "1.npy")
        values[0, :3] = np.nan
        values[1, 0] = np.inf
        np.save(images / "1.npy", values)
    elif what == "corrupt picture":
        write(images / "1.png", np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8))
        (images / "1.npy").unlink()
        content = (images / "1.png").read_bytes()
        (images / "1.png").write_bytes(content[: len(content) // 2])
    elif what == "coloured labels":
        write(images / "1.png", np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8))
        Image.new("RGB", (30, 20), (255, 0, 0)).save(labels / "1.png")
        (images / "1.npy").unlink()
        (labels / "1.npy").unlink()
    elif what == "one class":
        for file in labels.iterdir():
            np.save(file, np.zeros((20, 30), np.uint8))
    elif what == "mask":
        for file in labels.iterdir():
            np.save(file, np.load(file) * np.uint8(255))
    elif what == "no label":
        np.save(folder / "val" / "labels" / "0.npy", np.full((20, 30), 255, np.uint8))
    elif what == "two of a name":
        write(images / "1.png", np.zeros((20, 30), np.uint8))
    elif what == "empty":
        for file in (*images.iterdir(), *labels.iterdir()):
            file.unlink()
    elif what == "no labels folder":
        labels.rename(folder / "train" / "masks")
    elif what == "only text":
        for file in images.iterdir():
            file.rename(file.with_suffix(".txt"))
    elif what == "labels as JPEG":
        (labels / "1.npy").rename(labels / "1.jpg")
    elif what == "both of a format that is not read":
        for place in (images, labels):
            (place / "1.npy").rename(place / "1.gif")
    elif what == "volume":
        np.save(images / "1.npy", np.zeros((4, 5, 6), np.float32))
    elif what == "val and valid":
        (folder / "valid").mkdir()
    elif what == "flat and split":
        (folder / "images").mkdir()


REFUSED = {
    "no labels": "2 problems: train/images/1.npy: has no partner in 'labels'; train/images/2.npy: has no",
    "no image": "1 problem: train/labels/1.npy: has no partner in 'images'",
    "shape": "1 problem: train/images/1.npy: is 20 x 30, its labels 20 x 29",
    "label 9": r"train/images/1.npy: label 9 of 2 classes \(4 samples outside 0 to 1\)",
    "float labels": "labels/1.npy is no label volume: it holds 0.5",
    "negative labels": "labels/1.npy is no label volume: it holds -1",
    "NaN": "train/images/1.npy: 4 of 600 amplitudes are NaN or infinite",
    "corrupt picture": "train/images/1.png is no readable picture: ",
    "coloured labels": "train/labels/1.png is coloured, and labels are the numbers of classes",
    "one class": r"a single class: 0 \('background'\) in all 1800 labelled samples",
    "mask": "a single class: 0",
    "no label": "none of the labels of 'val' says anything",
    "two of a name": "train/images/1.png: there is also 1.npy",
    "empty": "images is empty",
    "no labels folder": "train/labels is missing beside its partner",
    "only text": "holds no section, only .txt",
    "labels as JPEG": r"1 problem: train/labels/1.jpg: is not read there, only .*\.tiff \(a lossy file",
    "both of a format that is not read": r"1 problem: train/images/1\.gif: is not read there, only \.dat",
    "volume": r"shape \(4, 5, 6\): a section has rows and columns",
    "val and valid": "both 'val' and 'valid'",
    "flat and split": "both sections and folders of splits",
}


def test_sections_in_a_folder_of_another_name_are_told_of(tmp_path):
    write_set(tmp_path, train=12, val=1)
    (tmp_path / "val").rename(tmp_path / "dev")
    notes = open_labelled(tmp_path, task="faults").notes
    assert notes[0] == f"{tmp_path / 'dev'} is passed over: no split is called 'dev'"
    assert "held back" in notes[1]


def test_what_other_programs_lay_beside_sections_is_no_section(tmp_path):
    write_set(tmp_path, train=3, val=1)
    for place in (tmp_path / "train" / "images", tmp_path / "train" / "labels"):
        for name in ("1.npy.aux.xml", "Thumbs.db", "readme.txt", "desktop.ini"):
            (place / name).write_text("nothing")
        (place / "old").mkdir()
    assert open_labelled(tmp_path, task="faults").notes == ()


@pytest.mark.parametrize("what", REFUSED)
def test_bad_data_are_refused_by_name_and_number(tmp_path, what):
    write_set(tmp_path, train=3, val=1)
    open_labelled(tmp_path, task="faults")
    ruin(tmp_path, what)
    with pytest.raises(DataError, match=REFUSED[what]) as refusal:
        open_labelled(tmp_path, task="faults")
    assert refusal.value.hint


def test_classes_of_one_side_alone_are_told(tmp_path):
    write_set(tmp_path, train=2, val=1)
    assert open_labelled(tmp_path, task="facies").notes == ()
    labels = np.zeros((20, 30), np.uint8)
    labels[:5] = 2
    write(tmp_path / "val" / "labels" / "0.npy", labels)
    assert open_labelled(tmp_path, classes=["a", "b", "c", "d"]).notes == (
        "'val' has no labels of b: the epoch is chosen without regard to them",
        "'val' alone has labels of c: they are not learnt, and lower its figures",
    )


def test_problems_of_all_kinds_are_counted_together(tmp_path):
    write_set(tmp_path, train=3, val=1)
    for what in ("shape", "NaN"):
        ruin(tmp_path, what)
    ruin(tmp_path, "no labels")
    np.save(tmp_path / "val" / "labels" / "0.npy", np.full((20, 30), 7))
    write(tmp_path / "val" / "images" / "8.npy", np.zeros((20, 30), np.float32))
    write(tmp_path / "val" / "images" / "9.npy", np.zeros((20, 30), np.float32))
    with pytest.raises(DataError, match=r"5 problems: .*; and 2 more$"):
        open_labelled(tmp_path, task="faults")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "no readable JSON"),
        ("[1]", "dataset.json"),
        ('{"classes": "a"}', "classes"),
        ('{"classes": ["a"]}', "gives 1 classes"),
        ('{"classes": ["a", "a"]}', "names a class twice: a"),
        ('{"task": "dunes"}', "no task is called 'dunes'"),
        ('{"volumes": [{"amplitude": "a.sgy"}]}', "volumes.0.labels"),
        ('{"volumes": [{"amplitude": "a.sgy", "labels": "b.sgy", "split": "some"}]}', "volumes.0.split"),
        ('{"volumes": [{"amplitude": "a.sgy", "labels": "b.sgy", "slpit": "val"}]}', "volumes.0.slpit"),
    ],
)
def test_a_wrong_description_is_refused(tmp_path, content, message):
    write_set(tmp_path, train=2, val=1)
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(DataError, match=message):
        open_labelled(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"task": "dunes"}, "no task is called 'dunes'"),
        ({"classes": ["a", "a"]}, "--classes names a class twice"),
        ({"classes": ["a"]}, "--classes gives 1 classes"),
        ({"channels": "rgb"}, "no channels 'rgb'"),
    ],
)
def test_wrong_arguments_are_refused(tmp_path, options, message):
    write_set(tmp_path, train=2, val=1)
    with pytest.raises(UsageError, match=message):
        open_labelled(tmp_path, **options)


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"is no folder$"):
        open_labelled(tmp_path / "nowhere")
    with pytest.raises(DataError, match="is no folder of training data"):
        open_labelled(tmp_path)


def test_one_section_alone_cannot_be_validated(tmp_path):
    write_pairs(tmp_path, 1)
    with pytest.raises(DataError, match="nothing to validate with"):
        open_labelled(tmp_path)


def write_published(folder, names, shape, count=2):
    rng = np.random.default_rng(0)
    sections = []
    for split in ("train", "valid"):
        for number in range(count):
            image = rng.uniform(0, 255, shape).astype("<f4")
            labels = rng.integers(0, 2, shape).astype("i1")
            labels[0, 0] = -1
            write(folder / split / names[0] / f"{number}.dat", image)
            write(folder / split / names[1] / f"{number}.dat", labels)
            sections.append((image, labels))
    return sections


@pytest.mark.parametrize(("names", "shape", "task"), [
    (("input", "target"), (224, 224), "salt"),
    (("image", "label"), (512, 512), "events"),
    (("input", "target"), (1006, 782), "facies"),
])  # fmt: skip
def test_the_published_sets_are_known_by_their_size(tmp_path, names, shape, task):
    sections = write_published(tmp_path, names, shape)
    data = open_labelled(tmp_path)
    assert data.task == task
    assert data.classes == TASKS[task].classes
    image, labels = sections[1]
    sample = data.splits["train"][1]
    scale = measure_scale(xr.DataArray(image, dims=("row", "column")), "range")
    np.testing.assert_array_equal(sample.grey[0], scale.to_grey(image))
    np.testing.assert_array_equal(sample.labels, labels.view(np.uint8))
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 2, "val": 2}


def test_other_sizes_of_headerless_files_need_their_shape(tmp_path):
    sections = write_published(tmp_path, ("input", "target"), (30, 40))
    with pytest.raises(DataError, match=r"4 problems: .*4800 bytes, the size of none"):
        open_labelled(tmp_path, task="faults")
    describe(tmp_path, shape=[30, 40])
    data = open_labelled(tmp_path, task="faults")
    np.testing.assert_array_equal(data.splits["val"][1].labels, sections[3][1].view(np.uint8))
    write(tmp_path / "valid" / "target" / "1.dat", np.zeros(7, np.int8))
    with pytest.raises(DataError, match=r"1.dat has 7 bytes, a section of 30 x 40 has 1200"):
        open_labelled(tmp_path, task="faults")


def test_the_real_facies_open(real_data):
    data = open_labelled(real_data / "facies", task="facies", classes=[f"c{value}" for value in range(8)])
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 12, "val": 3}
    assert (label_counts(data.splits["train"]) > 0).all()
    assert data.splits["train"].shape(0) == (1536, 512)
    with pytest.raises(DataError, match=r"15 problems: .*label 7 of 6 classes"):
        open_labelled(real_data / "facies", task="facies")


def test_a_name_with_a_raised_digit_is_a_name(tmp_path):
    write_pairs(tmp_path / "train", 2, classes=3)
    write_pairs(tmp_path / "val", 1, classes=3)
    for kind in ("images", "labels"):
        file = tmp_path / "train" / kind / "0.npy"
        file.rename(file.with_name("line².npy"))
    assert len(open_labelled(tmp_path).splits["train"]) == 2
