"""The table of radio cells says of each what the arrays hold, and where it was read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo.coverage import prepare_sources, radio_defaults
from geo.io.resources import issue_catalogue
from geo.propagation.radio_table import RADIO_COLUMNS, radio_table
from geo.propagation.sources import PreparedSources
from geo.validation import IssueLog
from tests.test_coverage import LAT, LON, ON, at, cells, chosen, grid, sites, terrain_of


def prepared(folder: Path, rows: pd.DataFrame, listed: pd.DataFrame) -> PreparedSources:
    return prepare_sources(
        rows, listed, operators=("A", "B"), terrain=terrain_of(folder, np.full((200, 200), 100.0)), grid=grid(),
        settings=chosen(), defaults=radio_defaults(), on=ON, log=IssueLog(issue_catalogue()),
    )  # fmt: skip


def test_one_row_per_radio_cell_by_hand(tmp_path: Path) -> None:
    rows = cells(
        {"cell_id": "east", "site_id": "s", "azimuth_deg": 90.0, **at(200, 0)},
        {"cell_id": "bare", "site_id": "s", "antenna_height_m": np.nan, "power_dbm": np.nan, "electrical_tilt_deg": np.nan,
         "mechanical_tilt_deg": np.nan, "status": "", **at(-200, 0)},
    )
    found = prepared(tmp_path, rows, sites({"status": ""}, {"site_id": "b", "operator": "B", "technologies": "3G"}))
    table = found.table
    assert tuple(table.columns) == RADIO_COLUMNS
    np.testing.assert_array_equal(table["index"], found.sources.index)
    assert table["cell_id"].tolist() == ["bare", "", "east"]  # from west to east
    assert table["operator"].tolist() == ["A", "B", "A"]
    assert table["technology"].tolist() == ["4G", "3G", "4G"]
    assert table[["file", "row"]].to_numpy().tolist() == [["c.csv", 3], ["s.csv", 3], ["c.csv", 2]]
    bare, stated, east = (table.iloc[i] for i in range(3))
    assert {"status", "power_dbm", "antenna_height_m", "azimuth_deg", "tilt_deg"} <= set(bare["defaults"].split(","))
    assert "frequency_mhz" in stated["defaults"].split(",")
    assert not {"status", "power_dbm", "azimuth_deg", "tilt_deg"} & set(east["defaults"].split(","))
    assert (east["azimuth_deg"], east["antenna_height_m"], east["frequency_mhz"]) == (90.0, 30.0, 1800.0)
    assert np.isnan(bare["azimuth_deg"])
    assert np.isnan(bare["bearing_deg"])
    # Grid north lies 0.19 degrees off true north here, half a degree east of the zone's meridian.
    assert east["bearing_deg"] == pytest.approx(90.0, abs=0.25)
    assert east["bearing_deg"] == found.sources.bearing_deg[2]
    assert east["ground_m"] == pytest.approx(100.0)
    assert east["lon"] > LON > bare["lon"]
    assert east["lat"] == pytest.approx(LAT, abs=1e-5)
    assert east["eirp_dbm"] == found.sources.eirp_dbm[2]
    assert bare["sd_db"] > east["sd_db"]
    used = [f"{t}.{name}" for t, names in zip(table["technology"], table["defaults"], strict=True) for name in names.split(",")]
    assert {name: used.count(name) for name in set(used)} == dict(found.defaults_used.counts)


def test_a_cell_of_unknown_technology_stands_for_every_layer_and_has_no_power(tmp_path: Path) -> None:
    found = prepared(tmp_path, cells(), sites({"technologies": ""}))
    layers = [o for o, _ in found.layers if o == "A"]
    assert len(found.table) == len(layers) > 1
    assert (found.table["technology"] == "").all()
    assert found.table["eirp_dbm"].isna().all()


def test_rows_of_something_else_are_refused(tmp_path: Path) -> None:
    found = prepared(tmp_path, cells({}), sites({}))
    radio = pd.DataFrame({"lon": [LON + 0.1]})
    with pytest.raises(ValueError, match="not those"):
        radio_table(radio, found.sources, found.layers)
