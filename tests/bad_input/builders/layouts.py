"""Tables whose rows and columns are laid out in a way that would lose or misread some of them."""

from __future__ import annotations

from geo.io.inputs import Inputs
from tests.bad_input.builders import way
from tests.bad_input.builders.places import at, no_sites
from tests.bad_input.made_up_project import Check, MadeUpProject


@way("table_two_stray_quotes")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text().replace("Trạm 2", '"Trạm 2').replace("Trạm 4", '"Trạm 4'))
    return no_sites


@way("table_above_richer_header")
def _(p: MadeUpProject) -> Check | None:
    rows = p.typed()
    p.workbook(sheets={"DS trạm": [*([*r[:5], *r[6:]] for r in rows), *rows]})
    return no_sites


@way("table_above_other_order")
def _(p: MadeUpProject) -> Check | None:
    text = p.csv_text()
    p.set_column("Kinh độ", [row[4] for row in p.rows], name="…")
    p.set_column("Vĩ độ", [f"{105.12345 + 0.1 * i:.5f}" for i in range(5)], name="Kinh độ")
    p.header[3] = "Vĩ độ"
    p.write("sites.csv", text + p.csv_text())
    return no_sites


@way("table_degrees_in_three_columns")
def _(p: MadeUpProject) -> Check | None:
    def parts(text: str) -> list[float]:
        value = float(text)
        return [int(value), int(value % 1 * 60), value * 60 % 1 * 60]

    lower = ["Độ", "Phút", "Giây"]
    upper = [[*p.header[:4], "", "", p.header[4], "", "", *p.header[5:]], ["", "", "", *lower, *lower, "", "", ""]]
    p.workbook(sheets={"DS trạm": [*upper, *([*r[:3], *parts(r[3]), *parts(r[4]), *r[5:]] for r in p.rows)]})
    return at()


@way("table_header_in_three_rows")
def _(p: MadeUpProject) -> Check | None:
    head = p.header
    upper = [[*head[:3], "Tọa độ", "", *head[5:]], ["", "", "", "WGS 84", *[""] * 4], ["", "", "", "Kinh độ", "Vĩ độ", "", "", ""]]
    p.workbook(sheets={"DS trạm": [*upper, *p.typed()[1:]]})
    return at()


@way("table_units_under_header")
def _(p: MadeUpProject) -> Check | None:
    p.header[6] = "Độ cao trạm"
    p.workbook(sheets={"DS trạm": [p.header, ["", "", "", "(độ)", "(độ)", "", "(m)", ""], *p.typed()[1:]]})
    return at()


@way("table_side_by_side")
def _(p: MadeUpProject) -> Check | None:
    rows = p.typed()
    p.workbook(sheets={"DS trạm": [[*rows[0], None, *rows[0]], [*rows[1], None, *rows[2]], [*rows[3], None, *rows[4]]]})
    return no_sites


@way("table_marks_as_above")
def _(p: MadeUpProject) -> Check | None:
    p.rows[1][0], p.rows[2][0], p.rows[3][5] = '"', "nt", "như trên"
    p.workbook()
    return at()


@way("table_group_rows")
def _(p: MadeUpProject) -> Check | None:
    rows = p.typed()
    p.workbook(sheets={"DS trạm": [rows[0], ["I. Huyện A"], *rows[1:3], ["II. Huyện B"], *rows[3:]]})
    return at()


@way("table_two_values_in_a_cell")
def _(p: MadeUpProject) -> Check | None:
    p.rows[1][6], p.rows[4][0] = "42\n45", "Viettel\nMobiFone"
    p.workbook()

    def check(inputs: Inputs) -> None:
        assert inputs.network is not None
        assert inputs.network.sites["operator"].tolist() == ["Viettel"] * 4 + ["Viettel MobiFone"]

    return check
