"""Antennas, powers, channels, and signal levels that are none."""

from __future__ import annotations

import numpy as np

from geo.io.inputs import Inputs
from tests.bad_input.builders import way
from tests.bad_input.builders.numbers import height, power
from tests.bad_input.builders.places import at
from tests.bad_input.made_up_project import Check, MadeUpProject

# -- antennas ----------------------------------------------------------------------------------


@way("antenna_azimuth_off_range")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Azimuth", ["0", "450", "-30", "360", "120"])
    return None


@way("antenna_height_implausible")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(height="4200")  # centimetres
    return height(np.nan)


@way("antenna_height_above_sea")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(height="985")  # above sea level, not above ground
    return height(np.nan)


@way("antenna_height_above_sea_and_plausible")
def _(p: MadeUpProject) -> Check | None:
    p.terrain(np.full((140, 140), 250, dtype=np.int16))
    p.set_column("Độ cao trạm (m)", ["280", "292", "285", "275", "295"])
    return None


@way("antenna_power_implausible")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Công suất (W)", ["46000", "20", "20", "20", "20"])
    return power(np.nan)


@way("antenna_power_zero")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Công suất (W)", ["0", "20", "20", "20", "20"])
    return power(np.nan)


@way("antenna_power_dbm_off_range")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Công suất (dBm)", ["460", "46", "46", "46", "46"])
    return power(np.nan)


@way("antenna_gain_implausible")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Độ lợi anten", ["180", "18", "18", "18", "18"])
    return None


@way("antenna_tilt_implausible")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Tilt", ["95", "4", "4", "4", "4"])
    return None


@way("antenna_on_void")
def _(p: MadeUpProject) -> Check | None:
    heights = np.full((140, 140), 250, dtype=np.int16)
    heights[110:125, 30:40] = -32768
    p.terrain(heights, nodata=-32768)
    return at()


# -- technologies and channels -----------------------------------------------------------------


@way("technology_not_understood")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(technology="6G?")
    return None


@way("technology_missing_everywhere")
def _(p: MadeUpProject) -> Check | None:
    p.header[5] = "Ghi chú"
    return at()


@way("channel_in_no_band")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("EARFCN", ["1450", "1450", "199999", "1450", "1450"])
    return None


@way("channel_of_several_technologies")
def _(p: MadeUpProject) -> Check | None:
    p.header[5] = "ARFCN"
    p.set_column("ARFCN", ["100", "1450", "3000", "10700", "600"])
    return None


@way("channel_against_technology")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("EARFCN", ["1450"] * 5)
    p.rows[1][5] = "3G"
    return None


# -- signal samples ----------------------------------------------------------------------------

_HEADER = "Thời gian,Kinh độ,Vĩ độ,MCC-MNC,Công nghệ,Cell ID,RSRP"


def _sample(number: int, *, time: str = "", lon: str = "", lat: str = "", code: str = "452-04", technology: str = "4G",
            cell: str = "25601", level: str = "-95") -> str:  # fmt: skip
    place = (lon or f"{105.12345 + number * 0.0003:.5f}", lat or "21.75678")
    return ",".join([time or f"2026-10-05 08:00:{number:02d}", *place, code, technology, cell, level])


def _samples(p: MadeUpProject, header: str = _HEADER, **odd: str) -> None:
    """Write ten good samples and one that is not (row 12)."""
    p.measurements(header, [*(_sample(i) for i in range(10)), _sample(10, **odd)])


def level(expected: float, rows: int = 11) -> Check:
    def check(inputs: Inputs) -> None:
        assert inputs.measurements is not None
        assert len(inputs.measurements) == rows
        last = inputs.measurements["level_dbm"].iloc[-1]
        assert np.isnan(last) if np.isnan(expected) else last == expected

    return check


def samples(rows: int) -> Check:
    def check(inputs: Inputs) -> None:
        assert inputs.measurements is not None
        assert len(inputs.measurements) == rows

    return check


@way("signal_above_range")
def _(p: MadeUpProject) -> Check | None:
    _samples(p, level="-24")
    return level(np.nan)


@way("signal_below_range")
def _(p: MadeUpProject) -> Check | None:
    _samples(p, level="-200")
    return level(np.nan)


@way("signal_positive")
def _(p: MadeUpProject) -> Check | None:
    _samples(p, level="45")
    return level(np.nan)


@way("signal_zero")
def _(p: MadeUpProject) -> Check | None:
    _samples(p, level="0")
    return level(np.nan)


@way("signal_words")
def _(p: MadeUpProject) -> Check | None:
    _samples(p, level="yếu")
    return level(np.nan)


