"""Speeds of packages as contracts write them: "300/300", "300M", "1G", "300/150 Mbps"; names and prices of packages are no speeds."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import numpy as np
import pandas as pd

from geo.io.speed_units import SPEED_UNITS, header_unit, plausible_mbps
from geo.io.tables import Table
from geo.text import clean, fold
from geo.validation import IssueLog
from geo.values import is_blank, parse_texts

__all__ = ["settle_packages"]

_NUMBER = r"\d+(?:[.,]\d+)*"
_UNIT = r"[kKmMgG](?:bit|[bB])?(?:\s*/\s*s|ps|PS)?"
_ONE = re.compile(rf"({_NUMBER})\s*({_UNIT})?\.?")
_TWO = re.compile(rf"({_NUMBER})\s*({_UNIT})?\s*[/|\\]\s*({_NUMBER})\s*({_UNIT})?\.?")
_SHORT = {"k": "kbit/s", "kb": "kbit/s", "m": "Mbit/s", "mb": "Mbit/s", "g": "Gbit/s", "gb": "Gbit/s"}
_PRICE = re.compile(rf"{_NUMBER}\s*[kK]")  # "299K": thousands of đồng, or kbit/s
#: A speed within a name: its unit is written out to the second, so that it cannot count anything else.
_WHOLE_UNIT = r"[kKmMgG](?:bit|b)s?(?:\s*/\s*s(?:ec)?|ps)(?![A-Za-z])"
_IN_NAME = re.compile(rf"(?<![\d.,])({_NUMBER})\s*({_WHOLE_UNIT})", re.IGNORECASE)
_TWO_IN_NAME = re.compile(rf"(?<![\d.,])({_NUMBER})\s*({_WHOLE_UNIT})?\s*[/|\\]\s*({_NUMBER})\s*({_WHOLE_UNIT})", re.IGNORECASE)
#: What makes a speed within a text another one than the package's: a bound, a speed after its data are used up, an amount of data.
_NOT_ITS_OWN = re.compile(r"[<>≥≤~≈]|\b(?:tu|tren|duoi|hon|gan|khoang|het|ha (?:bang thong|toc do|xuong|con)|giam|sau|den|con|cam ket|toi thieu|upto|up to)\b|\d\s*(?:gb|mb|tb)\b")
_UP, _DOWN = ("tai len", "upload", "up", "ul"), ("tai xuong", "tai ve", "download", "down", "dl")


def settle_packages(table: Table, frame: pd.DataFrame, *, unit: str, rows: int, log: IssueLog) -> pd.DataFrame:
    """Return rows whose packages are each one speed, with its unit where the cell names one; what was taken apart or left is stated.

    ``"300/150"`` is download and upload (the header's order where it names both); an upload of the row's own column stays. A name of a package
    ("Fiber 300") is no speed: what its number counts is not told; one that holds a speed with its whole unit ("Home 1 (150Mbps)") tells it. "299K" may be a
    price, and is no speed unless the header counts kbit/s. Of two speeds with one unit both have it ("500/500 Mbps"), unless no line carries that: "1G/500"
    is 1 Gbit/s and 500 Mbit/s; where the second may be of either unit ("1G/5") it is unknown. Numbers without any unit are Mbit/s, in which packages are
    sold, where they are too few to tell it themselves.

    Parameters
    ----------
    table : Table
    frame : DataFrame
    unit : str
        What the project file or the program says of all speeds; empty: nothing.
    rows : int
        Fewer numbers do not tell a unit (:class:`~geo.io.speed_units.UnitRules`).
    log : IssueLog
    """
    if "package_download" in frame.columns and not pd.api.types.is_numeric_dtype(frame["package_download"].dtype):
        frame = _taken_apart(table, frame, log)
    for name in ("package_download", "package_upload"):
        if name in frame.columns and not unit and not header_unit(table.header(name)):
            frame = _in_mbps(table, frame, name, rows, log)
    return frame


def _in_mbps(table: Table, frame: pd.DataFrame, name: str, rows: int, log: IssueLog) -> pd.DataFrame:
    """Return rows whose few numbers without a unit have Mbit/s beside them, stated."""
    texts = parse_texts(frame[name])
    bare = texts.str.fullmatch(_NUMBER).fillna(value=False).to_numpy(dtype=bool)
    if not 0 < bare.sum() < rows:
        return frame
    log.add("package_unit_taken", table.source, rows=() if bare.all() else frame.index[bare], column=table.header(name), came=texts[bare].iloc[0])
    return frame.assign(**{name: frame[name].astype(object).mask(bare, texts + " Mbit/s")})


@dataclass(frozen=True, slots=True)
class _Package:
    """One cell read: speeds as texts (upload None where one speed stands there), and what is to be said of it (a code, or nothing)."""

    down: object = None
    up: str | None = None
    said: str = ""


def _taken_apart(table: Table, frame: pd.DataFrame, log: IssueLog) -> pd.DataFrame:
    cells, header = frame["package_download"], table.header("package_download")
    of_header = header_unit(header)
    codes, uniques = pd.factorize(cells, use_na_sentinel=True)
    empty = is_blank(pd.Series(uniques, dtype=object))
    read = [*(_Package(value) if blank else _read(value, of_header) for value, blank in zip(uniques, empty, strict=True)), _Package()]
    pairs = np.array([p.up is not None for p in read], dtype=bool)[codes]
    said = np.array([p.said for p in read], dtype=object)[codes]
    for code in ("package_not_speed", "package_price", "package_speed_in_name", "package_second_unit"):
        rows = said == code
        if rows.any():
            log.add(code, table.source, rows=() if rows.all() else frame.index[rows], column=header, came=cells[rows].iloc[0] if rows.all() else list(cells[rows]))
    down = np.array([*(p.down for p in read), None], dtype=object)[:-1][codes]
    up = np.array([*(p.up or None for p in read), None], dtype=object)[:-1][codes]
    if pairs.any():
        if _upload_first(header):
            down[pairs], up[pairs] = up[pairs].copy(), down[pairs].copy()
        up[pairs] = [f"{text} {of_header}".strip() if text and re.fullmatch(_NUMBER, str(text)) else text for text in up[pairs]]
        order = "tải lên/tải xuống" if _upload_first(header) else "tải xuống/tải lên"
        log.add("package_two_speeds", table.source, rows=() if pairs.all() else frame.index[pairs], column=header,
                came=str(cells[pairs].iloc[0]), fields={"order": order})
        own = frame["package_upload"] if "package_upload" in frame.columns else pd.Series(None, index=frame.index, dtype=object)
        texts = parse_texts(own)
        told = pd.Series(up, index=frame.index)
        differ = pairs & (told.notna() & (texts != "") & (texts.map(_figure) != told.map(_figure))).to_numpy(dtype=bool)
        if differ.any():
            log.add("package_upload_differs", table.source, rows=frame.index[differ], column=table.header("package_upload"), came=list(texts[differ]))
        frame = frame.assign(package_upload=own.astype(object).where(~pairs | (texts != "").to_numpy(dtype=bool), up))
    return frame.assign(package_download=pd.Series(down, index=frame.index, dtype=object))


def _read(value: object, of_header: str) -> _Package:
    text = unicodedata.normalize("NFKC", clean(value))
    if found := _TWO.fullmatch(text):
        return _two(found[1], found[2], found[3], found[4], of_header)
    if _PRICE.fullmatch(text) and of_header != "kbit/s":
        return _Package(said="package_price")
    if found := _ONE.fullmatch(text):
        return _Package(f"{found[1]} {_unit(found[2])}".strip() if found[2] else value)
    speeds, pairs = _IN_NAME.findall(text), _TWO_IN_NAME.findall(text)
    if (len(speeds) == 1 or (len(pairs) == 1 and len(speeds) <= 2)) and not _NOT_ITS_OWN.search(f"{fold(_IN_NAME.sub(' ', text))} {text}"):
        if pairs:
            first, unit, second, other = (part or None for part in pairs[0])
            two = _two(first or "", unit, second or "", other, of_header)
            return _Package(two.down, two.up, two.said or "package_speed_in_name")
        return _Package(f"{speeds[0][0]} {speeds[0][1]}", said="package_speed_in_name")
    return _Package(said="package_not_speed") if re.match(r"[^\W\d]", text) else _Package(value)


def _two(first: str, unit: str | None, second: str, other: str | None, of_header: str) -> _Package:
    """Return two speeds of which one or both name a unit; an upload of "" is there and not known."""
    own, others = _unit(unit), _unit(other)
    if own and not others and own == "Gbit/s":
        if of_header not in SPEED_UNITS and _mbps(second, own) <= plausible_mbps():  # "1G/5"
            return _Package(f"{first} {own}", "", "package_second_unit")
        others = of_header if of_header in SPEED_UNITS else "Mbit/s"
    elif others and not own and others == "Gbit/s" and _mbps(first, others) > plausible_mbps():
        own = "Mbit/s"  # "500/1G"
    own, others = own or others, others or own
    return _Package(f"{first} {own}".strip(), f"{second} {others}".strip())


def _mbps(number: str, unit: str) -> float:
    plain = number.replace(",", ".")
    return float(plain) / SPEED_UNITS[unit] if plain.count(".") < 2 else float("inf")


def _unit(text: str | None) -> str:
    """Return the unit of a package: of "M" and "G" megabits and gigabits each second, as packages are sold; other texts as they are."""
    return _SHORT.get((text or "").lower(), text or "") if not (text or "").endswith("B") else text or ""


def _figure(text: object) -> str:
    found = re.match(_NUMBER, clean(text))
    return found[0] if found else ""


def _upload_first(header: str) -> bool:
    words = f" {fold(header)} "
    up, down = (min((words.find(f" {w} ") for w in names if f" {w} " in words), default=-1) for names in (_UP, _DOWN))
    return 0 <= up < down
