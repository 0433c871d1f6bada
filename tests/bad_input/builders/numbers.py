"""Numbers as office files write them: decimal commas, thousands marks, angles, units, sentinels."""

from __future__ import annotations

import numpy as np
import pytest

from geo.io.inputs import Inputs
from tests.bad_input.builders import way
from tests.bad_input.builders.places import _WIDE, at, sixth_at
from tests.bad_input.made_up_project import PLACES, Check, MadeUpProject


def height(expected: float, row: int = 7) -> Check:
    """Return a check of the mast height of one row; NaN is unknown."""

    def check(inputs: Inputs) -> None:
        assert inputs.network is not None
        sites = inputs.network.sites
        assert sites.loc[sites["row"] == row, "structure_height_m"].tolist() == pytest.approx([expected], nan_ok=True)

    return check


def power(expected: float) -> Check:
    def check(inputs: Inputs) -> None:
        assert inputs.network is not None
        cells = inputs.network.cells
        assert cells.loc[cells["row"] == 2, "power_dbm"].tolist() == pytest.approx([expected], abs=0.02, nan_ok=True)

    return check


# -- decimal marks and thousands ---------------------------------------------------------------


@way("number_decimal_commas")
def _(p: MadeUpProject) -> Check | None:
    for row in p.rows:
        row[3], row[4], row[6] = row[3].replace(".", ","), row[4].replace(".", ","), "42,5"
    p.write("sites.csv", p.csv_text(";"))
    return at()


@way("number_decimal_comma_in_one_row")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lon="105,33333", lat="21,88888", height="42,5")
    return sixth_at(105.33333, 21.88888)


@way("number_thousands_in_metres")
def _(p: MadeUpProject) -> Check | None:
    p.metres(9210, places=_WIDE)
    for row in p.rows:
        row[3], row[4] = (f"{float(v):,.2f}".translate(str.maketrans(",.", ".,")) for v in row[3:5])
    return at(_WIDE)


@way("number_thousands_with_spaces")
def _(p: MadeUpProject) -> Check | None:
    p.metres(9210, places=_WIDE)
    for row in p.rows:
        row[3], row[4] = (f"{float(v):,.2f}".replace(",", "\u00a0") for v in row[3:5])
    return at(_WIDE)


@way("number_decimal_mark_lost")
def _(p: MadeUpProject) -> Check | None:
    # Excel with Vietnamese settings takes the point for a thousands mark.
    p.add_site(lon="10533333", lat="2188888")
    return at()


@way("number_every_decimal_mark_lost")
def _(p: MadeUpProject) -> Check | None:
    for row in p.rows:
        row[3], row[4] = row[3].replace(".", ""), row[4].replace(".", "")
    return None


@way("number_reads_two_ways")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Vùng phủ (m)", ["1,500", "2,000", "1,250", "900", "800"])
    return None


@way("number_with_exponent")
def _(p: MadeUpProject) -> Check | None:
    p.metres(9210, places=_WIDE)
    for row in p.rows:
        row[3], row[4] = (f"{float(v):.2E}" for v in row[3:5])
    return None


@way("number_infinite")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lon="inf", lat="1e999", height="inf")
    return at()


@way("number_other_digits")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lon="１０５．３３３３３", lat="２１．８８８８８")
    return sixth_at(105.33333, 21.88888)


# -- angles ------------------------------------------------------------------------------------

_SPELLINGS = (
    ("105°07'24.4\"", "21°45'24.4\""), ("105º 13' 24,4''", "21º 51' 24,4''"), ("105 độ 19 phút 24,4 giây", "21 độ 57 phút 24,4 giây"),
    ("105d25m24.4s", "22d03m24.4s"), ("105-31-24.4", "22-09-24.4"), ("E105°07'24.4\"", "N21°45'24.4\""),
    ("105°13'24.4\"Đ", "21°51'24.4\"B"), ("105:19:24.4", "21:57:24.4"), ("105 25 24.4", "22 03 24.4"),
    ("105°31.4067'", "22°09.4067'"), ("Kinh độ: 105,12345", "Vĩ độ: 21,75678"), ("105°13’24”4", "21°51’24”4"),
)  # fmt: skip


@way("angle_spellings")
def _(p: MadeUpProject) -> Check | None:
    p.rows = [["Viettel", f"TB{i}", "", lon, lat, "4G", "42", "Đang phát sóng"] for i, (lon, lat) in enumerate(_SPELLINGS)]

    def check(inputs: Inputs) -> None:
        assert inputs.network is not None
        sites = inputs.network.sites
        assert len(sites) == len(_SPELLINGS)
        places = np.array(PLACES)
        near = np.abs(sites["lon"].to_numpy()[:, None] - places[:, 0]).min(axis=1)
        assert near.max() < 1e-4

    return check


