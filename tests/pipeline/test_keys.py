"""Keys: equal for equal meaning, different for anything that changes a result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import PurePosixPath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.io.fingerprints import Fingerprint
from geo.pipeline.keys import canonical_json, stage_key


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Cuts:
    served: float = 0.9
    names: tuple[str, ...] = ("Viettel",)


def test_spelling_by_hand() -> None:
    value = {
        "b": Cuts(),
        "a": [date(2026, 11, 1), PurePosixPath("x/y"), None, True, np.float64(0.1), Colour.RED],
    }
    assert canonical_json(value) == (
        '{"a":["2026-11-01","x/y",null,true,0.1,"red"],"b":{"":"Cuts","names":["Viettel"],"served":0.9}}'
    )
    assert canonical_json({3, 1, 2}) == "[1,2,3]"
    assert canonical_json(float("nan")) == '"nan"'


@pytest.mark.parametrize("value", [object(), b"bytes", lambda: None, Cuts, np.zeros(2)], ids=range(5))
def test_what_has_no_settled_spelling_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="canonical"):
        canonical_json({"setting": value})


def _key(**changes: object) -> str:
    content: dict[str, object] = {
        "inputs": {"a.csv": Fingerprint("00", 1, 5)},
        "upstream": {"read": "11"},
        "settings": Cuts(),
        "code": "22",
    } | changes
    return stage_key("one", **content)  # type: ignore[arg-type]


def test_everything_that_matters_changes_the_key() -> None:
    others = [
        _key(inputs={"a.csv": Fingerprint("01", 1, 5)}),
        _key(inputs={"b.csv": Fingerprint("00", 1, 5)}),
        _key(inputs={"a.csv": Fingerprint("00", 2, 5)}),
        _key(upstream={"read": "12"}),
        _key(settings=Cuts(served=0.91)),
        _key(code="23"),
        stage_key(
            "two",
            inputs={"a.csv": Fingerprint("00", 1, 5)},
            upstream={"read": "11"},
            settings=Cuts(),
            code="22",
        ),
    ]
    assert len({_key(), *others}) == 1 + len(others)


def test_the_time_of_a_file_does_not_matter() -> None:
    assert _key() == _key(inputs={"a.csv": Fingerprint("00", 1, 6)})


@given(
    st.dictionaries(st.text(), st.one_of(st.integers(), st.floats(), st.text(), st.booleans()), max_size=6)
)
@settings(deadline=None, max_examples=50)
def test_the_order_of_names_does_not_matter(content: dict[str, object]) -> None:
    assert canonical_json(content) == canonical_json(dict(reversed(content.items())))
