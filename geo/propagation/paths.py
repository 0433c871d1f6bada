"""One path looked at closely: its profile, its loss by ITU-R P.1812 in parts, the edge that blocks it.

The area sweep (:mod:`geo.propagation.sweep`) tells how strong a signal is; this module tells why. A profile
is cut from the same terrain window as the sweep's, and :func:`geo.propagation.p1812.basic_transmission_loss`
is evaluated over it as it stands, for 50 % of time and locations, vertical polarisation, inland.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from geo.errors import InputError
from geo.io.resources import load_toml
from geo.io.terrain import TerrainWindow
from geo.numbers import vietnamese
from geo.propagation.ground import ProfileGround
from geo.propagation.p1812 import P1812Result, Path, basic_transmission_loss
from geo.propagation.p1812.refractivity import EARTH_RADIUS_KM

__all__ = [
    "Atmosphere",
    "BlockingEdge",
    "PathLoss",
    "Profile",
    "atmosphere",
    "blocking_edge",
    "cut_profile",
    "evaluate_path",
]

_F64 = npt.NDArray[np.float64]
Place = tuple[float, float]

#: An edge whose parameter nu lies at or below this takes nothing away (ITU-R P.1812-8, eq. (12)).
_NU_CLEAR = -0.78
#: Delta N at which the effective Earth radius would be without end (ITU-R P.1812-8, eq. (6)).
_DELTA_N_POLE = 157.0


@dataclass(frozen=True, slots=True)
class Atmosphere:
    """What P.1812 asks of the air.

    Attributes
    ----------
    delta_n : float
        Lapse of refractivity through the lowest kilometre, N-units/km.
    n0 : float
        Sea-level surface refractivity, N-units.
    """

    delta_n: float
    n0: float

    @property
    def earth_radius_km(self) -> float:
        """Effective Earth radius, median atmosphere: 6371 · 157/(157 − delta_n) (ITU-R P.1812-8, eq. (6))."""
        return EARTH_RADIUS_KM * _DELTA_N_POLE / (_DELTA_N_POLE - self.delta_n)


def atmosphere(effective_earth_radius_m: float) -> Atmosphere:
    """Return the air that bends rays as an effective Earth radius says, with the usual refractivity.

    Raises
    ------
    InputError
        If the radius is not above the Earth's own (ITU-R P.1812 has no such air).
    """
    radius_km = effective_earth_radius_m / 1000.0
    if not EARTH_RADIUS_KM < radius_km < math.inf:
        raise InputError(
            f"effective_earth_radius_m là {vietnamese(effective_earth_radius_m, '.0f')}; P.1812 cần trên {vietnamese(EARTH_RADIUS_KM)} km.",
            f"effective_earth_radius_m is {effective_earth_radius_m:.0f}; P.1812 needs above {EARTH_RADIUS_KM:g} km.",
        )
    n0 = float(load_toml("paths.toml")["atmosphere"]["sea_level_refractivity"]["value"])
    return Atmosphere(_DELTA_N_POLE * (1.0 - EARTH_RADIUS_KM / radius_km), n0)


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Heights along a path, from the antenna (point 0) to the phone (last point).

    Attributes
    ----------
    distance_km : (n,) float64 array
        Equal steps, n >= 3.
    lon, lat : (n,) float64 array
        EPSG:4326 degrees.
    ground_m : (n,) float64 array
        What the ends stand on; NaN unknown.
    over_m : (n,) float64 array
        What the path runs over: ground and clutter, or a surface model; NaN unknown.
    """

    distance_km: _F64
    lon: _F64
    lat: _F64
    ground_m: _F64
    over_m: _F64

    @property
    def length_km(self) -> float:
        """Length of the path."""
        return float(self.distance_km[-1])

    @property
    def unknown(self) -> npt.NDArray[np.bool_]:
        """Which points have an unknown height."""
        return np.isnan(self.ground_m) | np.isnan(self.over_m)

    @property
    def cluttered(self) -> bool:
        """Whether anything stands on the ground."""
        return bool((self.over_m > self.ground_m).any())

    def reversed(self) -> Profile:
        """Return the same path from the other end."""
        return Profile(
            self.distance_km[-1] - self.distance_km[::-1], self.lon[::-1], self.lat[::-1], self.ground_m[::-1], self.over_m[::-1]
        )


