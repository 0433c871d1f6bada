"""P.526, P.2109 and the Hata family against published values, where they are at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo.propagation.hata import cost231_hata, okumura_hata
from geo.propagation.p526 import delta_bullington
from geo.propagation.p2109 import entry_loss_db

COLUMNS = {
    "hts_mod_m": "tx_modified_m",
    "hrs_mod_m": "rx_modified_m",
    "Lba_db": "bullington_actual_db",
    "Lbs_db": "bullington_smooth_db",
    "Lsph_db": "spherical_db",
    "Ldelta_db": "diffraction_db",
}


@pytest.mark.parametrize(("form", "tolerance"), [("exact", 1e-6), ("rounded", 0.01)])
def test_worked_examples_of_delta_bullington(shared_dir: Path, form: str, tolerance: float) -> None:
    folder = shared_dir / "reference_cases/p526_delta_bullington"
    cases = pd.read_csv(folder / "expected.csv")
    assert len(cases) >= 15
    worst = 0.0
    for case in cases.itertuples():
        profile = pd.read_csv(folder / f"dbull_path{case.path}.csv").to_numpy(float)
        found = delta_bullington(
            profile[:, 0],
            profile[:, 1],
            tx_height_agl_m=case.htg_m,
            rx_height_agl_m=case.hrg_m,
            frequency_ghz=case.f_mhz / 1000,
            earth_radius_km=case.ae_km,
            polarisation={"H": "horizontal", "V": "vertical"}[case.pol],
            speed_of_light_m_s=case.c_mps,
            form=form,
        )
        for column, field in COLUMNS.items():
            error = abs(getattr(found, field) - getattr(case, column))
            worst = max(worst, error)
            assert error <= tolerance, (case, column)
    assert (worst > 1e-3) == (form == "rounded")


def test_building_entry_loss_of_the_validation_file(shared_dir: Path) -> None:
    table = pd.read_csv(shared_dir / "reference_cases/p2109/bel_validation.csv")
    frequency, percent, kind, elevation, expected = table.to_numpy(float).T
    assert len(table) == 31_250
    for code, building in ((1, "traditional"), (2, "thermally_efficient")):
        chosen = kind == code
        assert chosen.sum() == 15_625
        found = entry_loss_db(frequency[chosen], percent[chosen] / 100, elevation[chosen], building)
        assert np.abs(found - expected[chosen]).max() <= 1e-6


def test_hata_in_closed_form(shared_dir: Path) -> None:
    table = pd.read_csv(shared_dir / "reference_cases/golden/hata_closed_form.csv")
    assert len(table) == 99
    for environment, rows in table.groupby("env"):
        inputs = rows[["f_mhz", "d_km", "hb_m", "hm_m"]].to_numpy(float).T
        if environment == "cost231_city":
            found = cost231_hata(*inputs, metropolitan=True)
        else:
            found = okumura_hata(*inputs, environment=environment)
        assert np.abs(found.loss_db - rows["loss_db"].to_numpy()).max() <= 1e-5
        assert found.valid.all()