@way("angle_minutes_too_large")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lon="105°75'00\"", lat="21°53'20\"")
    return at()


@way("angle_seconds_too_large")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lon="105°20'99\"", lat="21°53'20\"")
    return at()


@way("angle_cut_off")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lon="105°20'", lat="°53'20\"")
    return at()


@way("angle_words")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lon="sau UBND xã", lat="gần chợ")
    return at()


@way("angle_sign_twice")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lon="105.33333", lat="-21.88888 S")
    return at()


# -- units in cells ----------------------------------------------------------------------------


@way("unit_metres_in_cell")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(height="45 m")
    return height(45)


@way("unit_feet")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(height="150 ft")
    return height(45.72)


@way("unit_kilometres_in_metres")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Vùng phủ (m)", ["1.5 km", "2000", "1500", "900", "800"])
    return None


@way("unit_centimetres_in_metres")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(height="4500 cm")
    return height(np.nan)


@way("unit_dbm_in_watts")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Công suất (W)", ["43 dBm", "20", "20", "20", "20"])
    return power(np.nan)


@way("unit_watts_in_dbm")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Công suất (dBm)", ["40W", "43", "43", "43", "43"])
    return power(np.nan)


@way("unit_ghz_in_mhz")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Tần số (MHz)", ["1.8 GHz", "1800", "1800", "1800", "1800"])
    return None


@way("number_range_in_cell")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(height="30-45")
    return height(np.nan)


@way("number_sum_in_cell")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(height="12+15")  # roof and mast
    return height(np.nan)


@way("number_several_in_cell")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Azimuth", ["0/120/240", "60", "180", "300", "0"])
    return None


@way("number_about")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(height="~45")
    return height(45)


@way("number_more_than")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(height=">45")
    return height(np.nan)


@way("number_words")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Azimuth", ["Omni", "60", "180", "300", "0"])
    return None


@way("unit_in_header_feet")
def _(p: MadeUpProject) -> Check | None:
    p.set_column("Độ cao trạm (m)", ["150"] * 5, name="Độ cao trạm (ft)")
    return height(45.72, row=2)


@way("unit_in_header_of_another_kind")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Công suất (dBW)", "13")
    return power(np.nan)


@way("number_half_or_date")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(height="1/2")
    return height(np.nan)


@way("number_kept_as_text")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lon="'105.33333", lat="'21.88888", height="'42,5")
    return sixth_at(105.33333, 21.88888)


# -- nothing there, and what stands for nothing ------------------------------------------------


@way("missing_words_for_none")
def _(p: MadeUpProject) -> Check | None:
    words = ["không có", "N/A", "-", "#N/A", "chưa rõ"]
    p.set_column("Độ cao trạm (m)", words)

    def check(inputs: Inputs) -> None:
        assert inputs.network is not None
        assert inputs.network.sites["structure_height_m"].isna().all()

    return check


@way("missing_sentinel_height")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(height="-9999")
    return height(np.nan)


@way("missing_zero_height")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(height="0")
    return height(np.nan)


@way("missing_sentinel_position")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lon="-9999", lat="-9999")
    return at()


@way("missing_nan_position")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lon="NaN", lat="NaN")
    return at()


@way("missing_not_a_number_in_layer")
def _(p: MadeUpProject) -> Check | None:
    import shapely

    frame = p.points()
    shapes = frame.geometry.to_numpy().copy()
    shapes[2] = shapely.Point(np.inf, 21.9)
    shapes[3] = shapely.Point()
    shapes[4] = None
    frame.set_geometry(shapes, crs=4326).to_parquet(p.folder / "tram.parquet")
    p.inputs["sites"] = "tram.parquet"
    return at(PLACES[:2])


@way("missing_operator_cell")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(operator="")
    return at()


@way("missing_operator_column")
def _(p: MadeUpProject) -> Check | None:
    for row in p.rows:
        del row[0]
    del p.header[0]
    return None


@way("missing_technology")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(technology="")
    return sixth_at(105.33333, 21.88888)


@way("missing_status")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(status="")
    return None


@way("missing_commune_code")
def _(p: MadeUpProject) -> Check | None:
    p.features(lambda f: f[3]["properties"].update(commune_code=None))
    return None


@way("missing_code_of_site")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(code="")
    return sixth_at(105.33333, 21.88888)
