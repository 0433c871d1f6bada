"""The atlas and the leader's page: figures are those of the tables, what is missing is said, nothing breaks them."""

from __future__ import annotations

import dataclasses
import io
import re
import sys
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pypdf
import pytest
import shapely

from geo.errors import Bilingual, InputError
from geo.grid import Grid
from geo.io.resources import load_toml
from geo.mapping import AreaLayer, DataSource, MapContent
from geo.mapping.labels import count_text, share_text
from geo.mapping.palette import palette
from geo.report.atlas import Atlas, build_atlas
from geo.report.leader import build_summary
from geo.report.paper import Sheet
from geo.report.plate import Plate, Window, state_pixels
from geo.report.printed import Printed

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "mapping"))
from hostile import WAYS
from made_up_province import make_content

STATES = ("served", "unserved", "uncertain", "unknown")
KEPT = 3


@pytest.fixture(scope="module")
def content() -> MapContent:
    """Three communes of the made-up province, its figures whole."""
    whole = make_content()
    assert whole.communes is not None
    assert whole.villages is not None
    communes = whole.communes.iloc[[0, 3, 29]].reset_index(drop=True)
    return dataclasses.replace(whole, communes=communes, villages=whole.villages[whole.villages["commune_code"].isin(communes["commune_code"])].assign(population=120.0))


@pytest.fixture(scope="module")
def printed(content: MapContent) -> Printed:
    plans = pd.DataFrame({
        "line_id": ["L1", "L2"], "operator": "Mạng Đỏ", "year": [2027, 2027], "action": ["build", "share"], "commune_code": ["90001", "90004"], "mast_class": ["A2b", None],
        "population_gained": [37, 0], "population_from_unserved": [12, 0], "villages_gained": [1, 0], "dead_zones_served": [None, None], "remark": ["nobody_new", None],
    })  # fmt: skip
    left = pd.DataFrame({"kind": ["village", "dead_zone"], "proposed_to": ["operator", "budget"], "population_left": [55.0, None]})
    people = dict(zip(("state", "zones"), content.people, strict=False))
    return Printed(content=content, totals={"population": 6543, "population_served_share": 0.5}, people=people, plans=plans, remainder=left)


@pytest.fixture(scope="module")
def pages(printed: Printed) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(build_atlas(printed, paper="A3"))).pages]


def flat(text: str) -> str:
    return " ".join(text.split())


def test_words_are_there_in_both_languages_with_the_same_fields() -> None:
    for section, entries in load_toml("strings/print.toml").items():
        for name, entry in entries.items():
            assert set(entry) == {"vi", "en"}, (section, name)
            assert sorted(re.findall(r"{\w+}", entry["vi"])) == sorted(re.findall(r"{\w+}", entry["en"])), (section, name)
            assert entry["vi"].strip()
            assert entry["en"].strip()


def test_a_page_per_commune_with_the_figures_of_its_table(content: MapContent, pages: list[str]) -> None:
    assert content.communes is not None
    found = [flat(page) for page in pages if "dòng 9" in flat(page)]
    assert len(found) == KEPT
    for page, (_, row) in zip(found, content.communes.iterrows(), strict=True):
        assert f"{row['commune_name']} (mã {row['commune_code']})" in page
        assert f"Như trong tables/communes.csv, dòng {row['commune_code']}." in page
        shown = re.search(r"Dân số \(người\) (\S+) Diện tích", page)
        assert shown is not None
        people = row["population"]
        assert shown[1] == ("–" if np.isnan(people) else count_text(people).vi)
        for state, name in zip(STATES, ("Có sóng", "Chưa có sóng", "Chưa chắc chắn", "Chưa có dữ liệu"), strict=True):
            share = row[f"population_{state}_share"]
            wanted = "–" if np.isnan(share) else share_text(share).vi
            assert f"{name} {wanted}" in page, (name, wanted)
        for column, name in (("villages", "Thôn, bản"), ("villages_white", "– trắng sóng"), ("villages_weak", "– lõm sóng"), ("villages_undecided", "– chưa đủ căn cứ")):
            assert f"{name} {row[column]}" in page


def test_every_map_names_scale_grid_system_dates_version_and_marks_made_up_data(pages: list[str]) -> None:
    for page in map(flat, pages):
        assert "DỮ LIỆU GIẢ ĐỊNH" in page
        assert "Số liệu tính cho ngày 01/11/2026" in page
        assert "vungphu 0.1.0" in page
    for page in (flat(p) for p in pages if "Tỷ lệ" in p):
        assert re.search(r"Tỷ lệ 1:[\d.]+ \(khi in đúng khổ A3\)", page)
        assert "VN-2000 TM-3 105°45' (EPSG:9210)" in page
        assert "Quần đảo Hoàng Sa" in page
        assert "Quần đảo Trường Sa" in page
        assert "NGƯỜI LẬP" in page
        assert "LÃNH ĐẠO DUYỆT" in page
        assert "Bản nội bộ (có vị trí trạm)" in page
    assert sum("Tỷ lệ" in page for page in pages) == 1 + KEPT


