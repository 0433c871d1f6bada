"""Vietnamese text in the encodings that it comes in, and text that is dangerous to show."""

from __future__ import annotations

import unicodedata
import warnings
import zipfile
from collections.abc import Callable

import geopandas as gpd

from geo.io.inputs import Inputs
from tests.bad_input.builders import way
from tests.bad_input.builders.places import at, no_sites, sixth_at
from tests.bad_input.made_up_project import COMMUNES, Check, MadeUpProject
from tests.made_up_area import units
from tests.old_text import cp1258_bytes, to_mojibake, to_tcvn3, to_vni

_ROOM = 40  # bytes of a name in a DBF
_NAMES = ("Trạm Đồng Mẫu", "Trạm Hoà Bình", "Trạm chợ Mẫu Sơn", "Trạm Tân Mẫu", "Trạm đồi chè")


def names(expected: tuple[str, ...]) -> Check:
    def check(inputs: Inputs) -> None:
        assert inputs.network is not None
        assert inputs.network.sites.sort_values("row")["site_name"].tolist() == list(expected)

    return check


@way("text_byte_order_mark")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text(), "utf-8-sig")
    return at()


@way("text_utf16")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text("\t"), "utf-16")  # "Unicode text" of Excel
    return at()


@way("text_utf16_without_mark")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text("\t"), "utf-16-le")
    return at()


@way("text_cp1258")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", cp1258_bytes(p.csv_text()))
    return names(tuple(f"Trạm {i}" for i in range(1, 6)))


@way("text_cp1258_named")
def _(p: MadeUpProject) -> Check | None:
    p.set_column("Tên trạm", ["Trạm Mẫu"] * 5)
    p.write("sites.csv", cp1258_bytes(p.csv_text()))
    p.inputs["sites"] = {"path": "sites.csv", "encoding": "cp1258"}
    return names(("Trạm Mẫu",) * 5)


@way("text_tcvn3_bytes")
def _(p: MadeUpProject) -> Check | None:
    p.set_column("Tên trạm", _NAMES)
    p.write("sites.csv", to_tcvn3(p.csv_text()).encode("cp1252", "replace"))
    return names(_NAMES)


@way("text_vni_bytes")
def _(p: MadeUpProject) -> Check | None:
    p.set_column("Tên trạm", _NAMES)
    p.write("sites.csv", to_vni(p.csv_text()).encode("cp1252", "replace"))
    return names(_NAMES)


@way("text_tcvn3_letters_in_workbook")
def _(p: MadeUpProject) -> Check | None:
    # Typed in a .VnTime font years ago: the cells are Unicode, the letters are not.
    p.set_column("Tên trạm", [to_tcvn3(n) for n in _NAMES])
    p.workbook()
    return names(_NAMES)


@way("text_tcvn3_headers_in_workbook")
def _(p: MadeUpProject) -> Check | None:
    p.header = [to_tcvn3(h) for h in p.header]
    p.workbook()
    return at()


@way("text_vni_letters_in_workbook")
def _(p: MadeUpProject) -> Check | None:
    p.set_column("Tên trạm", [to_vni(n) for n in _NAMES])
    p.workbook()
    return names(_NAMES)


@way("text_utf8_taken_for_windows")
def _(p: MadeUpProject) -> Check | None:
    # UTF-8 without a mark, opened in Excel by a double click and saved as a workbook.
    p.set_column("Tên trạm", [to_mojibake(n) for n in _NAMES])
    p.workbook()
    return names(_NAMES)


@way("text_letters_lost")
def _(p: MadeUpProject) -> Check | None:
    # Saved as "CSV (comma delimited)": what the page lacks becomes a question mark for ever.
    p.set_column("Tên trạm", ["Tr?m Ð?ng M?u", "Tr?m Hòa Bình", "Tr?m M?u Son", "Tr?m Tân M?u", "Tr?m ch?"])
    return at()


