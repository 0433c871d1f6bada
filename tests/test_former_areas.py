"""Former communes: every one of the list, and misspelt ones: right, several or none, never wrong without saying so."""

from __future__ import annotations

import datetime as dt
import importlib.util
import io
import os
import random
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

from geo.areas import AreaIndex
from geo.former_areas import FormerMatch, Matched
from geo.io.named_areas import state_named_areas
from geo.io.resources import former_areas, issue_catalogue, load_table
from geo.io.tables import Table
from geo.io.unplaced import rows_without_place
from geo.report.issues import issues_workbook
from geo.text import fold_unit_name, same_unit_name
from geo.validation import IssueLog, Source
from tests.misspelt import WAYS
from tests.reference.former_communes import tables

FORMER = former_areas()
EVERY = range(len(FORMER))


def labels(match: FormerMatch) -> list[str]:
    return [FORMER.label(p) for p in match.places]


def now(place: int) -> tuple[str, ...]:
    return (FORMER.today_provinces[FORMER.today[place][0]],)


def judged(place: int, match: FormerMatch) -> str:
    if not match.places:
        return "none"
    if place not in match.places:
        return "wrong"
    return "right" if len(match.places) == 1 else "several"


def test_the_list_is_whole():
    assert len(FORMER) == 10_040
    assert len(set(FORMER.provinces)) == 63
    assert len({code for codes in FORMER.today for code in codes}) == len(FORMER.today_names) == 3_321
    assert len(set(FORMER.today_provinces.values())) == 34
    assert sum(not code for code in FORMER.codes) == 5  # island districts without communes
    assert Counter(len(codes) for codes in FORMER.today) == {1: 9_598, 2: 370, 3: 56, 4: 15, 5: 1}


def test_every_former_commune_is_found():
    asked = {
        "code": [judged(i, FORMER.by_code(FORMER.codes[i])) for i in EVERY if FORMER.codes[i]],
        "district and former province": [judged(i, FORMER.find(FORMER.names[i], FORMER.districts[i], FORMER.provinces[i])) for i in EVERY],
        "district and today's province": [judged(i, FORMER.find(FORMER.names[i], FORMER.districts[i], "", now(i))) for i in EVERY],
        "former province": [judged(i, FORMER.find(FORMER.names[i], "", FORMER.provinces[i])) for i in EVERY],
        "today's province": [judged(i, FORMER.find(FORMER.names[i], "", "", now(i))) for i in EVERY],
    }
    counted = {way: Counter(answers) for way, answers in asked.items()}
    assert counted["code"] == {"right": 10_035}
    assert counted["district and former province"] == {"right": 10_040}
    assert counted["district and today's province"] == {"right": 10_036, "several": 4}  # "Châu Thành" and its like
    assert counted["former province"] == {"right": 9_505, "several": 535}
    assert counted["today's province"] == {"right": 9_329, "several": 711}


@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_hundred_misspelt_ones_of_each_kind(way):
    rng = random.Random(f"{way} 2026")
    with_district, without = Counter(), Counter()
    for place in rng.sample(list(EVERY), 100):
        came = WAYS[way](FORMER.names[place], rng)
        with_district[judged(place, FORMER.find(came, FORMER.districts[place], FORMER.provinces[place]))] += 1
        without[judged(place, FORMER.find(came, "", "", now(place)))] += 1
    # Wrong is only what is another real name letter by letter ("Nga Thanh" and "Nga Thành" lie in one district).
    assert with_district["wrong"] <= 1, with_district
    assert without["wrong"] <= 2, without
    assert with_district["right"] >= 85
    assert without["right"] >= 70


