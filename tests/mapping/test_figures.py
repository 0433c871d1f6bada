from datetime import date

import numpy as np
import pandas as pd
import pytest
from made_up_province import make_content

from geo.coverage import Reason
from geo.mapping.figures import columns_of, rows_of, summary
from geo.mapping.labels import count_text, date_text, section, share_text
from geo.network import SITE_COLUMNS
from geo.report.tables import result_table


def test_values_pass_through_unchanged():
    frame = pd.DataFrame(
        {
            "a": [0.1 + 0.2, np.nan, np.inf],
            "b": pd.array([1, None, 3], dtype="Int64"),
            "c": pd.array([True, None, False], dtype="boolean"),
            "d": ["x<y", None, ""],
            "e": [pd.Timestamp("2026-11-01"), pd.NaT, pd.Timestamp("2026-11-01 08:30")],
            "f": [["A", "B"], (), date(2026, 1, 2)],
        }
    )
    assert rows_of(frame) == [
        [0.30000000000000004, 1, True, "x&#60;y", "2026-11-01", "A, B"],
        [None, None, None, None, None, ""],
        [None, 3, False, None, "2026-11-01 08&#58;30&#58;00", "2026-01-02"],
    ]


def test_silence_is_not_zero():
    (row,) = rows_of(pd.DataFrame({"population": [np.nan], "villages": [0]}))
    assert row == [None, 0]


def test_columns_of_an_operator_are_recognised():
    frame = pd.DataFrame({"mang_do_4g_population_served_share": [0.5], "population_served_share": [0.5], "x_share": [0.25], "note": ["a"], "mang_la_area_served_share": [1.0]})
    columns = columns_of(frame, ["Mạng Đỏ"])
    assert [column.group and column.group.vi for column in columns] == ["Mạng Đỏ 4G", None, None, None, "mang_la"]
    assert [column.kind for column in columns] == ["share", "share", "share", "text", "share"]
    assert columns[0].figure == "population_served_share"


def test_a_name_that_merely_ends_alike_is_no_operator():
    columns = columns_of(pd.DataFrame({"road_class": ["a"], "header_row": [1], "former_owner": ["b"]}), ["Mạng Đỏ"])
    assert [column.group for column in columns] == [None, None, None]
    assert [column.label.vi for column in columns] == ["road_class", "header_row", "former_owner"]


@pytest.mark.parametrize(("values", "decimals"), [([1.0, 2.0], 0), ([1.5, np.nan], 1), ([1.25, 3.0], 2), ([1.23456], 2), ([np.nan], 0)])
def test_decimals_that_a_column_needs(values, decimals):
    assert columns_of(pd.DataFrame({"area_km2": values}), [])[0].decimals == decimals


@pytest.mark.parametrize(
    ("value", "vi", "en"),
    [(0, "0,0 %", "0.0%"), (0.0004, "< 0,1 %", "< 0.1%"), (0.0005, "0,1 %", "0.1%"), (0.8234, "82,3 %", "82.3%"), (0.9996, "> 99,9 %", "> 99.9%"), (1, "100,0 %", "100.0%")],
)
def test_a_share_that_is_not_nothing_never_reads_as_nothing(value, vi, en):
    assert (share_text(value).vi, share_text(value).en) == (vi, en)


def test_numbers_and_dates():
    assert (count_text(1234567).vi, count_text(1234567).en) == ("1.234.567", "1,234,567")
    assert (date_text("2026-11-01").vi, date_text("2026-11").vi, date_text("2026").vi, date_text("a-b").vi) == ("01/11/2026", "11/2026", "2026", "a-b")


def test_summary_by_hand():
    communes = make_content().communes.iloc[:3].copy()
    communes["population"] = [1000, 3000, np.nan]
    communes["population_unserved_share"] = [0.1, 0.5, 0.9]
    communes["population_uncertain_share"] = [0.2, 0.0, 0.0]
    communes["population_unknown_share"] = [0.0, 0.1, 0.0]
    found = summary(make_content(communes=communes))
    # uncertain 1000 * 0.2; unknown 3000 * 0.1; unserved 100 + 1500: what is open comes first, by its two names
    assert [line.key for line in found.people] == ["population_uncertain", "population_unknown", "population_unserved"]
    assert [line.value.vi for line in found.people] == ["200", "300", "1.600"]
    assert "40,0 &#37;" in found.people[2].text.vi
    assert "500 người &#40;12,5 &#37;&#41;" in found.undecided.vi
    assert found.people_base.vi.startswith("Tính trên tổng số 4.000 người")
    assert found.left_out.vi.startswith("1 xã")


