"""Rows of station lists that are on air but have no place on the map.

A row whose coordinates cannot be used is no evidence that nothing stands there: its operator may serve the commune
that the row names, or any place of the area where it names none. What follows for states is said in
:mod:`geo.coverage.unplaced`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from geo.io.named_areas import areas_meant
from geo.io.positions import PositionContext
from geo.network import UNPLACED_COLUMNS, Network
from geo.validation import IssueLog, Source

__all__ = ["no_unplaced", "rows_without_place", "still_unplaced"]

#: A planned site, or one taken off the air, serves nobody wherever it stands.
_MAY_SERVE = ("on_air", "unknown")


def no_unplaced() -> pd.DataFrame:
    """Return the table without a row."""
    return pd.DataFrame({name: pd.Series(dtype="int64" if name == "row" else "str") for name in UNPLACED_COLUMNS})


def rows_without_place(rows: pd.DataFrame, outside: Iterable[int], context: PositionContext) -> pd.DataFrame:
    """Return what is known of rows that were left out for their coordinates.

    Parameters
    ----------
    rows : DataFrame
        Index = row number in the file; ``operator`` (empty: nobody knows whose), ``technologies``, ``status``, ``file``,
        ``sheet``; ``site_id``, ``lon``, ``lat`` (EPSG:4326, of rows left out for another reason) and the columns that
        name areas where the list has them.
    outside : iterable of int
        Rows left out because their coordinates lie far from the area: they are not of this area, unless they name
        one of its communes.
    context : PositionContext

    Returns
    -------
    DataFrame
        ``UNPLACED_COLUMNS``; ``commune_codes`` parted by ``;``, empty where the row may belong anywhere in the area.
    """
    area = context.area
    wanted = context.provinces or area.province_codes
    rows = rows[rows["status"].isin(_MAY_SERVE) & _like_sites(rows)]
    if rows.empty:
        return no_unplaced()
    # What differs by accents only may be meant too: nothing is said to be without a site for an accent's sake.
    meant = [sorted(area.codes[list(m.units | area.units_near(m))]) for m in areas_meant(rows, area, wanted)]
    located = area.locate(rows["lon"], rows["lat"]) if "lon" in rows.columns else np.full(len(rows), -1)
    far = np.isin(rows.index, list(outside))
    named = _provinces_named(rows, context)
    kept, codes = [], []
    for i, by_name in enumerate(meant):
        communes = by_name if located[i] < 0 else [area.codes[located[i]]]
        elsewhere = not communes and (far[i] or (named[i] != "" and named[i] not in wanted))
        kept.append(not elsewhere)
        codes.append(";".join(str(c) for c in communes))
    out = pd.DataFrame(
        {
            "operator": rows["operator"].fillna("").astype(str),
            "site_id": rows["site_id"].fillna("").astype(str) if "site_id" in rows.columns else "",
            "technologies": rows["technologies"].astype(str),
            "commune_codes": codes,
            "file": rows["file"], "sheet": rows["sheet"], "row": rows.index.to_numpy(dtype=np.int64),
        }
    )  # fmt: skip
    return out[kept].reset_index(drop=True)


def _like_sites(rows: pd.DataFrame) -> pd.Series:
    """Tell rows that name a site or a technology: a stray cell, a footer or a row of column numbers is no site."""
    code = rows["site_id"].fillna("").astype(str) if "site_id" in rows.columns else pd.Series("", index=rows.index)
    return (code != "") | (rows["technologies"].astype(str) != "")


def _provinces_named(rows: pd.DataFrame, context: PositionContext) -> list[str]:
    column = next((c for c in ("province_code", "province_name") if c in rows.columns), None)
    return [""] * len(rows) if column is None else [context.area.province_meant(v) for v in rows[column]]


def still_unplaced(lost: Sequence[pd.DataFrame], network: Network, log: IssueLog) -> pd.DataFrame:
    """Return the rows without a place whose site no other row places, and state them.

    Parameters
    ----------
    lost : sequence of DataFrame
        Of :func:`rows_without_place`.
    network : Network
    log : IssueLog
    """
    found = _with_communes(pd.concat([part for part in lost if len(part)] or [no_unplaced()], ignore_index=True))
    found = found[found["operator"].isin({"", *network.sites["operator"]})]  # an operator without any placed site is unknown as a whole
    on_site: dict[tuple[str, str], set[str]] = {}
    for operator, site, technology in zip(*(network.cells[c].astype(str) for c in ("operator", "site_id", "technology")), strict=True):
        on_site.setdefault((operator, site.removeprefix(f"{operator}/")), set()).add(technology)
    commune_of = {
        (operator, site.removeprefix(f"{operator}/")): commune
        for operator, site, commune in zip(*(network.sites[c].astype(str) for c in ("operator", "site_id", "commune_code")), strict=True)
    }
    kept = []
    for row in found.to_dict("records"):
        site = (row["operator"], row["site_id"])
        there = on_site.get(site) if row["site_id"] else None
        if there is not None:
            lacking = set(row["technologies"].split(",")) - {""} - there
            if "" in there or not lacking:
                continue  # another row places the site with all that this one says of it
            row |= {"technologies": ",".join(sorted(lacking)), "commune_codes": commune_of[site] or row["commune_codes"]}
        kept.append(row)
    out = pd.DataFrame(kept, columns=list(UNPLACED_COLUMNS)).astype(no_unplaced().dtypes.to_dict())
    for (file, sheet), part in out.groupby(["file", "sheet"], sort=True):
        log.add("site_without_place", Source(str(file), str(sheet)), rows=part["row"].to_numpy(),
                came=[_where(o, t, c) for o, t, c in zip(part["operator"], part["technologies"], part["commune_codes"], strict=True)])
    return out


def _with_communes(found: pd.DataFrame) -> pd.DataFrame:
    """Give rows that name no commune that of another row of their site: cells stand where their site's row says."""
    named = found[(found["commune_codes"] != "") & (found["site_id"] != "")]
    told = {(o, s): c for o, s, c in zip(named["operator"], named["site_id"], named["commune_codes"], strict=True)}
    codes = [c or told.get((o, s), "") for o, s, c in zip(found["operator"], found["site_id"], found["commune_codes"], strict=True)]
    return found.assign(commune_codes=pd.Series(codes, index=found.index, dtype="str"))


def _where(operator: str, technologies: str, communes: str) -> str:
    return "; ".join((operator or "?", technologies or "2G-5G", communes.replace(";", ", ") or "*"))
