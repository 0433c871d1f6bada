"""Text that always fits, letters that a font lacks, the same bytes, and fonts that are inside the file."""

from __future__ import annotations

import io
import sys
import unicodedata
from datetime import date
from pathlib import Path

import numpy as np
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.report.paper import Sheet, printable, text_width, wrapped

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "mapping"))
from hostile import WAYS, mixtures

VIETNAMESE = "aăâbcdđeêghiklmnoôơpqrstuưvxy"


def sheet() -> Sheet:
    return Sheet.of_paper("A4", title="Thử", language="vi", day=date(2026, 11, 1))


def test_every_vietnamese_letter_is_in_the_font() -> None:
    tones = ["", "\u0300", "\u0301", "\u0309", "\u0303", "\u0323"]
    letters = {unicodedata.normalize("NFC", base + tone) for base in VIETNAMESE + VIETNAMESE.upper() for tone in tones if base.lower() in "aăâeêioôơuưy" or not tone}
    assert len(letters) == 2 * (12 * 6 + 17)
    assert [letter for letter in sorted(letters) if printable(letter) != (letter, 0)] == []


def test_letters_that_are_missing_are_counted() -> None:
    assert printable("Xã 汉字 A\u202eb\x00") == ("Xã [?×2] Ab", 2)
    assert printable("a\ud800b") == ("a[?×1]b", 1)
    assert printable("\uffff") == ("[?×1]", 1), "the font names it and draws a box"


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=60), st.floats(6, 60))
def test_lines_fit_and_lose_no_letter(text: str, width: float) -> None:
    lines = wrapped(text, 9, width)
    assert all(text_width(line, 9) <= width or len(line) == 1 for line in lines)
    assert "".join(lines).replace(" ", "") == printable(text)[0].replace(" ", "")
    few = wrapped(text, 9, width, most=2)
    assert len(few) <= 2
    assert (len(lines) <= 2) or few[-1].endswith("…")


def test_no_text_breaks_a_page() -> None:
    drawn = sheet()
    for i, text in enumerate([*WAYS.values(), *mixtures(300, seed=7)]):
        drawn.text(10 + i % 7 * 55, 10 + i // 7 * 3.2, text, 8, width=50)
    drawn.bookmark("one", WAYS["very long word"])
    page = pypdf.PdfReader(io.BytesIO(drawn.content())).pages[0]
    shown = page.extract_text()
    assert "<img src=x onerror=ran=1>" in shown
    assert "=HYPERLINK(" in shown
    assert not any(unicodedata.category(c) in {"Cc", "Cf"} for c in shown.replace("\n", ""))
    assert "/Annots" not in page
    assert "/JavaScript" not in str(page) and "/AA" not in page  # noqa: PT018


def test_fonts_are_embedded_and_dates_are_the_projects() -> None:
    drawn = sheet()
    for style in ("regular", "bold", "italic"):
        drawn.text(20, 20, "Lõm sóng", style=style)
    reader = pypdf.PdfReader(io.BytesIO(drawn.content()))
    fonts = [font.get_object() for font in reader.pages[0]["/Resources"]["/Font"].values()]
    assert len(fonts) == 3
    assert all("/FontFile2" in font["/FontDescriptor"] and "+Roboto" in font["/BaseFont"] for font in fonts)
    assert reader.metadata["/CreationDate"] == reader.metadata["/ModDate"] == "D:20261101000000+00'00'"
    assert reader.trailer["/Root"]["/Lang"] == "vi"


@pytest.mark.parametrize(("paper", "millimetres"), [("A3", (420, 297)), ("A4", (297, 210))])
def test_paper_has_its_size(paper: str, millimetres: tuple[float, float]) -> None:
    drawn = Sheet.of_paper(paper, title="", language="vi", day=date(2026, 11, 1))
    drawn.text(5, 5, "x")
    box = pypdf.PdfReader(io.BytesIO(drawn.content())).pages[0].mediabox
    assert [float(v) / 72 * 25.4 for v in (box.width, box.height)] == pytest.approx(millimetres, abs=0.05)


def test_a_hole_is_left_empty_and_a_pattern_stays_inside() -> None:
    """The operators of PDF: fill and clip by the even-odd rule, never by winding."""
    drawn = sheet()
    outer = np.array([[0, 0], [9, 0], [9, 9], [0, 9]], dtype=float)
    drawn.area([outer, outer / 3 + 3], fill="#000000")
    drawn.pattern([outer, outer / 3 + 3], "cross", "#ff0000")
    text = pypdf.PdfReader(io.BytesIO(drawn.content())).pages[0].get_contents().get_data().decode("latin-1")
    assert text.count(" f*") == 1
    assert text.count(" W* n") == 1
    assert " W n" not in text
