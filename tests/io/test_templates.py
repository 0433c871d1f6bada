"""Templates: what they ask for is what the readers know, and what is filled in by their notes is read without one issue."""

from __future__ import annotations

import datetime as dt
import io
import re
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from geo.io.acceptances import read_acceptances
from geo.io.catalogues import band_catalogue, operator_catalogue
from geo.io.declarations import read_declarations
from geo.io.facilities import read_facilities
from geo.io.ipv6_tests import read_ipv6_tests
from geo.io.measurements import read_measurements
from geo.io.operator_plans import read_operator_plans
from geo.io.passive import POINT_KINDS, ROUTE_KINDS, read_points, read_routes
from geo.io.planning_areas import read_public_land
from geo.io.population import read_population_table
from geo.io.portals import read_portals
from geo.io.positions import PositionContext
from geo.io.project import INPUT_KINDS, InputFile
from geo.io.raw import TableOptions
from geo.io.reported_indicators import read_reported_indicators
from geo.io.resources import issue_catalogue, load_toml, resource_names
from geo.io.roads import read_streets
from geo.io.settlements import read_settlements
from geo.io.speed_tests import read_speed_tests
from geo.io.stations import read_network
from geo.io.supported_operators import read_supported_operators
from geo.io.tables import load_schema
from geo.io.template_workbook import template_workbook
from geo.io.templates import Need, Template, TemplateColumn, templates
from geo.project import Project, ProjectSettings
from geo.schemas import FieldType
from geo.text import fold_key
from geo.validation import Effect, IssueLog, Severity
from tests.made_up_area import PROVINCE, SIDE, SOUTH, WEST, area, units

UNITS = units().assign(area_km2=115.0)
CONTEXT = PositionContext(area(), (PROVINCE,))
OPERATORS = operator_catalogue([], operators=())
BANDS = band_catalogue()
AS_OF = pd.Timestamp("2026-11-01")
TEMPLATES = {t.name: t for t in templates()}
EVERY = pytest.mark.parametrize("name", list(TEMPLATES))


def project() -> Project:
    shipped = load_toml("settings.toml")
    return Project(
        path=Path("project.toml"), name="Thử", provinces=(PROVINCE,), operators=(), date=dt.date(2026, 11, 1), cell_size_m=100.0, language="vi",
        inputs={}, rules_catalogue="vn-2026", extra={}, extra_path=None, plan={},
        settings=ProjectSettings(**{k: float(v["value"]) for k, v in shipped.items()}),
    )  # fmt: skip


def read(template: Template, content: bytes, folder: Path) -> tuple[int, IssueLog]:
    """Return the rows that the real reader takes from a filled template, and what it found."""
    path = folder / f"{template.name}.xlsx"
    path.write_bytes(content)
    log = IssueLog(issue_catalogue())
    given: dict[str, Any] = {"file": path.name, "options": TableOptions(), "log": log}
    placed: dict[str, Any] = {**given, "context": CONTEXT}
    named: dict[str, Any] = {**placed, "catalogue": OPERATORS}
    timed: dict[str, Any] = {**named, "as_of": AS_OF}
    kind = template.kind
    readers: dict[str, Callable[[], Any]] = {
        "stations": lambda: network(path, None, log).sites,
        "cells": lambda: network(sites_of(path), path, log).cells,
        "operator_plans": lambda: read_operator_plans(path, bands=BANDS, **named),
        "settlements": lambda: read_settlements(path, **placed),
        "facilities": lambda: read_facilities(path, **placed),
        **{k: lambda k=k: read_points(k, path, **named) for k in POINT_KINDS},
        **{k: lambda k=k: read_routes(k, path, **named) for k in ROUTE_KINDS},
        "speed_tests": lambda: read_speed_tests(path, bands=BANDS, **timed),
        "ipv6_tests": lambda: read_ipv6_tests(path, **timed),
        "portals": lambda: read_portals(path, **placed),
        "declarations": lambda: read_declarations(path, bands=BANDS, **named),
        "reported_indicators": lambda: read_reported_indicators(path, as_of=AS_OF, **placed),
        "measurements": lambda: read_measurements(path, bands=BANDS, **timed),
        "population": lambda: read_population_table(path, units=UNITS, **given),
        "acceptances": lambda: read_acceptances(path, **named),
        "public_land": lambda: read_public_land(path, **placed),
        "streets": lambda: read_streets(path, **placed),
        "supported_operators": lambda: read_supported_operators(path, **named),
    }
    found = readers[kind]()
    return found["row"].nunique() if kind == "reported_indicators" else len(found), log