def test_the_same_bytes_twice_and_another_paper(printed: Printed) -> None:
    small = build_atlas(printed, paper="A4")
    assert small == build_atlas(printed, paper="A4")
    reader = pypdf.PdfReader(io.BytesIO(small))
    assert "khi in đúng khổ A4" in flat(reader.pages[0].extract_text())
    assert [round(float(v) / 72 * 25.4) for v in reader.pages[-1].mediabox[2:]] == [297, 210]
    fonts = {str(font.get_object()["/BaseFont"]): font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()}
    assert fonts
    assert all("/FontFile2" in font["/FontDescriptor"] for font in fonts.values())
    with pytest.raises(InputError, match="A5"):
        Atlas(printed, "A5")


def test_tables_of_the_whole_area(content: MapContent, pages: list[str]) -> None:
    text = flat(" ".join(pages))
    assert "không xếp được" in text, "the commune without people has no rank"
    assert "L1 Mạng Đỏ 2027 xây mới" in text
    zones = next(a for a in content.areas if a.kind == "zone")
    assert all(str(zone) in text for zone in zones.frame["dead_zone_id"])
    assert "99-2026-000" in text, "changes of the register"
    assert "6.543" in text


def test_what_a_run_lacks_is_said_in_a_sentence(content: MapContent) -> None:
    bare = dataclasses.replace(content, areas=(), villages=None, sites=None, roads=None, coverage=(), all_operators=(), people=(), measurements=(), model=None)
    text = flat(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(build_atlas(Printed(content=bare), paper="A3"))).pages))
    for sentence in (
        "chưa lập danh sách vùng lõm", "chạy compare_reviews.py", "chưa có kế hoạch doanh nghiệp", "không có danh sách thôn, bản", "không có lớp phủ sóng",
        "provinces.csv", "Không dùng mẫu đo nào",
    ):  # fmt: skip
        assert sentence in text, sentence
    assert "Bản nội bộ" not in text
    summary = flat(pypdf.PdfReader(io.BytesIO(build_summary(Printed(content=bare)))).pages[0].extract_text())
    for sentence in ("Không có danh sách thôn, bản", "Chưa lập danh sách vùng lõm", "chưa có sổ theo dõi", "Yêu cầu doanh nghiệp gửi kế hoạch"):
        assert sentence in summary, sentence
    nowhere = dataclasses.replace(bare, communes=None)
    assert len(pypdf.PdfReader(io.BytesIO(build_atlas(Printed(content=nowhere), paper="A3"))).pages) >= 5


def test_the_leaders_page(content: MapContent, printed: Printed) -> None:
    made = build_summary(printed)
    assert made == build_summary(printed)
    first, second = (flat(page.extract_text()) for page in pypdf.PdfReader(io.BytesIO(made)).pages)
    assert content.villages is not None
    counts = content.villages["class"].value_counts()
    for name, vi, en in (("white", "trắng sóng", "white"), ("weak", "lõm sóng", "weak"), ("undecided", "chưa đủ căn cứ", "undecided")):
        assert f"{counts.get(name, 0)} {vi}" in first
        assert f"{counts.get(name, 0)} {en}" in second
    assert "(khoảng 90 %) 900 1.043 1.100" in first
    assert "0 vùng đã quá hạn; 1 vùng đến hạn trong 365 ngày tới (sớm nhất 31/12/2026); 7 vùng không có thời hạn." in first
    later = Printed(content=dataclasses.replace(content, date=date(2027, 1, 15)))
    late = flat(pypdf.PdfReader(io.BytesIO(build_summary(later))).pages[0].extract_text())
    assert "1 vùng đã quá hạn; 0 vùng đến hạn trong 365 ngày tới; 7 vùng" in late
    assert "1 vùng quá hạn" in first, "of the register"
    assert "Trong 2 dòng doanh nghiệp đăng ký, 1 dòng có thêm người được phủ, trong đó 1 dòng có nơi được kết luận chưa có sóng (dự báo); 1 dòng" in first
    undecided = dataclasses.replace(printed, plans=printed.plans.assign(population_from_unserved=0))  # type: ignore[union-attr]
    assert "trong đó 0 dòng có nơi được kết luận" in flat(pypdf.PdfReader(io.BytesIO(build_summary(undecided))).pages[0].extract_text())
    assert "Sau đăng ký của doanh nghiệp còn 1 thôn và 1 vùng" in first
    zones = next(a for a in content.areas if a.kind == "zone").frame
    order = zones.sort_values("priority", ascending=False)["dead_zone_id"].tolist()
    assert re.findall(r"[a-z0-9_]+-\d{5}-\d{3}", first)[: len(order)] == order


