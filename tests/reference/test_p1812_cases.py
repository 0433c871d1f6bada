"""P.1812 against published values: 51 logs with every intermediate, and made-up profiles."""

from __future__ import annotations

import json
from pathlib import Path as FilePath

import numpy as np
import pytest

from geo.propagation.p1812 import P1812Result, Path, basic_transmission_loss
from tests.reference.p1812_files import read_cases, read_log

FOLDER = "reference_cases/p1812_py1812"

# (name, equation) of a row of a log -> field of the result. Equation numbers in the logs are those of
# an older edition. Lbulla, Lbulls, Ldsph there belong to the last radius, a_beta; Lbd repeats Lbda.
ROWS = {
    ("d (km)", ""): "path_km",
    ("dlt (km)", "Eq (78)"): "tx_horizon_km",
    ("dlr (km)", "Eq (81a)"): "rx_horizon_km",
    ("th_t (mrad)", "Eqs (76-78)"): "tx_horizon_mrad",
    ("th_r (mrad)", "Eqs (79-81)"): "rx_horizon_mrad",
    ("th (mrad)", "Eq (82)"): "angular_distance_mrad",
    ("hts (m)", ""): "tx_height_amsl_m",
    ("hrs (m)", ""): "rx_height_amsl_m",
    ("htc (m)", "Table 5"): "tx_height_amsl_m",
    ("hrc (m)", "Table 5"): "rx_height_amsl_m",
    ("w", "Table 5"): "sea_fraction",
    ("dtm (km)", "Sec 3.6"): "longest_land_km",
    ("dlm (km)", "Sec 3.6"): "longest_inland_km",
    ("phi (deg)", "Eq (4)"): "centre_lat_deg",
    ("b0 (%)", "Eq (5)"): "beta0_percent",
    ("ae (km)", "Eq (7a)"): "earth_radius_median_km",
    ("hst (m)", "Eq (85)"): "smooth_tx_m",
    ("hsr (m)", "Eq (86)"): "smooth_rx_m",
    ("hst (m)", "Eq (90a)"): "smooth_tx_duct_m",
    ("hsr (m)", "Eq (90b)"): "smooth_rx_duct_m",
    ("hstd (m)", "Eq (89)"): "smooth_tx_diffraction_m",
    ("hsrd (m)", "Eq (89)"): "smooth_rx_diffraction_m",
    ("htc (m)", "Eq (37a)"): "diffraction_tx_height_m",
    ("hrc (m)", "Eq (37b)"): "diffraction_rx_height_m",
    ("hte (m)", "Eq (92a)"): "duct_tx_height_m",
    ("hre (m)", "Eq (92b)"): "duct_rx_height_m",
    ("hm (m)", "Eq (93)"): "roughness_m",
    ("Fi", "Eq (40)"): "time_factor",
    ("Fj", "Eq (57)"): "angle_factor",
    ("Fk", "Eq (58)"): "distance_factor",
    ("Lbfs", "Eq (8)"): "free_space_db",
    ("Lb0p", "Eq (10)"): "line_of_sight_db",
    ("Lb0b", "Eq (11)"): "line_of_sight_beta_db",
    ("Lbulla (dB)", "Eq (21)"): "bullington_actual_beta_db",
    ("Lbulls (dB)", "Eq (21)"): "bullington_smooth_beta_db",
    ("Ldsph (dB)", "Eq (27)"): "spherical_beta_db",
    ("Ld50 (dB)", "Eq (39)"): "diffraction_median_db",
    ("Ldb (dB)", "Eq (39)"): "diffraction_beta_db",
    ("Ldp (dB)", "Eq (41)"): "diffraction_db",
    ("Lbd50 (dB)", "Eq (42)"): "total_diffraction_median_db",
    ("Lbd (dB)", "Eq (43)"): "diffraction_ducting_db",
    ("Lminb0p (dB)", "Eq (59)"): "minimum_line_of_sight_db",
    ("Lba (dB)", "Eq (46)"): "ducting_db",
    ("Lminbap (dB)", "Eq (60)"): "minimum_ducting_db",
    ("Lbda (dB)", "Eq (61)"): "diffraction_ducting_db",
    ("Lbam (dB)", "Eq (62)"): "modified_diffraction_ducting_db",
    ("Lbs (dB)", "Eq (44)"): "troposcatter_db",
    ("Lbc (dB)", "Eq (63)"): "median_location_db",
    ("Lb (dB)", "Eq (69)"): "basic_loss_db",
    ("Ep (dBuV/m)", "Eq (70)"): "field_strength_dbuv_m",
}

