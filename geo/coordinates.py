"""Angles as people write them: decimal degrees, degrees-minutes-seconds, Vietnamese and English letters.

Nothing here decides what a column *is*; it only reads cells. Two spellings carry a question that a
single cell cannot answer and that is handed on: ``N`` is north in English and *Nam* (south) in
Vietnamese, and a pair in one cell may be latitude-longitude or the reverse.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.columns import plain_numbers
from geo.text import clean, fold
from geo.values import is_blank, parse_numbers

__all__ = [
    "Angle", "AngleColumn", "angle_part", "join_angle_parts", "looks_packed", "parse_angle", "parse_angles", "split_pair",
]  # fmt: skip

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_MARKS = str.maketrans(
    {
        "º": "°", "˚": "°", "⁰": "°", "ᵒ": "°", "∘": "°", "*": "°", "¤": "°",
        "′": "'", "’": "'", "‘": "'", "´": "'", "`": "'", "ʹ": "'", "ʼ": "'", "΄": "'", "＇": "'",
        "″": '"', "”": '"', "“": '"', "„": '"', "ʺ": '"', "〃": '"', "＂": '"',
        "−": "-", "–": "-", "—": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "，": ",", "．": ".",
    }
)  # fmt: skip
_TEXT_MARK = re.compile(r"^'(?=[-+]?\d)")  # by which a spreadsheet keeps a number a text
_LABEL = re.compile(
    r"^\s*(?P<label>v[ĩi]\s*[đd][ộo]|kinh\s*[đd][ộo]|latitude|longitude|lat|long|lng|lon|vđ|kđ)\s*[:=]?\s*"
    r"(?=[^a-zA-ZđĐ]|$|[NSEWBĐDT]\b)",
    re.IGNORECASE,
)
_WORDS = (
    (re.compile(r"(?<=[\d\s])(?:độ|do|degrees?|deg)(?![a-zđ])", re.IGNORECASE), "°"),
    (re.compile(r"(?<=[\d\s])(?:phút|phut|minutes?|min)(?![a-zđ])", re.IGNORECASE), "'"),
    (re.compile(r"(?<=[\d\s])(?:giây|giay|seconds?|sec)(?![a-zđ])", re.IGNORECASE), '"'),
)
_AXIS_WORD = re.compile(r"\s*(?:v[ĩi]|kinh)(?:\s*(?:[đd][ộo]|tuyến))?\s+(?=(?:bắc|bac|nam|đông|dong|tây|tay)\s*\.?$)", re.IGNORECASE)
_HEMISPHERES = {
    "n": "N", "north": "N", "s": "S", "south": "S", "e": "E", "east": "E", "w": "W", "west": "W",
    "b": "B", "bắc": "B", "bac": "B", "nam": "M", "đ": "D", "đông": "D", "dong": "D", "d": "D",
    "t": "T", "tây": "T", "tay": "T",
}  # fmt: skip
_HEMISPHERE_WORD = r"(?:north|south|east|west|bắc|bac|nam|đông|dong|tây|tay|[nsewbđdt])"
_LEADING = re.compile(rf"^({_HEMISPHERE_WORD})[\s.:]*(?=[-+\d])", re.IGNORECASE)
_TRAILING = re.compile(rf"(?<=[\d°'\"\s.])({_HEMISPHERE_WORD})\s*\.?$", re.IGNORECASE)
_AFTER_LETTER_MARK = re.compile(rf"(?<=[dDmMsSpPgG])\s*({_HEMISPHERE_WORD})\s*\.?$", re.IGNORECASE)
_LETTER_MARKS = re.compile(
    r"^([-+]?\d{1,3})\s*[dDoO]\s*(\d{1,2}(?:[.,]\d+)?)\s*(?:[mMpP']\s*(?:(\d{1,2}(?:[.,]\d+)?)\s*(?:[sSgG]|\"|'')?)?)?$"
)
_NUMBER = r"\d+(?:[.,]\d+)?"
_MARKED = re.compile(
    rf"^([-+]?)\s*({_NUMBER})\s*°\s*(?:({_NUMBER})\s*(?:'(?!')\s*(?:({_NUMBER})\s*(?:\"|''|'\s')?\s*(\d+)?\s*)?)?)?$"
)
_SEPARATED = re.compile(
    r"^([-+]?)(\d{1,3})(?:\s*([ :;_/\-.,])\s*)(\d{1,2})\s*\3\s*(\d{1,2}(?:(?!\3)[.,]\d+)?)$"
)
_MINUTES_ONLY = re.compile(r"^([-+]?)(\d{1,3})(?:\s+|\s*:\s*)(\d{1,2}(?:[.,]\d+)?)'?$")
_DECIMAL = re.compile(r"^[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)$")
_DEGREES, _THOUSAND = 180.0, 1000.0
_LAT_LABELS = ("v", "lat")


@dataclass(frozen=True, slots=True)
class Angle:
    """One cell read as an angle.

    Attributes
    ----------
    value : float
        Degrees, or whatever the bare number was; the sign of an unmistakable letter is applied.
    letter : str
        ``N S E W`` (English), ``B M D T`` (Bắc, Nam, Đông, Tây) or empty.
    label : str
        ``lat`` or ``lon`` where the cell names its axis, else empty.
    sexagesimal : bool
        Whether degrees and minutes were written apart.
    """

    value: float
    letter: str = ""
    label: str = ""
    sexagesimal: bool = False

    @property
    def axis(self) -> str:
        """``lat``, ``lon`` or empty, from letter or label."""
        if self.letter in {"N", "S", "B", "M"}:
            return "lat"
        if self.letter in {"E", "W", "D", "T"}:
            return "lon"
        return self.label


@dataclass(frozen=True, slots=True)
class AngleColumn:
    """A column of angles; all arrays have the column's length.

    Attributes
    ----------
    values : (n,) float64
        Degrees or bare numbers; NaN where blank or unreadable.
    letters, labels : (n,) object
        As in :class:`Angle`.
    sexagesimal, blank, unreadable : (n,) bool
    plain : bool
        No cell has a letter or label: all are bare decimal numbers.
    """

    values: FloatArray
    letters: npt.NDArray[np.object_]
    labels: npt.NDArray[np.object_]
    sexagesimal: BoolArray
    blank: BoolArray
    unreadable: BoolArray
    plain: bool = False

    @property
    def vietnamese(self) -> BoolArray:
        """Where a cell carries a Vietnamese letter (Bắc, Nam written out, Đông, Tây)."""
        return np.isin(self.letters, ["B", "M", "D", "T"])

    @property
    def english(self) -> BoolArray:
        """Where a cell carries a letter that is English only (S, E, W)."""
        return np.isin(self.letters, ["S", "E", "W"])


def parse_angle(text: object) -> Angle | None:
    """Read one angle, or return None if the text is none.

    Accepts decimal degrees with point or comma, degrees-minutes-seconds with any of the usual
    marks, letters or words, degrees with decimal minutes, and a hemisphere before or after.
    """
    plain = _TEXT_MARK.sub("", clean(str(text).translate(_MARKS)).strip(" ;,"))
    label = ""
    if found := _LABEL.match(plain):
        label = "lat" if found["label"].casefold().startswith(_LAT_LABELS) else "lon"
        plain = plain[found.end() :].strip()
    if label == "" and (axis := re.match(r"^[XY]\s*[:=]\s*", plain, re.IGNORECASE)):
        plain = plain[axis.end() :]
    plain = _AXIS_WORD.sub(" ", plain)
    for word, mark in _WORDS:
        plain = word.sub(mark, plain)
    plain, letter = _take_hemisphere(plain.strip())
    magnitude = _magnitude(plain)
    if magnitude is None:
        return None
    value, sexagesimal = magnitude
    if letter in {"S", "M", "W", "T"}:
        if value < 0:
            return None  # "-21°S" says the sign twice
        value = -value
    return Angle(value, letter, label, sexagesimal)


def _take_hemisphere(text: str) -> tuple[str, str]:
    if _LETTER_MARKS.match(text):  # 21d01m42s: its letters are marks
        return text, ""
    if found := _LEADING.match(text):
        return text[found.end() :].strip(), _HEMISPHERES[found[1].casefold()]
    if (found := _AFTER_LETTER_MARK.search(text)) and _LETTER_MARKS.match(text[: found.start()].strip()):
        return text[: found.start()].strip(), _HEMISPHERES[found[1].casefold()]
    if found := _TRAILING.search(text):
        unmarked = "'" in text and '"' not in text and "''" not in text
        degrees = re.match(r"\d+", text)
        seconds_mark = found[1] == "s" or (found[1] == "S" and degrees is not None and int(degrees[0]) > 90)
        if not (unmarked and seconds_mark):
            return text[: found.start()].strip(), _HEMISPHERES[found[1].casefold()]
        return text[: found.start()].strip() + '"', ""
    return text, ""


def _magnitude(text: str) -> tuple[float, bool] | None:
    if _DECIMAL.match(text):
        return float(text.replace(",", ".")), False
    if found := _LETTER_MARKS.match(text):
        sign = "-" if found[1].startswith("-") else ""
        return _combine(sign, found[1].lstrip("+-"), found[2], found[3])
    marked = re.sub(r"(?<=\d)\s*[oO]\s*(?=\d|$)", "°", text)
    if found := _MARKED.match(marked):
        seconds = found[4]
        if seconds and found[5]:  # 42"5: the mark stands where the point would
            if "." in seconds or "," in seconds:
                return None
            seconds = f"{seconds}.{found[5]}"
        if found[3] is None:
            return _signed(found[1], float(found[2].replace(",", "."))), False
        return _combine(found[1], found[2], found[3], seconds)
    if (found := _SEPARATED.match(text)) and not (found[3] in ".," and len(found[2]) + len(found[4]) > 5):
        return _combine(found[1], found[2], found[4], found[5])
    if found := _MINUTES_ONLY.match(text):
        return _combine(found[1], found[2], found[3], None)
    return None


def _signed(sign: str, value: float) -> float:
    return -value if sign == "-" else value


def _combine(sign: str, degrees: str, minutes: str, seconds: str | None) -> tuple[float, bool] | None:
    d, m = float(degrees.replace(",", ".")), float(minutes.replace(",", "."))
    s = float(seconds.replace(",", ".")) if seconds else 0.0
    whole = d == int(d) and (seconds is None or m == int(m))
    if not whole or m >= 60 or s > 60 or d > 180:
        return None
    return _signed(sign, d + m / 60 + s / 3600), True


def _may_be_coordinate(value: float) -> bool:
    """Degrees, or metres of a projected system; nothing in between is ever a coordinate here."""
    return abs(value) <= 180 or abs(value) >= 200_000


def parse_angles(cells: pd.Series) -> AngleColumn:
    """Read a column of angles or of plain numbers (metres too: they stay as they are)."""
    n = len(cells)
    letters, labels = np.full(n, "", dtype=object), np.full(n, "", dtype=object)
    sexagesimal = np.zeros(n, dtype=bool)
    at_once = plain_numbers(cells)
    if at_once is not None:
        blank = np.isnan(at_once)
        if _whole_metres(cells, at_once):
            at_once = np.round(at_once * _THOUSAND)
        return AngleColumn(at_once, letters, labels, sexagesimal, blank, np.zeros(n, dtype=bool), plain=True)
    blank = is_blank(cells)
    numbers = parse_numbers(cells, plausible=_may_be_coordinate)
    values = numbers.values.copy()
    texts = cells.map(lambda c: isinstance(c, str)).to_numpy(dtype=bool) if n else np.zeros(0, bool)
    # Only what is not a plain number goes through the slow reading, once per distinct text.
    plain = np.isfinite(pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan))
    rest = np.flatnonzero(texts & ~blank & ~plain)
    read: dict[str, Angle | None] = {}
    for i in rest:
        text = str(cells.iloc[int(i)])
        if text not in read:
            read[text] = parse_angle(text)
        angle = read[text]
        if angle is None:
            continue
        if not (angle.sexagesimal or angle.letter or angle.label) and np.isfinite(values[i]):
            continue  # the column's own decimal mark decides between "105,854" and 105854
        values[i], letters[i], labels[i] = angle.value, angle.letter, angle.label
        sexagesimal[i] = angle.sexagesimal
    unreadable = np.isnan(values) & ~blank
    return AngleColumn(values, letters, labels, sexagesimal, blank, unreadable)


def _whole_metres(cells: pd.Series, values: FloatArray) -> bool:
    """Tell whether points are thousands marks throughout: "505.123" is no angle and no place in metres, 505123 is an easting."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        if not known.any() or not ((values > _DEGREES) & (values < _THOUSAND))[known].all():
            return False
    return bool(cells[known].astype("str").str.strip().str.fullmatch(r"\d{3}\.\d{3}").all())


