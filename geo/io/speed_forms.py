"""What the steps of reading speed tests share: the table with all that it is read against, and what is known of its program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from geo.io.positions import PositionContext
from geo.io.raw import TableOptions
from geo.io.resources import load_toml
from geo.io.service_times import TimeRules
from geo.io.speed_repeats import SeenTests
from geo.io.tables import Table
from geo.operators import OperatorCatalogue
from geo.radio import BandCatalogue
from geo.samples import DeviceNumbers
from geo.text import clean, fold_key
from geo.validation import IssueLog

__all__ = ["Form", "Reading", "form_of", "speed_rules", "speed_setting"]


@dataclass(frozen=True, slots=True)
class Form:
    """What is known of a program's table beyond its headers."""

    name: str = ""
    unit: str = ""
    statistic: str = ""
    source_kind: str = ""
    access: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What every step of one table's reading needs."""

    table: Table
    options: TableOptions
    context: PositionContext
    operators: OperatorCatalogue
    bands: BandCatalogue
    devices: DeviceNumbers
    seen: SeenTests
    times: TimeRules
    form: Form
    log: IssueLog

    def option(self, name: str) -> str:
        """Return what the project file says beside the input, empty if nothing."""
        return clean(self.options.extra.get(name, ""))


@lru_cache(maxsize=1)
def speed_rules() -> Mapping[str, Any]:
    """Return ``resources/speed_tests.toml``."""
    return load_toml("speed_tests.toml")


def speed_setting(name: str) -> float:
    """Return one number of :func:`speed_rules`."""
    return float(speed_rules()[name]["value"])


def form_of(table: Table) -> Form:
    """Return what is known of the program that wrote the table, by its headers."""
    came = {fold_key(table.header(f)) for f in ("download", "upload") if f in table.headers}
    for name, entry in speed_rules()["forms"].items():
        if came & {fold_key(h) for h in entry["headers"]}:
            return Form(name, **{k: entry[k] for k in ("unit", "statistic", "source_kind", "access") if k in entry})
    return Form()