def test_hostile_texts_break_nothing_and_are_shown(content: MapContent) -> None:
    ways = list(WAYS.values())

    def some(frame: pd.DataFrame, start: int) -> pd.Series:
        return pd.Series([ways[(i + start) % len(ways)] for i in range(len(frame))], index=frame.index, dtype=object)

    assert content.communes is not None
    assert content.villages is not None
    communes = content.communes.assign(commune_name=some(content.communes, ways.index(WAYS["lone surrogate"])))
    villages = content.villages.assign(village_name=some(content.villages, 0))
    areas = []
    for area in content.areas:
        frame = area.frame.copy()
        frame[{"zone": "dead_zone_id", "claim": "disagreement_id", "change": "register_id"}[area.kind]] = some(frame, 11)
        for column in {"reason", "evidence", "remark_vi", "operators_missing"} & set(frame.columns):
            frame[column] = some(frame, 23)
        areas.append(AreaLayer(area.kind, frame, area.operator, area.technology))
    hostile = dataclasses.replace(
        content, communes=communes, villages=villages, areas=tuple(areas), title="".join(ways), notices=tuple(Bilingual(way, way) for way in ways),
        sources=tuple(DataSource(way, 1) for way in ways),
    )  # fmt: skip
    for made in (build_atlas(Printed(content=hostile), paper="A4"), build_summary(Printed(content=hostile))):
        reader = pypdf.PdfReader(io.BytesIO(made))
        text = flat(" ".join(page.extract_text() for page in reader.pages))
        assert "[?×" in text
        assert "không có trong phông chữ in" in text
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", text)
        assert b"/JavaScript" not in made
        assert b"/URI" not in made
        assert "<script>window.ran=1</script>" in text


def test_cells_are_drawn_where_they_lie() -> None:
    """A grid of 3 by 3 cells of 100 m, one mm each: the colours come out in their places, what is outside is white."""
    state = np.array([[1, 2, 3], [4, 5, 6], [0, 1, 2]], dtype=np.uint8)
    grid = Grid(9210, 500_000.0, 2_000_300.0, 100.0, 3, 3)
    pixels = state_pixels(state, grid, (499_900.0, 2_000_000.0, 500_300.0, 2_000_300.0), 100.0, palette())
    per_mm = pixels.shape[0] // 3
    assert pixels.shape == (3 * per_mm, 4 * per_mm, 3)
    assert (pixels[:, :per_mm] == 255).all(), "west of the grid"
    assert (pixels[2 * per_mm :, per_mm : 2 * per_mm] == 255).all(), "outside the area"
    cells = pixels[per_mm // 2 :: per_mm, per_mm + per_mm // 2 :: per_mm]
    assert (cells[0, 0] == cells[2, 1]).all()
    assert (cells[0, 1] == cells[2, 2]).all()
    assert len({tuple(map(int, cells[r, c])) for r, c in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0))}) == 5


@pytest.mark.parametrize(("paper", "scale"), [("A3", 50_000), ("A4", 75_000)])
def test_scales_are_those_of_the_paper(paper: str, scale: int) -> None:
    """13 km on a window of 282 mm with margins need 1:50,000 on A3; on A4 the same window is 199 mm wide."""
    sheet = Sheet.of_paper(paper, title="", language="vi", day=date(2026, 11, 1))
    plate = Plate(sheet, Window(10, 30, 282, 199), (500_000, 2_000_000, 512_500, 2_008_000))
    assert plate.scale == scale
    paper_mm = 282 * sheet.factor
    assert (plate.bounds[2] - plate.bounds[0]) == pytest.approx(paper_mm / 1000 * scale)
    (corner,) = plate.on_sheet(np.array([[plate.bounds[0], plate.bounds[3]]]))
    assert corner.tolist() == pytest.approx([10, 30])
    ring = plate.rings(shapely.box(500_000, 2_000_000, 500_000 + plate.metre_mm, 2_000_000 + 2 * plate.metre_mm))[0]
    assert np.ptp(ring, axis=0).tolist() == pytest.approx([1, 2])


def test_a_commune_without_a_shape_has_its_page(content: MapContent) -> None:
    assert content.communes is not None
    communes = gpd.GeoDataFrame(content.communes.drop(columns="geometry"), geometry=[None, *content.communes.geometry[1:]], crs=4326)
    made = build_atlas(Printed(content=dataclasses.replace(content, communes=communes)), paper="A4")
    text = flat(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made)).pages))
    assert text.count("không có hình của xã này") == 1
