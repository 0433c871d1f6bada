"""What changed between two runs, by kind of cause, as their manifests tell it.

==============  ====================================================================================================
kind            what belongs to it
==============  ====================================================================================================
``site``        files of sites and cells (which sites near a zone: :mod:`geo.register.sites`)
``measurement`` files of measurements and path-loss links
``input``       any other file that dead zones rest on; what the department states of operators; a list of an
                operator's sites that is given in one review only
``rule``        entries of the rule catalogue (not their sources and documents), levels, probabilities at which a cell
                counts as served, technologies that count, who "every operator" is, settings of villages and zones
``model``       version of this software and its libraries, the model's name, cell size, all other settings
==============  ====================================================================================================

Files are compared by the SHA-256 of their content: a file renamed has not changed.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["KINDS", "Change", "files_by_kind", "manifest_changes"]

#: Kinds of cause, in the order in which they are listed.
KINDS = ("site", "measurement", "input", "rule", "model")
_OF_INPUT = {
    **dict.fromkeys(("sites", "cells", "stations"), "site"),
    **dict.fromkeys(("measurements", "path_loss"), "measurement"),
    **dict.fromkeys(
        ("boundaries", "settlements", "hamlets", "buildings", "facilities", "population", "terrain", "land_cover",
         "antenna_patterns", "roads", "streets", "coverage_claims"),
        "input",
    ),
}  # fmt: skip
#: One kind under two names: as the project file has it, as the readers book it.
_SAME_KIND = {"stations": "sites"}
_RULE_WORDS = ("source", "source_vi", "document", "document_vi", "clause", "basis", "status")
_RULE_SETTINGS = {
    "coverage": ("levels_dbm", "served_probability", "unserved_probability", "counting"),
    "villages": None,
    "dead_zones": None,
}
#: Entries of the manifest's model that are found by a run, not chosen for it: they follow from its measurements.
_FOUND = ("score", "corrected")
_INPUT_SETTINGS = {"coverage": ("absent_technologies", "neighbour_operators"), "reading": None}


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One difference between two runs.

    Attributes
    ----------
    kind : str
        One of :data:`KINDS`.
    subject : str
        What differs: a rule's id and field, a setting, a kind of input, a program.
    old, new : str
        "" where it is not there.
    """

    kind: str
    subject: str
    old: str
    new: str


def manifest_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return all differences between two manifests that dead zones may rest on, sorted."""
    found = [
        *_rules(old, new),
        *_settings(old, new),
        *_project(old, new),
        *_software(old, new),
        *_files(old, new),
        *_lists(old, new),
    ]
    return tuple(sorted(set(found), key=lambda c: (KINDS.index(c.kind), c.subject, c.old, c.new)))


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before != after:
            yield name, _text(before), _text(after)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{k}={_text(v)}" for k, v in sorted(value.items()))
    if isinstance(value, list | tuple):
        return ", ".join(_text(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _rules(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    before, after = old.get("rules", {}), new.get("rules", {})
    if before.get("catalogue") != after.get("catalogue"):
        yield Change("rule", "catalogue", _text(before.get("catalogue")), _text(after.get("catalogue")))
    entries = [{str(r["id"]): r for r in rules.get("used", ())} for rules in (before, after)]
    for rule in sorted({*entries[0], *entries[1]}):
        one, other = (
            {k: v for k, v in found.get(rule, {}).items() if k not in _RULE_WORDS} for found in entries
        )
        if not one or not other:
            yield Change("rule", rule, "listed" if one else "", "listed" if other else "")
            continue
        for name, was, becomes in _differing(one, other):
            yield Change("rule", f"{rule}.{name}", was, becomes)


def _kind_of_setting(group: str, name: str) -> str:
    for kind, known in (("rule", _RULE_SETTINGS), ("input", _INPUT_SETTINGS)):
        if group in known:
            names = known[group]
            if names is None or name in names:
                return kind
    return "model"


def _settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    before, after = old.get("settings", {}), new.get("settings", {})
    for group in sorted({*before, *after}):
        one, other = before.get(group) or {}, after.get(group) or {}
        if not (isinstance(one, Mapping) and isinstance(other, Mapping)):
            one, other = {"": one}, {"": other}
        for name, was, becomes in _differing(one, other):
            if group == "coverage" and name in {"levels_dbm", "absent_technologies"}:
                parts = [value if isinstance(value, Mapping) else {} for value in (one.get(name), other.get(name))]
                for technology, first, second in _differing(*parts):
                    yield Change(_kind_of_setting(group, name), f"{group}.{name}.{technology}", first, second)
                continue
            yield Change(_kind_of_setting(group, name), f"{group}.{name}" if name else group, was, becomes)


def _project(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    before, after = old.get("project", {}), new.get("project", {})
    for name, kind in (("operators", "rule"), ("cell_size_m", "model")):
        was, becomes = before.get(name), after.get(name)
        if name == "operators":
            was, becomes = sorted(was or ()), sorted(becomes or ())
        if was != becomes:
            yield Change(kind, f"project.{name}", _text(was), _text(becomes))


def _software(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    software = [{**dict(m.get("software", {})), "vungphu": m.get("vungphu")} for m in (old, new)]
    for name, was, becomes in _differing(*software):
        yield Change("model", f"software.{name}", was, becomes)
    models = [{k: v for k, v in m.get("model", {}).items() if k not in _FOUND} for m in (old, new)]
    for name, was, becomes in _differing(*models):
        yield Change("model", f"model.{name}", was, becomes)


def files_by_kind(manifest: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the input files that dead zones may rest on: kind to path and SHA-256 ("" where it is not stated).

    What a file is, the project file says (kept with the stage that read it), and the tables found in it.
    """
    named: Mapping[str, Any] = {}
    for stage in manifest.get("stages", ()):
        if stage.get("name") == "inputs":
            named = stage.get("settings", {}).get("inputs", {})
    found: dict[str, dict[str, str]] = {}
    for entry in manifest.get("inputs", ()):
        label = str(entry["file"])
        path = label.partition(":")[0]
        kinds = {
            kind
            for kind, options in named.items()
            for option in options
            if fnmatch.fnmatch(path, str(option.get("path", "")))
        }
        kinds |= {_SAME_KIND.get(t["kind"], t["kind"]) for t in entry.get("tables", ())} if not kinds else set()
        for kind in kinds & set(_OF_INPUT):
            found.setdefault(kind, {})[label] = str(entry.get("sha256") or "")
    return found


def _files(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    before, after = files_by_kind(old), files_by_kind(new)
    for kind in sorted({*before, *after}):
        one, other = before.get(kind, {}), after.get(kind, {})
        sums = [sorted(sha or label for label, sha in files.items()) for files in (one, other)]
        if sums[0] != sums[1]:
            gone = sorted(label for label, sha in one.items() if (sha or label) not in sums[1])
            come = sorted(label for label, sha in other.items() if (sha or label) not in sums[0])
            yield Change(_OF_INPUT[kind], f"files.{kind}", ", ".join(gone), ", ".join(come))


def _lists(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    lacking = [
        {
            str(operator)
            for stage in manifest.get("stages", ())
            if stage.get("name") == "coverage"
            for operator in stage.get("counts", {}).get("operators_without_sites", ())
        }
        for manifest in (old, new)
    ]
    for operator in sorted(lacking[0] ^ lacking[1]):
        words = ["missing" if operator in found else "given" for found in lacking]
        yield Change("input", f"site_list.{operator}", *words)
