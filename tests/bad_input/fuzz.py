"""Damaged files through the readers: accepted with balanced books, or refused in a sentence; nothing else.

Run by itself for as long as wanted, in a process of its own with a cap on memory and time per case::

    python -m tests.bad_input.fuzz --seconds 600 --seed 7 csv xlsx

One line of JSON comes out: mutations per format and kind, and what broke, with seed and kind to repeat it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import faulthandler
import json
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import numpy as np

from geo.areas import AreaIndex
from geo.errors import InputError
from geo.io.boundaries import read_boundaries
from geo.io.catalogues import band_catalogue, operator_catalogue
from geo.io.land_cover import open_land_cover
from geo.io.population_raster import open_population_raster
from geo.io.positions import PositionContext
from geo.io.project import InputFile, input_files, read_project
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.io.stations import read_network
from geo.io.terrain import open_terrain
from geo.project import Project
from geo.report.issues import issues_workbook
from geo.validation import IssueLog
from tests.bad_input.made_up_project import MadeUpProject
from tests.bad_input.mutations import BYTE_MUTATIONS, TEXT_MUTATIONS, rezipped
from tests.made_up_area import area, units

__all__ = ["FORMATS", "fuzz", "main"]

_CASE_SECONDS = 20.0
_MEMORY_BYTES = 6 << 30  # of address space: libraries map far more than they use


class _TooLongError(Exception):
    """A case that does not come to an end."""


class _Readers:
    """The readers under test, each on one damaged file."""

    def __init__(self, folder: Path) -> None:
        self.made = MadeUpProject(folder / "good")
        self.made.add_column("Ngày phát sóng", ["01/05/2020"] * 5)
        self.made.add_column("Azimuth", ["0", "120", "240", "60", "180"])
        self.made.add_column("Mã xã", ["99001", "99008", "99015", "99022", "99029"])
        self.made.add_column("EARFCN", ["1450"] * 5)
        self.project: Project = read_project(self.made.save())
        self.area: AreaIndex = area()
        self.operators, self.bands = operator_catalogue(), band_catalogue()

    def sites(self, path: Path, log: IssueLog) -> None:
        context = PositionContext(self.area, ("99",), self.project.settings.positions)
        item = InputFile("sites", path, path.name, TableOptions())
        read_network([item], [], project=self.project, context=context, operators=self.operators, bands=self.bands, log=log)

    @staticmethod
    def boundaries(path: Path, log: IssueLog) -> None:
        read_boundaries(path, file=path.name, options=TableOptions(), project_provinces=("99",), log=log)

    @staticmethod
    def terrain(path: Path, log: IssueLog) -> None:
        terrain = open_terrain([path], kind="ground", log=log)
        terrain.inspect(log, (105.0, 21.7, 105.6, 22.3))
        terrain.sample(np.array([105.1, 105.5]), np.array([21.8, 22.2]))

    @staticmethod
    def population(path: Path, log: IssueLog) -> None:
        open_population_raster(path, log=log).population_by_unit(units(2, 2))

    @staticmethod
    def land_cover(path: Path, log: IssueLog) -> None:
        open_land_cover(path, log=log)

    @staticmethod
    def project_file(path: Path, _log: IssueLog) -> None:
        project = read_project(path)
        for kind in project.inputs:
            input_files(project, kind)


Read = Callable[[Path, IssueLog], None]


def _formats(readers: _Readers) -> dict[str, tuple[bytes, str, tuple[Read, ...], bool, bool]]:
    """Return by format: a good file's bytes, its name, who reads it, whether it is text, whether an archive."""
    made = readers.made
    made.workbook("sites.xlsx")
    points, polygons = made.plain_points(), units(3, 3)
    points.to_parquet(made.folder / "sites.parquet")
    points.to_file(made.folder / "sites.gpkg", driver="GPKG")
    made.shapefile(points, "sites", zipped=True)
    polygons.to_file(made.folder / "xa.gpkg", driver="GPKG")
    short = polygons[["commune_code", "commune_name", "geometry"]].set_axis(["maxa", "tenxa", "geometry"], axis=1)
    made.shapefile(short.set_geometry("geometry"), "xa", zipped=True)
    made.terrain(np.linspace(1, 900, 60 * 60, dtype=np.float32).reshape(60, 60), compress="deflate", tiled=True,
                 blockxsize=16, blockysize=16)  # fmt: skip
    made.population(np.full((30, 30), 2.5, dtype=np.float32))
    made.land_cover(np.full((30, 30), 10, dtype=np.uint8), compress="lzw")
    hgt = np.linspace(1, 900, 1201 * 1201).astype(">i2").tobytes()

    def content(name: str) -> bytes:
        return (made.folder / name).read_bytes()

    vectors = (readers.sites,)
    return {
        "csv": (content("sites.csv"), "sites.csv", vectors, True, False),
        "xlsx": (content("sites.xlsx"), "sites.xlsx", vectors, False, True),
        "geojson": (polygons.to_json(drop_id=True).encode(), "xa.geojson", (readers.boundaries,), True, False),
        "gpkg": (content("sites.gpkg"), "sites.gpkg", vectors, False, False),
        "gpkg_polygons": (content("xa.gpkg"), "xa.gpkg", (readers.boundaries,), False, False),
        "shp_zip": (content("sites.zip"), "sites.zip", vectors, False, True),
        "shp_zip_polygons": (content("xa.zip"), "xa.zip", (readers.boundaries,), False, True),
        "parquet": (content("sites.parquet"), "sites.parquet", vectors, False, False),
        "geotiff": (content("dem.tif"), "dem.tif", (readers.terrain,), False, False),
        "geotiff_people": (content("people.tif"), "people.tif", (readers.population,), False, False),
        "geotiff_cover": (content("cover.tif"), "cover.tif", (readers.land_cover,), False, False),
        "hgt": (hgt, "N21E105.hgt", (readers.terrain,), False, False),
        "project": (content("project.toml"), "project.toml", (readers.project_file,), True, False),
    }


