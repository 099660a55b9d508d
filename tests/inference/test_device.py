from contextlib import contextmanager

import pytest
import torch

from geointerp.errors import MachineError, UsageError
from geointerp.inference import device
from geointerp.inference.device import choose_machine


def test_what_is_asked_for_is_taken():
    machine = choose_machine("cpu", "bf16")
    assert (machine.device.type, machine.precision, machine.dtype) == ("cpu", "bf16", torch.bfloat16)
    assert str(machine) == "cpu in bf16"


def test_the_first_of_what_there_is_one_of_needs_no_number(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    for kind in ("cpu", "mps"):
        assert choose_machine(f"{kind}:0", "fp32") == choose_machine(kind, "fp32")


@pytest.mark.parametrize(("able", "precision"), [(True, "bf16"), (False, "fp32")])
def test_auto_asks_the_processor(able, precision, monkeypatch):
    monkeypatch.setattr(device, "_processor_has_bf16", lambda: able)
    assert choose_machine("cpu").precision == precision


@pytest.mark.parametrize(("native", "precision"), [(True, "bf16"), (False, "fp16")])
def test_auto_takes_a_gpu_where_there_is_one(native, precision, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: native)
    machine = choose_machine()
    assert (machine.device.type, machine.precision) == ("cuda", precision)


def test_of_several_gpus_auto_asks_the_one_that_is_meant(monkeypatch):
    asked = [0]

    @contextmanager
    def on(number):
        asked.append(number)
        yield
        asked.pop()

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "device", on)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: asked[-1] == 1)
    assert [choose_machine(f"cuda:{number}").precision for number in (0, 1)] == ["fp16", "bf16"]


@pytest.mark.parametrize(("name", "precision", "error", "said"), [
    ("tpu", "auto", UsageError, "no device is called 'tpu'"),
    ("cuda:x", "auto", UsageError, "cuda:x"),
    ("cuda:", "auto", UsageError, "no device is called 'cuda:'"),
    ("cpu:", "auto", UsageError, "no device is called 'cpu:'"),
    ("cpu:1", "auto", UsageError, "no device is called 'cpu:1'"),
    ("mps:", "auto", UsageError, "no device is called 'mps:'"),
    ("mps:1", "auto", UsageError, "no device is called 'mps:1'"),
    ("cpu", "fp8", UsageError, "no precision is called 'fp8'"),
    ("cpu", "fp16", MachineError, "fp16 needs a GPU"),
    ("cuda:7", "auto", MachineError, "cuda:7 was asked for and there are"),
])  # fmt: skip
def test_what_is_not_there_is_named(name, precision, error, said):
    with pytest.raises(error, match=said):
        choose_machine(name, precision)
