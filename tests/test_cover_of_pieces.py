"""The cover about the phone costs by the frequency of the cell that serves, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geo.coverage.pieces import _with_cover
from geo.propagation.area import AreaLevels
from tests.propagation.test_area import sources
from tests.propagation.test_corrections import corrections


def test_the_server_s_frequency_decides_and_bounds_take_the_most_hopeful() -> None:
    radio = sources({"frequency_mhz": 500.0}, {"frequency_mhz": 2000.0, "group": 1}, at=[(0.0, 0.0, 100.0, 30.0), (1.0, 0.0, 100.0, 30.0)])
    radio = replace(radio, layer=np.zeros(2, dtype=np.int64))
    shift, sd = np.zeros(256), np.zeros(256)
    shift[10], shift[50], sd[10] = -8.0, 4.0, 2.0
    found = corrections(2, clutter_shift_db=shift, clutter_sd_db=sd, clutter_exponent=0.5, clutter_reference_ghz=2.0)
    levels = AreaLevels.empty(1, (1, 4), calibrated=True)
    levels.level_dbm[:] = levels.second_dbm[:] = -100.0
    levels.best.moments[:] = np.array([-100.0, 36.0, 6.0, 0.0])[:, None, None, None]
    levels.best.bound_dbm[:] = -90.0
    levels.server[0, 0] = [radio.index[0], radio.index[1], -1, radio.index[0]]
    codes = np.array([[10, 10, 10, 50]], dtype=np.uint8)
    got = _with_cover(levels, codes, found, radio)
    # 500 MHz: half of what it is at 2 GHz; nobody serves: as at 2 GHz.
    assert got.level_dbm[0, 0].tolist() == pytest.approx([-104.0, -108.0, -108.0, -98.0])
    assert got.best.moments[0, 0, 0].tolist() == pytest.approx([-104.0, -108.0, -108.0, -98.0])
    assert got.best.moments[1, 0, 0].tolist() == pytest.approx([37.0, 40.0, 40.0, 36.0])
    # A loss bounds by the band that loses least, a gain by that which gains most.
    assert got.best.bound_dbm[0, 0].tolist() == pytest.approx([-94.0, -94.0, -94.0, -86.0])
