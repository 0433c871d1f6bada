"""Speeds of tests in Mbit/s, whatever unit they come in: the cell's, the header's, the program's, or the one that the values tell.

Nothing is clipped and no unit is taken in silence: where none can be told, the table is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import InputError
from geo.io.resources import load_toml
from geo.io.tables import Table
from geo.text import clean
from geo.validation import IssueLog
from geo.values import parse_numbers

__all__ = ["SPEED_UNITS", "SpeedCells", "UnitRules", "header_unit", "plausible_mbps", "read_speeds", "speed_limits", "unit_rules"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: How many of each unit are one Mbit/s: divided by, so that 35925 kbit/s are 35.925 Mbit/s to the last digit.
SPEED_UNITS = {"bit/s": 1e6, "kbit/s": 1e3, "Mbit/s": 1.0, "Gbit/s": 1e-3}
_UNIT = r"([kKmMgG]?)(bits?|Bits?|BITS?|bytes?|Bytes?|BYTES?|b|B)[\s_]*(/[\s_]*(?:s|sec|giây|giay|S)|ps|PS|Ps)"
_IN_HEADER = re.compile(rf"(?:(?<![A-Za-z])|(?<=[a-z])(?=[KMG])){_UNIT}(?![A-Za-z])")
_IN_CELL = re.compile(rf"(.*\d[.,]?)\s*{_UNIT}\.?", re.DOTALL)
_NAMES = {"": "bit/s", "k": "kbit/s", "m": "Mbit/s", "g": "Gbit/s"}
_BYTES = "MB/s"
#: Units of which nobody writes three decimals.
_FINE = frozenset(("bit/s", "kbit/s"))


@dataclass(frozen=True, slots=True)
class UnitRules:
    """When values tell their unit; from ``resources/speed_tests.toml``.

    Attributes
    ----------
    low_mbps, high_mbps : float
        Between them lies the median of a whole table.
    rows : int
        Fewer positive values do not tell a unit.
    contradicted_share : float
        Above this share of impossible values the unit that was named is wrong.
    doubtful_mbps : float
        A median below is stated.
    """

    low_mbps: float
    high_mbps: float
    rows: int
    contradicted_share: float
    doubtful_mbps: float


@dataclass(frozen=True, slots=True)
class SpeedCells:
    """One column of speeds.

    Attributes
    ----------
    mbps : (n,) float64
        As came, negative and impossible ones too; NaN where blank or unreadable.
    unit : str
        Of the column; empty where it could not be told.
    """

    mbps: FloatArray
    unit: str


def unit_rules() -> UnitRules:
    """Return when values tell their unit, as ``resources/speed_tests.toml`` has it."""
    values = load_toml("speed_tests.toml")
    names = ("believable_low_mbps", "believable_high_mbps", "unit_rows", "contradicted_share", "doubtful_mbps")
    low, high, rows, contradicted, doubtful = (float(values[n]["value"]) for n in names)
    return UnitRules(low, high, int(rows), contradicted, doubtful)


def speed_limits(technology: pd.Series, access: pd.Series) -> dict[str, FloatArray]:
    """Return what each row's technology can carry, Mbit/s: of ``download`` and ``upload``, and of packages.

    Parameters
    ----------
    technology, access : (n,) Series of str
        ``"2G"`` .. ``"5G"`` or empty; ``"mobile"``, ``"fixed"`` or empty, which is judged as fixed.
    """
    kind = technology.where(technology != "", access.where(access != "", "fixed"))
    plausible = load_toml("speed_tests.toml")["plausible"]
    out = {}
    for way in ("download", "upload"):
        of_kind = {k: float(plausible[k][f"{way}_mbps"]) for k in kind.unique()}
        out[way] = out[f"package_{way}"] = kind.map(of_kind).to_numpy(dtype=np.float64)
    return out


def plausible_mbps() -> float:
    """Return what no line of any kind exceeds, Mbit/s (``resources/speed_tests.toml``)."""
    return max(float(kind[f"{way}_mbps"]) for kind in load_toml("speed_tests.toml")["plausible"].values() for way in ("download", "upload"))


def _unit_name(prefix: str, body: str, per: str) -> str:
    """Return the unit's name, ``"MB/s"`` for bytes. Capital letters throughout ("MBPS") are bits."""
    shout = per == "PS" and prefix.isupper()
    if body.lower().startswith("byte") or (body == "B" and not shout):
        return _BYTES
    return _NAMES[prefix.lower()]


