"""The threads of the reader, the writer and the network: order, bounds, exceptions, endings."""

import signal
import threading
import time

import pytest
import torch
from stub_models import Convolution

from geointerp.inference.device import Machine
from geointerp.inference.reader import read_ahead
from geointerp.inference.runner import Runner
from geointerp.inference.threads import Helper
from geointerp.inference.writer import Writer


@pytest.fixture(autouse=True)
def no_thread_stays():
    yield
    assert not [one for one in threading.enumerate() if one.name.startswith("geointerp")]


def test_reading_ahead_keeps_order_and_distance():
    produced = []

    def items():
        for number in range(20):
            produced.append(number)
            yield number

    for number in read_ahead(items(), depth=2):
        time.sleep(0.002)
        assert produced[-1] <= number + 4
    assert produced == list(range(20))


def test_an_exception_while_reading_is_raised_where_it_is_used():
    def items():
        yield 1
        raise OSError("torn disk")

    found = []
    with pytest.raises(OSError, match="torn disk"):
        found.extend(read_ahead(items()))


def test_closing_early_stops_the_reader():
    ahead = read_ahead(iter(range(10**9)))
    assert next(ahead) == 0
    ahead.close()


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


class SignalError(Exception):
    """What a signal becomes in the main thread."""


@pytest.fixture
def signalled_after():
    """Return what lets a signal come after so many seconds, and again after as many."""
    if not hasattr(signal, "setitimer"):
        pytest.skip("this system has no interval timers")

    def hear(number, frame):
        raise SignalError

    before = signal.signal(signal.SIGALRM, hear)
    yield lambda seconds, times: signal.setitimer(signal.ITIMER_REAL, seconds, seconds if times > 1 else 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_a_signal_while_the_last_items_are_written_does_not_leave_them(signalled_after):
    written = []

    def write(item):
        time.sleep(0.1)
        written.append(item)

    def work():
        with Writer(write) as writer:
            for number in range(3):
                writer.put(number)
            signalled_after(0.05, times=1)

    with pytest.raises(SignalError):
        work()
    assert written == [0, 1, 2]


def test_a_second_signal_does_not_wait_for_a_disk_that_does_not_answer(signalled_after):
    answer = threading.Event()

    def work():
        with Writer(lambda item: answer.wait()) as writer:
            writer.put(1)
            signalled_after(0.1, times=2)

    with pytest.raises(SignalError):
        work()
    signal.setitimer(signal.ITIMER_REAL, 0)
    answer.set()
    (thread,) = [one for one in threading.enumerate() if isinstance(one, Helper)]
    assert thread.done.wait(10)
    while thread in threading.enumerate():
        time.sleep(0.001)


def test_a_signal_while_the_reader_is_waited_for_does_not_leave_it(signalled_after):
    ended = []

    def items():
        yield 1
        time.sleep(0.2)
        ended.append(True)
        yield 2

    ahead = read_ahead(items())
    assert next(ahead) == 1
    signalled_after(0.05, times=1)
    with pytest.raises(SignalError):
        ahead.close()
    assert ended


def test_a_signal_while_the_network_is_waited_for_does_not_leave_it(signalled_after):
    class Slow(Convolution):
        ended = 0

        def forward(self, grey):
            time.sleep(0.2)
            self.ended += 1
            return super().forward(grey)

    def work(runner):
        with runner:
            runner.start(torch.zeros(8, 1, 28, 28))
            time.sleep(0.1)
            signalled_after(0.05, times=1)

    network, threads = Slow(), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(SignalError):
            work(Runner(network, Machine(torch.device("cpu"), "fp32"), 8))
        assert network.ended == 2, "what was begun has ended, what was not is not begun"
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
