"""Units that time and lengths are told in."""

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

METRES = {
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), 1.0),
    **dict.fromkeys(("km", "kilometre", "kilometres", "kilometer", "kilometers"), 1000.0),
    **dict.fromkeys(("ft", "foot", "feet"), 0.3048),
    **dict.fromkeys(("us survey foot", "us-ft"), 1200 / 3937),
}
"""Metres in the units of length, in lower case."""


def seconds_in(units: object, untold: float) -> float:
    """Return how many seconds a unit of time has: ``untold`` where there is none, NaN where it is unknown."""
    return untold if units is None else SECONDS.get(str(units).lower(), float("nan"))
