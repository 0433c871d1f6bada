"""Coordinate systems, axes, and places where nothing can be."""

from __future__ import annotations

import json

import numpy as np
import pytest

from geo.crs import from_wgs84
from geo.io.inputs import Inputs
from tests.bad_input.builders import way
from tests.bad_input.made_up_project import COMMUNES, PLACES, Check, MadeUpProject

#: Points on one meridian, from which no zone can be told from its neighbour.
_NARROW = tuple((105.33, 21.8 + 0.1 * i) for i in range(5))
#: Points over the whole province: only one zone puts them all inside.
_WIDE = tuple((105.03 + 0.54 * i / 19, 21.73 + 0.54 * i / 19) for i in range(20))


def at(places: tuple[tuple[float, float], ...] = PLACES, *, within_m: float = 2.0) -> Check:
    """Return a check that every site landed where it is."""

    def check(inputs: Inputs) -> None:
        assert inputs.network is not None
        sites = inputs.network.sites.sort_values("row")
        truth = np.array(places)
        assert len(sites) == len(truth)
        off = np.hypot((sites["lon"] - truth[:, 0]) * 103_300, (sites["lat"] - truth[:, 1]) * 110_700)
        assert off.max() < within_m

    return check


def sixth_at(lon: float, lat: float, *, within_m: float = 2.0) -> Check:
    return at((*PLACES, (lon, lat)), within_m=within_m)


def no_sites(inputs: Inputs) -> None:
    assert inputs.network is None or len(inputs.network.sites) == 0


# -- coordinate systems ------------------------------------------------------------------------


@way("crs_layer_without_prj")
def _(p: MadeUpProject) -> Check | None:
    p.shapefile(p.plain_points(), "tram", without=[".prj"])
    p.inputs["sites"] = "tram.shp"
    return no_sites


@way("crs_boundaries_without_prj")
def _(p: MadeUpProject) -> Check | None:
    from tests.made_up_area import units

    frame = units()[["commune_code", "commune_name", "geometry"]]
    frame.columns = ["maxa", "tenxa", "geometry"]
    p.shapefile(frame.set_geometry("geometry"), "xa", without=[".prj"])
    p.inputs["boundaries"] = "xa.shp"
    return None


@way("crs_two_zones_fit")
def _(p: MadeUpProject) -> Check | None:
    p.metres(9210, places=_NARROW)
    return no_sites


@way("crs_of_another_province")
def _(p: MadeUpProject) -> Check | None:
    p.metres(9217, places=tuple((108.2 + 0.02 * i, 15.9 + 0.02 * i) for i in range(5)))
    return no_sites


@way("crs_title_contradicts")
def _(p: MadeUpProject) -> Check | None:
    p.metres(9210, places=_WIDE)
    p.write("sites.csv", "Hệ tọa độ VN-2000 kinh tuyến trục 108°15'" + "," * 7 + "\n" + p.csv_text())
    return no_sites


@way("crs_communes_contradict")
def _(p: MadeUpProject) -> Check | None:
    # Coordinates of a zone that is not the province's fall into it all the same, two communes further on.
    places = tuple((105.015 + 0.02 * i, 21.75678 + 0.1 * i) for i in range(5))
    p.metres(9208, places=places)
    p.add_column("Mã xã", [f"99{6 * i:03d}" for i in range(5)])
    return no_sites


@way("crs_former_zone")
def _(p: MadeUpProject) -> Check | None:
    p.metres(9209, places=_WIDE)
    return at(_WIDE)


@way("crs_utm_zone")
def _(p: MadeUpProject) -> Check | None:
    p.metres(3405, places=_WIDE)
    return at(_WIDE)


@way("crs_utm_on_wgs84_said_in_title")
def _(p: MadeUpProject) -> Check | None:
    p.metres(32648, places=_WIDE)
    p.write("sites.csv", "Tọa độ UTM WGS-84 múi 48N" + "," * 7 + "\n" + p.csv_text())
    return at(_WIDE)


@way("crs_utm_on_wgs84_unsaid")
def _(p: MadeUpProject) -> Check | None:
    p.metres(32648, places=_WIDE)
    return None


@way("crs_option_not_understood")
def _(p: MadeUpProject) -> Check | None:
    p.metres(9210)
    p.inputs["sites"] = {"path": "sites.csv", "crs": "VN2000 Tuyên Mẫu"}
    p.write("sites.csv", p.csv_text())
    return no_sites


