import copy
import os
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest
import torch
from stub_models import Attention, Convolution
from timm.models.vision_transformer import VisionTransformer

from geointerp.errors import MachineError
from geointerp.inference import runner as runner_module
from geointerp.inference.device import Machine
from geointerp.inference.runner import (
    FP32_TILES,
    Runner,
    can_compile,
    default_batch_size,
    whole_batches,
    worth_compiling,
)
from geointerp.network.decoders import create_decoder
from geointerp.network.segmenter import Segmenter, fold
from geointerp.network.unet import UNet

CPU = Machine(torch.device("cpu"), "fp32")
BF16 = Machine(torch.device("cpu"), "bf16")


def with_threads(number):
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def one_thread():
    yield from with_threads(1)


@pytest.fixture
def two_threads():
    yield from with_threads(2)


class Cramped(Convolution):
    """Has memory for so many tiles at once."""

    def __init__(self, room, error):
        super().__init__()
        self.room, self.error, self.asked = room, error, []

    def forward(self, grey):
        self.asked.append(len(grey))
        if len(grey) > self.room:
            raise self.error
        return super().forward(grey)


def tiles(count):
    return torch.rand((count, 1, 28, 28), generator=torch.Generator().manual_seed(3))


def test_probabilities_are_the_softmax_of_the_logits():
    network = Convolution(classes=3)
    with torch.inference_mode():
        expected = network(tiles(5)).softmax(1)
    found = Runner(network, CPU, 2)(tiles(5))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected)


def test_fp32_computes_one_shape_whatever_the_batch():
    network = Cramped(9, RuntimeError())
    for batch_size in (1, 7, 32):
        Runner(network, CPU, batch_size)(tiles(5))
    assert set(network.asked) == {1}