@way("signal_asu_only")
def _(p: MadeUpProject) -> Check | None:
    p.measurements(_HEADER.replace("RSRP", "ASU"), [_sample(i, level=str(40 + i)) for i in range(11)])
    return level(np.nan)


@way("signal_rssi_only")
def _(p: MadeUpProject) -> Check | None:
    p.measurements(_HEADER.replace("RSRP", "RSSI"), [_sample(i, level=str(-60 - i)) for i in range(11)])
    return level(np.nan)


@way("signal_rssi_copied")
def _(p: MadeUpProject) -> Check | None:
    p.measurements(_HEADER + ",RSSI", [_sample(i % 60, time=f"2026-10-05 08:{i // 60:02d}:{i % 60:02d}", lon=f"{105.1 + i * 0.0003:.5f}", level=f"{-60 - i % 40},{-60 - i % 40}") for i in range(200)])
    return None


@way("signal_technology_not_known")
def _(p: MadeUpProject) -> Check | None:
    _samples(p, technology="XYZ")
    return samples(11)


@way("signal_operator_missing")
def _(p: MadeUpProject) -> Check | None:
    _samples(p, code="")
    return samples(11)


@way("signal_operator_foreign")
def _(p: MadeUpProject) -> Check | None:
    _samples(p, code="460-00")
    return samples(11)


@way("signal_position_missing")
def _(p: MadeUpProject) -> Check | None:
    _samples(p, lat=" ")
    return samples(10)


@way("signal_position_frozen_at_zero")
def _(p: MadeUpProject) -> Check | None:
    _samples(p, lon="0.0", lat="0.0")
    return samples(10)


@way("signal_position_jump")
def _(p: MadeUpProject) -> Check | None:
    p.measurements(_HEADER + ",IMEI", [f"{_sample(i)},123456789012345" for i in range(10)] + [f"{_sample(10, lon='105.50000')},123456789012345"])
    return samples(11)


@way("signal_repeated")
def _(p: MadeUpProject) -> Check | None:
    p.measurements(_HEADER, [*(_sample(i) for i in range(10)), _sample(9)])
    return samples(10)


@way("signal_identities")
def _(p: MadeUpProject) -> Check | None:
    p.measurements(_HEADER + ",IMEI,Số điện thoại", [f"{_sample(i)},123456789012345,0900000000" for i in range(10)])
    return samples(10)


# -- clocks ------------------------------------------------------------------------------------


@way("time_in_future")
def _(p: MadeUpProject) -> Check | None:
    _samples(p, time="2027-10-05 08:00:00")
    return None


@way("time_long_ago")
def _(p: MadeUpProject) -> Check | None:
    _samples(p, time="2019-10-05 08:00:00")
    return None


@way("time_clock_never_set")
def _(p: MadeUpProject) -> Check | None:
    _samples(p, time="1980-01-06 00:00:10")
    return None


@way("time_not_readable")
def _(p: MadeUpProject) -> Check | None:
    _samples(p, time="sáng thứ hai")
    return None


@way("time_missing")
def _(p: MadeUpProject) -> Check | None:
    _samples(p, time=" ")
    return None


@way("time_epoch_in_utc")
def _(p: MadeUpProject) -> Check | None:
    first = 1_791_162_000  # 2026-10-05 01:00:00 UTC, 08:00 in Viet Nam
    p.measurements(_HEADER, [_sample(i, time=str(first + i)) for i in range(10)])

    def check(inputs: Inputs) -> None:
        assert inputs.measurements is not None
        assert inputs.measurements["time"].dt.hour.unique().tolist() == [8]

    return check


@way("time_zone_written")
def _(p: MadeUpProject) -> Check | None:
    p.measurements(_HEADER, [_sample(i, time=f"2026-10-05T01:00:{i:02d}Z") for i in range(10)])

    def check(inputs: Inputs) -> None:
        assert inputs.measurements is not None
        assert inputs.measurements["time"].dt.hour.unique().tolist() == [8]

    return check


@way("time_runs_back")
def _(p: MadeUpProject) -> Check | None:
    rows = [f"{_sample(i)},123456789012345" for i in range(40)]
    rows.append(f"{_sample(40, time='2026-10-05 07:00:00')},123456789012345")
    p.measurements(_HEADER + ",IMEI", rows)
    return samples(41)


@way("time_day_and_month_unclear")
def _(p: MadeUpProject) -> Check | None:
    p.measurements(_HEADER, [_sample(i, time=f"05/10/2026 08:00:{i:02d}") for i in range(10)])

    def check(inputs: Inputs) -> None:
        assert inputs.measurements is not None
        assert inputs.measurements["time"].dt.month.unique().tolist() == [10]

    return check