@pytest.mark.parametrize(
    ("name", "district", "province", "found", "how"),
    [
        ("X. Hoà Bình", "", "Tỉnh Hưng Yên", None, Matched.NAME),
        ("P.Phúc Xá", "Ba Đình", "Hà Nội", ["Phường Phúc Xá, Quận Ba Đình, Thành phố Hà Nội"], Matched.NAME),
        ("tt Mường Khến", "Tân Lạc", "Hoà Bình", ["Thị trấn Mãn Đức, Huyện Tân Lạc, Tỉnh Hoà Bình"], Matched.NONE),
        ("phuc xa", "", "hanoi", None, Matched.ACCENTS),
        ("Phường 03", "Quận 3", "TP Hồ Chí Minh", ["Phường 3, Quận 3, Thành phố Hồ Chí Minh"], Matched.NAME),
        ("Xa Dung", "Điện Biên Đông", "Điện Biên", ["Xã Xa Dung, Huyện Điện Biên Đông, Tỉnh Điện Biên"], Matched.NAME),
        ("Xã Trung Lí", "Mường Lát", "Thanh Hóa", ["Xã Trung Lý, Huyện Mường Lát, Tỉnh Thanh Hóa"], Matched.NAME),
        ("Xã Trugn Lý", "Mường Lát", "Thanh Hóa", ["Xã Trung Lý, Huyện Mường Lát, Tỉnh Thanh Hóa"], Matched.SPELLING),
        ("Xã Trung Lý", "Mường Lat", "Thanh Hóa", ["Xã Trung Lý, Huyện Mường Lát, Tỉnh Thanh Hóa"], Matched.NAME),
        ("", "Mường Lát", "Thanh Hóa", [], Matched.NONE),
        ("Xã Không Có Đâu", "", "", [], Matched.NONE),
    ],
)
def test_spellings(name, district, province, found, how):
    match = FORMER.find(name, district, province)
    if how is Matched.NONE:
        assert match.how is how or labels(match) == found
    else:
        assert match.how is how
        if found is not None:
            assert labels(match) == found


def test_a_name_with_a_wrong_accent_that_another_name_nearly_is_means_both():
    # "Tân Hành": "Tân Hạnh" with a wrong tone, or "Tân Thành" with a letter lost.
    match = FORMER.find("Xã Tân Hành", "", "", ("75",))
    assert {FORMER.names[p] for p in match.places} >= {"Phường Tân Hạnh", "Xã Tân Thành"}


def test_a_name_that_another_one_differs_from_by_accents_only_names_it():
    """What is another's name letter by letter is not read as that without a word."""
    match = FORMER.find("Xã Tân Thanh", "", "", ("08",))
    others = ["Xã Tân Thành, Huyện Bắc Quang, Tỉnh Hà Giang", "Xã Tân Thành, Huyện Hàm Yên, Tỉnh Tuyên Quang"]
    assert (match.how, labels(match)) == (Matched.NAME, ["Xã Tân Thanh, Huyện Sơn Dương, Tỉnh Tuyên Quang"])
    assert sorted(FORMER.label(p) for p in match.near) == others
    assert FORMER.find("Xã Tân Thanh", "Sơn Dương", "", ("08",)).near == ()  # the district says which
    assert FORMER.find("Xã Tân Thành", "Hàm Yên", "", ("08",)).near == ()
    nga = FORMER.find("Xã Nga Thanh", "Nga Sơn", "Thanh Hóa")  # here it does not: both lie in it
    assert [FORMER.names[p] for p in nga.near] == ["Xã Nga Thành"]
    assert FORMER.find("Phường Tân Thanh", "", "", ("08",)).how is not Matched.NAME  # another type: told by its step


def test_every_misspelt_one_is_right_or_says_that_it_may_be_another():
    """A tenth of all, by name and today's province: an accent or all of them lost."""
    for way in ("one accent lost", "no accents", "the other place of the tone"):
        rng = random.Random(f"{way} silence")
        for place in rng.sample(list(EVERY), 1_000):
            match = FORMER.find(WAYS[way](FORMER.names[place], rng), "", "", now(place))
            assert not match.places or place in match.places or place in match.near or match.how in {Matched.ACCENTS, Matched.SPELLING}