def test_the_reasons_why_people_are_unknown_are_named():
    def line(*reasons, share=0.5):
        communes = make_content().communes.iloc[:1].copy()
        communes["population"] = [1000]
        communes[["population_unserved_share", "population_uncertain_share", "population_unknown_share"]] = [0.0, 0.0, share]
        return summary(make_content(communes=communes, unknown_reasons=reasons)).people[1].text

    border = line("neighbour_sites", "technology_not_listed")
    assert "gặp nhiều trước&#58; thiếu danh sách trạm của tỉnh bên&#59; không danh sách nào nói về công nghệ này. Khi" in border.vi
    assert "neighbour_operators" in border.vi
    assert "neighbour&#39;s sites not given&#59; no list mentions this technology. Once" in border.en
    assert "neighbour_operators" in border.en
    plain = line("technology_not_listed", "terrain")
    assert plain.en.endswith("first&#58; no list mentions this technology&#59; terrain missing")
    assert "neighbour" not in plain.en
    for silent in (line(), line("terrain", share=0.0)):
        assert silent.en.endswith("allow a conclusion")
        assert silent.vi.endswith("để kết luận")


def test_people_of_communes_of_which_nothing_is_known_count_as_unknown():
    communes = make_content().communes.iloc[:2].copy()
    communes["population"] = [1000, 3000]
    communes["population_unserved_share"] = [0.1, np.nan]
    communes["population_uncertain_share"] = [0.2, np.nan]
    communes["population_unknown_share"] = [0.0, 1.0]
    found = summary(make_content(communes=communes))
    assert [line.value.vi for line in found.people] == ["200", "3.000", "100"]
    assert found.left_out is None


def test_people_known_per_commune_alone_are_still_summed():
    communes = make_content().communes.iloc[:3].copy()
    communes["population"] = [1000, 3000, np.nan]
    communes[[f"population_{part}_share" for part in ("served", "unserved", "uncertain", "unknown")]] = np.nan
    found = summary(make_content(communes=communes))
    assert found.people == ()
    assert found.people_base.vi.startswith("Tổng dân số 4.000 người ở 2 xã")
    assert found.left_out.vi.startswith("1 xã")


def test_summary_leaves_out_what_it_cannot_know():
    content = make_content()
    assert summary(make_content(communes=content.communes.drop(columns="population"))).people == ()
    assert summary(make_content(communes=None, villages=None)).villages == ()


def test_the_forecast_is_called_one_and_no_class_is_a_bare_zero():
    content = make_content()
    villages = content.villages.assign(**{"class": ["undecided"] * 90 + ["served"] * 30})
    communes = content.communes.assign(population_unserved_share=0.0)
    found = summary(make_content(villages=villages, communes=communes))
    assert "DỰ BÁO" in found.caveat.vi
    assert "not yet been checked" in found.caveat.en
    assert "90&#47;120 thôn &#40;75,0 &#37;&#41;" in found.undecided.vi
    white, undecided, weak = found.villages
    assert (white.value, white.text.vi) == (None, "chưa thôn nào được dự báo là trắng sóng")
    assert (white.text.en, weak.value) == ("none is predicted to be without signal", None)
    assert (undecided.value.vi, undecided.text.vi) == ("90", "thôn chưa đủ căn cứ")
    assert found.people[-1].value is None
    checked = summary(make_content(villages=villages, communes=communes, model_checked=True))
    assert [line.value.vi for line in checked.villages] == ["0", "90", "0"]
    assert checked.people[-1].value.vi == "0"
    assert "đã được đối chiếu" in checked.caveat.vi


def test_every_column_of_the_results_and_sites_has_a_caption():
    names = [column.name for table in ("communes", "villages") for column in result_table(table).columns]
    names += ["service_not_counting", *SITE_COLUMNS]
    for column in columns_of(pd.DataFrame({name: [None] for name in names}), []):
        for language in (column.label.vi, column.label.en):
            assert "_" not in language, column.key
            assert language != column.key, column.key


def test_every_reason_has_words():
    codes = {reason.name.lower() for reason in Reason} - {"none"}
    assert codes | {"uncertain", "outside"} <= set(section("reasons"))
    assert {"buildings", "population", "cells"} <= set(section("cluster_basis"))


def test_the_quantity_of_a_level_is_not_called_rsrp():
    (column,) = columns_of(pd.DataFrame({"best_rsrp_dbm": [-90.0]}), [])
    assert "RSRP" not in column.label.vi
    assert "RSCP" in column.about.vi
