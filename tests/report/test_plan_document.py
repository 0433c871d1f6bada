"""The draft of the plan: status quo beside planned, what is missing in a sentence, no text more than text."""

from __future__ import annotations

import io
import sys
import zipfile
from datetime import date
from pathlib import Path

import pandas as pd
from docx import Document

from geo.io.documents import DocumentTable, DocumentText, document_bytes
from geo.mapping import MapContent
from geo.report.plan_document import build_plan
from geo.report.printed import Printed

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "mapping"))
from hostile import WAYS

CLASSES = ("a1a", "a1b", "a2a", "a2b", "a2c", "class_unknown")


def content(language: str = "vi") -> MapContent:
    return MapContent(title="Tỉnh Thử (giả định)", project_name="Thử", version="0.1.0", date=date(2026, 11, 1), made_up=True, language=language)  # type: ignore[arg-type]


def inventory() -> pd.DataFrame:
    rows = [{"commune_code": "99001", "commune_name": "Xã Thử 1"}, {"commune_code": "total", "commune_name": ""}]
    for k, row in enumerate(rows):
        for j, name in enumerate(CLASSES):
            row |= {f"masts_{name}": 10 * k + j, f"masts_{name}_planned": 100 + j}  # type: ignore[dict-item]
        row |= {"masts": 15 + 60 * k, "masts_planned": None}  # type: ignore[dict-item]
    return pd.DataFrame(rows)


def cells(table: object) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in table.rows]  # type: ignore[attr-defined]


