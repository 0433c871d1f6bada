"""Villages, people, facilities, roads and buildings: what is particular to each, through the whole check."""

from __future__ import annotations

import geopandas as gpd
import shapely

from geo.io.inputs import Inputs
from tests.bad_input.builders import way
from tests.bad_input.made_up_project import COMMUNES, PLACES, Check, MadeUpProject


def _villages(p: MadeUpProject, odd: str, header: str = "Mã thôn,Tên thôn,Mã xã,Kinh độ,Vĩ độ,Số hộ,Dân số,Có điện lưới") -> None:
    rows = [f"T{i},Thôn {i},{COMMUNES[i]},{lon},{lat},50,210,Có" for i, (lon, lat) in enumerate(PLACES)]
    p.write("villages.csv", "\n".join([header, *rows, odd]) + "\n")
    p.inputs["settlements"] = "villages.csv"


def villages(count: int) -> Check:
    def check(inputs: Inputs) -> None:
        assert inputs.settlements is not None
        assert len(inputs.settlements) == count

    return check


@way("village_without_position")
def _(p: MadeUpProject) -> Check | None:
    _villages(p, "T9,Thôn 9,99014,,,50,210,Có")
    return villages(5)


@way("village_outside")
def _(p: MadeUpProject) -> Check | None:
    _villages(p, "T9,Thôn 9,99014,108.20123,16.05432,50,210,Có")
    return villages(5)


@way("village_in_another_commune")
def _(p: MadeUpProject) -> Check | None:
    _villages(p, "T9,Thôn 9,99000,105.33333,21.88888,50,210,Có")
    return villages(6)


@way("village_repeated")
def _(p: MadeUpProject) -> Check | None:
    _villages(p, f"T0,Thôn 0,{COMMUNES[0]},{PLACES[0][0]},{PLACES[0][1]},50,210,Có")
    return None


@way("village_households_in_words")
def _(p: MadeUpProject) -> Check | None:
    _villages(p, "T9,Thôn 9,99009,105.33333,21.88888,năm mươi hộ,210,Có")
    return villages(6)


@way("village_more_households_than_people")
def _(p: MadeUpProject) -> Check | None:
    _villages(p, "T9,Thôn 9,99009,105.33333,21.88888,210,50,Có")
    return villages(6)


@way("village_power_neither_yes_nor_no")
def _(p: MadeUpProject) -> Check | None:
    _villages(p, "T9,Thôn 9,99009,105.33333,21.88888,50,210,một phần")
    return villages(6)


def _people(p: MadeUpProject, change: dict[int, str], header: str = "Mã xã,Dân số,Số hộ") -> None:
    rows = [f"99{i:03d},5200,1300" for i in range(36)]
    for i, text in change.items():
        rows[i] = text
    p.write("people.csv", "\n".join([header, *rows]) + "\n")
    p.inputs["population"] = "people.csv"


@way("people_of_unknown_commune")
def _(p: MadeUpProject) -> Check | None:
    _people(p, {3: "99777,5200,1300"})
    return None


@way("people_of_a_commune_twice")
def _(p: MadeUpProject) -> Check | None:
    _people(p, {3: "99002,4100,1000"})
    return None


@way("people_in_thousands")
def _(p: MadeUpProject) -> Check | None:
    _people(p, {3: "99003,5.2,1.3"})
    return None


@way("people_negative")
def _(p: MadeUpProject) -> Check | None:
    _people(p, {3: "99003,-5200,1300"})
    return None


@way("people_implausibly_few")
def _(p: MadeUpProject) -> Check | None:
    _people(p, {3: "99003,52,1300"})
    return None


@way("facility_of_unknown_kind")
def _(p: MadeUpProject) -> Check | None:
    p.write("facilities.csv", "Tên,Loại,Kinh độ,Vĩ độ\nTrường Mẫu,Trường học,105.33333,21.88888\nĐiểm Mẫu,điểm gì đó,105.23333,21.78888\n")
    p.inputs["facilities"] = "facilities.csv"
    return None


@way("road_is_a_point")
def _(p: MadeUpProject) -> Check | None:
    line = shapely.LineString([(105.1, 21.8), (105.2, 21.9)])
    frame = gpd.GeoDataFrame({"name": ["Đường Mẫu", "Điểm"], "highway": ["primary", "primary"]},
                             geometry=[line, shapely.Point(105.2, 21.8)], crs=4326)  # fmt: skip
    frame.to_file(p.folder / "roads.gpkg", driver="GPKG")
    p.inputs["roads"] = "roads.gpkg"
    return None


@way("road_layer_elsewhere")
def _(p: MadeUpProject) -> Check | None:
    line = shapely.LineString([(8.1, 46.8), (8.2, 46.9)])
    gpd.GeoDataFrame({"name": ["Đường Mẫu"], "highway": ["primary"]}, geometry=[line], crs=4326).to_file(
        p.folder / "roads.gpkg", driver="GPKG"
    )
    p.inputs["roads"] = "roads.gpkg"
    return None


@way("building_broken")
def _(p: MadeUpProject) -> Check | None:
    bow = shapely.Polygon([(105.1, 21.8), (105.101, 21.801), (105.101, 21.8), (105.1, 21.801), (105.1, 21.8)])
    whole = shapely.box(105.2, 21.8, 105.2002, 21.8002)
    gpd.GeoDataFrame({"id": [1, 2, 3]}, geometry=[bow, whole, None], crs=4326).to_file(p.folder / "b.gpkg", driver="GPKG")
    p.inputs["buildings"] = "b.gpkg"
    return None