def test_a_commune_chosen_by_its_accents_alone_is_stated_with_the_others():
    became = {n: next(FORMER.today[i][0] for i in EVERY if FORMER.label(i) == n) for n in (
        "Xã Tân Thanh, Huyện Sơn Dương, Tỉnh Tuyên Quang", "Xã Tân Thành, Huyện Bắc Quang, Tỉnh Hà Giang")}  # fmt: skip
    area = made_up(*((c, FORMER.today_names[c], "08") for c in became.values()))
    rows = pd.DataFrame(
        {"commune_name": ["Xã Tân Thanh"] * 4, "district_name": ["", "", "", "Sơn Dương"], "lon": [np.nan, 105.5, 106.5, np.nan], "lat": [21.5] * 4}, index=[2, 3, 4, 5]
    )
    log = IssueLog(issue_catalogue())
    state_named_areas(Table(Source("tram.xlsx", "BTS"), rows, {"commune_name": "Xã"}, 4), rows, area, ("08",), log)
    (said,) = [f for f in log if f.kind.code == "former_area_accents"]
    # A position in the commune of that name confirms it (row 3); one in another's, or none, does not.
    assert list(said.rows) == [2, 4]
    assert "Xã Tân Thành, Huyện Bắc Quang" in said.came[0]
    assert "differs by accents only" in said.title.en
    book = openpyxl.load_workbook(io.BytesIO(issues_workbook(log, created=dt.date(2026, 11, 1), title="Thử")))
    (line, other) = list(book["Xã cũ - Former communes"].iter_rows(min_row=2, values_only=True))
    assert [("Xã Tân Thành, Huyện Bắc Quang" in str(x[9]), x[3]) for x in (line, other)] == [(True, 2), (False, 1)]


def test_today_s_name_that_a_former_one_differs_from_by_accents_only_names_it():
    today = next(
        (c, n) for c, n in FORMER.today_names.items() if not n.isascii()
        for m in [FORMER.find(n, "", "", (FORMER.today_provinces[c],))] if m.near and m.how is Matched.NAME and set(FORMER.today_of(m)) == {c}
    )  # fmt: skip
    area = made_up((*today, FORMER.today_provinces[today[0]]))
    meant = area.meant("", today[1])
    assert (meant.units, meant.match.places) == ({0}, ())
    assert meant.near


def test_a_former_name_that_another_one_differs_from_by_accents_only_may_mean_both():
    place, match = next(
        (i, m) for i in EVERY
        for m in [FORMER.find(FORMER.names[i], "", "", now(i))]
        if len(m.near) == len(m.places) == 1 and len(FORMER.today_of(m)) == 1 and not {*FORMER.today_of(m)} & {*FORMER.today[m.near[0]]}
        and not any(same_unit_name(FORMER.names[i], n) for n in FORMER.today_names.values())
    )  # fmt: skip
    codes = [FORMER.today[place][0], FORMER.today[match.near[0]][0]]
    area = made_up(*((c, FORMER.today_names[c], FORMER.today_provinces[c]) for c in codes))
    meant = area.meant("", FORMER.names[place])
    assert (meant.units, meant.match.places, meant.near) == ({0}, (place,), match.near)
    assert area.units_near(meant) == {1}
    rows = pd.DataFrame(
        {"commune_name": [FORMER.names[place]], "site_id": ["T1"], "operator": ["X"], "technologies": ["4G"], "status": ["on_air"], "file": "", "sheet": ""}, index=[2]
    )
    context = SimpleNamespace(area=area, provinces=())
    # A site without coordinates may stand in either.
    assert set(rows_without_place(rows, (), context).commune_codes[0].split(";")) == set(codes)


def made_up(*communes: tuple[str, str, str]) -> AreaIndex:
    """Squares side by side that bear today's codes and names."""
    frame = gpd.GeoDataFrame(
        {
            "commune_code": [c for c, _, _ in communes], "commune_name": [n for _, n, _ in communes],
            "province_code": [p for _, _, p in communes], "province_name": "",
        },
        geometry=[shapely.box(105 + i, 21, 106 + i, 22) for i in range(len(communes))], crs=4326,
    )  # fmt: skip
    return AreaIndex(frame, former=FORMER)


