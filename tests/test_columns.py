"""What is read at once is what is read cell by cell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.columns import distinct_rows, pick_texts, plain_integers, plain_numbers, plain_texts, plain_times
from geo.text import clean
from geo.values import parse_numbers, parse_texts, parse_times


def column(*cells: object) -> pd.Series:
    return pd.Series(list(cells), dtype="str")


def slow(cells: pd.Series) -> pd.Series:
    """The same cells as Python objects, which take the careful way."""
    return pd.Series([None if c != c else c for c in cells.tolist()], index=cells.index, dtype=object)


def test_plain_numbers_by_hand() -> None:
    assert plain_numbers(column("1", "-2.5", "1e3", ".5", "7."))  is not None
    assert plain_numbers(column("1", None)).tolist()[0] == 1.0  # type: ignore[union-attr]
    assert np.isnan(plain_numbers(column("1", None))[1])  # type: ignore[index]


@pytest.mark.parametrize("cell", ["1,5", "1 234", "", "-", "nan", "inf", "-inf", "5 m", "1_000", "0x10", "abc", "1.2.3", "−5"])
def test_anything_else_is_left_to_the_careful_reading(cell: str) -> None:
    assert plain_numbers(column("1", cell)) is None
    assert plain_integers(column("1", cell)) is None


def test_plain_integers_refuse_points() -> None:
    assert plain_integers(column("1", "2.0")) is None
    assert plain_integers(column("12", None)).tolist()[0] == 12.0  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2026-09-01 08:07:06", "2026-09-01T08:07:06"),
        ("2026-09-01T08:07:06", "2026-09-01T08:07:06"),
        ("01/09/2026 08:07:06", "2026-09-01T08:07:06"),
        ("2025.07.18_22.12.21", "2025-07-18T22:12:21"),
    ],
)
def test_plain_times_by_hand(cell: str, moment: str) -> None:
    found = plain_times(column(cell, None))
    assert found is not None
    assert found.dtype == "datetime64[ns]"
    assert found.iloc[0] == pd.Timestamp(moment)
    assert pd.isna(found.iloc[1])


@pytest.mark.parametrize("cell", ["2026-02-30 00:00:00", "31/02/2026 10:00:00", "1/9/2026 08:00:00", "2026-09-01", "soon", "9999-01-01 00:00:00"])
def test_other_times_are_left_to_the_careful_reading(cell: str) -> None:
    assert plain_times(column("2026-09-01 08:00:00", cell)) is None
    assert plain_times(column(cell)) is None


_NUMBERS = st.one_of(
    st.from_regex(r"[+-]?[0-9]{1,6}([.,][0-9]{0,6})?", fullmatch=True),
    st.floats(allow_nan=False, allow_infinity=False, width=32).map(repr),
    st.sampled_from(["", " ", "-", "nan", "inf", " 5", "5 ", "1e400", "1.234", "1.234.567", "1,234", "0005", "5 m", None]),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(_NUMBERS, min_size=1, max_size=8), st.booleans())
def test_numbers_read_at_once_or_one_by_one_are_the_same(cells: list[str | None], whole: bool) -> None:
    text = column(*cells)
    fast, careful = parse_numbers(text, whole=whole), parse_numbers(slow(text), whole=whole)
    np.testing.assert_array_equal(fast.values, careful.values)
    for name in ("blank", "unreadable", "ambiguous", "converted"):
        np.testing.assert_array_equal(getattr(fast, name), getattr(careful, name), err_msg=name)


@settings(deadline=None, max_examples=60)
@given(st.lists(_NUMBERS, min_size=1, max_size=4))
def test_repeated_cells_are_read_once_with_the_same_result(cells: list[str | None]) -> None:
    text = column(*(cells * 800))
    fast, careful = parse_numbers(text), parse_numbers(slow(text))
    np.testing.assert_array_equal(fast.values, careful.values)
    np.testing.assert_array_equal(fast.unreadable, careful.unreadable)
    np.testing.assert_array_equal(fast.ambiguous, careful.ambiguous)
    np.testing.assert_array_equal(fast.blank, careful.blank)


_TIMES = st.one_of(
    st.datetimes().map(lambda t: t.strftime("%Y-%m-%d %H:%M:%S")),
    st.datetimes().map(lambda t: t.strftime("%d/%m/%Y %H:%M:%S")),
    st.sampled_from(["", "2026-02-30 00:00:00", "1605973444000", "1605973444", "45000", "31/12/2026", None, "2026"]),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(_TIMES, min_size=1, max_size=5))
def test_times_read_at_once_or_one_by_one_are_the_same(cells: list[str | None]) -> None:
    text = column(*cells)
    fast, careful = parse_times(text), parse_times(slow(text))
    pd.testing.assert_series_equal(fast[0], careful[0])
    np.testing.assert_array_equal(fast[1], careful[1])


@settings(deadline=None, max_examples=150)
@given(st.lists(st.one_of(st.text(max_size=8), st.sampled_from(["-", "N/A", "a b", "a  b", " a", "null", "đo"])), min_size=1, max_size=6))
def test_plain_texts_are_clean_already(cells: list[str]) -> None:
    text = column(*cells)
    plain = plain_texts(text)
    assert plain is not None
    assert all(clean(c) == c for c, p in zip(cells, plain, strict=True) if p)
    many = column(*(f"{c}{i}" for i in range(1) for c in cells))
    pd.testing.assert_series_equal(parse_texts(many), parse_texts(slow(many)))


def test_epoch_milliseconds_are_not_taken_for_a_year_of_four_digits() -> None:
    times, bad = parse_times(column("1598797852000", "1605973444"))
    assert times.tolist() == [pd.Timestamp("2020-08-30 14:30:52"), pd.Timestamp("2020-11-21 15:44:04")]
    assert not bad.any()


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.integers(-3, 3), st.booleans()), max_size=12))
def test_distinct_rows_are_those_of_pandas(rows: list[tuple[str | None, int, bool]]) -> None:
    texts = pd.Series([r[0] for r in rows], dtype="str")
    numbers = np.array([r[1] for r in rows], dtype=np.int8)
    flags = np.array([r[2] for r in rows], dtype=bool)
    which, first = distinct_rows([texts, numbers, flags], len(rows))
    frame = pd.DataFrame({"t": texts, "n": numbers, "f": flags})
    assert first.tolist() == np.flatnonzero(~frame.duplicated().to_numpy()).tolist()
    pd.testing.assert_frame_equal(frame.iloc[first[which]].reset_index(drop=True), frame)


def test_texts_picked_by_number() -> None:
    index = pd.Index([5, 6, 7])
    assert pick_texts(["a", "b"], np.array([1, -1, 0]), index).tolist() == ["b", "", "a"]
    assert pick_texts(["a"], np.array([0, 0, 0]), index).tolist() == ["a"] * 3
    assert pick_texts(["a"], np.array([-1, -1, -1]), index).tolist() == [""] * 3
    assert pick_texts(["a"], np.array([], dtype=int), pd.Index([])).dtype == "str"
