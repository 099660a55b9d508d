"""The reader's and the writer's threads: order, bounds, exceptions, endings."""

import threading
import time

import pytest

from geointerp.inference.reader import read_ahead
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
