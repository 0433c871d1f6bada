"""Word documents: headings, paragraphs and tables, the same bytes each time, no text ever more than text."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from geo.text import clean

__all__ = ["DocumentTable", "DocumentText", "document_bytes"]

#: What XML 1.0 cannot hold (2.2), besides the control characters that ``clean`` takes out.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
_ALIGN = {"left": WD_ALIGN_PARAGRAPH.LEFT, "right": WD_ALIGN_PARAGRAPH.RIGHT, "middle": WD_ALIGN_PARAGRAPH.CENTER}
_FONT = "Times New Roman"
#: Rows of a table that is never divided.
_WHOLE = 12
#: Letters of a table, in points: smaller where it has so many columns, so that no number or word is torn.
_TABLE_PT, _MANY_COLUMNS, _WIDE_TABLE_PT = 10.0, 12, 9.0
#: Left and right of the text of a cell that has lines, in mm (Word's own 1.9 mm are a third of a narrow column).
_CELL_MARGIN_MM = 0.8
#: Margins of a state document (Decree 30/2020/ND-CP, annex I), in mm: top, bottom, left, right.
_MARGINS_MM = (20, 20, 30, 15)
#: Letters that a property of a document may have (ECMA-376, part 2).
_LONGEST_PROPERTY = 255
_EARLIEST = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class DocumentText:
    """A paragraph: its text, how it stands, its size in points."""

    text: str
    align: str = "left"
    bold: bool = False
    italic: bool = False
    size: float = 13.0
    heading: bool = False


@dataclass(frozen=True, slots=True)
class DocumentTable:
    """A table: header, groups of headers above it, widths in mm, sides, rows.

    Attributes
    ----------
    headers : tuple of str
    rows : tuple of tuple of str
    widths_mm : tuple of float
    aligns : tuple of str
        left, right or middle.
    groups : tuple of (str, int)
        Headers over so many columns each, from the left; an empty text leaves a column's header as high as both rows.
    bold_last : bool
        Whether the last row is a total.
    lined : bool
        Whether its cells have lines.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths_mm: tuple[float, ...]
    aligns: tuple[str, ...]
    groups: tuple[tuple[str, int], ...] = field(default=())
    bold_last: bool = False
    lined: bool = True


def document_bytes(parts: Sequence[DocumentText | DocumentTable], *, title: str, created: date, lying: bool = True) -> bytes:
    """Return a Word document of A4 pages.

    Parameters
    ----------
    parts : sequence of DocumentText or DocumentTable
    title : str
    created : date
        Day that the file states as its own.
    lying : bool
        Whether pages lie.
    """
    document = Document()
    section = document.sections[0]
    wide, high = (297, 210) if lying else (210, 297)
    section.orientation = WD_ORIENT.LANDSCAPE if lying else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(wide), Mm(high)
    section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = (Mm(value) for value in _MARGINS_MM)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = _FONT, Pt(13)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), _FONT)
    for part in parts:
        if isinstance(part, DocumentText):
            _write(document.add_paragraph(style="Heading 1" if part.heading else None), part)
        else:
            _table(document, part)
    properties = document.core_properties
    moment = datetime(created.year, created.month, created.day, tzinfo=UTC).replace(tzinfo=None)
    properties.title, properties.author, properties.comments, properties.last_modified_by = _shown(title)[:_LONGEST_PROPERTY], "", "", ""
    properties.created = properties.modified = moment
    properties.revision = 1
    stream = io.BytesIO()
    document.save(stream)
    return _without_clock(stream.getvalue())


def _shown(text: str) -> str:
    """Return a text as a document can hold it; what it cannot is counted."""
    return _NOT_XML.sub(lambda found: f"[?×{len(found[0])}]", clean(text))


def _write(paragraph: Any, part: DocumentText) -> None:
    paragraph.alignment = _ALIGN[part.align]
    paragraph.paragraph_format.space_after = Pt(4)
    paragraph.paragraph_format.keep_with_next = part.bold or part.heading  # what names a table stays with it
    run = paragraph.add_run(_shown(part.text))
    run.bold, run.italic = part.bold or part.heading, part.italic
    run.font.size, run.font.name = Pt(part.size), _FONT
    run.font.color.rgb = RGBColor(0, 0, 0)
    run._element.rPr.rFonts.set(qn("w:eastAsia"), _FONT)


def _table(document: Any, part: DocumentTable) -> None:
    first = 1 if part.groups else 0
    heads = first + (1 if part.headers else 0)
    table = document.add_table(rows=heads + len(part.rows), cols=len(part.widths_mm), style="Table Grid" if part.lined else None)
    table.autofit = False
    if part.lined:
        _narrow_cells(table)
    size = _WIDE_TABLE_PT if len(part.widths_mm) >= _MANY_COLUMNS else _TABLE_PT
    rows = [list(row.cells) for row in table.rows]
    if part.groups:
        column = 0
        for text, span in part.groups:
            if text:
                merged = rows[0][column].merge(rows[0][column + span - 1])
                _cell(merged, text, "middle", size, bold=True)
            else:
                _cell(rows[0][column].merge(rows[1][column]), part.headers[column], "middle", size, bold=True)
            column += span
    alone = {sum(s for _, s in part.groups[:i]) for i, (text, _) in enumerate(part.groups) if not text}
    for j, header in enumerate(part.headers):
        if j not in alone:
            _cell(rows[first][j], header, "middle", size, bold=True)
    for head in table.rows[:heads]:  # repeated on every page
        mark = OxmlElement("w:tblHeader")
        mark.set(qn("w:val"), "true")
        head._tr.get_or_add_trPr().append(mark)
    for whole in table.rows:  # no row is torn by the end of a page
        whole._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    for i, row in enumerate(part.rows):
        for j, text in enumerate(row):
            _cell(rows[heads + i][j], text, part.aligns[j], size, bold=part.bold_last and i == len(part.rows) - 1)
    if len(part.rows) <= _WHOLE:  # a short table stands on one page, its total with its rows
        for cells in rows[:-1]:
            cells[0].paragraphs[0].paragraph_format.keep_with_next = True
    for column, width in zip(table.columns, part.widths_mm, strict=True):
        column.width = Mm(width)
    for cells in rows[heads:]:
        for cell, width in zip(cells, part.widths_mm, strict=True):
            cell.width = Mm(width)
    document.add_paragraph()


def _narrow_cells(table: Any) -> None:
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(round(Mm(_CELL_MARGIN_MM).twips)))
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    look = table._tbl.tblPr.find(qn("w:tblLook"))  # the order of its parts is fixed (ECMA-376, part 1, 17.4.59)
    if look is None:
        table._tbl.tblPr.append(margins)
    else:
        look.addprevious(margins)


def _cell(cell: Any, text: str, align: str, size: float, *, bold: bool = False) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.alignment = _ALIGN[align]
    paragraph.paragraph_format.space_after = Pt(0)
    run = paragraph.add_run(_shown(text))
    run.bold, run.font.size = bold, Pt(size)


def _without_clock(content: bytes) -> bytes:
    """Return a zip file with the same entries in the order of their names and without the time of their making."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as out:
        for name in sorted(given.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            entry = zipfile.ZipInfo(name, date_time=_EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            out.writestr(entry, given.read(name))
    return stream.getvalue()
