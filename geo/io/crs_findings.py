"""What is said of a list's coordinate system: what it was taken for, or why it is refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geo.crs import zone_label
from geo.io.tables import Table
from geo.numbers import vietnamese
from geo.positions import Outcome, Reading, Settlement
from geo.validation import IssueLog

__all__ = ["list_readings", "refuse_given", "refuse_list", "why_settled"]


def refuse_given(
    table: Table,
    settled: Settlement,
    ruled: Settlement,
    declared: tuple[int, ...],
    provinces: tuple[str, ...],
    column: str,
    first: str,
    log: IssueLog,
) -> None:
    """Refuse a list whose crs in the project file does not hold, naming what fits instead."""
    fits = zone_label(ruled.chosen.epsg) if ruled.chosen is not None else "—"
    log.add(
        "crs_given_contradicted",
        table.source,
        column=column,
        came=first,
        fields={
            "declared": ", ".join(zone_label(e) for e in declared),
            "province": ", ".join(provinces),
            "found": list_readings(settled.tried[:2]),
            "fits": fits,
        },
    )


def why_settled(settled: Settlement) -> dict[str, str]:
    """Return why a reading was taken, in both languages."""
    return {
        Outcome.DECLARED: {"why_vi": "được khai báo", "why_en": "it is declared"},
        Outcome.ONLY_SURVIVOR: {
            "why_vi": "là cách đọc duy nhất đặt các điểm vào tỉnh",
            "why_en": "it is the only reading that puts the points into the province",
        },
        Outcome.COMMUNES_DECIDED: {
            "why_vi": "khớp với cột xã hơn hẳn các cách đọc khác",
            "why_en": "it fits the commune column clearly better than any other reading",
        },
    }[settled.outcome]


def list_readings(readings: Sequence[Reading]) -> str:
    """Return readings with their shares, for a sentence."""
    return "; ".join(
        f"{zone_label(r.epsg)}{' X↔Y' if r.swapped else ''}: {vietnamese(r.inside_share, '.0%')}"
        + ("" if np.isnan(r.match_share) else f" (xã/communes {vietnamese(r.match_share, '.0%')})")
        for r in readings
    )


def refuse_list(
    table: Table,
    settled: Settlement,
    provinces: tuple[str, ...],
    survive_share: float,
    column: str,
    first: str,
    log: IssueLog,
    *,
    declared: tuple[int, ...],
) -> None:
    """Refuse a list that the rule cannot settle, naming the readings."""
    listed = settled.survivors if settled.outcome is Outcome.SEVERAL_SURVIVE else settled.tried[:4]
    codes = ", ".join(f'"EPSG:{e}"' for e in dict.fromkeys(r.epsg for r in listed))
    fields = {"province": ", ".join(provinces), "candidates": list_readings(listed), "codes": codes,
              "needed": f"{survive_share:.0%}",
              "declared": ", ".join(zone_label(e) for e in declared)}
    code = {
        Outcome.NONE_SURVIVES: "crs_declared_contradicted" if declared else "crs_none_fits",
        Outcome.SEVERAL_SURVIVE: "crs_several_fit",
        Outcome.COMMUNES_CONTRADICT: "crs_communes_contradict",
    }[settled.outcome]
    log.add(code, table.source, column=column, came=first, fields=fields)