FORMATS = (
    "csv", "xlsx", "geojson", "gpkg", "gpkg_polygons", "shp_zip", "shp_zip_polygons", "parquet", "geotiff",
    "geotiff_people", "geotiff_cover", "hgt", "project",
)  # fmt: skip


def _mutate(data: bytes, *, text: bool, archive: bool, rng: random.Random) -> tuple[str, bytes]:
    if archive and rng.random() < 0.6:
        return "inside_archive", rezipped(data, rng)
    kinds = BYTE_MUTATIONS if not text or rng.random() < 0.3 else TEXT_MUTATIONS
    kind = rng.choice(list(kinds))
    return kind, kinds[kind](data, rng)


def _outcome(read: Read, path: Path) -> str:
    log = IssueLog(issue_catalogue())
    try:
        read(path, log)
    except InputError as error:
        return "refused" if error.message.vi and error.message.en else "no sentence"
    for finding in log:
        for sentence in (finding.title, finding.allowed, finding.action):
            if not (sentence.vi and sentence.en):
                return "no sentence"
    for count in log.counts:
        if count.rows_in != count.rows_used + count.rows_dropped:
            return "books do not balance"
    issues_workbook(log, created=dt.date(2026, 11, 1), title="x")
    return "refused" if log.has_errors else "accepted"


def fuzz(seconds: float, seed: int, formats: tuple[str, ...] = FORMATS) -> dict[str, object]:
    """Damage and read, format by format in turn, until the time is over; the same seed damages the same way."""
    counts: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    broken: list[dict[str, str]] = []
    slowest = ("", 0.0)

    def too_long(_number: int, _frame: FrameType | None) -> None:
        raise _TooLongError

    signal.signal(signal.SIGALRM, too_long)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = _formats(_Readers(folder))
        end = time.monotonic() + seconds
        number = 0
        while time.monotonic() < end:
            chosen = formats[number % len(formats)]
            case = f"{seed}/{number}"
            number += 1
            data, file, reads, text, archive = table[chosen]
            rng = random.Random(case)
            kind, damaged = _mutate(data, text=text, archive=archive, rng=rng)
            path = (folder / "good" / "damaged.toml") if chosen == "project" else folder / file
            path.write_bytes(damaged)
            counts[f"{chosen}: {kind}"] += 1
            started = time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, _CASE_SECONDS)
            for read in reads:
                try:
                    outcome = _outcome(read, path)
                except BaseException as error:  # whatever comes here is what is looked for
                    if isinstance(error, KeyboardInterrupt):
                        raise
                    outcome = f"{type(error).__name__}: {str(error)[:200]}"
                    place = traceback.extract_tb(error.__traceback__)[-1]
                    broken.append({"case": case, "format": chosen, "kind": kind, "what": outcome,
                                   "where": f"{Path(place.filename).name}:{place.lineno}",
                                   "trace": "".join(traceback.format_exception(error)[-6:])})  # fmt: skip
                if outcome not in {"accepted", "refused"} and (not broken or broken[-1]["case"] != case):
                    broken.append({"case": case, "format": chosen, "kind": kind, "what": outcome})
                outcomes[f"{chosen}: {outcome if outcome in {'accepted', 'refused'} else 'broken'}"] += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
            took = time.monotonic() - started
            if took > slowest[1]:
                slowest = (f"{chosen} {kind} {case}", took)
            path.unlink(missing_ok=True)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"mutations": number, "counts": dict(sorted(counts.items())), "outcomes": dict(sorted(outcomes.items())),
            "broken": broken, "slowest": [slowest[0], round(slowest[1], 2)], "peak_mb": round(peak_mb)}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("formats", nargs="*", default=list(FORMATS))
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    faulthandler.enable()
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    report = fuzz(options.seconds, options.seed, tuple(options.formats))
    json.dump(report, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
