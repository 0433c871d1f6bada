"""Tables in old Vietnamese encodings, converted as they are read: before headers are looked for, before any cleaning.

What a cell is in is settled by :mod:`geo.recognition` over the whole table; this module finds the cells, puts the
Unicode in their place and keeps what became of each, so that it can be stated once the headers are known.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo.io.resources import load_toml
from geo.old_letters import OldEncoding, encoding_named
from geo.recognition import ColumnReading, LetterSettings, recognise

__all__ = ["LetterNote", "MendedFrame", "decode_frame", "letter_settings", "mend_frame", "mend_rows"]

_LONGEST_LETTER = 4  # bytes of one letter in UTF-8


@dataclass(frozen=True, slots=True)
class LetterNote:
    """What became of cells of one column.

    Attributes
    ----------
    code : str
        Key of the issue catalogue.
    place : int
        The column's position.
    encoding : OldEncoding
    rows : tuple of int
        Row numbers in the file.
    came : tuple of str
        What stood there, aligned; for what was converted, with what it became.
    """

    code: str
    place: int
    encoding: OldEncoding
    rows: tuple[int, ...]
    came: tuple[str, ...]


def letter_settings() -> LetterSettings:
    """Return when an encoding counts as recognised, from ``resources/input_checks.toml``."""
    content = load_toml("input_checks.toml")["letters"]
    return LetterSettings(int(content["proofs"]["value"]), float(content["proof_share"]["value"]))


def mend_rows(
    rows: Sequence[Sequence[object]], *, encoding: str = "", first: int = 1
) -> tuple[list[list[object]], list[LetterNote]]:
    """Return the rows of a sheet, titles and header among them, with old letters in Unicode.

    Parameters
    ----------
    rows : sequence of rows
        Cells as they came.
    encoding : str
        What the project file says; names of other codecs are passed over.
    first : int
        Number of the first row.
    """
    found: dict[int, list[tuple[int, str]]] = {}
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            if isinstance(cell, str) and not cell.isascii():
                found.setdefault(j, []).append((i, cell))
    out = [list(row) for row in rows]
    reading = recognise({j: [t for _, t in cells] for j, cells in found.items()}, letter_settings(), given=encoding_named(encoding))
    notes: list[LetterNote] = []
    for j, column in sorted(reading.items()):
        cells = found[j]
        notes += _notes(j, column, [i + first for i, _ in cells], [t for _, t in cells])
        for i, text in cells:
            if text in column.changed:
                out[i][j] = column.changed[text][0]
    return out, notes


def _not_ascii(cells: pd.Series) -> np.ndarray:
    """Return the positions of the texts that are not ASCII."""
    if isinstance(cells.dtype, pd.StringDtype):
        plain = pc.fill_null(pc.string_is_ascii(pa.array(cells)), fill_value=True)
        flags = plain.to_numpy(zero_copy_only=False)
        return np.flatnonzero(~flags.astype(bool))
    if cells.dtype != object:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero([isinstance(c, str) and not c.isascii() for c in cells])


@dataclass(frozen=True, slots=True)
class MendedFrame:
    """Cells and headers in Unicode.

    Attributes
    ----------
    cells : DataFrame
    headers : list of str
    notes : list of LetterNote
        What became of each text that was converted or is in doubt; a header's note has no rows.
    read : int
        Different texts beyond ASCII whose encoding is known, where the texts were bytes.
    unread : int
        Those that are in no encoding that is known: taken for the page stated, else for Windows-1252.
    """

    cells: pd.DataFrame
    headers: list[str]
    notes: list[LetterNote]
    read: int = 0
    unread: int = 0


def mend_frame(cells: pd.DataFrame, headers: Sequence[str], *, encoding: str = "") -> MendedFrame:
    """Return cells (columns 0..n-1, index = row number) and headers with old letters in Unicode.

    ``encoding`` is what the project file says; names of other codecs are passed over.
    """
    places, found, texts = _beyond_ascii(cells, headers)
    reading = recognise(texts, letter_settings(), given=encoding_named(encoding))
    maps = {j: {t: became for t, (became, _) in column.changed.items()} for j, column in reading.items()}
    notes = [n for j, column in sorted(reading.items()) for n in _column_notes(j, column, headers, found)]
    return MendedFrame(*_replaced(cells, headers, places, maps), notes)


def decode_frame(cells: pd.DataFrame, headers: Sequence[str], *, page: str = "", encoding: str = "") -> MendedFrame:
    """Return texts that were read byte by byte (as Latin-1) in Unicode.

    Bytes that are UTF-8 prove it by themselves. The rest is recognised by its words; what is not is taken for the page
    that the file states, else for Windows-1252, and counted.

    Parameters
    ----------
    cells, headers
        See :func:`mend_frame`.
    page : str
        The Python codec that a file states (a Shapefile's ``.cpg``); empty if none.
    encoding : str
        What the project file says.
    """
    places, found, texts = _beyond_ascii(cells, headers)
    utf8 = {t: became for column in texts.values() for t in column if (became := _strict_utf8(t))}
    reading = recognise(
        {j: [utf8.get(t, t) for t in column] for j, column in texts.items()}, letter_settings(), given=encoding_named(encoding)
    )
    maps: dict[int, dict[str, str]] = {}
    notes: list[LetterNote] = []
    read: set[str] = set(utf8)
    unread: set[str] = set()
    for j, column in texts.items():
        mine = reading.get(j, ColumnReading())
        left = [t for t in column if t not in utf8 and t not in mine.changed]
        read.update(t for t in column if t in mine.changed)
        unread.update(t for t in left if _has_letters(t))
        pages = {t: _by_page(t, page) for t in left}
        maps[j] = {**utf8, **pages, **{t: became for t, (became, _) in mine.changed.items()}}
        stated = ColumnReading(
            {t: c for t, c in mine.changed.items() if not (c[1] is OldEncoding.CP1258 and page == "cp1258")},
            dict(mine.unclear),
        )
        notes += _column_notes(j, stated, headers, found)
        if not page and j in found:  # nothing says what these bytes are
            unknown = found[j][[t in unread and t not in mine.unclear for t in found[j]]]
            if len(unknown):
                came = tuple(pages.get(t, t) for t in unknown)
                notes.append(LetterNote("text_encoding_unknown", j, OldEncoding.CP1252, tuple(unknown.index.tolist()), came))
        if utf8 and page and page != "utf-8":
            doubled = ColumnReading({t: (utf8[t], OldEncoding.UTF8) for t in column if t in utf8})
            notes += _column_notes(j, doubled, headers, found)
    return MendedFrame(*_replaced(cells, headers, places, maps), notes, len(read), len(unread))


def _strict_utf8(text: str) -> str:
    """Return bytes' text in UTF-8, "" if they are none.

    The last letter may be cut, as a DBF cuts it, where a whole one stands before it; what is left of it is dropped.
    """
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        return ""
    for cut in range(_LONGEST_LETTER):
        whole = raw[: len(raw) - cut]
        if whole.isascii():
            return ""
        try:
            return unicodedata.normalize("NFC", whole.decode("utf-8"))
        except UnicodeDecodeError as error:
            if error.reason != "unexpected end of data":
                return ""
    return ""


def _has_letters(text: str) -> bool:
    return any(c.isalpha() and not c.isascii() for c in text)


def _by_page(text: str, page: str) -> str:
    try:
        return unicodedata.normalize("NFC", text.encode("latin-1").decode(page or "cp1252"))
    except (UnicodeError, LookupError):
        return text


def _beyond_ascii(
    cells: pd.DataFrame, headers: Sequence[str]
) -> tuple[dict[int, np.ndarray], dict[int, pd.Series], dict[int, list[str]]]:
    """Return where texts beyond ASCII stand, those texts, and the different ones of each column, its header among them."""
    places = {j: where for j in range(cells.shape[1]) if len(where := _not_ascii(cells[j]))}
    found = {j: cells[j].iloc[where] for j, where in places.items()}
    texts: dict[int, list[str]] = {j: list(pd.unique(column)) for j, column in found.items()}
    for j, header in enumerate(headers):
        if not header.isascii():
            texts.setdefault(j, []).append(header)
    return places, found, texts


def _replaced(
    cells: pd.DataFrame, headers: Sequence[str], places: Mapping[int, np.ndarray], maps: Mapping[int, Mapping[str, str]]
) -> tuple[pd.DataFrame, list[str]]:
    out = cells
    for j, became in maps.items():
        if j not in places or not became:
            continue
        if out is cells:
            out = cells.copy()
        mended = out[j].to_numpy(dtype=object).copy()
        mended[places[j]] = [became.get(t, t) for t in mended[places[j]]]
        out[j] = pd.Series(mended, index=out.index, dtype=cells[j].dtype)
    return out, [maps.get(j, {}).get(h, h) for j, h in enumerate(headers)]


def _column_notes(
    place: int, column: ColumnReading, headers: Sequence[str], found: Mapping[int, pd.Series]
) -> list[LetterNote]:
    header = headers[place]
    notes = []
    if header in column.changed:
        became, known = column.changed[header]
        notes.append(LetterNote("headers_old_letters_converted", place, known, (), (f"{header} → {became}",)))
    if place in found:
        notes += _notes(place, column, found[place].index.tolist(), found[place].tolist())
    return notes


def _notes(place: int, column: ColumnReading, rows: Sequence[int], texts: Sequence[str]) -> list[LetterNote]:
    """Return a column's notes: one per encoding and kind."""
    changed: Mapping[str, OldEncoding] = {t: encoding for t, (_, encoding) in column.changed.items()}
    notes = []
    for code, chosen in (
        ("text_old_letters_converted", changed),
        ("text_old_letters_unclear", column.unclear),
        ("text_old_letters", column.suspect),
    ):
        for encoding in sorted(set(chosen.values())):
            mine = [(r, t) for r, t in zip(rows, texts, strict=True) if chosen.get(t) is encoding]
            if mine:
                came = [f"{t} → {column.changed[t][0]}" if t in changed else t for _, t in mine]
                notes.append(LetterNote(code, place, encoding, tuple(r for r, _ in mine), tuple(came)))
    return notes