def test_a_code_of_both_times_goes_by_the_row_s_name():
    # 00004 was Phường Trúc Bạch, and is Phường Ba Đình today; most of the former went there.
    area = made_up(("00004", "Phường Ba Đình", "01"), ("00070", "Phường Hoàn Kiếm", "01"), ("00097", "Phường Hồng Hà", "01"))
    assert area.meant("00004", "Phường Ba Đình").units == {0}
    assert area.meant("00004", "").units == {0}
    assert area.meant("00004", "Phường Trúc Bạch").units == {0}
    assert area.meant("00001", "").units == {2}  # Phường Phúc Xá went to Hồng Hà
    assert area.meant("1", "").units == {2}
    assert area.meant("", "Phúc Xá", (), "Quận Ba Đình").units == {2}
    assert area.meant("", "Phúc Xá").match.how is Matched.NAME


def test_a_column_s_other_codes_say_of_which_time_a_code_is():
    # A code of both times; the former commune that bore it was divided.
    code = next(c for c in FORMER.today_names if len(FORMER.today_of(FORMER.by_code(c))) > 1)
    former = FORMER.today_of(FORMER.by_code(code))
    gone = next(c for c in FORMER.codes if c and c not in FORMER.today_names and FORMER.today_of(FORMER.by_code(c)) == former[:1])
    area = made_up(*((c, FORMER.today_names[c], FORMER.today_provinces[c]) for c in former))
    assert not area.has_former_codes([code, *former])
    assert area.has_former_codes([code, gone])
    assert area.meant(code, "").units == {list(area.codes).index(code)}
    assert area.meant(code, "").match.places == ()
    assert area.meant(code, "", former_codes=True).units == set(range(len(former)))


def test_a_commune_numbered_otherwise_is_found_by_its_name():
    area = made_up(("06978", "Xã Ba Chẽ", "22"), ("99999", "Xã Khác", "22"))
    assert area.meant("06970", "", ("22",)).units == {0}  # the package's own number for Ba Chẽ is 06970
    assert area.meant("", "Thị trấn Ba Chẽ", ("22",), "Huyện Ba Chẽ").units == {0}


def test_what_was_matched_how_is_stated_and_has_a_sheet():
    area = made_up(("00829", "Xã Thắng Mố", "08"), ("00859", "Xã Ngọc Long", "08"))
    rows = pd.DataFrame(
        {"commune_name": ["Xã Sủng Cháng", "Xã Sủng Chnág", "Xã Ngọc Long", "Xã Thắng Mố"], "district_name": ["Yên Minh"] * 3 + [""],
         "lon": [105.5, 105.5, 106.5, 105.5], "lat": [21.5] * 4},
        index=[2, 3, 4, 5],
    )  # fmt: skip
    log = IssueLog(issue_catalogue())
    table = Table(Source("tram.xlsx", "BTS"), rows, {"commune_name": "Xã"}, 4)
    state_named_areas(table, rows, area, ("08",), log)
    assert {(f.kind.code, tuple(f.rows)) for f in log} == {("former_area_one", (2, 3, 4))}
    assert log.findings[0].came[0] == "Xã Sủng Cháng, Yên Minh → Xã Thắng Mố (00829)"
    assert [(r.rows, r.how) for r in log.areas] == [((2,), "name"), ((3,), "spelling"), ((4,), "name")]
    book = openpyxl.load_workbook(io.BytesIO(issues_workbook(log, created=dt.date(2026, 11, 1), title="Thử")))
    lines = list(book["Xã cũ - Former communes"].iter_rows(min_row=2, values_only=True))
    assert len(lines) == 3
    assert lines[0][2] == "4"
    assert "Xã Ngọc Long, Huyện Yên Minh, Tỉnh Hà Giang" in lines[0]


def test_a_former_province_is_the_one_it_became():
    area = made_up(("00829", "Xã Thắng Mố", "08"))
    area_named = AreaIndex(
        gpd.GeoDataFrame(
            {"commune_code": ["00829"], "commune_name": ["Xã Thắng Mố"], "province_code": ["08"], "province_name": ["Tuyên Quang"]},
            geometry=[shapely.box(105, 21, 106, 22)], crs=4326,
        ),
        former=FORMER,
    )  # fmt: skip
    assert area_named.province_meant("Hà Giang") == "08"
    assert area_named.province_meant("Tỉnh Tuyên Quang") == "08"
    assert area_named.province_meant("Nghệ An") == ""
    assert area.province_codes == ("08",)


