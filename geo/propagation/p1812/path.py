"""One path: its profile, antennas, zones and climate, checked."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from geo.errors import InputError
from geo.numbers import vietnamese
from geo.propagation.p1812.refractivity import (
    COASTAL,
    INLAND,
    SEA,
    coast_distances_km,
    path_centre_deg,
)

__all__ = ["LONGEST_KM", "SHORTEST_KM", "Path"]

#: Path lengths that the model is made for (ITU-R P.1812-8, clause 1). Shorter ones are evaluated and
#: flagged, longer ones refused.
SHORTEST_KM, LONGEST_KM = 0.25, 3000.0

_FEWEST_POINTS = 3
_HEIGHT_AGL_M = (1.0, 3000.0)
_LATITUDE_DEG = 80.0
_DELTA_N_LIMIT = 157.0


def _refuse_range(name: str, value: float, low: float, high: float, vi: str, en: str) -> None:
    if not low <= value <= high:
        raise InputError(
            f"{vi} ({name}) là {vietnamese(value)}; P.1812 chỉ cho phép từ {vietnamese(low)} đến {vietnamese(high)}.",
            f"{en} ({name}) is {value:g}; P.1812 allows {low:g} to {high:g}.",
        )


def _profile_array(name: str, values: npt.ArrayLike, points: int) -> npt.NDArray[np.float64]:
    """Return a read-only float64 copy with one finite number per point."""
    array = np.array(values, dtype=np.float64)
    if array.shape != (points,):
        raise InputError(
            f"{name} có kích thước {array.shape}; cần một giá trị cho mỗi điểm của mặt cắt ({points} điểm).",
            f"{name} has shape {array.shape}; one value for each of the profile's {points} points is needed.",
        )
    wrong = np.flatnonzero(~np.isfinite(array))
    if wrong.size:
        raise InputError(
            f"{name} không có giá trị tại {wrong.size} điểm của mặt cắt (điểm đầu tiên: {wrong[0]}); "
            "hãy bổ sung dữ liệu hoặc coi đường truyền này là chưa biết.",
            f"{name} has no value at {wrong.size} points of the profile (the first: point {wrong[0]}); "
            "supply the data or treat the path as unknown.",
        )
    array.setflags(write=False)
    return array


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Path:
    """One path from transmitter (point 0) to receiver (last point).

    Either ``centre_lat_deg`` or the four coordinates are given; ``clutter_height_m``,
    ``surface_height_m`` or neither (no clutter).

    Attributes
    ----------
    distance_km : (n,) float64 array
        d_i, 0 at the transmitter, strictly increasing, n >= 3; steps need not be equal.
    terrain_height_m : (n,) float64 array
        h_i, ground, m above mean sea level.
    tx_height_agl_m, rx_height_agl_m : float
        h_tg, h_rg, antennas above ground, 1 to 3000 m.
    delta_n : float
        DN, lapse of refractivity through the lowest kilometre at the path's centre, N-units/km, above 0,
        below 157.
    n0 : float
        N0, sea-level surface refractivity at the path's centre, N-units.
    clutter_height_m : (n,) float64 array, optional
        R_i, representative clutter height; the values at the two ends do not enter the profile.
    surface_height_m : (n,) float64 array, optional
        Heights of a surface model, m above mean sea level (clause 3.2.2); at the two ends the ground is
        used instead.
    radio_zone : (n,) int array
        1 sea, 3 coastal land, 4 inland; a single code stands for the whole path.
    centre_lat_deg : float, optional
        phi, latitude of the path's centre, -80 to 80.
    tx_lat_deg, tx_lon_deg, rx_lat_deg, rx_lon_deg : float, optional
        Terminals, EPSG:4326 degrees.
    tx_coast_distance_km, rx_coast_distance_km : float, optional
        d_ct, d_cr, land distance to the coast along the path. By default from the zones: the way to the
        first point at sea, 500 km where there is none. A terminal at sea has 0 whatever is given.
    rx_clutter_height_m : float, optional
        R of the receiver's own pixel, for location variability only. By default the last value of
        ``clutter_height_m``, or of the surface over the ground, or 0.

    Raises
    ------
    InputError
        Where a value is missing, is not a number or outside its limits.
    """

    distance_km: npt.NDArray[np.float64]
    terrain_height_m: npt.NDArray[np.float64]
    tx_height_agl_m: float
    rx_height_agl_m: float
    delta_n: float
    n0: float
    clutter_height_m: npt.NDArray[np.float64] | None = None
    surface_height_m: npt.NDArray[np.float64] | None = None
    radio_zone: npt.NDArray[np.int64] | int = INLAND
    centre_lat_deg: float | None = None
    tx_lat_deg: float | None = None
    tx_lon_deg: float | None = None
    rx_lat_deg: float | None = None
    rx_lon_deg: float | None = None
    tx_coast_distance_km: float | None = None
    rx_coast_distance_km: float | None = None
    rx_clutter_height_m: float | None = None

    def __post_init__(self) -> None:
        """Check everything and keep read-only copies."""
        distance = np.array(self.distance_km, dtype=np.float64)
        points = distance.size
        if points < _FEWEST_POINTS:
            raise InputError(
                f"Mặt cắt chỉ có {points} điểm; cần ít nhất {_FEWEST_POINTS} điểm (hai đầu và một điểm giữa).",
                f"The profile has {points} points; at least {_FEWEST_POINTS} are needed (two ends and one between).",
            )
        distance = _profile_array("distance_km", distance, points)
        if distance[0] != 0 or not (np.diff(distance) > 0).all():
            raise InputError(
                "distance_km phải bắt đầu từ 0 và tăng dần thực sự.",
                "distance_km must start at 0 and strictly increase.",
            )
        _refuse_range(
            "distance_km", float(distance[-1]), 0.0, LONGEST_KM, "Chiều dài đường truyền", "Path length"
        )
        self._keep("distance_km", distance)
        self._keep("terrain_height_m", _profile_array("terrain_height_m", self.terrain_height_m, points))
        self._check_cover(points)
        self._check_zone(points)
        self._check_numbers()
        self._check_place()

    def _keep(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _check_cover(self, points: int) -> None:
        if self.clutter_height_m is not None and self.surface_height_m is not None:
            raise InputError(
                "clutter_height_m và surface_height_m loại trừ nhau: vật che phủ sẽ bị tính hai lần.",
                "clutter_height_m and surface_height_m exclude each other: clutter would count twice.",
            )
        if self.surface_height_m is not None:
            self._keep("surface_height_m", _profile_array("surface_height_m", self.surface_height_m, points))
        if self.clutter_height_m is not None:
            clutter = _profile_array("clutter_height_m", self.clutter_height_m, points)
            if (clutter < 0).any():
                raise InputError(
                    f"clutter_height_m có giá trị âm ({vietnamese(clutter.min())} m); phải từ 0 trở lên.",
                    f"clutter_height_m has a negative value ({clutter.min():g} m); it must be 0 or more.",
                )
            self._keep("clutter_height_m", clutter)

    def _check_zone(self, points: int) -> None:
        zone = np.array(self.radio_zone)
        if zone.ndim == 0:
            zone = np.full(points, zone)
        if zone.shape != (points,) or not np.isin(zone, (SEA, COASTAL, INLAND)).all():
            raise InputError(
                f"radio_zone phải có một mã cho mỗi điểm ({points} điểm): "
                "1 biển, 3 đất ven biển, 4 đất liền sâu trong nội địa.",
                f"radio_zone must hold one code for each of the {points} points: 1 sea, 3 coastal land, 4 inland.",
            )
        zone = zone.astype(np.int64)
        zone.setflags(write=False)
        self._keep("radio_zone", zone)

    def _check_numbers(self) -> None:
        for name in ("tx_height_agl_m", "rx_height_agl_m"):
            value = float(getattr(self, name))
            _refuse_range(
                name, value, *_HEIGHT_AGL_M, "Độ cao ăng-ten trên mặt đất", "Antenna height above ground"
            )
            self._keep(name, value)
        if not 0 < self.delta_n < _DELTA_N_LIMIT:
            raise InputError(
                f"delta_n là {vietnamese(self.delta_n)} đơn vị N/km; phải lớn hơn 0 và nhỏ hơn {vietnamese(_DELTA_N_LIMIT)}.",
                f"delta_n is {self.delta_n:g} N-units/km; it must be above 0 and below {_DELTA_N_LIMIT:g}.",
            )
        if not 0 < self.n0 < np.inf:
            raise InputError(
                f"n0 là {vietnamese(self.n0)} đơn vị N; phải là số dương.",
                f"n0 is {self.n0:g} N-units; it must be positive.",
            )
        for name in ("tx_coast_distance_km", "rx_coast_distance_km", "rx_clutter_height_m"):
            given = getattr(self, name)
            if given is not None and not 0 <= given < np.inf:
                raise InputError(
                    f"{name} là {vietnamese(given)}; phải từ 0 trở lên.", f"{name} is {given:g}; it must be 0 or more."
                )

    def _check_place(self) -> None:
        ends = (self.tx_lat_deg, self.tx_lon_deg, self.rx_lat_deg, self.rx_lon_deg)
        whole = all(value is not None for value in ends)
        some = any(value is not None for value in ends)
        if some != whole or whole == (self.centre_lat_deg is not None):
            raise InputError(
                "Cần hoặc centre_lat_deg, hoặc đủ bốn tọa độ của hai đầu (tx_lat_deg, tx_lon_deg, rx_lat_deg, "
                "rx_lon_deg), không phải cả hai.",
                "Give either centre_lat_deg or all four coordinates of the ends (tx_lat_deg, tx_lon_deg, "
                "rx_lat_deg, rx_lon_deg), not both.",
            )
        for name in ("centre_lat_deg", "tx_lat_deg", "rx_lat_deg"):
            value = getattr(self, name)
            if value is not None:
                _refuse_range(name, value, -_LATITUDE_DEG, _LATITUDE_DEG, "Vĩ độ", "Latitude")
        for name in ("tx_lon_deg", "rx_lon_deg"):
            value = getattr(self, name)
            if value is not None:
                _refuse_range(name, value, -360.0, 360.0, "Kinh độ", "Longitude")

    @property
    def path_km(self) -> float:
        """d, length of the path."""
        return float(self.distance_km[-1])

    @property
    def in_range(self) -> bool:
        """Whether the path is at least as long as the model was made for (0.25 km)."""
        return self.path_km >= SHORTEST_KM

    @property
    def profile_height_m(self) -> npt.NDArray[np.float64]:
        """g_i: ground with clutter (or the surface model) between the ends, plain ground at the ends."""
        if self.surface_height_m is not None:
            heights = self.surface_height_m.copy()
        elif self.clutter_height_m is not None:
            heights = self.terrain_height_m + self.clutter_height_m
        else:
            return self.terrain_height_m
        heights[[0, -1]] = self.terrain_height_m[[0, -1]]
        return heights

    @property
    def centre_latitude_deg(self) -> float:
        """phi, given or from the coordinates."""
        if self.centre_lat_deg is not None:
            return float(self.centre_lat_deg)
        ends = (self.tx_lat_deg, self.tx_lon_deg, self.rx_lat_deg, self.rx_lon_deg)
        lat_t, lon_t, lat_r, lon_r = (float(value) for value in ends if value is not None)
        return path_centre_deg(lat_t, lon_t, lat_r, lon_r, self.path_km)[0]

    @property
    def coast_distances(self) -> tuple[float, float]:
        """d_ct, d_cr, km."""
        zone = np.asarray(self.radio_zone)
        found = coast_distances_km(self.distance_km, zone)
        given = (self.tx_coast_distance_km, self.rx_coast_distance_km)
        tx, rx = (
            0.0 if zone[end] == SEA else (found[i] if given[i] is None else float(given[i] or 0.0))
            for i, end in ((0, 0), (1, -1))
        )
        return tx, rx

    @property
    def receiver_clutter_m(self) -> float:
        """R at the receiver, for location variability."""
        if self.rx_clutter_height_m is not None:
            return float(self.rx_clutter_height_m)
        if self.clutter_height_m is not None:
            return float(self.clutter_height_m[-1])
        if self.surface_height_m is not None:
            return max(0.0, float(self.surface_height_m[-1] - self.terrain_height_m[-1]))
        return 0.0

    def reversed(self) -> Path:
        """Return the same path with transmitter and receiver exchanged."""

        def back(values: npt.NDArray[np.float64] | None) -> npt.NDArray[np.float64] | None:
            return None if values is None else values[::-1]

        return replace(
            self,
            distance_km=self.distance_km[-1] - self.distance_km[::-1],
            terrain_height_m=self.terrain_height_m[::-1],
            clutter_height_m=back(self.clutter_height_m),
            surface_height_m=back(self.surface_height_m),
            radio_zone=np.asarray(self.radio_zone)[::-1],
            tx_height_agl_m=self.rx_height_agl_m,
            rx_height_agl_m=self.tx_height_agl_m,
            tx_lat_deg=self.rx_lat_deg,
            tx_lon_deg=self.rx_lon_deg,
            rx_lat_deg=self.tx_lat_deg,
            rx_lon_deg=self.tx_lon_deg,
            tx_coast_distance_km=self.rx_coast_distance_km,
            rx_coast_distance_km=self.tx_coast_distance_km,
            rx_clutter_height_m=None,
        )
