"""Readers of the published P.1812 cases: profiles ("Fryderyk" csv) and logs of intermediate values."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Literal

import numpy as np

from geo.propagation.p1812 import Path


@dataclass(frozen=True)
class Case:
    """One measurement row of a profile file."""

    name: str
    path: Path
    frequency_ghz: float
    time_percent: float
    polarisation: Literal["horizontal", "vertical"]


def read_log(file: FilePath) -> list[tuple[str, str, float]]:
    """Return (name, equation, value) of each row of a log."""
    rows = [
        row for row in csv.reader(file.read_text(encoding="utf-8").splitlines()) if len(row) > 3 and row[3]
    ]
    return [
        (row[0].strip(), row[1].strip(), float(row[3])) for row in rows if row[0].strip() != "# Parameter"
    ]


def _after(lines: list[str], label: str) -> str:
    return next(line for line in lines if line.startswith(label)).split(",")[1]


def _block(lines: list[str], title: str) -> list[str]:
    first = next(i for i, line in enumerate(lines) if line.startswith(f"{{Begin of {title}"))
    last = next(i for i, line in enumerate(lines) if line.startswith(f"{{End of {title}"))
    return lines[first + 1 : last]


def read_cases(folder: FilePath) -> list[Case]:
    """Return every case whose log is in the folder."""
    cases = []
    for file in sorted((folder / "validation_profiles").glob("*.csv")):
        lines = file.read_text(encoding="latin-1").splitlines()
        rows = [line.split(",") for line in _block(lines, "Profile")[1:]]
        column = [[float(row[i] or (0 if i == 3 else "nan")) for row in rows] for i in (0, 1, 3, 4)]
        ends = {
            f"{side}_{axis}_deg": float(_after(lines, f"{side.capitalize()} {axis.upper()}:"))
            for side in ("tx", "rx")
            for axis in ("lat", "lon")
        }
        measured = _block(lines, "Measurements")
        for i, line in enumerate(measured):
            log = folder / "validation_results" / f"{file.stem}_{i}_log.csv"
            if not log.exists():
                continue
            row = line.split(",")
            path = Path(
                distance_km=np.array(column[0]),
                terrain_height_m=np.array(column[1]),
                clutter_height_m=np.array(column[2]),
                radio_zone=np.array(column[3], dtype=np.int64),
                tx_height_agl_m=float(row[1]),
                rx_height_agl_m=float(row[3]),
                delta_n=float(_after(lines, "Average annual values dN")),
                n0=float(_after(lines, "Average annual sea-level")),
                tx_coast_distance_km=500.0,
                rx_coast_distance_km=500.0,
                **ends,
            )
            polarisation = "horizontal" if row[4] == "1" else "vertical"
            cases.append(Case(f"{file.stem}_{i}", path, float(row[0]) / 1000, float(row[14]), polarisation))
    return cases
