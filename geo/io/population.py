"""Population per commune, from a table: by code only, its flaws stated and its values never mended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.former_areas import Apportioned
from geo.io.places import state_rows, stated_household_sizes, with_provenance
from geo.io.raw import FileLimits, TableOptions
from geo.io.resources import former_areas, load_toml
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.schemas import Schema
from geo.text import fold, same_unit_name
from geo.validation import IssueLog

__all__ = ["PopulationChecks", "read_population_table", "state_overlapping_files"]

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

_COLUMNS = {"commune_code": "str", "population": "float64", "households": "float64"}
_LISTED = 20


@dataclass(frozen=True, slots=True)
class PopulationChecks:
    """What is worth stating about a population; values and sources in ``resources/input_checks.toml``."""

    density_high_per_km2: float
    density_low_per_km2: float
    province_median_share: float
    population_low: float
    persons_per_household_low: float
    persons_per_household_high: float
    rival_difference_share: float

    @classmethod
    def load(cls) -> PopulationChecks:
        """Return the values that ship with the package."""
        content = load_toml("input_checks.toml")["population"]
        return cls(**{name: float(entry["value"]) for name, entry in content.items()})


def read_population_table(
    path: Path,
    *,
    file: str,
    options: TableOptions,
    units: pd.DataFrame,
    log: IssueLog,
    limits: FileLimits | None = None,
    known: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Read people and households per commune; a table of communes from before 01/07/2025 is brought to today's.

    Parameters
    ----------
    path : Path
    file : str
        The path as the project file gives it, for messages.
    options : TableOptions
        ``columns`` chooses between rival columns, e.g. ``{"population": "population_3dmap"}``.
    units : DataFrame
        Communes of the project (``commune_code``, ``commune_name``, ``province_code``, ``area_km2``).
    log : IssueLog
    limits : FileLimits, optional
    known : mapping, optional
        People of today's communes from another source (the list of villages): by them the people of former communes that
        were divided are shared out.

    Returns
    -------
    DataFrame
        ``commune_code`` (unique, each of ``units``), ``population``, ``households`` (NaN where not
        given), ``file``, ``sheet``, ``row``.

    Raises
    ------
    InputError
        If the file is missing, unreadable or lacks columns.
    """
    schema = load_schema("population")
    tables = read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits)
    read = [_known_rows(t, schema, units, log, known or {}) for t in tables]
    parts = [frame for frame, _ in read]
    # A workbook may hold a sheet per province: repeated and missing communes are looked for across all.
    frame = _one_row_each(pd.concat(parts, ignore_index=True), tables[0].header("commune_code"), log)
    for table, (_, joined) in zip(tables, read, strict=True):
        mine = ((frame["file"] == table.source.file) & (frame["sheet"] == table.source.sheet)).to_numpy(dtype=bool)
        if mine.any():
            _state_table(table, frame[mine].set_index("row", drop=False), units, log)
        log.close("population", table.source, rows_in=table.rows_in, rows_used=int(mine.sum()) + joined)
    if len(frame):
        _state_missing(tables[0], frame, units, log)
    return frame[[*_COLUMNS, "file", "sheet", "row"]].astype(_COLUMNS)


def state_overlapping_files(frame: pd.DataFrame, log: IssueLog) -> None:
    """State communes that several files of a project give: their people would be counted twice."""
    again = frame.duplicated("commune_code").to_numpy(dtype=bool)
    state_rows("population_files_overlap", frame, again, log, came=frame["commune_code"].to_numpy(dtype=object))


def _known_rows(
    table: Table, schema: Schema, units: pd.DataFrame, log: IssueLog, people: Mapping[str, float]
) -> tuple[pd.DataFrame, int]:
    """Return the rows of the project's communes, with provenance and every column that may be there.

    Also how many rows of the table went into others: several former communes make one of today.
    """
    frame = convert(table, schema, log)
    places = _former_places(frame, units)
    if places is not None:
        frame, joined = _of_today(table, frame, places, units, people, log)
        return with_provenance(frame, table.source), joined
    known = frame["commune_code"].isin(units["commune_code"]).to_numpy(dtype=bool)
    if len(frame) and not known.any():
        log.add("population_none_of_project", table.source, column=table.header("commune_code"),
                came=", ".join(frame["commune_code"].head(5)))
        frame = frame.iloc[:0]
    else:
        frame = log.drop(frame, ~known, "population_not_of_project", table.source, column=table.header("commune_code"),
                         came=frame["commune_code"].to_numpy(dtype=object))
    absent: dict[str, float | str] = {"households": np.nan, "population_other": np.nan, "commune_name": ""}
    frame = frame.assign(**{name: value for name, value in absent.items() if name not in frame})
    return with_provenance(frame, table.source), 0


