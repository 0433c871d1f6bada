"""Random histories (split, merge, shift, disappear, come back) replayed against the slow register, review by review."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.ndimage import label

from geo.io.resources import issue_catalogue
from geo.register import (
    IDENTITY_COLUMNS,
    STATES,
    Change,
    Compared,
    LayerRasters,
    ReviewView,
    RuleSet,
    compare,
    find_places,
    identities_of,
    look,
    recorded_of_places,
    register_settings,
    require_nothing_lost,
    with_earlier,
)
from geo.register.people import WeightedPoints
from geo.report.register import register_frame
from geo.validation import IssueLog
from tests.register import slow_register as slow
from tests.register.made_up_ground import SIDE_M, X, Y, grid, points, zones

SIDE = 7
GRID = grid(SIDE, SIDE)
OPERATORS = ("Mạng A", "Mạng B")
RULE = RuleSet({"4G": -110.0}, ("4G",), 0.9, 0.1, OPERATORS)
DAYS = {"no_4g": 500.0}
SETTINGS = register_settings(deadline_days=DAYS)
START = date(2026, 11, 1)
STEPS = ("split", "merge", "shift", "disappear", "come_back", "stay", "chance")

Mask = npt.NDArray[np.bool_]


def changed(mask: Mask, step: str, before: list[Mask], rng: np.random.Generator) -> Mask:
    """Unserved cells of the next review."""
    out = mask.copy()
    match step:
        case "split":
            out[:, rng.integers(0, SIDE)] = False
        case "merge":
            rows, columns = np.nonzero(out)
            if len(rows):
                out[rows.min() : rows.max() + 1, columns[rng.integers(0, len(columns))]] = True
        case "shift":
            out = np.roll(out, (int(rng.integers(-2, 3)), int(rng.integers(-2, 3))), (0, 1))
        case "disappear":
            found, n = label(out, np.ones((3, 3)))
            if n:
                out[found == rng.integers(1, n + 1)] = False
        case "come_back":
            out |= before[rng.integers(0, len(before))]
        case "chance":
            out ^= rng.random((SIDE, SIDE)) < 0.15
    return out


def history(steps: list[str], seed: int) -> list[slow.Review]:
    """Made-up reviews: zones of all operators together and of one, states beside them, what is recorded."""
    rng = np.random.default_rng(seed)
    masks = [[rng.random((SIDE, SIDE)) < 0.35] for _ in range(2)]
    people = {(r, c): float(rng.integers(0, 4)) for r in range(SIDE) for c in range(SIDE)}
    if seed % 3 == 0:
        people = {cell: (None if rng.random() < 0.05 else n) for cell, n in people.items()}  # type: ignore[misc]
    reviews: list[slow.Review] = []
    names: list[str] = []
    for k, step in enumerate(["stay", *steps]):
        day = START + timedelta(days=365 * k)
        found: dict[str, slow.Zone] = {}
        for scope, operator in enumerate(("", "Mạng A")):
            mask = changed(masks[scope][-1], step if scope == 0 else str(rng.choice(STEPS)), masks[scope], rng)
            masks[scope].append(mask)
            parts, n = label(mask, np.ones((3, 3)))
            for number in rng.permutation(np.arange(1, n + 1)):
                cells = frozenset((int(r), int(c)) for r, c in np.argwhere(parts == number))
                found[f"{k}{'ab'[scope]}{number:02d}"] = slow.Zone(
                    cells, operator, str(rng.choice(["white", "no_4g"])), str(rng.choice(["predicted", "measured", ""]))
                )
        likely = [[0.3, 0.45, 0.05, 0.1, 0.05, 0.05], [0.02, 0.1, 0.3, 0.2, 0.08, 0.3], [0.6, 0.4, 0, 0, 0, 0]][int(rng.integers(0, 3))]
        code = {o: rng.choice(np.arange(1, 7), p=likely, size=(SIDE, SIDE)) for o in OPERATORS}
        if rng.random() < 0.2:
            code["Mạng B"][:] = 6
        state = {o: {(r, c): int(code[o][r, c]) for r in range(SIDE) for c in range(SIDE)} for o in OPERATORS}
        measured = {
            o: {cell: day - timedelta(days=int(rng.integers(0, 900))) for cell, s in of.items() if s in {1, 5} and rng.random() < 0.8}
            for o, of in state.items()
        }
        names += list(found)
        some = [name for name in names if rng.random() < 0.08]

        def within(today: date = day) -> date:
            return today - timedelta(days=int(rng.integers(0, 700)))

        reviews.append(
            slow.Review(
                day, found, state, measured, people,
                acceptances={n: (bool(rng.random() < 0.6), within() if rng.random() < 0.9 else None) for n in some},
                deadlines={n: day + timedelta(days=int(rng.integers(-400, 700))) for n in some if rng.random() < 0.5},
                claims={n: within() for n in names if rng.random() < 0.05},
            )
        )  # fmt: skip
    return reviews


@dataclass
class Fast:
    """The fast register after a review."""

    rows: pd.DataFrame
    register: gpd.GeoDataFrame
    compared: Compared


def view(review: slow.Review) -> ReviewView:
    rasters = {}
    samples: list[dict[str, Any]] = []
    for operator, states in review.state.items():
        code = np.array([[states[r, c] for c in range(SIDE)] for r in range(SIDE)], dtype=np.uint8)
        rasters[operator, "4G", "outdoor"] = LayerRasters(code)
        for (r, c), day in review.measured[operator].items():
            lon, lat = where(r, c)
            samples.append({"time": pd.Timestamp(day), "lon": lon, "lat": lat, "operator": operator, "technology": "4G", "level_dbm": -90.0, "no_service": False})
            samples.append({**samples[-1], "time": pd.Timestamp(day) - pd.Timedelta(days=100)})
            if states[r, c] == 1:  # a later one without service says nothing of service
                samples.append({**samples[-1], "time": pd.Timestamp(day) + pd.Timedelta(days=100), "level_dbm": np.nan, "no_service": True})
                samples.append({**samples[-2], "time": pd.Timestamp(day) + pd.Timedelta(days=50), "level_dbm": -118.0})
    frame = pd.DataFrame(samples, columns=["time", "lon", "lat", "operator", "technology", "level_dbm", "no_service"])
    return ReviewView(review.day, RULE, 8.0, GRID, rasters.get, measurements=frame.astype({"no_service": "boolean"}))


def where(row: int, column: int) -> tuple[float, float]:
    from geo.crs import to_wgs84

    lon, lat = to_wgs84([X + (column + 0.5) * SIDE_M], [Y - (row + 0.5) * SIDE_M], GRID.epsg)
    return float(lon[0]), float(lat[0])


def drawn(review: slow.Review) -> gpd.GeoDataFrame:
    of = review.zones
    return zones(
        {name: zone.cells for name, zone in of.items()},
        **{"class": [z.kind for z in of.values()], "operator": [z.operator for z in of.values()], "evidence": [z.evidence for z in of.values()]},
    )


def recorded_rows(review: slow.Review) -> pd.DataFrame:
    rows = []
    for name in {**review.acceptances, **review.deadlines, **review.claims}:
        yes, day = review.acceptances.get(name, (None, None))
        rows.append(
            {
                "register_id": "", "dead_zone_id": name, "review_on": pd.NaT, "village_id": "", "lon": np.nan, "lat": np.nan, "operator": "",
                "accepted": {True: "yes", False: "no", None: ""}[yes], "accepted_on": pd.Timestamp(day) if day else pd.NaT,
                "claimed": "yes" if name in review.claims else "", "claimed_on": pd.Timestamp(review.claims[name]) if name in review.claims else pd.NaT,
                "deadline": pd.Timestamp(review.deadlines[name]) if name in review.deadlines else pd.NaT,
                "file": "made_up.csv", "sheet": "", "row": len(rows) + 2,
            }
        )  # fmt: skip
    columns = ["register_id", "dead_zone_id", "review_on", "village_id", "lon", "lat", "operator", "accepted", "accepted_on", "claimed", "claimed_on", "deadline", "file", "sheet", "row"]
    return pd.DataFrame(rows, columns=columns)


def people_of(review: slow.Review) -> tuple[WeightedPoints, npt.NDArray[np.float64]]:
    known = {cell: np.nan if n is None else n for cell, n in review.people.items()}
    return points(known), np.array([[known[r, c] for c in range(SIDE)] for r in range(SIDE)])


def advance(
    before: Fast | None, old: slow.Review, new: slow.Review, rng: np.random.Generator | None = None, changes: tuple[Change, ...] = ()
) -> Fast:
    """One comparison by the library; with ``rng`` all rows come in another order; ``changes`` are those of the manifests."""

    def mixed(frame: Any) -> Any:
        return frame if rng is None or not len(frame) else frame.iloc[rng.permutation(len(frame))]

    from geo.register import dead_zones

    old_zones, new_zones = (dead_zones(mixed(drawn(r))) for r in (old, new))
    known = identities_of(old_zones, None if before is None else mixed(before.register), on=old.day, prefix="99")
    where_people, on_grid = people_of(new)
    places = find_places(known, new_zones, where_people, SETTINGS, on=new.day, prefix="99")
    log = IssueLog(issue_catalogue())
    outlines = list(zip(places.reference, places.new_outline, strict=True))
    recorded = with_earlier(
        recorded_of_places(mixed(recorded_rows(new)), places.rows, outlines, villages=[], today=new.day, log=log), places.rows
    )
    since = [max(o, r.accepted_on) if r.accepted is False and r.accepted_on else o for o, r in zip(places.rows["opened"], recorded, strict=True)]
    views = [view(old), view(new)]
    looked = look(places, views[0], views[1], on_grid, since, SETTINGS)
    compared = compare(places, looked, recorded, changes, None, views[0], views[1], SETTINGS, plane_epsg=GRID.epsg, reach_m=1000.0)
    rows = compared.rows
    require_nothing_lost(rows, known, new_zones)
    shapes = [n if n is not None else r for n, r in zip(places.new_outline, places.reference, strict=True)]
    register = gpd.GeoDataFrame(rows[list(IDENTITY_COLUMNS)], geometry=shapes, crs=4326)
    return Fast(rows, register, compared)


FIELDS = {"state": "state", "dead_zone_id": "zone", "merged_into": "into", "opened": "opened", "resolved_on": "closed", "deadline": "deadline",
          "deadline_basis": "deadline_from", "first_listed": "listed", "accepted": "accepted", "accepted_on": "accepted_on"}  # fmt: skip


def replay(reviews: list[slow.Review]) -> tuple[list[Fast], list[dict[str, slow.Entry]]]:
    """Both registers through a history; they are compared at each review."""
    book = slow.begin(reviews[0])
    fast: Fast | None = None
    kept: list[Fast] = []
    books = [book]
    for old, new in itertools.pairwise(reviews):
        fast = advance(fast, old, new)
        book = slow.advance(book, new, DAYS)
        rows = fast.rows.set_index("register_id")
        assert sorted(rows.index) == sorted(book)
        for name, entry in book.items():
            row = rows.loc[name]
            for column, attribute in FIELDS.items():
                got = None if row[column] is None or row[column] != row[column] else row[column]
                assert got == getattr(entry, attribute), (new.day, name, column, got, entry)
            assert tuple(part for part in row["split_from"].split("; ") if part) == entry.split_from
        kept.append(fast)
        books.append(book)
    return kept, books


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(STEPS), min_size=2, max_size=5), st.integers(0, 10**6))
def test_histories_agree_with_the_slow_register(steps: list[str], seed: int) -> None:
    replay(history(steps, seed))


@pytest.mark.slow
def test_many_histories_agree_with_the_slow_register() -> None:
    for seed in range(1000, 1100):
        replay(history([str(s) for s in np.random.default_rng(seed).choice(STEPS, 6)], seed))


def test_the_histories_hold_everything_that_may_happen() -> None:
    """Else agreement would mean little: all states and ways of succession occur, over fixed histories."""
    wanted = {*STATES, "split", "merge", "class_changed", "matched by people", "matched by area", "accepted", "dormant merged",
              "prediction_disagrees", "acceptance_contradicted", "acceptance_too_early", "measured_too_early", "doubtful", "claimed"}  # fmt: skip
    seen: set[str] = set()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        steps = [str(s) for s in rng.choice(STEPS, 6)]
        for fast in replay(history(steps, seed))[0]:
            rows = fast.rows
            seen |= {*rows["state"], *(f"matched by {m}" for m in rows["matched_by"])}
            seen |= {flag for text in rows["flags"] for flag in text.split("; ")}
            back = rows["merged_into"].ne("") & ~rows["was_zone"] & rows["shared_share"].notna()
            seen |= {"dormant merged"} if back.any() else set()
        if seen >= wanted:
            return
    raise AssertionError(f"never seen: {sorted(wanted - seen)}")


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(STEPS), min_size=2, max_size=4), st.integers(0, 10**6))
def test_no_order_of_rows_changes_the_register(steps: list[str], seed: int) -> None:
    reviews = history(steps, seed)
    rng = np.random.default_rng(seed + 1)
    plain: Fast | None = None
    mixed: Fast | None = None
    for old, new in itertools.pairwise(reviews):
        plain, mixed = advance(plain, old, new), advance(mixed, old, new, rng)
        one, other = (f.rows.sort_values("register_id").reset_index(drop=True) for f in (plain, mixed))
        assert one.to_json(default_handler=str) == other.to_json(default_handler=str)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(STEPS), min_size=2, max_size=5), st.integers(0, 10**6))
def test_nothing_is_lost_and_nothing_resolved_without_a_measurement_or_an_acceptance(steps: list[str], seed: int) -> None:
    """Laws that need no second register: looked at from the reviews alone."""
    reviews = history(steps, seed)
    fast: Fast | None = None
    earlier: dict[str, str] = {}
    for old, new in itertools.pairwise(reviews):
        before = set() if fast is None else set(fast.rows["register_id"])
        fast = advance(fast, old, new)
        rows = fast.rows
        assert before <= set(rows["register_id"]), "an identity was lost"
        assert rows["register_id"].is_unique, "an id was given twice"
        assert sorted(rows["dead_zone_id"][rows["dead_zone_id"] != ""]) == sorted(new.zones), "each new zone exactly once"
        for row in rows.to_dict("records"):
            if row["state"] == "resolved" and earlier.get(row["register_id"]) != "resolved":
                measured = row["measured_share"] >= 0.3 and row["last_measured"] > row["opened"]
                accepted = row["accepted"] is True and row["accepted_on"] is not None and row["accepted_on"] > row["opened"]
                assert measured or accepted, row
            if row["state"] in {"resolved", "resolved_predicted"} and earlier.get(row["register_id"]) != "resolved" and row["basis"] != "acceptance":
                assert row["unknown_share"] <= 0.1 + 1e-9, "silence is never absence"
        earlier = dict(zip(rows["register_id"], rows["state"], strict=True))


#: What may change between two reviews: what became of a file, and how a remark must tell it.
FILES = {("m.csv", ""): "m.csv không còn trong dữ liệu đầu vào", ("", "m.csv"): "m.csv mới có trong dữ liệu đầu vào", ("m.csv", "m.csv"): "m.csv có nội dung khác trước"}
MISSING = {"no_4g": "sóng 4G trở lên", "white": "sóng"}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(STEPS), min_size=2, max_size=4), st.integers(0, 10**6),
    st.lists(st.tuples(st.sampled_from(["measurement", "input", "model"]), st.sampled_from(list(FILES))), unique_by=lambda c: c[0], max_size=3),
)  # fmt: skip
def test_remarks_of_histories_tell_the_causes_and_what_is_missing(steps: list[str], seed: int, given_changes: list[tuple[str, tuple[str, str]]]) -> None:
    changes = tuple(
        Change(kind, "software.vungphu" if kind == "model" else f"files.{kind}", *of) for kind, of in sorted(given_changes)
    )
    fast: Fast | None = None
    for old, new in itertools.pairwise(history(steps, seed)):
        fast = advance(fast, old, new, changes=changes)
        told = register_frame(fast.compared).set_index("register_id")["remark_vi"]
        for row, causes in zip(fast.rows.to_dict("records"), fast.compared.causes, strict=True):
            remark = told[row["register_id"]]
            lacking = f"sóng của {row['operator']}" if row["operator"] else MISSING[row["class"]]
            if row["state"] in {"remnant", "reopened"}:
                assert f"chưa có {lacking}." in remark
            flags = row["flags"].split("; ")
            assert ("Doanh nghiệp báo đã phủ" in remark) == (row["state"] == "claimed_not_shown" or "claimed" in flags)
            assert ("không đạt" in remark) == ("acceptance_refused" in flags)
            for cause in causes.candidates:
                for change in cause.changes:
                    wanted = FILES[change.old, change.new] if change.kind != "model" else f"phiên bản vungphu: {change.old or '–'} → {change.new or '–'}"
                    assert wanted in remark
            kinds = {c.kind for c in causes.candidates} | set(causes.excluded)
            assert kinds == ({c.kind for c in changes} | ({"measurement"} if "measurement" in kinds else set()) if row["changed"] else set())


def test_the_comparison_changes_none_of_its_inputs() -> None:
    reviews = history(["split", "come_back"], 5)
    first = advance(None, reviews[0], reviews[1])
    register = first.register.copy()
    advance(first, reviews[1], reviews[2])
    pd.testing.assert_frame_equal(pd.DataFrame(first.register), pd.DataFrame(register))


@pytest.mark.parametrize("share", ["SUCCESSOR", "SPLIT", "SERVED", "MEASURED"])
def test_another_rule_would_be_noticed(share: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The histories tell a wrong rule from the right one: the slow register with another share disagrees."""
    monkeypatch.setattr(slow, share, {"SUCCESSOR": 0.5, "SPLIT": 0.6, "SERVED": 0.7, "MEASURED": 0.6}[share])

    def all_agree() -> None:
        for seed in range(12):
            replay(history([str(s) for s in np.random.default_rng(seed).choice(STEPS, 6)], seed))

    with pytest.raises(AssertionError):
        all_agree()
