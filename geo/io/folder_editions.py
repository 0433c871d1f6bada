"""Two editions of one list of sites in a folder: which is the later, by what names, titles and the workbook itself say; nothing is guessed."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
import zlib
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from geo.errors import Bilingual
from geo.text import fold

__all__ = ["Edition", "SiteKey", "later_edition", "saved_on", "stated_period"]

#: Operator with technology, and site code, as they stand in a list.
SiteKey = tuple[str, str]
Period = tuple[dt.date, dt.date]

_YEAR = r"(20\d\d)(?!\d)"
_DAY_FIRST = re.compile(rf"(?<!\d)(\d\d?)(?:[ ./_-]|\s+thang\s+)(\d\d?)(?:[ ./_-]|\s+nam\s+){_YEAR}")
_YEAR_FIRST = re.compile(r"(?<!\d)(20\d\d)[ ./_-]?([01]\d)[ ./_-]?([0-3]\d)(?!\d)")
_QUARTER = re.compile(rf"(?<![a-z0-9])q(?:uy)?[ ._-]*([1-4]|iv|i{{1,3}})[ ./_-]+(?:nam\s+)?{_YEAR}")
_MONTH = re.compile(rf"(?<!\d)([01]?\d)(?:[ ./_-]|\s+nam\s+){_YEAR}")
_MONTH_LAST = re.compile(r"(?<!\d)(20\d\d)[ ./_-]([01]\d)(?!\d)")
_ONLY_YEAR = re.compile(rf"(?<!\d){_YEAR}")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_SAVED = re.compile(rb"<dcterms:modified\b[^>]*>(\d{4})-(\d\d)-(\d\d)")
_PROPERTIES = "docProps/core.xml"
_PROPERTIES_MAX = 1 << 16
_METRES_PER_DEGREE = 111_320.0
_DEGREES_MAX = 180.0
_NAMED = 5  # sites that are named in a reason


@dataclass(frozen=True, slots=True)
class Edition:
    """A list of sites, as far as it tells when it was made.

    Attributes
    ----------
    file : str
        Relative to the folder.
    sites : mapping
        Each site's position as its list gives it (degrees, or metres in whatever system), NaN where it gives none.
    titles : sequence of str
        What stands above the tables.
    saved : date or None
        The day on which the workbook says that it was saved.
    """

    file: str
    sites: Mapping[SiteKey, tuple[float, float]]
    titles: Sequence[str] = ()
    saved: dt.date | None = None


def stated_period(text: str) -> Period | None:
    """Return the first and the last day of the one day, quarter, month or year that a text states; None if none or several."""
    plain = fold(text)
    for found in (_days(plain), _spans(_QUARTER, plain, 3), _months(plain), _years(plain)):
        periods = set(found)
        if periods:
            return periods.pop() if len(periods) == 1 else None
    return None


def _days(text: str) -> Iterator[Period]:
    numbers = [(y, m, d) for d, m, y in _DAY_FIRST.findall(text)] + _YEAR_FIRST.findall(text)
    for year, month, day in numbers:
        try:
            date = dt.date(int(year), int(month), int(day))
        except ValueError:
            continue
        yield date, date


def _spans(pattern: re.Pattern[str], text: str, months: int) -> Iterator[Period]:
    for number, year in pattern.findall(text):
        first = ((int(_ROMAN.get(number, 0)) or int(number)) - 1) * months + 1
        if 1 <= first <= 13 - months:
            last = first + months - 1
            yield dt.date(int(year), first, 1), dt.date(int(year), last, monthrange(int(year), last)[1])


def _months(text: str) -> Iterator[Period]:
    yield from _spans(_MONTH, text, 1)
    yield from _spans(_MONTH, " ".join(f"{month}.{year}" for year, month in _MONTH_LAST.findall(text)), 1)


def _years(text: str) -> Iterator[Period]:
    for year in _ONLY_YEAR.findall(text):
        yield dt.date(int(year), 1, 1), dt.date(int(year), 12, 31)


def saved_on(path: Path) -> dt.date | None:
    """Return the day on which a workbook (.xlsx, .xlsm) says that it was saved; what the disk says of a file is that of its last copy."""
    if path.suffix.lower() not in {".xlsx", ".xlsm"}:
        return None
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_PROPERTIES) as stream:
            found = _SAVED.search(stream.read(_PROPERTIES_MAX))
        return dt.date(*(int(n) for n in found.groups())) if found else None
    except (OSError, KeyError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error):  # NotImplementedError is a RuntimeError
        return None  # the workbook says nothing; what is wrong with it is said where it is read


def later_edition(one: Edition, other: Edition, *, today: dt.date, whole_share: float, apart_m: float) -> tuple[Edition, Edition, Bilingual] | None:
    """Return the earlier and the later of two editions of one list, and why; None if that cannot be told.

    Names of the files, titles and names of folders are asked, each by itself; what they say must agree, and a period that begins after
    ``today`` is a plan's. The earlier one must be replaced by the later one: ``whole_share`` of its sites are in it, and of those that
    share lies within ``apart_m`` of where they were (running numbers of two districts are not the same sites). Where nothing states a
    period, the days on which the workbooks were saved decide, if the later one holds every site of the earlier.

    Parameters
    ----------
    one, other : Edition
    today : date
    whole_share : float
        0 to 1.
    apart_m : float
        Metres.
    """
    verdicts: dict[str, tuple[Edition, Edition, Bilingual, str, str]] = {}
    for word, of_one, of_other in _sources(one, other):
        if of_one and of_other and max(of_one[0], of_other[0]) <= today:
            if of_one[0] > of_other[1]:
                verdicts.setdefault(one.file, (other, one, word, _said(of_other), _said(of_one)))
            elif of_other[0] > of_one[1]:
                verdicts.setdefault(other.file, (one, other, word, _said(of_one), _said(of_other)))
    least = whole_share
    if not verdicts and one.saved and other.saved and one.saved != other.saved:
        old, new = sorted((one, other), key=lambda e: e.saved or today)
        if new.saved and new.saved <= today:
            word = Bilingual("ngày lưu ghi trong tệp", "the day of saving in the file")
            verdicts[new.file] = (old, new, word, f"{old.saved:%d/%m/%Y}", f"{new.saved:%d/%m/%Y}")
            least = 1.0
    if len(verdicts) != 1:
        return None
    old, new, word, was, now = next(iter(verdicts.values()))
    common = sorted(old.sites.keys() & new.sites.keys())
    if not common or len(common) < least * len(old.sites) or _where_they_were(old, new, common, apart_m) < whole_share:
        return None
    gone = sorted({code.upper() for _, code in old.sites.keys() - new.sites.keys()})
    listed = ", ".join(gone[:_NAMED]) + (", …" if len(gone) > _NAMED else "")
    return old, new, Bilingual(
        f"bản cũ hơn của '{new.file}' theo {word.vi} ({was}, bản kia {now}); {len(common)} trong {len(old.sites)} mã trạm có ở bản mới"
        + (f"; chỉ có ở bản này, không được dùng: {listed}" if gone else ""),
        f"an earlier edition of '{new.file}' by {word.en} ({was}, the other {now}); {len(common)} of {len(old.sites)} site codes are in the later one"
        + (f"; in this one only, not used: {listed}" if gone else ""),
    )


def _sources(one: Edition, other: Edition) -> Iterator[tuple[Bilingual, Period | None, Period | None]]:
    yield Bilingual("tên tệp", "the names of the files"), *(stated_period(PurePosixPath(e.file).stem) for e in (one, other))  # type: ignore[misc]
    yield Bilingual("dòng tiêu đề", "their titles"), *(stated_period(" ; ".join(e.titles)) for e in (one, other))  # type: ignore[misc]
    yield Bilingual("tên thư mục", "the names of the folders"), *(_folder_period(e.file) for e in (one, other))  # type: ignore[misc]


def _folder_period(file: str) -> Period | None:
    return next((p for f in reversed(PurePosixPath(file).parts[:-1]) if (p := stated_period(f))), None)


def _said(period: Period) -> str:
    first, last = period
    if first == last:
        return f"{first:%d/%m/%Y}"
    return f"{first:%Y}" if (first.month, last.month) == (1, 12) else f"{first:%m/%Y}" if first.month == last.month else f"{first:%m}–{last:%m/%Y}"


def _where_they_were(old: Edition, new: Edition, common: Sequence[SiteKey], apart_m: float) -> float:
    """Return the share of sites that lie in both lists at the same place."""
    before: npt.NDArray[np.float64] = np.array([old.sites[k] for k in common], dtype=np.float64)
    after: npt.NDArray[np.float64] = np.array([new.sites[k] for k in common], dtype=np.float64)
    unit = np.where((np.abs(before) <= _DEGREES_MAX).all(axis=1), _METRES_PER_DEGREE, 1.0)
    with np.errstate(invalid="ignore"):
        return float(np.mean(np.abs(before - after).max(axis=1) * unit <= apart_m))
