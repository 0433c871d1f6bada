"""Cells to values: numbers, codes, dates and yes/no as Vietnamese office files write them.

Every function takes the raw cells of one column (text, or the typed values of a spreadsheet) and
returns values plus masks of what could not be read; nothing is guessed without its own mask.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.columns import plain_integers, plain_numbers, plain_texts, plain_times
from geo.text import clean, fold, fold_key

__all__ = [
    "NumberColumn",
    "is_blank",
    "last_days",
    "parse_codes",
    "parse_flags",
    "parse_numbers",
    "parse_texts",
    "parse_times",
    "parse_years",
    "without_day",
]

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

#: What people and programs write when there is nothing to write.
_BLANKS = frozenset(
    ("", "-", "--", "---", "_", ".", "...", "?", "n/a", "na", "#n/a", "nan", "null", "none", "nil", "(null)", "<null>",
     "không có", "khong co", "chưa có", "chua co", "không rõ", "khong ro", "chưa rõ", "k/c", "kxd",
     "#ref!", "#value!", "#div/0!", "#name?", "#null!", "#num!")
)  # fmt: skip
_YES = frozenset(("co", "yes", "y", "true", "t", "1", "x", "da co", "dung", "v", "roi"))
_TICKS = frozenset("✓✔√☑✅")
_NO = frozenset(("khong", "no", "n", "false", "f", "0", "chua co", "chua", "khong co", "sai"))

_GROUPED_DOT = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?")  # 2.325.678,45
_GROUPED_COMMA = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")  # 2,325,678.45
_COMMA_DECIMAL = re.compile(r"[+-]?\d*,\d+")  # 20,86
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_GROUPED_SPACE = re.compile(r"[+-]?[1-9]\d{0,2}(?:[ '’]\d{3})+(?:[.,]\d+)?")  # 2 325 678,45
_NUMBER_FIRST = re.compile(r"([+-]?[\d.,' ’]*\d[.,]?(?:[eE][+-]?\d+)?)(.*)", re.DOTALL)
_TEXT_MARK = re.compile(r"^['’‘`](?=[-+]?[\d.,])")  # by which a spreadsheet keeps a number a text
_SQUARED = re.compile(r"(?<=[A-Za-z])2(?![\d.,])")  # of "km2"
_FEET = frozenset(("ft", "feet", "foot", "'", "’"))
# Words after a number that change nothing, by the field's unit; "" is a plain count.
_COUNTED = frozenset(
    ("ho", "hodan", "ng", "nguoi", "khau", "nhankhau", "dan", "nha", "cai", "chiec", "tram", "cot", "cell", "thon", "ban", "diem", "mau", "luot", "luotdo", "phepdo", "test", "tests", "maudo")
)
_SAME_UNIT = {
    "": _COUNTED, "người": _COUNTED, "m": frozenset(("m", "met", "meter", "meters", "metre", "metres", "mt")),
    "°": frozenset(("do", "deg", "degree", "degrees")), "dB": frozenset(("db",)), "dBi": frozenset(("dbi", "db")),
    "dBm": frozenset(("dbm", "db")), "W": frozenset(("w", "watt", "watts", "oat")), "MHz": frozenset(("mhz",)),
    "km²": frozenset(("km2", "kmvuong")), "m²": frozenset(("m2", "metvuong")), "ha": frozenset(("ha", "hecta", "hec")),
    "km/h": frozenset(("kmh", "kph", "kmgio")),
}  # fmt: skip
# Words after a number that make it a bound or a change: it is not the value.
_BOUND_WORDS = frozenset(
    ("trolen", "troxuong", "toithieu", "toida", "hoachon", "hoacnhieuhon", "hoacithon", "hon", "ormore", "orless", "andabove", "andmore", "plus", "dolen", "dotrolen")
)
# What says that a number is an estimate. "Gần", "hơn", "trên" and "dưới" are bounds, not estimates.
_ESTIMATE = r"(?:khoảng(?:\s+chừng)?|khoang|chừng|tầm|cỡ|ước(?:\s+(?:tính|chừng|lượng|đạt))?|uoc(?:\s+(?:tinh|chung))?|xấp xỉ|xap xi|about|approx(?:\.|imately)?|circa|ca\.|est\.|estimated)"
_ESTIMATE_BEFORE = re.compile(rf"^(?:[~≈≃∼]\s*|{_ESTIMATE}\s+(?=[\d~]))+", re.IGNORECASE)
_ESTIMATE_AFTER = re.compile(rf"(?<=[\w.)²])\s*(?:[(\[]\s*{_ESTIMATE}\s*[)\]]|[~≈])$", re.IGNORECASE)
# Units that scale the number: where the field's unit is not known they are never passed over.
_SCALED = frozenset(
    ("k", "nghin", "ngan", "tr", "trieu", "ty", "ti", "km", "cm", "mm", "dm", "kw", "mw", "khz", "ghz", "kbps", "gbps", "kg")
)
_WIDE_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")
_EXCEL_TEXT = r"^=\"([^\"]*)\"$"  # how a CSV file keeps a spreadsheet from making a number of a code
_MINUS = str.maketrans({"\u2212": "-", "\u2013": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " "})
_METRES_PER_FOOT = 0.3048  # international foot, exact
_MANY = 2_000  # from this many cells on it pays to look at the distinct ones


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """Numbers of one column and what happened to its cells (all arrays have the column's length).

    Attributes
    ----------
    values : (n,) float64
        NaN where the cell is blank, unreadable or ambiguous.
    blank, unreadable, ambiguous, converted, approximate : (n,) bool
        ``ambiguous``: reads as two different numbers (``"1,234"``) and nothing in the column
        decides; ``converted``: the cell named another unit (feet) and was converted;
        ``approximate``: the cell says that its number is an estimate (``"~40"``).
    """

    values: FloatArray
    blank: BoolArray
    unreadable: BoolArray
    ambiguous: BoolArray
    converted: BoolArray
    approximate: BoolArray


def is_blank(cells: pd.Series) -> BoolArray:
    """Return where cells hold nothing: empty, NaN, or one of the usual words for "none"."""
    missing = cells.isna().to_numpy(dtype=bool)
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return missing
    codes, uniques = pd.factorize(cells, use_na_sentinel=True)
    blank = np.array([_blank_text(u) for u in uniques], dtype=bool) if len(uniques) else np.zeros(0, bool)
    return missing | np.where(codes >= 0, blank[codes] if len(blank) else False, True)


def _blank_text(value: object) -> bool:
    return isinstance(value, str) and value.strip().casefold() in _BLANKS


def parse_numbers(
    cells: pd.Series,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    metres: bool = False,
    whole: bool = False,
    plausible: Callable[[float], bool] | None = None,
    unit: str | None = None,
    estimates: bool = False,
) -> NumberColumn:
    """Read numbers with decimal points or commas, thousands marks and units.

    The decimal mark is settled for the column as a whole: cells that can be read one way only
    vote; a cell that can be read two ways (``"1,234"``) follows the votes, else the range, else it
    is ambiguous. A point is read as decimal mark unless the column proves otherwise.

    Parameters
    ----------
    cells : (n,) Series
        Text or numbers.
    minimum, maximum : float, optional
        Range used only to decide between two readings.
    metres : bool
        Whether feet may be converted.
    whole : bool
        Whether the column counts something: then ``"12.345"`` is twelve thousand, unless other
        cells show that the point is a decimal mark.
    plausible : callable, optional
        Tells for a single number whether it can be meant at all; decides before the votes do.
    unit : str, optional
        The field's unit: a cell that names another one (``"2,5 km"`` among metres) is unreadable.
        Without it, units that scale (``"12k"``, ``"1,5 triệu"``) are, and others are passed over.
    estimates : bool
        Whether a cell that says that its number is an estimate (``"~40"``, ``"khoảng 40"``, ``"40 (ước tính)"``) may be read; the
        caller states it then. Else it is unreadable, as bounds (``">40"``, ``"40+"``, ``"gần 40"``) always are.
    """
    n = len(cells)
    no = np.zeros(n, dtype=bool)
    if pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype):
        values = cells.to_numpy(dtype=np.float64, na_value=np.nan)
        blank = np.isnan(values)
        infinite = np.isinf(values)
        return NumberColumn(np.where(infinite, np.nan, values), blank, infinite, no, no.copy(), no.copy())
    at_once = plain_integers(cells) if whole else plain_numbers(cells)
    if at_once is not None:
        return NumberColumn(at_once, np.isnan(at_once), no, no.copy(), no.copy(), no.copy())
    if n >= _MANY and isinstance(cells.dtype, pd.StringDtype):
        codes, uniques = pd.factorize(cells, use_na_sentinel=False)
        if len(uniques) < n // 2:  # the votes are of distinct cells, and only their presence counts
            read = parse_numbers(
                pd.Series(uniques, dtype=cells.dtype), minimum=minimum, maximum=maximum, metres=metres, whole=whole,
                plausible=plausible, unit=unit, estimates=estimates,
            )
            return NumberColumn(
                read.values[codes], read.blank[codes], read.unreadable[codes], read.ambiguous[codes], read.converted[codes],
                read.approximate[codes],
            )  # fmt: skip
    values = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    values = np.where(np.isfinite(values), values, np.nan)
    todo = np.isnan(values)
    boolean = np.full(n, pd.api.types.is_bool_dtype(cells.dtype))
    if cells.dtype == object:
        boolean = cells.map(lambda c: isinstance(c, bool | np.bool_)).to_numpy(dtype=bool)
    todo |= boolean
    values[boolean] = np.nan
    blank = no.copy()
    if todo.any():
        blank[todo] = is_blank(cells[todo])
    rest = np.flatnonzero(todo & ~blank)
    unreadable, ambiguous, converted, approximate = no.copy(), no.copy(), no.copy(), no.copy()
    if whole:
        plausible = plausible or float.is_integer
    if len(rest) == 0:
        if whole:
            _ungroup(cells, values, ~todo, _point_votes(cells[~todo]))
        return NumberColumn(values, blank, unreadable, ambiguous, converted, approximate)
    said = {int(i): _without_estimate(cells.iloc[int(i)]) for i in rest}
    texts = {i: _bare_number(cell if estimates or not about else "", unit) for i, (cell, about) in said.items()}
    comma_votes, point_votes = _votes(t for t, _ in texts.values())
    point_votes += _point_votes(cells[~todo])
    if comma_votes or whole:
        # The comma is the decimal mark here, so "1.234" is one thousand two hundred and thirty-four.
        _ungroup(cells, values, ~todo, point_votes)
    for i, (text, feet) in texts.items():
        number, unclear = _read(text, comma_votes, point_votes, minimum, maximum, plausible, whole=whole)
        if number is None:
            (ambiguous if unclear else unreadable)[i] = True
        elif feet and not metres:
            unreadable[i] = True
        else:
            values[i] = number * _METRES_PER_FOOT if feet else number
            converted[i] = feet
            approximate[i] = said[i][1]
    return NumberColumn(values, blank, unreadable, ambiguous, converted, approximate)


def _point_votes(cells: pd.Series) -> int:
    """Count the cells, of those that read as numbers, whose point can only be a decimal mark."""
    texts = (c for c in cells.iloc[:10_000] if isinstance(c, str) and "." in c)
    return sum(1 for text in texts if not _GROUPED_DOT.fullmatch(text.strip()))


def _ungroup(cells: pd.Series, values: FloatArray, read: BoolArray, point_votes: int) -> None:
    """Read points as thousands marks, in place, where no cell shows otherwise."""
    if point_votes:
        return
    for i in np.flatnonzero(read):
        text = cells.iloc[int(i)]
        if isinstance(text, str) and "." in text and _GROUPED_DOT.fullmatch(text.strip()):
            values[i] = float(text.strip().replace(".", ""))


def _without_estimate(cell: object) -> tuple[object, bool]:
    """Return a cell without what says that its number is an estimate, and whether it said so."""
    if not isinstance(cell, str):
        return cell, False
    text = clean(cell)
    bare = _ESTIMATE_AFTER.sub("", _ESTIMATE_BEFORE.sub("", text))
    return (bare, True) if bare != text else (cell, False)


def _bare_number(cell: object, unit: str | None) -> tuple[str, bool]:
    """Return the number's text without spaces and unit, and whether the unit is feet; "" if the unit is wrong."""
    if isinstance(cell, bool | np.bool_ | dt.date | dt.time | dt.timedelta):
        return "", False
    text = _TEXT_MARK.sub("", clean(str(cell).translate(_MINUS)))
    found = _NUMBER_FIRST.fullmatch(text)
    if found is None:
        return "", False
    number, rest = found[1].strip(), found[2].strip()
    feet = rest.casefold() in _FEET
    if rest and not feet and not _passes_over(rest, unit):
        return "", False
    if _GROUPED_SPACE.fullmatch(number):
        number = re.sub(r"[ '’]", "", number)
    return number, feet


def _passes_over(rest: str, unit: str | None) -> bool:
    """Tell whether what stands after a number is its unit and changes nothing."""
    if rest in {"°", "º", "%", "."}:
        return True
    if any(c.isdecimal() for c in _SQUARED.sub("", rest)):
        return False  # "10-15", "1/2", "20,5; 105,3": more than one number
    named = fold_key(rest)
    if any(named.endswith(word) for word in _BOUND_WORDS):
        return False
    if unit is None:
        return named != "" and named not in _SCALED
    return named in _SAME_UNIT.get(unit, frozenset((fold_key(unit),)))


def _votes(texts: object) -> tuple[int, int]:
    comma = point = 0
    for text in texts:  # type: ignore[attr-defined]
        if "," in text and "." in text:
            comma += bool(_GROUPED_DOT.fullmatch(text))
            point += bool(_GROUPED_COMMA.fullmatch(text))
        elif text.count(".") > 1 and _GROUPED_DOT.fullmatch(text):
            comma += 1
        elif text.count(",") > 1 and _GROUPED_COMMA.fullmatch(text):
            point += 1
        elif _COMMA_DECIMAL.fullmatch(text) and not _GROUPED_COMMA.fullmatch(text):
            comma += 1
        elif "." in text and _PLAIN.fullmatch(text) and not _GROUPED_DOT.fullmatch(text):
            point += 1
    return comma, point


def _read(
    text: str,
    comma_votes: int,
    point_votes: int,
    minimum: float | None,
    maximum: float | None,
    plausible: Callable[[float], bool] | None,
    *,
    whole: bool,
) -> tuple[float | None, bool]:
    readings: dict[str, float] = {}
    if _PLAIN.fullmatch(text):
        readings["point"] = float(text)
    if _COMMA_DECIMAL.fullmatch(text):
        readings["comma"] = float(text.replace(",", "."))
    if _GROUPED_COMMA.fullmatch(text):
        readings["point"] = float(text.replace(",", ""))
    if _GROUPED_DOT.fullmatch(text) and (text.count(".") > 1 or "," in text):
        readings["comma"] = float(text.replace(".", "").replace(",", "."))
    if not readings:
        return None, False
    if len(set(readings.values())) == 1:
        return next(iter(readings.values())), False
    if whole and {"comma", "point"} <= set(readings):  # "5,000"
        if not comma_votes:
            return readings["point"], False
        if readings["comma"].is_integer():
            return None, True
    if plausible is not None:
        likely = {value for value in readings.values() if plausible(value)}
        if len(likely) == 1:
            return likely.pop(), False
    if bool(comma_votes) != bool(point_votes):
        return readings["comma" if comma_votes else "point"], False
    low, high = -np.inf if minimum is None else minimum, np.inf if maximum is None else maximum
    inside = {value for value in readings.values() if low <= value <= high}
    if len(inside) == 1:
        return inside.pop(), False
    return None, True


def parse_texts(cells: pd.Series) -> pd.Series:
    """Return cells as clean NFC text; blanks become the empty string."""
    codes, uniques = pd.factorize(cells, use_na_sentinel=True)
    if len(uniques) >= _MANY and isinstance(cells.dtype, pd.StringDtype):
        distinct = pd.Series(uniques, dtype=cells.dtype)
        plain = plain_texts(distinct)
        if plain is not None:
            plain &= ~distinct.str.lower().isin(_BLANKS).to_numpy(dtype=bool)
            rest = ["" if _blank_text(u) else clean(u) for u in distinct[~plain]]
            texts = distinct.to_numpy(dtype=object)
            texts[~plain] = rest
            table = pd.array(np.append(texts, ""), dtype="str")
            return pd.Series(table.take(np.where(codes < 0, len(texts), codes)), index=cells.index)
    known = ["" if _blank_text(u) else clean(_plain_text(u)) for u in uniques]
    table = pd.array(np.array([*known, ""], dtype=object), dtype="str")
    return pd.Series(table.take(np.where(codes < 0, len(known), codes)), index=cells.index)


def _plain_text(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def parse_codes(cells: pd.Series, *, digits: int | None = None) -> tuple[pd.Series, BoolArray]:
    """Return codes as text and where leading zeros, lost to a spreadsheet, were restored.

    Parameters
    ----------
    cells : Series
    digits : int, optional
        Length of the code; shorter all-digit codes are padded on the left.
    """
    texts = parse_texts(cells)
    texts = texts.str.removeprefix("'").str.replace(_EXCEL_TEXT, r"\1", regex=True).str.translate(_WIDE_DIGITS).str.strip()
    if digits is None:
        filled = texts[texts != ""]
        if len(filled) and filled.str.fullmatch(r"\d+\.0").all():  # the whole column went through decimal numbers
            texts = texts.str.removesuffix(".0")
        return texts, np.zeros(len(texts), dtype=bool)
    # A code that went through a decimal number, or ends a sentence; "99.000" may be 99 and 99 thousand, and stays what it is.
    texts = texts.str.replace(r"^(\d+)\.(?:0{0,2}|0{4,})$", r"\1", regex=True)
    short = (texts.str.len() < digits) & texts.str.fullmatch(r"\d+").fillna(value=False).astype(bool)
    mask = short.to_numpy(dtype=bool)
    return texts.where(~short, texts.str.zfill(digits)), mask


def parse_flags(cells: pd.Series) -> tuple[pd.Series, BoolArray]:
    """Return yes/no as nullable booleans and where a cell says neither."""
    codes, uniques = pd.factorize(cells, use_na_sentinel=True)
    known: list[object] = []
    bad: list[bool] = []
    for value in uniques:
        folded = "x" if _plain_text(value).strip() in _TICKS else fold(_plain_text(value))
        if folded in _YES or folded in _NO:
            known.append(folded in _YES)
            bad.append(False)
        else:
            known.append(pd.NA)
            bad.append(not _blank_text(value))
    table = pd.Series([*known, pd.NA], dtype="boolean").array
    unreadable = np.array([*bad, False], dtype=bool)
    return pd.Series(table[codes], index=cells.index), unreadable[codes]


_DATE_FORMATS = ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y.%m.%d", "%d/%m/%y", "%Y%m%d", "%m/%Y", "%Y")
_TIME_FORMATS = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y.%m.%d_%H.%M.%S", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M",
    "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%d-%m-%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%f",
    "%H:%M:%S %d/%m/%Y", "%H:%M %d/%m/%Y", "%d/%m/%y %H:%M:%S", "%d/%m/%y %H:%M", "%Y%m%d%H%M%S", "%Y.%m.%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d-%m-%Y %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%dT%H:%M",
)  # fmt: skip
_EXCEL_EPOCH = pd.Timestamp("1899-12-30")
_NS_YEARS = (1678, 2261)  # what datetime64[ns] can hold


def parse_times(cells: pd.Series) -> tuple[pd.Series, BoolArray]:
    """Return local times (``datetime64[ns]``, NaT where unknown) and where a cell is not a date.

    Day comes before month, as in Vietnam. Numbers are read by their size: Excel serial days
    (20,000 to 80,000), seconds or milliseconds since 1970 (UTC, shifted by nothing: the caller
    knows the zone). A time zone written in the cell is kept as the wall time it shows.
    """
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        wall = cells.dt.tz_localize(None) if getattr(cells.dt, "tz", None) is not None else cells
        beyond = (wall.notna() & ~wall.dt.year.between(_NS_YEARS[0], _NS_YEARS[1])).to_numpy(dtype=bool)
        return wall.mask(beyond).astype("datetime64[ns]"), beyond
    at_once = plain_times(cells)
    if at_once is not None:
        return at_once, np.zeros(len(cells), dtype=bool)
    codes, uniques = pd.factorize(cells, use_na_sentinel=True)
    texts = pd.Series([_time_text(u) for u in uniques], dtype="str")
    result = pd.Series(pd.NaT, index=range(len(uniques)), dtype="datetime64[ns]")
    empty = np.array([_blank_text(u) or t == "" for u, t in zip(uniques, texts, strict=True)], dtype=bool)
    open_ = ~empty
    numbered, stamps = _number_times(texts)
    numbered &= open_
    result[numbered] = stamps[numbered]
    open_[numbered] = False
    for layout in (*_TIME_FORMATS, *_DATE_FORMATS):
        if not open_.any():
            break
        tried = texts[open_] if layout != "%Y%m%d" else texts[open_ & texts.str.fullmatch(r"\d{8}").to_numpy(dtype=bool)]  # "202613" is no 3 January
        parsed = pd.to_datetime(tried, format=layout, errors="coerce")
        good = parsed.notna() & parsed.dt.year.between(_NS_YEARS[0], _NS_YEARS[1])
        result.loc[parsed.index[good]] = parsed[good].astype("datetime64[ns]")
        open_[parsed.index[good]] = False
    bad = np.append(open_, False)
    table = np.append(result.to_numpy(dtype="datetime64[ns]"), np.datetime64("NaT", "ns"))
    return pd.Series(table[codes], index=cells.index), bad[codes]


_MONTH_ONLY = re.compile(r"\d{1,2}[/.-]\d{4}|\d{4}[/.-]\d{1,2}")
_YEAR_ONLY = re.compile(r"\d{4}(?:[.,]0+)?")


def last_days(cells: pd.Series, times: pd.Series) -> pd.Series:
    """Return the ``times`` of cells (:func:`parse_times`), the last day of it where a cell tells a month or a year only: ``"12/2027"``, ``2027``."""
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return times
    texts = cells.map(clean)
    month, year = (texts.map(lambda t, form=form: form.fullmatch(t) is not None).to_numpy(dtype=bool) for form in (_MONTH_ONLY, _YEAR_ONLY))
    times = times.mask(month & times.notna().to_numpy(dtype=bool), times + pd.offsets.MonthEnd(0))
    return times.mask(year & times.notna().to_numpy(dtype=bool), times + pd.offsets.YearEnd(0))


def without_day(cells: pd.Series) -> BoolArray:
    """Return which cells tell a month or a year and no day: ``"09/2026"``, ``2026``."""
    if pd.api.types.is_datetime64_any_dtype(cells.dtype) or plain_times(cells) is not None:
        return np.zeros(len(cells), dtype=bool)
    if pd.api.types.is_numeric_dtype(cells.dtype):
        with np.errstate(invalid="ignore"):
            return np.asarray(cells.between(_ERA[0], _ERA[1], inclusive="left"), dtype=bool)
    codes, uniques = pd.factorize(cells, use_na_sentinel=True)
    texts = (_plain_text(u) for u in uniques)
    short = [len(t) < _MOMENT and (_MONTH_ONLY.fullmatch(said := _said_in_words(clean(t))) or _BARE_YEAR.fullmatch(said)) is not None for t in texts]
    return np.array([*short, False], dtype=bool)[codes]


_ERA = (1900, 2200)
_MOMENT = 19  # letters of "2026-09-01 08:00:00"; "tháng 9 năm 2026" has fewer
_BARE_YEAR = re.compile(r"(?:19|20|21)\d\d(?:[.,]0+)?")
_YEARS = re.compile(r"(?<!\d)(?:19|20|21)\d\d(?!\d)")
_YEAR_TAIL = re.compile(r"((?:19|20|21)\d\d)\s*[-–—/]\s*(\d\d)(?!\d)")  # "2027-28"
# What may stand around a year and leaves it that year: words, a quarter, a month, a day and a month.
_AROUND_YEAR = re.compile(
    r"(?:(?:trong|vao|cuoi|dau|giua|het|nam|ke hoach|dang ky|du kien|kien|giai doan|thuc hien|hoan thanh|tu|den|toi|va|ngay|thang|quy|q|t|kh|dk"
    r"|planned|expected|year|end of|from|to|iv|i{1,3}|y|(?:q|t)?\d{1,2})\s*)*"
)


def parse_years(cells: pd.Series, *, last: bool = True) -> tuple[FloatArray, BoolArray, BoolArray]:
    """Return years as people write them in plans, where a cell names a span of years, and where it is no year.

    Read are ``2027``, ``"Năm 2027"``, ``"2027 (dự kiến)"``, ``"Quý III/2027"``, ``"10/2027"`` and dates; of a span (``"2027-2028"``,
    ``"2027, 2028"``) the last year or the first. Bounds that leave that end open (``"sau 2027"``; ``"từ 2027"`` where the last year is
    meant, ``"đến 2027"`` where the first is), years of two digits and anything else are no years.

    Parameters
    ----------
    cells : (n,) Series
    last : bool
        Which year of a span is taken.
    """
    codes, uniques = pd.factorize(cells, use_na_sentinel=True)
    read = [_year(u, last=last) for u in uniques]
    values = np.array([*(r[0] for r in read), np.nan], dtype=np.float64)[codes]
    return values, np.array([*(r[1] for r in read), False], dtype=bool)[codes], np.array([*(r[2] for r in read), False], dtype=bool)[codes]


def _year(value: object, *, last: bool) -> tuple[float, bool, bool]:
    """Return one cell's year, whether it names several, and whether it is none."""
    if isinstance(value, dt.date | np.datetime64):
        return float(pd.Timestamp(value).year), False, False
    if _blank_text(value):
        return np.nan, False, False
    text = _YEAR_TAIL.sub(_whole_years, unicodedata.normalize("NFKC", clean(_plain_text(value))))
    text = re.sub(r"^(\d{4})[.,]0+$", r"\1", text)
    years = [int(y) for y in _YEARS.findall(text)]
    around = fold(_YEARS.sub(" ", text))
    if re.search(r"[<>≥≤≈~?±]", text) or re.fullmatch(r"\d+[.,]\d+", text):
        return np.nan, False, True
    begins, ends = "tu" in around.split(), bool({"den", "toi", "het"} & set(around.split()))
    if len(set(years)) == 1 and begins != ends and (begins if last else ends):
        return np.nan, False, True  # "từ 2027" ends in no year that is told, "đến 2027" begins in none
    if not years or not _AROUND_YEAR.fullmatch(around) or years != sorted(set(years)) or (len(years) > 1 and re.search(r"\d", around)):
        return np.nan, False, True
    return float(years[-1] if last else years[0]), len(years) > 1, False


def _whole_years(found: re.Match[str]) -> str:
    """Write ``"2027-28"`` as ``"2027-2028"``; a second number up to 12 is a month."""
    first, second = int(found[1]), int(found[2])
    return f"{first}-{first - first % 100 + second}" if second > max(12, first % 100) else found[0]


def _time_text(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None).isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    text = _plain_text(value).strip()
    if any(c.isalpha() for c in text) and any(c.isdigit() for c in text):
        text = _said_in_words(text)
    return re.sub(r"(?<=\d)(?:Z|[+-]\d{2}:?\d{2})$", "", text) if ":" in text else text


_DATE_WORDS = re.compile(r"(?:ngay\s+)?(\d{1,2})\s+thang\s+(\d{1,2})\s+nam\s+(\d{4})")
_MONTH_WORDS = re.compile(r"thang\s+(\d{1,2})\s+(?:nam\s+)?(\d{4})")
_ENGLISH_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_ENGLISH_DATE = re.compile(
    rf"(?:[a-z]{{3}},?\s+)?(?:(?P<d1>\d{{1,2}})[\s-]+(?P<m1>{_NAME})|(?P<m2>{_NAME})\s+(?P<d2>\d{{1,2}}),?)[\s,-]+(?P<year>\d{{4}})(?!\d)", re.IGNORECASE
)
_HOUR_WORDS = re.compile(r"\b(\d{1,2})\s*(?:h|giờ)\s*(\d{2})(?:\s*(?:phút|ph|p|'))?(?!\d)", re.IGNORECASE)
_HALF_DAY = re.compile(r"\b(\d{1,2})(:\d{2}(?::\d{2})?)\s*(SA|CH|AM|PM)\b", re.IGNORECASE)


def _said_in_words(text: str) -> str:
    """Bring Vietnamese dates in words, "10h30" and the half days SA and CH to digits."""
    folded = fold(text)
    if found := _DATE_WORDS.fullmatch(folded):
        return f"{found[1]}/{found[2]}/{found[3]}"
    if found := _MONTH_WORDS.fullmatch(folded):
        return f"{found[1]}/{found[2]}"
    if found := _ENGLISH_DATE.match(text):
        day, month = (found["d1"], found["m1"]) if found["d1"] else (found["d2"], found["m2"])
        text = f"{int(day):02d}/{_ENGLISH_MONTHS.index(month[:3].lower()) + 1:02d}/{found['year']} {text[found.end() :].strip()}".strip()
    text = _HOUR_WORDS.sub(r"\1:\2", text)
    return _HALF_DAY.sub(_whole_day, text)


def _whole_day(found: re.Match[str]) -> str:
    hour, later = int(found[1]), found[3].upper() in {"CH", "PM"}
    if not 1 <= hour <= 12:
        return found[0]
    return f"{hour % 12 + 12 * later:02d}{found[2]}"


def _number_times(texts: pd.Series) -> tuple[BoolArray, pd.Series]:
    """Return which texts are numbers that stand for moments, and the moments."""
    numbers = pd.to_numeric(texts.str.replace(r"^(\d{5}),(\d+)$", r"\1.\2", regex=True), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    stamps = np.full(len(texts), np.datetime64("NaT"), dtype="datetime64[ns]")
    with np.errstate(invalid="ignore"):
        days = (numbers >= 20_000) & (numbers <= 80_000)
        seconds = (numbers >= 6e8) & (numbers <= 4e9)
        milliseconds = (numbers >= 6e11) & (numbers <= 4e12)
    epoch = _EXCEL_EPOCH.to_datetime64()
    stamps[days] = epoch + np.round(numbers[days] * 86_400).astype("timedelta64[s]")
    unix = np.datetime64(0, "s")
    stamps[seconds] = unix + np.round(numbers[seconds] * 1e3).astype("timedelta64[ms]")
    stamps[milliseconds] = unix + np.round(numbers[milliseconds]).astype("timedelta64[ms]")
    return days | seconds | milliseconds, pd.Series(stamps, index=texts.index)
