"""Coordinates as a planner types them: taken where there is one way to read them, else refused."""

from __future__ import annotations

import pytest

from geo.errors import InputError
from geo.pipeline.places import coordinates_of


@pytest.mark.parametrize(
    "text",
    [
        "105.5,22.25", "105.5, 22.25", "105.5 22.25", "105.5;22.25", "105,5; 22,25", "105,5;22,25", "105,5 22,25", "105,5, 22,25",
        "105,5 ; 22.25", " 105.5°, 22.25° ", "22.25,105.5", "22,25; 105,5", "105.50,22.250",
    ],
)  # fmt: skip
def test_one_way_to_read(text: str) -> None:
    assert coordinates_of(text) == (105.5, 22.25)


@pytest.mark.parametrize(
    "text",
    [
        "105,5,22,25",  # four numbers or two
        "105,22",  # longitude and latitude, or one number
        "105.5",
        "105,5",
        "105.5,22.25,3",
        "105.5,,22.25",
        "1.105,5; 22,25",
        "105.5.1,22.25",
    ],
)
def test_more_than_one_way_or_none(text: str) -> None:
    with pytest.raises(InputError, match="kinh độ rồi vĩ độ"):
        coordinates_of(text)


def test_off_the_globe() -> None:
    with pytest.raises(InputError, match="-180"):
        coordinates_of("200.5,22.25")
    with pytest.raises(InputError, match="-180"):
        coordinates_of("105.5; 95.5 ".replace("95.5", "195.5"))


def test_western_and_southern_and_small_ones_keep_their_order() -> None:
    assert coordinates_of("-70.5,-33.25") == (-70.5, -33.25)
    assert coordinates_of("8.5,46.6") == (8.5, 46.6)
    assert coordinates_of("105; 22") == (105.0, 22.0)


@pytest.mark.parametrize("text", ["T1", "99001", "a 12.5", "HGG-0123", "nan,nan", "inf,5.1", "", "105°30'00\", 22°15'", "1e2,3.5"])
def test_what_is_no_attempt_at_coordinates(text: str) -> None:
    assert coordinates_of(text) is None
