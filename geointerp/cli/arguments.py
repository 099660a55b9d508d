"""Words of the command line that are more than a number or a name."""

from geointerp.errors import UsageError


def parse_tile(text: str) -> tuple[int, int]:
    """Read a tile's size, ``224`` or ``224x448`` (height by width), in samples.

    Raises:
        UsageError: it is neither.
    """
    words = text.lower().split("x")
    if len(words) > 2 or not all(word.isdecimal() and int(word) > 0 for word in words):
        raise UsageError(
            f"--tile cannot be read: '{text}'", hint="write it as 224 or, height by width, 224x448"
        )
    return int(words[0]), int(words[-1])


def parse_shape(text: str) -> tuple[int, int, int]:
    """Read the shape of a survey, ``IL,XL,T``: inlines, crosslines and samples.

    Raises:
        UsageError: these are not three whole numbers above zero.
    """
    words = [word.strip() for word in text.split(",")]
    if len(words) != 3 or not all(word.isdecimal() and int(word) > 0 for word in words):
        raise UsageError(f"--shape cannot be read: '{text}'", hint="write it as IL,XL,T, such as 96,160,256")
    return int(words[0]), int(words[1]), int(words[2])
