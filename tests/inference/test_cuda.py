"""On a CUDA device: the same labels as on the processor, wherever copies, streams and batches fall."""

import gc
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from stub_models import Convolution, Identity, chunk_bytes, model_of, raw_labels, volume_of

import geointerp
from geointerp.errors import MachineError
from geointerp.evaluation.of_model import evaluate_model
from geointerp.inference import carrier as carrier_module
from geointerp.inference import predict as predict_module
from geointerp.inference.carrier import Carrier
from geointerp.inference.device import choose_machine
from geointerp.inference.predict import predict
from geointerp.inference.progress import Silent
from geointerp.inference.runner import Runner
from geointerp.synthesis.generators import GENERATORS
from geointerp.tiling.plan import plan_views
from geointerp.training.grey import grey_of
from geointerp.training.progress import Silent as TrainingSilent

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")


def test_auto_is_cuda_in_bf16_where_it_has_that():
    machine = choose_machine()
    assert machine.device.type == "cuda"
    assert machine.precision == ("bf16" if torch.cuda.get_device_capability() >= (8, 0) else "fp16")


@pytest.mark.parametrize("views", ["inline", "inline,crossline,time"])
def test_labels_of_many_small_slabs_are_those_of_the_processor(views, monkeypatch):
    monkeypatch.setattr(predict_module, "plan_views", partial(plan_views, budget=300_000))
    volume = volume_of((60, 70, 81))
    volume.values[7:9] = 0  # dead traces
    volume.values[30, 20:40, 5:50] = np.nan
    on_cpu, on_cuda = (
        predict(volume, model=model_of(Convolution()), precision="fp32", views=views, device=device,
                probability=True).load()
        for device in ("cpu", "cuda")
    )  # fmt: skip
    difference = abs(on_cpu["probability"].fillna(-1) - on_cuda["probability"].fillna(-1))
    assert difference.max() < 1.1 / 254
    assert (raw_labels(on_cpu) == raw_labels(on_cuda)).mean() > 0.9999
    np.testing.assert_array_equal(raw_labels(on_cpu) == 255, raw_labels(on_cuda) == 255)
    assert on_cuda.attrs["geointerp"]["device"] == "cuda"


@pytest.mark.parametrize("round_", range(3))
def test_the_identity_gives_back_its_input(round_, monkeypatch):
    """Hundreds of slabs whose memory is used again and again: a copy that overtakes shows."""
    monkeypatch.setattr(predict_module, "plan_views", partial(plan_views, budget=2_000_000))
    volume = volume_of((900, 90, 101), seed=round_)
    result = predict(volume, model=model_of(Identity(), tile=(56, 56)), precision="fp32", device="cuda")
    scale = result.attrs["geointerp"]["amplitude"]
    grey = np.clip((volume.values - scale["low"]) / (scale["high"] - scale["low"]), 0, 1)
    sure = abs(grey - 0.5) > 1e-3
    np.testing.assert_array_equal(raw_labels(result)[sure], (grey < 0.5)[sure])


def test_arrays_come_back_as_they_went():
    carrier = Carrier(torch.device("cuda"))
    arrays = [np.random.default_rng(seed).normal(size=(300, 1000)).astype(np.float32) for seed in range(40)]
    doubled = []
    for array in arrays:
        doubled.append(carrier.fetching({"doubled": carrier.bring(array) * 2}))
    for array, fetch in zip(arrays, doubled, strict=True):
        np.testing.assert_array_equal(fetch()["doubled"], 2 * array)


def test_fp32_has_the_same_bits_for_every_batch_size_and_resumed(tmp_path, monkeypatch):
    monkeypatch.setattr(predict_module, "plan_views", partial(plan_views, budget=300_000))
    model = geointerp.load_model("faults", (56, 56))
    volume = volume_of((40, 60, 70))
    run = partial(predict, volume, model=model, precision="fp32", device="cuda", probability=True)
    run(output=tmp_path / "whole.zarr")
    run(output=tmp_path / "small.zarr", batch_size=3)
    whole = chunk_bytes(tmp_path / "whole.zarr")
    assert chunk_bytes(tmp_path / "small.zarr") == whole

    class Stopping(Silent):
        left = 9

        def advance(self, tiles):
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(output=tmp_path / "resumed.zarr", progress=Stopping())
    assert not (tmp_path / "resumed.zarr").exists()
    run(output=tmp_path / "resumed.zarr", resume=True)
    assert chunk_bytes(tmp_path / "resumed.zarr") == whole


