"""The register: one row per identity ever listed, and nothing lost between two reviews.

An identity's id is ``<provinces>-<day of the first listing>-<number>``; numbers go on from the highest of that day,
so an id is never given twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import WGS84_EPSG
from geo.errors import AccountingError, InputError
from geo.register.settings import RegisterSettings
from geo.register.states import CLOSED
from geo.register.succession import Standing, Succession

__all__ = ["IDENTITY_COLUMNS", "Places", "deadline_of", "identities_of", "places_of", "require_nothing_lost", "scopes"]

#: What is known of an identity before a new review is looked at.
IDENTITY_COLUMNS = (
    "register_id", "dead_zone_id", "state", "class", "operator", "technology", "family", "population", "operators_missing",
    "commune_codes", "lon", "lat", "first_listed", "opened", "last_seen", "resolved_on", "deadline", "deadline_basis",
    "accepted", "accepted_on", "previous_ids", "split_from", "merged_into",
)  # fmt: skip
_DATES = ("first_listed", "opened", "last_seen", "resolved_on", "deadline", "accepted_on")
_FROM_ZONE = ("class", "operator", "technology", "family", "population", "operators_missing", "commune_codes", "lon", "lat")
_DIGITS = 3


def scopes(frame: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Return the scope of each row: operator, technology and family."""
    return list(zip(frame["operator"], frame["technology"], frame["family"], strict=True))


def _numbered(prefix: str, on: date, count: int, taken: Sequence[str]) -> list[str]:
    head = f"{prefix}-{on:%Y%m%d}-"
    used = [int(name.removeprefix(head)) for name in taken if name.startswith(head) and name.removeprefix(head).isdigit()]
    first = max(used, default=0) + 1
    return [f"{head}{number:0{_DIGITS}d}" for number in range(first, first + count)]


def identities_of(
    zones: gpd.GeoDataFrame, previous: gpd.GeoDataFrame | None, *, on: date, prefix: str
) -> gpd.GeoDataFrame:
    """Return the identities that an old review stands for, with the columns :data:`IDENTITY_COLUMNS`.

    Without a register every zone of the review is listed by it. With one, the identities are the
    register's, those that are zones of the review with the outline that it draws.

    Parameters
    ----------
    zones : GeoDataFrame
        Of the old review (:func:`geo.register.zones.dead_zones`).
    previous : GeoDataFrame or None
        The register that goes with it; geometry: last known outlines, missing where not known.
    on : date
        Of the old review.
    prefix : str
        Of new ids.

    Raises
    ------
    InputError
        If the register does not know exactly the zones of the review.
    """
    if previous is None:
        ids = _numbered(prefix, on, len(zones), ())
        rows = {name: zones[name].to_numpy(dtype=object) for name in _FROM_ZONE}
        rows |= {"register_id": ids, "dead_zone_id": zones["dead_zone_id"].to_numpy(dtype=object)}
        frame = gpd.GeoDataFrame(rows, geometry=zones.geometry.to_numpy(), crs=WGS84_EPSG)
        frame = frame.assign(state="new", first_listed=on, opened=on, last_seen=on, resolved_on=None, deadline=None,
                             deadline_basis="", accepted=None, accepted_on=None, split_from="", merged_into="",
                             previous_ids=[f"{on.isoformat()}={name}" for name in zones["dead_zone_id"]])  # fmt: skip
        return _settled(frame)
    known = set(map(str, previous["dead_zone_id"])) - {""}
    present = set(map(str, zones["dead_zone_id"]))
    if known != present:
        differing = sorted(known ^ present)
        raise InputError(
            f"Sổ theo dõi của kỳ trước không khớp vùng lõm sóng của kỳ đó ({', '.join(differing[:3])}…): kỳ đó đã được chạy lại sau khi "
            "lập sổ. Hãy so sánh lại kỳ đó với kỳ trước nữa rồi chạy lại lệnh này.",
            f"The old review's register does not fit its dead zones ({', '.join(differing[:3])}…): that review was run again after "
            "its register was made. Compare it with the review before it once more, then run this command again.",
        )
    frame = previous[[*IDENTITY_COLUMNS, "geometry"]].copy()
    at = {name: i for i, name in enumerate(zones["dead_zone_id"])}
    shapes = np.asarray(frame.geometry.to_numpy(), dtype=object).copy()
    for row, name in enumerate(frame["dead_zone_id"]):
        if name:
            shapes[row] = zones.geometry.iloc[at[name]]
    return _settled(frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=WGS84_EPSG)))