# What was asked rather than found.
INPUTS = {
    "Ptx (kW)", "Gtx (dBi)", "Grx (dBi)", "f (GHz)", "p (%)", "pL (%)", "sigmaL (dB)", "phi_t (deg)",
    "phi_r (deg)", "lam_t (deg)", "lam_r (deg)", "htg (m)", "hrg (m)", "pol", "DN", "N0", "dct (km)",
    "dcr (km)", "R2 (m)", "Rn-1 (m)", "Ep (dBuV/m) w.r.t. Ptx, Gtx, Grx",
}  # fmt: skip


def test_every_intermediate_of_the_published_logs(shared_dir: FilePath) -> None:
    folder = shared_dir / FOLDER
    cases = read_cases(folder)
    assert len(cases) == len(list((folder / "validation_results").glob("*_log.csv"))) >= 51
    worst: dict[str, float] = {}
    for case in cases:
        result = basic_transmission_loss(
            case.path,
            frequency_ghz=case.frequency_ghz,
            time_percent=case.time_percent,
            polarisation=case.polarisation,
            location_spread_db=0.0,
        )
        compared = set()
        for name, equation, value in read_log(folder / "validation_results" / f"{case.name}_log.csv"):
            if name in INPUTS:
                continue
            compared.add((name, equation))
            field = ROWS[name, equation]
            # the logs hold ten significant digits
            error = abs(getattr(result, field) - value)
            assert error <= 1e-6, (case.name, name, value, getattr(result, field))
            worst[name] = max(worst.get(name, 0.0), error)
        assert compared == set(ROWS), case.name
        assert result.total_diffraction_db == pytest.approx(result.line_of_sight_db + result.diffraction_db)
    assert max(worst.values()) < 1e-6


def test_single_precision_stays_within_a_twentieth_of_a_decibel(shared_dir: FilePath) -> None:
    worst = 0.0
    for case in read_cases(shared_dir / FOLDER):

        def run(dtype: type[np.float64] | type[np.float32], case=case) -> P1812Result:
            return basic_transmission_loss(
                case.path,
                frequency_ghz=case.frequency_ghz,
                time_percent=case.time_percent,
                polarisation=case.polarisation,
                dtype=dtype,
            )

        difference = abs(run(np.float32).basic_loss_db - run(np.float64).basic_loss_db)
        worst = max(worst, difference)
        assert difference <= 0.05, case.name
    assert worst > 0, "single precision was not in use"


def test_made_up_profiles_at_five_bands(shared_dir: FilePath) -> None:
    golden = json.loads((shared_dir / "reference_cases/golden/profiles.json").read_text())
    wanted = {
        "p1812_p50_db": (50.0, 0.0),
        "p1812_p10_db": (10.0, 0.0),
        "p1812_p50_clutter10m_db": (50.0, 10.0),
    }
    compared = 0
    for case in golden["cases"]:
        height = np.array(case["h_m"])
        for frequency, values in case["results"].items():
            for name, (percent, clutter) in wanted.items():
                path = Path(
                    distance_km=np.arange(height.size) * case["step_km"],
                    terrain_height_m=height,
                    clutter_height_m=np.full(height.size, clutter),
                    radio_zone=golden["zone"],
                    tx_height_agl_m=golden["htg_m"],
                    rx_height_agl_m=golden["hrg_m"],
                    delta_n=golden["DN"],
                    n0=golden["N0"],
                    tx_lat_deg=case["tx"][0],
                    tx_lon_deg=case["tx"][1],
                    rx_lat_deg=case["rx"][0],
                    rx_lon_deg=case["rx"][1],
                )
                result = basic_transmission_loss(
                    path, frequency_ghz=float(frequency) / 1000, time_percent=percent
                )
                assert abs(result.basic_loss_db - values[name]) <= 1e-4, (case["rx"], frequency, name)
                compared += 1
    assert compared == 450
