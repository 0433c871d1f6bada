"""Free space by hand and against outside figures, the rules' levels, and defaults that name their source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo.io.resources import issue_catalogue
from geo.io.terrain import open_terrain
from geo.propagation.free_space import free_space_loss_db
from geo.propagation.settings import TECHNOLOGIES, coverage_settings, radio_defaults, technology_rules
from geo.validation import IssueLog

# -- free space ------------------------------------------------------------------------------------


def test_free_space_by_hand() -> None:
    assert free_space_loss_db(1000, 1) == pytest.approx(92.4)
    assert free_space_loss_db(1000, 10) == pytest.approx(112.4)
    assert free_space_loss_db([900, 1800], 1)[1] - free_space_loss_db(900, 1) == pytest.approx(6.0206, abs=1e-4)
    assert np.isnan(free_space_loss_db(np.nan, 1))
    for wrong in ((0, 1), (900, 0), (900, -1)):
        with pytest.raises(ValueError, match="positive"):
            free_space_loss_db(*wrong)


def test_free_space_of_the_reference_job(shared_dir: Path) -> None:
    folder = shared_dir / "reference_cases/golden"
    job = pd.read_csv(folder / "job_500px.csv")
    terrain = open_terrain([folder / "N22E105.hgt"], kind="ground", log=IssueLog(issue_catalogue()))
    ground = terrain.sample(job["lon"], job["lat"])
    mast = terrain.sample([105 + 619 / 1200], [23 - 596 / 1200])[0]
    assert mast == 536
    slant_km = np.hypot(job["d_km"].to_numpy(), (mast + 45 - ground - 1.5) / 1000)
    for frequency in (900, 1800):
        expected = job[f"covlib_free_space_{frequency}_db"].to_numpy()
        assert np.abs(free_space_loss_db(frequency, slant_km) - expected).max() < 0.01


# -- settings and rules ----------------------------------------------------------------------------


def test_2g_counts_until_its_end_and_5g_has_no_level() -> None:
    from datetime import date

    before, after = technology_rules("vn-2026", date(2026, 9, 15)), technology_rules("vn-2026", date(2026, 9, 16))
    assert before.counting == ("2G", "3G", "4G", "5G")
    assert after.counting == ("3G", "4G", "5G")
    assert set(after.levels_dbm) == {"2G", "3G", "4G"}
    assert all(e["status"] and e["source"] for e in after.entries)
    assert "5G" not in coverage_settings(after).levels_dbm
    own = coverage_settings(after, levels_dbm={"5G": -105.0}, max_radius_m=9_000)
    assert own.levels_dbm == {**after.levels_dbm, "5G": -105.0}
    assert own.max_radius_m == 9_000


def test_every_default_names_value_unit_source_and_status() -> None:
    from geo.io.resources import load_toml

    content = load_toml("defaults.toml")

    def entries(node: object) -> list[dict[str, object]]:
        if not isinstance(node, dict):
            return []
        if "value" in node:
            return [node]
        return [e for child in node.values() for e in entries(child)]

    found = entries(content)
    assert len(found) > 50
    for entry in found:
        assert entry["source"], entry
        assert entry["status"] in ("standard", "setting", "unverified"), entry
    assert set(radio_defaults().technologies) == set(TECHNOLOGIES)