def _settled(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return identities in the order of their ids, unknown dates as None, with their standing."""
    twice = sorted(map(str, frame["register_id"][frame["register_id"].duplicated()]))
    if twice:
        raise InputError(
            f"Sổ theo dõi có mã bị trùng: {', '.join(twice[:3])}.", f"The register has an id twice: {', '.join(twice[:3])}."
        )
    out = frame.sort_values("register_id", kind="stable", ignore_index=True)
    for name in _DATES:
        out[name] = pd.Series([_day(value, name) for value in out[name]], index=out.index, dtype=object)
    ended = (out["merged_into"] != "").to_numpy(dtype=bool)
    active = (out["dead_zone_id"] != "").to_numpy(dtype=bool)
    standing = np.where(ended, Standing.ENDED, np.where(active, Standing.ACTIVE, Standing.DORMANT)).astype(np.int64)
    return gpd.GeoDataFrame(out[list(IDENTITY_COLUMNS)].assign(standing=standing), geometry=out.geometry, crs=WGS84_EPSG)


def _day(value: Any, column: str) -> date | None:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value) if value else None
        except ValueError as error:
            raise InputError(
                f"Sổ theo dõi, cột {column}: '{value}' không phải ngày dạng năm-tháng-ngày (tệp đã được chương trình khác ghi lại?).",
                f"The register, column {column}: '{value}' is no day as year-month-day (was it saved by another program?).",
            ) from error
    return None if pd.isna(value) else pd.Timestamp(value).date()


@dataclass(frozen=True, slots=True)
class Places:
    """Every identity with what it was and what it is in the new review: first the known ones, then the newly listed.

    Attributes
    ----------
    rows : DataFrame
        :data:`IDENTITY_COLUMNS` brought up to date: ``class``, ``population``, ``operators_missing`` ... of the new
        zone where there is one; ``class_old``, ``class_new``, ``population_old``, ``evidence`` and ``zone_deadline`` (of the new zone), ``known``, ``was_zone``, ``zone`` (position of the
        new zone, -1), ``split_from``, ``merged_from``, ``merged_into``, ``matched_by``, ``shared_share``.
    reference : (n,) object array
        Outline (EPSG:4326) by which the new review is asked about the place: the last known one, of a newly
        listed zone its own; None where it is not known.
    new_outline : (n,) object array
        Outline of the new zone, None without one.
    """

    rows: pd.DataFrame
    reference: npt.NDArray[np.object_]
    new_outline: npt.NDArray[np.object_]


def places_of(
    identities: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    found: Succession,
    *,
    on: date,
    prefix: str,
) -> Places:
    """Return the places of a comparison.

    Parameters
    ----------
    identities : GeoDataFrame
        From :func:`identities_of`.
    zones : GeoDataFrame
        Of the new review.
    found : Succession
    on : date
        Of the new review.
    prefix : str
    """
    ids = [str(name) for name in identities["register_id"]]
    rows = pd.DataFrame(identities.drop(columns="geometry"))
    rows = rows.assign(
        class_old=rows["class"],
        population_old=rows["population"],
        known=True,
        was_zone=(identities["dead_zone_id"] != "").to_numpy(dtype=bool),
        zone=found.zone,
        matched_by=found.matched_by,
        shared_share=found.shared_share,
        merged_from="",
    )
    heirs = [ids[h] if h >= 0 else known for h, known in zip(found.heir.tolist(), rows["merged_into"], strict=True)]
    rows["merged_into"] = heirs
    rows["merged_from"] = ["; ".join(ids[k] for k in np.flatnonzero(found.heir == i)) for i in range(len(rows))]
    fresh = [j for j in range(len(zones)) if j not in set(found.zone.tolist())]
    given = _numbered(prefix, on, len(fresh), ids)
    added = zones.iloc[fresh][list(_FROM_ZONE)].reset_index(drop=True)
    added = pd.DataFrame(added).assign(
        register_id=given, dead_zone_id="", state="", first_listed=on, opened=on, last_seen=None, resolved_on=None, deadline=None,
        deadline_basis="", accepted=None, accepted_on=None, previous_ids="", merged_into="", merged_from="",
        standing=int(Standing.ACTIVE), class_old="", population_old=np.nan, known=False, was_zone=False, zone=np.array(fresh, dtype=np.int64),
        matched_by="", shared_share=np.nan, split_from=["; ".join(ids[i] for i in found.parts_of[j]) for j in fresh],
    )  # fmt: skip
    reference = np.concatenate([_outlines(identities), _outlines(zones.iloc[fresh])])
    both = pd.concat([rows, added[rows.columns]], ignore_index=True) if len(added) else rows
    both = _with_zone(both, zones, on)
    new_outline = np.full(len(both), None, dtype=object)
    drawn = np.flatnonzero(both["zone"].to_numpy() >= 0)
    new_outline[drawn] = _outlines(zones)[both["zone"].to_numpy()[drawn]]
    return Places(both, reference, new_outline)


def _outlines(frame: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    shapes = np.asarray(frame.geometry.to_numpy(), dtype=object).copy()
    shapes[np.asarray(shapely.is_missing(shapes) | shapely.is_empty(shapes), dtype=bool)] = None
    return shapes


def _with_zone(rows: pd.DataFrame, zones: gpd.GeoDataFrame, on: date) -> pd.DataFrame:
    """Return rows with what the new zones say, the old review's ids only in the history."""
    position = rows["zone"].to_numpy()
    drawn = position >= 0
    mine = pd.DataFrame(zones.drop(columns="geometry")).iloc[position[drawn]]
    out = rows.assign(dead_zone_id="", population=np.nan, class_new="", evidence="")
    for name in (*_FROM_ZONE, "dead_zone_id", "evidence"):
        values = out[name].to_numpy(dtype=object).copy()
        values[drawn] = mine[name].to_numpy(dtype=object)
        out[name] = pd.Series(values, index=out.index, dtype=object)
    out["class_new"] = out["class"].where(drawn, "")
    of_zone = np.full(len(out), None, dtype=object)
    of_zone[drawn] = mine["deadline"].to_numpy(dtype=object)
    out["zone_deadline"] = pd.Series(of_zone, index=out.index, dtype=object)
    out["last_seen"] = [on if there else day for there, day in zip(drawn, out["last_seen"], strict=True)]
    seen = [f"{on.isoformat()}={name}" if name else "" for name in out["dead_zone_id"]]
    out["previous_ids"] = ["; ".join(part for part in both if part) for both in zip(out["previous_ids"], seen, strict=True)]
    return out.astype(dict.fromkeys(("population", "lon", "lat"), float))


def deadline_of(
    *,
    stated: date | None,
    of_zone: date | None = None,
    before: date | None,
    basis: str,
    zone_class: str,
    opened: date,
    reopened: bool,
    settings: RegisterSettings,
) -> tuple[date | None, str]:
    """Return an identity's deadline and what it rests on: ``stated``, ``zone``, ``register``, ``setting`` or "".

    The one stated now, else that of the new review's zone (of its villages), else the register's, else days from the
    listing by class of zone. A deadline from before the reopening was for the matter that was closed then.

    Parameters
    ----------
    stated : date or None
        From the table of acceptances.
    of_zone : date or None
        From the table of dead zones.
    before : date or None
        From the old register.
    basis : str
        What that one rests on.
    zone_class : str
    opened : date
    reopened : bool
        Now or in an earlier review.
    settings : RegisterSettings
    """
    for day, whence in ((stated, "stated"), (of_zone, "zone")):
        if day is not None and not (reopened and day < opened):
            return day, whence
    if before is not None and basis in {"stated", "zone", "register"} and not (reopened and before < opened):
        return before, "register"
    if before is not None and basis == "setting" and not (reopened and before < opened):
        return before, "setting"
    days = settings.deadline_days.get(zone_class)
    return (None, "") if days is None else (opened + timedelta(days=float(days)), "setting")


def require_nothing_lost(register: pd.DataFrame, identities: pd.DataFrame, zones: pd.DataFrame) -> None:
    """See that each old identity and each new zone is in the register exactly once.

    Raises
    ------
    AccountingError
        If one is lost or stands twice: a defect of the comparison.
    """
    ids, drawn = Counter(register["register_id"]), Counter(register["dead_zone_id"][register["dead_zone_id"] != ""])
    wrong: list[object] = [
        *(name for name in identities["register_id"] if ids[name] != 1),
        *(name for name in zones["dead_zone_id"] if drawn[name] != 1),
        *(name for name, n in ids.items() if n > 1),
        *(drawn.keys() - set(zones["dead_zone_id"])),
        *register["register_id"][(register["merged_into"] != "") & ~register["merged_into"].isin(list(ids))],
        *register["register_id"][register["state"].isin([*CLOSED]) & register["resolved_on"].isna()],
    ]
    if wrong:
        raise AccountingError(
            f"Sổ theo dõi mất hoặc lặp: {', '.join(map(str, wrong[:5]))}.", f"The register lost or repeated: {', '.join(map(str, wrong[:5]))}."
        )
