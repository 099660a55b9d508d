"""The threads of the reader, the writer and the network: order, bounds, exceptions, endings."""

import os
import signal
import threading
import time
from contextlib import closing

import pytest
import torch
from stub_models import Convolution

from geointerp.inference.device import Machine
from geointerp.inference.reader import read_in_turn
from geointerp.inference.runner import Runner
from geointerp.inference.threads import Helper
from geointerp.inference.writer import Writer
from geointerp.tiling.blocks import blocks


@pytest.fixture(autouse=True)
def no_thread_stays():
    yield
    assert not [one for one in threading.enumerate() if one.name.startswith("geointerp")]


def test_reading_ahead_keeps_order_and_distance():
    produced = []

    def read(block):
        produced.append(block.number)
        return block.number

    for number in read_in_turn(read, blocks(20, 1), 1):
        time.sleep(0.002)
        assert produced[-1] <= number + 2
    assert produced == list(range(20))


@pytest.mark.parametrize("threads", [1, 3, 9])
def test_several_threads_read_in_the_order_of_the_blocks(threads):
    def read(block):
        time.sleep(0.002 * (block.number % 3))
        return block.number

    assert list(read_in_turn(read, blocks(20, 1), threads)) == list(range(20))
    assert list(read_in_turn(read, (), threads)) == []


def test_several_threads_begin_at_once():
    together = threading.Barrier(4, timeout=20)

    def read(block):
        if block.number < 4:
            together.wait()
        return block.number

    with closing(read_in_turn(read, blocks(20, 1), 4)) as ahead:
        assert [next(ahead) for _ in range(5)] == list(range(5))


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_of_one_thread_comes_in_its_turn(threads):
    def read(block):
        if block.number == 4:
            raise OSError("torn disk")
        return block.number

    found = []
    with pytest.raises(OSError, match="torn disk"):
        found.extend(read_in_turn(read, blocks(9, 1), threads))
    assert found == [0, 1, 2, 3]


def test_closing_early_stops_the_reader():
    produced = []

    def read(block):
        produced.append(block.number)
        return block.number

    ahead = read_in_turn(read, blocks(10_000, 1), 1)
    assert next(ahead) == 0
    ahead.close()
    assert len(produced) <= 4


def test_writing_keeps_order_and_finishes():
    written = []
    with Writer(lambda item: (time.sleep(0.001), written.append(item))) as writer:
        for number in range(30):
            writer.put(number)
    assert written == list(range(30))


def test_what_is_queued_is_written_in_spite_of_an_exception():
    written = []

    def work():
        with Writer(written.append) as writer:
            writer.put(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert written == [1]


def test_a_failure_to_write_is_raised_in_the_caller():
    def write(item):
        raise OSError("disk full")

    def work():
        with Writer(write, depth=1) as writer:
            for number in range(1000):
                writer.put(number)

    with pytest.raises(OSError, match="disk full"):
        work()


class Signals:
    """Ctrl-C as it comes: ``send(2)`` lets two come, one after the other, while the main thread goes on."""

    def __init__(self):
        self.heard = threading.Event()

    def hear(self, number, frame):
        self.heard.set()
        raise KeyboardInterrupt

    def send(self, number):
        for nth in range(1, number + 1):
            threading.Timer(0.1 * nth, os.kill, (os.getpid(), signal.SIGUSR1)).start()


@pytest.fixture
def signals():
    if not hasattr(signal, "SIGUSR1"):
        pytest.skip("this system has no signals of the user's")
    signals = Signals()
    before = signal.signal(signal.SIGUSR1, signals.hear)
    yield signals
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("items", [1, 3])  # the end is waited for, or room to tell the thread that it comes
def test_a_signal_while_the_last_items_are_written_does_not_leave_them(signals, items):
    written = []

    def write(item):
        signals.heard.wait()
        time.sleep(0.02)
        written.append(item)

    def work():
        with Writer(write, depth=2) as writer:
            for number in range(items):
                writer.put(number)
            signals.send(1)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert written == list(range(items))


def test_a_signal_while_the_reader_is_waited_for_does_not_leave_it(signals):
    ended, begun = [], threading.Event()

    def read(block):
        if block.number:
            begun.set()
            signals.heard.wait()
            time.sleep(0.02)
            ended.append(True)
        return block.number

    ahead = read_in_turn(read, blocks(2, 1), 1)
    assert next(ahead) == 0
    begun.wait()
    signals.send(1)
    with pytest.raises(KeyboardInterrupt):
        ahead.close()
    assert ended


def test_a_signal_while_the_network_is_waited_for_does_not_leave_it(signals):
    begun, ended = [], []

    class Slow(Convolution):
        def forward(self, grey):
            begun.append(True)
            signals.heard.wait()
            time.sleep(0.02)
            ended.append(True)
            return super().forward(grey)

    def work(runner):
        with runner:
            runner.start(torch.zeros(8, 1, 28, 28))
            while len(begun) < 2:
                time.sleep(0.001)
            signals.send(1)

    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(KeyboardInterrupt):
            work(Runner(Slow(), Machine(torch.device("cpu"), "fp32"), 8))
        assert len(begun) == len(ended) == 2, "what has begun ends, and nothing more begins"
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("readers", [1, 3])
@pytest.mark.parametrize("computing", [True, False])
def test_a_second_signal_waits_for_no_disk_that_does_not_answer(signals, computing, readers):
    answer = threading.Event()

    def read(block):
        if block.number:
            answer.wait()
        return block.number

    writer = Writer(lambda item: answer.wait())

    def work():
        with writer, closing(read_in_turn(read, blocks(9, 1), readers)) as ahead:
            writer.put(next(ahead))
            signals.send(2)
            if computing:
                time.sleep(100)  # the first breaks into this

    with pytest.raises(KeyboardInterrupt):
        work()
    left = [one for one in threading.enumerate() if isinstance(one, Helper)]
    assert len(left) == 1 + readers
    answer.set()
    writer.put(None)  # nobody has told it to end
    for thread in left:
        thread.finish()
