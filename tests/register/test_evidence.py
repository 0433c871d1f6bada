"""What a review shows of a place: cells by hand, layers together, villages, dated samples."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from geo.coverage import State
from geo.register import LayerRasters, ReviewView, RuleSet
from geo.register.evidence import state_shares, village_counts
from geo.register.layers import LayerSample, cells_in, states_of_places
from geo.register.view import samples_that_differ
from tests.register.made_up_ground import EPSG, SIDE_M, X, Y, grid, outline

DAY = np.datetime64("2027-05-01")
NO_DAY = np.datetime64("NaT")
A, B = ("A", "4G", "outdoor"), ("B", "4G", "outdoor")


def box(left: float, top: float, right: float, bottom: float) -> shapely.Geometry:
    """In cells from the corner of the ground."""
    return shapely.box(X + left * SIDE_M, Y - bottom * SIDE_M, X + right * SIDE_M, Y - top * SIDE_M)


def test_cells_whose_centre_lies_in_a_shape() -> None:
    shapes = np.array([box(0, 0, 2, 1), box(0.6, 0.6, 1.4, 1.4), box(2.1, 2.1, 2.2, 2.2), box(9, 9, 10, 10), shapely.Polygon(), None], dtype=object)
    found = cells_in(shapes, grid(3, 3))
    assert sorted(zip(found.place.tolist(), found.row.tolist(), found.column.tolist(), strict=True)) == [
        (0, 0, 0), (0, 0, 1), (1, 1, 1), (2, 2, 2),
    ], "the third has no centre inside: the cell that it lies in"  # fmt: skip


def sample(states: list[int], days: list[Any] | None = None) -> LayerSample:
    nothing = np.full(len(states), np.nan)
    return LayerSample(np.array(states, dtype=np.uint8), nothing, nothing, np.array(days or [NO_DAY] * len(states), dtype="datetime64[D]"))


def test_layers_of_a_place_together() -> None:
    samples = {A: sample([4, 4, 5, 1, 3, 6, 4], [DAY] * 7), B: sample([4, 2, 5, 1, 4, 4, 3], [NO_DAY, DAY, DAY - 9, DAY + 5, DAY, DAY, DAY])}
    place = np.zeros(7, dtype=np.int64)
    state, day = states_of_places(place, [(A, B)], samples)
    assert state.tolist() == [4, 2, 5, 1, 3, 6, 3]
    assert day.tolist() == [None, None, DAY.item(), (DAY + 5).item(), None, None, None]
    assert states_of_places(place, [(A,)], samples)[0].tolist() == [4, 4, 5, 1, 3, 6, 4]
    assert states_of_places(place, [(A, ("C", "4G", "outdoor"))], samples)[0].tolist() == [6, 6, 6, 1, 3, 6, 6], "a missing layer is unknown"
    assert states_of_places(place, [()], samples)[0].tolist() == [6] * 7


def shares(states: list[int], people: list[float], days: list[Any], since: str = "2026-11-01") -> Any:
    n = len(states)
    return state_shares(
        np.zeros(n, dtype=np.int64), 2, np.array(states, dtype=np.uint8), np.array(people, dtype=float),
        np.array(days, dtype="datetime64[D]"), np.array([since, since], dtype="datetime64[D]"),
    )  # fmt: skip


def test_shares_of_people_and_of_cells() -> None:
    found = shares([1, 1, 2, 3, 4, 6], [1, 2, 3, 4, 5, 5], [DAY, "2026-11-01", NO_DAY, NO_DAY, NO_DAY, NO_DAY])
    assert found.basis.tolist() == ["people", ""]
    assert [float(getattr(found, n)[0]) for n in ("measured", "measured_before", "predicted", "uncertain", "unserved", "unknown")] == pytest.approx(
        [0.05, 0.1, 0.15, 0.2, 0.25, 0.25]
    ), "measured on the day of the listing is not after it"
    assert found.last_measured[0] == DAY
    assert np.isnan(found.unserved[1])
    for people in ([0.0] * 6, [1, 2, 3, 4, 5, np.nan]):
        cells = shares([1, 1, 2, 3, 4, 0], people, [DAY] * 6)
        assert cells.basis[0] == "cells"
        assert (cells.measured[0], cells.unknown[0]) == pytest.approx((1 / 3, 1 / 6)), "outside is unknown"


def test_the_latest_day_is_that_of_cells_that_count() -> None:
    found = shares([1, 1, 5, 5], [1, 0, 1, 1], [DAY, DAY + 50, DAY + 2, DAY + 1])
    assert found.last_measured[0] == DAY, "nobody lives in the later one"
    assert found.unserved_on[0] == DAY + 2


# -- a review at points


def view(**changes: Any) -> ReviewView:
    state = np.array([[1, 2], [4, 1]], dtype=np.uint8)
    found: dict[str, Any] = {
        "on": date(2027, 11, 1), "rule": RuleSet({"4G": -110.0}, ("4G",), 0.9, 0.1), "model_error_sd_db": 8.0, "grid": grid(2, 2),
        "rasters": {A: LayerRasters(state, np.full((2, 2), -90, np.float32), np.full((2, 2), 0.99, np.float32)),
                    ("A", "4G", "indoor"): LayerRasters(None, None, np.array([[0.95, 0.5], [0.05, np.nan]], np.float32))}.get,
        **changes,
    }  # fmt: skip
    return ReviewView(**found)


def places(*cells: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    from geo.crs import to_wgs84

    return to_wgs84([X + (c + 0.5) * SIDE_M for _, c in cells], [Y - (r + 0.5) * SIDE_M for r, _ in cells], EPSG)


def log(*rows: tuple[str, tuple[int, int], float, bool]) -> pd.DataFrame:
    lon, lat = places(*(cell for _, cell, _, _ in rows))
    return pd.DataFrame(
        {"time": pd.to_datetime([day for day, *_ in rows]), "lon": lon, "lat": lat, "operator": "A", "technology": "4G",
         "level_dbm": [level for *_, level, _ in rows], "no_service": pd.array([no for *_, no in rows], dtype="boolean")}
    )  # fmt: skip


def test_a_review_at_points() -> None:
    found = view().at([A, B], *places((0, 0), (1, 0), (0, 1), (5, 5)))
    assert list(found) == [A], "it has no layer of the other operator"
    assert found[A].state.tolist() == [1, 4, 2, State.OUTSIDE]
    assert np.isnan(found[A].level_dbm[3])
    indoor = view().at([("A", "4G", "indoor")], *places((0, 0), (0, 1), (1, 0), (1, 1)))
    assert indoor["A", "4G", "indoor"].state.tolist() == [2, 3, 4, 6], "cut from the probability"
    assert view(grid=None).at([A], *places((0, 0))) == {}


def test_service_is_dated_by_the_latest_sample_that_reached_the_level() -> None:
    samples = log(("2027-01-05", (0, 0), -95.0, False), ("2027-03-05", (0, 0), -115.0, False), ("2027-04-05", (0, 0), np.nan, True),
                  ("2027-04-06", (1, 0), np.nan, True), ("2027-04-07", (1, 1), -120.0, False))  # fmt: skip
    days = view(measurements=samples).at([A], *places((0, 0), (0, 1), (1, 0), (1, 1)))[A].measured_on
    assert days.astype(str).tolist() == ["2027-01-05", "NaT", "2027-04-06", "NaT"]
    other = view(measurements=samples.assign(technology="3G")).at([A], *places((0, 0)))[A].measured_on
    assert np.isnat(other).all(), "a sample of 3G dates nothing of 4G"


def test_a_review_under_another_rule() -> None:
    stricter = RuleSet({"4G": -80.0}, ("4G",), 0.9, 0.1)
    samples = view().at([A, ("A", "4G", "indoor")], *places((0, 1)))
    found = view().under(stricter, samples)
    assert list(found) == [A], "the level indoors is not stored"
    assert found[A].state.tolist() == [3]
    assert list(view().under(view().rule, samples)) == [A, ("A", "4G", "indoor")], "nothing to find again under the same rule"
    bare = view(rasters={A: LayerRasters(np.array([[2, 2], [2, 2]], np.uint8))}.get)
    assert bare.under(stricter, bare.at([A], *places((0, 1)))) == {}, "without level and probability"


def test_samples_that_one_review_alone_has() -> None:
    one = log(("2027-01-05", (0, 0), -95.0, False), ("2027-01-06", (0, 0), -95.0, False), ("2027-01-07", (1, 1), -95.0, False))
    other = pd.concat([one.iloc[[1, 1, 2]], log(("2027-08-01", (0, 1), -95.0, False))], ignore_index=True)
    outlines = np.array([outline([(0, 0)]), outline([(0, 1)]), outline([(1, 1)]), None], dtype=object)
    found = samples_that_differ(one, other, outlines, ["", "A", "A", ""])
    assert found is not None
    assert found.tolist() == [[1, 1], [0, 1], [0, 0], [0, 0]], "one went and one came twice, one came, none changed"
    mine = samples_that_differ(one, other, outlines, ["B"] * 4)
    assert mine is not None
    assert mine.tolist() == [[0, 0]] * 4
    assert samples_that_differ(None, other, outlines, [""] * 4) is None


# -- villages


def villages(*rows: dict[str, Any]) -> pd.DataFrame:
    lon, lat = places((0, 0))
    base = {"village_id": "v", "lon": lon[0], "lat": lat[0], "class": "served", "weak": "FALSE", "operators_serving": "A; B", "operators_undecided": "",
            "best_technology": "4G", "population": "10", "evidence": "predicted", "last_measured": ""}  # fmt: skip
    return pd.DataFrame([{**base, **row} for row in rows])


def counted(place: dict[str, str], *rows: dict[str, Any], columns: dict[tuple[str, str], str] | None = None) -> tuple[int, int, int]:
    about = pd.DataFrame([{"operator": "", "technology": "", "class": "white", "operators_missing": "", **place}])
    shapes = np.array([outline([(0, 0), (0, 1)])], dtype=object)
    found = village_counts(villages(*rows), about, shapes, np.array(["2026-11-01"], dtype="datetime64[D]"), columns or {})
    return int(found.served[0]), int(found.unserved[0]), int(found.open[0])


WHITE = {"class": "white", "operators_serving": "", "best_technology": ""}
OPEN = {"class": "undecided", "operators_serving": "", "operators_undecided": "B=neighbour_sites+terrain"}


@pytest.mark.parametrize(
    ("place", "village", "expected"),
    [
        ({}, {}, (1, 0, 0)),
        ({}, WHITE, (0, 1, 0)),
        ({}, OPEN, (0, 0, 1)),
        ({"operators_missing": "A; B"}, {"operators_serving": "B"}, (1, 0, 0)),
        ({"class": "single_operator", "operators_missing": "B"}, {"operators_serving": "A"}, (0, 1, 0)),
        ({"class": "single_operator", "operators_missing": "B"}, {"operators_serving": "A", "operators_undecided": "B=uncertain"}, (0, 0, 1)),
        ({"operator": "B"}, {"operators_serving": "A"}, (0, 1, 0)),
        ({"class": "no_4g"}, {}, (1, 0, 0)),
        ({"class": "no_4g"}, {"class": "no_4g", "best_technology": "3G"}, (0, 1, 0)),
        ({"class": "no_4g"}, {"class": "served", "best_technology": "3G"}, (0, 0, 1)),
        ({"class": "voice_only"}, {"class": "no_4g", "best_technology": "3G"}, (1, 0, 0)),
        ({"class": "voice_only"}, {"class": "voice_only", "best_technology": "2G"}, (0, 1, 0)),
        ({"class": "no_4g"}, WHITE, (0, 1, 0)),
        ({"class": "no_4g"}, OPEN, (0, 0, 1)),
        ({"class": "no_4g", "operator": "A"}, {}, (0, 0, 0)),
        ({"class": "weak"}, {"weak": "TRUE", "class": "weak"}, (0, 1, 0)),
        ({"class": "weak"}, {"weak": "FALSE"}, (1, 0, 0)),
        ({"class": "weak"}, {"weak": ""}, (0, 0, 0)),
        ({"class": "weak"}, WHITE, (0, 1, 0)),
        ({"class": "indoor_only"}, {}, (0, 0, 0)),
        ({"operator": "A", "technology": "4G"}, {"a_4g_state": "measured_served"}, (1, 0, 0)),
        ({"operator": "A", "technology": "4G"}, {"a_4g_state": "uncertain"}, (0, 0, 1)),
        ({"operator": "A", "technology": "4G"}, {"a_4g_state": "predicted_unserved"}, (0, 1, 0)),
        ({"operator": "A", "technology": "5G"}, {"a_4g_state": "measured_served"}, (0, 0, 0)),
    ],
)
def test_what_a_village_says_of_a_place(place: dict[str, str], village: dict[str, Any], expected: tuple[int, int, int]) -> None:
    assert counted(place, village, columns={("A", "4G"): "a_4g_state"}) == expected


def test_villages_measured_after_the_listing() -> None:
    def share(*rows: dict[str, Any]) -> tuple[float, bool]:
        about = pd.DataFrame([{"operator": "", "technology": "", "class": "white", "operators_missing": ""}])
        found = village_counts(villages(*rows), about, np.array([outline([(0, 0)])], dtype=object), np.array(["2026-11-01"], dtype="datetime64[D]"), {})
        return float(found.measured_share[0]), bool(found.measured_before[0])

    late, early = {"evidence": "measured", "last_measured": "2027-02-01"}, {"evidence": "both", "last_measured": "2026-02-01"}
    assert share({**late, "population": "30"}, {}) == (0.75, False)
    assert share({**late, "population": ""}, {}) == (0.5, False), "by villages where people are not known"
    assert share(early, {}) == (0.0, True)
    assert share({"evidence": "measured"}) == (0.0, True), "without a day"
    assert share({**late, **WHITE}, {}) == (0.0, False), "measured, and not served"


def test_villages_elsewhere_say_nothing() -> None:
    lon, lat = places((5, 5))
    assert counted({}, {"lon": lon[0], "lat": lat[0]}) == (0, 0, 0)
