"""The index of the templates: every template once, with what it is for, and never read as data."""

from __future__ import annotations

import io

import openpyxl
import pytest

from geo.errors import ResourceError
from geo.io import template_index as module
from geo.io.example_rows import is_guide, template_texts
from geo.io.template_index import template_index
from geo.io.templates import Need, templates


def test_every_template_is_listed_once_with_what_it_is_for_and_where_it_is_named() -> None:
    book = openpyxl.load_workbook(io.BytesIO(template_index()))
    (page,) = book.worksheets
    rows = {row[0].value: row for row in page.iter_rows(min_row=7)}
    assert list(rows) == [f"{t.name}.xlsx" for t in templates()]
    for template in templates():
        file, table, purpose, who, named, needed = rows[f"{template.name}.xlsx"]
        assert file.hyperlink.target == f"{template.name}.xlsx"
        assert table.value.split("\n") == [template.title.vi, template.title.en]
        assert [len(text.value.split("\n")) for text in (purpose, who)] == [2, 2]
        assert named.value == template.used_as
        assert needed.value.split("; ") == ([c.header for c in template.columns if c.need is Need.NEEDED] or ["–"])
    assert template_index() == template_index()


def test_a_folder_that_holds_the_index_is_read_without_it() -> None:
    page = openpyxl.load_workbook(io.BytesIO(template_index())).worksheets[0]
    assert is_guide(page["A1"].value)


def test_a_template_that_the_index_does_not_know_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = template_texts()
    tables = {name: entry for name, entry in texts["index"]["tables"].items() if name != "cell"}
    monkeypatch.setattr(module, "template_texts", lambda: {**texts, "index": {**texts["index"], "tables": tables}})
    with pytest.raises(ResourceError, match="does not fit: cell"):
        template_index()
