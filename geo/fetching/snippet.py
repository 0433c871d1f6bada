"""What a project file says about fetched data: lines for its ``[inputs]``, with what must be known of each beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["inputs_snippet"]

_HEAD = (
    "# Dữ liệu mở đã tải; chép các dòng cần dùng vào [inputs] của tệp dự án nằm cạnh thư mục '{folder}'.",
    "# Open data as fetched; copy the lines you want into the [inputs] of a project file that stands beside the folder '{folder}'.",
    "[inputs]",
)


#: Inputs of which a project has one set: two kinds of terrain, two counts of people are never mixed.
_ONE_SET = frozenset({"boundaries", "terrain", "population", "land_cover", "settlements"})


def inputs_snippet(records: Sequence[Mapping[str, Any]], *, folder: str) -> str:
    """Return TOML with one line per input.

    Parameters
    ----------
    records : sequence of mapping
        Records of finished files.
    folder : str
        The folder's path as the project file will say it.

    Returns
    -------
    str
        Where several sets serve one input of which a project has one (bare earth and surface), the first is given, the others are remarks.
    """
    lines = [line.format(folder=folder) for line in _HEAD]
    for kind, groups in sorted(_by_input(records).items()):
        lines.append("")
        together: list[str] = []
        for number, group in enumerate(groups):
            record, entry = group[0]
            licence = record["licence"]
            terms = f"{licence['name']}{' (phi thương mại / non-commercial)' if licence['non_commercial'] else ''}"
            lines.append(f"# {record['title']['vi']} / {record['title']['en']}; {record['kind']['vi']} / {record['kind']['en']}")
            lines.append(f"# {terms}; {licence['attribution']}; {str(record['fetched'])[:10]}")
            if entry.get("remark"):
                lines.append(f"# {entry['remark']['vi']} / {entry['remark']['en']}")
            values = _values(group, folder)
            if entry["use"] and kind not in _ONE_SET:
                together += values
            elif entry["use"] and number == 0:
                lines += _assigned(kind, values)
            else:
                lines += [f"# {line}" for line in _assigned(kind, values)]
        if together:
            lines += _assigned(kind, together)
    return "\n".join(lines) + "\n"


_Entry = tuple[Mapping[str, Any], Mapping[str, Any]]


def _by_input(records: Iterable[Mapping[str, Any]]) -> dict[str, list[list[_Entry]]]:
    """Return input to its sets: records with their entries of one item and the same options."""
    found: dict[str, dict[str, list[_Entry]]] = {}
    for record in records:
        for entry in record["inputs"]:
            key = f"{record['item']} {json.dumps(entry['options'], sort_keys=True)}"
            found.setdefault(str(entry["input"]), {}).setdefault(key, []).append((record, entry))
    return {kind: [groups[key] for key in sorted(groups)] for kind, groups in found.items()}


def _values(group: Sequence[_Entry], folder: str) -> list[str]:
    files = sorted({f"{folder}/{record['item']}/{name}" for record, entry in group for name in entry["files"]})
    described = "".join(f", {name} = {_text(value)}" for name, value in group[0][1]["options"].items())
    return [f"{{ path = {_text(file)}{described} }}" if described else _text(file) for file in files]


def _assigned(kind: str, values: Sequence[str]) -> list[str]:
    return [f"{kind} = {values[0]}"] if len(values) == 1 else [f"{kind} = [", *(f"    {value}," for value in values), "]"]


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
