"""Every way of ``ways.toml`` happens, and what happens is what the list says: no more, no less."""

from __future__ import annotations

import datetime as dt
import io
import re
from pathlib import Path

import openpyxl
import pytest

from geo.errors import InputError
from geo.io.resources import issue_catalogue
from geo.report.issues import issues_workbook
from geo.validation import IssueLog, Severity
from tests.bad_input.builders import all_builders
from tests.bad_input.listed import FAMILIES, STATUSES, Way, listed_ways, stated
from tests.bad_input.made_up_project import MadeUpProject, read

WAYS = listed_ways()
#: Codes whose lines in the workbook were looked at already (writing and reading one takes longer than the rest).
_SEEN: set[str] = set()
_PLACEHOLDER = re.compile(r"\{\w*\}")
#: Fields whose braces are meant: how a table of columns is written in the project file.
_MEANT = re.compile(r"\{ \w+ = \"[^\"]*\" \}")


def test_the_list_and_the_builders_agree():
    ids = [w.id for w in WAYS]
    assert len(ids) == len(set(ids))
    assert sorted(ids) == sorted(all_builders())


def test_the_list_is_complete_in_itself():
    kinds = issue_catalogue().kinds
    assert {w.family for w in WAYS} == set(FAMILIES)
    for way in WAYS:
        assert way.what.vi, way.id
        assert way.what.en, way.id
        assert way.status in STATUSES, way.id
        assert (way.status == "open") == bool(way.issue), way.id
        assert way.status != "undetectable" or way.note, way.id
        assert not (way.refused and way.findings), way.id
        assert way.stops or not way.refused, way.id
        for finding in way.findings:
            kind = kinds[finding.code]
            assert (finding.severity, finding.effect) == (kind.severity.value, kind.effect.value), (way.id, finding.code)
        assert way.refused or way.stops == any(f.severity == "error" for f in way.findings), way.id


#: Kinds of lists that somebody sent and can be asked about.
_SENT = frozenset({"stations", "cells", "measurements"})
#: Said of every project that does not name these inputs, as most of the made-up ones do not.
_LEFT_OUT = frozenset({"terrain_missing", "settlements_missing", "population_missing"})


def test_a_good_project_has_nothing_to_say(tmp_path):
    project = MadeUpProject(tmp_path / "good")
    project.terrain()
    project.population()
    project.land_cover()
    inputs, log, _ = read(project.save())
    assert log.codes() == {"settlements_missing"}  # the made-up project names no villages: said, and nothing else
    assert inputs.network is not None
    assert len(inputs.network.sites) == 5
    assert all(c.rows_in == c.rows_used for c in log.counts)


@pytest.mark.parametrize("way", WAYS, ids=lambda w: w.id)
def test_way(way: Way, tmp_path: Path):
    project = MadeUpProject(tmp_path / "project")
    check = all_builders()[way.id](project)
    path = project.save()
    before = _content(project.folder)
    if way.refused:
        with pytest.raises(InputError) as caught:
            read(path)
        assert type(caught.value).__name__ == way.refused
        assert way.says.vi in caught.value.message.vi
        assert way.says.en in caught.value.message.en
        return
    inputs, log, _ = read(path)
    assert sorted(stated(f) for f in log if f.kind.code not in _LEFT_OUT) == sorted(way.findings)
    assert log.has_errors is way.stops
    _sentences_are_whole(log)
    _books_balance(log)
    refusals = [f.title for f in log if f.kind.code == "file_unreadable"]
    assert any(way.says.vi in t.vi and way.says.en in t.en for t in refusals) or not way.says.en
    if way.family == "formulas" or log.codes() - _SEEN:
        _SEEN.update(log.codes())
        _workbook_is_safe(log)
    if check is not None:
        check(inputs)
    assert _content(project.folder) == before, "reading wrote something"


def _content(folder: Path) -> dict[bytes, int]:
    return {bytes(p): p.lstat().st_size for p in folder.rglob("*")}


def _sentences_are_whole(log: IssueLog) -> None:
    """No field of a sentence is left unfilled, in either language."""
    for finding in log:
        for sentence in (finding.title, finding.allowed, finding.action):
            for text in (sentence.vi, sentence.en):
                plain = text if finding.kind.code == "file_unreadable" else _MEANT.sub("", text)
                assert not _PLACEHOLDER.search(plain), (finding.kind.code, text)
                assert not re.search(r"(?<!\w)(?:None|nan)(?! of)(?!\w)", plain), (finding.kind.code, text)


def _books_balance(log: IssueLog) -> None:
    for count in log.counts:
        assert count.rows_in == count.rows_used + count.rows_dropped
        assert count.rows_used >= 0


def _workbook_is_safe(log: IssueLog) -> None:
    """issues.xlsx opens, every error and warning is in it in both languages, and nothing in it is a formula."""
    content = issues_workbook(log, created=dt.date(2026, 11, 1), title="Dự án mẫu")
    book = openpyxl.load_workbook(io.BytesIO(content))
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", (sheet.title, cell.coordinate, cell.value)
                assert cell.hyperlink is None
    for name in book.sheetnames[1:3]:
        codes = {row[-1] for row in book[name].iter_rows(min_row=2, values_only=True)}
        assert codes == log.codes()
    sent = {c.source.file for c in log.counts if c.kind in _SENT}
    asked = [f for f in log if f.kind.severity is not Severity.INFO and len(f.rows) and f.source.file in sent]
    asked = [f for f in asked if f.kind.code != "text_old_letters_converted"]  # done already: nobody has to correct it
    replies = [n for n in book.sheetnames[3:] if n.startswith("Gửi lại")]
    assert len(book.sheetnames) == 3 + len(replies) + bool(log.areas)
    assert len(replies) == len({f.source.file for f in asked})
    assert sum(book[name].max_row - 1 for name in replies) == sum(f.count for f in asked)
