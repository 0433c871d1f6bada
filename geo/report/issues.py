"""The issues workbook: what was found in the inputs, in both languages, and a sheet to send back.

No row number is lost: a finding with many rows lists them as ranges over as many lines as it takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from geo.errors import Bilingual
from geo.io.spreadsheet import Sheet, SheetColumn, workbook_bytes
from geo.validation import Finding, IssueLog, Severity

__all__ = ["issue_lines", "issues_workbook", "row_ranges"]

_LISTED_ONE_BY_ONE = 2_000
#: Said once per column, for it is one thing that was done to all its cells; and nothing that its sender has to correct.
_TOGETHER = frozenset({"text_old_letters_converted"})
_NOTES_ONE_BY_ONE = 5  # a note asks for nothing: its rows are given as ranges
_RANGES_PER_LINE = 60
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
_SEVERITY = {
    Severity.ERROR: Bilingual("Lỗi", "Error"),
    Severity.WARNING: Bilingual("Cảnh báo", "Warning"),
    Severity.INFO: Bilingual("Thông tin", "Note"),
}
#: Lists that others send come first; what the department keeps itself comes after.
_KINDS = ("stations", "cells", "measurements", "settlements", "facilities", "buildings", "population", "roads", "boundaries")
_SENT = frozenset({"stations", "cells", "measurements"})
_KIND_NAMES = {
    "stations": "trạm / sites", "cells": "cell / cells", "measurements": "mẫu đo / measurements",
    "settlements": "thôn, bản / villages", "facilities": "cơ sở / facilities", "buildings": "nhà / buildings",
    "population": "dân số / population", "roads": "đường / roads", "boundaries": "ranh giới / boundaries",
    "path_loss": "tuyến đo suy hao / path-loss links", "speed_tests": "đo tốc độ / speed tests",
    "ipv6_tests": "đo IPv6 / IPv6 tests", "portals": "cổng thông tin / portals", "declarations": "tốc độ công bố / declared speeds",
    "reported_indicators": "chỉ tiêu báo cáo / reported indicators", "operator_plans": "đăng ký của doanh nghiệp / operators' plans",
    "masts": "cột ăng-ten / masts", "ducts": "công trình ngầm / ducts", "poles": "cột treo cáp / poles", "cables": "cáp treo / hung cable",
    "service_points": "điểm cung cấp dịch vụ / service points", "restricted_areas": "khu vực hạn chế / restricted areas", "streets": "phố / streets",
    "power_lines": "đường dây điện / power lines", "public_land": "đất công, nhà công / public land", "coverage_claims": "vùng phủ công bố / claimed coverage",
    "acceptances": "nghiệm thu / acceptances",
}  # fmt: skip
#: Findings about an entry of the project file have its name where others have a file's.
_OF_PROJECT = "mục của tệp dự án / entry of the project file"
_TABLES = frozenset({"project", "inputs", "rules", "settings", "plan"})
_EFFECT = {
    "kept": Bilingual("giữ nguyên", "kept"),
    "changed": Bilingual("đã sửa khi đọc", "put right while reading"),
    "field_unknown": Bilingual("ô coi như không biết", "cell treated as unknown"),
    "row_dropped": Bilingual("dòng không dùng", "row not used"),
    "file_refused": Bilingual("không dùng cả bảng", "whole table not used"),
}
_HEADERS = {
    "vi": ("Mức độ", "Tệp", "Trang/lớp", "Dòng", "Cột", "Giá trị nhận được", "Vấn đề", "Giá trị cho phép",
           "Cần làm gì", "Đã xử lý thế nào", "Số dòng", "Mã"),
    "en": ("Severity", "File", "Sheet/layer", "Row", "Column", "What came", "What is wrong", "What is allowed",
           "What to do", "What was done", "Rows", "Code"),
}  # fmt: skip


def row_ranges(rows: npt.NDArray[np.int64]) -> list[str]:
    """Return sorted row numbers as texts, consecutive ones as ``"5-9"``."""
    if len(rows) == 0:
        return []
    ordered = np.unique(rows)
    cuts = np.flatnonzero(np.diff(ordered) > 1) + 1
    starts = ordered[np.concatenate(([0], cuts))]
    ends = ordered[np.concatenate((cuts - 1, [len(ordered) - 1]))]
    return [str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True)]


def issue_lines(finding: Finding) -> Iterator[tuple[str, str, int]]:
    """Yield (rows, what came, number of rows) per line of the workbook."""
    count = len(finding.rows)
    if count == 0:
        yield "", str(finding.came[0]) if len(finding.came) else "", 1
        return
    if finding.kind.code not in _TOGETHER and count <= (_NOTES_ONE_BY_ONE if finding.kind.severity is Severity.INFO else _LISTED_ONE_BY_ONE):
        single = len(finding.came) == 1
        for i in np.argsort(finding.rows, kind="stable"):
            yield str(finding.rows[i]), str(finding.came[0 if single else i]), 1
        return
    ranges = row_ranges(finding.rows)
    examples = list(dict.fromkeys(str(c) for c in finding.came[:50]))[:5]
    came = "; ".join(examples) + ("; …" if len(examples) == 5 else "")
    for start in range(0, len(ranges), _RANGES_PER_LINE):
        part = ranges[start : start + _RANGES_PER_LINE]
        yield "; ".join(part), came, sum(_span(text) for text in part)


def _span(text: str) -> int:
    first, _, last = text.partition("-")
    return int(last or first) - int(first) + 1


def _sorted(findings: Sequence[Finding], log: IssueLog) -> list[Finding]:
    kinds = {c.source: _KINDS.index(c.kind) if c.kind in _KINDS else len(_KINDS) for c in log.counts}
    return sorted(
        findings,
        key=lambda f: (_ORDER[f.kind.severity], kinds.get(f.source, len(_KINDS)), f.source.file, f.source.sheet, int(f.rows[0]) if len(f.rows) else 0,
                       f.kind.code),
    )


def _list_sheet(findings: Sequence[Finding], language: str, name: str) -> Sheet:
    columns = [SheetColumn(h, "#,##0" if h in {"Số dòng", "Rows"} else "@") for h in _HEADERS[language]]
    rows: list[tuple[object, ...]] = []
    for finding in findings:
        for place, came, count in issue_lines(finding):
            rows.append(
                (
                    _SEVERITY[finding.kind.severity].text(language),
                    finding.source.file,
                    finding.source.sheet,
                    place,
                    finding.column,
                    came,
                    finding.title.text(language),
                    finding.allowed.text(language),
                    finding.action.text(language),
                    _EFFECT[finding.kind.effect.value].text(language),
                    count,
                    finding.kind.code,
                )
            )
    return Sheet(name, columns, rows)


def _summary_sheet(log: IssueLog) -> Sheet:
    columns = [
        SheetColumn("Loại dữ liệu / Kind"),
        SheetColumn("Tệp / File"),
        SheetColumn("Trang/lớp / Sheet or layer"),
        SheetColumn("Số dòng vào / Rows in", "#,##0"),
        SheetColumn("Số dòng dùng / Rows used", "#,##0"),
        SheetColumn("Số dòng không dùng, có lý do / Rows not used, explained", "#,##0"),
        SheetColumn("Lỗi / Errors", "#,##0"),
        SheetColumn("Cảnh báo / Warnings", "#,##0"),
    ]
    rows: list[tuple[object, ...]] = []
    stated = {(c.source.file, c.source.sheet) for c in log.counts}
    for count in log.counts:
        mine = [f for f in log.findings if f.source == count.source]
        rows.append(
            (_KIND_NAMES.get(count.kind, count.kind), count.source.file, count.source.sheet, count.rows_in, count.rows_used, count.rows_dropped,
             *_severities(mine))
        )
    others = sorted({f.source for f in log.findings if (f.source.file, f.source.sheet) not in stated})
    for source in others:
        mine = [f for f in log.findings if f.source == source]
        rows.append((_OF_PROJECT if source.file.split(".")[0] in _TABLES else "", source.file, source.sheet, None, None, None, *_severities(mine)))
    totals = [sum(int(str(row[i])) for row in rows if row[i] is not None) for i in range(3, 8)]
    rows.append(("Tổng cộng / Total", "", "", *totals))
    return Sheet("Tổng hợp - Summary", columns, rows)


def _severities(findings: Sequence[Finding]) -> tuple[int, int]:
    return (
        sum(f.count for f in findings if f.kind.severity is Severity.ERROR),
        sum(f.count for f in findings if f.kind.severity is Severity.WARNING),
    )


def _reply_sheets(findings: Sequence[Finding], log: IssueLog) -> list[Sheet]:
    """Return one sheet per list that somebody sent, with what only the sender can answer."""
    sent = list(dict.fromkeys(c.source.file for c in log.counts if c.kind in _SENT))
    sheets: list[Sheet] = []
    for file in sent:
        rows = [f for f in findings if f.source.file == file and len(f.rows) and f.kind.severity is not Severity.INFO and f.kind.code not in _TOGETHER]
        if rows:
            name = file.rsplit("/", 1)[-1]
            sheets.append(_reply_sheet(rows, f"Gửi lại {len(sheets) + 1} - {name}"))
    return sheets


def _reply_sheet(findings: Sequence[Finding], name: str) -> Sheet:
    """Return what the sender of one list has to look at, with empty columns for the answer."""
    columns = [
        SheetColumn("Tệp / File"),
        SheetColumn("Trang / Sheet"),
        SheetColumn("Dòng / Row"),
        SheetColumn("Cột / Column"),
        SheetColumn("Giá trị nhận được / What came"),
        SheetColumn("Vấn đề / What is wrong"),
        SheetColumn("Đề nghị / Please"),
        SheetColumn("Giá trị đúng (đơn vị điền) / Correct value (please fill in)", least_width=24.0),
        SheetColumn("Ghi chú của đơn vị / Your remark", least_width=24.0),
    ]
    asked = sorted(findings, key=lambda f: (f.source.file, f.source.sheet, int(f.rows[0]) if len(f.rows) else 0))
    rows: list[tuple[object, ...]] = []
    for finding in asked:
        for place, came, _ in issue_lines(finding):
            title, action = finding.title, finding.action
            rows.append(
                (finding.source.file, finding.source.sheet, place, finding.column, came,
                 f"{title.vi}\n{title.en}", f"{action.vi}\n{action.en}", "", "")
            )
    return Sheet(name, columns, rows)


#: How a former commune was found.
_HOW = {
    "code": Bilingual("theo mã xã cũ", "by its former code"),
    "name": Bilingual("theo tên có dấu", "by its name with accents"),
    "accents": Bilingual("theo tên không dấu hoặc sai dấu", "by its name without accents, or with wrong ones"),
    "spelling": Bilingual("theo tên sai một chữ", "by its name with one letter wrong"),
}


def _former_sheet(log: IssueLog) -> Sheet:
    """Return what rows that name a commune from before 01/07/2025 were matched with."""
    columns = [
        SheetColumn("Tệp / File"),
        SheetColumn("Trang/lớp / Sheet or layer"),
        SheetColumn("Dòng / Rows"),
        SheetColumn("Số dòng / Number of rows", "0"),
        SheetColumn("Giá trị nhận được / What came"),
        SheetColumn("Cách khớp / How it was matched"),
        SheetColumn("Xã cũ / Former commune"),
        SheetColumn("Xã hiện nay / Commune today"),
        SheetColumn("Số khả năng / Candidates", "0"),
        SheetColumn("Xã cũ khác, chỉ khác dấu / Other former communes that differ by accents only"),
    ]
    rows: list[tuple[object, ...]] = []
    for record in sorted(log.areas, key=lambda r: (r.source, -len(r.today), r.came)):
        ranges = row_ranges(np.asarray(record.rows, dtype=np.int64))
        more = "; …" if len(ranges) > _RANGES_PER_LINE else ""
        how = _HOW[record.how]
        rows.append(
            (record.source.file, record.source.sheet, "; ".join(ranges[:_RANGES_PER_LINE]) + more, len(record.rows), record.came,
             f"{how.vi} / {how.en}", "; ".join(record.former), "; ".join(record.today), len(record.today),
             "; ".join(record.near))
        )
    return Sheet("Xã cũ - Former communes", columns, rows)


def issues_workbook(log: IssueLog, *, created: date, title: str) -> bytes:
    """Return ``issues.xlsx``: summary, findings in Vietnamese and in English, and the sheet to send back.

    Parameters
    ----------
    log : IssueLog
    created : date
        The project's date (the clock is never written, so that the same inputs give the same bytes).
    title : str
        Project name.
    """
    findings = _sorted(log.findings, log)
    sheets = [
        _summary_sheet(log),
        _list_sheet(findings, "vi", "Vấn đề (vi)"),
        _list_sheet(findings, "en", "Issues (en)"),
        *([_former_sheet(log)] if log.areas else []),
        *_reply_sheets(findings, log),
    ]
    return workbook_bytes(sheets, created=created, title=title)
