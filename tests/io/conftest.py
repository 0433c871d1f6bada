"""Helpers of the reader tests: a log, a made-up area, a project around one file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from geo.areas import AreaIndex
from geo.io.catalogues import band_catalogue, operator_catalogue
from geo.io.positions import PositionContext
from geo.io.project import InputFile
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue, load_toml
from geo.io.stations import read_network
from geo.project import Project, ProjectSettings
from geo.validation import IssueLog


@pytest.fixture
def log() -> IssueLog:
    return IssueLog(issue_catalogue())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    shipped = load_toml("settings.toml")
    return Project(
        path=tmp_path / "project.toml", name="Thử", provinces=(), operators=(), date=dt.date(2026, 11, 1),
        cell_size_m=100.0, language="vi", inputs={}, rules_catalogue="vn-2026", extra={}, extra_path=None, plan={},
        settings=ProjectSettings(**{k: float(v["value"]) for k, v in shipped.items()}),
    )  # fmt: skip


@pytest.fixture
def network_of(project: Project, log: IssueLog):
    """Read station files (and cell files) against an area; returns the network."""

    def read(files, area: AreaIndex, *, cells=(), provinces=(), extra=(), operators=(), **options):
        def items(paths, kind):
            return [
                p if isinstance(p, InputFile) else InputFile(kind, Path(p), Path(p).name, TableOptions(**options))
                for p in paths
            ]

        return read_network(
            items(files, "sites"), items(cells, "cells"), project=project,
            context=PositionContext(area, tuple(provinces), project.settings.positions),
            operators=operator_catalogue(extra, operators=operators), bands=band_catalogue(), log=log,
        )  # fmt: skip

    return read
