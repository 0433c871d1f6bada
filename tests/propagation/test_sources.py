"""From a department's list to radio cells: what fills the gaps, how it is counted, how it widens the error."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from affine import Affine
from rasterio.io import MemoryFile

from geo.crs import from_wgs84
from geo.grid import Grid
from geo.io.antenna_patterns import AntennaLibrary, AntennaPattern
from geo.io.files import write_bytes
from geo.io.resources import issue_catalogue
from geo.io.terrain import Terrain, open_terrain
from geo.propagation.radio_sources import RadioSources, pattern_loss_db
from geo.propagation.settings import coverage_settings, radio_defaults, technology_rules
from geo.propagation.sources import AreaTypes, PreparedSources, prepare_sources
from geo.validation import IssueLog

EPSG = 9210
LON, LAT = 105.5, 22.5
ON = date(2026, 11, 1)
#: What a list without gaps says of a 4G cell.
WHOLE: dict[str, Any] = {
    "cell_id": "c", "site_id": "s", "operator": "A", "technology": "4G", "band": "", "frequency_mhz": 1800.0, "azimuth_deg": 90.0,
    "antenna_height_m": 30.0, "power_dbm": 43.0, "power_basis": "per_port", "ports": 2.0, "tilt_deg": np.nan,
    "mechanical_tilt_deg": 1.0, "electrical_tilt_deg": 4.0, "antenna_gain_dbi": 17.0, "feeder_loss_db": 0.5, "bandwidth_mhz": 20.0,
    "pilot_power_dbm": np.nan, "eirp_dbm": np.nan, "antenna_model": "", "status": "on_air", "lon": LON, "lat": LAT,
    "file": "c.csv", "sheet": "",
}  # fmt: skip
MODEL_SD = coverage_settings(technology_rules("vn-2026", ON)).model_error_sd_db


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Terrain:
    folder = tmp_path_factory.mktemp("dem")
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", count=1, dtype="float32", height=40, width=40, crs="EPSG:4326",
            transform=Affine(1 / 1200, 0, LON - 1 / 60, 0, -1 / 1200, LAT + 1 / 60),
        ) as f:  # fmt: skip
            f.write(np.full((40, 40), 100, np.float32), 1)
        write_bytes(folder / "dem.tif", memory.read())
    return open_terrain([Path(folder) / "dem.tif"], kind="ground", log=IssueLog(issue_catalogue()))


@pytest.fixture
def log() -> IssueLog:
    return IssueLog(issue_catalogue())


def prepared(
    terrain: Terrain,
    log: IssueLog,
    *rows: dict[str, Any],
    area_type: AreaTypes | None = None,
    patterns: AntennaLibrary | None = None,
    without: Sequence[str] = (),
) -> PreparedSources:
    table = pd.DataFrame([{**WHOLE, "row": i + 2, **row} for i, row in enumerate(rows)]).drop(columns=list(without))
    sites = pd.DataFrame(
        {"site_id": ["s"], "operator": ["A"], "lon": [LON], "lat": [LAT], "status": ["on_air"], "on_air_date": [pd.NaT],
         "structure_height_m": [np.nan], "technologies": [""], "file": ["s.csv"], "sheet": [""], "row": [2]}
    )  # fmt: skip
    x, y = (float(v[0]) for v in from_wgs84([LON], [LAT], EPSG))
    return prepare_sources(
        table, sites, operators=("A",), terrain=terrain, grid=Grid(EPSG, x - 150, y + 150, 100.0, 3, 3),
        settings=coverage_settings(technology_rules("vn-2026", ON)), defaults=radio_defaults(), on=ON, log=log,
        area_type=area_type, patterns=patterns,
    )  # fmt: skip


def only(found: PreparedSources) -> RadioSources:
    assert len(found.sources.layer) == 1
    return found.sources


def nothing(*names: str) -> dict[str, Any]:
    return {name: "" if name in ("antenna_model", "power_basis") else np.nan for name in names}


# -- lists without gaps, and with one --------------------------------------------------------------


def test_a_whole_list_by_hand(flat: Terrain, log: IssueLog) -> None:
    found = prepared(flat, log, {})
    cell = only(found)
    assert found.defaults_used.counts == {"4G.antenna_model": 1}  # no maker's pattern
    assert cell.eirp_dbm[0] == pytest.approx(43 - 30.7918 + 17 - 0.5, abs=1e-4)
    assert cell.ceiling_dbm[0] == pytest.approx(43 - 30.7918 - 70, abs=1e-4)
    assert cell.sd_db[0] == pytest.approx(MODEL_SD)
    assert cell.bearing_deg[0] == pytest.approx(90, abs=0.5)  # less the meridian convergence
    assert cell.mechanical_tilt_deg[0] == 1
    assert cell.beamwidth_deg[0] == 66  # to the next whole degree on either side of 65
    down = [pattern_loss_db(cell, 0, bearing_deg=cell.bearing_deg[0], below_horizon_deg=el) for el in (5, 5 + 3.5, 5 - 3.5)]
    np.testing.assert_allclose(down, [0, 3, 3], atol=0.01)  # beam of 7 degrees, 1 + 4 down
    assert log.codes() <= {"technology_not_listed"}


@pytest.mark.parametrize(
    ("field", "change_db"),
    [
        ("power_dbm", (46 - 10 * np.log10(2)) - 43),  # the default is the total of two ports
        ("antenna_gain_dbi", 0.0),
        ("feeder_loss_db", -1.5),
        ("bandwidth_mhz", 10 * np.log10(100 / 50)),
        ("azimuth_deg", -3.4),
        ("frequency_mhz", 0.0),
        ("antenna_height_m", 0.0),
    ],
)
def test_each_gap_is_filled_counted_and_widens_the_error(
    flat: Terrain, log: IssueLog, field: str, change_db: float
) -> None:
    before = only(prepared(flat, log, {}))
    found = prepared(flat, log, nothing(field))
    cell = only(found)
    assert found.defaults_used.counts[f"4G.{field}"] == 1
    by_area = {"4G.area_type"} if field == "antenna_height_m" else set()
    assert set(found.defaults_used.counts) == {f"4G.{field}", "4G.antenna_model"} | by_area
    assert cell.eirp_dbm[0] - before.eirp_dbm[0] == pytest.approx(change_db, abs=1e-9)
    assert cell.sd_db[0] == pytest.approx(np.hypot(MODEL_SD, radio_defaults().missing_sd_db[field]))


def test_a_list_of_few_columns_is_filled_too(flat: Terrain, log: IssueLog) -> None:
    lacking = ("mechanical_tilt_deg", "electrical_tilt_deg", "tilt_deg", "power_basis", "ports", "antenna_model",
               "feeder_loss_db", "pilot_power_dbm", "eirp_dbm")  # fmt: skip
    found = prepared(flat, log, {}, without=lacking)
    counted = {"tilt_deg", "power_basis", "ports", "antenna_model", "feeder_loss_db", "area_type"}
    assert set(found.defaults_used.counts) == {f"4G.{name}" for name in counted}
    sd = radio_defaults().missing_sd_db
    assert found.sources.sd_db[0] ** 2 == pytest.approx(MODEL_SD**2 + sum(sd.get(name, 0.0) ** 2 for name in counted))
    # 43 dBm in all over two ports of a 20 MHz carrier
    assert found.sources.eirp_dbm[0] == pytest.approx(43 - 3.0103 - 30.7918 + 17 - 2, abs=1e-4)
    assert "power_taken_as_total" in log.codes()


# -- power: total, per port, of the pilot, EIRP ----------------------------------------------------


def test_total_and_per_port_give_one_level(flat: Terrain, log: IssueLog) -> None:
    per_port = only(prepared(flat, log, {"power_dbm": 40.0, "ports": 4.0}))
    total = only(prepared(flat, log, {"power_dbm": 40 + 10 * np.log10(4), "power_basis": "total", "ports": 4.0}))
    assert per_port.eirp_dbm[0] == pytest.approx(total.eirp_dbm[0], abs=1e-9)
    assert per_port.ceiling_dbm[0] == pytest.approx(total.ceiling_dbm[0], abs=1e-9)
    assert not {"power_taken_as_total"} & log.codes()


def test_what_the_basis_was_taken_for_is_said_and_counted_where_it_matters(flat: Terrain, log: IssueLog) -> None:
    found = prepared(flat, log, nothing("power_basis", "ports"), {**nothing("power_basis", "ports"), "technology": "3G"})
    counts = found.defaults_used.counts
    assert counts["4G.power_basis"] == counts["4G.ports"] == 1
    assert not {"3G.power_basis", "3G.ports"} & set(counts)
    (said,) = [f for f in log if f.kind.code == "power_taken_as_total"]
    assert said.rows.tolist() == [2]
    assert "2" in said.title.en
    # A power that is itself a default has its basis from there.
    counts = prepared(flat, log, nothing("power_basis", "ports", "power_dbm")).defaults_used.counts
    assert set(counts) == {"4G.power_dbm", "4G.antenna_model"}


def test_pilot_power_and_eirp_go_before_the_carriers_power(flat: Terrain, log: IssueLog) -> None:
    pilot = prepared(flat, log, {"pilot_power_dbm": 15.2, **nothing("power_dbm", "bandwidth_mhz", "power_basis")})
    assert pilot.sources.eirp_dbm[0] == pytest.approx(15.2 + 17 - 0.5)
    assert set(pilot.defaults_used.counts) == {"4G.antenna_model"}
    eirp = prepared(flat, log, {"eirp_dbm": 62.0, **nothing("power_dbm", "antenna_gain_dbi", "feeder_loss_db")})
    assert eirp.sources.eirp_dbm[0] == pytest.approx(62 - 30.7918, abs=1e-4)
    assert set(eirp.defaults_used.counts) == {"4G.antenna_model"}


def test_3g_and_5g_by_hand(flat: Terrain, log: IssueLog) -> None:
    pilot = only(prepared(flat, log, {"technology": "3G", "frequency_mhz": 2140.0, "power_basis": "total"}))
    assert pilot.eirp_dbm[0] == pytest.approx(43 - 10 + 17 - 0.5)
    wide = {"technology": "5G", "frequency_mhz": 3700.0, "power_dbm": 53.0, "power_basis": "total", "bandwidth_mhz": 100.0}
    assert only(prepared(flat, log, wide)).eirp_dbm[0] == pytest.approx(53 - 35.1534 + 16.5, abs=1e-4)
    low = {**wide, "frequency_mhz": 760.0, "bandwidth_mhz": 10.0}  # 15 kHz below 1 GHz: 52 blocks, not LTE's 50
    assert only(prepared(flat, log, low)).eirp_dbm[0] == pytest.approx(53 - 10 * np.log10(12 * 52) + 16.5, abs=1e-4)


def test_power_of_one_port_of_an_unknown_number_of_them_is_no_power_for_5g(flat: Terrain, log: IssueLog) -> None:
    row = {"technology": "5G", "frequency_mhz": 3700.0, "power_dbm": 35.0, "bandwidth_mhz": 100.0}
    found = prepared(flat, log, {**row, **nothing("ports")})
    assert set(found.defaults_used.counts) == {"5G.power_dbm", "5G.antenna_model"}
    assert found.sources.eirp_dbm[0] == pytest.approx(53 - 35.1534 + 16.5, abs=1e-4)
    told = only(prepared(flat, log, {**row, "ports": 64.0}))
    assert told.eirp_dbm[0] == pytest.approx(35 + 18.0618 - 35.1534 + 16.5, abs=1e-4)


def test_a_traffic_beams_gain_is_not_that_of_what_a_phone_measures(flat: Terrain, log: IssueLog) -> None:
    row = {"technology": "5G", "frequency_mhz": 3700.0, "power_dbm": 53.0, "power_basis": "total", "bandwidth_mhz": 100.0}
    wide = only(prepared(flat, log, {**row, "antenna_gain_dbi": 19.0}))
    assert wide.eirp_dbm[0] == pytest.approx(53 - 35.1534 + 19 - 0.5, abs=1e-4)
    found = prepared(flat, log, {**row, "antenna_gain_dbi": 25.0})
    assert found.sources.eirp_dbm[0] == pytest.approx(53 - 35.1534 + 25 - 4.5 - 0.5, abs=1e-4)
    assert found.sources.ceiling_dbm[0] == pytest.approx(wide.ceiling_dbm[0])
    assert found.defaults_used.counts["5G.ssb_gain"] == 1
    assert found.sources.sd_db[0] == pytest.approx(np.hypot(MODEL_SD, 1.5))
    lte = prepared(flat, log, {"antenna_gain_dbi": 25.0})
    assert "4G.ssb_gain" not in lte.defaults_used.counts


# -- defaults by band and by kind of area ----------------------------------------------------------


def test_gain_and_beam_depend_on_the_band(flat: Terrain, log: IssueLog) -> None:
    blank = nothing("antenna_gain_dbi", "mechanical_tilt_deg", "electrical_tilt_deg")
    high, low = (only(prepared(flat, log, {**blank, "frequency_mhz": f})) for f in (1800.0, 900.0))
    assert high.eirp_dbm[0] - low.eirp_dbm[0] == pytest.approx(17 - 15)
    for cell, beam in ((high, 7.0), (low, 10.0)):
        got = pattern_loss_db(cell, 0, bearing_deg=cell.bearing_deg[0], below_horizon_deg=3 + beam / 2)
        assert got == pytest.approx(3.0, abs=0.01)


def test_height_and_tilt_depend_on_the_kind_of_area(flat: Terrain, log: IssueLog) -> None:
    blank = nothing("antenna_height_m", "mechanical_tilt_deg", "electrical_tilt_deg")
    asked: list[tuple[float, float]] = []

    def kind(area: str) -> AreaTypes:
        def answer(lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> Sequence[str]:
            asked.extend(zip(lon, lat, strict=True))
            return [area] * len(lon)

        return answer

    for area, height, tilt in (("urban", 25, 6), ("suburban", 30, 4), ("rural", 35, 3)):
        found = prepared(flat, log, blank, area_type=kind(area))
        assert found.sources.group_height_m.tolist() == [height]
        best = [float(pattern_loss_db(found.sources, 0, bearing_deg=90, below_horizon_deg=el)) for el in range(10)]
        assert int(np.argmin(best)) == tilt
        assert "4G.area_type" not in found.defaults_used.counts
    assert asked == [(LON, LAT)] * 3
    for unknown in (None, kind(""), kind("desert")):
        found = prepared(flat, log, blank, area_type=unknown)
        assert found.sources.group_height_m.tolist() == [35]
        assert found.defaults_used.counts["4G.area_type"] == 1
    with pytest.raises(ValueError, match="2 kinds of area for 1"):
        prepared(flat, log, blank, area_type=lambda lon, lat: ["urban", "rural"])


# -- tilts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mechanical", "electrical", "total", "expected"),
    [
        (1, 4, np.nan, (1, 4)),
        (np.nan, 4, np.nan, (0, 4)),
        (2, np.nan, np.nan, (2, 3)),  # the electrical tilt that the list does not give: the default of rural places
        (np.nan, np.nan, 5, (0, 5)),
        (2, np.nan, 5, (2, 3)),
        (np.nan, 4, 5, (1, 4)),
        (np.nan, np.nan, np.nan, (0, 3)),  # the default of rural places
    ],
)
def test_tilts(
    flat: Terrain, log: IssueLog, mechanical: float, electrical: float, total: float, expected: tuple[float, float]
) -> None:
    tilts = {"mechanical_tilt_deg": mechanical, "electrical_tilt_deg": electrical, "tilt_deg": total}
    cell = only(prepared(flat, log, tilts))
    assert cell.mechanical_tilt_deg[0] == expected[0]
    at_side = [float(pattern_loss_db(cell, 0, bearing_deg=cell.bearing_deg[0] + 90, below_horizon_deg=el)) for el in range(10)]
    assert int(np.argmin(at_side)) == expected[1]  # to the side the electrical tilt alone


def test_a_beam_above_the_horizon_is_said(flat: Terrain, log: IssueLog) -> None:
    prepared(flat, log, {}, {"electrical_tilt_deg": -4.0}, {"mechanical_tilt_deg": -1.0})
    said = [f for f in log if f.kind.code == "tilt_upward"]
    assert [f.rows.tolist() for f in said] == [[4], [3]]
    assert said[1].came.tolist() == ["A s: -4.0"]


# -- azimuth and antenna models --------------------------------------------------------------------


def test_without_azimuth_alike_all_round_at_the_mean_of_the_envelope_and_said(flat: Terrain, log: IssueLog) -> None:
    cell = only(prepared(flat, log, nothing("azimuth_deg")))
    assert np.isnan(cell.bearing_deg[0])
    loss = pattern_loss_db(cell, 0, bearing_deg=np.arange(0, 360, 10), below_horizon_deg=5.0)
    np.testing.assert_allclose(loss, 0, atol=1e-4)
    # The envelope of three sectors at 120 degrees, by the pattern itself: mean and spread.
    known = only(prepared(flat, log, {"azimuth_deg": 0.0}))
    off = np.linspace(-60, 60, 2401)
    envelope = pattern_loss_db(known, 0, bearing_deg=known.bearing_deg[0] + off, below_horizon_deg=5.0)
    assert known.eirp_dbm[0] - cell.eirp_dbm[0] == pytest.approx(envelope.mean(), abs=0.1)
    extra = np.sqrt(cell.sd_db[0] ** 2 - known.sd_db[0] ** 2)
    assert extra == pytest.approx(envelope.std(), abs=0.2)
    (said,) = [f for f in log if f.kind.code == "azimuth_unknown"]
    assert said.rows.tolist() == [2]
    assert "3.4 dB" in said.title.en


def made_up_antenna(
    name: str = "MU-65", *, gain_dbi: float = 18.3, tilt_deg: float = 6.0, wide: bool = False
) -> AntennaPattern:
    at = np.arange(360.0)
    off = np.minimum(at, 360 - at)
    steps = np.arange(1440) / 4
    below = np.where(steps > 180, steps - 360, steps)
    return AntennaPattern(
        name, f"{name}.msi", 1850.0, gain_dbi, tilt_deg, np.zeros(360) if wide else np.minimum(12 * (off / 60) ** 2, 30),
        np.minimum(12 * ((below - tilt_deg) / 5) ** 2, 35),
    )  # fmt: skip


def test_a_makers_pattern_goes_before_the_parametric_one(flat: Terrain, log: IssueLog) -> None:
    library = AntennaLibrary((made_up_antenna(),), 1.25)
    blank = nothing("antenna_gain_dbi", "mechanical_tilt_deg", "electrical_tilt_deg")
    found = prepared(flat, log, {**blank, "antenna_model": "mu 65"}, patterns=library)
    cell = only(found)
    assert found.defaults_used.counts == {}  # gain and tilt stand in the file
    assert cell.eirp_dbm[0] == pytest.approx(43 - 30.7918 + 18.3 - 0.5, abs=1e-4)
    assert pattern_loss_db(cell, 0, bearing_deg=cell.bearing_deg[0] + 30, below_horizon_deg=6) == pytest.approx(3, abs=0.01)
    assert cell.pattern_cap_db.tolist() == [35]
    # The list's own gain and tilt go before the file's: the vertical cut is moved to the tilt.
    cell = only(prepared(flat, log, {"antenna_model": "MU-65", "mechanical_tilt_deg": 0.0}, patterns=library))
    assert cell.eirp_dbm[0] == pytest.approx(43 - 30.7918 + 17 - 0.5, abs=1e-4)
    ahead = [pattern_loss_db(cell, 0, bearing_deg=cell.bearing_deg[0], below_horizon_deg=el) for el in (4, 6.5)]
    np.testing.assert_allclose(ahead, [0, 3], atol=0.01)
    assert "antenna_model_unknown" not in log.codes()


def test_an_unknown_model_is_counted_and_said(flat: Terrain, log: IssueLog) -> None:
    library = AntennaLibrary((made_up_antenna(),), 1.25)
    rows = ({"antenna_model": "MU-90"}, {"antenna_model": "MU-65", "frequency_mhz": 900.0}, {"antenna_model": "MU-65"}, {})
    found = prepared(flat, log, *rows, patterns=library)
    assert found.defaults_used.counts == {"4G.antenna_model": 3}
    (said,) = [f for f in log if f.kind.code == "antenna_model_unknown"]
    assert said.rows.tolist() == [2, 3]  # another model, another band; a blank is no unknown model
    assert said.came.tolist() == ["A s: MU-90", "A s: MU-65"]


def test_an_omnidirectional_antenna_lacks_no_azimuth(flat: Terrain, log: IssueLog) -> None:
    library = AntennaLibrary((made_up_antenna("MU-O", wide=True),), 1.25)
    found = prepared(flat, log, {"antenna_model": "MU-O", **nothing("azimuth_deg")}, patterns=library)
    assert found.defaults_used.counts == {}
    assert found.sources.sd_db[0] == pytest.approx(MODEL_SD)
    assert found.sources.eirp_dbm[0] == pytest.approx(43 - 30.7918 + 16.5, abs=1e-4)
    assert "azimuth_unknown" not in log.codes()


# -- laws ------------------------------------------------------------------------------------------


def test_the_order_of_rows_changes_nothing(flat: Terrain, log: IssueLog) -> None:
    library = AntennaLibrary((made_up_antenna(), made_up_antenna("MU-33", tilt_deg=2.0)), 1.25)
    rows = [
        {"azimuth_deg": 10.0 * (i // 6), "mechanical_tilt_deg": float(i), "electrical_tilt_deg": float(i % 4), "antenna_model": ("MU-65", "", "MU-33")[i % 3],
         "frequency_mhz": (1800.0, 900.0)[i % 2], "antenna_gain_dbi": 17.0}
        for i in range(12)
    ]  # fmt: skip
    one, other = (prepared(flat, log, *order, patterns=library).sources for order in (rows, rows[::-1]))
    for name in RadioSources.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert len(one.horizontal_loss_db) == len(np.unique(one.pattern))


def test_more_power_never_lowers_a_level(flat: Terrain, log: IssueLog) -> None:
    for technology in ("2G", "3G", "4G", "5G"):
        for basis in ("total", "per_port", ""):
            row = {"technology": technology, "power_basis": basis}
            weak, strong = (only(prepared(flat, log, {**row, "power_dbm": p})) for p in (40.0, 43.0))
            assert strong.eirp_dbm[0] == pytest.approx(weak.eirp_dbm[0] + 3)
            assert strong.ceiling_dbm[0] == pytest.approx(weak.ceiling_dbm[0] + 3)


def test_a_site_without_cells_names_no_antenna_model(flat: Terrain, log: IssueLog) -> None:
    found = prepared(flat, log, {"antenna_model": "MU-65"}, {"antenna_model": np.nan, "site_id": "t"})
    assert found.defaults_used.counts == {"4G.antenna_model": 2}
    (said,) = [f for f in log if f.kind.code == "antenna_model_unknown"]
    assert said.rows.tolist() == [2]
