"""Service quality: speed tests, IPv6 tests, portals, declarations."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from geo.io.inputs import Inputs
from tests.bad_input.builders import way
from tests.bad_input.made_up_project import COMMUNES, Check, MadeUpProject

_HEAD = ["Thời gian", "Nguồn", "Nhà mạng", "Công nghệ", "Mã xã", "Tải xuống (Mbit/s)", "Tải lên (Mbit/s)", "Ping (ms)"]
_QUADKEYS = ("1322101011200201", "1322101011200210", "1322101011200211")


def _tests(n: int = 6) -> list[list[str]]:
    """Rows without a fault: times with their zone, a source, a commune."""
    return [
        [f"2026-09-0{i + 1}T08:00:00+07:00", "i-Speed", "Viettel", "4G", COMMUNES[i % 5], f"{30 + i}.5", f"{9 + i}", "30"] for i in range(n)
    ]


def _write(p: MadeUpProject, rows: Sequence[Sequence[str]], head: Sequence[str] = _HEAD, *, name: str = "do.csv", **options: object) -> None:
    p.write("sites.csv", p.csv_text())
    p.write(name, "\n".join(";".join(r) for r in (head, *rows)) + "\n")
    p.inputs["speed_tests"] = {"path": name, **options}


def speeds(*expected: float) -> Check:
    """Return a check of the downloads that were read; NaN is unknown."""

    def check(inputs: Inputs) -> None:
        assert inputs.speed_tests is not None
        found = inputs.speed_tests["download_mbps"].tolist()
        assert len(found) == len(expected)
        assert all(math.isclose(a, b) or (math.isnan(a) and math.isnan(b)) for a, b in zip(found, expected, strict=True)), found

    return check


def _spoilt(change: Callable[[list[list[str]]], object], head: Sequence[str] = _HEAD) -> Callable[[MadeUpProject], None]:
    def build(p: MadeUpProject) -> None:
        rows = _tests()
        change(rows)
        _write(p, rows, head)

    return build


@way("speed_negative")
def _(p: MadeUpProject) -> Check | None:
    _spoilt(lambda rows: rows[2].__setitem__(5, "-1"))(p)
    return speeds(30.5, 31.5, 33.5, 34.5, 35.5)


@way("speed_kbits_under_a_header_of_mbits")
def _(p: MadeUpProject) -> Check | None:
    _spoilt(lambda rows: [r.__setitem__(5, f"{30 + i}500") for i, r in enumerate(rows)])(p)
    return None


@way("speed_kbits_in_one_row")
def _(p: MadeUpProject) -> Check | None:
    _spoilt(lambda rows: rows[2].__setitem__(5, "32500"))(p)
    return speeds(30.5, 31.5, math.nan, 33.5, 34.5, 35.5)


@way("speed_without_a_unit_told_by_values")
def _(p: MadeUpProject) -> Check | None:
    rows = _tests()
    for i, row in enumerate(rows):
        row[5], row[6] = f"{30500 + 1000 * i}", f"{9000 + 1000 * i}"
    _write(p, rows, [h.replace(" (Mbit/s)", "") for h in _HEAD])
    return speeds(30.5, 31.5, 32.5, 33.5, 34.5, 35.5)


@way("speed_without_a_unit_told_by_nothing")
def _(p: MadeUpProject) -> Check | None:
    rows = _tests()
    for i, row in enumerate(rows):
        row[5] = f"{800 + i}"
    _write(p, rows, [h.replace(" (Mbit/s)", "") for h in _HEAD])
    return None


@way("speed_in_megabytes")
def _(p: MadeUpProject) -> Check | None:
    _write(p, _tests(), [h.replace("Mbit/s", "MB/s") for h in _HEAD])
    return None


@way("speed_test_of_zero_seconds")
def _(p: MadeUpProject) -> Check | None:
    rows = [[*r, "0" if i == 1 else "15"] for i, r in enumerate(_tests())]
    _write(p, rows, [*_HEAD, "Thời lượng (s)"])
    return speeds(30.5, 32.5, 33.5, 34.5, 35.5)


@way("speed_test_failed")
def _(p: MadeUpProject) -> Check | None:
    _spoilt(lambda rows: rows[0].__setitem__(5, "0"))(p)
    return speeds(math.nan, 31.5, 32.5, 33.5, 34.5, 35.5)


@way("speed_rows_twice")
def _(p: MadeUpProject) -> Check | None:
    _spoilt(lambda rows: rows.append(list(rows[0])))(p)
    return speeds(30.5, 31.5, 32.5, 33.5, 34.5, 35.5)


@way("speed_file_twice")
def _(p: MadeUpProject) -> Check | None:
    _write(p, _tests(2), name="a.csv")
    _write(p, _tests(3), name="b.csv")
    p.inputs["speed_tests"] = ["a.csv", "b.csv"]
    return speeds(30.5, 31.5, 32.5)


@way("speed_dates_that_cannot_be")
def _(p: MadeUpProject) -> Check | None:
    def change(rows: list[list[str]]) -> None:
        for i, text in enumerate(("30/02/2026 08:00", "2027-09-01 08:00", "1970-01-01 08:00")):
            rows[i][0] = text

    _spoilt(change)(p)
    return speeds(33.5, 34.5, 35.5)


@way("speed_times_without_a_zone")
def _(p: MadeUpProject) -> Check | None:
    _spoilt(lambda rows: [r.__setitem__(0, r[0][:19].replace("T", " ")) for r in rows])(p)

    def check(inputs: Inputs) -> None:
        assert inputs.speed_tests is not None
        assert str(inputs.speed_tests["time"].iloc[0]) == "2026-09-01 01:00:00+00:00"

    return check


@way("speed_decimal_commas_and_units_in_cells")
def _(p: MadeUpProject) -> Check | None:
    def change(rows: list[list[str]]) -> None:
        for row, text in zip(rows, ("30,5", "31500 kbps", "32,5 Mbps", "33,5", "34,5", "35,5"), strict=True):
            row[5] = text

    _spoilt(change)(p)
    return speeds(30.5, 31.5, 32.5, 33.5, 34.5, 35.5)


@way("speed_quadkeys_wrong")
def _(p: MadeUpProject) -> Check | None:
    keys = (_QUADKEYS[0], _QUADKEYS[1][:-1], f"4{_QUADKEYS[2][1:]}", "0" * 16)
    rows = [[k, "40000", "9000", "30", "5", "2"] for k in keys]
    _write(p, rows, ["quadkey", "avg_d_kbps", "avg_u_kbps", "avg_lat_ms", "tests", "devices"], access="mobile", period="2026-Q3")
    return speeds(40)


@way("speed_mobile_or_fixed")
def _(p: MadeUpProject) -> Check | None:
    _write(p, [[*r[:3], *r[4:]] for r in _tests()], [*_HEAD[:3], *_HEAD[4:]])
    return None


@way("speed_of_an_unknown_place")
def _(p: MadeUpProject) -> Check | None:
    _spoilt(lambda rows: (rows[0].__setitem__(4, "88888"), rows[1].__setitem__(4, "")))(p)
    return speeds(32.5, 33.5, 34.5, 35.5)


@way("ipv6_more_capable_than_tests")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text())
    p.write("v6.csv", f"Mã xã,Nhà mạng,Kỳ,Số mẫu,Số mẫu có IPv6\n{COMMUNES[0]},Viettel,2026-09,100,72\n{COMMUNES[1]},Viettel,2026-09,100,172\n")
    p.inputs["ipv6_tests"] = "v6.csv"

    def check(inputs: Inputs) -> None:
        assert inputs.ipv6_tests is not None
        assert inputs.ipv6_tests["capable_tests"].tolist() == [72]

    return check


@way("ipv6_counts_or_percent")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text())
    p.write("v6.csv", f"Mã xã,Nhà mạng,Kỳ,Số mẫu,IPv6 capable\n{COMMUNES[0]},Viettel,2026-09,200,72\n")
    p.inputs["ipv6_tests"] = "v6.csv"
    return None


@way("portal_addresses_of_no_use")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text())
    rows = ("https://xa.example", "", "192.0.2.1", "javascript:alert(1)", "=HYPERLINK(1)")
    p.write("cong.csv", "Mã,Địa chỉ,Mã xã\n" + "".join(f"P{i},{a},{COMMUNES[0]}\n" for i, a in enumerate(rows)))
    p.inputs["portals"] = "cong.csv"

    def check(inputs: Inputs) -> None:
        assert inputs.portals is not None
        assert inputs.portals["host"].tolist() == ["xa.example"]

    return check


@way("declaration_exchanged_and_twice")
def _(p: MadeUpProject) -> Check | None:
    p.write("sites.csv", p.csv_text())
    head = "Nhà mạng,Công nghệ,Mã xã,Vdmin (Mbit/s),Vd (Mbit/s),Hiệu lực từ\n"
    p.write("cb.csv", head + f"Viettel,4G,{COMMUNES[0]},40,5,2026-01-01\nViettel,4G,{COMMUNES[0]},5,40,2026-01-01\n")
    p.inputs["declarations"] = "cb.csv"

    def check(inputs: Inputs) -> None:
        assert inputs.declarations is not None
        assert inputs.declarations["vdmin_mbps"].tolist() == []  # said, not put right: nobody can tell which of the two holds

    return check


@way("speed_of_a_year_to_come")
def _(p: MadeUpProject) -> Check | None:
    _spoilt(lambda rows: rows[2].__setitem__(3, "5G (2027)"))(p)
    return None


@way("speed_time_without_a_day")
def _(p: MadeUpProject) -> Check | None:
    _spoilt(lambda rows: rows[2].__setitem__(0, "2026"))(p)
    return None


@way("speed_files_of_one_form_day_and_month")
def _(p: MadeUpProject) -> Check | None:
    for name, days in (("do1.csv", ("09/01/2026", "09/02/2026")), ("do2.csv", ("09/25/2026", "09/26/2026"))):
        _write(p, [[f"{day} 08:00:00+07:00", *row[1:5], f"{30 + i}.{name[2]}", *row[6:]] for i, (day, row) in enumerate(zip(days, _tests(), strict=False))], name=name)
    p.inputs["speed_tests"] = "do*.csv"

    def check(inputs: Inputs) -> None:
        assert inputs.speed_tests is not None
        assert [f"{t:%d/%m}" for t in inputs.speed_tests["time"]] == ["01/09", "02/09", "25/09", "26/09"]

    return check
