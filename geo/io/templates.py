"""Templates of the input tables: columns, notes and allowed values, taken from the schemas that the readers use.

``resources/input_templates.toml`` says what is left out of a template and why, which header is written, and what the example
row holds; everything else (types, units, ranges, choices, what is obligatory) is the schema's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from geo.errors import Bilingual, ResourceError
from geo.io.catalogues import operator_catalogue
from geo.io.example_rows import template_texts
from geo.io.resources import load_toml
from geo.io.tables import load_schema
from geo.schemas import Field, FieldType

__all__ = ["Need", "Template", "TemplateColumn", "templates"]

_UNITS_EN = {"người": "people", "thuê bao/100 dân": "subscriptions per 100 people"}
_NO_BOUND = 1e9  # a greatest value that only keeps a broken number out tells nobody anything
_DEGREES = {
    "lon": Bilingual("Độ thập phân, ví dụ 105,123456", "Decimal degrees, such as 105.123456"),
    "lat": Bilingual("Độ thập phân, ví dụ 21,123456", "Decimal degrees, such as 21.123456"),
}
_SYMBOL = re.compile(r"[A-ZĐ]\d[a-z]?")  # A2b, N1, Đ2: shown as they are


class Need(StrEnum):
    """How much a column is asked for."""

    NEEDED = "needed"  # without it a row is not used, or says too little
    WANTED = "wanted"  # without it a row is used, and something of it is not known
    FREE = "free"  # nobody misses it


@dataclass(frozen=True, slots=True)
class TemplateColumn:
    """One column of a template.

    Attributes
    ----------
    field : Field
        Of the reader's schema.
    header : str
    need : Need
    meaning, form : Bilingual
        What it is; how it is written, with unit and range.
    values : tuple of str
        Drop-down list; empty: none.
    strict : bool
        Whether only those are meant.
    example : str
        Made up; empty where the example row leaves it blank.
    """

    field: Field
    header: str
    need: Need
    meaning: Bilingual
    form: Bilingual
    values: tuple[str, ...]
    strict: bool
    example: str


@dataclass(frozen=True, slots=True)
class Template:
    """One template: a workbook with one table.

    Attributes
    ----------
    name : str
        File name without suffix.
    kind : str
        The schema that reads it.
    used_as : str
        Where the filled file is named: an input of the project file, or a command's option.
    sheet : str
    title : Bilingual
    columns : tuple of TemplateColumn
    left_out : mapping
        Fields of the schema that the template does not have, and why.
    x_header, y_header : str
        Headers that stand for longitude and latitude where a list has VN-2000; empty where it has no position.
    """

    name: str
    kind: str
    used_as: str
    sheet: str
    title: Bilingual
    columns: tuple[TemplateColumn, ...]
    left_out: Mapping[str, str]
    x_header: str = ""
    y_header: str = ""


@lru_cache(maxsize=1)
def templates() -> tuple[Template, ...]:
    """Return all templates.

    Raises
    ------
    ResourceError
        If the resource names a field or header that the reader does not have.
    """
    texts = template_texts()
    return tuple(_template(name, entry, texts) for name, entry in texts["tables"].items())


def _template(name: str, entry: Mapping[str, Any], texts: Mapping[str, Any]) -> Template:
    schema = load_schema(str(entry["kind"]))
    left_out = {f: str(group["why"]) for group in texts["left_out"].values() for f in group["fields"] if f in schema.fields}
    own = entry.get("left_out", {"fields": [], "why": ""})
    left_out |= {f: str(own["why"]) for f in own["fields"]}
    named = [*own["fields"], *entry.get("needed", []), *entry.get("wanted", []), *entry.get("headers", {}), *entry["example"], *entry.get("lists", {})]
    unknown = sorted(set(named) - set(schema.fields))
    if unknown:
        raise ResourceError(f"Mẫu '{name}': không có trường {', '.join(unknown)}.", f"Template '{name}': there is no field {', '.join(unknown)}.")
    choices = load_toml(f"tables/{entry['kind']}.toml")["fields"]
    columns = tuple(
        _column(field, entry, texts, choices.get(field.name, {}).get("choices"))
        for field in schema.fields.values()
        if field.name not in left_out
    )
    found = schema.match([c.header for c in columns])
    wrong = [c.header for i, c in enumerate(columns) if found.columns.get(c.field.name) != i]
    if wrong:
        raise ResourceError(f"Mẫu '{name}': tiêu đề không đọc được: {', '.join(wrong)}.", f"Template '{name}': headers that the reader does not understand: {', '.join(wrong)}.")
    return Template(name, str(entry["kind"]), str(entry["input"]), str(entry["sheet"]), Bilingual(**entry["title"]), columns, left_out,
                    *((schema.fields["x"].label, schema.fields["y"].label) if {"lon", "lat"} <= {c.field.name for c in columns} else ()))


def _column(field: Field, entry: Mapping[str, Any], texts: Mapping[str, Any], choices: Mapping[str, list[str]] | None) -> TemplateColumn:
    said = {**texts["fields"].get(field.name, {}), **entry.get("hints", {}).get(field.name, {})}
    if "vi" not in said or "en" not in said:
        raise ResourceError(f"Mẫu thiếu chú thích của trường '{field.name}'.", f"Templates lack a note on field '{field.name}'.")
    values, strict = _values(field, entry.get("lists", {}).get(field.name), texts, choices)
    need = Need.NEEDED if field.required or field.name in entry.get("needed", ()) else Need.WANTED if field.name in entry.get("wanted", ()) else Need.FREE
    form = Bilingual(**said["form"]) if "form" in said else _form(field, values, strict=strict)
    return TemplateColumn(
        field, str(entry.get("headers", {}).get(field.name) or field.label), need, Bilingual(str(said["vi"]), str(said["en"])), form,
        values, strict, str(entry["example"].get(field.name, "")),
    )  # fmt: skip


def _values(
    field: Field, listed: object, texts: Mapping[str, Any], choices: Mapping[str, list[str]] | None
) -> tuple[tuple[str, ...], bool]:
    """Return the drop-down list of a column and whether it is closed."""
    if listed == "operators":
        known = operator_catalogue([], operators=()).operators
        return tuple(o.name for o in known if o.status == "on_air"), False
    if isinstance(listed, list):
        return tuple(str(v) for v in listed), True
    if isinstance(listed, str):
        return tuple(texts["lists"][listed]["values"]), bool(texts["lists"][listed]["strict"])
    if field.type is FieldType.FLAG:
        return tuple(texts["lists"]["yes_no"]["values"]), True
    if field.type is FieldType.CHOICE and choices is not None:
        return tuple(_shown(value, spellings) for value, spellings in choices.items()), True
    return (), False


def _shown(value: str, spellings: list[str]) -> str:
    """Return the word for a choice: a symbol as it is, else the first spelling with Vietnamese letters."""
    if _SYMBOL.fullmatch(value):
        return value
    return next((s for s in spellings if not s.isascii()), spellings[0])


def _form(field: Field, values: tuple[str, ...], *, strict: bool) -> Bilingual:
    """Return how a column is written, by its type."""
    if values:
        listed = ", ".join(f"'{v}'" if "," in v else v for v in values)
        return Bilingual(f"Chọn: {listed}", f"Choose: {listed}") if strict else Bilingual(f"Chọn hoặc ghi khác: {listed}", f"Choose or write another: {listed}")
    unit = f" ({field.unit})" if field.unit else ""
    unit_en = f" ({_UNITS_EN.get(field.unit, field.unit)})" if field.unit else ""
    low, high = field.minimum, field.maximum
    span_vi, span_en = _span(low, high, "từ", "đến", ","), _span(low, high, "from", "to", ".")
    if field.name.split("_")[-1] in {"lon", "lat"}:
        # Of a place in Vietnam, each axis its own: 105 is no latitude.
        return _DEGREES[field.name.split("_")[-1]]
    match field.type:
        case FieldType.INTEGER | FieldType.YEAR:
            return Bilingual(f"Số nguyên{unit}{span_vi}", f"Whole number{unit_en}{span_en}")
        case FieldType.NUMBER:
            return Bilingual(f"Số{unit}{span_vi}", f"Number{unit_en}{span_en}")
        case FieldType.RAW if field.unit:
            return Bilingual(f"Số{unit}", f"Number{unit_en}")
        case FieldType.DATE:
            return Bilingual("ngày/tháng/năm, ví dụ 15/03/2024", "day/month/year, such as 15/03/2024")
        case FieldType.CODE if field.digits:
            return Bilingual(f"{field.digits} chữ số, giữ số 0 ở đầu", f"{field.digits} digits, leading zeros kept")
        case FieldType.CODE:
            return Bilingual("Mã, giữ số 0 ở đầu", "Code, leading zeros kept")
        case _:
            return Bilingual("Văn bản", "Text")


def _span(low: float | None, high: float | None, start: str, end: str, mark: str) -> str:
    """Return a range in words, empty where there is none."""
    if low is None:
        return ""
    high = None if high is not None and high >= _NO_BOUND else high
    texts = [f"{value:.12g}".replace(".", mark) for value in (low, high) if value is not None]
    return f", {start} {texts[0]}" + (f" {end} {texts[1]}" if len(texts) > 1 else "")
