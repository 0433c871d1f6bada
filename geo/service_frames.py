"""What later stages are given of speed tests, IPv6 tests, portals, operators' declarations and figures that are only reported.

Each frame is a contract between the readers in ``io`` and everything behind them: names, order, types and what "unknown"
is. Readers end with :meth:`FrameContract.conform`; stages may begin with :meth:`FrameContract.require`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from geo.errors import InputError

__all__ = ["ACCESSES", "DECLARATIONS", "IPV6_TESTS", "PORTALS", "REPORTED_INDICATORS", "SOURCE_KINDS", "SPEED_SAMPLES", "FrameContract"]

#: How a line reaches its user.
ACCESSES = ("mobile", "fixed")
#: Where a sample comes from; a rule says which of them it accepts.
#: ``open_tiles`` are averages of all users of a foreign service, whose level differs from i-Speed's: never in one figure with it.
#: ``traffic`` is no test: bit rates of a telephone in use, which are what its applications asked for.
SOURCE_KINDS = ("drive_test", "crowd_test", "operator_report", "official_measurement", "aggregate", "open_tiles", "traffic")

_TEXT = "str"
_FLOAT = "float64"
_WHOLE = "int64"
_FLAG = "boolean"  # nullable
_YES_NO = "bool"
_MOMENT = "datetime64[ns, UTC]"
_DAY = "datetime64[ns]"  # midnight, no zone: a calendar day
_PROVENANCE = {"file": _TEXT, "sheet": _TEXT, "row": _WHOLE}


@dataclass(frozen=True, slots=True)
class FrameContract:
    """Columns of a frame, in order, with their types.

    Attributes
    ----------
    name : str
    columns : mapping
        Column to dtype: ``str`` (never missing, ``""`` unknown), ``float64`` (NaN unknown), ``int64``, ``bool``,
        ``boolean`` (nullable), ``datetime64[ns, UTC]`` and ``datetime64[ns]`` (NaT unknown).
    """

    name: str
    columns: Mapping[str, str]

    def empty(self) -> pd.DataFrame:
        """Return the frame without rows."""
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in self.columns.items()})

    def conform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return ``frame`` with exactly the contract's columns, in order and of their types, RangeIndex.

        Raises
        ------
        InputError
            If a column is missing, or a text column has missing cells.
        """
        self._require_columns(frame)
        out = frame[list(self.columns)].reset_index(drop=True).astype(dict(self.columns))
        self.require(out)
        return out

    def require(self, frame: pd.DataFrame) -> None:
        """Check a frame that was handed on.

        Raises
        ------
        InputError
            If a column is missing, of another type, or a text is missing where ``""`` stands for unknown.
        """
        self._require_columns(frame)
        wrong = [
            f"{name} ({frame[name].dtype}, {dtype})"
            for name, dtype in self.columns.items()
            if (frame[name].dtype != dtype and not (dtype == _TEXT and isinstance(frame[name].dtype, pd.StringDtype)))
            or (dtype == _TEXT and frame[name].isna().any())
        ]
        if wrong:
            raise InputError(
                f"Bảng '{self.name}': cột sai kiểu hoặc có ô trống: {', '.join(wrong)}.",
                f"Frame '{self.name}': columns of another type, or with missing texts: {', '.join(wrong)}.",
            )

    def _require_columns(self, frame: pd.DataFrame) -> None:
        lacking = [name for name in self.columns if name not in frame.columns]
        if lacking:
            raise InputError(
                f"Bảng '{self.name}' thiếu cột {', '.join(lacking)}.",
                f"Frame '{self.name}' lacks columns {', '.join(lacking)}.",
            )


def _contract(name: str, columns: Mapping[str, str]) -> FrameContract:
    return FrameContract(name, MappingProxyType({**columns, **_PROVENANCE}))


SPEED_SAMPLES = _contract(
    "speed_samples",
    {
        "operator": _TEXT,
        "technology": _TEXT,
        "access": _TEXT,
        "time": _MOMENT,
        "lon": _FLOAT,
        "lat": _FLOAT,
        "commune_code": _TEXT,
        "device_id": _TEXT,
        "download_mbps": _FLOAT,
        "upload_mbps": _FLOAT,
        "latency_ms": _FLOAT,
        "package_download_mbps": _FLOAT,
        "package_upload_mbps": _FLOAT,
        "ipv6": _FLAG,
        "is_aggregate": _YES_NO,
        "tests": _WHOLE,
        "devices": _WHOLE,
        "statistic": _TEXT,
        "period_start": _DAY,
        "period_end": _DAY,
        "source_kind": _TEXT,
        "campaign": _TEXT,
    },
)
"""One row per speed test, or per aggregate of tests.

Columns
-------
operator : name as the measurements reader gives it; ``""``: not told (open tiles put all operators together).
technology : ``"2G"`` .. ``"5G"`` or ``""`` (fixed lines, not told).
access : of :data:`ACCESSES`.
time : when the test was made, UTC; NaT for aggregates and where unknown.
lon, lat : degrees, EPSG:4326; a tile's centre; NaN where only the commune is known.
commune_code : of the commune that holds the point, else the one that the row names; ``""`` unknown.
device_id : a number without meaning outside the run; ``""`` where tests cannot be told apart by device.
download_mbps, upload_mbps, latency_ms : positive; NaN unknown, which a test that moved nothing is too: it failed, its
    speed is not 0.
package_download_mbps, package_upload_mbps : what the line's contract promises (Vd, Vu of QCVN 34:2022), NaN unknown.
ipv6 : whether the test ran over IPv6.
is_aggregate : the row sums up ``tests`` tests of ``devices`` devices (0: number of devices not told) by ``statistic``
    (``"mean"``, ``"median"``, ``"p5"`` ..., ``"unknown"`` where the table does not say which); single tests have 1, 1, ``""``.
period_start, period_end : first and last day; for single tests the test's day in local time.
source_kind : of :data:`SOURCE_KINDS`.
campaign : name of the measuring campaign, ``""`` where the table names none.
"""