def cut_profile(
    window: TerrainWindow,
    ground: ProfileGround,
    tx: Place,
    rx: Place,
    *,
    length_km: float,
    step_m: float,
    tx_ground_m: float | None = None,
) -> Profile:
    """Return the profile between two places: straight in longitude and latitude, equal steps, bilinear heights.

    Parameters
    ----------
    window : TerrainWindow
        Holds both places.
    ground : ProfileGround
        Of the same window.
    tx, rx : (float, float)
        Longitude and latitude, EPSG:4326 degrees.
    length_km : float
        Distance between the places.
    step_m : float
        Greatest distance between points.
    tx_ground_m : float, optional
        Ground at the antenna where it is known otherwise (a site beside a void).

    Raises
    ------
    ValueError
        If length or step is not positive.
    """
    if not (length_km > 0 and step_m > 0):
        raise ValueError("a profile needs a positive length and step")
    steps = max(2, math.ceil(length_km * 1000.0 / step_m - 1e-9))
    share = np.arange(steps + 1) / steps
    lon, lat = tx[0] + share * (rx[0] - tx[0]), tx[1] + share * (rx[1] - tx[1])
    stands = _heights(window, ground.ground_m).sample(lon, lat)
    over = stands if ground.over_m is ground.ground_m else _heights(window, ground.over_m).sample(lon, lat)
    over = over.copy()
    if tx_ground_m is not None:
        stands[0] = tx_ground_m
    over[[0, -1]] = stands[[0, -1]]
    return Profile(length_km * share, lon, lat, stands, over)


def _heights(window: TerrainWindow, heights: npt.NDArray[np.float32]) -> TerrainWindow:
    return TerrainWindow(heights, window.west, window.north, window.step_lon, window.step_lat)


@dataclass(frozen=True, slots=True)
class BlockingEdge:
    """The point of a profile that lies deepest in the path: the greatest diffraction parameter nu.

    Attributes
    ----------
    index : int
        Point of the profile.
    distance_km, from_rx_km : float
        From the antenna, from the phone.
    lon, lat : float
        EPSG:4326 degrees.
    ground_m, over_m : float
        Heights there.
    over_line_m : float
        Its height over the straight line between the antennas, Earth's bulge included; negative below it.
    bulge_m : float
        Earth's bulge there.
    fresnel_radius_m : float
        Radius of the first Fresnel zone there: sqrt(lambda d1 d2 / d).
    nu : float
        sqrt(2) · over_line_m / fresnel_radius_m.
    kind : {"terrain", "clutter", "earth"}
        What it is: ground; what stands on it, where the ground alone stays below the line; or the Earth's
        bulge, where without it the line would be free.
    ridges : int
        Number of separate stretches of the profile that rise above the line, this one among them.
    """

    index: int
    distance_km: float
    from_rx_km: float
    lon: float
    lat: float
    ground_m: float
    over_m: float
    over_line_m: float
    bulge_m: float
    fresnel_radius_m: float
    nu: float
    kind: Literal["terrain", "clutter", "earth"]
    ridges: int

    @property
    def view(self) -> Literal["blocked", "grazed", "clear"]:
        """Above the line; within the Fresnel zone so that it costs something; neither."""
        return "blocked" if self.nu > 0 else "grazed" if self.nu > _NU_CLEAR else "clear"


