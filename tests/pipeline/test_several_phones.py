"""A table that names no phone and was written by several of them at once: its rows are not thrown away as jumps."""

from __future__ import annotations

import numpy as np
import pandas as pd

from geo.io.catalogues import sample_settings
from geo.pipeline.calibrating import _several_phones
from geo.samples import position_jumps


def table(phones: int, one_device: bool, stray: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows of phones 20 km apart, second by second, in one table without a device; the jumps found in it."""
    n = 120
    second = np.repeat(np.arange(n // phones), phones)
    lon = 105.0 + 0.2 * np.tile(np.arange(phones), n // phones) + 1e-4 * second
    lon[:stray] += 1.0
    frame = pd.DataFrame(
        {"time": pd.Timestamp("2026-05-01") + pd.to_timedelta(second, unit="s"), "lon": lon, "lat": 22.0, "device": 3, "one_device": one_device}
    )
    readings = sample_settings()
    jumped = position_jumps(
        frame["device"].to_numpy(np.int64), frame["time"], frame["lon"].to_numpy(), frame["lat"].to_numpy(),
        max_speed_kmh=readings.max_speed_kmh, slack_m=readings.jump_slack_m,
    )  # fmt: skip
    return frame, jumped


def test_what_several_wrote_at_once_is_not_judged() -> None:
    share = sample_settings().unordered_share
    frame, jumped = table(2, one_device=False)
    assert jumped.mean() > 0.3
    assert _several_phones(frame, frame["device"].to_numpy(np.int64), jumped, share).all()
    frame, jumped = table(2, one_device=True)  # known to be one phone's: they are jumps
    assert not _several_phones(frame, frame["device"].to_numpy(np.int64), jumped, share).any()
    frame, jumped = table(1, one_device=False, stray=2)  # a stray position of one phone is one
    assert jumped.any()
    assert not _several_phones(frame, frame["device"].to_numpy(np.int64), jumped, share).any()