def network(sites: Path, cells: Path | None, log: IssueLog) -> Any:
    return read_network(
        [InputFile("sites", sites, sites.name, TableOptions())], [] if cells is None else [InputFile("cells", cells, cells.name, TableOptions())],
        project=project(), context=CONTEXT, operators=OPERATORS, bands=BANDS, log=log,
    )  # fmt: skip


def sites_of(cells: Path) -> Path:
    """Write the sites that a table of cells names, so that it has some to belong to."""
    rows = list(openpyxl.load_workbook(cells).worksheets[0].iter_rows(values_only=True))
    found = {(r[rows[0].index("Mã trạm")], r[rows[0].index("Tên DN")], r[rows[0].index("Công nghệ")]) for r in rows[1:] if r[0] and r[0] != "MAU0001"}
    template = TEMPLATES["tram_bts"]
    content = []
    for number, (site, operator, technology) in enumerate(sorted((s, o or "Viettel", t or "4G") for s, o, t in found)):
        values = {"site_id": site, "operator": operator, "technology": technology, "lon": f"{WEST + 0.0105 * number + 0.01137:.5f}", "lat": f"{SOUTH + 0.05137:.5f}", "status": "Đang phát sóng"}
        content.append([values.get(c.field.name, "") for c in template.columns])
    path = cells.with_name("sites.xlsx")
    path.write_bytes(template_workbook(template, content, example=False))
    return path


# -- valid rows, by the notes of the template -------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["Thôn Mẫu", "Bản Mẫu 2", "Nà Mẫu", "Đường Mẫu, tổ 3", "Khu Mẫu (giả định)", "12/GCN", "Ghi chú; hai ý", "0123"]
)
CHANNELS = {"4G": ("earfcn", "1450"), "5G": ("nrarfcn", "636000")}


@st.composite
def table(draw: st.DrawFn, template: Template, *, least: int = 1, most: int = 8, blanks: bool = True) -> list[list[str]]:
    """Draw rows that keep to the notes: what is needed or wanted is there, the rest sometimes."""
    rows = []
    first = draw(st.integers(0, len(UNITS) - 1))  # a commune of its own for each row, so that no two rows are one
    left_blank = draw(st.sets(st.sampled_from([c.field.name for c in template.columns if c.need is Need.FREE] or ["-"])))
    left_blank = left_blank if blanks else set()
    comma = draw(st.booleans())  # one way of writing numbers per column, as the instructions say
    for number in range(len(UNITS) if template.kind == "population" else draw(st.integers(least, most))):  # all communes or none
        commune = (first + 5 * number) % len(UNITS)
        i, j = commune % 6, commune // 6
        # One place per row: twins within 20 m are another matter than a template's.
        lon, lat = WEST + (i + 0.20137 + 0.007 * number) * SIDE, SOUTH + (j + 0.1 + draw(st.integers(1, 7_999)) / 10_000) * SIDE + 0.0000137
        known = {
            "commune_code": str(UNITS["commune_code"][commune]), "commune_name": str(UNITS["commune_name"][commune]), "province_code": PROVINCE,
            "lon": f"{lon:.6f}", "lat": f"{lat:.6f}", "end_lon": f"{lon + 0.002:.6f}", "end_lat": f"{lat + 0.001:.6f}",
        }
        row = {c.field.name: "" if c.field.name in left_blank else draw(value(c, template, number, known)) for c in template.columns}
        row = consistent(draw, row)
        rows.append([row[c.field.name].replace(".", ",") if comma and numeric(c) else row[c.field.name] for c in template.columns])
    return rows


def numeric(column: TemplateColumn) -> bool:
    return column.field.type is FieldType.NUMBER or (column.field.type is FieldType.RAW and ("Number" in column.form.en or column.field.name in {"lon", "lat", "end_lon", "end_lat"}))


