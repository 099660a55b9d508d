"""Units that time is told in."""

SECONDS = {
    name: seconds
    for names, seconds in (
        ("s sec second seconds", 1.0),
        ("ms msec millisecond milliseconds", 1e-3),
        ("us µs μs usec microsecond microseconds", 1e-6),
        ("ns nanosecond nanoseconds", 1e-9),
    )
    for name in names.split()
}
"""Seconds in the units that time is told in, in lower case."""


def seconds_in(units: object, untold: float) -> float:
    """Return how many seconds a unit of time has: ``untold`` where there is none, NaN where it is unknown."""
    return untold if units is None else SECONDS.get(str(units).lower(), float("nan"))