def header_unit(header: str) -> str:
    """Return the unit of speed that a header names: one of :data:`SPEED_UNITS`, ``"MB/s"`` for bytes, empty if none.

    Examples
    --------
    >>> header_unit("Tải xuống (Mbit/s)"), header_unit("avg_d_kbps"), header_unit("Download MB/s"), header_unit("DL")
    ('Mbit/s', 'kbit/s', 'MB/s', '')
    """
    found = _IN_HEADER.search(clean(header))
    return _unit_name(found[1], found[2], found[3]) if found else ""


def _given_unit(text: str) -> str:
    """Return the unit that the project file names.

    Raises
    ------
    InputError
        If it is none.
    """
    unit = header_unit(text)
    if unit not in SPEED_UNITS:
        raise InputError(
            f"unit = '{text}': được phép {', '.join(SPEED_UNITS)}.", f"unit = '{text}': allowed are {', '.join(SPEED_UNITS)}."
        )
    return unit


def read_speeds(
    table: Table,
    frame: pd.DataFrame,
    fields: Sequence[str],
    *,
    default_unit: str,
    given_unit: str,
    limits: Mapping[str, FloatArray],
    rules: UnitRules,
    log: IssueLog,
) -> dict[str, SpeedCells] | None:
    """Return the columns of ``fields`` that the table has, in Mbit/s; None if the table is refused.

    Parameters
    ----------
    table : Table
    frame : DataFrame
        With the raw columns; index = row number in the file.
    fields : sequence of str
        In order: the first with values tells the unit of all that name none.
    default_unit : str
        Of a known program's headers; empty if it is none.
    given_unit : str
        What the project file says; empty: nothing.
    limits : mapping of str to (n,) float64
        What each row's technology can carry, Mbit/s, by field.
    rules : UnitRules
    log : IssueLog
    """
    present = [f for f in fields if f in frame.columns]
    given = _given_unit(given_unit) if given_unit else ""
    read: dict[str, tuple[FloatArray, FloatArray]] = {}
    units: dict[str, str] = {}
    for field in present:
        named = header_unit(table.header(field))
        if given and named not in {"", given}:
            log.add("speed_unit_replaced", table.source, column=table.header(field), fields={"unit": given, "header": named})
        units[field] = given or named or default_unit
        if units[field] == _BYTES:
            log.add("speed_unit_bytes", table.source, column=table.header(field), came=table.header(field))
            return None
        read[field] = _cells(table, frame[field], log, whole=units[field] in _FINE)
    open_ = [f for f in present if not units[f]]
    if open_:
        told = _told_by_values(table, frame, open_, read, rules, log)
        if not told:
            return None
        units |= dict.fromkeys(open_, told)
    out = {}
    for field in present:
        value, own = read[field]
        mbps = value / np.where(np.isnan(own), SPEED_UNITS[units[field]], own)
        if not _holds(table, frame, field, value, mbps, units[field], limits[field], rules, log):
            return None
        out[field] = SpeedCells(mbps, units[field])
    return out


def _cells(table: Table, cells: pd.Series, log: IssueLog, *, whole: bool) -> tuple[FloatArray, FloatArray]:
    """Return numbers as they stand and, where the cell names a unit itself, how many of it are one Mbit/s (else NaN).

    ``whole``: of so small a unit that "40.000" is forty thousand, unless other cells show a decimal point; so it is where all cells that name a unit name such a one.
    """
    own = np.full(len(cells), np.nan)
    if pd.api.types.is_numeric_dtype(cells.dtype):
        values = cells.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isfinite(values), values, np.nan), own
    codes, uniques = pd.factorize(cells, use_na_sentinel=True)
    texts: list[object] = []
    units: list[float] = []
    for value in uniques:
        found = _IN_CELL.fullmatch(clean(value)) if isinstance(value, str) and value.rstrip(" \t\xa0.")[-1:].isalpha() else None
        unit = _unit_name(found[2], found[3], found[4]) if found else ""
        texts.append(found[1] if found and unit in SPEED_UNITS else value)
        units.append(SPEED_UNITS.get(unit, np.nan))
    # The decimal mark is settled by all cells that stand there, as everywhere.
    bare = pd.Series(np.array([*texts, None], dtype=object)[codes], index=cells.index)
    named_fine = {u for u in units if not np.isnan(u)}
    if named_fine:
        whole = named_fine <= {SPEED_UNITS[u] for u in _FINE}
    number = parse_numbers(bare.astype("str") if all(isinstance(t, str) for t in texts) else bare, minimum=0, whole=whole, unit="Mbit/s", estimates=True)
    header = table.header(str(cells.name))
    for code, mask in (("number_unreadable", number.unreadable), ("number_ambiguous", number.ambiguous), ("number_estimated", number.approximate)):
        if mask.any():
            log.add(code, table.source, rows=cells.index[mask], column=header, came=list(cells[mask]),
                    fields={"unit": "Mbit/s"})
    own = np.array([*units, np.nan])[codes]
    named = np.isfinite(own)
    if named.any():
        log.add("speed_unit_in_cell", table.source, rows=() if named.all() else cells.index[named], column=header,
                came=None if named.all() else list(cells[named]))
    return number.values, own


