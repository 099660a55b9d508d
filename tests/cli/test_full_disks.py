"""Disks that are full, folders that may not be written to, inputs that go away: one clear error each."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from geointerp.inference import predict as predict_module
from geointerp.sinks.segy_write import write_survey
from geointerp.sinks.zarr_store import LabelStore
from geointerp.tiling.plan import plan_views

resource = pytest.importorskip("resource", reason="Windows has no limit on the size of files")


@pytest.fixture(autouse=True)
def thin_blocks(monkeypatch):
    monkeypatch.setattr(predict_module, "plan_views", partial(plan_views, budget=100_000))


@pytest.fixture
def survey(tmp_path):
    """Noise, of which an untrained model makes labels that are hard to compress."""
    path = tmp_path / "survey.sgy"
    amplitude = np.random.default_rng(8).normal(size=(12, 60, 90)).astype(np.float32)
    write_survey(path, amplitude, inlines=range(12), crosslines=range(60), sample_interval_ms=4)
    return path


@pytest.fixture
def predict(run, survey, untrained_model):
    def predict_it(*words, source=survey):
        return run("predict", source, "--model", untrained_model, "--precision", "fp32", *words)

    return predict_it


@pytest.fixture
def raster():
    np.save("raster.npy", np.random.default_rng(8).normal(size=(300, 300)).astype(np.float32))
    return "raster.npy"


def contents(store):
    """Every file of the arrays; the root's attributes hold the time of the run."""
    files = (path for path in Path(store).rglob("*") if path.is_file() and path != Path(store) / "zarr.json")
    return {str(path.relative_to(store)): path.read_bytes() for path in files}


def mount(*words):
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"root may not mount here: {done.stderr.strip()}")


@pytest.fixture
def small_disk(run) -> Iterator[Path]:
    """A disk of its own in memory; ``mount -o remount,size=…`` changes it."""
    disk = Path("disk").absolute()
    disk.mkdir()
    mount("-t", "tmpfs", "-o", "size=64m", "tmpfs", disk)
    yield disk
    subprocess.run(["umount", disk], check=True)


@contextmanager
def small_files(most: int) -> Iterator[None]:
    """Let no file become larger than so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("when", [3, "last"])
def test_a_full_disk_keeps_what_is_done_of_a_store(predict, small_disk, monkeypatch, when):
    write, blocks = LabelStore.write, []
    with monkeypatch.context() as patch:
        patch.setattr(LabelStore, "write", lambda *block: write(*block) or blocks.append(block))
        assert predict("-o", "whole.zarr").status == 0
    full_at = len(blocks) if when == "last" else when
    blocks.clear()

    def write_and_fill(store, *block):
        write(store, *block)
        blocks.append(block)
        if len(blocks) == full_at:
            used = os.statvfs(small_disk)
            (small_disk / "else").write_bytes(bytes(used.f_bfree * used.f_bsize))

    with monkeypatch.context() as patch:
        patch.setattr(LabelStore, "write", write_and_fill)
        done = predict("-o", "disk/labels.zarr", "--quiet")
    assert (done.status, done.out) == (1, "")
    assert "No space left on device" in done.err
    assert done.err.endswith("hint: what is done is kept: go on with --resume\n")
    assert done.err.count("\n") == 2
    (small_disk / "else").unlink()
    done = predict("-o", "disk/labels.zarr", "--resume")
    assert done.status == 0, done.err
    assert "going on after" in done.err
    assert contents("disk/labels.zarr") == contents("whole.zarr")


FILES = [f"labels.{suffix}" for suffix in ("npy", "nc", "sgy", "png", "html", "csv", "gpkg")] + ["raster.tif"]


@pytest.mark.parametrize("name", FILES)
def test_of_a_file_a_full_disk_leaves_nothing(predict, small_disk, raster, name, monkeypatch):
    (small_disk / name).write_text("a former result")

    def fill(*_, **__):
        used = os.statvfs(small_disk)
        (small_disk / "else").write_bytes(bytes(used.f_bfree * used.f_bsize))
        return write(*_, **__)

    from geointerp.products import write as write_module

    write = write_module.write_product
    monkeypatch.setattr(write_module, "write_product", fill)
    source = {"source": raster} if name == "raster.tif" else {}
    done = predict("-o", f"disk/{name}", "--overwrite", "--quiet", **source)
    assert (done.status, done.out) == (1, ""), done.err
    assert f"{name} cannot be written: " in done.err
    assert name in ("labels.gpkg", "raster.tif") or "No space left on device" in done.err  # GDAL is vague
    assert done.err.count("\n") == 2
    assert sorted(path.name for path in small_disk.iterdir()) == sorted(["else", name])
    assert (small_disk / name).read_text() == "a former result"


@pytest.mark.parametrize("name", ["labels.npy", "labels.sgy", "labels.png", "raster.tif"])
def test_of_a_file_that_may_not_grow_nothing_is_left(predict, raster, name):
    source = {"source": raster} if name == "raster.tif" else {}
    before = set(Path().iterdir())
    assert predict("-o", f"a-{name}", "--quiet", **source).status == 0
    size = Path(f"a-{name}").stat().st_size
    with small_files(size // 2):
        done = predict("-o", name, "--quiet", **source)
    assert (done.status, done.out) == (1, ""), done.err
    assert re.search(rf"{name}\S* cannot be written: ", done.err)
    assert done.err.count("\n") == 2
    assert set(Path().iterdir()) - before == {Path(f"a-{name}")}


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write to a folder: root by a mount, all others by its mode."""
    if os.geteuid() == 0:
        mount("-t", "tmpfs", "-o", "ro", "tmpfs", folder)
    folder.chmod(0o555) if os.geteuid() else None
    try:
        yield
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", folder], check=True)
        folder.chmod(0o755)


