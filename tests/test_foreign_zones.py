"""Zones that are not the province's: named beside a choice, or the reason to refuse it."""

from __future__ import annotations

import numpy as np
import pytest

from geo.crs import from_wgs84
from geo.positions import Outcome, PositionSettings, settle_metres

from .made_up_area import area

SETTINGS = PositionSettings()


@pytest.mark.parametrize("written_in", [5897, 3405])
def test_names_cannot_tell_utm_from_its_twin_which_is_named(written_in):
    """UTM 48N and TM-3 105° lie 0.7 km apart at this distance: all communes fit under both."""
    index = area()
    lon, lat = (a.ravel() for a in np.meshgrid(105.05 + 0.1 * np.arange(6), 21.75 + 0.1 * np.arange(6)))
    meant = [frozenset((int(i),)) for i in index.locate(lon, lat)]
    e, n = from_wgs84(lon, lat, written_in)
    settled = settle_metres(e, n, index, provinces=["99"], meant=meant, settings=SETTINGS)
    assert settled.chosen is not None
    assert settled.chosen.epsg == 3405  # the only one of the two among the province's
    assert settled.chosen.match_share == 1.0
    assert 5897 in settled.also_fit


def test_a_zone_of_the_province_that_names_confirm_needs_no_second_look():
    index = area()
    lon, lat = (a.ravel() for a in np.meshgrid(105.05 + 0.1 * np.arange(6), 21.75 + 0.1 * np.arange(6)))
    meant = [frozenset((int(i),)) for i in index.locate(lon, lat)]
    settled = settle_metres(*from_wgs84(lon, lat, 9210), index, provinces=["99"], meant=meant, settings=SETTINGS)
    assert settled.chosen is not None
    assert (settled.chosen.epsg, settled.also_fit) == (9210, ())


@pytest.mark.parametrize(("fit_here", "outcome"), [(0, "refused"), (2, "refused"), (4, "refused"), (5, "taken"), (6, "taken")])
def test_fewer_than_half_of_the_names_against_all_of_them_refuses(fit_here, outcome):
    """Ten sites of a foreign zone; ``fit_here`` of the names may also mean the commune 26 km beside."""
    index = area(current=9211, former=())
    lon, lat = np.linspace(105.31, 105.34, 10), np.linspace(21.75, 22.25, 10)
    e, n = from_wgs84(lon, lat, 9210)
    wrong = settle_metres(
        e, n, index, provinces=["99"], meant=[frozenset()] * 10, settings=SETTINGS, declared=[9211]
    )
    here, there = index.locate(wrong.lon, wrong.lat), index.locate(lon, lat)
    assert (here >= 0).all()
    assert (here != there).all()
    meant = [frozenset((int(t), int(h))) if i < fit_here else frozenset((int(t),))
             for i, (t, h) in enumerate(zip(there, here, strict=True))]  # fmt: skip
    settled = settle_metres(e, n, index, provinces=["99"], meant=meant, settings=SETTINGS)
    if outcome == "refused":
        assert settled.outcome is Outcome.COMMUNES_CONTRADICT
        assert np.isnan(settled.lon).all()
    else:
        assert settled.chosen is not None
        assert settled.chosen.match_share == fit_here / 10