@pytest.mark.parametrize("error", [
    torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes"),
    RuntimeError("MPS backend out of memory (MPS allocated: 9.05 GB)"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"),
])  # fmt: skip
def test_out_of_memory_halves_the_batch_and_repeats_only_that(one_thread, error):
    network, notes = Cramped(3, error), []
    runner = Runner(network, BF16, 8, note=notes.append)
    first, second = tiles(8), 1 - tiles(6)
    found = runner(first)
    assert network.asked == [8, 4, 2, 2, 2, 2]
    assert len(notes) == 2
    assert "going on with 2 tiles" in notes[1]
    network.asked.clear()
    again = runner(second)
    assert network.asked == [2, 2, 2]  # no second attempt at a size that did not fit
    roomy = Runner(Cramped(99, error), BF16, 2)
    torch.testing.assert_close(torch.cat([found, again]), torch.cat([roomy(first), roomy(second)]))


def test_too_little_memory_for_the_network_itself():
    class Large(Convolution):
        def to(self, device):
            raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(MachineError, match="cpu has too little memory for the network"):
        Runner(Large(), CPU, 4)


class Remembering(Convolution):
    """Has memory for one tile; notes what failed passes still hold when one is computed."""

    def __init__(self):
        super().__init__()
        self.failed, self.left_over = [], []

    def forward(self, grey):
        activations = grey + 1
        if len(grey) > 1:
            self.failed.append(weakref.ref(activations))
            raise torch.OutOfMemoryError("no")
        self.left_over += [one for one in self.failed if one() is not None]
        return super().forward(activations)


@pytest.mark.parametrize("threads", [1, 2])
def test_what_failed_for_memory_holds_none_when_less_is_tried(one_thread, threads):
    torch.set_num_threads(threads)
    network = Remembering()
    with Runner(network, BF16, 4 * threads) as runner:
        begun = [runner.start(tiles(8)), runner.start(tiles(8))]  # as batches are: before the first is done
        for one in begun:
            assert len(one()) == 8
    assert len(network.failed) >= 2
    assert not network.left_over


def test_one_tile_that_does_not_fit_is_an_error_for_people():
    with pytest.raises(MachineError, match="28 x 28"):
        Runner(Cramped(0, torch.OutOfMemoryError("no")), BF16, 4)(tiles(2))


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    with pytest.raises(RuntimeError, match="broken"):
        Runner(Cramped(0, RuntimeError("broken")), BF16, 4)(tiles(2))


def test_what_fills_the_last_batch_up_is_cut_off():
    network = Attention()
    found = Runner(network, BF16, 4)(tiles(6))
    assert found.shape == (6, 2, 28, 28)
    torch.testing.assert_close(found[5:], Runner(network, BF16, 1)(tiles(6)[5:]), atol=0.01, rtol=0)


def test_each_thread_computes_a_part_of_a_batch(two_threads):
    class Telling(Convolution):
        def forward(self, grey):
            told.append((len(grey), threading.current_thread().name, torch.get_num_threads()))
            barrier.wait()  # both at the same time
            return super().forward(grey)

    told, barrier = [], threading.Barrier(2, timeout=30)
    network = Telling()
    with Runner(network, BF16, 8) as runner:
        begun = [runner.start(tiles(8)), runner.start(1 - tiles(5))]
        found = torch.cat([one() for one in begun])
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    assert [number for number, _, _ in told] == [4] * 4
    assert {name for _, name, _ in told} == {"geointerp-tiles_0", "geointerp-tiles_1"}
    assert {threads for _, _, threads in told} == {1}
    torch.set_num_threads(1)
    assert torch.equal(found, Runner(Convolution(), BF16, 4)(torch.cat([tiles(8), 1 - tiles(5)])))


def test_out_of_memory_in_one_of_several_threads(two_threads):
    notes = []
    runner = Runner(Cramped(1, torch.OutOfMemoryError("no")), BF16, 4, note=notes.append)
    found = runner(tiles(4))
    assert runner.size == 1
    assert len(notes) == 1
    torch.testing.assert_close(found, Runner(Cramped(9, RuntimeError()), BF16, 2)(tiles(4)))


def test_bf16_on_a_processor_runs_a_copy_made_for_it():
    network = UNet(classes=3, width=0.1)
    runner = Runner(network, BF16, 2)
    assert {weights.dtype for weights in runner.network.parameters()} == {torch.bfloat16}
    assert {weights.dtype for weights in network.parameters()} == {torch.float32}
    found = runner(torch.rand(3, 1, 32, 32))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.sum(1), torch.ones(3, 32, 32))
    assert next(Runner(network, CPU, 2).network.parameters()).dtype == torch.float32


def test_batches_shrink_with_the_tile(two_threads):
    assert default_batch_size(CPU, (224, 224)) == 8
    assert default_batch_size(CPU, (448, 448)) == 2
    assert default_batch_size(CPU, (2016, 2016)) == 2
    torch.set_num_threads(1)
    assert default_batch_size(CPU, (224, 224)) == 4
    assert default_batch_size(Machine(torch.device("cuda"), "bf16"), (224, 224)) == 64


@pytest.mark.parametrize(("named", "there", "triton", "possible"), [
    (None, {"gcc"}, True, True),
    (None, {"clang"}, True, True),
    (None, {"cc"}, True, False),
    (None, {"gcc"}, False, False),
    ("icx", {"icx"}, True, True),
    ("icx", {"gcc"}, True, False),
])  # fmt: skip
def test_compiling_for_a_gpu_needs_triton_and_the_compiler_that_it_takes(
    named, there, triton, possible, monkeypatch
):
    monkeypatch.delenv("CC", raising=False)
    if named:
        monkeypatch.setenv("CC", named)
    monkeypatch.setattr(runner_module.shutil, "which", lambda name: name if name in there else None)
    monkeypatch.setattr(runner_module, "find_spec", lambda name: triton or None)
    assert can_compile() is possible


def test_compiling_is_worth_it_on_a_gpu_with_much_to_do():
    gpu = Machine(torch.device("cuda"), "bf16")
    assert worth_compiling("on", CPU, 1)
    assert not worth_compiling("off", gpu, 10**6)
    assert not worth_compiling("auto", CPU, 10**6)
    assert not worth_compiling("auto", gpu, 100)
    assert worth_compiling("auto", gpu, 10**5)