_PAIR_SPLITS = (r"\s*[;|\n\t]\s*", r"\s*/\s*", r",\s+", r"\s+-\s+", r"\s+và\s+", r",", r"\s+")
_POINT = re.compile(r"^POINT\s*Z?\s*\(\s*([-+\d.eE]+)\s+([-+\d.eE]+)(?:\s+[-+\d.eE]+)?\s*\)$", re.IGNORECASE)


def split_pair(text: object) -> tuple[Angle, Angle] | None:
    """Read two coordinates in one cell, in the order written; None if that cannot be done one way only.

    ``POINT (x y)`` is returned as latitude, longitude, labelled.
    """
    plain = str(text).translate(_MARKS).strip()
    if found := _POINT.match(plain):
        return Angle(float(found[2]), label="lat"), Angle(float(found[1]), label="lon")
    plain = plain.strip("()[]{} ")
    for pattern in _PAIR_SPLITS:
        cuts = [m.span() for m in re.finditer(pattern, plain)]
        # an odd number of separators has one in the middle: "21 01 42 105 51 15" splits after the third
        if not cuts or len(cuts) % 2 == 0:
            continue
        start, end = cuts[len(cuts) // 2]
        first, second = parse_angle(plain[:start]), parse_angle(plain[end:])
        if first is not None and second is not None:
            return first, second
    middle = re.match(rf"^(.*\d[°'\"\s]*{_HEMISPHERE_WORD})[\s,]*(.*{_HEMISPHERE_WORD})$", plain, re.IGNORECASE)
    if middle:
        first, second = parse_angle(middle[1]), parse_angle(middle[2])
        if first is not None and second is not None and first.axis != second.axis:
            return first, second
    return None


_PART_AXIS = re.compile(r"(?:^| )(?:(kinh do|kinh tuyen|longitude|long|lon|lng|kd)|vi do|vi tuyen|latitude|lat|vd)(?= |$)")
_PART_NAMES = {
    "do": "d", "deg": "d", "degree": "d", "degrees": "d", "d": "d",
    "phut": "m", "min": "m", "minute": "m", "minutes": "m", "m": "m",
    "giay": "s", "sec": "s", "second": "s", "seconds": "s", "s": "s",
}  # fmt: skip
_PART_MARKS = re.compile(r"(°|''|\"|')\s*[)\]]?$")
_MARK_PARTS = {"°": "d", "'": "m", "''": "s", '"': "s"}


def angle_part(header: object) -> tuple[str, str]:
    """Return the axis (``lon``, ``lat`` or empty) and the part (``d``, ``m``, ``s`` or empty) that a header names.

    ``"Kinh độ (phút)"`` is ``("lon", "m")``, ``"Giây"`` is ``("", "s")``, ``"Kinh độ"`` is ``("lon", "")``.
    """
    text = clean(header)
    folded = fold(text)
    axis, rest = "", folded
    if found := _PART_AXIS.search(folded):
        axis, rest = "lon" if found[1] else "lat", folded[: found.start()] + folded[found.end() :]
    if mark := _PART_MARKS.search(text.translate(_MARKS)):
        return axis, _MARK_PARTS[mark[1]]
    return axis, _PART_NAMES.get(rest.strip(), "")


def join_angle_parts(degrees: object, minutes: object, seconds: object) -> str | None:
    """Return degrees, minutes and seconds of three cells as one text for :func:`parse_angle`.

    None where all are blank. Where the minutes are blank the text says so with a question mark, which
    does not read as an angle, unless the degrees have decimals of their own.
    """
    d, m, s = (f"{c:.10g}" if isinstance(c, float) and c == c else clean(c) for c in (degrees, minutes, seconds))
    if not (d or m or s):
        return None
    if d and not m and not s and not d.replace("-", "").isdigit():
        return d
    return f"{d or '?'}°{m or '?'}'" + (f'{s}"' if s else "")


def looks_packed(lon: FloatArray, lat: FloatArray, *, least: int = 10) -> bool:
    """Tell whether a list's degrees look like degrees-minutes-seconds written as one number (``104.582440``).

    In decimal degrees the first two and the next two decimals are any of 00 to 99; in DD.MMSS they are
    minutes and seconds and never reach 60. With the third and fourth decimals of ``n`` different
    places alike by chance in ``0.6^(2 n)`` of lists (4e-5 for ten), a list in which none reaches 60 is
    hardly decimal. Places whose third and fourth decimals are both 00 say nothing and do not count.

    Parameters
    ----------
    lon, lat : (n,) float64
        As they came, in degrees; NaN is left out.
    least : int
        Fewest different places that can tell.
    """
    pairs = np.unique(np.column_stack([np.abs(lon), np.abs(lat)]), axis=0)
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    digits = np.floor((pairs - np.floor(pairs)) * 1e4 + 1e-4).astype(np.int64)
    digits = digits[(digits % 100 != 0).all(axis=1)]
    return len(digits) >= least and bool(((digits // 100 < 60) & (digits % 100 < 60)).all())