def value(column: TemplateColumn, template: Template, number: int, known: dict[str, str]) -> st.SearchStrategy[str]:
    field = column.field
    if field.name in known:
        return st.just(known[field.name])
    if column.values:
        return st.sampled_from([v for v in column.values if v not in {"Mất sóng", "Không rõ"}])
    match field.name:
        case "time":
            return st.integers(0, 20_000).map(lambda s: (dt.datetime(2026, 9, 1, tzinfo=dt.UTC) + dt.timedelta(hours=number * 7, seconds=s)).strftime("%d/%m/%Y %H:%M:%S"))
        case "period":
            return st.sampled_from(["09/2026", "10/2026"])
        case "valid_from":
            return st.just(f"{number + 1:02d}/03/2025")
        case "url":
            return st.just(f"https://mau{number}.example.vn/")
        case "host":
            return st.just(f"mau{number}.example.vn")
        case "level":
            return st.integers(-110, -50).map(str)
        case "service_area" | "band":
            return st.just("")
        case "capable" | "preferred":
            return st.integers(1, 500).map(str)
        case "length_km":
            return st.floats(0.5, 90).map(lambda v: f"{v:.1f}")
    if field.type is FieldType.CODE:
        return st.just(f"{number + 1:04d}")  # leading zeros
    if field.type is FieldType.DATE:
        return st.dates(dt.date(2015, 1, 1), dt.date(2026, 9, 30)).map(lambda d: d.strftime("%d/%m/%Y"))
    if field.type is FieldType.YEAR:
        return st.sampled_from(["2027", "2028", "2029"])
    if field.type is FieldType.INTEGER:
        return st.integers(int(max(1, field.minimum or 0)), int(min(field.maximum or 9_999, 9_999))).map(str)
    if field.type is FieldType.NUMBER:
        low = max(-30.0, field.minimum or 0.5)
        return st.floats(low + 0.5, max(low + 0.5, min(low + 99, field.maximum or 99))).map(lambda v: f"{v:.1f}")
    if field.unit:
        return st.floats(1, 80).map(lambda v: f"{v:.2f}")
    return WORDS


