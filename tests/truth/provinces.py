"""Made-up provinces for scoring: of one seed, under one of the three laws, as files and as hidden truth."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from unittest import mock

import geo.sample.province
from geo.sample import SampleProvince, build, write
from tests.truth.second_law import build_second_law
from tests.truth.third_law import build_third_drives, build_third_law

__all__ = ["LAWS", "Law", "made_up_province", "project_text", "write_province"]

Law = Literal["first", "second", "third"]
LAWS: tuple[Law, ...] = ("first", "second", "third")


#: Inputs that no level, state or village depends on: what is made of them is scored elsewhere, and takes a fifth of a run.
_OTHER_PARTS = ("operator_plans", "speed_tests", "ipv6_tests", "portals", "declarations", "streets", "ducts")


def made_up_province(seed: int, law: Law) -> SampleProvince:
    """Return the made-up province of a seed (under a minute).

    Terrain, people, networks and lists are the same under all laws; levels, drives and everything that follows from
    them are the law's. Under the third the networks that stand differ from what the lists are made from.
    """
    if law == "first":
        return build(seed)
    if law == "third":
        with (
            mock.patch.object(geo.sample.province, "build_radio_truth", build_third_law),
            mock.patch.object(geo.sample.province, "build_drives", build_third_drives),
        ):
            return build(seed)
    with mock.patch.object(geo.sample.province, "build_radio_truth", build_second_law):
        return build(seed)


def write_province(sample: SampleProvince, folder: Path) -> None:
    """Write the files of a province, without the truth tables that go with the sample: no run shall find them."""
    write(sample, folder)
    for path in sorted((folder / "truth").iterdir()):
        path.unlink()
    (folder / "truth").rmdir()


def project_text(source: str, *, cell_size_m: float, settings: Sequence[str] = (), measurements: bool = True) -> str:
    """Return a project file with another cell size, further lines under ``[settings]``, or no measurements.

    Inputs of the other parts (speed, IPv6, plans) are left out.

    Parameters
    ----------
    source : str
        The sample's project file.
    cell_size_m : float
    settings : sequence of str
        Lines ``name = value``; one that names an entry that stands there already takes its place.
    measurements : bool

    Raises
    ------
    ValueError
        If a line is no setting, or the text that comes out says something else.
    """
    lines = re.sub(r"(?m)^cell_size_m = .*$", f"cell_size_m = {cell_size_m:g}", source, count=1).splitlines()
    lines = [line for line in lines if not re.match(rf"({'|'.join(_OTHER_PARTS)})\s*=", line)]
    if not measurements:
        lines = [line for line in lines if not re.match(r"measurements\s*=", line)]
    wanted = tomllib.loads("\n".join(settings))
    if len(wanted) != len(settings):
        raise ValueError(f"one setting per line is needed, like 'name = 1'; came: {list(settings)}")
    start = lines.index("[settings]")
    stop = next((i for i in range(start + 1, len(lines)) if lines[i].startswith("[")), len(lines))
    body = [line for line in lines[start + 1 : stop] if line.partition("=")[0].strip() not in wanted]
    text = "\n".join([*lines[: start + 1], *settings, *body, *lines[stop:]]) + "\n"
    content = tomllib.loads(text)
    if not content["inputs"].keys().isdisjoint(_OTHER_PARTS):
        raise ValueError("inputs of other parts are left in")
    if content["project"]["cell_size_m"] != cell_size_m or ("measurements" in content["inputs"]) != measurements:
        raise ValueError("the sample's project file has another form than this function knows")
    if {name: content["settings"].get(name) for name in wanted} != wanted:
        raise ValueError("settings did not find their place")
    return text