@way("crs_option_withdrawn_code")
def _(p: MadeUpProject) -> Check | None:
    p.metres(9210)
    p.inputs["sites"] = {"path": "sites.csv", "crs": "EPSG:6956"}
    p.write("sites.csv", p.csv_text())
    return no_sites


@way("crs_option_proj_text")
def _(p: MadeUpProject) -> Check | None:
    p.metres(9210)
    text = "+proj=tmerc +lat_0=0 +lon_0=105.75 +k=0.9999 +x_0=500000 +y_0=0 +ellps=WGS84 +units=m +no_defs"
    p.inputs["sites"] = {"path": "sites.csv", "crs": text}
    p.write("sites.csv", p.csv_text())
    return at()


@way("crs_option_contradicted")
def _(p: MadeUpProject) -> Check | None:
    p.metres(9210, places=_WIDE)
    p.inputs["sites"] = {"path": "sites.csv", "crs": "EPSG:9217"}
    p.write("sites.csv", p.csv_text())
    return no_sites


@way("crs_option_a_number")
def _(p: MadeUpProject) -> Check | None:
    p.metres(9210, places=_NARROW)
    p.inputs["sites"] = {"path": "sites.csv", "crs": 9210}
    p.write("sites.csv", p.csv_text())
    return at(_NARROW)


@way("crs_old_datum_in_option")
def _(p: MadeUpProject) -> Check | None:
    p.metres(3148, places=_WIDE)  # Indian 1960 / UTM 48N, as on drawings before 2000
    p.inputs["sites"] = {"path": "sites.csv", "crs": "EPSG:3148"}
    p.write("sites.csv", p.csv_text())
    return at(_WIDE, within_m=60)


@way("crs_two_zones_in_one_list")
def _(p: MadeUpProject) -> Check | None:
    p.metres(9210, places=_WIDE)
    east, north = from_wgs84(*np.array(_WIDE).T, 9217)
    for i in range(0, 20, 2):
        p.rows[i][3:5] = [f"{north[i]:.2f}", f"{east[i]:.2f}"]
    return no_sites


@way("crs_zone_number_in_easting")
def _(p: MadeUpProject) -> Check | None:
    p.metres(3405, places=_WIDE)
    p.set_column("Tọa độ Y", [f"48{row[4]}" for row in p.rows])
    return no_sites


@way("crs_kilometres")
def _(p: MadeUpProject) -> Check | None:
    p.metres(9210, places=_WIDE)
    for name in ("Tọa độ X", "Tọa độ Y"):
        i = p.header.index(name)
        p.set_column(name, [f"{float(row[i]) / 1000:.5f}" for row in p.rows])
    return no_sites


@way("crs_degrees_said_to_be_vn2000")
def _(p: MadeUpProject) -> Check | None:
    lon, lat = from_wgs84(*np.array(PLACES).T, 4756)
    p.set_column("Kinh độ", [f"{v:.7f}" for v in lon], name="Kinh độ (VN-2000)")
    p.set_column("Vĩ độ", [f"{v:.7f}" for v in lat], name="Vĩ độ (VN-2000)")
    return at()


@way("crs_boundaries_in_metres_without_saying")
def _(p: MadeUpProject) -> Check | None:
    p.communes(lambda f: f.to_crs(3405).set_crs(4326, allow_override=True))
    return None


@way("crs_boundaries_old_crs_member")
def _(p: MadeUpProject) -> Check | None:
    from tests.made_up_area import units

    content = json.loads(units().to_crs(3405).to_json(drop_id=True))
    content["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3405"}}
    p.write("communes.geojson", json.dumps(content))

    def check(inputs: Inputs) -> None:
        assert inputs.units is not None
        assert inputs.units.total_bounds == pytest.approx([105.0, 21.7, 105.6, 22.3], abs=0.002)

    return check


@way("crs_layer_in_local_zone")
def _(p: MadeUpProject) -> Check | None:
    p.points(crs=5897).to_file(p.folder / "tram.gpkg", driver="GPKG")
    p.inputs["sites"] = "tram.gpkg"
    return None


@way("crs_raster_without")
def _(p: MadeUpProject) -> Check | None:
    p.population(crs=None)
    return None


@way("crs_raster_and_option_differ")
def _(p: MadeUpProject) -> Check | None:
    p.population()
    p.inputs["population"] = {"path": "people.tif", "crs": "EPSG:3405"}
    return None


# -- axes --------------------------------------------------------------------------------------