def consistent(draw: st.DrawFn, row: dict[str, str]) -> dict[str, str]:
    """Make fit together what the notes say belongs together."""
    technology = row.get("technology", "")
    for name, (field, channel) in CHANNELS.items():
        if row.get(field):
            row[field] = channel if technology == name else ""
    if row.get("frequency_mhz"):
        row["frequency_mhz"] = "" if row.get("earfcn") or row.get("nrarfcn") else "1800"
    if row.get("locked_technology"):
        row["locked_technology"] = technology
    if "ss_rsrp" in row and technology:
        level = str(draw(st.integers(-110, -50)))
        row["level"], row["ss_rsrp"] = ("", level) if technology == "5G" else (level, "")
    if row.get("population") and row.get("households") and "village_id" in row:
        row["population"] = str(int(row["households"]) * draw(st.integers(2, 6)))
    elif row.get("population"):
        people = draw(st.integers(2_500, 90_000))
        row["population"], row["households"] = str(people), row["households"] and str(people // 4)
    if not (row.get("end_lon") and row.get("end_lat")):
        row |= {k: "" for k in ("end_lon", "end_lat") if k in row}
    if row.get("conduits_used"):
        row["conduits"], row["conduits_used"] = "12", str(int(row["conduits_used"]) % 13)
    if row.get("certificate_date") and row.get("certificate_expiry"):
        row["certificate_expiry"] = row["certificate_date"][:-4] + str(int(row["certificate_date"][-4:]) + 3)
    if "vd" in row or "package_download" in row:
        fixed = row["access"] == "Cố định"
        if fixed:
            row["technology"] = ""
        elif "vd" not in row:
            row |= dict.fromkeys(("package_download", "package_upload"), "")
        if technology == "2G" and not fixed:  # what the technology can carry
            row |= {k: "0.2" for k in ("download", "upload", "vdmin", "vd", "vu") if row.get(k)}
        if technology == "3G" and not fixed and row.get("upload"):
            row["upload"] = "2.5"
    if row.get("vdmin"):
        row["vdmin"] = str(float(row["vd"]) / 2)
    if row.get("vu") and technology == "3G":
        row["vu"] = "1.5"
    if row.get("capable") == "Không" and row.get("preferred"):
        row["preferred"] = "Không"
    if row.get("capable", "").isdigit():
        row["tests"] = str(int(row["capable"]) + draw(st.integers(0, 50)))
        row["preferred"] = row["preferred"] and str(int(row["capable"]) // 2)
    told = ("mobile_broadband_subscribers", "smartphone_subscribers", "adults_with_smartphone", "only_2g_users", "villages_mobile_broadband", "sites_shared",
            "fixed_broadband_subscribers", "households_fibre", "villages_fibre")  # fmt: skip
    if "households_fibre" in row and not any(row[name] for name in told):
        row["households_fibre"] = "55.50"  # a row that tells nothing is stated, and rightly
    # A percentage of 1 or less may be a share that nobody multiplied: read as it stands, and stated, rightly.
    row |= {name: "1.50" for name in told if row.get(name) and float(row[name]) <= 1}
    if row.get("kind") == "Xã" and "url" in row:
        row["kind"] = "Tỉnh"
    return row


def filled(template: Template, rows: int) -> list[list[str]]:
    """Return rows with every cell filled in, the same each time."""
    found: list[list[str]] = []

    @seed(7)
    @settings(max_examples=1, database=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
    @given(table(template, least=rows, most=rows, blanks=False))
    def draw(drawn: list[list[str]]) -> None:
        found[:] = drawn

    draw()
    return found


def check_round_trip(name: str, folder: Path, examples: int) -> None:
    template = TEMPLATES[name]

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
    @given(table(template), st.booleans())
    def check(rows: list[list[str]], example: bool) -> None:
        used, log = read(template, template_workbook(template, rows, example=example), folder)
        # A table of streets has their ends alone; that they are drawn straight is said, however well it is filled in. So is the order of dates that read both ways.
        found = [(f.kind.code, f.kind.severity.value, list(f.rows)) for f in log if f.kind.code not in {"street_straight", "date_order_taken"}]
        assert found == ([("template_example_row", "info", [2])] if example else [])
        assert used == len(rows)

    check()


@EVERY
def test_a_filled_template_reads_back_without_one_issue_and_its_example_does_not_count(name: str, tmp_path: Path) -> None:
    check_round_trip(name, tmp_path, 2)


@pytest.mark.slow
@EVERY
def test_many_filled_templates_read_back_without_one_issue(name: str, tmp_path: Path) -> None:
    check_round_trip(name, tmp_path, 60)


def test_an_example_row_that_was_typed_over_is_stated_and_not_lost_in_silence(tmp_path: Path) -> None:
    template = TEMPLATES["thon_ban"]
    book = openpyxl.load_workbook(io.BytesIO(template_workbook(template, filled(template, 1))))
    book.worksheets[0]["H2"] = "77"  # households of a real village; the name still says that it is an example
    out = io.BytesIO()
    book.save(out)
    used, log = read(template, out.getvalue(), tmp_path)
    assert [(f.kind.code, f.kind.severity, list(f.rows)) for f in log] == [("template_example_changed", Severity.WARNING, [2])]
    assert used == 1


#: What else must be blank for a column to be missed: both or neither.
PAIRS = {"lon": "lat", "lat": "lon", "end_lon": "end_lat", "end_lat": "end_lon"}


@EVERY
def test_what_the_readers_miss_is_called_obligatory_or_wanted(name: str, tmp_path: Path) -> None:
    """A blank that is stated, or costs the row, stands in a column whose header says so."""
    template = TEMPLATES[name]
    places = [c.field.name for c in template.columns]
    rows = filled(template, len(places))
    for number, field in enumerate(places):
        rows[number][number] = ""
        if PAIRS.get(field) in places:
            rows[number][places.index(PAIRS[field])] = ""
    _, log = read(template, template_workbook(template, rows, example=False), tmp_path)
    named = {int(r) for f in log for r in f.rows}
    dropped = {int(r) for f in log if f.kind.effect is Effect.ROW_DROPPED for r in f.rows}
    assert named or template.kind in {"declarations", "speed_tests"}
    assert [c.header for i, c in enumerate(template.columns, start=2) if i in named and c.need is Need.FREE] == []
    assert [c.header for i, c in enumerate(template.columns, start=2) if i in dropped and c.need is not Need.NEEDED] == []


def test_notes_say_what_can_be_and_in_the_language_of_the_sentence() -> None:
    columns = [c for t in TEMPLATES.values() for c in t.columns]
    latitudes = [c for c in columns if c.field.name.endswith("lat")]
    assert latitudes
    assert all("21,123456" in c.form.vi and "21.123456" in c.form.en for c in latitudes)
    assert not [c.form for c in columns if "e+" in c.form.vi or "thuê bao" in c.form.en]
    assert not [c.header for c in columns if "anten" in c.header or "toà nhà" in c.meaning.vi]


def test_every_field_of_every_reader_is_in_a_template_or_left_out_for_a_stated_reason() -> None:
    without = load_toml("input_templates.toml")["no_template"]
    kinds = {Path(n).stem for n in resource_names("tables")}
    assert kinds == {t.kind for t in templates()} | set(without)
    assert not {t.kind for t in templates()} & set(without)
    for template in templates():
        fields = set(load_schema(template.kind).fields)
        assert fields == {c.field.name for c in template.columns} | set(template.left_out), template.name
        assert all(template.left_out.values())
        assert template.used_as in INPUT_KINDS or template.kind == "acceptances"


def test_every_value_of_a_closed_list_is_one_that_the_reader_knows() -> None:
    for template in templates():
        schema = load_schema(template.kind)
        for column in template.columns:
            choices = schema.fields[column.field.name].choices
            if choices is not None:
                assert {choices[fold_key(v)] for v in column.values} == set(choices.values()), (template.name, column.header)


@EVERY
def test_a_template_is_the_same_bytes_twice_and_holds_no_formula(name: str) -> None:
    template = TEMPLATES[name]
    content = template_workbook(template, [["=1+1"] * len(template.columns)])
    assert content == template_workbook(template, [["=1+1"] * len(template.columns)])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheets = [archive.read(n).decode() for n in archive.namelist() if n.startswith("xl/worksheets/sheet")]
    assert sheets
    assert not any("<f>" in s or "<f " in s or "hyperlink" in s for s in sheets)
    book = openpyxl.load_workbook(io.BytesIO(content))
    page = book.worksheets[0]
    assert [c.value for c in page[1]] == [c.header for c in template.columns]
    assert {c.data_type for c in page[3]} == {"s"}
    columns = re.findall(r'<col min="(\d+)" max="(\d+)" [^>]*style="(\d+)"', sheets[0])
    assert sum(int(last) - int(first) + 1 for first, last, _ in columns) == len(template.columns)  # whole columns, not only what is written
    assert {c.number_format for c in page[3]} == {"@"}
    assert {style for _, _, style in columns} == {re.search(r'<c r="A3" s="(\d+)"', sheets[0])[1]}  # type: ignore[index]
    lists = {r.split(":")[0][:-1]: v for v in page.data_validations.dataValidation for r in [str(v.sqref)]}
    for cell, column in zip(page[1], template.columns, strict=True):
        assert cell.comment is not None
        assert column.meaning.vi in cell.comment.text
        assert column.meaning.en in cell.comment.text
        assert (cell.column_letter in lists) == bool(column.values)
        if column.values:
            place = lists[cell.column_letter].formula1.split("!")[1].replace("$", "")
            assert tuple(c.value for row in book["Hướng dẫn"][place] for c in row) == column.values


@pytest.mark.slow
def test_an_office_program_opens_fills_and_saves_it(tmp_path: Path, external_tool: Callable[[str], Path]) -> None:
    """LibreOffice takes it without repair, and what it saves reads as before: zeros, commas, the example row."""
    template = TEMPLATES["co_so"]
    rows = filled(template, 3)
    path = tmp_path / "co_so.xlsx"
    path.write_bytes(template_workbook(template, rows))
    run = subprocess.run(
        [str(external_tool("libreoffice")), f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "ods", "--outdir", str(tmp_path), str(path)],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert "repair" not in (run.stdout + run.stderr).lower()
    log = IssueLog(issue_catalogue())
    frame = read_facilities(tmp_path / "co_so.ods", file="co_so.ods", options=TableOptions(), context=CONTEXT, log=log)
    assert log.codes() == {"template_example_row"}
    assert list(frame["facility_id"]) == ["0001", "0002", "0003"]
