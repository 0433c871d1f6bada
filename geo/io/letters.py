"""Vietnamese letters that are not Unicode: recognised by their look, so that none is taken for text in silence.

Texts typed in the fonts of TCVN3 (ABC) or VNI come out of a workbook as other letters ("H¶i Phßng",
"Haûi Phoøng"); UTF-8 that was once opened as Windows-1252 comes as "HÃ\u00a0 Ná»™i"; what a page lacks
comes as "H?i Ph?ng". The patterns hold pairs of letters that no Vietnamese word has in Unicode.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

import numpy as np
import pandas as pd

from geo.errors import InputError
from geo.io.raw import RawTable
from geo.old_letters import OldEncoding
from geo.schemas import FieldType, Schema
from geo.validation import IssueLog, Source

__all__ = ["require_unicode", "state_letters"]

_OLD = {
    "UTF-8 → Windows-1252": re.compile("áº|á»|Ä[‘\x90ƒ\ufffd]|Æ[°¡]|Ã[¡\u00a0¢£¨©ªº¬\u00ad²³´µ¹½]"),
    "TCVN3": re.compile("[A-Za-z][µ¶·¸¹¨»¼½¾©®ª«¬§]|[µ¶·¸¹»¼½¾®§«¬][A-Za-z]"),
    "VNI": re.compile("[aeouyAEOUY][øûïØÛÏ]|[aeoAEO][âäåëêÂÄÅËÊ]|[ñÑ](?:[öôÖÔ]|[aeouy][äâåøûïùàÄÂÅØÛÏÙÀ])"),
}
_LOST = re.compile("[A-Za-zÀ-ỹ]\\?[A-Za-zÀ-ỹ]|\ufffd")
#: From this share of the texts on, and from two texts on, a table as a whole is in old letters.
_SHARE = 0.1
_AT_LEAST = 2
_TEXTS = (FieldType.TEXT, FieldType.CHOICE)


def require_unicode(
    frame: pd.DataFrame,
    headers: Mapping[str, str] | Iterable[str],
    schema: Schema,
    source: Source,
    log: IssueLog,
    stated: Collection[str] = (),
) -> None:
    """Refuse a table in old letters; state single cells that hold some, and letters lost for good.

    Parameters
    ----------
    frame : DataFrame
        Cells as they came, columns named by fields, index = row number.
    headers : mapping or iterable of str
        Headers as they came, by field or all of them.
    schema : Schema
    source : Source
    log : IssueLog
    stated : collection of str
        Texts that are stated already.

    Raises
    ------
    InputError
        If headers or cells are in TCVN3, VNI, or UTF-8 taken for Windows-1252.
    """
    shown = dict(headers) if isinstance(headers, Mapping) else {}
    titles = [] if shown else [str(h) for h in headers]
    fields = [n for n in frame.columns if schema.fields[n].type in _TEXTS and not schema.fields[n].private]
    distinct = {name: [u for u in pd.unique(frame[name].dropna()) if isinstance(u, str)] for name in fields}
    for name, pattern in _OLD.items():
        _refuse(name, [h for h in titles if pattern.search(h)], titles, source)
        found = {f: {t for t in texts if pattern.search(t)} for f, texts in distinct.items()}
        every = [t for texts in found.values() for t in sorted(texts)]
        _refuse(name, every, [t for texts in distinct.values() for t in texts], source)
        fresh = {f: texts.difference(stated) for f, texts in found.items()}
        _state("text_old_letters", frame, fresh, shown, source, log, {"encoding": name})
    lost = {f: {t for t in texts if _LOST.search(t)} for f, texts in distinct.items()}
    _state("text_letters_lost", frame, lost, shown, source, log, {})


def state_letters(raw: RawTable, columns: Mapping[str, int], rows: pd.Index, schema: Schema, log: IssueLog) -> None:
    """State what became of cells in old encodings: in the columns that are used and the rows that are read.

    Parameters
    ----------
    raw : RawTable
    columns : mapping
        Field name to the position of its column.
    rows : Index
        Row numbers of the table's own rows.
    schema : Schema
    log : IssueLog
    """
    fields = {place: name for name, place in columns.items() if place >= 0}
    own = set(rows.tolist())
    titles: dict[OldEncoding, list[str]] = {}
    for note in raw.letters:
        if note.code == "headers_old_letters_converted":
            titles.setdefault(note.encoding, []).extend(note.came)
            continue
        mine = [(r, t) for r, t in zip(note.rows, note.came, strict=True) if r in own]
        if note.code == "text_old_letters_converted" and len(mine) < len(note.rows) and raw.geometry is None:
            titles.setdefault(note.encoding, []).extend(t for r, t in zip(note.rows, note.came, strict=True) if r not in own)
        name = fields.get(note.place, "")
        if not name or not mine:
            continue
        came = None if schema.fields[name].private else [t for _, t in mine]
        log.add(note.code, raw.source, rows=[r for r, _ in mine], column=raw.headers[note.place], came=came,
                fields={"encoding": note.encoding.value, "count": len(mine)})  # fmt: skip
    for encoding, came_titles in titles.items():
        log.add("headers_old_letters_converted", raw.source, came="; ".join(dict.fromkeys(came_titles)),
                fields={"encoding": encoding.value})


def _refuse(name: str, found: list[str], texts: list[str], source: Source) -> None:
    if len(found) < _AT_LEAST or len(found) < _SHARE * len(texts):
        return
    came = "; ".join(found[:3])
    raise InputError(
        f"{source}: chữ không phải Unicode mà là {name} ('{came}'); hãy chuyển mã cả tệp sang Unicode "
        "(ví dụ bằng công cụ chuyển mã của bộ gõ) rồi lưu lại.",
        f"{source}: its letters are not Unicode but {name} ('{came}'); convert the whole file to Unicode "
        "(the converter of a Vietnamese keyboard program does it) and save it again.",
    )


def _state(
    code: str,
    frame: pd.DataFrame,
    found: dict[str, set[str]],
    shown: Mapping[str, str],
    source: Source,
    log: IssueLog,
    fields: dict[str, object],
) -> None:
    for name, texts in found.items():
        if texts:
            mask = np.asarray(frame[name].isin(list(texts)), dtype=bool)
            log.add(code, source, rows=frame.index[mask], column=shown.get(name, name), came=list(frame[name][mask]), fields=fields)