IPV6_TESTS = _contract(
    "ipv6_tests",
    {
        "operator": _TEXT,
        "access": _TEXT,
        "commune_code": _TEXT,
        "lon": _FLOAT,
        "lat": _FLOAT,
        "time": _MOMENT,
        "capable": _FLAG,
        "preferred": _FLAG,
        "is_aggregate": _YES_NO,
        "tests": _WHOLE,
        "capable_tests": _FLOAT,
        "preferred_tests": _FLOAT,
        "asn": _TEXT,
        "device": _TEXT,
        "period_start": _DAY,
        "period_end": _DAY,
    },
)
"""One row per IPv6 test, or per count of tests of an operator, a commune or a network.

Columns
-------
operator, commune_code, lon, lat, time, period_start, period_end : as in :data:`SPEED_SAMPLES`.
access : of :data:`ACCESSES`, or ``""``: networks (AS) carry both.
capable, preferred : whether the device could, and did, use IPv6; NA for aggregates and where unknown.
is_aggregate, tests : the row counts ``tests`` tests; single tests have 1.
capable_tests, preferred_tests : of ``tests``, how many; 1 or 0 for single tests; NaN unknown. Where the table gives
    shares, share × tests, which need not be whole.
asn : number of the autonomous system as text, ``""`` unknown.
device : a number without meaning outside the run, as ``device_id`` of :data:`SPEED_SAMPLES`; ``""`` unknown.
"""

PORTALS = _contract(
    "portals",
    {
        "portal_id": _TEXT,
        "name": _TEXT,
        "host": _TEXT,
        "url": _TEXT,
        "province_code": _TEXT,
        "commune_code": _TEXT,
        "kind": _TEXT,
    },
)
"""One row per portal of a state body: what is to be asked for over IPv6.

Columns
-------
portal_id : unique in the frame.
host : lower-case ASCII (IDNA) name without scheme, port or path; never empty.
url : as given where it names http or https, else made of the host (``https://<host>/``).
province_code, commune_code : two and five digits; ``commune_code`` ``""`` for province-level portals.
kind : ``"portal"``, ``"public_services"``, ``"mail"``, ``"department"``, ``"commune"``, ``"province"`` or ``""``.
"""

DECLARATIONS = _contract(
    "declarations",
    {
        "operator": _TEXT,
        "technology": _TEXT,
        "access": _TEXT,
        "service_area_code": _TEXT,
        "vdmin_mbps": _FLOAT,
        "vd_mbps": _FLOAT,
        "vu_mbps": _FLOAT,
        "valid_from": _DAY,
    },
)
"""One row per declared set of speeds: operator, technology and service area, valid from a day on.

Columns
-------
technology : ``"2G"`` .. ``"5G"``; ``""`` for fixed lines.
service_area_code : commune or province code, an operator's own area number (``"1"``), or ``""``: everywhere.
vdmin_mbps, vd_mbps, vu_mbps : declared least download of a sample, mean download and mean upload (QCVN 81:2019,
    clause 2.1.5); NaN not declared.
valid_from : NaT: not told.
"""

REPORTED_INDICATORS = _contract(
    "reported_indicators",
    {
        "area_level": _TEXT,
        "area_code": _TEXT,
        "former_place": _WHOLE,
        "indicator": _TEXT,
        "value": _FLOAT,
        "n": _FLOAT,
        "period_start": _DAY,
        "period_end": _DAY,
        "source_kind": _TEXT,
    },
)
"""One row per figure that somebody reports; nobody measured it here.

Columns
-------
area_level : ``"commune"``, ``"former_commune"`` (of before 01/07/2025) or ``"province"``.
area_code : its code; ``""`` for former island districts, which had none.
former_place : position in :class:`geo.former_areas.FormerAreas`, -1 for other levels.
indicator : of ``resources/indicators.toml``.
value : in the indicator's unit, shares 0..1; never NaN.
n : what it is a share of (households, villages) or per (people); NaN not told.
period_start, period_end : first and last day; NaT not told.
source_kind : ``"local_report"`` or ``"operator_statement"``.
"""
