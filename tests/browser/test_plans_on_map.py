"""Proposals by year, next measurements, the slider over years and two operators side by side, in a real browser."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from made_up_province import make_content

from geo.mapping import build_map
from geo.mapping.comparing import CLASSES, comparison_counts

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def content():
    """Three operators' layers whose states differ everywhere: every pair of codes occurs."""
    whole = make_content()
    first = whole.coverage[0]
    rows, columns = first.state.shape
    inside = first.state != 0
    codes = [np.add.outer(np.arange(rows) // step, np.arange(columns) // (7 - step)) % 6 + 1 for step in (1, 2, 3)]
    layers = [
        dataclasses.replace(first, operator=name, technology=technology, state=np.where(inside, code, 0).astype(np.uint8))
        for (name, technology), code in zip((("Mạng Đỏ", "4G"), ("Mạng Xanh", "4G"), ("Mạng Xanh", "3G")), codes, strict=True)
    ]
    return dataclasses.replace(whole, coverage=tuple(layers), roads=None)


@pytest.fixture(scope="module")
def html(content):
    return build_map(content)


def drawn(page, kind: str) -> list[int]:
    return page.evaluate("k => vungphu.shapes[k].map((l, i) => l && vungphu.map.hasLayer(l) ? i : -1).filter(i => i >= 0)", kind)


def legend(page) -> dict[str, str]:
    return dict(page.locator("#classes-point li").evaluate_all("rows => rows.map(r => [r.querySelector('label').textContent.trim(), r.querySelector('.amount').textContent])"))


def figures(page) -> dict[str, str]:
    return dict(page.evaluate("Array.from(document.querySelectorAll('#card dd[data-column] data'), d => [d.parentNode.dataset.column, d.getAttribute('value')])"))


def press_to(page, node: str, key: str, times: int) -> None:
    page.locator(node).focus()
    for _ in range(times):
        page.keyboard.press(key)


def test_proposals_have_their_figures_and_years(open_map, html, content):
    opened = open_map(html)
    page = opened.page
    frame = {layer.kind: layer.frame for layer in content.themes}["proposal"]
    assert page.locator("#years").is_hidden()
    page.select_option("#themes-point", "proposal")
    assert drawn(page, "proposal") == [0, 1, 2, 3, 5]
    assert legend(page) == {"Đề xuất: xây cột mới": "2", "Đề xuất: nâng cấp trạm đang có": "1", "Đề xuất: dùng chung cột đang có": "1", "Doanh nghiệp đăng ký": "2"}
    note = page.inner_text("#theme-note-point")
    # proposals alone: 1 to 4 with ranks 2 to 5; one row has no people
    for said in ("2 dòng doanh nghiệp đăng ký, 4 dòng đề xuất, ở 6 vị trí (cột dùng cho nhiều doanh nghiệp có mỗi doanh nghiệp một dòng)", "3.600.000.010 đồng", "3.777 (1 dòng chưa tính được) người", "10 thôn",
                 "trong đó 3.077 (1 dòng chưa tính được) người, 10 thôn chưa kết luận được (có thể đã có sóng): đo trước, xây sau"):  # fmt: skip
        assert said in note, said
    page.evaluate("vungphu.select('proposal', 2, false)")
    assert page.inner_text("#card h2") == "3. VT-2"
    shown, row = figures(page), frame.iloc[2]
    for name in ("rank", "year", "action", "source", "funding", "population_gained", "villages_gained", "cost_vnd", "reason"):
        assert shown[name] == (f"{row[name]:.0f}" if isinstance(row[name], float) else str(row[name])), name
    # no figure twice: people with signal for the first time, and villages that stand below by name; what "kept" means is said
    assert "population_first_operator" not in shown
    assert "village_ids_gained" not in shown
    assert page.inner_text('#card dd[data-column="mast_class"]') == "A2b (cồng kềnh, trên mặt đất)"
    assert page.inner_text('#card dd[data-column="kept_share_draws"]') == "0,0 %"
    assert "0,0 % là không lần nào" in page.inner_text("#card")
    assert page.inner_text('#card dd[data-column="reason"]') == "Lý do giả 2"
    page.click('[data-set-language="en"]')
    assert page.inner_text('#card dd[data-column="reason"]') == "Made-up reason 2"
    assert (figures(page)["reason"], page.inner_text('#card dd[data-column="mast_class"]')) == ("Lý do giả 2", "A2b (bulky, on the ground)")
    page.click('[data-set-language="vi"]')
    page.locator("#card button", has_text=content.villages.set_index("village_id")["village_name"][row["village_ids_gained"]]).first.click()
    assert page.inner_text("#card h2") == content.villages.set_index("village_id")["village_name"][row["village_ids_gained"]]

    # the table twin lists what the map shows, and leads back
    page.evaluate("vungphu.table.open('proposal')")
    page.locator("#proposals tbody button", has_text="4. VT-3").click()
    assert page.inner_text("#card h2") == "4. VT-3"
    assert "population_gained" not in figures(page), "what is not known is not shown as a figure"

    # the slider, by keyboard: from every year to the last, then one back; what has no year is counted, not dropped in silence
    assert page.inner_text("#year-shown") == "mọi năm"
    lengths = {}
    for year in (2029, 2028, 2027):
        press_to(page, "#year", "ArrowLeft", 1)
        assert page.inner_text("#year-shown") == str(year)
        assert page.get_attribute("#year", "aria-valuetext") == f"đến hết năm {year}"
        lengths[year] = drawn(page, "proposal")
        assert page.locator("#proposals tbody tr").count() == int((frame["year"].dropna() <= year).sum())
    assert lengths == {2029: [0, 1, 2, 3], 2028: [0, 1, 2], 2027: [0, 1]}
    assert "Chưa tính 1 dòng không ghi năm." in page.inner_text("#theme-note-point")
    assert "đến hết năm 2027" in page.locator("#theme-heading-point").text_content(), "the print says the year"
    # it holds for the operators' lines too, and stands in the address
    page.select_option("#themes-point", "plan")
    assert set(page.evaluate("vungphu.themes.rowsOf('plan').map(r => vungphu.card.value('plan', r, 'year'))")) == {2027}
    page.wait_for_timeout(300)
    kept = page.evaluate("window.location.hash")
    assert "until=2027" in kept
    page.goto("about:blank")
    page.goto(opened.address + kept)
    assert page.inner_text("#year-shown") == "2027"
    # a row that is later is found again: the slider gives way
    page.evaluate("vungphu.select('proposal', 3, false)")
    assert page.inner_text("#year-shown") == "mọi năm"
    # one year alone is the select's
    page.locator(".facets .choice", has=page.locator("label", has_text="Năm")).locator("select").select_option(label="2028")
    assert drawn(page, "proposal") == [2]
    for wrong in ("#points=proposal&until=9999", "#points=proposal&until=0000", "#until=constructor"):
        page.goto("about:blank")
        page.goto(opened.address + wrong)
        page.wait_for_function("vungphu.ready === true")
    opened.assert_quiet()


def test_stops_are_numbered_and_their_ways_drawn(open_map, html, content):
    opened = open_map(html)
    page = opened.page
    page.select_option("#themes-point", "stop")
    assert legend(page) == {"Điểm dừng: thôn chưa đủ căn cứ": "3", "Trên đường: xã hoặc đường còn thiếu mẫu": "1"}
    assert page.locator(".stop-number").all_text_contents() == ["1", "2", "3"]
    assert "3 điểm dừng trong 2 ngày xe, 37,5 km chưa kể đường về; 24 mẫu cần đo tại các điểm, dự kiến kết luận thêm 1,0 thôn" in page.inner_text("#theme-note-point")
    # three stops and a place on the way, though the table has a row for each operator
    assert "n = 4 điểm trên bản đồ" in page.inner_text("#theme-note-point")
    assert "Bảng có 5 dòng" in page.inner_text("#theme-note-point")
    # stops that lie too near for a number each share a label, and part again
    page.evaluate("window.zoom = vungphu.map.getZoom(); void vungphu.map.setZoom(6, { animate: false })")
    assert page.locator(".stop-number").all_text_contents() == ["1, 2, 3"]
    page.evaluate("void vungphu.map.setZoom(window.zoom, { animate: false })")
    assert page.locator(".stop-number").all_text_contents() == ["1", "2", "3"]
    ways = "Object.values(vungphu.map._layers).filter(l => l instanceof L.Polyline && l.options.dashArray === '8 5').length"
    assert page.evaluate(ways) == 2
    page.locator(".facets .choice", has=page.locator("label", has_text="Ngày xe")).locator("select").select_option(label="2")
    assert (page.evaluate(ways), page.locator(".stop-number").all_text_contents()) == (1, ["3"])
    page.evaluate("vungphu.select('stop', 0, false)")
    assert page.inner_text("#card h2") == "Điểm dừng 1, ngày xe 1: Mạng Đỏ 4G"
    assert (figures(page)["tests_needed"], figures(page)["expected_change"]) == ("6", "0.25")
    page.locator("#card summary", has_text="Các phép đo khác tại điểm dừng này (1)").click()
    page.locator("#card details button", has_text="Mạng Xanh").click()
    assert page.inner_text("#card h2") == "Điểm dừng 1, ngày xe 1: Mạng Xanh 4G"
    page.wait_for_timeout(300)
    kept = page.evaluate("window.location.hash")
    page.goto("about:blank")
    page.goto(opened.address + kept)
    assert page.inner_text("#card h2") == "Điểm dừng 1, ngày xe 1: Mạng Xanh 4G"
    page.select_option("#themes-point", "")
    assert page.locator(".stop-number").count() == 0
    opened.assert_quiet()


def test_streets_and_their_projects_are_lines_with_their_figures(open_map, html, content):
    opened = open_map(html)
    page = opened.page
    frame = {layer.kind: layer.frame for layer in content.themes}["street"]
    page.select_option("#themes-point", "street")
    assert drawn(page, "street") == [0, 1, 2, 4, 5], "a street without a line is in the table alone"
    assert page.evaluate("vungphu.shapes.street.filter(Boolean).every(l => l instanceof L.Polyline)")
    # the gravest first; a street that nobody knows of is no street without cable
    assert list(legend(page).items()) == [("Ngầm hóa trong kế hoạch", "2"), ("Chỉnh trang trong kế hoạch", "1"), ("Có cáp treo, chưa xếp năm", "1"), ("Chưa biết có cáp treo hay không", "1"), ("Không có cáp treo trong danh sách", "1")]
    note = page.inner_text("#theme-note-point")
    for said in ("n = 5 đoạn trên bản đồ, 1 dòng không có nét vẽ", "2 đoạn ngầm hóa dài 0,37 km phố, 1,25 km cáp treo; 1 đoạn chỉnh trang (ngầm hóa chưa xếp năm); chi phí 5.040.000.001 đồng, gồm cả chỉnh trang"):
        assert said in note, said
    # seen from afar a symbol stands for each, from near the line alone
    marks = "Object.values(vungphu.map._layers).filter(l => l instanceof L.CircleMarker && l.options.corners && l.options.fillColor === vungphu.data.themes.street.strokes[4].line).length"
    assert page.evaluate(marks) == 2
    page.locator("#facets-point button").click()
    assert page.evaluate("vungphu.map.getZoom()") >= 13
    assert page.evaluate(marks) == 0
    assert page.evaluate("vungphu.shapes.street.filter(Boolean).every(l => vungphu.map.getBounds().contains(l.getBounds()))")
    # the scorecard has the figures of the table, and leads to the project, and back to its streets
    page.evaluate("vungphu.select('street', 0, true)")
    assert page.inner_text("#card h2") == "Phố Giả 0 (P0)"
    shown = figures(page)
    for name in ("rank", "section_id", "project_id", "action", "year", "length_km", "cable_km", "cables", "operators", "cost_vnd", "commune_code"):
        assert shown[name] == (f"{frame[name][0]:.0f}" if name in {"year", "cables", "cost_vnd"} else str(frame[name][0])), name
    page.locator("#card button", has_text="NH001: Phố Giả 0").click()
    assert page.inner_text("#card h2") == "NH001: Phố Giả 0"
    assert figures(page)["cost_vnd"] == "5000000001"
    assert page.input_value("#themes-point") == "street_project"
    assert drawn(page, "street_project") == [0, 1]
    page.locator("#card button", has_text="Phố Giả 0 (P1)").click()
    assert (page.inner_text("#card h2"), page.input_value("#themes-point")) == ("Phố Giả 0 (P1)", "street")
    page.wait_for_timeout(300)
    kept = page.evaluate("window.location.hash")
    # a project chosen, and the year of the slider: map, table and address agree
    page.locator(".facets .choice", has=page.locator("label", has_text="Dự án")).locator("select").select_option(label="NH001: Phố Giả 0")
    assert drawn(page, "street") == [0, 1]
    page.evaluate("vungphu.table.open('street')")
    assert page.locator("#streets tbody tr").count() == 2
    page.wait_for_timeout(300)
    chosen = page.evaluate("window.location.hash")
    page.goto("about:blank")
    page.goto(opened.address + chosen)
    assert drawn(page, "street") == [0, 1]
    page.goto("about:blank")
    page.goto(opened.address + kept)
    assert page.inner_text("#card h2") == "Phố Giả 0 (P1)"
    # the commune's scorecard says what the plan does with its streets; one without cable is none of them
    page.evaluate("vungphu.select('commune', vungphu.rowOf('commune', vungphu.plain(vungphu.card.value('street', 0, 'commune_code'))), false)")
    page.locator("#card summary", has_text="3 đoạn đã xếp năm (0,74 km phố, 5.040.000.001 đồng) trong 5 đoạn có hoặc có thể có cáp treo").click()
    page.locator("#card details button", has_text="2028: Phố Giả 1 (P2) – chỉnh trang trong kế hoạch, 0,37 km").click()
    assert page.inner_text("#card h2") == "Phố Giả 1 (P2)"
    opened.assert_quiet()


def test_two_operators_side_by_side(open_map, html, content):
    opened = open_map(html)
    page = opened.page
    first = len(content.all_operators)
    a, b = content.coverage[:2]
    wanted = comparison_counts(a.state, b.state)
    assert min(wanted) > 0
    assert sum(wanted) == int((a.state != 0).sum())
    # the keyboard alone: the first operator, whose rival and technology are found for it
    press_to(page, "#compare-a", "ArrowDown", 1)
    page.wait_for_function("vungphu.compare.drawn === true")
    assert page.locator("#compare-a").input_value() == "Mạng Đỏ"
    assert page.locator("#compare-b").input_value() == "Mạng Xanh"
    assert page.locator("#compare-technology").count() == 0, "4G alone is common to both"
    assert page.locator("#coverage").input_value() == "-1"
    assert page.locator("#coverage-legend").is_hidden()
    assert not page.is_checked('[data-toggle="villages"]')
    told = page.locator("#compare-classes li").evaluate_all("rows => rows.map(r => [r.children[1].textContent, r.children[2].textContent])")
    assert [text for text, _ in told] == ["Chỉ Mạng Đỏ có sóng", "Chỉ Mạng Xanh có sóng", "Cả hai có sóng", "Cả hai không có sóng", "Chưa kết luận được"]
    shares = [float(text.replace(" %", "").replace(",", ".")) / 100 for _, text in told]
    assert shares == pytest.approx([n / sum(wanted) for n in wanted], abs=6e-4)
    # what is drawn, pixel by pixel, has the classes of the cells
    pixels = page.evaluate("vungphu.compare.pixels")
    assert [pixels[str(i + 1)] / sum(pixels.values()) for i in range(len(CLASSES))] == pytest.approx([n / sum(wanted) for n in wanted], abs=0.01)
    # turned round, "only A" and "only B" change places
    page.select_option("#compare-a", "Mạng Xanh")
    page.wait_for_function("vungphu.compare.drawn === true")
    turned = page.locator("#compare-classes li .amount").all_text_contents()
    assert [turned[1], turned[0], *turned[2:]] == [text for _, text in told]
    assert page.evaluate("vungphu.compare.pixels")["2"] == pixels["1"]
    page.wait_for_timeout(300)
    kept = page.evaluate("window.location.hash")
    assert f"compare={first + 1}~{first}" in kept
    page.goto("about:blank")
    page.goto(opened.address + kept)
    page.wait_for_function("vungphu.compare.drawn === true")
    assert page.locator("#compare-classes li .amount").all_text_contents() == turned
    page.click('[data-set-language="en"]')
    assert page.locator("#compare-classes li").first.inner_text().startswith("Only Mạng Xanh has signal")
    assert page.locator("#compare-heading").text_content() == "Mạng Xanh compared with Mạng Đỏ, 4G"
    # communes coloured, or coverage chosen, end it; ended by hand, what was there comes back
    page.select_option("#coverage", "0")
    assert page.locator("#compare-legend").is_hidden()
    page.select_option("#compare-a", "Mạng Đỏ")
    page.select_option("#themes-commune", "verdict")
    assert page.locator("#compare-a").input_value() == ""
    page.select_option("#compare-a", "Mạng Đỏ")
    assert page.locator("#themes-commune").input_value() == ""
    page.select_option("#compare-a", "")
    assert page.locator("#coverage").input_value() == "0"
    assert page.is_checked('[data-toggle="villages"]')
    assert page.locator(".leaflet-coverage-pane img").count() == 1
    for wrong in ("#compare=0~1", "#compare=99~98", "#compare=constructor", "#compare=2~2"):
        page.goto("about:blank")
        page.goto(opened.address + wrong)
        page.wait_for_function("vungphu.ready === true")
        assert page.locator("#compare-legend").is_hidden(), wrong
    opened.assert_quiet()


def test_on_a_phone_all_of_it_stays_within_the_screen(open_map, html):
    opened = open_map(html, width=360, height=740, touch=True)
    page = opened.page
    for kind in ("proposal", "stop"):
        page.select_option("#themes-point", kind)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.select_option("#compare-a", "Mạng Đỏ")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    opened.assert_quiet()
