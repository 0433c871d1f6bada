"""The deliberate flaws of the tables: what real lists hold, none of it bad enough to stop a run."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import numpy as np

from geo.sample.sheets import FlawBook, Sheet

__all__ = ["spoil"]

_Spoiler = Callable[[np.random.Generator, Sheet, FlawBook], None]


def _pick(rng: np.random.Generator, sheet: Sheet, count: int) -> list[int]:
    return sorted(rng.choice(np.arange(3, len(sheet.frame)), size=count, replace=False).tolist())


def _form_a(rng: np.random.Generator, sheet: Sheet, book: FlawBook) -> None:
    rows = _pick(rng, sheet, 11)
    for column in ("Tọa độ X", "Tọa độ Y"):
        sheet.set(rows[0], column, None)
    book.note(sheet, rows[0], "Tọa độ X", "empty_coordinate")
    sheet.set(rows[1], "Tọa độ Y", "")
    book.note(sheet, rows[1], "Tọa độ Y", "empty_coordinate")
    feet = round(float(str(sheet.frame["Độ cao trạm (m)"].iat[rows[2]])) / 0.3048)
    sheet.set(rows[2], "Độ cao trạm (m)", feet)
    book.note(sheet, rows[2], "Độ cao trạm (m)", "height_in_feet", str(feet))
    sheet.set(rows[3], "Độ cao trạm (m)", 4200)
    book.note(sheet, rows[3], "Độ cao trạm (m)", "height_absurd", "4200")
    sheet.set(rows[4], "Tên trạm", unicodedata.normalize("NFD", str(sheet.frame["Tên trạm"].iat[rows[4]])))
    book.note(sheet, rows[4], "Tên trạm", "name_not_nfc")
    sheet.set(rows[5], "Ghi chú", "=1+1")
    book.note(sheet, rows[5], "Ghi chú", "formula_text", "=1+1")
    sheet.set(rows[6], "Ghi chú", "<b>chờ kiểm định</b>")
    book.note(sheet, rows[6], "Ghi chú", "markup_text", "<b>")
    sheet.set(rows[7], "Tên DN", "MANG A")
    book.note(sheet, rows[7], "Tên DN", "operator_spelling", "MANG A")
    name = str(sheet.frame["Xã, phường"].iat[rows[8]])
    sheet.set(rows[8], "Xã, phường", f"  {name.upper()} ")
    book.note(sheet, rows[8], "Xã, phường", "name_spacing_and_case")
    sheet.set(rows[9], "Ghi chú", "Tạm ngừng phát sóng")
    book.note(sheet, rows[9], "Ghi chú", "off_air_in_remark")
    copy = sheet.append_copy(rows[10])
    sheet.set(copy, "STT", len(sheet.frame))
    book.note(sheet, copy, "", "duplicate_site", f"same as row {sheet.row_number(rows[10])}")


def _export_b(rng: np.random.Generator, sheet: Sheet, book: FlawBook) -> None:
    sites = list(dict.fromkeys(sheet.frame["Mã trạm"]))
    chosen = [sites[k] for k in sorted(rng.choice(np.arange(2, len(sites)), size=6, replace=False).tolist())]

    def rows(code: object) -> list[int]:
        return [int(k) for k in np.flatnonzero(sheet.frame["Mã trạm"] == code)]

    for k in rows(chosen[0]):
        lon, lat = sheet.frame["Kinh độ"].iat[k], sheet.frame["Vĩ độ"].iat[k]
        sheet.set(k, "Kinh độ", lat)
        sheet.set(k, "Vĩ độ", lon)
        book.note(sheet, k, "Kinh độ", "swapped_lon_lat")
    for k in rows(chosen[1]):
        sheet.set(k, "Kinh độ", 0.0)
        sheet.set(k, "Vĩ độ", 0.0)
        book.note(sheet, k, "Kinh độ", "zero_coordinate")
    for k in rows(chosen[2]):
        sheet.set(k, "Trạng thái", "Ngừng phát sóng")
        book.note(sheet, k, "Trạng thái", "off_air_status")
    for k in rows(chosen[3]):
        sheet.set(k, "Ngày phát sóng", "15/03/2028")
        book.note(sheet, k, "Ngày phát sóng", "future_date", "15/03/2028")
    k = rows(chosen[4])[0]
    sheet.set(k, "Góc phương vị (độ)", 725)
    book.note(sheet, k, "Góc phương vị (độ)", "azimuth_out_of_range", "725")
    source = rows(chosen[5])[0]
    copy = sheet.append_copy(source)
    book.note(sheet, copy, "", "duplicate_cell", f"same as row {sheet.row_number(source)}")


def _list_c(rng: np.random.Generator, sheet: Sheet, book: FlawBook) -> None:
    rows = _pick(rng, sheet, 5)
    sheet.set(rows[0], "Kinh độ", "106°20'10.0\"E")
    book.note(sheet, rows[0], "Kinh độ", "outside_province", "about 80 km east of the province")
    sheet.set(rows[1], "Kinh độ", "")
    sheet.set(rows[1], "Vĩ độ", "")
    book.note(sheet, rows[1], "Kinh độ", "empty_coordinate")
    sheet.set(rows[2], "Trạng thái", "Đã tháo dỡ")
    book.note(sheet, rows[2], "Trạng thái", "off_air_status", "dismantled")
    for k in rows[3:]:
        code = str(sheet.frame["Mã trạm"].iat[k])
        sheet.set(k, "Mã trạm", int(code))
        book.note(sheet, k, "Mã trạm", "lost_leading_zeros", f"{code} came as {int(code)}")


def _cells_a(rng: np.random.Generator, sheet: Sheet, book: FlawBook) -> None:
    rows = _pick(rng, sheet, 3)
    sheet.set(rows[0], "power_w", 0)
    book.note(sheet, rows[0], "power_w", "power_absurd", "0")
    sheet.set(rows[1], "antenna_height_m", "")
    book.note(sheet, rows[1], "antenna_height_m", "empty_height")
    sheet.set(rows[2], "site_id", "A9999")
    book.note(sheet, rows[2], "site_id", "cell_without_site", "A9999")


def _villages(rng: np.random.Generator, sheet: Sheet, book: FlawBook) -> None:
    rows = _pick(rng, sheet, 4)
    sheet.set(
        rows[0], "Tên thôn, bản", unicodedata.normalize("NFD", str(sheet.frame["Tên thôn, bản"].iat[rows[0]]))
    )
    book.note(sheet, rows[0], "Tên thôn, bản", "name_not_nfc")
    sheet.set(rows[1], "Số hộ", None)
    book.note(sheet, rows[1], "Số hộ", "empty_households")
    name = str(sheet.frame["Tên xã"].iat[rows[2]])
    sheet.set(rows[2], "Tên xã", name.replace("oà", "òa") if "oà" in name else name.lower())
    book.note(sheet, rows[2], "Tên xã", "name_spelling")
    sheet.set(rows[3], "Ghi chú", "@SUM(1,1)")
    book.note(sheet, rows[3], "Ghi chú", "formula_text", "@SUM(1,1)")


def _facilities(rng: np.random.Generator, sheet: Sheet, book: FlawBook) -> None:
    source = _pick(rng, sheet, 1)[0]
    copy = sheet.append_copy(source)
    book.note(sheet, copy, "", "duplicate_facility", f"same as row {sheet.row_number(source)}")


def _speeds(rng: np.random.Generator, sheet: Sheet, book: FlawBook) -> None:
    rows = _pick(rng, sheet, 3)
    sheet.set(rows[0], "Tải xuống (Mbit/s)", -1)
    book.note(sheet, rows[0], "Tải xuống (Mbit/s)", "speed_not_positive", "-1")
    sheet.set(rows[1], "Thời gian", "2027-10-05 09:00")
    book.note(sheet, rows[1], "Thời gian", "future_date")
    copy = sheet.append_copy(rows[2])
    book.note(sheet, copy, "", "duplicate_sample", f"same as row {sheet.row_number(rows[2])}")


_SPOILERS: dict[tuple[str, str], _Spoiler] = {
    ("mang_a.xlsx", "Trạm BTS"): _form_a,
    ("mang_a_cells.csv", ""): _cells_a,
    ("mang_b.csv", ""): _export_b,
    ("mang_c.xlsx", "Trạm"): _list_c,
    ("villages.xlsx", "Thôn"): _villages,
    ("facilities.csv", ""): _facilities,
    ("speed_tests.xlsx", "Kết quả đo"): _speeds,
}


def spoil(rng: np.random.Generator, sheets: list[Sheet], book: FlawBook) -> None:
    """Put the deliberate flaws into ``sheets`` (in place: they are this build's own) and book them."""
    for sheet in sheets:
        spoiler = _SPOILERS.get((sheet.file, sheet.sheet))
        if spoiler is not None:
            spoiler(rng, sheet, book)
