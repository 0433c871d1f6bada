"""What a map is made from: one frozen value, checked when it is made.

Nothing here draws. A part that a run does not have is ``None`` or empty, and the map says that it
is missing; it is never replaced by zeros.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.crs import WGS84_EPSG
from geo.errors import Bilingual, CrsError, GridMismatchError, InputError
from geo.grid import Grid

__all__ = [
    "AREA_KINDS", "STATE_CODES", "THEME_KINDS", "AreaKind", "AreaLayer", "CoverageLayer", "DataSource", "MapContent", "MeasurementCount", "PeopleFigure",
    "ThemeKind", "ThemeLayer",
]  # fmt: skip

#: A path of folders below the page's own, percent-encoded: no scheme, no host, no way up.
_RELATIVE = re.compile(r"(?!\.)[\w~%-][\w.~%-]*(/[\w~%-][\w.~%-]*)*", re.ASCII)
#: Kinds of areas: dead zones, claims that differ from what is known, what became of a zone since the last review.
AreaKind = Literal["zone", "claim", "change"]
AREA_KINDS: tuple[AreaKind, ...] = ("zone", "claim", "change")

#: Themes: tables of results that are drawn on the communes (verdicts, IPv6), as points (plans, proposals, what they leave, sharing, masts, stops) or
#: as lines (streets by what becomes of their hung cable, projects of undergrounding).
ThemeKind = Literal["verdict", "ipv6", "plan", "proposal", "remainder", "sharing", "mast", "stop", "street", "street_project"]
THEME_KINDS: tuple[ThemeKind, ...] = ("verdict", "ipv6", "plan", "proposal", "remainder", "sharing", "mast", "stop", "street", "street_project")

#: Codes of a cell's state, in the order of the legend.
STATE_CODES = (1, 2, 3, 4, 5, 6)
_OUTSIDE = 0

_COMMUNE_COLUMNS = ("commune_code", "commune_name", "geometry")
_PROVINCE_COLUMNS = ("province_code", "province_name", "map_file", "geometry")
_VILLAGE_COLUMNS = ("village_id", "village_name", "commune_code", "lon", "lat", "class")
#: Of each kind: its id, and its class.
_AREA_COLUMNS: dict[AreaKind, tuple[str, str]] = {
    "zone": ("dead_zone_id", "class"), "claim": ("disagreement_id", "class"), "change": ("register_id", "state"),
}  # fmt: skip
_SITE_COLUMNS = ("site_id", "operator", "lon", "lat", "status")
#: What the map needs of each kind of theme.
_THEME_COLUMNS: dict[ThemeKind, tuple[str, ...]] = {
    "verdict": ("area_code", "area_level", "rule_id", "operator", "rule_result", "evidence", "value", "basis", "period"),
    "ipv6": ("area_code", "area_level", "source_kind"),
    "plan": ("line_id", "operator", "lon", "lat", "class_allowed", "spacing_ok"),
    "proposal": ("rank", "site_id", "source", "action", "year", "lon", "lat"),
    "remainder": ("remainder_id", "proposed_to", "lon", "lat"),
    "sharing": ("cluster_id", "masts_saved", "lon", "lat"),
    "mast": ("mast_id", "owner", "mast_class", "planned", "lon", "lat"),
    "stop": ("stop", "day", "area_code", "operator", "technology", "lon", "lat"),
    "street": ("section_id", "street_name", "commune_code", "action", "remark", "cables_least", "year"),
    "street_project": ("project_id", "streets", "section_ids", "year"),
}
_STREET_YEAR_COLUMNS = ("year",)


@dataclass(frozen=True, slots=True, eq=False)
class CoverageLayer:
    """States of one operator and technology, or of all operators together.

    Parameters
    ----------
    operator : str
        Name as shown; empty for all operators combined.
    technology : str
        ``"2G"`` to ``"5G"``; empty for the best of the technologies that count.
    state : (rows, columns) uint8 array
        0 outside, 1 measured_served, 2 predicted_served, 3 uncertain, 4 predicted_unserved,
        5 measured_unserved, 6 unknown.
    grid : Grid
        Place of ``state``.
    use : str
        ``"outdoor"``, ``"vehicle"`` or ``"indoor"``: where people use their phones; empty where only one is shown.
    note : Bilingual or None
        What a reader of this layer alone has to know; shown with its legend.

    Raises
    ------
    GridMismatchError
        If ``state`` does not have the grid's shape.
    InputError
        If ``state`` is not uint8 or holds a code that is not defined.
    """

    operator: str
    technology: str
    state: npt.NDArray[np.uint8]
    grid: Grid
    use: str = ""
    note: Bilingual | None = None

    def __post_init__(self) -> None:
        """Check the states against the grid."""
        if self.state.shape != self.grid.shape:
            raise GridMismatchError(
                f"Lớp phủ sóng có cỡ {self.state.shape}, lưới có cỡ {self.grid.shape}.",
                f"Coverage layer has shape {self.state.shape}, its grid {self.grid.shape}.",
            )
        largest = int(self.state.max(initial=0))
        if self.state.dtype != np.uint8 or largest > STATE_CODES[-1]:
            raise InputError(
                f"Lớp phủ sóng phải là uint8 với mã 0 đến 6; nhận được {self.state.dtype}, mã lớn nhất {largest}.",
                f"A coverage layer must be uint8 with codes 0 to 6; got {self.state.dtype}, largest code {largest}.",
            )

    @property
    def is_all_operators(self) -> bool:
        """Whether the layer combines all operators."""
        return self.operator == ""

    def counts(self) -> dict[int, int]:
        """Return the number of cells of each state, without those outside."""
        found = np.bincount(self.state.ravel(), minlength=STATE_CODES[-1] + 1)
        return {code: int(found[code]) for code in STATE_CODES}


@dataclass(frozen=True, slots=True, eq=False)
class AreaLayer:
    """Areas (or stretches of road) of one kind, of all operators together or of one operator and technology.

    Parameters
    ----------
    kind : {"zone", "claim", "change"}
    frame : GeoDataFrame
        EPSG:4326, with the columns of ``dead_zones.csv``, ``disagreement.csv`` or ``register.csv`` and ``geometry``.
    operator, technology : str
        Empty for all together.

    Raises
    ------
    InputError
        If the frame lacks its id or class.
    CrsError
        If it is not in EPSG:4326.
    """

    kind: AreaKind
    frame: gpd.GeoDataFrame
    operator: str = ""
    technology: str = ""

    def __post_init__(self) -> None:
        """Check columns and coordinate system."""
        _require_columns(self.frame, (*_AREA_COLUMNS[self.kind], "geometry"), Bilingual("bảng vùng", "areas"))
        _require_wgs84(self.frame, Bilingual("Vùng", "Areas"))

    @property
    def class_column(self) -> str:
        """Column that says what an area is."""
        return _AREA_COLUMNS[self.kind][1]


@dataclass(frozen=True, slots=True, eq=False)
class ThemeLayer:
    """A table of results that the map draws, whole: a reader chooses on the page what of it is shown.

    Parameters
    ----------
    kind : {"verdict", "ipv6", "plan", "proposal", "remainder", "sharing", "mast", "stop", "street", "street_project"}
    frame : DataFrame
        With the columns of ``standards.csv``, ``ipv6.csv``, ``operator_plans.csv``, ``sites_planned.csv`` (and ``sites_planned_gains.csv``),
        ``unserved_after_plans.csv``, ``sharing.csv``, ``measurements_planned.csv``, ``undergrounding.csv``, ``undergrounding_projects.csv``, or of the masts as they were read; ``lon`` and
        ``lat`` in degrees (EPSG:4326), NaN where not known.
    words : mapping
        Column to code, or to the text that the table has, to words: for what a table has in the project's language alone.
    ways : GeoDataFrame or None
        Of the next measurements: ``day`` and the line driven on it, EPSG:4326.
    lines : GeoSeries or None
        Of streets and their projects: the line of each row in the frame's order, EPSG:4326.

    Raises
    ------
    InputError
        If a column is missing that the map needs, or there is not one line per row.
    CrsError
        If ways or lines are not in EPSG:4326.
    """

    kind: ThemeKind
    frame: pd.DataFrame
    words: Mapping[str, Mapping[str, Bilingual]] = field(default_factory=dict)
    ways: gpd.GeoDataFrame | None = None
    lines: gpd.GeoSeries | None = None

    def __post_init__(self) -> None:
        """Check the columns."""
        _require_columns(self.frame, _THEME_COLUMNS[self.kind], Bilingual("bảng kết quả", "results"))
        _require_columns(self.ways, ("day", "geometry"), Bilingual("lộ trình", "ways"))
        _require_wgs84(self.ways, Bilingual("Lộ trình", "Ways"))
        _require_wgs84(self.lines, Bilingual("Tuyến phố", "Streets"))
        if self.lines is not None and len(self.lines) != len(self.frame):
            raise InputError(
                f"Cần một nét vẽ cho mỗi dòng: {len(self.frame)} dòng, {len(self.lines)} nét.", f"One line per row is needed: {len(self.frame)} rows, {len(self.lines)} lines."
            )


@dataclass(frozen=True, slots=True)
class PeopleFigure:
    """One figure of people without signal: what it counts, how many, and where it stands.

    Parameters
    ----------
    name, counts, where : Bilingual
        Short name; what is counted, of which people; the files and places that show it.
    people : float or None
        None where it is not known.
    low, high : float or None
        90 % interval, where there is one.
    """

    name: Bilingual
    counts: Bilingual
    where: Bilingual
    people: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class DataSource:
    """One input, as the map names it.

    Parameters
    ----------
    name : str
        File (and sheet) as the project file gives it.
    rows : int or None
        Records used; None where the kind has none (a raster).
    date : str
        Date of the data, ISO (``"2026-11-01"``, ``"2026-10"``, ``"2026"``) or empty when not known.
    kind : Bilingual or None
        What it is, e.g. ``Bilingual("Trạm", "Sites")``.
    """

    name: str
    rows: int | None
    date: str = ""
    kind: Bilingual | None = None


@dataclass(frozen=True, slots=True)
class MeasurementCount:
    """Samples used of one operator and technology."""

    operator: str
    technology: str
    samples: int
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MapContent:
    """Everything that :func:`geo.mapping.build_map` shows.

    Parameters
    ----------
    title : str
        Title of the map, as the browser's tab shows it.
    project_name : str
    version : str
        Version of the package that computed the figures.
    date : date
        Date that the figures are valid for (``[project] date``).
    made_up : bool
        Whether the data is invented; a banner then says so on screen and in print.
    language : {"vi", "en"}
        Language in which the map opens; the other one is a switch away.
    edition : {"internal", "public"}
        The public one is made by :func:`geo.mapping.public.public_content` alone.
    communes : GeoDataFrame or None
        EPSG:4326, with the columns of ``communes.csv`` and ``geometry``. Its figures are shown as
        they are: the map computes none of its own per commune.
    provinces : GeoDataFrame or None
        Of a view of the country, else None: EPSG:4326, ``province_code``, ``province_name``, ``map_file`` (path of the province's own map
        relative to this file, percent-encoded with ``/``; empty where there is none), ``geometry``, and figures of ``provinces.csv``.
    villages : DataFrame or None
        Columns of ``villages.csv``; ``lon`` and ``lat`` in degrees, NaN where not known.
    sites : DataFrame or None
        site_id, operator, site_name, lon, lat, status, technologies.
    roads : GeoDataFrame or None
        EPSG:4326 lines with road_name and road_class.
    coverage : tuple of CoverageLayer
        One per operator and technology, in the order of the legend.
    all_operators : tuple of CoverageLayer
        All operators combined, with an empty technology: one, or one per use, outdoors first.
    areas : tuple of AreaLayer
        Dead zones of all operators first, then by operator, by operator and technology; claims; changes.
    areas_missing : tuple of Bilingual
        Sentences on areas that a run could have and this map does not show, and why.
    themes : tuple of ThemeLayer
        Tables of results that are drawn on the communes or as points; of one that is missing the map says so.
    people : tuple of PeopleFigure
        The figures of people without signal that the run states, side by side.
    street_years : DataFrame or None
        Columns of ``undergrounding_years.csv``: what each year puts underground, over the whole area; the first row, without a year, is today's.
    priority_weights : mapping
        Weight of each term of a zone's priority.
    model : Bilingual or None
        Name of the propagation model and what it leaves out, in one sentence.
    method : tuple of Bilingual
        Further sentences on how states were found and how sure they are.
    model_checked : bool
        Whether the model was held against measurements that it had not seen. While it was not, the map
        says so beside its figures, and a class that no village is predicted to have is no bare zero.
    served_at_least, unserved_at_most : float or None
        The two cuts on the probability, 0..1, printed in the legend.
    unknown_reasons : tuple of str
        Why cells are unknown over all operators, keys of the strings' ``reasons``, the most frequent first.
    measurements : tuple of MeasurementCount
        Empty means that no measurement was used, and the map says so.
    notices : tuple of Bilingual
        What a reader has to know: unverified thresholds, defaults used, warnings in the inputs.
    sources : tuple of DataSource

    Raises
    ------
    InputError
        If a frame lacks a column that the map needs, or the language is not offered.
    CrsError
        If communes or roads are not in EPSG:4326.
    """

    title: str
    project_name: str
    version: str
    date: date
    made_up: bool = False
    language: Literal["vi", "en"] = "vi"
    edition: Literal["internal", "public"] = "internal"
    communes: gpd.GeoDataFrame | None = None
    provinces: gpd.GeoDataFrame | None = None
    villages: pd.DataFrame | None = None
    sites: pd.DataFrame | None = None
    roads: gpd.GeoDataFrame | None = None
    coverage: tuple[CoverageLayer, ...] = ()
    all_operators: tuple[CoverageLayer, ...] = ()
    areas: tuple[AreaLayer, ...] = ()
    areas_missing: tuple[Bilingual, ...] = ()
    themes: tuple[ThemeLayer, ...] = ()
    people: tuple[PeopleFigure, ...] = ()
    street_years: pd.DataFrame | None = None
    priority_weights: Mapping[str, float] = field(default_factory=dict)
    model: Bilingual | None = None
    method: tuple[Bilingual, ...] = ()
    model_checked: bool = False
    served_at_least: float | None = None
    unserved_at_most: float | None = None
    unknown_reasons: tuple[str, ...] = ()
    measurements: tuple[MeasurementCount, ...] = ()
    notices: tuple[Bilingual, ...] = ()
    sources: tuple[DataSource, ...] = field(default=())

    def __post_init__(self) -> None:
        """Check columns, language and coordinate systems."""
        if self.language not in {"vi", "en"}:
            raise InputError(
                f"Ngôn ngữ bản đồ '{self.language}' không có; chọn \"vi\" hoặc \"en\".",
                f"Map language '{self.language}' is not offered; choose \"vi\" or \"en\".",
            )
        _require_columns(self.communes, _COMMUNE_COLUMNS, Bilingual("bảng xã", "communes"))
        _require_columns(self.villages, _VILLAGE_COLUMNS, Bilingual("bảng thôn", "villages"))
        _require_columns(self.sites, _SITE_COLUMNS, Bilingual("bảng trạm", "sites"))
        _require_columns(self.provinces, _PROVINCE_COLUMNS, Bilingual("bảng tỉnh", "provinces"))
        _require_columns(self.street_years, _STREET_YEAR_COLUMNS, Bilingual("bảng ngầm hóa theo năm", "undergrounding by year"))
        if self.provinces is not None:
            if self.communes is None:
                raise InputError("Bản đồ cả nước cần bảng xã.", "A map of the country needs its communes.")
            for file in self.provinces["map_file"]:
                if file and not _RELATIVE.fullmatch(str(file)):
                    raise InputError(
                        f"Đường dẫn bản đồ của tỉnh phải là đường dẫn tương đối, nhận được '{file}'.", f"The path of a province's map must be relative, got '{file}'."
                    )
        for frame, name in (
            (self.communes, Bilingual("Ranh giới xã", "Communes")),
            (self.provinces, Bilingual("Ranh giới tỉnh", "Provinces")),
            (self.roads, Bilingual("Đường bộ", "Roads")),
        ):
            _require_wgs84(frame, name)

    @property
    def layers(self) -> tuple[CoverageLayer, ...]:
        """All coverage layers: all operators first, then one per operator and technology."""
        return (*self.all_operators, *self.coverage)

    @property
    def of_country(self) -> bool:
        """Whether it is a view over provinces, each with a map of its own."""
        return self.provinces is not None


def _require_wgs84(frame: gpd.GeoDataFrame | gpd.GeoSeries | None, name: Bilingual) -> None:
    if frame is not None and (frame.crs is None or frame.crs.to_epsg() != WGS84_EPSG):
        raise CrsError(
            f"{name.vi} đưa lên bản đồ phải ở EPSG:4326, nhận được {frame.crs}.",
            f"{name.en} on the map must be in EPSG:4326, got {frame.crs}.",
        )


def _require_columns(frame: pd.DataFrame | None, columns: tuple[str, ...], name: Bilingual) -> None:
    if frame is None:
        return
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise InputError(
            f"Bản đồ cần cột {', '.join(missing)} trong {name.vi}; các cột có: {', '.join(map(str, frame.columns))}.",
            f"The map needs column {', '.join(missing)} in {name.en}; columns given: {', '.join(map(str, frame.columns))}.",
        )
