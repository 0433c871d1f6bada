"""Loss formulas by hand and against outside figures, the link budget, and defaults that are counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import fresnel

from geo.io.resources import issue_catalogue
from geo.io.terrain import open_terrain
from geo.propagation.antenna import horizontal_loss_db
from geo.propagation.free_space import free_space_loss_db
from geo.propagation.kernels import edge_factor_kernel, free_space_kernel, knife_edge_kernel, pattern_kernel
from geo.propagation.link_budget import reference_eirp_dbm, resource_blocks
from geo.propagation.settings import TECHNOLOGIES, coverage_settings, radio_defaults, technology_rules
from geo.propagation.single_edge import dominant_edge, knife_edge_loss_db
from geo.validation import IssueLog

# -- free space ------------------------------------------------------------------------------------


def test_free_space_by_hand() -> None:
    assert free_space_loss_db(1000, 1) == pytest.approx(92.4)
    assert free_space_loss_db(1000, 10) == pytest.approx(112.4)
    assert free_space_loss_db([900, 1800], 1)[1] - free_space_loss_db(900, 1) == pytest.approx(6.0206, abs=1e-4)
    assert free_space_kernel(1800.0, 7.0) == pytest.approx(float(free_space_loss_db(1800, 7)), abs=1e-12)
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


# -- one edge --------------------------------------------------------------------------------------


def test_knife_edge_at_known_points() -> None:
    assert knife_edge_loss_db(0.0) == pytest.approx(6.03, abs=0.005)
    assert knife_edge_loss_db(1.0) == pytest.approx(13.9, abs=0.1)  # P.526, figure 9
    assert knife_edge_loss_db(-0.78) == 0
    assert knife_edge_loss_db(-5) == 0
    assert knife_edge_loss_db(-np.inf) == 0
    np.testing.assert_array_equal(knife_edge_loss_db([[0.0], [2.4]]).shape, (2, 1))


def test_knife_edge_follows_the_fresnel_integral() -> None:
    nu = np.linspace(-0.7, 10, 200)
    s, c = fresnel(nu)
    exact = -20 * np.log10(np.hypot(1 - c - s, c - s) / 2)  # P.526, eq. (30)
    # The approximation is for nu > -0.78 and is good to a few tenths of a decibel.
    assert np.abs(knife_edge_loss_db(nu) - exact).max() < 0.6
    assert np.abs(knife_edge_loss_db(nu[nu > 0]) - exact[nu > 0]).max() < 0.15


@given(st.floats(-5, 200), st.floats(0, 50))
def test_a_higher_edge_never_loses_less(nu: float, more: float) -> None:
    assert 0 <= knife_edge_kernel(nu) <= knife_edge_kernel(nu + more)


def edge(profile: list[float], distance_m: float, ht: float, hr: float, f: float = 900.0) -> tuple[float, bool]:
    return dominant_edge(
        profile, distance_m=distance_m, transmitter_height_m=ht, receiver_height_m=hr, frequency_mhz=f,
        effective_earth_radius_m=8.5e6,
    )  # fmt: skip


def test_one_ridge_by_hand() -> None:
    # Antennas at 10 m, a ridge of 50 m in the middle of 10 km, 900 MHz: h = 40 m + bulge 1.47 m.
    nu, known = edge([0, 0, 50, 0, 0], 10_000, 10, 10)
    wavelength = 299.792458 / 900
    h = 40 + 5000 * 5000 / (2 * 8.5e6)
    assert known
    assert nu == pytest.approx(h * np.sqrt(2 / wavelength * (1 / 5000 + 1 / 5000)), rel=1e-9)
    # twice the frequency: nu grows by the root of 2
    assert edge([0, 0, 50, 0, 0], 10_000, 10, 10, 1800.0)[0] == pytest.approx(nu * np.sqrt(2), rel=1e-9)


def test_flat_earth_in_sight_is_free_space_and_beyond_the_horizon_is_not() -> None:
    nu, _ = edge([0.0] * 51, 4_500, 30, 30)
    assert knife_edge_loss_db(nu) == 0
    far, _ = edge([0.0] * 501, 60_000, 10, 1.5)
    assert knife_edge_loss_db(far) > 10


def test_unknown_heights_are_said_and_only_ever_lower_the_edge() -> None:
    whole, _ = edge([0, 20, 50, 30, 0], 8_000, 10, 10)
    for hole in range(1, 4):
        profile = [0.0, 20.0, 50.0, 30.0, 0.0]
        profile[hole] = np.nan
        nu, known = edge(profile, 8_000, 10, 10)
        assert not known
        assert nu <= whole
    assert edge([np.nan, 20, 50], 8_000, 10, 10) == (-np.inf, False)
    with pytest.raises(ValueError, match="two points"):
        edge([1.0], 100, 10, 10)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0, 900, width=32), min_size=3, max_size=40), st.floats(500, 30_000), st.floats(2, 80))
def test_edges_are_the_same_from_both_ends(profile: list[float], distance: float, height: float) -> None:
    there, back = edge(profile, distance, height, 1.5)[0], edge(profile[::-1], distance, 1.5, height)[0]
    assert there == pytest.approx(back, rel=1e-6, abs=1e-4)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.floats(0.2, 8.8), st.floats(0.2, 8.8), st.floats(0.2, 8.8), st.floats(0.2, 8.8))
def test_profiles_are_bilinear(seed: int, r0: float, c0: float, r1: float, c1: float) -> None:
    heights = np.random.default_rng(seed).uniform(0, 500, (10, 10)).astype(np.float32)
    distance = 1000.0
    factor, known = edge_factor_kernel(heights, r0, c0, 700.0, r1, c1, 700.0, distance, 100.0, 8.5e6)
    best = -np.inf
    for i in range(1, 10):
        t = i / 10
        r, c = r0 + t * (r1 - r0), c0 + t * (c1 - c0)
        i0, j0 = int(r), int(c)
        a, b = r - i0, c - j0
        h = (1 - a) * ((1 - b) * heights[i0, j0] + b * heights[i0, j0 + 1]) + a * (
            (1 - b) * heights[i0 + 1, j0] + b * heights[i0 + 1, j0 + 1]
        )
        d1, d2 = t * distance, (1 - t) * distance
        best = max(best, (h + d1 * d2 / 17e6 - 700) / np.sqrt(d1 * d2 / distance))
    assert known
    assert factor == pytest.approx(best, abs=1e-4)


# -- antenna ---------------------------------------------------------------------------------------


def test_pattern_by_hand() -> None:
    loss = horizontal_loss_db([0, 32.5, -32.5, 65, 180, 360, np.nan], beamwidth_deg=65, front_to_back_db=25)
    np.testing.assert_allclose(loss, [0, 3, 3, 12, 25, 0, 0])
    for offset in (-400.0, -32.5, 0.0, 91.0, 720.0):
        assert pattern_kernel(offset, 65.0, 25.0) == pytest.approx(
            float(horizontal_loss_db(offset, beamwidth_deg=65, front_to_back_db=25))
        )
    with pytest.raises(ValueError, match="positive"):
        horizontal_loss_db(0, beamwidth_deg=0, front_to_back_db=25)


def test_the_loss_for_an_unknown_azimuth_is_what_its_source_says() -> None:
    antenna = radio_defaults().antenna
    phi = np.linspace(-60, 60, 100_001)
    losses = horizontal_loss_db(phi, beamwidth_deg=antenna.beamwidth_deg, front_to_back_db=antenna.front_to_back_db)
    assert losses.mean() == pytest.approx(antenna.unknown_azimuth_loss_db, abs=0.05)
    assert losses.std() == pytest.approx(radio_defaults().missing_sd_db["azimuth_deg"], abs=0.1)


# -- link budget -----------------------------------------------------------------------------------


def test_budgets_by_hand() -> None:
    common = {"power_dbm": 46.0, "antenna_gain_dbi": 17.0, "feeder_loss_db": 2.0}
    assert reference_eirp_dbm("2G", **common, pilot_share_db=0) == 61
    assert reference_eirp_dbm("3G", **common, pilot_share_db=-10) == 51
    # 10 MHz: 50 blocks, 600 subcarriers, 27.78 dB
    assert reference_eirp_dbm("4G", **common, pilot_share_db=0, blocks=50) == pytest.approx(61 - 27.7815, abs=1e-4)
    assert reference_eirp_dbm("5G", **common, pilot_share_db=0, blocks=273) == pytest.approx(61 - 35.1534, abs=1e-3)
    for technology, blocks in (("4G", None), ("6G", 50), ("5G", 0)):
        with pytest.raises(ValueError, match="link budget"):
            reference_eirp_dbm(technology, **common, pilot_share_db=0, blocks=blocks)


def test_resource_blocks_of_the_standards() -> None:
    blocks = radio_defaults().blocks
    assert [resource_blocks(b, blocks[15]) for b in (1.4, 3, 5, 10, 15, 20, 19)] == [6, 15, 25, 50, 75, 100, 100]
    assert resource_blocks(100, blocks[30]) == 273


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


# -- the model beside a better one -----------------------------------------------------------------


def test_distance_of_the_baseline_from_p1812_is_what_the_documentation_says(shared_dir: Path) -> None:
    folder = shared_dir / "reference_cases/golden"
    job = pd.read_csv(folder / "job_500px.csv")
    terrain = open_terrain([folder / "N22E105.hgt"], kind="ground", log=IssueLog(issue_catalogue()))
    lat, lon = 23 - 596 / 1200, 105 + 619 / 1200
    window = terrain.read_window((lon - 0.16, lat - 0.15, lon + 0.16, lat + 0.15))
    ground = window.sample(job["lon"], job["lat"])
    row, column = window.to_lattice(job["lon"], job["lat"])
    mast_row, mast_column = window.to_lattice([lon], [lat])
    distance_m = job["d_km"].to_numpy() * 1000
    slant_km = np.hypot(distance_m, 581 - ground - 1.5) / 1000
    for frequency in (900, 1800):
        loss = free_space_loss_db(frequency, slant_km)
        for k, d in enumerate(distance_m):
            factor, known = edge_factor_kernel(
                window.heights, mast_row[0], mast_column[0], 581.0, row[k], column[k], ground[k] + 1.5, d, 90.0, 8.5e6
            )
            assert known
            loss[k] += knife_edge_kernel(factor * np.sqrt(2 * frequency * 1e6 / 299_792_458)) if d > 90 else 0.0
        error = loss - job[f"covlib_p1812_{frequency}_db"].to_numpy()
        assert error.mean() == pytest.approx(-10, abs=0.5)
        assert error.std() == pytest.approx(5, abs=0.5)
        assert error.max() < 1.5  # one edge never costs more than all of them