@way("text_letters_lost_in_headers")
def _(p: MadeUpProject) -> Check | None:
    p.header = ["Nhà m?ng", "Mã tr?m", "Tên tr?m", "Kinh d?", "Vi d?", "Công ngh?", "Ð? cao tr?m (m)", "Tr?ng thái"]
    return no_sites


@way("text_one_line_in_another_page")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text().encode() + "Viettel,TB9,Trạm,105.33333,21.88888,4G,42,Đang\n".encode("cp1252", "replace").replace(b"?", b"\xe3"))
    return names((*(f"Trạm {i}" for i in range(1, 6)), "Trãm"))


@way("text_encoding_unknown")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text())
    p.inputs["sites"] = {"path": "sites.csv", "encoding": "tcvn"}
    return no_sites


@way("text_encoding_wrong")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text())
    p.inputs["sites"] = {"path": "sites.csv", "encoding": "ascii"}
    return no_sites


@way("text_decomposed")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Xã", [unicodedata.normalize("NFD", name) for name in _commune_names()])
    p.header = [unicodedata.normalize("NFD", h) for h in p.header]
    return at()


@way("text_tone_position")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("Xã", [n.replace("Hoà", "Hòa").replace("Thủy", "Thuỷ") for n in _commune_names()])
    return at()


@way("text_look_alike_d")
def _(p: MadeUpProject) -> Check | None:
    p.header = [h.replace("Đ", "Ð") for h in p.header]  # capital eth
    p.set_column("Trạng thái", ["Ðang phát sóng"] * 5)
    p.add_column("Xã", [n.replace("Đ", "Ð") for n in _commune_names()])
    return at()


@way("text_invisible_letters")
def _(p: MadeUpProject) -> Check | None:
    p.set_column("Mã trạm", [f"TB{i}\u200b " for i in range(1, 6)])
    p.header = [h.replace(" ", "\u00a0") + "\u200b" for h in p.header]

    def check(inputs: Inputs) -> None:
        assert inputs.network is not None
        assert inputs.network.sites["site_id"].tolist() == ["TB1", "TB2", "TB3", "TB4", "TB5"]

    return check


@way("text_wrong_cpg")
def _(p: MadeUpProject) -> Check | None:
    frame = _named_layer(p)
    p.shapefile(frame, "tram")
    (p.folder / "tram.cpg").write_text("1252", encoding="ascii")
    p.inputs["sites"] = "tram.shp"
    return names(_NAMES)


@way("text_cpg_says_utf8_and_is_not")
def _(p: MadeUpProject) -> Check | None:
    _old_table(p, lambda text: to_tcvn3(text).encode("latin-1"), "UTF-8")
    return names(_NAMES)


@way("text_dbf_vni")
def _(p: MadeUpProject) -> Check | None:
    _old_table(p, lambda text: to_vni(text).encode("latin-1"), "")
    return names(_NAMES)


@way("text_dbf_cp1258")
def _(p: MadeUpProject) -> Check | None:
    _old_table(p, cp1258_bytes, "1258")  # GDAL's own reading of this page loses the last letter of each text
    return names(_NAMES)


@way("text_cpg_says_utf8_and_nothing_fits")
def _(p: MadeUpProject) -> Check | None:
    _old_table(p, lambda text: text.encode("utf-16-be")[1::2].replace(b"\x00", b"?").ljust(4, b"\xff"), "UTF-8")
    return no_sites


@way("text_dbf_headers_cut")
def _(p: MadeUpProject) -> Check | None:
    # Ten bytes for a header: "Công nghệ" is cut in the middle of a letter.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        p.shapefile(p.points(), "tram")
    p.inputs["sites"] = "tram.shp"
    return no_sites


@way("text_not_text")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", bytes(range(256)) * 20)
    return no_sites


@way("text_null_bytes")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text().replace("TB3", "TB\x003"))
    return no_sites


# -- formulas ----------------------------------------------------------------------------------