def blocking_edge(
    profile: Profile, *, tx_height_m: float, rx_height_m: float, wavelength_m: float, earth_radius_km: float
) -> BlockingEdge:
    """Return the point between the ends with the greatest nu (ITU-R P.1812-8, eq. (15)).

    nu_i = [g_i + 500 d_i (d - d_i)/a_e - (h_ts (d - d_i) + h_rs d_i)/d] sqrt[0.002 d/(lambda d_i (d - d_i))];
    of equal ones the first.

    Parameters
    ----------
    profile : Profile
        All heights known.
    tx_height_m, rx_height_m : float
        Antenna and phone above ground.
    wavelength_m, earth_radius_km : float
    """
    d, inner = profile.length_km, slice(1, -1)
    near = profile.distance_km[inner]
    far = d - near
    line = ((profile.ground_m[0] + tx_height_m) * far + (profile.ground_m[-1] + rx_height_m) * near) / d
    bulge = 500.0 * near * far / earth_radius_km
    over_line = profile.over_m[inner] + bulge - line
    radius = np.sqrt(wavelength_m * near * far * 1000.0 / d)
    nu = math.sqrt(2.0) * over_line / radius
    at = int(np.argmax(nu))
    height = float(over_line[at])
    kind: Literal["terrain", "clutter", "earth"] = "terrain"
    if profile.ground_m[at + 1] + bulge[at] <= line[at] < profile.over_m[at + 1] + bulge[at]:
        kind = "clutter"
    elif height - bulge[at] <= 0 < height:
        kind = "earth"
    above = over_line > 0
    return BlockingEdge(
        index=at + 1,
        distance_km=float(near[at]),
        from_rx_km=float(far[at]),
        lon=float(profile.lon[at + 1]),
        lat=float(profile.lat[at + 1]),
        ground_m=float(profile.ground_m[at + 1]),
        over_m=float(profile.over_m[at + 1]),
        over_line_m=height,
        bulge_m=float(bulge[at]),
        fresnel_radius_m=float(radius[at]),
        nu=float(nu[at]),
        kind=kind,
        ridges=int(np.count_nonzero(np.diff(np.r_[False, above].astype(np.int8)) == 1)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class PathLoss:
    """The loss of one path in parts that add up.

    Attributes
    ----------
    profile : Profile
    tx_height_m, rx_height_m : float
        Antenna and phone above ground.
    result : P1812Result
        Every intermediate value.
    edge : BlockingEdge
    free_space_db : float
    bullington_db : float
        Diffraction over the profile (Bullington's construction).
    smooth_earth_db : float
        What the smooth Earth takes beyond its Bullington part, max(L_dsph - L_bulls, 0).
    atmosphere_db : float
        What ducting and troposcatter change on the sum of the above; mostly negative.
    antenna_below_horizon_deg : float
        Angle at which the ray leaves the antenna, positive down: towards the phone, or towards the
        antenna's horizon where that hides it.
    """

    profile: Profile
    tx_height_m: float
    rx_height_m: float
    result: P1812Result
    edge: BlockingEdge
    free_space_db: float
    bullington_db: float
    smooth_earth_db: float
    atmosphere_db: float
    antenna_below_horizon_deg: float

    @property
    def loss_db(self) -> float:
        """Basic transmission loss, the sum of the parts."""
        return self.result.basic_loss_db


def evaluate_path(
    profile: Profile, *, tx_height_m: float, rx_height_m: float, frequency_mhz: float, air: Atmosphere
) -> PathLoss:
    """Return the loss over a profile by ITU-R P.1812-8, for half of the time and of the places, in parts.

    Parameters
    ----------
    profile : Profile
        All heights known.
    tx_height_m, rx_height_m : float
        Antenna and phone above ground, 1 to 3000 m.
    frequency_mhz : float
        30 to 6000 MHz.
    air : Atmosphere

    Raises
    ------
    InputError
        If a height of the profile is unknown, or a value outside what P.1812 covers.
    """
    path = Path(
        distance_km=profile.distance_km,
        terrain_height_m=profile.ground_m,
        surface_height_m=profile.over_m,
        tx_height_agl_m=tx_height_m,
        rx_height_agl_m=rx_height_m,
        delta_n=air.delta_n,
        n0=air.n0,
        tx_lon_deg=float(profile.lon[0]),
        tx_lat_deg=float(profile.lat[0]),
        rx_lon_deg=float(profile.lon[-1]),
        rx_lat_deg=float(profile.lat[-1]),
    )
    result = basic_transmission_loss(path, frequency_ghz=frequency_mhz / 1000.0)
    radius, d = result.earth_radius_median_km, profile.length_km
    smooth = max(result.spherical_median_db - result.bullington_smooth_median_db, 0.0)
    line = (result.rx_height_amsl_m - result.tx_height_amsl_m) / d
    up = max(result.bullington_tx_slope_median, line) - 500.0 * d / radius
    return PathLoss(
        profile=profile,
        tx_height_m=tx_height_m,
        rx_height_m=rx_height_m,
        result=result,
        edge=blocking_edge(
            profile,
            tx_height_m=tx_height_m,
            rx_height_m=rx_height_m,
            wavelength_m=result.wavelength_m,
            earth_radius_km=radius,
        ),
        free_space_db=result.free_space_db,
        bullington_db=result.bullington_actual_median_db,
        smooth_earth_db=smooth,
        atmosphere_db=result.basic_loss_db - result.total_diffraction_median_db,
        antenna_below_horizon_deg=-math.degrees(math.atan(up / 1000.0)),
    )