@way("axes_list_swapped")
def _(p: MadeUpProject) -> Check | None:
    for row in p.rows:
        row[3], row[4] = row[4], row[3]
    return at()


@way("axes_some_rows_swapped")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lon="21.88888", lat="105.33333")
    return sixth_at(105.33333, 21.88888)


@way("axes_metres_easting_first")
def _(p: MadeUpProject) -> Check | None:
    p.metres(9210, northing_first=False, places=_WIDE)
    return at(_WIDE)


@way("axes_metres_some_rows_swapped")
def _(p: MadeUpProject) -> Check | None:
    p.metres(9210, places=_WIDE)
    row = p.rows[7]
    row[3], row[4] = row[4], row[3]
    return at(_WIDE)


@way("axes_boundaries_swapped")
def _(p: MadeUpProject) -> Check | None:
    import shapely

    p.communes(lambda f: f.set_geometry(shapely.transform(f.geometry.to_numpy(), lambda xy: xy[:, ::-1])).set_crs(4326))
    return at()


@way("axes_metres_and_degrees_mixed")
def _(p: MadeUpProject) -> Check | None:
    east, north = from_wgs84([105.33333], [21.88888], 9217)
    p.add_site(lon=f"{north[0]:.2f}", lat=f"{east[0]:.2f}")
    return at()


@way("axes_layer_swapped")
def _(p: MadeUpProject) -> Check | None:
    p.points(places=tuple((b, a) for a, b in PLACES)).to_file(p.folder / "tram.gpkg", driver="GPKG")
    p.inputs["sites"] = "tram.gpkg"
    return at()


@way("axes_sign_of_longitude")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lon="-105.33333")
    return at()


@way("axes_sign_of_latitude")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lat="-21.88888")
    return at()


@way("axes_hemisphere_letter_south")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lon="105°20'00\"E", lat="21°53'20\"S")
    return at()


@way("axes_n_beside_vietnamese_letters")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lon="105°20'00\"Đ", lat="21°53'20\"N")
    return sixth_at(105 + 20 / 60, 21 + 53 / 60 + 20 / 3600)


@way("axes_letters_against_headers")
def _(p: MadeUpProject) -> Check | None:
    for row in p.rows:
        row[3], row[4] = f"{row[4]} N", f"{row[3]} E"
    return at()


@way("axes_pair_in_one_cell_reversed")
def _(p: MadeUpProject) -> Check | None:
    p.set_column("Kinh độ", [f"{r[3]}, {r[4]}" for r in p.rows], name="Tọa độ")
    p.header[4] = "Ghi chú"
    p.set_column("Ghi chú", [""] * 5)
    return at()


@way("axes_both_zero")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lon="0", lat="0")
    return at()


@way("axes_one_zero")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lat="0.0")
    return at()


@way("axes_one_missing")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lat="")
    return at()


@way("axes_longitude_twice")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lat="105.33333")
    return at()


@way("axes_beyond_the_globe")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lon="205.33333")
    return at()


@way("axes_another_province")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lon="108.20123", lat="16.05432")
    return at()


@way("axes_whole_list_elsewhere")
def _(p: MadeUpProject) -> Check | None:
    for row in p.rows:
        row[3] = f"{float(row[3]) + 3:.5f}"
    return no_sites


@way("axes_filled_down")
def _(p: MadeUpProject) -> Check | None:
    # The first cell dragged down in Excel: each row one degree further.
    p.set_column("Kinh độ", [f"{105.12345 + i:.5f}" for i in range(5)])
    return at(PLACES[:1])


@way("axes_same_place_copied")
def _(p: MadeUpProject) -> Check | None:
    for row in p.rows[:4]:
        row[3:5] = p.rows[0][3:5]
    return None


@way("axes_two_decimals")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(lon="105.33", lat="21.89")
    return sixth_at(105.33, 21.89)


@way("axes_metres_rounded")
def _(p: MadeUpProject) -> Check | None:
    p.metres(9210, places=_WIDE)
    p.rows[4][3:5] = [f"{round(float(v), -3):.0f}" for v in p.rows[4][3:5]]
    return None


@way("axes_commune_column_disagrees")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Mã xã", [*COMMUNES[:4], COMMUNES[0]])
    return at()


@way("axes_degrees_packed")
def _(p: MadeUpProject) -> Check | None:
    # 105.2524 means 105°25'24" here: only the commune column can tell.
    p.rows[3][3:5] = ["105.2524", "22.0324"]
    p.add_column("Mã xã", COMMUNES)
    return None