def test_out_of_memory_in_fp32_says_that_labels_may_change(monkeypatch):
    monkeypatch.setitem(FP32_TILES, "cpu", 4)
    notes = []
    Runner(Cramped(2, torch.OutOfMemoryError("no")), CPU, 4, note=notes.append)(tiles(4))
    assert len(notes) == 1
    assert "labels may differ" in notes[0]


def test_fp32_on_cuda_is_not_tf32():
    class Asking(Convolution):
        def forward(self, grey):
            found.append((torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic))
            return super().forward(grey)

    found = []
    runner = Runner(Asking(), CPU, 1)
    runner.machine = Machine(torch.device("cuda"), "fp32")  # whose settings can be made without one
    runner(tiles(1))
    assert found == [(False, True)]


def test_batches_are_whole_multiples_of_the_fixed_size():
    gpu = torch.device("cuda")
    assert [whole_batches(Machine(gpu, "fp32"), size) for size in (1, 16, 20)] == [16, 16, 32]
    assert whole_batches(Machine(gpu, "bf16"), 20) == 20
    assert whole_batches(CPU, 7) == 7


@pytest.fixture(scope="module")
def small_transformer():
    torch.manual_seed(4)
    backbone = VisionTransformer(
        img_size=28, patch_size=14, embed_dim=32, depth=4, num_heads=2, init_values=0.5, num_classes=0,
        global_pool="",
    )  # fmt: skip
    return fold(Segmenter(backbone, create_decoder("mla", 32, 3, 0.5)).eval(), 1)


def test_what_is_compiled_gives_the_same_probabilities(small_transformer, two_threads):
    plain = Runner(small_transformer, BF16, 4)(tiles(7))
    compiled = Runner(small_transformer, BF16, 4, compiled=True)(tiles(7))
    torch.testing.assert_close(compiled, plain, atol=0.01, rtol=0)
    assert plain.std() > 0.03


def test_no_compiler_is_one_error(tmp_path):
    """In a process of its own: torch remembers which compiler it found."""
    np.save(tmp_path / "section.npy", np.ones((64, 64), np.float32))
    words = ["predict", "section.npy", "--task", "faults", "--compile", "on", "-o", "labels.npy"]
    done = subprocess.run(
        [sys.executable, "-m", "geointerp", *words],
        cwd=tmp_path,
        env=os.environ | {"CXX": "no-such-compiler", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "torch cannot compile the network" in done.stderr
    assert "no-such-compiler" in done.stderr
    assert "--compile off" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "labels.npy").exists()


def test_a_short_batch_in_bf16_is_shared_evenly(two_threads):
    asked = []
    network = UNet(2, width=0.1)
    network.register_forward_pre_hook(lambda module, given: asked.append(len(given[0])))
    found = Runner(network, BF16, 8)(tiles(3))
    assert found.shape == (3, 2, 28, 28)
    assert sorted(asked) == [1, 2]


def test_a_copy_is_kept_while_the_weights_are_those(small_transformer):
    network, kept = copy.deepcopy(small_transformer), {}
    first = Runner(network, BF16, 4, prepared=kept)
    assert Runner(network, BF16, 8, prepared=kept).network is first.network
    before = first(tiles(2))
    with torch.no_grad():
        for weights in network.decoder.parameters():
            weights.mul_(3)
    other = Runner(network, BF16, 4, prepared=kept)
    assert len(kept) == 1
    assert not torch.equal(other(tiles(2)), before)
    torch.testing.assert_close(other(tiles(2)), Runner(network, BF16, 4)(tiles(2)))
    made_of_other = other.network
    with torch.no_grad():
        next(network.decoder.buffers()).add_(1)  # as batch normalisation does
    assert Runner(network, BF16, 4, prepared=kept).network is not made_of_other
