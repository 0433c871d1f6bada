"""Rows of a folder's lists: what the readers did with them, how many were used and why others were not; by what mark two shapes are the same."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import shapely

from geo.errors import Bilingual
from geo.io.folder_editions import SiteKey
from geo.io.folder_proposal import Proposal, TakenFile
from geo.io.folder_roles import schema_of
from geo.io.raw import RawTable
from geo.text import clean, fold_key
from geo.validation import Effect, IssueLog, Source

__all__ = ["plain_cell", "shape_marks", "sites_of", "with_counts", "without_rows"]

_SAME_DIGITS = 7  # decimals that GeoJSON keeps of a degree (RFC 7946, 11.2 advises 6)


def shape_marks(raw: RawTable) -> list[str]:
    """Return a mark of each row's whole shape, the same wherever its ring begins."""
    if raw.geometry is None:
        return [""] * len(raw.cells)
    rounded = shapely.transform(raw.geometry.to_numpy(dtype=object), lambda xy: xy.round(_SAME_DIGITS))
    return ["" if w is None else hashlib.blake2b(w, digest_size=16).hexdigest() for w in shapely.to_wkb(shapely.normalize(rounded))]


def _counts(taken: TakenFile, log: IssueLog) -> tuple[int, int]:
    """Return rows of an input and those of them that were used; 0 where its reader counts none."""
    mine = [c for c in log.counts if _is_of(c.source, taken)]
    return sum(c.rows_in for c in mine), sum(c.rows_used for c in mine)


def _is_of(source: Source, taken: TakenFile) -> bool:
    sheets = taken.options.get("sheet", [])
    return source.file == taken.file and (not sheets or not source.sheet or source.sheet in ([sheets] if isinstance(sheets, str) else list(sheets)))  # type: ignore[call-overload]


def _lost(taken: TakenFile, log: IssueLog) -> Bilingual:
    """Say why rows of an input were not used, the most frequent reason first."""
    reasons: Counter[tuple[str, str]] = Counter()
    for finding in log:
        if finding.kind.effect is Effect.ROW_DROPPED and _is_of(finding.source, taken):
            reasons[(finding.title.vi, finding.title.en)] += finding.count
    return Bilingual(
        "; ".join(f"{n} dòng: {vi}" for (vi, _), n in reasons.most_common(4)), "; ".join(f"{n} rows: {en}" for (_, en), n in reasons.most_common(4))
    )


def without_rows(proposal: Proposal, log: IssueLog) -> dict[TakenFile, Bilingual]:
    """Return inputs of which not one row could be used, with the reason: a list without a row would be taken for an operator without sites."""
    found = {t: _counts(t, log) for t in proposal.taken}
    return {
        t: Bilingual(f"không dùng được dòng nào ({why.vi})", f"no row can be used ({why.en})")
        for t, (rows, used) in found.items()
        if rows and not used
        for why in [_lost(t, log)]
    }


def with_counts(proposal: Proposal, log: IssueLog) -> Proposal:
    """Return the proposal with the rows of each input, and what became of those that are not used."""
    taken, notes = [], []
    for entry in proposal.taken:
        rows, used = _counts(entry, log)
        taken.append(replace(entry, rows=used))
        if rows > used:
            why = _lost(entry, log)
            notes.append(Bilingual(f"'{entry.file}': dùng {used} trong {rows} dòng; {why.vi}", f"'{entry.file}': {used} of {rows} rows are used; {why.en}"))
    return replace(proposal, taken=tuple(taken), notes=(*proposal.notes, *dict.fromkeys(notes)))


def plain_cell(cell: object) -> str:
    """Return a cell as a text that compares: whole numbers without decimals, a decimal point."""
    text = clean(cell)
    return text.removesuffix(".0").replace(",", ".")


def sites_of(kind: str, operator: str, raw: RawTable) -> dict[SiteKey, tuple[float, float]]:
    """Return operator with technology and code of each site of a list as they stand, and where the list puts it."""
    match = schema_of(kind).match(raw.headers).columns
    if "site_id" not in match:
        return {}
    blank = pd.Series(np.nan, index=raw.cells.index)
    pair = next((p for p in (("lon", "lat"), ("x", "y")) if set(p) <= set(match)), ())
    first, second = (pd.to_numeric(raw.cells[match[name]].map(plain_cell), errors="coerce") for name in pair) if pair else (blank, blank)
    if raw.geometry is not None and not pair:
        first, second = raw.geometry.centroid.x, raw.geometry.centroid.y
    operators = raw.cells[match["operator"]].map(fold_key) if "operator" in match else pd.Series(fold_key(operator), index=raw.cells.index)
    codes = raw.cells[match["site_id"]].map(plain_cell).map(fold_key)
    technologies = raw.cells[match["technology"]].map(fold_key) if "technology" in match else pd.Series("", index=raw.cells.index)
    return {(f"{o} {t}", c): (a, b) for o, c, t, a, b in zip(operators, codes, technologies, first, second, strict=True) if c}
