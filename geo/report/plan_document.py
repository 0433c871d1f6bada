"""The draft of the yearly plan as a Word document, in the layouts that provinces use: status quo beside planned."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from geo.io.documents import DocumentTable, DocumentText, document_bytes
from geo.report.print_words import DASH, Words, communes_named, texts, unknown
from geo.report.printed import Printed
from geo.report.tables import code_words

__all__ = ["build_plan"]

Part = DocumentText | DocumentTable
#: Kinds of works: their columns without and with a class, decimals.
_WORKS = (
    ("masts", (("A1a", "masts_a1a"), ("A1b", "masts_a1b"), ("A2a", "masts_a2a"), ("A2b", "masts_a2b"), ("A2c", "masts_a2c"), ("", "masts_class_unknown")), 0),
    ("ducts", (("N1", "ducts_km_n1"), ("N2", "ducts_km_n2"), ("", "ducts_km_class_unknown")), 1),
    ("poles", (("C1", "poles_c1"), ("C2", "poles_c2"), ("", "poles_class_unknown")), 0),
    ("service_points", (("Đ1", "service_points_d1"), ("Đ2", "service_points_d2"), ("", "service_points_class_unknown")), 0),
)  # fmt: skip
_TOTALS = {"masts": "masts", "ducts": "ducts_km", "poles": "poles", "service_points": "service_points"}
_TOTAL = "total"
_WIDE_MM = 250.0


def build_plan(printed: Printed) -> bytes:
    """Return the draft of the plan: inventory, registered lines, sharing, and what is left.

    Parameters
    ----------
    printed : Printed
    """
    content, words = printed.content, Words(printed.content.language)
    names = {} if content.communes is None else dict(zip(texts(content.communes, "commune_code"), texts(content.communes, "commune_name"), strict=True))
    title = words.say("plan", "title")
    parts: list[Part] = [*_head(printed, words, title)]
    parts += [DocumentText(words.say("plan", "basis_heading"), heading=True, size=14)]
    parts += [DocumentText(words.say("plan", "basis", day=f"{content.date:%d/%m/%Y}", version=content.version), italic=True)]
    parts += [DocumentText(words.say("plan", "inventory_heading"), heading=True, size=14), DocumentText(words.say("plan", "key"), italic=True, size=11)]
    for kind, columns, decimals in _WORKS:
        parts += [DocumentText(words.say("plan", kind), bold=True, size=12), _inventory(printed.inventory, words, kind, columns, decimals)]
    parts += [DocumentText(words.say("plan", "lines_heading"), heading=True, size=14), _lines(printed.plans, words, names)]
    parts += [DocumentText(words.say("plan", "sharing_heading"), heading=True, size=14), _sharing(printed.sharing, words, names)]
    parts += [DocumentText(words.say("plan", "left_heading"), heading=True, size=14), _left(printed.remainder, words, names)]
    parts.append(_signed(words))
    return document_bytes(parts, title=f"{title} – {content.title}", created=content.date)


def _head(printed: Printed, words: Words, title: str) -> list[Part]:
    left = ((words.say("plan", "agency"), words.say("plan", "country")), (words.say("plan", "department"), words.say("plan", "motto")))
    rows = (*left, ("", words.say("signature", "place")))
    parts: list[Part] = [DocumentTable((), rows, (110.0, 140.0), ("middle", "middle"), lined=False)]
    if printed.content.made_up:
        parts.append(DocumentText(words.map_says("page.made_up_long"), "middle", bold=True))
    parts.append(DocumentText(words.say("plan", "draft"), "middle", bold=True, size=12))
    parts.append(DocumentText(title, "middle", bold=True, size=15))
    parts.append(DocumentText(printed.content.title, "middle", italic=True, size=13))
    return parts


def _inventory(frame: pd.DataFrame | None, words: Words, kind: str, columns: Sequence[tuple[str, str]], decimals: int) -> Part:
    """Return a table of one kind of works by commune, as it stands beside as planned."""
    asked = [*columns, (words.say("plan", "all"), _TOTALS[kind])]
    names = [name for _, column in asked for name in (column, f"{column}_planned")]
    if frame is None or not set(names) <= set(frame.columns) or frame[names].isna().all(axis=None):
        return DocumentText(words.say("plan", "not_given"), italic=True, size=12)
    rows: list[tuple[str, ...]] = []
    for _, row in frame.iterrows():
        code = "" if unknown(row["commune_code"]) else str(row["commune_code"])
        shown = words.say("plan", "total" if code == _TOTAL else "no_commune") if code in {"", _TOTAL} else str(row["commune_name"])
        place = "" if code in {"", _TOTAL} else str(len(rows) + 1)
        rows.append((place, shown, *(words.number(row[name], decimals) for name in names)))
    each = (_WIDE_MM - 62) / len(names)
    heads = tuple(words.say("plan", part) for _ in asked for part in ("now", "planned"))
    groups = [(label or words.say("plan", "unknown_class"), 2) for label, _ in asked]
    return DocumentTable(
        (words.say("plan", "number"), words.say("plan", "unit"), *heads), tuple(rows), (12.0, 50.0, *[each] * len(names)),
        ("middle", "left", *["right"] * len(names)), groups=(("", 1), ("", 1), *groups), bold_last=True,
    )  # fmt: skip


def _of(words: Words, section: str, codes: object) -> str:
    return DASH if unknown(codes) or not str(codes) else "; ".join(words.of(code_words(section, code)) for code in str(codes).split("; "))


def _text(value: object) -> str:
    return DASH if unknown(value) or not str(value) else str(value)


def _listed(words: Words, names: Sequence[str], rows: Sequence[tuple[str, ...]], widths: Sequence[float], aligns: str) -> DocumentTable:
    """Return a table with a running number in front; ``aligns`` has a letter per column: l, r or m."""
    sides = {"l": "left", "r": "right", "m": "middle"}
    headers = (words.say("plan", "number"), *(words.say("plan", name) for name in names))
    counted = tuple((str(i), *row) for i, row in enumerate(rows, start=1))
    return DocumentTable(headers, counted, (12.0, *widths), ("middle", *(sides[letter] for letter in aligns)))


def _lines(frame: pd.DataFrame | None, words: Words, names: dict[str, str]) -> Part:
    if frame is None or not len(frame):
        return DocumentText(words.say("plan", "no_lines"), italic=True)
    columns = ("line", "operator", "year", "action", "commune", "lon", "lat", "mast_class", "height", "people", "remark")
    rows = [
        (
            _text(r.get("line_id")), _text(r.get("operator")), DASH if unknown(r.get("year")) else str(int(r["year"])), _of(words, "plan_actions", r.get("action")),
            communes_named(names, r.get("commune_code")), words.number(r.get("lon"), 5), words.number(r.get("lat"), 5), _text(r.get("mast_class")),
            words.number(r.get("height_m"), 0), words.count(r.get("population_gained")), _of(words, "plan_remarks", r.get("remark")),
        )
        for _, r in frame.iterrows()
    ]  # fmt: skip
    return _listed(words, columns, rows, (22.0, 22.0, 12.0, 18.0, 30.0, 19.0, 18.0, 14.0, 13.0, 15.0, 55.0), "llmllrrmrrl")


def _sharing(frame: pd.DataFrame | None, words: Words, names: dict[str, str]) -> Part:
    if frame is None or not len(frame):
        return DocumentText(words.say("plan", "no_sharing"), italic=True)
    rows = [
        (
            _text(r.get("cluster_id")), communes_named(names, r.get("commune_code")), _text(r.get("operators")), words.number(r.get("distance_m"), 0),
            _text(r.get("keep_mast_id")), _text(r.get("removable_mast_ids")), words.count(r.get("saving_vnd")),
        )
        for _, r in frame.iterrows()
    ]  # fmt: skip
    return _listed(words, ("cluster", "commune", "operators", "distance", "keep", "remove", "saving"), rows, (18.0, 45.0, 50.0, 20.0, 35.0, 45.0, 25.0), "lllrllr")


def _left(frame: pd.DataFrame | None, words: Words, names: dict[str, str]) -> Part:
    if frame is None:
        return DocumentText(words.say("plan", "no_left"), italic=True)
    rows = [
        (
            _text(r.get("name") if not unknown(r.get("name")) else r.get("remainder_id")), communes_named(names, r.get("commune_code")), _of(words, "remainder_classes", r.get("class")),
            words.count(r.get("population_left")), _of(words, "remainder_proposed", r.get("proposed_to")), _of(words, "remainder_reasons", r.get("reason")),
        )
        for _, r in frame.iterrows()
    ]  # fmt: skip
    return _listed(words, ("name", "commune", "class", "left_people", "proposed", "reason"), rows, (45.0, 45.0, 32.0, 20.0, 40.0, 56.0), "lllrll")


def _signed(words: Words) -> DocumentTable:
    heads = tuple(words.say("signature", entry) for entry in ("maker", "leader"))
    return DocumentTable((), (heads, (words.say("signature", "sign"),) * 2), (125.0, 125.0), ("middle", "middle"), lined=False)
