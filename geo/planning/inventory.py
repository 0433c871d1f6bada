"""The passive inventory counted: by class, owner, user, height and sharing, what stands beside what is planned, commune by commune.

A row that does not say its class is counted as of unknown class; nothing is put into another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from geo.io.planning_areas import MAST_CLASSES

__all__ = ["certificates", "inventory_communes", "inventory_summary"]

_POINT_CLASSES, _DUCT_CLASSES, _POLE_CLASSES = ("Đ1", "Đ2"), ("N1", "N2"), ("C1", "C2")
_PLAIN = {"Đ1": "d1", "Đ2": "d2"}


def inventory_communes(units: pd.DataFrame, works: Mapping[str, pd.DataFrame], *, on: date, certificate_days: float) -> pd.DataFrame:
    """Return the commune totals in the layout of provincial plans: each figure as it stands, and as it is planned (``…_planned``).

    Parameters
    ----------
    units : DataFrame
        ``commune_code``, ``commune_name``.
    works : mapping of str to DataFrame
        ``masts``, ``service_points``, ``ducts``, ``poles``, ``cables`` (:mod:`geo.io.passive`); those not given are unknown, not 0.
    on : date
    certificate_days : float

    Returns
    -------
    DataFrame
        A row per commune in the order of ``units``, one of works in no known commune (``commune_code`` ``""``) if there are any, and the
        total (``commune_code`` ``"total"``): masts by class and of unknown class, in all, used by several operators, with a certificate that ends within ``certificate_days``
        or has ended; ducts in km by class, conduits and those in use; poles by class; hung cable in km; service points by class. NaN where the kind was not given, or
        none of its rows says how much; NaN as planned where no row of the kind is planned; ``…_without_length`` counts routes that are in no figure of km.
    """
    codes = [str(c) for c in units["commune_code"]]
    columns: dict[str, pd.Series] = {}

    def put(name: str, frame: pd.DataFrame | None, mask: pd.Series | None = None, value: str = "") -> None:
        for planned in (False, True):
            label = f"{name}_planned" if planned else name
            # A list without a single planned row says nothing of the plan: that is unknown, not nothing.
            if frame is None or (planned and not frame["planned"].astype(bool).any()):
                columns[label] = pd.Series(np.nan, index=[*codes, ""])
                continue
            rows = frame[(frame["planned"] == planned) & (True if mask is None else mask)]
            at = rows["commune_code"].where(rows["commune_code"].isin(codes), "")
            groups = rows.groupby(at, sort=False)
            number = groups.size().reindex([*codes, ""]).fillna(0.0)
            found = groups[value].sum(min_count=1).reindex([*codes, ""]) if value else number
            # No row is nothing; rows that do not say how much are not.
            columns[label] = found.astype(float).mask(number == 0.0, 0.0)

    def classes(prefix: str, frame: pd.DataFrame | None, field: str, kinds: Sequence[str], value: str = "") -> None:
        for kind in kinds:
            put(f"{prefix}_{_PLAIN.get(kind, kind.lower())}", frame, None if frame is None else frame[field] == kind, value)
        put(f"{prefix}_class_unknown", frame, None if frame is None else frame[field] == "", value)
        put(f"{prefix}", frame, None, value)

    masts = works.get("masts")
    classes("masts", masts, "mast_class", MAST_CLASSES)
    put("masts_shared", masts, None if masts is None else masts["users"].str.contains("; ", regex=False))
    states = None if masts is None else _certificate_states(masts, on, certificate_days)
    for state in ("expired", "expiring", "unknown"):
        put(f"masts_certificate_{state}", masts, None if states is None else states == state)
        columns.pop(f"masts_certificate_{state}_planned")
    ducts, poles, cables = works.get("ducts"), works.get("poles"), works.get("cables")
    classes("ducts_km", ducts, "work_class", _DUCT_CLASSES, "length_km")
    for name in ("conduits", "conduits_used"):
        put(name, ducts, None, name)
    # A row without a number of poles is one pole.
    counted = None if poles is None else poles.assign(poles=poles["poles"].fillna(1.0))
    classes("poles", counted, "work_class", _POLE_CLASSES, "poles")
    put("cables_km", cables, None, "length_km")
    for name, frame in (("ducts", ducts), ("cables", cables)):
        put(f"{name}_without_length", frame, None if frame is None else frame["length_km"].isna())
        columns.pop(f"{name}_without_length_planned")
    classes("service_points", works.get("service_points"), "point_class", _POINT_CLASSES)
    table = pd.DataFrame(columns)
    names = dict(zip(codes, units["commune_name"].astype(str), strict=True))
    out = table.reset_index(names="commune_code")
    out.insert(1, "commune_name", out["commune_code"].map(names).fillna(""))
    nowhere = out["commune_code"] == ""
    figures = [c for c in out.columns if c not in {"commune_code", "commune_name"}]
    total = {"commune_code": "total", "commune_name": "", **{c: out[c].sum(min_count=1) for c in figures}}
    kept = out[~(nowhere & (out[figures].fillna(0.0) == 0.0).all(axis=1))]
    return pd.concat([kept, pd.DataFrame([total])], ignore_index=True)


def _certificate_states(masts: pd.DataFrame, on: date, days: float) -> pd.Series:
    """Return ``expired``, ``expiring`` (within so many days), ``valid`` or ``unknown``; a certificate is good on its last day."""
    today = pd.Timestamp(on)
    expiry = masts["certificate_expiry"]
    state = np.where(expiry < today, "expired", np.where(expiry <= today + pd.Timedelta(days=days), "expiring", "valid"))
    return pd.Series(np.where(expiry.isna(), "unknown", state), index=masts.index, dtype="str")


def certificates(masts: pd.DataFrame, *, on: date, certificate_days: float) -> pd.DataFrame:
    """Return the masts that stand whose inspection certificate has ended or ends within so many days, soonest first.

    Returns
    -------
    DataFrame
        ``mast_id``, ``mast_name``, ``owner``, ``users``, ``mast_class``, ``commune_code``, ``certificate_no``, ``certificate_expiry``, ``days_left``
        (negative: ended so long ago), ``certificate_state``, ``lon``, ``lat``.
    """
    state = _certificate_states(masts, on, certificate_days)
    chosen = masts.assign(certificate_state=state)[state.isin(["expired", "expiring"]) & ~masts["planned"]]
    days = (chosen["certificate_expiry"] - pd.Timestamp(on)).dt.days
    names = ["mast_id", "mast_name", "owner", "users", "mast_class", "commune_code", "certificate_no", "certificate_expiry"]
    out = chosen[[*names, "certificate_state", "lon", "lat"]].assign(days_left=days)
    return out.sort_values(["certificate_expiry", "mast_id"], kind="stable").reset_index(drop=True)


def inventory_summary(
    works: Mapping[str, pd.DataFrame], *, height_bands_m: Sequence[float], on: date, certificate_days: float, structures: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the inventory of the whole area by one property at a time, what stands beside what the last plan had.

    Parameters
    ----------
    works : mapping of str to DataFrame
    height_bands_m : sequence of float
        Upper ends of the bands of height, each with its end.
    on : date
    certificate_days : float
    structures : DataFrame, optional
        Masts known from the site lists, counted (without plan) where no inventory of masts was given.

    Returns
    -------
    DataFrame
        ``kind`` (masts, ducts_km ...), ``property`` (class, owner, user, height, shareable, users, certificate), ``value`` (``""`` not known), ``existing``, ``planned``,
        ``difference`` (existing − planned; NaN without a plan), ``basis`` (``inventory``, ``site_list``). A mast of two users is counted under each; so ``user`` adds up to sites.
    """
    rows: list[dict[str, object]] = []
    masts = works.get("masts")
    basis = "inventory"
    if masts is None and structures is not None:
        basis = "site_list"
        masts = structures.assign(users=structures["operators"], planned=False)
    if masts is not None:
        several = masts["users"].str.split("; ").map(len).where(masts["users"] != "", 0)
        properties = {
            "class": masts["mast_class"],
            "owner": masts["owner"],
            "user": masts["users"].str.split("; "),
            "height": masts["height_m"].map(lambda h: _band(h, height_bands_m)),
            "shareable": masts["shareable"].map(lambda s: "" if pd.isna(s) else "yes" if s else "no"),
            "users": several.map(lambda k: "" if k == 0 else str(int(k))),
            "certificate": _certificate_states(masts, on, certificate_days),
        }
        for name, values in properties.items():
            rows += _rows("masts", name, masts["planned"], values, None, basis)
    for kind, label, field, value in (
        ("ducts", "ducts_km", "work_class", "length_km"), ("poles", "poles", "work_class", "poles"), ("service_points", "service_points", "point_class", ""),
        ("cables", "cables_km", "", "length_km"),
    ):  # fmt: skip
        frame = works.get(kind)
        if frame is None:
            continue
        weight = None if not value else frame[value].fillna(1.0) if kind == "poles" else frame[value]
        if field:
            rows += _rows(label, "class", frame["planned"], frame[field], weight, "inventory")
        rows += _rows(label, "operator", frame["planned"], frame["operator"], weight, "inventory")
    return pd.DataFrame(rows, columns=["kind", "property", "value", "existing", "planned", "difference", "basis"])


def _band(height: float, ends: Sequence[float]) -> str:
    if height != height:
        return ""
    below = 0.0
    for end in ends:
        if height <= end:
            return f"{below:g}-{end:g} m"
        below = end
    return f"> {below:g} m"


def _rows(kind: str, name: str, planned: pd.Series, values: pd.Series, weight: pd.Series | None, basis: str) -> list[dict[str, object]]:
    frame = pd.DataFrame({"planned": planned, "value": values, "weight": 1.0 if weight is None else weight}).explode("value")
    frame["value"] = frame["value"].fillna("").astype(str)
    # Routes of unknown length alone are no 0 km.
    sums = frame.groupby(["value", "planned"], sort=True)["weight"].sum(min_count=1)
    has_plan = bool(planned.any())
    out = []
    for value in sorted(set(frame["value"]), key=lambda v: (v == "", v)):
        stands, plan = float(sums.get((value, False), 0.0)), float(sums.get((value, True), 0.0)) if has_plan else np.nan
        out.append({"kind": kind, "property": name, "value": value, "existing": stands, "planned": plan, "difference": stands - plan, "basis": basis})
    return out
