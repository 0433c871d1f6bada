"""Result tables as people and programs take them: CSV and XLSX, with the meaning of every column.

Both carry the same values, rounded once. CSV is UTF-8 with a byte-order mark, because Excel opens it
by a double click only then with the right letters; lines end as RFC 4180 says.

A *text* cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break (also in their
full-width forms) gets a leading apostrophe in CSV: a spreadsheet program would take it for a formula
otherwise, and the texts come from files of others. Numbers are never touched (``-97.5`` stays), and
XLSX needs none of it, since its cells are typed. A program that reads the CSV back may remove one
leading apostrophe that is followed by such a letter.

CSV is for programs: headers and values are codes. XLSX is for people: headers and values are words of
the project's language, and its last sheet says which code of the CSV stands behind each header. Its
sheets begin with the columns that are printed (``paper`` of the table's description); codes, positions and
other columns kept for the record stand behind them and stay off the paper.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

import pandas as pd

from geo.errors import AccountingError, Bilingual
from geo.io.resources import load_toml
from geo.io.spreadsheet import Sheet, SheetColumn, workbook_bytes
from geo.report.phrases import number_text, phrases
from geo.text import encodable, fold

__all__ = [
    "Arranged",
    "ResultColumn",
    "ResultTable",
    "arrange",
    "arranged_rows",
    "code_words",
    "csv_bytes",
    "in_words",
    "result_table",
    "tables_workbook",
]

_RESOURCE = "results/columns.toml"
#: Further files of the same form, one for each part of the product.
_OTHERS = ("results/dead_zones.toml", "results/disagreement.toml", "results/standards.toml", "results/ipv6.toml", "results/planning.toml", "results/proposals.toml", "results/undergrounding.toml", "results/annexes.toml")
_WORDS = "strings/map.toml"
_LIST_WORDS = "results/lists.toml"
#: Section of the words behind a column's codes, by the kind that the map gives the column.
_VALUE_SECTIONS = {
    "class": "class_names",
    "cluster_basis": "cluster_basis",
    "evidence": "values",
    "mast_kinds": "mast_kinds",
    "point_kind": "values",
    "reasons": "reasons",
    "state": "states",
}
#: In a table's ``paper``: begins a page of its own; columns of communes' codes, and the name that stands for them.
_PART, _COMMUNE_CODES, _COMMUNE_NAME = "|", ("commune_code", "commune_codes"), "commune_name"
_DATE_FORMATS = {"vi": "dd/mm/yyyy", "en": "yyyy-mm-dd"}
_BOM = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_ORDINALS = frozenset({"year", "rank", "row", "number", "stop", "day"})
_SHARE_DECIMALS = 4
_DEFAULT_DECIMALS = 6
#: Figures among the codes of reasons: a distance, a height over the line of sight, a place.
_KM, _M, _PLACE = (
    re.compile(text) for text in (r"(\d+\.\d) km", r"(-?)(\d+) m", r"(-?\d+\.\d{5}) (-?\d+\.\d{5})")
)


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """What a column holds.

    Attributes
    ----------
    name : str
    kind : str
        text, code, integer, number, share, flag or date.
    decimals : int
        Digits kept after the point.
    meaning : Bilingual
    caption : Bilingual
        Header for people.
    words : str
        What the codes of the column are (a kind of the map's, else a section of ``codes``), empty where its
        values are no codes.
    adds : mapping of str to str or None
        Given for whole numbers that people add up: rows are rounded by their running total (:func:`_adding_up`), apart for each value of the
        column ``by``; rows without ``total`` are totals. None: each value is rounded by itself.
    sum_of : tuple of str
        Columns whose rounded values this one is the sum of.
    blank : Bilingual or None
        What a person reads where the cell is empty because the row is of all, or of today; the CSV stays empty.
    mixed : bool
        Whether counts and lengths stand in one column: then each is shown with the digits that it has.
    """

    name: str
    kind: str
    decimals: int
    meaning: Bilingual
    caption: Bilingual
    words: str = ""
    adds: Mapping[str, str] | None = None
    sum_of: tuple[str, ...] = ()
    blank: Bilingual | None = None
    mixed: bool = False

    @property
    def number_format(self) -> str:
        """Excel's number format."""
        match self.kind:
            case "integer":  # what only numbers something has no thousands: 2027 is no 2,027
                return "0" if self.name in _ORDINALS or self.name.endswith("_year") else "#,##0"
            case "number" if self.mixed:
                return "General"
            case "number":
                return "0." + "0" * self.decimals
            case "share":
                return "0.0%"
            case "date":
                return "yyyy-mm-dd"
            case "flag":
                return "General"
            case _:
                return "@"


@dataclass(frozen=True, slots=True)
class ResultTable:
    """A kind of result table: its title and the columns that other programs may rely on.

    Attributes
    ----------
    name : str
    title, about : Bilingual
    columns : tuple of ResultColumn
    paper : tuple of str
        Columns that are printed, in the order of the workbook, by name or pattern; ``"|"`` begins what stands on a page of its own where
        one page is too narrow. Empty: all columns, in their order.
    naming : int
        So many first ones of them name a row.
    """

    name: str
    title: Bilingual
    about: Bilingual
    columns: tuple[ResultColumn, ...]
    paper: tuple[str, ...] = ()
    naming: int = 2


def _column(name: str, entry: Mapping[str, Any], whose: str = "", figure: str = "", *, listed: bool = True) -> ResultColumn:
    decimals = int(entry.get("decimals", _SHARE_DECIMALS if entry["kind"] == "share" else _DEFAULT_DECIMALS))
    meaning = Bilingual(entry["vi"], entry["en"])
    known = _words()["columns"].get(figure or name, {})
    # A column without a caption of its own is headed by its meaning, as far as the first remark on it.
    short = {k: re.split(r"[;:(]", entry[k].replace(" (0..1)", ""), maxsplit=1)[0].strip() for k in ("vi", "en")}
    given = entry.get("caption", known or (short if listed else {}))
    caption = Bilingual(given.get("vi", name), given.get("en", name))
    if whose:
        meaning = Bilingual(f"{whose}: {meaning.vi}", f"{whose}: {meaning.en}")
        caption = Bilingual(f"{whose}: {caption.vi}", f"{whose}: {caption.en}")
    kind = str(known.get("kind", ""))
    words = str(entry.get("codes", kind if kind in _VALUE_SECTIONS else ""))
    blank = Bilingual(entry["blank"]["vi"], entry["blank"]["en"]) if "blank" in entry else None
    return ResultColumn(
        name, str(entry["kind"]), decimals, meaning, caption, words, entry.get("adds"), tuple(entry.get("sum_of", ())), blank, bool(entry.get("mixed", False))
    )


@lru_cache(maxsize=32)
def result_table(name: str) -> ResultTable:
    """Return the description of a kind of table, e.g. ``"communes"``."""
    listed = load_toml(_RESOURCE)
    for other in _OTHERS:
        if name in load_toml(other):
            listed = load_toml(other)
    entry = listed[name] if name in listed else load_toml(_LIST_WORDS)["tables"][name]
    columns = tuple(_column(key, value) for key, value in entry["columns"].items())
    title, about = (Bilingual(entry[key]["vi"], entry[key]["en"]) for key in ("title", "about"))
    return ResultTable(name, title, about, columns, tuple(entry.get("paper", ())), int(entry.get("naming", 2)))


@lru_cache(maxsize=len(_OTHERS) + 1)
def _descriptions(resource: str) -> Mapping[str, Any]:
    """Return a file of columns, read once: every column that is not listed is looked for in all of them."""
    return load_toml(resource)


def _describe(name: str, table: ResultTable, values: pd.Series, operators: Sequence[str]) -> ResultColumn:
    """Return what a column is: listed, repeated per operator and technology, or additional."""
    for column in table.columns:
        if column.name == name:
            return column
    content = _descriptions(_RESOURCE)
    if name in content["more"]["columns"]:
        return _column(name, content["more"]["columns"][name])
    for figure, entry in sorted(content["each"]["columns"].items(), key=lambda item: -len(item[0])):
        if name.endswith(f"_{figure}"):
            return _column(name, entry, _whose(name[: -len(figure) - 1], operators), figure)
    for other in _OTHERS:
        part = _descriptions(other)
        for figure, entry in part.get(table.name, {}).get("each", {}).items():
            of_class = part.get("classes", {}).get(name.removesuffix(f"_{figure}"))
            if name.endswith(f"_{figure}") and of_class is not None:
                said = {k: f"{of_class[k]}: {entry[k]}" for k in ("vi", "en")}
                return _column(name, {**entry, **said, "caption": said})
    return _column(name, {"kind": _kind(values), **content["words"]["other"]}, listed=False)


def _whose(prefix: str, operators: Sequence[str]) -> str:
    """Return operator and technology of a column's prefix: ``mang_a_4g`` is ``Mạng A 4G``."""
    operator, _, technology = prefix.rpartition("_")
    named = {fold(name): name for name in operators}
    plain = operator.replace("_", " ")
    return f"{named.get(fold(plain), plain.upper())} {technology.upper()}".strip()


def _kind(values: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(values):
        return "flag"
    if pd.api.types.is_integer_dtype(values):
        return "integer"
    if pd.api.types.is_numeric_dtype(values):
        return "number"
    return "date" if pd.api.types.is_datetime64_any_dtype(values) else "text"


@dataclass(frozen=True, slots=True)
class Arranged:
    """A table ready to be written: described columns and plain, rounded values (None = not known)."""

    table: ResultTable
    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[object, ...], ...]


def arrange(frame: pd.DataFrame, table: ResultTable, operators: Sequence[str] = ()) -> Arranged:
    """Return the frame's rows in the settled column order, every value plain and rounded.

    Listed columns come first in their order, then additional ones in the frame's order; a geometry
    is left out.

    Parameters
    ----------
    frame : DataFrame
        Must have every listed column; what is not known is NaN, None or an empty text.
    table : ResultTable
    operators : sequence of str
        Names as they are written, to recognise them in names of columns.

    Raises
    ------
    AccountingError
        If a listed column is missing: a defect of the stage before, never of the user.
    """
    listed = [column.name for column in table.columns]
    missing = [name for name in listed if name not in frame.columns]
    if missing:
        raise AccountingError(
            f"Bảng '{table.name}' thiếu cột {', '.join(missing)}.",
            f"Table '{table.name}' lacks column {', '.join(missing)}.",
        )
    extra = [str(name) for name in frame.columns if name not in listed and name != "geometry"]
    columns = tuple(_describe(name, table, frame[name], operators) for name in [*listed, *extra])
    values: dict[str, list[object]] = {}
    for column in sorted(columns, key=lambda c: bool(c.sum_of)):  # a sum comes after its parts
        plain = [_plain(value, column) for value in frame[column.name].tolist()]
        if column.adds is not None:
            plain = _adding_up(frame, column)
        elif column.sum_of and set(column.sum_of) <= set(values):
            parts = zip(*(values[name] for name in column.sum_of), strict=True)
            plain = [value if None in part else sum(part) for value, part in zip(plain, parts, strict=True)]
        values[column.name] = plain
    return Arranged(table, columns, tuple(zip(*(values[column.name] for column in columns), strict=True)))


def arranged_rows(frame: pd.DataFrame, name: str) -> list[dict[str, Any]]:
    """Return the rows of a kind of table by column, with the values that its CSV has."""
    arranged = arrange(frame, result_table(name))
    return [dict(zip((column.name for column in arranged.columns), row, strict=True)) for row in arranged.rows]


def _adding_up(frame: pd.DataFrame, column: ResultColumn) -> list[object]:
    """Return whole numbers whose sums are the rounded sums of what they stand for.

    Rounded one by one, a year of a hundred sites is off by some people from the sum that another table states of it. The running total is rounded
    instead, and a row is what it adds: then the rows of a year, added up by anybody, give what the year's row says.
    """
    kinds = column.adds or {}
    by = frame[kinds["by"]].tolist() if "by" in kinds else [None] * len(frame)
    totals = frame[kinds["total"]].isna().tolist() if "total" in kinds else [False] * len(frame)
    exact: dict[object, float] = {}
    out: list[object] = []
    for value, *group in zip(frame[column.name].tolist(), by, totals, strict=True):
        if pd.isna(value):
            out.append(None)
            continue
        before = exact.get(tuple(group), 0.0)
        exact[tuple(group)] = before + float(value)
        # The order of additions leaves its trace in the last digits; a half must not fall either way by it.
        out.append(round(round(before + float(value), 6)) - round(round(before, 6)))
    return out


def _plain(value: Any, column: ResultColumn) -> object:
    if pd.isna(value):
        return None
    match column.kind:
        case "integer":
            return round(value)
        case "number" | "share":
            number = round(float(value), column.decimals) + 0.0  # no negative zero
            return number if math.isfinite(number) else None
        case "flag":
            return bool(value)
        case "date":
            return _date(value)
        case _:
            return str(value) or None


def _date(value: Any) -> object:
    if value == "":
        return None
    stamp = pd.Timestamp(value)
    return date(stamp.year, stamp.month, stamp.day)


def csv_bytes(arranged: Arranged) -> bytes:
    """Return a table as CSV: UTF-8 with byte-order mark, header of column names, empty = not known."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([_csv_cell(column.name) for column in arranged.columns])
    writer.writerows([_csv_cell(value) for value in row] for row in arranged.rows)
    return (_BOM + stream.getvalue()).encode("utf-8")


def _csv_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    text = encodable(str(value))
    return "'" + text if text.startswith(_FORMULA) else text


def tables_workbook(tables: Sequence[Arranged], *, language: str, created: date, title: str = "") -> bytes:
    """Return all tables as one XLSX, one sheet each, and a sheet that says what each column means.

    Parameters
    ----------
    tables : sequence of Arranged
    language : {"vi", "en"}
        Of the sheets' names, headers and values; meanings stand in both languages.
    created : date
        Date that the file states.
    title : str
    """
    words = {key: Bilingual(entry["vi"], entry["en"]) for key, entry in load_toml(_RESOURCE)["words"].items()}
    communes = _commune_names(tables)
    laid_out = [_on_paper(_with_communes(arranged, communes, words["commune"])) for arranged in tables]
    sheets = [
        Sheet(
            arranged.table.title.text(language),
            [
                SheetColumn(
                    column.caption.text(language),
                    _DATE_FORMATS[language] if column.kind == "date" else column.number_format,
                )
                for column in arranged.columns
            ],
            [
                [
                    in_words(value, column, language)
                    for value, column in zip(row, arranged.columns, strict=True)
                ]
                for row in arranged.rows
            ],
            printed,
            arranged.table.naming,
            parts,
            words["unprinted"].text(language).format(n=number_text(len(arranged.columns) - printed).text(language)),
        )
        for arranged, printed, parts in laid_out
    ]
    headers = [
        SheetColumn(words[key].text(language))
        for key in ("sheet", "header", "column", "meaning_vi", "meaning_en", "codes", "on_paper")
    ]
    meanings = Sheet(words["columns_sheet"].text(language), headers, list(_meanings(laid_out, language, words)))
    return workbook_bytes([*sheets, meanings], created=created, title=title)


def _commune_names(tables: Iterable[Arranged]) -> Mapping[str, str]:
    """Return the communes' names by code, of the table of communes among others; empty without it."""
    for arranged in tables:
        names = [column.name for column in arranged.columns]
        if arranged.table.name == "communes":
            code, name = names.index("commune_code"), names.index("commune_name")
            return {str(row[code]): str(row[name]) for row in arranged.rows if row[code] and row[name]}
    return {}


def _with_communes(arranged: Arranged, communes: Mapping[str, str], said: Bilingual) -> Arranged:
    """Return a table with the communes' names where its paper asks for them and it has their codes alone."""
    names = [column.name for column in arranged.columns]
    coded = next((name for name in _COMMUNE_CODES if name in names), None)
    if not communes or coded is None or _COMMUNE_NAME in names or _COMMUNE_NAME not in arranged.table.paper:
        return arranged
    at = names.index(coded)
    meaning = Bilingual(f"{said.vi}: {arranged.columns[at].meaning.vi}", f"{said.en}: {arranged.columns[at].meaning.en}")
    named = ["; ".join(communes.get(code, code) for code in str(row[at] or "").split("; ")) or None for row in arranged.rows]
    column = ResultColumn(_COMMUNE_NAME, "text", 0, meaning, said)
    return replace(arranged, columns=(*arranged.columns, column), rows=tuple((*row, name) for row, name in zip(arranged.rows, named, strict=True)))


def _on_paper(arranged: Arranged) -> tuple[Arranged, int, tuple[int, ...]]:
    """Return a table with the printed columns first, how many these are, and with which of them a page of its own begins."""
    names = [column.name for column in arranged.columns]
    order: list[int] = []
    parts: list[int] = []
    asked = [_COMMUNE_CODES if entry == _COMMUNE_NAME and _COMMUNE_NAME not in names else (entry,) for entry in arranged.table.paper] or [("*",)]
    for patterns in asked:
        if patterns == (_PART,):
            parts.append(len(order))
        order += [j for j, name in enumerate(names) if j not in order and any(fnmatchcase(name, pattern) for pattern in patterns)]
    behind = [j for j in range(len(names)) if j not in order]
    columns = tuple(arranged.columns[j] for j in (*order, *behind))
    return replace(arranged, columns=columns, rows=tuple(tuple(row[j] for j in (*order, *behind)) for row in arranged.rows)), len(order), tuple(parts)


def _meanings(laid_out: Iterable[tuple[Arranged, int, tuple[int, ...]]], language: str, words: Mapping[str, Bilingual]) -> Iterable[tuple[str, ...]]:
    for arranged, printed, _ in laid_out:
        sheet = arranged.table.title.text(language)
        yield sheet, "", "", arranged.table.about.vi, arranged.table.about.en, "", ""
        given = {column.name for column in arranged.table.columns}
        for j, column in enumerate(arranged.columns):
            codes = _coded(column, [row[j] for row in arranged.rows], language)
            # Names of communes are the workbook's own.
            name = "" if column.name == _COMMUNE_NAME and _COMMUNE_NAME not in given else column.name
            yield sheet, column.caption.text(language), name, column.meaning.vi, column.meaning.en, codes, words["printed" if j < printed else "kept"].text(language)


def _coded(column: ResultColumn, values: Sequence[object], language: str) -> str:
    """Return the codes that a column has in CSV with their words: all of its own, else those that occur; meanings are free of them."""
    if not column.words or column.words == "reasons":
        return ""
    shared = column.words in _VALUE_SECTIONS
    words = _words()[_VALUE_SECTIONS[column.words]] if shared else _codes()[column.words]
    found = {code for value in values if isinstance(value, str) for code in value.split("; ")} if shared else set(words)
    return "; ".join(f"{code} = {words[code][language]}" for code in words if code in found)


@lru_cache(maxsize=1)
def _words() -> Mapping[str, Any]:
    """Return the map's words, read once: a table asks for them in every cell."""
    return load_toml(_WORDS)


@lru_cache(maxsize=1)
def _codes() -> Mapping[str, Any]:
    """Return the words of codes that belong to result tables alone; a cell may list several."""
    codes: dict[str, Any] = dict(load_toml(_RESOURCE)["codes"])
    for other in _OTHERS:
        codes |= load_toml(other).get("codes", {})
    return codes | {"indicators": load_toml("indicators.toml")}


def in_words(value: object, column: ResultColumn, language: str) -> object:
    """Return a value as a person reads it: codes in words, numbers and dates as they are."""
    content = _words()
    if value is None and column.blank is not None:
        return column.blank.text(language)
    if isinstance(value, bool):
        return str(content["values"]["yes" if value else "no"][language])
    if not isinstance(value, str) or not column.words:
        return value
    section = _VALUE_SECTIONS.get(column.words)
    words = _codes()[column.words] if section is None else content[section]

    def word(code: str) -> str:
        return str(words[code][language]) if code in words else code

    if section is None:
        return "; ".join(word(code) for code in value.split("; "))
    if column.words != "reasons":
        return word(value)
    parts = []
    for entry in value.split("; "):
        operator, _, codes = entry.rpartition("=")
        why = ", ".join(_figure(code, language) or word(code) for code in codes.split("+"))
        alone = all(code in words for code in codes.split("+"))  # codes of a column that has one operator's alone
        parts.append(f"{operator} ({why})" if operator else why if alone else entry)
    return "; ".join(parts)


def _figure(code: str, language: str) -> str:
    """Return a figure among the codes of reasons in words, empty for what is none."""
    said = phrases(_LIST_WORDS)
    if found := _KM.fullmatch(code):
        return said.say("obstruction", "away", km=number_text(float(found[1]), 1)).text(language)
    if found := _M.fullmatch(code):
        return said.say("obstruction", "below" if found[1] else "above", m=number_text(float(found[2]))).text(language)
    if found := _PLACE.fullmatch(code):
        lon, lat = (number_text(float(part), 5) for part in found.groups())
        return said.say("obstruction", "place", lon=lon, lat=lat).text(language)
    return ""


def code_words(section: str, code: str) -> Bilingual:
    """Return the words of a code of ``codes``; the code itself where there are none."""
    entry = _codes()[section].get(code, {"vi": code, "en": code})
    return Bilingual(entry["vi"], entry["en"])