def _told_by_values(
    table: Table,
    frame: pd.DataFrame,
    fields: Sequence[str],
    read: Mapping[str, tuple[FloatArray, FloatArray]],
    rules: UnitRules,
    log: IssueLog,
) -> str:
    """Return the one unit that makes the middle of the values believable; empty, and the table refused, if there is none."""
    for field in fields:
        value, own = read[field]
        with np.errstate(invalid="ignore"):
            positive = value[(value > 0) & np.isnan(own)]
        if len(positive) < rules.rows:
            continue
        middle = float(np.median(positive))
        fitting = [u for u, f in SPEED_UNITS.items() if rules.low_mbps <= middle / f <= rules.high_mbps]
        fitting = [u for u in fitting if u != "Gbit/s"]  # nobody lists tests in it; 2 is two Mbit/s
        came = f"{middle:.6g}"
        header = "; ".join(table.header(f) for f in fields)
        if len(fitting) == 1:
            log.add("speed_unit_taken", table.source, column=header, came=came,
                    fields={"unit": fitting[0], "median": f"{middle / SPEED_UNITS[fitting[0]]:.4g}", "n": len(positive)})
            return fitting[0]
        log.add("speed_unit_unknown", table.source, column=header, came=came,
                fields={"candidates": ", ".join(fitting) or "—"})
        return ""
    if all(not np.isfinite(v).any() or np.isfinite(f[np.isfinite(v)]).all() for v, f in (read[x] for x in fields)):
        return "Mbit/s"  # nothing to read, or each cell names its own
    log.add("speed_unit_unknown", table.source, column="; ".join(table.header(f) for f in fields),
            fields={"candidates": ", ".join(SPEED_UNITS)})
    return ""


def _holds(
    table: Table,
    frame: pd.DataFrame,
    field: str,
    value: FloatArray,
    mbps: FloatArray,
    unit: str,
    limit: FloatArray,
    rules: UnitRules,
    log: IssueLog,
) -> bool:
    """Tell whether a column can be in its unit at all; the table is refused if not."""
    with np.errstate(invalid="ignore"):
        positive = mbps > 0
        beyond = positive & (mbps > limit)
    count = int(positive.sum())
    if count == 0:
        return True
    middle = float(np.median(mbps[positive]))
    header = table.header(field)
    too_many = int(beyond.sum()) > rules.contradicted_share * count
    if too_many or (count >= rules.rows and middle > rules.high_mbps):
        shown = beyond if beyond.any() else positive
        smaller = [u for u, f in SPEED_UNITS.items() if f > SPEED_UNITS[unit]]
        fits = [u for u in smaller if rules.low_mbps <= middle * SPEED_UNITS[unit] / SPEED_UNITS[u] <= rules.high_mbps]
        log.add("speed_unit_contradicted", table.source, rows=frame.index[shown], column=header,
                came=[f"{v:g}" for v in value[shown]],
                fields={"unit": unit, "median": f"{middle:.6g}", "fits": ", ".join(fits) or "—"})
        return False
    if field == "download" and count >= rules.rows and middle < rules.doubtful_mbps:
        log.add("speed_unit_doubtful", table.source, column=header, came=f"{middle * SPEED_UNITS[unit]:.4g}",
                fields={"unit": unit, "median": f"{middle:.4g}"})
    return True
