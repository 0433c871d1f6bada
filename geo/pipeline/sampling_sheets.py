"""What measuring teams take along: a GPX file for each vehicle-day, and the sheets in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.crs import WGS84_EPSG, to_wgs84
from geo.errors import Bilingual
from geo.io.files import write_bytes
from geo.measured import measured_settings
from geo.pipeline.believing import Believed
from geo.project import Project
from geo.report.gpx import Waypoint, gpx_bytes
from geo.report.measuring_sheet import DaySheet, SheetStop, measuring_sheet, route_picture
from geo.report.phrases import joined, number_text, phrases
from geo.sampling import PlannedStop, RoadGraph, SamplingSettings, Trip

__all__ = ["ROUTES", "Sheets"]

#: Frame of the stage with the way of each vehicle-day, for the map.
ROUTES = "measurement_routes"

_WORDS = "results/sampling.toml"
_LANGUAGES = ("vi", "en")
#: A village nearer to the road is at it.
_AT_ROAD_M = 25.0
_F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Sheets:
    """What the files of all days share.

    Attributes
    ----------
    project : Project
    sampling : SamplingSettings
    believed : Believed
    graph : RoadGraph
    villages : DataFrame
        Undecided ones.
    commune_names : mapping of str to str
        By code.
    epsg : int
        Of the graph.
    start : (lon, lat)
    made_up : bool
    """

    project: Project
    sampling: SamplingSettings
    believed: Believed
    graph: RoadGraph
    villages: pd.DataFrame
    commune_names: Mapping[str, str]
    epsg: int
    start: tuple[float, float]
    made_up: bool

    def write(self, folder: Path, trips: Sequence[Trip], stops: Sequence[PlannedStop]) -> None:
        """Write ``day_01.gpx`` … and ``sheet_vi.html``, ``sheet_en.html``."""
        words, spoken = phrases(_WORDS), "en" if self.project.language == "en" else "vi"
        sheets: list[DaySheet] = []
        for day, trip in enumerate(trips, start=1):
            mine = [s for s in stops if s.day == day]
            way, file = _way(self.graph, trip), f"day_{day:02d}.gpx"
            lon, lat = to_wgs84(way[:, 0], way[:, 1], self.epsg)
            totals = words.say(
                "sheet", "totals", stops=number_text(len(mine)), km=number_text(sum(s.km for s in mine) + trip.back.km, 1),
                hours=number_text(trip.minutes / 60.0, 1), change=number_text(sum(s.expected_change for s in mine), 1),
            )  # fmt: skip
            title = words.say("sheet", "gpx_day", day=day, name=self.project.name).text(spoken)
            points = [self._waypoint(s, spoken) for s in mine]
            write_bytes(folder / file, gpx_bytes(title, totals.text(spoken), points, list(zip(lon.tolist(), lat.tolist(), strict=True))))
            sheets.append(
                DaySheet(
                    words.say("sheet", "title", day=day, days=len(trips)), totals,
                    words.say("sheet", "start", lon=_degrees(self.start[0]), lat=_degrees(self.start[1])),
                    words.say("sheet", "back", km=number_text(trip.back.km, 1), minutes=number_text(trip.back.minutes)),
                    words.say("sheet", "gpx", file=file), tuple(self._stop(s) for s in mine),
                    self._picture(way, mine, words.say("sheet", "map", day=day).text(spoken)),
                )
            )  # fmt: skip
        day_of_data = Bilingual(f"{self.project.date:%d/%m/%Y}", self.project.date.isoformat())
        about = words.say("sheet", "project", name=self.project.name, date=day_of_data)
        for language in _LANGUAGES:
            page = measuring_sheet(sheets, title=self.project.name, project=about, rules=self._rules(), language=language, made_up=self.made_up)
            write_bytes(folder / f"sheet_{language}.html", page)

    def routes(self, trips: Sequence[Trip]) -> gpd.GeoDataFrame:
        """Return the way of each vehicle-day as a line in EPSG:4326: ``day`` from 1, ``geometry``; a day that goes nowhere has none."""
        ways = [(day, _way(self.graph, trip)) for day, trip in enumerate(trips, start=1)]
        lines = [(day, np.column_stack(to_wgs84(way[:, 0], way[:, 1], self.epsg))) for day, way in ways if len(way) > 1]
        return gpd.GeoDataFrame({"day": [day for day, _ in lines]}, geometry=[shapely.LineString(line) for _, line in lines], crs=WGS84_EPSG)

    def _picture(self, way: _F64, stops: Sequence[PlannedStop], title: str) -> str:
        villages, nodes = [s.village for s in stops], self.graph.at[[s.village + 1 for s in stops]]
        places = self.believed.beliefs.villages
        return route_picture(
            way, np.column_stack([places.x_m[villages], places.y_m[villages]]), np.column_stack([self.graph.x_m[nodes], self.graph.y_m[nodes]]),
            way[0], [s.stop for s in stops], title,
        )  # fmt: skip

    def _waypoint(self, stop: PlannedStop, spoken: str) -> Waypoint:
        village = self.villages.iloc[stop.village]
        name = phrases(_WORDS).say("sheet", "waypoint", stop=stop.stop, village=_village_name(village)).text(spoken)
        return Waypoint(float(village["lon"]), float(village["lat"]), name, joined(_measures(stop), "; ").text(spoken))

    def _rules(self) -> list[Bilingual]:
        """Return what holds at every stop."""
        words, counted = phrases(_WORDS), {technology for _, technology in self.believed.layers}
        driven = [t for t in self.sampling.drive_technologies if t in counted]
        road = words.say("sheet", "lock_road", technologies=", ".join(driven)) if driven else words.say("sheet", "lock_road_none")
        stop = words.say("sheet", "lock_stop", positions=self.sampling.positions_per_stop, apart=number_text(measured_settings().spot_m))
        return [words.say("sheet", "lock_why"), road, stop, words.say("sheet", "lock_silence"), words.say("sheet", "lock_car")]

    def _stop(self, stop: PlannedStop) -> SheetStop:
        words, village = phrases(_WORDS), self.villages.iloc[stop.village]
        hours, minutes = divmod(round(stop.minutes), 60)
        walk = words.say("sheet", "walk", m=number_text(round(stop.walk_m, -1))) if stop.walk_m >= _AT_ROAD_M else words.say("sheet", "off")
        code, km = str(village["commune_code"]), number_text(stop.km, 1)
        road = stop.road_name or stop.road_id
        place = f"{_degrees(village['lat'])}, {_degrees(village['lon'])}"
        return SheetStop(
            stop.stop, words.say("sheet", "arrival", hours=hours, minutes=f"{minutes:02d}"), _village_name(village), self.commune_names.get(code, code),
            Bilingual(place, place), joined([Bilingual(f"{km.vi} km", f"{km.en} km"), *([Bilingual(road, road)] if road else [])]), walk,
            tuple(_measures(stop)), number_text(stop.expected_change, 2),
        )  # fmt: skip


def _village_name(village: pd.Series) -> str:
    return str(village["village_name"]) or str(village["village_id"])


def _measures(stop: PlannedStop) -> list[Bilingual]:
    """Return one line for each operator: its technologies with their samples."""
    words = phrases(_WORDS)
    by_operator: dict[str, list[Bilingual]] = {}
    for layer in stop.layers:
        by_operator.setdefault(layer.operator, []).append(words.say("sheet", "technology", technology=layer.technology, tests=layer.tests_needed))
    return [words.say("sheet", "measure", operator=operator, technologies=joined(listed)) for operator, listed in by_operator.items()]


def _degrees(value: float) -> str:
    return f"{float(value):.5f}"


def _way(graph: RoadGraph, trip: Trip) -> _F64:
    """Return the vertices of a trip's way, start to end."""
    parts = []
    for leg in (*(s.leg for s in trip.stops), trip.back):
        for edge, entered in leg.edges:
            shape = graph.shapes[edge]
            parts.append(shape if int(graph.start[edge]) == entered else shape[::-1])
    if not parts:
        node = int(graph.at[0])
        return np.array([[graph.x_m[node], graph.y_m[node]]])
    every = np.concatenate(parts)
    keep = np.ones(len(every), dtype=bool)
    keep[1:] = (every[1:] != every[:-1]).any(axis=1)
    return np.asarray(every[keep], dtype=np.float64)
