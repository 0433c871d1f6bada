"""What a path runs over and what its ends stand on: terrain of either kind, with or without land cover.

Two heights per node
--------------------
- ``ground_m``: what the ends stand on. Antenna heights above ground count from it, at sites and at phones.
- ``over_m``: what the path runs over between its ends (g of ITU-R P.1812, 3.2). It belongs to the
  Bullington part for the real path alone; the first and the last point of a profile take ``ground_m``.

=============  ==========  =======================================  ====================
terrain        land cover  ground_m                                 over_m
=============  ==========  =======================================  ====================
bare earth     none        terrain                                  terrain
bare earth     given       terrain                                  terrain + clutter
surface model  none        surface (the ends may stand on canopy)   surface
surface model  given       surface − clutter, an estimate           surface
=============  ==========  =======================================  ====================

On a surface model no clutter is added along the path: canopy is in the heights already and would count
twice. Clutter heights are never negative, so the estimated ground is never above the surface. A node
whose class is unknown gets clutter height 0, which is a guess: its share is counted and stated.

Which heights the smooth-earth fit uses
---------------------------------------
ITU-R P.1812 fits *plain ground* (P.1812-6, eqs 85 to 91, and eqs 76 to 82 for the horizons): horizons,
smooth earth, obstruction test and roughness take ``ground_m``, over a surface model the estimated one. Over a
surface model without land cover that is the surface itself: the fitted earth then lies higher by the mean
canopy, the effective antenna heights above it are too small, and the loss is on the safe side.

End loss (ITU-R P.2108) describes the same trees and houses as clutter in the profile: both at once are
refused by :func:`check_ground`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from pyproj import Geod

from geo.errors import GridMismatchError, ProjectFileError
from geo.io.land_cover import LandCover, built_up_codes, clutter_heights_m
from geo.io.resources import load_toml
from geo.io.terrain import Terrain, TerrainKind, TerrainWindow
from geo.validation import IssueLog, Source

__all__ = [
    "ClutterSource",
    "ClutterUse",
    "EndLoss",
    "GroundModel",
    "GroundSettings",
    "ProfileGround",
    "area_types",
    "check_ground",
    "ground_settings",
    "profile_ground",
    "state_ground",
]

_F32 = npt.NDArray[np.float32]
_F64 = npt.NDArray[np.float64]
_U8 = npt.NDArray[np.uint8]
Bounds = tuple[float, float, float, float]
EndLoss = Literal["none", "p2108"]
ClutterSource = Literal["none", "land cover over ground", "surface model"]

_UNKNOWN = 0
_BLOCK = 512  # nodes to a side within which points share one window
_COUNTED = 250_000  # nodes looked at to tell the share of unknown ones


@dataclass(frozen=True, slots=True)
class GroundSettings:
    """Settings of what stands on the ground; values and sources in ``defaults.toml``, ``[ground]``.

    Attributes
    ----------
    clutter_in_profile : bool
        Whether clutter heights of the land cover are added to bare-earth terrain.
    end_loss : {"none", "p2108"}
        Statistical clutter loss at street level; not together with clutter in the profile.
    area_radius_m, area_spacing_m : float
        Circle around a site in which land cover is looked at, and the spacing of the points.
    urban_built_share, suburban_built_share : float
        From these shares of built-up land on, an area is urban or suburban.
    area_known_share : float
        With less known land cover the area type is unknown.
    """

    clutter_in_profile: bool
    end_loss: EndLoss
    area_radius_m: float
    area_spacing_m: float
    urban_built_share: float
    suburban_built_share: float
    area_known_share: float


def ground_settings(**replaced: Any) -> GroundSettings:
    """Return the default settings; keywords replace single fields."""
    values = {name: entry["value"] for name, entry in load_toml("defaults.toml")["ground"].items()}
    return GroundSettings(**{**values, **replaced})


def check_ground(settings: GroundSettings, *, kind: TerrainKind | None, land_cover: bool) -> None:
    """Refuse settings that count clutter twice, or that ask for what the terrain cannot give.

    Parameters
    ----------
    settings : GroundSettings
    kind : {"ground", "surface"} or None
        Of the terrain; None without terrain.
    land_cover : bool
        Whether land cover is given.

    Raises
    ------
    ProjectFileError
        With one sentence: what came and what to do.
    """
    if settings.end_loss not in get_args(EndLoss):
        raise ProjectFileError(
            f"[settings] end_loss = '{settings.end_loss}': chỉ \"none\" hoặc \"p2108\".",
            f"[settings] end_loss = '{settings.end_loss}': \"none\" or \"p2108\".",
        )
    if kind == "surface" and settings.end_loss == "p2108":
        raise ProjectFileError(
            '[settings] end_loss = "p2108" không dùng được với địa hình kind = "surface": mặt phủ đã có sẵn cây và nhà, '
            'tổn hao sẽ bị tính hai lần; hãy đặt end_loss = "none" hoặc dùng địa hình mặt đất trần (kind = "ground").',
            '[settings] end_loss = "p2108" does not go with terrain of kind = "surface": trees and houses are in the surface '
            'already and would count twice; set end_loss = "none" or use bare-earth terrain (kind = "ground").',
        )
    if kind == "surface" and not settings.clutter_in_profile:
        raise ProjectFileError(
            '[settings] clutter_in_profile = false không dùng được với địa hình kind = "surface": cây và nhà nằm sẵn trong '
            "độ cao, không bỏ ra được; hãy bỏ dòng này hoặc dùng địa hình mặt đất trần (kind = \"ground\").",
            '[settings] clutter_in_profile = false does not go with terrain of kind = "surface": trees and houses are part of '
            'its heights and cannot be left out; drop this line or use bare-earth terrain (kind = "ground").',
        )
    if land_cover and settings.clutter_in_profile and settings.end_loss == "p2108":
        raise ProjectFileError(
            '[settings] end_loss = "p2108" và lớp phủ land_cover được cộng vào đường truyền loại trừ nhau: cùng cây và nhà sẽ bị tính hai lần; '
            'hãy đặt clutter_in_profile = false hoặc end_loss = "none".',
            '[settings] end_loss = "p2108" and land_cover, which is added along the path, exclude each other: the same trees and houses would '
            'count twice; set clutter_in_profile = false or end_loss = "none".',
        )


@dataclass(frozen=True, slots=True)
class ProfileGround:
    """Heights of a terrain window's nodes.

    Attributes
    ----------
    ground_m : (rows, columns) float32 array
        What the ends stand on, metres; NaN unknown.
    over_m : (rows, columns) float32 array
        What the path runs over between its ends, metres; NaN unknown. The same object as ``ground_m``
        where nothing stands on the ground.
    unknown_nodes : int
        Nodes with a height whose class is unknown although land cover is given and used.
    """

    ground_m: _F32
    over_m: _F32
    unknown_nodes: int = 0


def profile_ground(
    window: TerrainWindow, cover: _U8 | None, kind: TerrainKind, settings: GroundSettings
) -> ProfileGround:
    """Return what ends stand on and what paths run over.

    Parameters
    ----------
    window : TerrainWindow
    cover : (rows, columns) uint8 array or None
        Class codes of the nodes (:meth:`geo.io.land_cover.LandCover.to_window`), 0 unknown.
    kind : {"ground", "surface"}
    settings : GroundSettings

    Raises
    ------
    GridMismatchError
        If ``cover`` has another shape.
    """
    heights = window.heights
    if cover is None or not settings.clutter_in_profile:
        return ProfileGround(heights, heights)
    if cover.shape != heights.shape:
        raise GridMismatchError(
            f"Lớp phủ {cover.shape} không khớp cửa sổ địa hình {heights.shape}.",
            f"Land cover {cover.shape} does not fit the terrain window {heights.shape}.",
        )
    clutter = _clutter_m(cover)
    unknown = int(np.count_nonzero((cover == _UNKNOWN) & np.isfinite(heights)))
    if not clutter.any():
        return ProfileGround(heights, heights, unknown)
    if kind == "surface":
        return ProfileGround(heights - clutter, heights, unknown)
    return ProfileGround(heights, heights + clutter, unknown)


def _clutter_m(cover: _U8) -> _F32:
    """Return clutter heights, 0 for unknown classes."""
    heights = clutter_heights_m(cover)
    return np.nan_to_num(heights, copy=False, nan=0.0)


@dataclass(frozen=True, slots=True)
class ClutterUse:
    """Where clutter comes from in a run, for the manifest.

    Attributes
    ----------
    source : {"none", "land cover over ground", "surface model"}
    ends : {"terrain", "estimated ground", "surface"}
        What the ends of paths stand on.
    nodes : int
        Terrain nodes looked at (every k-th one of the area and the cells' reach around it).
    unknown_share : float or None
        Share of them whose class is unknown (clutter height taken as 0); None where no class is asked for.
    """

    source: ClutterSource
    ends: Literal["terrain", "estimated ground", "surface"]
    nodes: int
    unknown_share: float | None


@dataclass(frozen=True, slots=True)
class GroundModel:
    """Terrain with what stands on it; small and picklable.

    Attributes
    ----------
    terrain : Terrain
    land_cover : LandCover or None
    settings : GroundSettings
    """

    terrain: Terrain
    land_cover: LandCover | None
    settings: GroundSettings

    @property
    def cover_used(self) -> LandCover | None:
        """The land cover where heights depend on it."""
        return self.land_cover if self.settings.clutter_in_profile else None

    @property
    def source(self) -> ClutterSource:
        """Where clutter in the profile comes from."""
        if self.terrain.kind == "surface":
            return "surface model"
        return "none" if self.cover_used is None else "land cover over ground"

    def read_window(self, bounds: Bounds) -> tuple[TerrainWindow, ProfileGround]:
        """Return the terrain that covers ``bounds`` (see :meth:`Terrain.read_window`) and its two heights.

        Windows cut differently agree at common nodes to the last bit.
        """
        window = self.terrain.read_window(bounds)
        cover = None if self.cover_used is None else self.cover_used.to_window(window)
        return window, profile_ground(window, cover, self.terrain.kind, self.settings)

    def sample(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> _F64:
        """Return bilinear heights of what ends stand on; NaN where any node with weight is void.

        Parameters
        ----------
        lon, lat : (n,) float64 array
            EPSG:4326 degrees.

        Returns
        -------
        (n,) float64 array
            Metres.
        """
        return self.terrain.sample(lon, lat) - self._lift(lon, lat)

    def ground_height(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> _F64:
        """Return the height on which a site or a person stands, as :meth:`Terrain.ground_height` has it."""
        return self.terrain.ground_height(lon, lat) - self._lift(lon, lat)

    def covers(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Tell which points lie on a terrain tile (see :meth:`Terrain.covers`)."""
        return self.terrain.covers(lon, lat)

    def _lift(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> _F64:
        """Return how far the terrain's heights lie above the ground at points: 0 on bare earth."""
        x = np.atleast_1d(np.asarray(lon, dtype=np.float64))
        y = np.atleast_1d(np.asarray(lat, dtype=np.float64))
        lift = np.zeros(x.shape)
        if self.terrain.kind != "surface" or self.cover_used is None:
            return lift
        for index, window in self._windows(x, y):
            clutter = _clutter_m(self.cover_used.to_window(window))
            over = TerrainWindow(clutter, window.west, window.north, window.step_lon, window.step_lat)
            lift[index] = over.sample(x[index], y[index])
        return lift

    def _windows(self, lon: _F64, lat: _F64) -> Iterator[tuple[npt.NDArray[np.int64], TerrainWindow]]:
        """Yield points that lie together and the window around them."""
        step_lon, step_lat = self.terrain.step_deg
        known = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
        if known.size == 0:
            return
        row = np.floor(lat[known] / (step_lat * _BLOCK)).astype(np.int64)
        column = np.floor(lon[known] / (step_lon * _BLOCK)).astype(np.int64)
        order = np.lexsort((column, row))
        changed = np.flatnonzero((np.diff(row[order]) != 0) | (np.diff(column[order]) != 0)) + 1
        for index in np.split(known[order], changed):
            x, y = lon[index], lat[index]
            yield index, self.terrain.read_window((float(x.min()), float(y.min()), float(x.max()), float(y.max())))

    def area_type(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.object_]:
        """Return the area types around sites (see :func:`area_types`)."""
        return area_types(self.land_cover, lon, lat, self.settings)

    def use(self, bounds: Bounds) -> ClutterUse:
        """Return where clutter comes from and the share of nodes within ``bounds`` whose class is unknown."""
        cover = self.cover_used
        surface = self.terrain.kind == "surface"
        if cover is None:
            return ClutterUse(self.source, "surface" if surface else "terrain", 0, None)
        step_lon, step_lat = self.terrain.step_deg
        west, south, east, north = bounds
        columns, rows = max(1.0, (east - west) / step_lon), max(1.0, (north - south) / step_lat)
        thin = max(1, int(np.ceil(np.sqrt(rows * columns / _COUNTED))))
        lon = np.arange(west, east + step_lon / 2, thin * step_lon)
        lat = np.arange(south, north + step_lat / 2, thin * step_lat)
        all_lon, all_lat = np.meshgrid(lon, lat)
        codes = cover.sample(all_lon.ravel(), all_lat.ravel())
        share = float(np.count_nonzero(codes == _UNKNOWN) / codes.size)
        return ClutterUse(self.source, "estimated ground" if surface else "terrain", int(codes.size), share)


def state_ground(model: GroundModel, use: ClutterUse, log: IssueLog, *, cover_at_phone: bool = False) -> None:
    """State what a reader of the results must know about ground and clutter.

    Parameters
    ----------
    model : GroundModel
    use : ClutterUse
    log : IssueLog
    cover_at_phone : bool
        Whether measurements chose to count the cover about the phone instead of along the paths, which is stated with them.
    """
    cover = model.land_cover
    source = Source("inputs.terrain") if cover is None else Source(cover.raster.label)
    if use.source == "surface model":
        log.add("ground_surface_without_cover" if cover is None else "ground_estimated", source)
    elif cover is None:
        log.add("ground_without_clutter", source)
    elif use.source == "none" and not cover_at_phone:
        log.add("ground_cover_unused", source)
    if model.settings.end_loss == "p2108":
        log.add("ground_end_loss", Source("project"))
    if use.unknown_share:
        log.add("ground_class_unknown", source, fields={"share": f"{100 * use.unknown_share:.1f} %", "nodes": use.nodes})


def area_types(
    land_cover: LandCover | None, lon: npt.ArrayLike, lat: npt.ArrayLike, settings: GroundSettings
) -> npt.NDArray[np.object_]:
    """Return the kind of area around points by the share of built-up land.

    The share is taken over the known cells of land cover at points evenly spread over a circle (water and
    forest count as not built-up).

    Parameters
    ----------
    land_cover : LandCover or None
    lon, lat : (n,) float64 array
        EPSG:4326 degrees; NaN unknown.
    settings : GroundSettings

    Returns
    -------
    (n,) object array
        ``"urban"``, ``"suburban"``, ``"rural"``, or ``""`` where too little is known.
    """
    x = np.atleast_1d(np.asarray(lon, dtype=np.float64)).ravel()
    y = np.atleast_1d(np.asarray(lat, dtype=np.float64)).ravel()
    out = np.full(x.shape, "", dtype=object)
    placed = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if land_cover is None or placed.size == 0:
        return out
    half = int(settings.area_radius_m // settings.area_spacing_m)
    steps = np.arange(-half, half + 1) * settings.area_spacing_m
    east, north = (a.ravel() for a in np.meshgrid(steps, steps))
    near = np.hypot(east, north) <= settings.area_radius_m
    bearing, away = np.degrees(np.arctan2(east[near], north[near])), np.hypot(east[near], north[near])
    size = placed.size, away.size
    around_lon, around_lat, _ = Geod(ellps="WGS84").fwd(
        np.repeat(x[placed], away.size), np.repeat(y[placed], away.size),
        np.tile(bearing, placed.size), np.tile(away, placed.size),
    )  # fmt: skip
    codes = land_cover.sample(np.asarray(around_lon), np.asarray(around_lat)).reshape(size)
    known = (codes != _UNKNOWN).sum(axis=1)
    built = np.isin(codes, built_up_codes()).sum(axis=1)
    share = built / np.maximum(known, 1)
    kind = np.where(
        share >= settings.urban_built_share, "urban",
        np.where(share >= settings.suburban_built_share, "suburban", "rural"),
    )  # fmt: skip
    out[placed] = np.where((known > 0) & (known >= settings.area_known_share * size[1]), kind, "")
    return out
