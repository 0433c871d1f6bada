"""The list of ways in which input goes wrong (``ways.toml``), as the tests read it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo.errors import Bilingual
from geo.report.issues import row_ranges
from geo.validation import Finding

__all__ = ["FAMILIES", "Stated", "Way", "listed_ways", "stated"]

LIST = Path(__file__).with_name("ways.toml")
#: Families of the list; each must have ways.
FAMILIES = (
    "crs", "axes", "numbers", "missing", "encoding", "formulas", "sheets", "time", "duplicates", "old_areas", "polygons",
    "coverage", "rasters", "paths", "environment", "bombs", "antennas", "signals", "project", "kinds",
    "service",
)  # fmt: skip
_NOTHING = Bilingual("", "")
STATUSES = ("answered", "open", "undetectable")


@dataclass(frozen=True, slots=True, order=True)
class Stated:
    """One finding as the list names it; ``rows`` are ranges as the workbook shows them."""

    code: str
    severity: str
    effect: str
    file: str
    sheet: str = ""
    rows: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of going wrong and what must happen."""

    id: str
    family: str
    what: Bilingual
    status: str
    stops: bool
    findings: tuple[Stated, ...]
    refused: str = ""
    says: Bilingual = _NOTHING
    issue: int = 0
    note: str = ""


def listed_ways() -> list[Way]:
    """Return all ways in the order of the list."""
    content = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return [_way(entry) for entry in content["way"]]


def _way(entry: dict[str, Any]) -> Way:
    says = entry.get("says", {})
    return Way(
        id=entry["id"],
        family=entry["family"],
        what=Bilingual(entry["what"]["vi"], entry["what"]["en"]),
        status=entry["status"],
        stops=entry["stops"],
        findings=tuple(Stated(**f) for f in entry.get("findings", [])),
        refused=entry.get("refused", ""),
        says=Bilingual(says.get("vi", ""), says.get("en", "")),
        issue=entry.get("issue", 0),
        note=entry.get("note", ""),
    )


def stated(finding: Finding) -> Stated:
    """Return a finding as the list would name it."""
    return Stated(
        finding.kind.code,
        finding.kind.severity.value,
        finding.kind.effect.value,
        finding.source.file,
        finding.source.sheet,
        "; ".join(row_ranges(finding.rows)),
        finding.column,
    )