@pytest.mark.parametrize("name", ["labels.zarr", "labels.sgy", "labels.png"])
def test_a_folder_that_may_not_be_written_to_is_named(predict, name):
    folder = Path("theirs")
    folder.mkdir()
    with read_only(folder):
        done = predict("-o", folder / name, "--quiet")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"error: theirs/{name} cannot be written: ")
    assert done.err.endswith("hint: give -o a place that exists, has room, and that you may write to\n")
    assert not list(folder.iterdir())


def vanish(path):
    path.rename(path.with_suffix(".away"))


def cut_off(path):
    path.with_suffix(".away").write_bytes(path.read_bytes())
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("happens", [vanish, cut_off])
@pytest.mark.parametrize("suffix", [".sgy", ".npy"])
def test_an_input_that_goes_away_is_named_and_once_it_is_back_the_run_goes_on(
    predict, survey, monkeypatch, happens, suffix
):
    source = survey
    if suffix == ".npy":
        source = survey.with_suffix(".npy")
        np.save(source, np.random.default_rng(8).normal(size=(12, 60, 90)).astype(np.float32))
    write, blocks = LabelStore.write, []

    def write_and_lose(store, *block):
        write(store, *block)
        blocks.append(block)
        if len(blocks) == 2:
            happens(source)

    with monkeypatch.context() as patch:
        patch.setattr(LabelStore, "write", write_and_lose)
        done = predict("-o", "labels.zarr", "--batch-size", "1", "--quiet", source=source)
    assert (done.status, done.out) == (1, ""), done.err
    assert done.err.startswith(f"error: {source} ")
    assert "--resume" in done.err
    assert done.err.count("\n") == 2
    source.with_suffix(".away").replace(source)
    done = predict("-o", "labels.zarr", "--resume", source=source)
    assert done.status == 0, done.err
    assert "going on after" in done.err
    assert predict("-o", "whole.zarr", source=source).status == 0
    assert contents("labels.zarr") == contents("whole.zarr")


def test_without_memory_for_a_tile_the_run_ends_clearly_and_goes_on_where_there_is_more(predict, monkeypatch):
    import torch

    from geointerp.inference.runner import Runner

    forward, calls = Runner._forward, []

    def cramped(runner, tiles):
        calls.append(len(tiles))
        if len(calls) > 20:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(runner, tiles)

    with monkeypatch.context() as patch:
        patch.setattr(Runner, "_forward", cramped)
        done = predict("-o", "labels.zarr", "--quiet")
    assert (done.status, done.out) == (1, "")
    assert "too little memory for one tile" in done.err
    assert done.err.count("\n") == 2
    done = predict("-o", "labels.zarr", "--resume")
    assert done.status == 0, done.err
    assert "going on after" in done.err
    assert predict("-o", "whole.zarr").status == 0
    assert contents("labels.zarr") == contents("whole.zarr")


def test_a_flipped_bit_of_a_model_is_noticed_and_the_file_named(run, survey, untrained_model, tmp_path):
    import shutil

    model = tmp_path / "damaged"
    for name in sorted(path.name for path in untrained_model.glob("*.safetensors")):
        shutil.rmtree(model, ignore_errors=True)
        shutil.copytree(untrained_model, model)
        data = bytearray((model / name).read_bytes())
        data[len(data) // 2] ^= 4
        (model / name).write_bytes(data)
        done = run("predict", survey, "--model", model, "-o", "labels.zarr", "--quiet")
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith(f"error: {model / name}: sha256 ")
        assert not list(Path().glob("*.zarr*"))
