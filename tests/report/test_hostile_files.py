"""Hostile texts through the writers of office files: shown as text, no formula, no link, nothing that an office program must repair."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pypdf
import pytest
from docx import Document

from geo.io.documents import DocumentTable, DocumentText, document_bytes
from geo.io.spreadsheet import Sheet, SheetColumn, workbook_bytes
from geo.report.paper import Sheet as Paper
from geo.report.tables import arrange, csv_bytes, result_table, tables_workbook
from geo.text import encodable, writable

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "mapping"))
from hostile import WAYS, mixtures

DAY = date(2026, 11, 1)
TEXTS = [
    *WAYS.values(), "=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "＝1", "=cmd|' /C calc'!A0", "_x0041_", "https://example.invalid", "mailto:a@example.invalid",
    "internal:Sheet1!A1", "{=1+1}", "Z" * 40_000, "😀" * 20_000, *mixtures(40, seed=20261130),
]  # fmt: skip
TABLES = ("communes", "undergrounding", "scorecard_series", "annex_masts", "annex_ducts_planned", "annex_service_points")


def frame_of(name: str) -> pd.DataFrame:
    """Return every text in every text column of a table, and as the name of a further one."""
    short = [text[:300] for text in TEXTS]
    columns = {c.name: pd.Series(short if c.kind in {"text", "code"} else [None] * len(TEXTS), dtype=object) for c in result_table(name).columns}
    return pd.DataFrame({**columns, WAYS["spreadsheet formula"]: pd.Series(TEXTS, dtype=object)})


def no_way_out(content: bytes) -> None:
    """Assert that a package holds no formula, no script and nothing that leads outside."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        for entry in packed.namelist():
            assert not entry.endswith((".bin", ".js", ".vml")), entry
            part = packed.read(entry)
            assert b"TargetMode" not in part, entry
            assert not any(mark in part for mark in (b"<f>", b"<f ", b"<hyperlink", b"w:instrText", b"w:fldSimple", b"<w:hyperlink", b"<script", b"oleObject", b"ddeLink")), entry