def test_the_boundaries_agree_with_the_list(shared_dir):
    """The public boundaries have the same communes but for one code, and the former ones lie in what they became."""
    units = gpd.read_parquet(shared_dir / "data" / "vietnam" / "communes.parquet")
    codes = dict(zip(units["code"].astype(str), units["fullName"], strict=True))
    assert set(codes) ^ set(FORMER.today_names) == {"06970", "06978"}
    assert all(same_unit_name(codes[c], n) for c, n in FORMER.today_names.items() if c in codes)
    points = pd.read_csv(shared_dir / "data" / "vietnam" / "legacy_commune_points.csv", dtype=str).dropna(subset=["wardCode", "wardLat"])
    places = gpd.GeoDataFrame(points, geometry=gpd.points_from_xy(points["wardLon"].astype(float), points["wardLat"].astype(float)), crs=4326)
    joined = places.sjoin(units[["code", "geometry"]], predicate="intersects").drop_duplicates("wardCode")
    became = [set(FORMER.today_of(FORMER.by_code(c))) for c in joined["wardCode"]]
    inside = sum(c in b or (c == "06978" and "06970" in b) for c, b in zip(joined["code"], became, strict=True))
    assert inside >= 0.96 * len(points)  # the points themselves are some 3 % misplaced


def test_what_a_divided_commune_became_lies_together(shared_dir):
    """Two communes of one name in a province of today are not divided between what either became."""
    units = gpd.read_parquet(shared_dir / "data" / "vietnam" / "communes.parquet")
    shapes = dict(zip(units["code"].astype(str).replace({"06978": "06970"}), units.geometry, strict=True))
    apart = [
        FORMER.codes[i]
        for i in EVERY
        if len(codes := FORMER.today[i]) > 1
        and any(min(shapes[c].distance(shapes[o]) for o in codes if o != c) > 0.01 for c in codes)
    ]
    assert apart == ["12004"]  # Đình Dù: the decree's list, too, names it under both


def test_the_decrees_lists_agree(shared_dir):
    """A second public list says for each commune of today what was merged: it names the former ones, but for its own mistakes."""
    frame = pd.read_csv(shared_dir / "data" / "vietnam" / "commune_population.csv", dtype=str)
    named: dict[str, str] = {r.code: f" {fold_unit_name(r.merged_from)} " for r in frame.dropna(subset=["merged_from"]).itertuples()}
    named["06970"] = named.get("06978", "")
    agree = total = 0
    for place in EVERY:
        for code in FORMER.today[place]:
            if code in named and FORMER.codes[place] and "giu nguyen" not in named[code]:  # "kept as it was"
                total += 1
                agree += f" {fold_unit_name(FORMER.names[place])} " in named[code]
    assert total > 10_000
    # Of the rest 7 are two rows that this list has exchanged (Thắng Mố, Pà Vầy Sủ: the boundaries say so), 4 communes of an island
    # district that it names as a whole, 2 that it leaves out (Thượng Bình, Trung Môn), 23 names of the minorities spelt otherwise.
    assert total - agree == 36


def test_the_files_are_the_package_s(request):
    """Where the package's data are at hand (``VUNGPHU_UNITS`` names the folder, or it is installed), they give these files."""


    spec = importlib.util.find_spec("vietnamadminunits")
    folder = os.environ.get("VUNGPHU_UNITS") or (str(Path(str(spec.origin)).parent) if spec else "")
    if not folder:
        pytest.skip("the data of the package vietnamadminunits are not at hand (VUNGPHU_UNITS)")
    made = tables(Path(folder))
    for name, text in made.items():
        assert load_table(f"areas/{name}").to_csv(index=False, lineterminator="\n") == text