@way("formula_in_name")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(name="=HYPERLINK(\"http://example.org\",\"x\")")
    return sixth_at(105.33333, 21.88888)


@way("formula_dde")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(name="@SUM(1+1)*cmd|' /C calc'!A0")
    return sixth_at(105.33333, 21.88888)


@way("formula_in_code")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(code="+1+cmd|' /C calc'!A0")
    return sixth_at(105.33333, 21.88888)


@way("formula_in_unreadable_number")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(height="=1+1")
    return sixth_at(105.33333, 21.88888)


@way("formula_in_header")
def _(p: MadeUpProject) -> Check | None:
    p.add_column("=cmd|' /C calc'!A0", ["1"] * 5)
    return at()


@way("formula_in_sheet_and_file_name")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(height="cao")
    p.workbook("=1+1.xlsx", {"=1+1": p.typed()})
    return sixth_at(105.33333, 21.88888)


@way("formula_markup")
def _(p: MadeUpProject) -> Check | None:
    p.add_site(name="<img src=x onerror=alert(1)>")
    return sixth_at(105.33333, 21.88888)


@way("formula_in_layer")
def _(p: MadeUpProject) -> Check | None:
    frame = p.points()
    frame["Tên trạm"] = ["Trạm 1", "=1+1", "Trạm 3", "Trạm 4", "Trạm 5"]
    frame.to_file(p.folder / "tram.gpkg", driver="GPKG")
    p.inputs["sites"] = "tram.gpkg"
    return at()


@way("formula_without_value")
def _(p: MadeUpProject) -> Check | None:
    # A workbook written by a program: the formula is there, its result never was.
    p.workbook(change=lambda book: book.active.__setitem__("D4", "=C4+1"))
    return None


@way("formula_error_value")
def _(p: MadeUpProject) -> Check | None:
    def change(book: object) -> None:
        cell = book.active["D4"]  # type: ignore[attr-defined]
        cell.value, cell.data_type = "#N/A", "e"

    p.workbook(change=change)
    return None


def _commune_names() -> list[str]:
    frame = units().set_index("commune_code")["commune_name"]
    return [frame[c] for c in COMMUNES]


def _named_layer(p: MadeUpProject) -> gpd.GeoDataFrame:
    return p.plain_points().assign(tentram=list(_NAMES))


def _old_table(p: MadeUpProject, encode: Callable[[str], bytes], page: str) -> None:
    """Write a layer whose names are in an old encoding, whatever its .cpg says; without one if ``page`` is empty."""
    frame = _named_layer(p).assign(tentram=[f"{i}" * _ROOM for i in range(5)], status="on")
    p.shapefile(frame, "tram", without=[".cpg"])
    table = p.folder / "tram.dbf"
    content = table.read_bytes()
    for i, name in enumerate(_NAMES):
        content = content.replace(f"{i}".encode() * _ROOM, encode(name).ljust(_ROOM))
    table.write_bytes(content)
    if page:
        (p.folder / "tram.cpg").write_text(page, encoding="ascii")
    p.inputs["sites"] = "tram.shp"


@way("text_old_letters_in_file_name")
def _(p: MadeUpProject) -> Check | None:
    # A folder unpacked from an old archive: the name's bytes are no UTF-8.
    import os

    p.write("sites.csv", p.csv_text())
    os.rename(os.fsencode(p.folder / "sites.csv"), os.fsencode(p.folder) + b"/tr\xb9m.csv")
    p.inputs["sites"] = "*.csv"
    return at()


@way("text_dbf_without_cpg")
def _(p: MadeUpProject) -> Check | None:
    p.shapefile(_named_layer(p), "tram", without=[".cpg"], zipped=True)
    with zipfile.ZipFile(p.folder / "tram.zip") as archive:
        assert not any(n.endswith(".cpg") for n in archive.namelist())
    p.inputs["sites"] = "tram.zip"
    return None