def test_what_can_be_written_is_only_what_xml_holds_and_nothing_that_turns_direction() -> None:
    kept = {chr(c) for c in (*range(0x3000), *range(0xD700, 0x10100), 0x1F600) if writable(chr(c)) == chr(c)}
    assert {"\t", "\n", "\r", " ", "~", "đ", "Ệ", "\u2028", "😀"} <= kept
    assert not any(unicodedata.category(c) == "Cs" or unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"} for c in kept)
    assert {c for c in kept if unicodedata.category(c) == "Cc"} == {"\t", "\n", "\r"}
    assert encodable("a\ud800\u202eb") == "a\ufffd\u202eb"


def test_texts_stay_texts_in_every_table_of_the_workbook() -> None:
    arranged = [arrange(frame_of(name), result_table(name), ["Mạng A"]) for name in TABLES]
    made = tables_workbook(arranged[:2], language="vi", created=DAY, title="".join(TEXTS[:60]))
    no_way_out(made)
    book = openpyxl.load_workbook(io.BytesIO(made))
    for one in arranged[:2]:
        sheet = book[one.table.title.vi[:31]]
        assert not any(cell.data_type == "f" or cell.hyperlink for row in sheet.iter_rows() for cell in row)
    shown = [row[-1] for row in book[arranged[0].table.title.vi[:31]].iter_rows(min_row=2, values_only=True)]
    for text, given in zip(shown, TEXTS, strict=True):
        wanted = writable(given.replace("\r\n", "\n").replace("\r", "\n"))
        cut = text.endswith("…") and len(text.encode("utf-16-le")) // 2 in {32_766, 32_767}
        assert wanted.startswith(text[:-1]) if cut else text == (given if given == "_x0041_" else wanted)
    for one in arranged[2:]:  # the same writer: its texts alone are looked for
        no_way_out(tables_workbook([one], language="en", created=DAY))


def test_texts_stay_texts_in_csv() -> None:
    made = csv_bytes(arrange(frame_of("communes"), result_table("communes")))
    head, *rows = csv.reader(io.StringIO(made.decode("utf-8-sig"), newline=""))
    assert not any(text.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝")) for row in (head, *rows) for text in row)
    assert [row[-1].removeprefix("'") for row in rows] == [encodable(text).removeprefix("'") for text in TEXTS]


def test_names_of_sheets_are_those_that_excel_takes() -> None:
    names = [*TEXTS[:60], "a" * 40, "A" * 40, "", "'"]
    made = workbook_bytes([Sheet(name, [SheetColumn(name)], [[name]]) for name in names], created=DAY, title=names[0])
    no_way_out(made)
    got = openpyxl.load_workbook(io.BytesIO(made)).sheetnames
    assert len({name.casefold() for name in got}) == len(names)
    assert all(0 < len(name) <= 31 for name in got)
    assert got[60:] == ["a" * 31, "A" * 27 + " (2)", "-", "- (2)"]


def plan() -> bytes:
    rows = tuple((text[:400], text[:400]) for text in TEXTS)
    return document_bytes([DocumentText(text[:400]) for text in TEXTS] + [DocumentTable(("a", TEXTS[0]), rows, (80.0, 80.0), ("left", "right"))], title=TEXTS[1], created=DAY)


def test_texts_stay_texts_in_a_document_and_it_is_the_same_bytes_twice() -> None:
    made = plan()
    assert made == plan()
    no_way_out(made)
    shown = "\n".join(p.text for p in Document(io.BytesIO(made)).paragraphs)
    for text in ("<img src=x onerror=ran=1>", "=1+1", "javascript:window.ran=1", "=cmd|' /C calc'!A0"):
        assert text in shown
    assert "\u202e" not in shown


def test_texts_stay_texts_in_a_pdf() -> None:
    page = Paper(297.0, 420.0, title=WAYS["script element"], language="vi", day=DAY)
    for i, text in enumerate(TEXTS):
        page.text(5.0, 5.0 + 3.0 * i, text[:300], 6.0)
    page.bookmark("x", WAYS["address of a script"])
    read = pypdf.PdfReader(io.BytesIO(page.content()))
    shown = read.pages[0].extract_text()
    assert "<script>window.ran=1</script>" in shown
    assert "\u202e" not in shown
    assert not {"/OpenAction", "/AA", "/AcroForm"} & set(read.trailer["/Root"])
    assert "/Annots" not in read.pages[0]
    assert not any(isinstance(o, dict) and {"/JS", "/URI", "/Launch"} & {*o, o.get("/S")} for o in (read.get_object(i) for i in range(1, len(read.xref[0]) + 1)))


def converted(program: Path, folder: Path, name: str, kind: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    command = [str(program), f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", kind, "--outdir", str(folder), str(folder / name)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    return folder / f"{name.partition('.')[0]}.{kind.partition(':')[0]}"


@pytest.mark.slow
def test_an_office_program_opens_both_and_shows_the_texts(tmp_path: Path, external_tool: Callable[[str], Path]) -> None:
    program = external_tool("libreoffice")
    kept = [text for text in TEXTS if len(text) < 300 and text == writable(text) and not set("\t\r\n") & set(text)]
    sheet = workbook_bytes([Sheet("A", [SheetColumn("x")], [[text] for text in kept])], created=DAY)
    table = converted(program, tmp_path, "tables.xlsx", "csv:Text - txt - csv (StarCalc):44,34,76,1", sheet)
    assert [row[0] for row in csv.reader(io.StringIO(table.read_text(encoding="utf-8-sig"), newline=""))] == ["x", *kept]
    made = converted(program, tmp_path, "plan.docx", "txt:Text (encoded):UTF8", plan()).read_text(encoding="utf-8-sig")
    assert all(text in made for text in ("<img src=x onerror=ran=1>", "=1+1", "=cmd|' /C calc'!A0"))