@pytest.mark.parametrize("task", list(GENERATORS))
def test_bf16_labels_of_bundled_models_are_those_of_fp32(task):
    model, generator = geointerp.load_model(task, (224, 224)), GENERATORS[task]
    amplitude, _ = generator(8, 100)
    grey = grey_of(amplitude, kind=generator.scale)
    expected = Runner(model.network, choose_machine("cpu", "fp32"), 8)(grey).argmax(1)
    exact = Runner(model.network, choose_machine("cuda", "fp32"), 8)(grey.cuda()).argmax(1).cpu()
    rounded = Runner(model.network, choose_machine("cuda", "bf16"), 8)(grey.cuda()).argmax(1).cpu()
    assert (exact == expected).double().mean() > 0.9999
    assert (rounded == expected).double().mean() > 0.995


def test_a_model_that_was_used_on_it_still_works_on_the_processor():
    model, volume = geointerp.load_model("faults", (56, 56)), volume_of((3, 60, 70))
    first, on_cuda, again = (
        raw_labels(predict(volume, model=model, device=device, precision=precision))
        for device, precision in (("cpu", "bf16"), ("cuda", "fp32"), ("cpu", "bf16"))
    )
    np.testing.assert_array_equal(first, again)
    assert (first == on_cuda).mean() > 0.99


def test_batches_of_other_sizes_are_recorded_anew():
    model, machine = geointerp.load_model("faults", (112, 112)), choose_machine("cuda", "bf16")
    tiles = torch.rand(12, 1, 112, 112, device="cuda")
    found = [Runner(model.network, machine, size, prepared=model.prepared)(tiles) for size in (12, 5, 12)]
    assert len(model.prepared) == 1
    for other in found[1:]:
        assert (other.argmax(1) == found[0].argmax(1)).double().mean() > 0.995
    assert torch.equal(found[0], found[2])


def test_what_is_compiled_gives_the_same_labels():
    model, volume = geointerp.load_model("faults", (112, 112)), volume_of((8, 112, 200))
    plain, compiled = (
        predict(volume, model=model, device="cuda", precision="bf16", compile=word).load()
        for word in ("off", "on")
    )
    assert compiled.attrs["geointerp"]["compiled"]
    assert (raw_labels(plain) == raw_labels(compiled)).mean() > 0.995


def test_too_little_memory_for_a_batch_goes_on_with_half():
    model, notes = geointerp.load_model("faults", (224, 224)), []
    machine = choose_machine("cuda", "bf16")
    tiles = torch.rand(64, 1, 224, 224, device="cuda")
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    expected = Runner(model.network, machine, 64)(tiles).argmax(1)
    needed = torch.cuda.max_memory_allocated() - before
    gc.collect()
    torch.cuda.empty_cache()
    allowed = torch.cuda.memory_reserved() + 0.6 * needed
    try:
        torch.cuda.set_per_process_memory_fraction(allowed / torch.cuda.get_device_properties(0).total_memory)
        found = Runner(model.network, machine, 64, note=notes.append)(tiles).argmax(1)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert notes
    assert all("out of memory on cuda" in note for note in notes)
    assert (found == expected).double().mean() > 0.995


def test_too_little_memory_for_the_data_is_one_error(monkeypatch):
    monkeypatch.setattr(carrier_module, "_TRIES", 2)
    free = torch.cuda.get_device_properties(0).total_memory
    try:
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 30 * 2**20) / free)
        with pytest.raises(MachineError, match="too little memory for the data"):
            Carrier(torch.device("cuda")).bring(np.zeros(2**24, np.float32))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def test_a_training_learns_evaluates_and_goes_on(labelled_set: Path, tmp_path: Path):
    run = partial(geointerp.finetune, labelled_set, output=tmp_path / "run", classes="background,band",
                  tile=56, batch_size=4, device="cuda")  # fmt: skip

    class Stopping(TrainingSilent):
        def epoch(self, epoch, best):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(epochs=3, progress=Stopping())
    folder = run(epochs=3, resume=True)
    scores = evaluate_model(folder, labelled_set, split="val", device="cuda")
    assert scores["mIoU"] > 0.3


def test_a_worker_of_dask_computes_on_it(tmp_path: Path):
    source = tmp_path / "cube.npy"
    np.save(source, volume_of((40, 60, 70)).values)
    found = [
        raw_labels(predict(source, task="faults", precision="fp32", device="cuda", tile=56, workers=workers,
                           output=tmp_path / f"{workers}.zarr"))
        for workers in (None, 1)
    ]  # fmt: skip
    np.testing.assert_array_equal(*found)
