import pytest

from geointerp.cli.arguments import parse_shape, parse_tile
from geointerp.errors import UsageError


def test_a_tile_is_square_or_height_by_width():
    assert parse_tile("224") == (224, 224)
    assert parse_tile("112x448") == (112, 448)


def test_a_shape_is_three_numbers():
    assert parse_shape("10, 20,30") == (10, 20, 30)


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_tile, ""),
        (parse_tile, "0"),
        (parse_tile, "224x"),
        (parse_tile, "1x2x3"),
        (parse_tile, "-14"),
        (parse_tile, "²"),
        (parse_shape, "1,2"),
        (parse_shape, "1,2,3,4"),
        (parse_shape, "1,2,0"),
        (parse_shape, "1,2,x"),
        (parse_shape, "1,2,³"),
    ],
)
def test_what_cannot_be_read_is_named_with_an_example(parse, text):
    with pytest.raises(UsageError, match=f"cannot be read: '{text}'") as caught:
        parse(text)
    assert "write" in caught.value.hint
