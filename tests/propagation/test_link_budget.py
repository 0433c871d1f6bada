"""Budgets worked by hand from the standards, and laws that hold for any figures."""

from __future__ import annotations

from math import log10

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.propagation.link_budget import (
    carrier_power_dbm,
    measured_power_dbm,
    reference_eirp_dbm,
    resource_blocks,
)
from geo.propagation.settings import radio_defaults

POWER = st.floats(0, 60)
PORTS = st.sampled_from([1, 2, 4, 8, 64])


# -- by hand ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bandwidth_mhz", "blocks", "spread_db"),
    [(1.4, 6, 18.573), (3, 15, 22.553), (5, 25, 24.771), (10, 50, 27.782), (15, 75, 29.542), (20, 100, 30.792)],
)
def test_lte_carriers(bandwidth_mhz: float, blocks: int, spread_db: float) -> None:
    assert resource_blocks(bandwidth_mhz, radio_defaults().blocks["LTE"]) == blocks
    got = measured_power_dbm("4G", power_dbm=43, pilot_share_db=0, blocks=blocks, power_basis="per_port")
    assert 43 - got == pytest.approx(spread_db, abs=5e-4)


def test_lte_power_of_one_port_is_what_counts() -> None:
    # 2 x 20 W in 20 MHz: 46 dBm in all, 43 dBm per port, 12.2 dBm per resource element.
    total = measured_power_dbm("4G", power_dbm=46.0103, pilot_share_db=0, blocks=100, power_basis="total", ports=2)
    port = measured_power_dbm("4G", power_dbm=43, pilot_share_db=0, blocks=100, power_basis="per_port")
    assert total == pytest.approx(port, abs=1e-4)
    assert port == pytest.approx(12.208, abs=1e-3)
    boosted = measured_power_dbm("4G", power_dbm=43, pilot_share_db=3, blocks=100, power_basis="per_port")
    assert boosted == pytest.approx(15.208, abs=1e-3)


def test_nr_counts_the_whole_radio() -> None:
    # 200 W at 100 MHz and 30 kHz: 273 blocks, 35.153 dB, 17.8 dBm per element.
    assert measured_power_dbm("5G", power_dbm=53, pilot_share_db=0, blocks=273) == pytest.approx(17.847, abs=1e-3)
    # 20 MHz at 15 kHz: 106 blocks, 31.045 dB.
    assert measured_power_dbm("5G", power_dbm=46, pilot_share_db=0, blocks=106) == pytest.approx(46 - 31.045, abs=1e-3)
    ports = measured_power_dbm("5G", power_dbm=50, pilot_share_db=0, blocks=273, power_basis="per_port", ports=2)
    assert ports == pytest.approx(53.0103 - 35.1534, abs=1e-3)


NR = {
    "NR_15": {5: 25, 10: 52, 15: 79, 20: 106, 25: 133, 30: 160, 40: 216, 50: 270},
    "NR_30": {5: 11, 10: 24, 15: 38, 20: 51, 25: 65, 30: 78, 40: 106, 50: 133, 60: 162, 70: 189, 80: 217, 90: 245, 100: 273},
}  # fmt: skip


@pytest.mark.parametrize("spacing", sorted(NR))
def test_nr_carriers(spacing: str) -> None:
    assert dict(radio_defaults().blocks[spacing]) == NR[spacing]
    khz = float(spacing.removeprefix("NR_"))
    for bandwidth, blocks in NR[spacing].items():
        table = radio_defaults().resource_blocks_of("5G", khz, bandwidth)
        assert resource_blocks(bandwidth, table) == blocks


def test_a_carrier_too_wide_for_its_spacing_has_the_next_one() -> None:
    defaults = radio_defaults()
    assert resource_blocks(100, defaults.resource_blocks_of("5G", 15, 100)) == 273
    assert resource_blocks(10, defaults.resource_blocks_of("4G", 15, 10)) == 50  # LTE: 50, NR: 52
    assert resource_blocks(10, defaults.resource_blocks_of("5G", 15, 10)) == 52


def test_pilot_and_broadcast_carrier() -> None:
    assert measured_power_dbm("3G", power_dbm=43, pilot_share_db=-10) == 33  # CPICH, 10 % of 20 W
    assert measured_power_dbm("2G", power_dbm=43, pilot_share_db=0) == 43  # BCCH, full power


def test_whole_budget_by_hand() -> None:
    common = {"antenna_gain_dbi": 17.0, "feeder_loss_db": 2.0, "pilot_share_db": 0.0}
    got = reference_eirp_dbm("4G", power_dbm=46, **common, blocks=50, power_basis="total", ports=2)
    assert got == pytest.approx(46 - 3.0103 - 27.7815 + 17 - 2, abs=1e-4)
    # A pilot's own power leaves carrier and blocks out of it.
    assert reference_eirp_dbm("4G", power_dbm=99, **common, pilot_power_dbm=15.2) == pytest.approx(30.2)
    # An EIRP has gain and feeder in it, but not the carrier's division.
    got = reference_eirp_dbm("4G", power_dbm=99, **common, blocks=50, ports=2, carrier_eirp_dbm=61, pilot_power_dbm=15.2)
    assert got == pytest.approx(61 - 3.0103 - 27.7815, abs=1e-4)
    nothing = float("nan")
    same = reference_eirp_dbm("4G", power_dbm=46, **common, blocks=50, ports=2, carrier_eirp_dbm=nothing, pilot_power_dbm=nothing)
    assert same == pytest.approx(46 - 3.0103 - 27.7815 + 15, abs=1e-4)


def test_what_cannot_be_worked_out_is_refused() -> None:
    for technology, blocks in (("4G", None), ("6G", 50), ("5G", 0)):
        with pytest.raises(ValueError, match="link budget"):
            measured_power_dbm(technology, power_dbm=43, pilot_share_db=0, blocks=blocks)
    for given_, wanted, ports in (("each", "total", 2), ("total", "", 2), ("total", "per_port", 0)):
        with pytest.raises(ValueError, match="no carrier power"):
            carrier_power_dbm(43, given=given_, wanted=wanted, ports=ports)


# -- laws ------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(POWER, PORTS, st.sampled_from(["2G", "3G", "4G", "5G"]), st.integers(1, 275), st.floats(-10, 3), st.floats(0, 20))
def test_total_and_per_port_are_two_ways_to_say_one_thing(
    power: float, ports: int, technology: str, blocks: int, share: float, gain: float
) -> None:
    common = {"antenna_gain_dbi": gain, "feeder_loss_db": 1.0, "pilot_share_db": share, "blocks": blocks, "ports": ports}
    total = reference_eirp_dbm(technology, power_dbm=power, power_basis="total", **common)
    port = reference_eirp_dbm(technology, power_dbm=power - 10 * log10(ports), power_basis="per_port", **common)
    assert total == pytest.approx(port, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(POWER, st.floats(0, 10), PORTS, st.sampled_from(["2G", "3G", "4G", "5G"]), st.sampled_from(["total", "per_port"]))
def test_more_power_is_never_less_level(power: float, more: float, ports: int, technology: str, basis: str) -> None:
    def eirp(p: float) -> float:
        return reference_eirp_dbm(
            technology, power_dbm=p, antenna_gain_dbi=15, feeder_loss_db=2, pilot_share_db=0, blocks=50,
            power_basis=basis, ports=ports,
        )  # fmt: skip

    assert eirp(power + more) == pytest.approx(eirp(power) + more, abs=1e-9)
