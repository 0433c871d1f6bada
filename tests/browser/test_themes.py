"""Themes in a real browser: chosen by selects, drawn, clicked, listed with the figures of the table, kept in the address."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest
from made_up_province import make_content

from geo.mapping import build_map
from geo.mapping.labels import phrase

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def content():
    return make_content(coverage=make_content().coverage[:1])


@pytest.fixture(scope="module")
def html(content):
    return build_map(content)


def drawn(page, kind: str) -> list[int]:
    """Rows of a theme that are on the map."""
    return page.evaluate("k => vungphu.shapes[k].map((l, i) => l && vungphu.map.hasLayer(l) ? i : -1).filter(i => i >= 0)", kind)


def legend(page, place: str, part: str = "classes") -> dict[str, str]:
    rows = page.locator(f"#{part}-{place} li").evaluate_all("rows => rows.map(r => [r.querySelector('label').textContent.trim(), r.querySelector('.amount').textContent])")
    return dict(rows)


def facet(page, name: str):
    return page.locator(".facets .choice", has=page.locator("label", has_text=name)).locator("select")


def test_verdicts_are_chosen_drawn_clicked_and_listed(open_map, html, content):
    opened = open_map(html)
    page = opened.page
    page.select_option("#themes-commune", "verdict")
    # what would shine through is put away
    assert page.locator("#coverage").input_value() == "-1"
    assert page.locator("#areas").input_value() == "-1"
    assert not page.is_checked('[data-toggle="villages"]')
    rows = page.evaluate("vungphu.tables.verdict.rows.map(r => Object.fromEntries(vungphu.tables.verdict.columns.map((c, i) => [c.key, r[i]])))")
    assert legend(page, "commune") == {"Không đạt": "2", "Chưa đủ mẫu": "1", "Chỉ để tham khảo": "1", "Không áp dụng được": "1"}
    assert sum(map(int, legend(page, "commune", "evidence").values())) == 5
    shown = drawn(page, "verdict")
    assert [rows[i]["area_code"] for i in shown] == content.communes["commune_code"].tolist()[:5]
    assert {rows[i]["operator"] for i in shown} == {"Mạng Đỏ"}
    # the latest period of the commune that has two
    assert rows[shown[0]]["period"] == "2026-09-01&#47;2026-09-30"
    for said in ("n = 5 xã", "ngưỡng ≥ 40 Mbit/s", "quy chuẩn pháp lý", "QCVN Giả 1, 2.1"):
        assert said in page.inner_text("#theme-note-commune"), said
    # result and evidence stand apart on the map: fill and pattern
    look = page.evaluate("i => vungphu.shapes.verdict[i].options.area", shown[1])
    assert (look["fill"], look["pattern"]) == ("#8e0b1a", "cross")

    # operator and period by select; the table twin follows
    facet(page, "Nhà mạng").select_option(label="Mạng Xanh")
    shown = drawn(page, "verdict")
    assert {rows[i]["operator"] for i in shown} == {"Mạng Xanh"}
    facet(page, "Kỳ").select_option(label="01/08/2026 – 31/08/2026")
    assert len(drawn(page, "verdict")) == 5
    page.evaluate("vungphu.table.open('verdict')")
    values = page.evaluate("Array.from(document.querySelectorAll('#verdicts [data-column=value] data'), d => d.getAttribute('value'))")
    frame = content.themes[0].frame
    own = frame[(frame["operator"] == "Mạng Xanh") & (frame["period"] == "2026-08-01/2026-08-31")]
    assert [float(v) for v in values if v] == [v for v in own["value"] if v == v and v is not None]

    # the card has the figures of the table's row, result and evidence apart
    row = shown[1]
    page.evaluate("r => vungphu.select('verdict', r, false)", row)
    card = page.inner_text("#card")
    wanted = own.iloc[1]
    assert page.inner_text("#card h2") == content.communes["commune_name"][1]
    for said in ("Kết quả theo văn bản: Không đạt", "Bằng chứng từ mẫu đo: Mẫu bác bỏ", "41,5 Mbit/s (khoảng 90 %: 20,25 Mbit/s – 60,75 Mbit/s)"):
        assert said in card, said
    figures = dict(page.evaluate("Array.from(document.querySelectorAll('#card dd[data-column] data'), d => [d.parentNode.dataset.column, d.getAttribute('value')])"))
    assert {name: float(figures[name]) for name in ("value", "low", "high", "threshold")} == {name: wanted[name] for name in ("value", "low", "high", "threshold")}
    assert "tables/standards.csv" in page.locator("#card details").last.text_content()

    # no cell of the table stays in the other language but names
    page.click('[data-set-language="en"]')
    assert page.evaluate("vungphu.format(vungphu.card.value('verdict', 0, 'rule_title'), vungphu.tables.verdict.columns.find(c => c.key === 'rule_title'))") == "Download speed"
    page.click('[data-set-language="vi"]')

    # the slider: a result without a period is of no later year and stays; one of a later year goes, and that is said
    facet(page, "Kỳ").select_option(label="mới nhất của từng xã")
    page.evaluate("vungphu.themes.limit(2025)")
    assert drawn(page, "verdict") == []
    assert "5 xã chỉ có kết quả sau năm 2025: để trắng." in page.inner_text("#theme-note-commune")
    facet(page, "Quy định").select_option(label="Thôn có băng rộng")
    assert len(drawn(page, "verdict")) == 3
    assert legend(page, "commune") == {"Đạt": "3"}
    assert "để trắng" not in page.inner_text("#theme-note-commune")
    page.evaluate("vungphu.themes.limit(null)")

    # a rule that nobody reported: nothing drawn, and one sentence
    page.select_option("#themes-commune", "verdict")
    facet(page, "Quy định").select_option(label="Chưa ai đo")
    assert drawn(page, "verdict") == []
    assert page.inner_text("#theme-note-commune") == phrase("themes.note_elsewhere").vi

    # a class that is hidden leaves map and table; the commune's card leads to its verdicts
    facet(page, "Quy định").select_option(label="Thôn có băng rộng")
    assert len(drawn(page, "verdict")) == 3
    page.locator("#classes-commune label", has_text="Đạt").locator("input").uncheck()
    assert drawn(page, "verdict") == []
    assert page.locator("#verdicts tbody tr").count() == 0
    page.evaluate("vungphu.select('commune', 0, false)")
    page.locator("#card summary", has_text="Đối chiếu quy định của xã này").click()
    page.locator("#card details button", has_text="Thôn có băng rộng").click()
    assert "87,5 %" in page.inner_text("#card")
    assert len(drawn(page, "verdict")) == 3

    # put away again: what was shown before comes back
    page.select_option("#themes-commune", "")
    assert page.locator("#coverage").input_value() == "0"
    assert page.locator("#areas").input_value() == "0"
    assert page.is_checked('[data-toggle="villages"]')
    opened.assert_quiet()


def test_ipv6_plans_and_inventory(open_map, html, content):
    opened = open_map(html)
    page = opened.page
    themes = {layer.kind: layer.frame for layer in content.themes}
    page.select_option("#themes-commune", "ipv6")
    assert legend(page, "commune") == {"dưới 20 %": "1", "20 – 40 %": "1", "40 – 60 %": "1", "từ 80 %": "1", "Chưa có số liệu": "1"}
    facet(page, "Chỉ số").select_option(label="Cổng thông tin dùng được qua IPv6")
    assert legend(page, "commune") == {"từ 80 %": "1", "Chưa có số liệu": "4"}
    page.select_option("#themes-commune", "")

    for kind, ids in (("plan", "line_id"), ("remainder", "remainder_id"), ("sharing", "cluster_id"), ("mast", "mast_id")):
        frame = themes[kind]
        page.select_option("#themes-point", kind)
        placed = [i for i, lon in enumerate(frame["lon"]) if lon == lon and lon is not None]
        assert drawn(page, kind) == placed, kind
        assert f"n = {len(placed)} điểm" in page.inner_text("#theme-note-point")
        # a click on the symbol opens the card of that row
        page.evaluate("([k, i]) => vungphu.zoomTo(k, i)", [kind, placed[0]])
        at = page.evaluate("([lat, lon]) => { const p = vungphu.map.latLngToContainerPoint([lat, lon]); return [p.x, p.y]; }", [frame["lat"][placed[0]], frame["lon"][placed[0]]])
        page.locator("#map_coverage").click(position={"x": at[0], "y": at[1]})
        figures = dict(page.evaluate("Array.from(document.querySelectorAll('#card dd[data-column] data'), d => [d.parentNode.dataset.column, d.getAttribute('value')])"))
        row = frame.iloc[placed[0]]
        if SPECS_NAME[kind] != ids:
            assert figures[ids] == row[ids]
        assert float(figures["lon"]) == row["lon"]
        page.evaluate("k => vungphu.table.open(k)", kind)
        assert page.locator(f"#{kind}s tbody tr").count() == len(frame)
    assert legend(page, "point") == {"A1a: không cồng kềnh, trên công trình sẵn có": "1", "A2b: cồng kềnh, trên mặt đất": "1", "Không ghi loại cột": "1", "A2b theo quy hoạch": "1", "A2c theo quy hoạch": "1"}
    facet(page, "Chủ sở hữu").select_option(label="Mạng Đỏ")
    assert legend(page, "point") == {"A2b: cồng kềnh, trên mặt đất": "1", "A2c theo quy hoạch": "1"}
    facet(page, "Chủ sở hữu").select_option(label="không ghi")
    assert legend(page, "point") == {"Không ghi loại cột": "1"}
    page.select_option("#themes-point", "plan")
    assert "1 dòng không có tọa độ (có trong bảng)" in page.inner_text("#theme-note-point")
    page.evaluate("vungphu.select('plan', 0, false)")
    card = page.inner_text("#card")
    for said in ("Loại hoặc chiều cao cột không được phép tại đây", "2027", "1.234"):
        assert said in card, said
    page.locator("#card button", has_text=content.areas[0].frame["dead_zone_id"][0]).click()
    assert page.inner_text("#card h2") == content.areas[0].frame["dead_zone_id"][0]
    opened.assert_quiet()


SPECS_NAME = {"plan": "line_id", "remainder": "name", "sharing": "cluster_id", "mast": "mast_id"}


def test_a_choice_stands_in_the_address(open_map, html):
    opened = open_map(html)
    page = opened.page
    page.select_option("#themes-commune", "verdict")
    facet(page, "Nhà mạng").select_option(label="Mạng Xanh")
    page.select_option("#themes-point", "mast")
    facet(page, "Chủ sở hữu").select_option(label="Công ty Giả")
    page.evaluate("r => vungphu.select('verdict', r, false)", page.evaluate("vungphu.themes.rowsOf('verdict')[2]"))
    page.wait_for_timeout(300)
    kept, name, rows = page.evaluate("[window.location.hash, document.querySelector('#card h2').textContent, ['verdict', 'mast'].map(k => vungphu.themes.rowsOf(k))]")
    page.goto("about:blank")
    page.goto(opened.address + kept)
    assert page.inner_text("#card h2") == name
    assert page.evaluate("['verdict', 'mast'].map(k => vungphu.themes.rowsOf(k))") == rows
    for wrong in ("#on=constructor&points=verdict~9", "#on=verdict~99~x~=%25&show=verdict:a|b", "#points=plan~~~=nobody"):
        page.goto("about:blank")
        page.goto(opened.address + wrong)
        page.wait_for_function("vungphu.ready === true")
    opened.assert_quiet()


def test_the_phone_keeps_selects_and_legend_within_the_screen(open_map, html):
    opened = open_map(html, width=360, height=740, touch=True)
    page = opened.page
    page.select_option("#themes-commune", "verdict")
    page.select_option("#themes-point", "plan")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    # what a select cuts off stands below it whole
    for box in page.locator("#side select").all():
        below = box.locator("xpath=following-sibling::*[1]")
        cut = box.evaluate("s => { const ink = document.createElement('canvas').getContext('2d'), look = getComputedStyle(s); ink.font = look.fontSize + ' ' + look.fontFamily; return ink.measureText(s.options[s.selectedIndex].textContent).width > s.clientWidth - 24; }")
        assert not cut or below.text_content() == box.evaluate("s => s.options[s.selectedIndex].textContent")
    page.evaluate("document.querySelector('#coverage').options[0].textContent = 'Tất cả nhà mạng – ngoài trời, công nghệ tốt nhất trong các công nghệ được tính'; document.querySelector('#coverage').value = 0; vungphu.tellWhole()")
    assert page.locator("#coverage + .whole").is_visible()
    # the corner of a table scrolled both ways is its own header, not what lies under it
    page.evaluate("() => { vungphu.table.open('commune'); const box = document.getElementById('panel-communes'); box.scrollIntoView(); box.scrollTop = 150; box.scrollLeft = 250; }")
    assert page.evaluate("() => { const box = document.getElementById('panel-communes').getBoundingClientRect(); return document.elementFromPoint(box.left + 20, box.top + 12).closest('th').cellIndex; }") == 0
    opened.assert_quiet()


def test_areas_whose_every_result_is_later_are_counted_once_each(open_map, html, content):
    """Commune 0 has a result of 2025, 1 of 2024, 2 two of 2026, 3 and 4 one; the province's, of 2026, is no commune; a plan's own years have another sentence."""
    verdicts = content.themes[0]
    frame = verdicts.frame
    own = frame[(frame["rule_id"] == "speed") & (frame["operator"] == "Mạng Đỏ") & (frame["period"] == "2026-08-01/2026-08-31")].reset_index(drop=True)
    more = [own.iloc[[0]].assign(period="2025-08-01/2025-08-31"), own.iloc[[1]].assign(period="2024"), own.iloc[[2]].assign(period="2026-09-01/2026-09-30"),
            own.iloc[[3]].assign(area_level="province", area_code="99")]  # fmt: skip
    changed = replace(verdicts, frame=pd.concat([frame, *more], ignore_index=True))
    opened = open_map(build_map(replace(content, themes=(changed, *content.themes[1:]))))
    page = opened.page
    page.select_option("#themes-commune", "verdict")
    page.select_option("#themes-point", "proposal")

    def later(year: int | None, place: str = "commune") -> str | None:
        page.evaluate("y => vungphu.themes.limit(y)", year)
        said = re.search(r"(\d+) xã chỉ có kết quả sau năm (\d+)", page.inner_text(f"#theme-note-{place}"))
        return None if said is None else said.group(1)

    assert [later(year) for year in (2023, 2024, 2025, 2026, None)] == ["5", "4", "3", None, None]
    assert [later(year, "point") for year in (2026, 2027, None)] == [None] * 3
    opened.assert_quiet()