def test_status_quo_stands_beside_planned() -> None:
    made = build_plan(Printed(content=content(), inventory=inventory()))
    assert made == build_plan(Printed(content=content(), inventory=inventory()))
    document = Document(io.BytesIO(made))
    table = next(t for t in document.tables if len(t.columns) == 16)
    shown = cells(table)
    assert shown[0][:4] == ["TT", "Đơn vị hành chính", "A1a", "A1a"]
    assert shown[1][:6] == ["TT", "Đơn vị hành chính", "HT", "QH", "HT", "QH"]
    assert shown[2] == ["1", "Xã Thử 1", "0", "100", "1", "101", "2", "102", "3", "103", "4", "104", "5", "105", "15", "–"]
    assert shown[3][:4] == ["", "Toàn địa bàn", "10", "100"]
    text = "\n".join(p.text for p in document.paragraphs)
    assert text.count("chưa lập được bảng") == 4, "ducts, poles, hung cable and service points were not given"
    for sentence in ("DỮ LIỆU GIẢ ĐỊNH", "DỰ THẢO", "Chưa có đăng ký của doanh nghiệp", "Không có cụm cột nào", "Chưa tính phần còn lại", "điền căn cứ pháp lý"):
        assert sentence in text, sentence
    assert cells(document.tables[-1])[0] == ["NGƯỜI LẬP", "LÃNH ĐẠO DUYỆT"]
    assert document.core_properties.author == ""
    assert document.core_properties.modified.date() == date(2026, 11, 1)
    with zipfile.ZipFile(io.BytesIO(made)) as packed:
        assert {entry.date_time for entry in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_lines_sharing_and_remainder() -> None:
    plans = pd.DataFrame({
        "line_id": ["L1"], "operator": "Mạng A", "year": [2027], "action": ["build"], "commune_code": ["99001"], "lon": [105.123456], "lat": [22.0], "mast_class": ["A2b"],
        "height_m": [36.0], "population_gained": [103], "population_from_unserved": [40], "remark": ["must_share"],
    })  # fmt: skip
    sharing = pd.DataFrame({"cluster_id": ["C1"], "commune_code": ["99001"], "operators": ["Mạng A; Mạng B"], "distance_m": [41.3], "keep_mast_id": ["A1"], "removable_mast_ids": ["B1"], "saving_vnd": [None], "masts_saved": [1], "moving_vnd": [120_000_000]})  # fmt: skip
    left = pd.DataFrame({"remainder_id": ["V1"], "name": ["Bản Thử"], "commune_code": ["99001"], "class": ["white"], "population_left": [165.0], "proposed_to": ["budget"], "reason": ["no_mast_near"]})  # fmt: skip
    rates = pd.DataFrame({"operator": ["", "Mạng A"], "sites": [247, 94], "sites_shared": [78, 31], "shared_share": [0.3158, 0.33], "shared_share_after": [0.5101, 0.49], "masts": [205, 94], "masts_listed": [204, 93], "masts_unlisted": [1, 1], "target_low": 0.2, "target_high": 0.25})
    document = Document(io.BytesIO(build_plan(Printed(content=content("en"), plans=plans, sharing=sharing, sharing_rates=rates, remainder=left))))
    lines, shared, rest = (cells(table)[1] for table in document.tables[1:4])
    assert lines[:12] == ["1", "L1", "Mạng A", "2027", "build", "99001", "105.12346", "22.00000", "A2b", "36", "103", "40"]
    assert "must be shared" in lines[12]
    assert shared == ["1", "C1", "99001", "Mạng A; Mạng B", "41", "A1", "B1", "–"]
    text = "\n".join(p.text for p in document.paragraphs)
    assert "1 masts could go; – saved per year; 120,000,000 đồng for moving, once." in text, "a sum with an unknown part is not known"
    assert "78 of 247 sites (31.6" in text
    assert "205 masts stand in the area: 204 of the inventory (which Table 1 counts), 1 told by" in text
    assert "was not computed" in text
    assert rest[:2] == ["1", "Bản Thử"]
    assert rest[4] == "165"


def test_sites_and_streets_stand_beside_what_stands() -> None:
    planned = pd.DataFrame({
        "year": [2027, 2027, 2028], "action": ["build", "share", "build"], "source": ["operator_plan", "proposed", "proposed"], "funding": ["operator", "budget", "public_utility"],
        "site_id": ["D1", "C7", "G9"], "commune_code": ["99001", "99001", ""], "lon": 105.1, "lat": 22.0, "mast_class": "A2b", "height_m": 42.0,
        "reason": ["Mạng A đã đăng ký", "Dùng chung", "Xây mới"], "cost_low": [300e6, 300e6, 800e6], "cost_high": [500e6, 400e6, 1_200e6],
        "operators": ["Mạng A", "Mạng B", "Mạng A; Mạng B"], "population_gained": [None, 20.0, 30.0], "villages_gained": [None, 1, 0], "cost_vnd": [380_000_000, 340_000_000, 900_000_000],
        "population_gained_certain": [None, 5.0, 30.0], "population_gained_uncertain": [None, 15.0, 0.0], "villages_gained_certain": [None, 0, 0],
        "villages_gained_uncertain": [None, 1, 0], "measure_first": pd.array([pd.NA, True, False], dtype="boolean"),
    })  # fmt: skip
    years = pd.DataFrame({
        "year": [2027, 2028, None], "budget_vnd": [400_000_000, 900_000_000, 1_300_000_000], "spent_vnd": [340_000_000, 900_000_000, 1_240_000_000], "sites": [1, 1, 2], "proposals": [1, 2, 3],
        "population_first_operator": [20.0, 30.0, 50.0], "villages_gained": [1, 0, 1], "population_to_4g": [0.0, 0.0, 0.0], "population_second_operator": [7.0, 0.0, 7.0], "population_third_operator": [0.0, 2.0, 2.0], "gap": [None, None, 0.0],
        "population_first_operator_certain": [5.0, 30.0, 35.0], "population_first_operator_uncertain": [15.0, 0.0, 15.0], "villages_gained_certain": [0, 0, 0],
        "villages_gained_uncertain": [1, 0, 1], "sites_measure_first": [1, 0, 1],
        "together_first_operator": [21.0, 1_033.0, 1_054.0], "together_villages": [1, 1, 2], "together_to_4g": [0.0, 3.0, 3.0],
    })  # fmt: skip
    projects = pd.DataFrame({"project_id": ["NH001"], "streets": ["Phố Một"], "commune_codes": ["99001"], "year": [2027], "length_km": [1.5], "cable_km": [None], "operators": ["Mạng A"],
                             "score": [0.5], "cost_vnd": [4_500_000_000], "unknown": ["heritage"], "remark": [""]})  # fmt: skip
    today_row = {"year": None, "projects": None, "length_km": None, "cable_km": None, "sections_tidied": None, "tidied_km": None, "cost_underground_vnd": None, "cost_tidy_vnd": None,
                 "budget_vnd": None, "underground_km": 10.0, "hung_km": None, "underground_share": None, "path_share": None, "target_share": 0.2}  # fmt: skip
    of_streets = pd.DataFrame([today_row, {**today_row, "year": 2027, "sections_tidied": 4, "cost_underground_vnd": 4_500_000_000, "cost_tidy_vnd": 650_000_000}])
    steps = {"population_to_4g": [0.0], "population_second_operator": [0.0], "population_third_operator": [0.0]}
    lines = pd.DataFrame({"line_id": ["D1"], "remark": ["nobody_new"], **steps})
    gains = pd.DataFrame({"site_id": ["C7"], "population_to_4g": [4], "population_second_operator": [7], "population_third_operator": [0], "kept_share": [0.5], "kept_share_draws": [0.4],
                          "village_ids_uncertain": ["99001-01; 99001-02"]})  # fmt: skip
    every = pd.DataFrame({"kind": ["fewest", "cheapest", "unreachable", "unreachable"], "cost_vnd": [900_000_000, 340_000_000, None, None]})
    curve = pd.DataFrame({"spent_vnd": [0, 340_000_000], "villages": [0, 3]})
    printed = Printed(
        content=content(), inventory=inventory(), planned=planned, planned_years=years, street_projects=projects, street_years=of_streets, plans=lines, planned_gains=gains,
        plan_villages=every, price_curve=curve, norm_sources=[("Quyết định thử", 2026)] * 2, measurements=pd.DataFrame({"village_id": ["99001-02", None]}),
    )  # fmt: skip
    made = Document(io.BytesIO(build_plan(printed)))
    shown = [cells(table) for table in made.tables]
    money = next(t for t in shown if t[0][1] == "Số vị trí")
    assert money[1][4:10] == ["Tổng", "kết luận chưa có sóng (dự báo)", "chưa kết luận, có thể đã có sóng"] * 2
    assert money[-1] == ["Cả kỳ", "2", "1.300.000.000", "1.240.000.000", "50", "35", "15", "1", "0", "1", "0", "7", "2"]
    beside = next(t for t in shown if "Kế hoạch này" in t[0])
    assert beside[1] == ["TT", "Đơn vị hành chính", "HT", "QH", "Xây mới", "Dùng chung", "Nâng cấp"]
    assert beside[2:] == [["1", "99001", "15", "–", "1", "1", "0"], ["", "Không rõ xã", "–", "–", "1", "0", "0"], ["", "Toàn địa bàn", "75", "–", "2", "1", "0"]]
    sites = next(t for t in shown if t[0][1:3] == ["Năm", "Việc"])
    assert sites[2] == ["1", "2027", "xây mới", "doanh nghiệp", "D1", "99001", "105,10000; 22,00000", "A2b", "42", "Mạng A", "–", "–", "–", "–", "0", "0", "0", "380"]
    assert sites[3][2] == "dùng chung (đo trước)"
    assert sites[3][10:14] == ["5", "15", "0", "1"]
    assert sites[3][14:17] == ["4", "7", "0"]
    assert sites[4][14:17] == ["–", "–", "–"], "no table says"
    today = next(t for t in shown if t[0][-1] == "Mục tiêu (%)")
    assert today[1] == ["Hiện trạng", "–", "–", "–", "–", "–", "–", "–", "10,0", "–", "–", "–", "20,0"], "what is not known is never 0"
    street = next(t for t in shown if t[0][1] == "Dự án")
    assert street[1] == ["1", "NH001", "Phố Một", "99001", "2027", "1,50", "–", "Mạng A", "0,50", "4.500.000.000", "di tích", "–"]
    text = "\n".join(p.text for p in made.paragraphs)
    assert "phương án tốt nhất" in text
    assert "đề nghị: ngân sách 340.000.000 đồng (1 dòng); chương trình viễn thông công ích 900.000.000 đồng (1 dòng); doanh nghiệp 380.000.000 đồng (1 dòng)." in text
    assert "có sóng: 1 vị trí, 340.000.000 đồng đủ cho 3 thôn. 2 thôn không vị trí nào phủ tới. Kế hoạch sử dụng 1,24 tỷ đồng, nhiều hơn" in text
    assert "2 đề xuất: thấp 1,10 tỷ đồng, giữa 1,24 tỷ đồng, cao 1,60 tỷ đồng. Định mức: Quyết định thử (2026)." in text
    assert "Khi chi phí đổi, 1 trong 1 đề xuất" in text
    assert "phù hợp với số đo), 0 trong 1 đề xuất" in text
    assert "Kế hoạch đo chỉ tới 1 trong 2 thôn" in text
    assert "3 đề xuất ở 2 vị trí khác nhau: cột dùng cho nhiều doanh nghiệp" in text, "what a reader counts, before he counts"
    assert "Bảng có 3 dòng ở 3 mã vị trí khác nhau" in text
    assert "Vị trí chưa thấy thêm ai: D1 (Mạng A đã đăng ký; " in text
    assert "35 người, 0 thôn hiện được kết luận là chưa có sóng (theo dự báo với xác suất có sóng không quá ngưỡng, mặc định 10 %, trừ nơi đã đo); 15 người, 1 thôn chưa kết luận được, có thể đã có sóng" in text
    assert "chắc chắn" not in text, "a forecast concludes; nobody measured"
    assert "Với 1 vị trí ghi “đo trước”: đo xong mới xây." in text
    assert "1 dự án đã xếp năm: 4.500.000.000 đồng ngầm hóa; chỉnh trang 4 đoạn mà việc ngầm hóa chưa xếp năm: 650.000.000 đồng; cộng 5.150.000.000 đồng" in text
    assert "2028: 1.033 người, 1 thôn có sóng lần đầu, 3 người lên 4G; Cả kỳ: 1.054 người, 2 thôn có sóng lần đầu" in text
    unsaid = Printed(content=content(), planned=planned, planned_years=years.drop(columns=[n for n in years if n.startswith("together")]))
    assert "cùng đứng" not in "\n".join(p.text for p in Document(io.BytesIO(build_plan(unsaid))).paragraphs)
    without = "\n".join(p.text for p in Document(io.BytesIO(build_plan(Printed(content=content())))).paragraphs)
    assert "Chưa có đề xuất vị trí" in without
    assert "Chưa lập phần ngầm hóa" in without


def test_no_text_breaks_a_document() -> None:
    ways = [*WAYS.values()]
    table = DocumentTable(tuple(ways[:3]), tuple((way, way, way) for way in ways), (80.0, 80.0, 80.0), ("left", "right", "middle"))
    made = document_bytes([DocumentText("".join(ways), heading=True), table], title="".join(ways), created=date(2026, 11, 1))
    read = Document(io.BytesIO(made))
    shown = [row[0] for row in cells(read.tables[0])[1:]]
    assert "<img src=x onerror=ran=1>" in shown
    assert any("[?×1]" in text for text in shown)
    assert not any(field in zipfile.ZipFile(io.BytesIO(made)).read("word/document.xml") for field in (b"w:instrText", b"w:fldSimple", b"w:hyperlink"))


#: Widths of letters in ems of a wide serif, bold, as programs take one where Times New Roman is missing.
_EM = {**dict.fromkeys("0123456789", 0.696), **dict.fromkeys(".,;:()-", 0.36), **dict.fromkeys("iíìỉĩịIltfrj", 0.45), "m": 1.03, "M": 1.1, "N": 0.91}


def longest_word_mm(text: str, points: float, bold: bool) -> float:
    """Return how wide the longest word of a text is; a line may end after a hyphen."""
    words = text.replace("-", "- ").split()
    return max((sum(_EM.get(letter, 0.65) for letter in word) for word in words), default=0.0) * points * (1.0 if bold else 0.91) * 25.4 / 72


def test_no_word_or_number_of_a_table_is_torn() -> None:
    """Headers and cells of the widest tables at their real sizes: a year in two lines is no year."""
    planned = pd.DataFrame({
        "year": [2027], "action": ["build"], "source": ["proposed"], "funding": ["public_utility"], "site_id": ["G02314"], "commune_code": ["99001"], "lon": [105.25081], "lat": [21.96839],
        "mast_class": ["A2b"], "height_m": [42.0], "reason": [""], "cost_low": [300e6], "cost_high": [500e6], "operators": ["Vietnamobile"], "population_gained": [1200.0], "villages_gained": [2],
        "cost_vnd": [900_000_000], "population_gained_certain": [200.0], "population_gained_uncertain": [1000.0], "villages_gained_certain": [0], "villages_gained_uncertain": [2],
        "measure_first": pd.array([True], dtype="boolean"),
    })  # fmt: skip
    names = ("population_first_operator", "villages_gained")
    figures = {f"{name}{part}": [12_272.0, 12_272.0] for name in names for part in ("", "_certain", "_uncertain")}
    years = pd.DataFrame({
        "year": [2027, None], "budget_vnd": [40_000_000_000, 120_000_000_000], "spent_vnd": [39_840_000_000, 119_680_000_000], "sites": [48, 144], "proposals": [48, 158], **figures,
        "population_to_4g": 4974.0, "population_second_operator": 16_826.0, "population_third_operator": 12_787.0, "gap": [None, 0.01], "sites_measure_first": [30, 106],
    })  # fmt: skip
    plans = pd.DataFrame({
        "line_id": ["DK27-001"], "operator": ["Vietnamobile"], "year": [2027], "action": ["build"], "commune_code": ["99001"], "lon": [105.18521], "lat": [22.25786], "mast_class": ["A2b"],
        "height_m": [36.0], "population_gained": [1160], "population_from_unserved": [1160], "remark": ["masts_not_all_listed"],
    })  # fmt: skip
    document = Document(io.BytesIO(build_plan(Printed(content=content(), planned=planned, planned_years=years, plans=plans))))
    looked, torn = 0, []
    for table in document.tables:
        if table.style.name != "Table Grid":
            continue
        margins = table._tbl.tblPr.xpath("./w:tblCellMar/*/@w:w")
        around_mm = sum(map(int, margins)) * 25.4 / 1440 if margins else 3.8
        for row in table.rows:
            cells_of_row = list(row.cells)
            parts = [cell._tc for cell in cells_of_row]
            for cell, column in zip(cells_of_row, table.columns, strict=True):
                if cell.text and parts.count(cell._tc) == 1:  # a group's header has the room of several columns
                    looked += 1
                    run = next(run for run in cell.paragraphs[0].runs if run.text)
                    wide = longest_word_mm(cell.text, run.font.size.pt, bool(run.bold))
                    torn += [(cell.text, wide, column.width.mm - around_mm)] if wide > column.width.mm - around_mm else []
    assert looked > 60
    assert torn == []