def _former_places(frame: pd.DataFrame, units: pd.DataFrame) -> list[int] | None:
    """Return the former commune of each row (-1: none), None if the table is of today's communes.

    Most of today's communes kept the code of one of theirs, so that a code does not tell; a table is a former one if a good part
    of its rows have codes that no commune bears today.
    """
    former = former_areas()
    matches = [former.by_code(str(code)) for code in frame["commune_code"]]
    ours = set(units["commune_code"])
    here = [bool(m.places) and bool(ours & set(former.today_of(m))) for m in matches]
    gone = [h and code not in former.today_names for h, code in zip(here, frame["commune_code"], strict=True)]
    least = float(load_toml("input_checks.toml")["former_areas"]["gone_share"]["value"])
    if not any(gone) or sum(gone) < least * sum(here):
        return None
    return [m.places[0] if h else -1 for m, h in zip(matches, here, strict=True)]


def _of_today(
    table: Table, frame: pd.DataFrame, places: list[int], units: pd.DataFrame, people: Mapping[str, float], log: IssueLog
) -> tuple[pd.DataFrame, int]:
    """Return a table of former communes as one of today's, and how many of its rows went into others."""
    former, column = former_areas(), table.header("commune_code")
    lost = np.array([p < 0 for p in places], dtype=bool)
    kept = frame[~lost]
    here = [p for p in places if p >= 0]
    log.drop(frame, lost, "population_not_of_project", table.source, column=column,
             came=frame["commune_code"].to_numpy(dtype=object))  # fmt: skip
    wanted = [c for c in units["commune_code"] if any(p in set(here) for p in former.sources.get(c, ()))]
    out = pd.DataFrame({"commune_code": pd.Series(wanted, dtype="str"), "commune_name": ""})
    rows = {p: int(r) for p, r in zip(reversed(here), reversed(kept.index.tolist()), strict=True)}
    for name in ("population", "population_other", "households"):
        values = kept.get(name, pd.Series(np.nan, index=kept.index)).astype(float)
        figures = dict(zip(here, values, strict=True))
        shared = former.apportion(figures, wanted, people if name == "population" else None)
        out[name] = [round(shared[c].value) if np.isfinite(shared[c].value) else np.nan for c in wanted]
        if name == "population":
            _state_apportioned(table, shared, rows, log)
    out.index = pd.Index([min(rows[p] for p in former.sources[c] if p in rows) for c in wanted])
    # Several communes of today may come from one row: each is booked once.
    return out, len(kept) - len(out)


def _state_apportioned(table: Table, shared: Mapping[str, Apportioned], rows: Mapping[int, int], log: IssueLog) -> None:
    former, column = former_areas(), table.header("commune_code")
    came = [f"{len(rows)} → {len(shared)}"]
    log.add("population_former_communes", table.source, column=column, came=came[0],
            fields={"former": len(rows), "today": len(shared)})  # fmt: skip
    said: dict[str, list[tuple[int, str]]] = {"population_former_divided": [], "population_former_missing": []}
    for code, figure in shared.items():
        name = f"{former.today_names.get(code, '')} ({code})"
        first = min(rows[p] for p in former.sources[code] if p in rows)
        if figure.missing:
            lacking = "; ".join(former.label(p) for p in figure.missing)
            said["population_former_missing"].append((first, f"{name}: {lacking}"))
        elif figure.divided:
            text = f"{name}: {figure.value:.0f} ({figure.low:.0f}–{figure.high:.0f}); {'; '.join(former.label(p) for p in figure.divided)}"
            said["population_former_divided"].append((first, text))
    for kind, found in said.items():
        if found:
            log.add(kind, table.source, rows=[r for r, _ in found], column=column, came=[t for _, t in found],
                    fields={"count": len(found)})  # fmt: skip


def _state_table(table: Table, frame: pd.DataFrame, units: pd.DataFrame, log: IssueLog) -> None:
    place = units.set_index("commune_code").loc[frame["commune_code"]]
    _state_names(table, frame, place, log)
    _state_values(table, frame, place, PopulationChecks.load(), log)


def _one_row_each(frame: pd.DataFrame, column: str, log: IssueLog) -> pd.DataFrame:
    """Drop repeated rows; where they differ, what differs is unknown."""
    again = frame.duplicated("commune_code").to_numpy(dtype=bool)
    if not again.any():
        return frame
    values = ["population", "population_other", "households"]
    came = np.array([f"{c}: {p:g}" for c, p in zip(frame["commune_code"], frame["population"], strict=True)], dtype=object)
    spread = frame.groupby("commune_code")[values].nunique(dropna=False) > 1
    differing = frame["commune_code"].map(spread.any(axis=1)).to_numpy(dtype=bool)
    kept = frame.copy()
    for name in values:
        unsure = frame["commune_code"].map(spread[name]).to_numpy(dtype=bool)
        kept[name] = frame[name].where(~unsure)
    state_rows("population_rows_differ", frame, again & differing, log, column=column, came=came)
    state_rows("population_row_repeated", frame, again & ~differing, log, column=column, came=came)
    return kept[~again].reset_index(drop=True)


