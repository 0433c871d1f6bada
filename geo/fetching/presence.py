"""Whether a wanted file is finished already: asked before the licence is shown, so without anything that takes long to load."""

from __future__ import annotations

from geo.fetching.plan import Wanted
from geo.io.fetched import FetchFolder

__all__ = ["is_present", "record_area"]


def is_present(folder: FetchFolder, wanted: Wanted) -> bool:
    """Tell whether a file was finished before, from the same address, for the same area, and is as it was."""
    record = folder.record(wanted.item.code, wanted.record)
    return (
        record is not None and record.get("address") == wanted.address and record.get("area") == record_area(wanted)
        and folder.present(record)
    )  # fmt: skip


def record_area(wanted: Wanted) -> str:
    """Return the area that a record names: empty where it does not matter."""
    return wanted.values["area"] if wanted.record != wanted.name else ""
