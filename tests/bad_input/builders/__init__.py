"""One builder for each way of ``ways.toml``, one module per group of families."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from tests.bad_input.made_up_project import Check, MadeUpProject

__all__ = ["MODULES", "Builder", "all_builders", "way"]

#: Changes a good project into one that is wrong in one way; may return a look at what was read.
Builder = Callable[[MadeUpProject], Check | None]

MODULES = ("places", "numbers", "texts", "tables", "shapes", "rasters", "files", "radio", "projects", "kinds",
           "layouts", "service")  # fmt: skip
_BUILDERS: dict[str, Builder] = {}


def way(name: str) -> Callable[[Builder], Builder]:
    """Register a builder under the way's id."""

    def register(build: Builder) -> Builder:
        if name in _BUILDERS:
            raise ValueError(f"two builders for {name}")
        _BUILDERS[name] = build
        return build

    return register


def all_builders() -> dict[str, Builder]:
    """Return every builder by id."""
    for module in MODULES:
        importlib.import_module(f"tests.bad_input.builders.{module}")
    return dict(_BUILDERS)