def _state_names(table: Table, frame: pd.DataFrame, place: pd.DataFrame, log: IssueLog) -> None:
    own, right = frame["commune_name"].to_numpy(dtype=object), place["commune_name"].to_numpy(dtype=object)
    differs = np.array([bool(a) and not same_unit_name(a, b) for a, b in zip(own, right, strict=True)], dtype=bool)
    if differs.any():
        log.add("population_name_differs", table.source, rows=frame.index[differs], column=table.header("commune_name"),
                came=[f"{a} ≠ {b}" for a, b in zip(own[differs], right[differs], strict=True)])


def _implausible(people: FloatArray, place: pd.DataFrame, checks: PopulationChecks) -> tuple[BoolArray, FloatArray]:
    """Return which populations are beyond belief, and densities per km²."""
    with np.errstate(invalid="ignore", divide="ignore"):
        density = people / place["area_km2"].to_numpy(dtype=float)
    median = pd.Series(density).groupby(place["province_code"].to_numpy()).transform("median").to_numpy(dtype=float)
    islands = np.array([fold(n).startswith("dac khu") for n in place["commune_name"]], dtype=bool)
    with np.errstate(invalid="ignore"):
        odd = (density > checks.density_high_per_km2) | (people <= 0)
        odd |= ~islands & (density < np.maximum(checks.density_low_per_km2, checks.province_median_share * median))
        odd |= ~islands & (people < checks.population_low)
    return odd, density


def _state_values(
    table: Table, frame: pd.DataFrame, place: pd.DataFrame, checks: PopulationChecks, log: IssueLog
) -> None:
    column = table.header("population")
    people = frame["population"].to_numpy(dtype=float)
    unknown = np.isnan(people)
    if unknown.any():
        log.add("population_unknown", table.source, rows=frame.index[unknown], column=column,
                came=list(place["commune_name"].to_numpy()[unknown]))
    odd, density = _implausible(people, place, checks)
    if odd.any():
        names = place["commune_name"].to_numpy(dtype=object)
        came = [f"{n}: {p:.0f} ({d:.3g}/km²)" for n, p, d in zip(names[odd], people[odd], density[odd], strict=True)]
        fields = {"density_low": f"{checks.density_low_per_km2:g}", "density_high": f"{checks.density_high_per_km2:g}",
                  "share": f"{checks.province_median_share:.0%}", "low": f"{checks.population_low:g}"}
        log.add("population_implausible", table.source, rows=frame.index[odd], column=column, came=came, fields=fields)
    stated_household_sizes(table, frame, checks.persons_per_household_low, checks.persons_per_household_high, log)
    if "population_other" in table.headers:
        _state_rival(table, frame, place, odd, checks, log)


def _state_rival(
    table: Table, frame: pd.DataFrame, place: pd.DataFrame, odd: BoolArray, checks: PopulationChecks, log: IssueLog
) -> None:
    people, other = frame["population"].to_numpy(dtype=float), frame["population_other"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        differ = np.abs(people - other) / np.maximum(people, other) > checks.rival_difference_share
    differ |= np.isnan(people) != np.isnan(other)
    if not differ.any():
        return
    other_odd, _ = _implausible(other, place, checks)
    log.add(
        "population_columns_differ",
        table.source,
        rows=frame.index[differ],
        column=table.header("population"),
        came=[f"{p:.0f} ≠ {q:.0f}" for p, q in zip(people[differ], other[differ], strict=True)],
        fields={
            "share": f"{checks.rival_difference_share:.0%}", "count": int(differ.sum()),
            "taken": table.header("population"), "other": table.header("population_other"),
            "total": f"{np.nansum(people):.0f}", "other_total": f"{np.nansum(other):.0f}",
            "odd": int(odd.sum()), "other_odd": int(other_odd.sum()),
        },
    )


def _state_missing(table: Table, frame: pd.DataFrame, units: pd.DataFrame, log: IssueLog) -> None:
    missing = units[~units["commune_code"].isin(frame["commune_code"])]
    if len(missing):
        names = missing["commune_name"] + " (" + missing["commune_code"] + ")"
        more = "" if len(missing) <= _LISTED else f" … (+{len(missing) - _LISTED})"
        log.add("population_commune_missing", table.source, came="; ".join(names.head(_LISTED)) + more,
                fields={"count": len(missing)})
