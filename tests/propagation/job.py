"""The study's job: one made-up tile, one antenna, 300 × 300 pixels of 100 m."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from geo.propagation.diffraction import Diffraction
from geo.propagation.grid_kernels import polar_to_grid_kernel
from geo.propagation.sweep import Antenna, PolarLoss, Profiles, sweep_loss, whole_path_loss

F64 = npt.NDArray[np.float64]

_EARTH_KM = 6371.0
_PER_DEGREE = 1200  # nodes
RADIUS_KM = 15.0


def rays_around(rays: int) -> tuple[F64, F64]:
    """Return unit steps in row and column of rays clockwise from north."""
    turn = 2 * np.pi * np.arange(rays) / rays
    return -np.cos(turn), np.sin(turn)


def on_grid(
    ground: npt.NDArray[np.float32], at: tuple[float, float], x_km: F64, y_km: F64, bands: Sequence[Diffraction]
) -> npt.NDArray[np.float32]:
    """Return the swept loss on a grid around an antenna, on a lattice of 100 m."""
    antenna = Antenna(*at, float(ground[round(at[0]), round(at[1])]), 30.0)
    rays, step = 512, 0.05
    row_step, column_step = (v * step / 0.1 for v in rays_around(rays))
    last = math.ceil(math.hypot(x_km.max(), y_km.max()) / step)
    polar = sweep_loss(
        Profiles(ground, ground), antenna, row_step=row_step, column_step=column_step, step_km=step, first=1, last=last,
        rx_height_m=1.5, bands=bands,
    )  # fmt: skip
    return gridded(polar, x_km, y_km, rays, 1e3)


def gridded(polar: PolarLoss, x_km: F64, y_km: F64, rays: int, radius_km: float) -> npt.NDArray[np.float32]:
    shape = (len(y_km), len(x_km))
    loss = np.full((len(polar.loss_db), *shape), np.nan, np.float32)
    lift = np.full(shape, np.nan, np.float32)
    polar_to_grid_kernel(
        polar.loss_db, polar.lift, x_km, y_km, np.ones(shape, bool), radius_km, polar.step_km, polar.first, rays, 0, loss, lift
    )
    return loss


@dataclass(frozen=True)
class Job:
    """Terrain, antenna and pixels."""

    profiles: Profiles
    antenna: Antenna
    earth_radius_km: float

    @property
    def per_km(self) -> tuple[float, float]:
        """Nodes per km southwards and eastwards."""
        degree_km = _EARTH_KM * math.pi / 180
        return _PER_DEGREE / degree_km, _PER_DEGREE / (degree_km * math.cos(math.radians(23 - 596 / _PER_DEGREE)))

    @property
    def axes_km(self) -> tuple[F64, F64]:
        """Centres of the pixels, from west to east and from north to south."""
        x = (np.arange(300) - 149.5) * 0.1
        return x, -x

    @property
    def disc(self) -> npt.NDArray[np.bool_]:
        x, y = self.axes_km
        return np.hypot(x[None, :], y[:, None]) <= RADIUS_KM

    def sweep(self, bands: Sequence[Diffraction], *, rays: int, step_km: float) -> PolarLoss:
        south, east = self.per_km
        row_step, column_step = rays_around(rays)
        return sweep_loss(
            self.profiles, self.antenna, row_step=row_step * step_km * south, column_step=column_step * step_km * east,
            step_km=step_km, first=1, last=math.ceil(RADIUS_KM / step_km - 1e-9), rx_height_m=1.5, bands=bands,
        )  # fmt: skip

    def swept(self, bands: Sequence[Diffraction], *, rays: int, step_km: float) -> npt.NDArray[np.float32]:
        """Return the loss on the pixels."""
        x, y = self.axes_km
        return gridded(self.sweep(bands, rays=rays, step_km=step_km), x, y, rays, RADIUS_KM)

    def whole_paths(self, bands: Sequence[Diffraction], *, step_km: float = 0.09) -> npt.NDArray[np.floating]:
        """Return the loss at the pixels of the disc, each over its own profile."""
        x, y = self.axes_km
        south, east = self.per_km
        all_x, all_y = np.meshgrid(x, y)
        all_x, all_y = all_x[self.disc], all_y[self.disc]
        loss, _ = whole_path_loss(
            self.profiles, self.antenna, row=self.antenna.row - all_y * south, column=self.antenna.column + all_x * east,
            distance_km=np.hypot(all_x, all_y), step_km=step_km, rx_height_m=1.5, bands=bands,
        )  # fmt: skip
        return loss

    def sweep_less_whole_paths(
        self, band: Diffraction, *, rays: int, step_km: float, path_step_km: float = 0.09
    ) -> F64:
        swept = self.swept([band], rays=rays, step_km=step_km)[0][self.disc]
        return np.asarray(swept - self.whole_paths([band], step_km=path_step_km)[0], np.float64)

    def flattened(self) -> Job:
        ground = np.full_like(self.profiles.ground_m, 100.0)
        return replace(self, profiles=Profiles(ground, ground), antenna=replace(self.antenna, ground_m=100.0))

    def with_clutter(self, height_m: float) -> Job:
        return replace(self, profiles=Profiles(self.profiles.ground_m, self.profiles.ground_m + np.float32(height_m)))


def job(shared: Path) -> Job:
    """Return the job over the made-up tile that lies beside the project."""
    tile = shared / "reference_cases" / "golden" / "N22E105.hgt"
    return over(np.fromfile(tile, ">i2").reshape(1201, 1201).astype(np.float32))


def over(ground: npt.NDArray[np.float32]) -> Job:
    """Return the same job over any tile of 1201 x 1201 nodes."""
    antenna = Antenna(596.0, 619.0, float(ground[596, 619]), 45.0)
    return Job(Profiles(ground, ground), antenna, 6371 * 157 / (157 - 50))
