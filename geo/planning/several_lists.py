"""One mast that several lists name: each operator's list has the masts that it uses, so that a shared one comes once from each.

Counted twice it would be two masts of the inventory, a cluster to share and a mast to take down that does not exist.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.io.places import state_rows
from geo.planning.structures import near_pairs
from geo.text import fold
from geo.validation import IssueLog

__all__ = ["one_row_per_mast"]

_LIST = ["file", "sheet"]
#: Taken from the first list that says it; where two say different things it is not known.
_SAID = ("mast_class", "shareable")
_DIFFER = {"mast_class": "mast_lists_differ_mast_class", "shareable": "mast_lists_differ_shareable"}
_FILLED = ("mast_name", "owner", "mast_kind", "height_m", "building_height_m", "in_use_since", "address")
_CERTIFICATE = ["certificate_no", "certificate_date", "certificate_expiry"]


def one_row_per_mast(masts: pd.DataFrame, *, same_mast_m: float, log: IssueLog) -> pd.DataFrame:
    """Return the inventory with a mast of several lists as one row, the first list's.

    Rows are one mast if they come from different lists, are both as it stands or both planned, lie nearer than ``same_mast_m``, and do not name
    different owners; each with the nearest row of another list, never two rows of one list, whose codes tell them apart. The row has
    the users of all, what the first lacks as a later one says it, and the certificate that ends last. A class, or an ability to be shared,
    of which two lists say different things is not known, and stated.

    Parameters
    ----------
    masts : DataFrame
        :func:`geo.io.passive.read_points`, all lists in the project's order.
    same_mast_m : float
    log : IssueLog
    """
    lists = np.asarray(masts.groupby(_LIST, sort=False).ngroup(), dtype=np.int64)
    if len(masts) < 2 or lists.max() == 0:
        return masts
    groups = _groups(masts, lists, same_mast_m)
    if not groups:
        return masts
    out, gone, differ = masts.copy(), [], []
    for rows in groups:
        first, others = rows[0], rows[1:]
        part = masts.iloc[rows]
        at = masts.index[first]
        out.at[at, "users"] = "; ".join(sorted({u for text in part["users"] for u in str(text).split("; ") if u}))
        for name in _FILLED:
            told = [v for v in part[name] if not pd.isna(v) and v != ""]
            if told:
                out.at[at, name] = told[0]
        for name in _SAID:
            told = list(dict.fromkeys(v for v in part[name] if not pd.isna(v) and v != ""))
            if len(told) > 1:
                differ.append((first, name))
                out.at[at, name] = pd.NA if name == "shareable" else ""
            elif told:
                out.at[at, name] = told[0]
        last = part["certificate_expiry"].argmax() if part["certificate_expiry"].notna().any() else 0
        out.loc[at, _CERTIFICATE] = part[_CERTIFICATE].iloc[int(last)]
        out.at[at, "note"] = "; ".join(t for t in (str(out.at[at, "note"]), *(f"= {masts['mast_id'].iloc[k]} ({masts['file'].iloc[k]})" for k in others)) if t)
        gone += [(k, str(masts["mast_id"].iloc[first])) for k in others]
    again, came = np.zeros(len(masts), dtype=bool), np.full(len(masts), "", dtype=object)
    for k, name in gone:
        again[k], came[k] = True, f"{masts['mast_id'].iloc[k]} = {name}"
    state_rows("mast_in_several_lists", masts, again, log, came=came)
    for name in _SAID:
        unlike = np.isin(np.arange(len(masts)), [k for k, field in differ if field == name])
        state_rows(_DIFFER[name], masts, unlike, log, came=masts["mast_id"].to_numpy(dtype=object))
    return out[~again].reset_index(drop=True)


def _groups(masts: pd.DataFrame, lists: npt.NDArray[np.int64], same_mast_m: float) -> list[list[int]]:
    """Return rows that are one mast, the first list's first."""
    place = masts["lon"].to_numpy(dtype=float), masts["lat"].to_numpy(dtype=float)
    i, j, metres = near_pairs(*place, *place, within_m=same_mast_m)
    owner, planned = [fold(str(o)) for o in masts["owner"]], masts["planned"].to_numpy(dtype=bool)
    pairs = [
        (float(d), a, b) for a, b, d in zip(i.tolist(), j.tolist(), metres.tolist(), strict=True)
        if a < b and lists[a] != lists[b] and planned[a] == planned[b]
    ]  # fmt: skip
    group: dict[int, tuple[int, ...]] = {k: (k,) for k in range(len(masts))}
    for _, a, b in sorted(pairs):
        joined = tuple(sorted({*group[a], *group[b]}))
        owners = {owner[k] for k in joined if owner[k]}
        if len(owners) > 1 or len({int(lists[k]) for k in joined}) < len(joined):
            continue
        group |= dict.fromkeys(joined, joined)
    return [list(rows) for rows in sorted(set(group.values())) if len(rows) > 1]
