"""Speeds of packages as contracts write them: "300/300", "300M", "1G", "300/150 Mbps"; names of packages are no speeds."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd

from geo.io.speed_units import header_unit
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
_UP, _DOWN = ("tai len", "upload", "up", "ul"), ("tai xuong", "tai ve", "download", "down", "dl")


def settle_packages(table: Table, frame: pd.DataFrame, *, unit: str, rows: int, log: IssueLog) -> pd.DataFrame:
    """Return rows whose packages are each one speed, with its unit where the cell names one; what was taken apart or left is stated.

    ``"300/150"`` is download and upload (the header's order where it names both); an upload of the row's own column stays. A name of a package
    ("Fiber 300") is no speed: what its number counts is not told. Numbers without any unit are Mbit/s, in which packages are sold, where they are too
    few to tell it themselves.

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


def _taken_apart(table: Table, frame: pd.DataFrame, log: IssueLog) -> pd.DataFrame:
    cells, header = frame["package_download"], table.header("package_download")
    codes, uniques = pd.factorize(cells, use_na_sentinel=True)
    empty = is_blank(pd.Series(uniques, dtype=object))
    read = [(value, None, False) if blank else _read(value) for value, blank in zip(uniques, empty, strict=True)]
    pairs = pd.Series([*(up is not None for _, up, _ in read), False]).to_numpy(dtype=bool)[codes]
    named = pd.Series([*(name for _, _, name in read), False]).to_numpy(dtype=bool)[codes]
    if named.any():
        log.add("package_not_speed", table.source, rows=() if named.all() else frame.index[named], column=header, came=cells[named].iloc[0] if named.all() else list(cells[named]))
    down = pd.Series([*(None if name else d for d, _, name in read), None], dtype=object).to_numpy()[codes]
    up = pd.Series([*(u for _, u, _ in read), None], dtype=object).to_numpy()[codes]
    if pairs.any():
        if _upload_first(header):
            down[pairs], up[pairs] = up[pairs].copy(), down[pairs].copy()
        of_header = header_unit(header)
        up[pairs] = [f"{text} {of_header}".strip() if re.fullmatch(_NUMBER, str(text)) else text for text in up[pairs]]
        order = "tải lên/tải xuống" if _upload_first(header) else "tải xuống/tải lên"
        log.add("package_two_speeds", table.source, rows=() if pairs.all() else frame.index[pairs], column=header,
                came=str(cells[pairs].iloc[0]), fields={"order": order})
        own = frame["package_upload"] if "package_upload" in frame.columns else pd.Series(None, index=frame.index, dtype=object)
        texts = parse_texts(own)
        differ = pairs & (texts != "").to_numpy(dtype=bool) & (texts.map(_figure) != pd.Series(up, index=frame.index).map(_figure)).to_numpy(dtype=bool)
        if differ.any():
            log.add("package_upload_differs", table.source, rows=frame.index[differ], column=table.header("package_upload"), came=list(texts[differ]))
        frame = frame.assign(package_upload=own.astype(object).where(~pairs | (texts != "").to_numpy(dtype=bool), up))
    return frame.assign(package_download=pd.Series(down, index=frame.index, dtype=object))


def _read(value: object) -> tuple[object, str | None, bool]:
    """Return a cell's download and upload as texts (upload None where one speed stands there), and whether it is a name instead."""
    text = unicodedata.normalize("NFKC", clean(value))
    if found := _TWO.fullmatch(text):
        units = _unit(found[2] or found[4]), _unit(found[4] or found[2])
        return f"{found[1]} {units[0]}".strip(), f"{found[3]} {units[1]}".strip(), False
    if found := _ONE.fullmatch(text):
        return (f"{found[1]} {_unit(found[2])}".strip() if found[2] else value), None, False
    return value, None, bool(re.match(r"[^\W\d]", text)) and not header_unit(text)


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
