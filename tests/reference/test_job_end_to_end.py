"""500 pixels of the reference job, profiles cut from the terrain by the project's own reader."""

from __future__ import annotations

from pathlib import Path as FilePath

import numpy as np
import pandas as pd

from geo.io.resources import issue_catalogue
from geo.io.terrain import open_terrain
from geo.propagation.p1812 import Path, basic_transmission_loss
from geo.validation import IssueLog

LATITUDE, LONGITUDE = 23 - 596 / 1200, 105 + 619 / 1200


def test_losses_of_the_job(shared_dir: FilePath) -> None:
    """Straight lines in longitude and latitude, equal steps of at most 90 m, bilinear heights."""
    folder = shared_dir / "reference_cases/golden"
    job = pd.read_csv(folder / "job_500px.csv")
    terrain = open_terrain([folder / "N22E105.hgt"], kind="ground", log=IssueLog(issue_catalogue()))
    errors: dict[int, list[float]] = {900: [], 1800: []}
    for pixel in job.itertuples():
        share = np.linspace(0, 1, int(np.ceil(pixel.d_km / 0.09)) + 1)
        latitude = LATITUDE + (pixel.lat - LATITUDE) * share
        path = Path(
            distance_km=share * pixel.d_km,
            terrain_height_m=terrain.sample(LONGITUDE + (pixel.lon - LONGITUDE) * share, latitude),
            tx_height_agl_m=45.0,
            rx_height_agl_m=1.5,
            delta_n=50.0,
            n0=340.0,
            centre_lat_deg=(LATITUDE + pixel.lat) / 2,
        )
        for frequency, found in errors.items():
            loss = basic_transmission_loss(path, frequency_ghz=frequency / 1000).basic_loss_db
            found.append(abs(loss - getattr(pixel, f"covlib_p1812_{frequency}_db")))
    for found in errors.values():
        assert len(found) == 500
        assert np.percentile(found, 95) <= 0.1
        assert max(found) <= 0.5
