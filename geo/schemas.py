"""What each kind of table may hold: fields, their types, units, ranges and the headers they come under.

The content lives in ``resources/tables/<kind>.toml``; this module is its shape and the matching of
headers to fields, which is the same for every format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from geo.errors import InputError
from geo.text import fold, fold_key, without_unit

__all__ = ["Field", "FieldType", "HeaderMatch", "Schema"]


class FieldType(StrEnum):
    """How the cells of a field are read."""

    TEXT = "text"
    CODE = "code"
    NUMBER = "number"
    INTEGER = "integer"
    YEAR = "year"
    DATE = "date"
    TIME = "time"
    FLAG = "flag"
    CHOICE = "choice"
    RAW = "raw"  # left as it came: positions, operators, technologies have readers of their own


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a table.

    Attributes
    ----------
    name : str
        Canonical name, with its unit (``structure_height_m``).
    aliases : tuple of str
        Folded headers (:func:`geo.text.fold_key`) that mean this field.
    minimum, maximum : float or None
        Plausible range; a value outside becomes unknown, with a finding.
    digits : int or None
        For codes: the length to which lost leading zeros are restored.
    choices : mapping
        Folded spelling to canonical value.
    unit : str
        Unit of the canonical value, empty if none.
    private : bool
        Identities of people or devices: never shown in a finding.
    label : str
        The usual Vietnamese header, for messages.
    end : bool
        Of dates: whether the day ends something, so that ``"12/2027"`` or ``"2027"`` is the last day of it.
    span : str
        Which year of a span such as ``"2027-2028"`` is meant: ``last`` (what is built is there by then) or ``first``.
    """

    name: str
    type: FieldType
    aliases: tuple[str, ...]
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    digits: int | None = None
    choices: Mapping[str, str] | None = None
    private: bool = False
    label: str = ""
    span: str = "last"
    end: bool = False


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """Which column of a table holds which field.

    Attributes
    ----------
    columns : mapping
        Field name to column position.
    rivals : mapping
        Field name to all positions that claim it, where there are several.
    unknown : tuple of int
        Positions whose header means nothing here.
    """

    columns: Mapping[str, int]
    rivals: Mapping[str, tuple[int, ...]]
    unknown: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """The fields of one kind of table.

    ``one_of`` lists groups of fields: of each group at least one alternative (a set of fields that
    stand together) must be there, e.g. ``(("lon", "lat"), ("x", "y"), ("position",))``.
    A header without a field that holds one of the folded words of ``weighty`` may matter all the same.
    """

    kind: str
    fields: Mapping[str, Field]
    one_of: tuple[tuple[tuple[str, ...], ...], ...] = ()
    weighty: tuple[str, ...] = ()

    @classmethod
    def from_toml(cls, kind: str, content: Mapping[str, object]) -> Schema:
        """Build a schema from a parsed ``resources/tables/<kind>.toml``."""
        fields: dict[str, Field] = {}
        entries = content["fields"]
        if not isinstance(entries, Mapping):
            raise InputError(f"Lược đồ '{kind}' hỏng.", f"Schema '{kind}' is broken.")
        for name, entry in entries.items():
            choices = entry.get("choices")
            fields[name] = Field(
                name=name,
                type=FieldType(entry.get("type", "text")),
                aliases=tuple(dict.fromkeys(fold_key(a) for a in (name, *entry.get("aliases", ())))),
                required=bool(entry.get("required", False)),
                minimum=entry.get("min"),
                maximum=entry.get("max"),
                unit=str(entry.get("unit", "")),
                digits=entry.get("digits"),
                private=bool(entry.get("private", False)),
                span=str(entry.get("span", "last")),
                end=bool(entry.get("end", False)),
                label=str(next(iter(entry.get("aliases", ())), "")),
                choices=None
                if choices is None
                else {fold_key(s): value for value, spellings in choices.items() for s in (value, *spellings)},
            )
        groups = content.get("one_of", [])
        one_of = tuple(
            tuple(tuple(alternative) for alternative in group)
            for group in (groups if isinstance(groups, Sequence) else [])
        )
        words = content.get("weighty", [])
        weighty = tuple(fold(word) for word in (words if isinstance(words, Sequence) else []))
        return cls(kind, fields, one_of, weighty)

    def weighs(self, header: object) -> bool:
        """Tell whether a header holds one of the words that make it worth a warning when it is not used."""
        return any(f" {word} " in f" {fold(header)} " for word in self.weighty)

    def match(self, headers: Sequence[str], chosen: Mapping[str, str] | None = None) -> HeaderMatch:
        """Find which header means which field.

        An exact folded match of the whole header wins over a match without what stands in brackets
        (units, remarks). ``chosen`` (field to header, from the project file) wins over both.

        Raises
        ------
        InputError
            If ``chosen`` names a field or a header that does not exist.
        """
        full = [fold_key(h) for h in headers]
        bare = [fold_key(without_unit(h)) for h in headers]
        columns: dict[str, int] = {}
        rivals: dict[str, tuple[int, ...]] = {}
        taken: set[int] = set()
        for name, header in (chosen or {}).items():
            if name not in self.fields:
                raise InputError(
                    f"columns: không có trường '{name}' cho loại dữ liệu '{self.kind}'; các trường: "
                    f"{', '.join(self.fields)}.",
                    f"columns: there is no field '{name}' in tables of kind '{self.kind}'; fields: "
                    f"{', '.join(self.fields)}.",
                )
            key = fold_key(header)
            places = [i for i, h in enumerate(full) if h == key] or [i for i, h in enumerate(bare) if h == key]
            if not places:
                raise InputError(
                    f"columns: không thấy cột '{header}'; các cột hiện có: {', '.join(h for h in headers if h)}.",
                    f"columns: column '{header}' not found; columns present: {', '.join(h for h in headers if h)}.",
                )
            columns[name] = places[0]
            taken.add(places[0])
        for keys in (full, bare):
            for name, field in self.fields.items():
                if name in columns:
                    continue
                places = [i for i, key in enumerate(keys) if key and i not in taken and key in field.aliases]
                if not places:
                    continue
                # An alias listed earlier is the more exact name of the field.
                places.sort(key=lambda i, f=field, k=keys: (f.aliases.index(k[i]), i))  # type: ignore[misc]
                columns[name] = places[0]
                if len(places) > 1:
                    rivals[name] = tuple(places)
                taken.update(places)
        unknown = tuple(i for i, key in enumerate(full) if key and i not in taken)
        return HeaderMatch(columns, rivals, unknown)

    @property
    def private(self) -> bool:
        """Whether rows of this kind may hold identities: then no finding shows a whole row."""
        return any(field.private for field in self.fields.values())

    def missing(self, present: Mapping[str, int]) -> list[str]:
        """Return what is still missing, as texts like ``"lon + lat | x + y"``; empty when complete."""
        lacking = [name for name, field in self.fields.items() if field.required and name not in present]
        lacking.extend(
            " | ".join(" + ".join(alternative) for alternative in group)
            for group in self.one_of
            if not any(all(name in present for name in alternative) for alternative in group)
        )
        return lacking
