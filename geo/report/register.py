"""The register in words: a remark per row in both languages, and the signs of each cause in codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from geo.errors import Bilingual
from geo.register.causes import Cause, Causes, PlaceFacts
from geo.register.changes import Change
from geo.register.comparison import Compared
from geo.register.zones import listed
from geo.report.phrases import joined, number_text, phrases
from geo.report.tables import in_words, result_table

__all__ = ["register_frame"]

#: Flags that a remark says something about, in the order of its sentences.
_NOTES = (
    "class_changed", "new", "reopened", "acceptance_refused", "claimed", "prediction_disagrees", "acceptance_contradicted",
    "acceptance_too_early", "acceptance_undated", "measured_too_early", "doubtful", "partly_unknown", "deadline_passed",
    "by_area", "outline_unknown", "cause_not_found",
)  # fmt: skip
#: How many signs of a cause a remark and a cell name.
_MOST = 3
_MOST_IN_CODES = 10


def _say(section: str, entry: str, /, **fields: object) -> Bilingual:
    return phrases("results/register.toml").say(section, entry, **fields)


def register_frame(compared: Compared) -> pd.DataFrame:
    """Return the table ``register`` (``geo.report.tables``), sorted by register id, with remarks in both languages.

    Parameters
    ----------
    compared : Compared
    """
    table = result_table("register")
    rows = compared.rows
    remarks = [
        _remark(row, causes, facts)
        for row, causes, facts in zip(rows.to_dict("records"), compared.causes, compared.facts, strict=True)
    ]
    frame = rows.assign(
        population_new=rows["population"],
        zone_evidence=rows["evidence"],
        cause_evidence=[_signs(c, f) for c, f in zip(compared.causes, compared.facts, strict=True)],
        remark_vi=[remark.vi for remark in remarks],
        remark_en=[remark.en for remark in remarks],
    )
    ordered = frame[[column.name for column in table.columns]]
    return ordered.sort_values("register_id", kind="stable", ignore_index=True)


def _day(value: Any) -> Bilingual:
    """Return a day as each language writes it, a dash where there is none."""
    if not isinstance(value, date):
        return Bilingual("–", "–")
    return Bilingual(f"{value:%d/%m/%Y}", value.isoformat())


def _share(value: float, basis: str) -> Bilingual:
    if not np.isfinite(value):
        return _say("basis", "none")
    number = number_text(100 * value, 0)
    percent = Bilingual(f"{number.vi} %", f"{number.en} %")
    return _say("basis", basis, share=percent) if basis in {"people", "cells"} else percent


def _words(column: str, code: object) -> Bilingual:
    found = next(c for c in result_table("register").columns if c.name == column)
    return Bilingual(*(str(in_words(str(code), found, language)) for language in ("vi", "en")))


def _state_entry(row: Mapping[Any, Any]) -> str:
    state, basis = str(row["state"]), str(row["basis"])
    if state == "resolved":
        return f"resolved_{basis}"
    if state == "unknown" and "nothing_said" in listed(row["flags"]):
        return "nothing_said"
    return "villages" if basis == "villages" else state


def _gap(row: Mapping[Any, Any]) -> Bilingual:
    """Return what is missing in a zone of its class: to speak of no signal where one operator serves would be wrong."""
    operator, technology = str(row["operator"]), str(row["technology"])
    if operator and row["class"] != "road":
        return _say("gap", "of_layer" if technology else "of_operator", operator=operator, technology=technology)
    words = phrases("results/register.toml")
    return _say("gap", str(row["class"]) if words.has("gap", str(row["class"])) else "white")


def _remark(row: Mapping[Any, Any], causes: Causes, facts: PlaceFacts) -> Bilingual:
    basis = str(row["shares_basis"])
    gap = _gap(row)
    fields = {
        "gap": gap,
        "deadline": _day(row["deadline"]),
        "accepted": _day(row["accepted_on"]),
        "measured": _day(row["last_measured"]),
        "resolved": _day(row["resolved_on"]),
        "opened": _day(row["opened"]),
        "heir": row["merged_into"],
        "unserved": _share(row["unserved_share"], basis),
        "uncertain": _share(row["uncertain_share"], basis),
        "unknown": _share(row["unknown_share"], basis),
        "old": _words("class_old", row["class_old"]),
        "new": _words("class_new", row["class_new"]),
    }
    parts = [_say("state", _state_entry(row), **fields)]
    ended = row["state"] == "merged" and not row["was_zone"]
    flags = listed(row["flags"])
    parts += [_say("note", name, **fields) for name in _NOTES if name in flags]
    parts += [
        _say("note", name, ids=", ".join(listed(row[name])))
        for name in ("split_from", "merged_from")
        if row[name] and not (name == "split_from" and row["known"])
    ]
    parts += _causes(causes, facts)
    if row["rule_effect"] and not ended:
        verdicts = {
            f"{review}_{rule}": _say("verdict", str(row[f"{review}_review_{rule}_rule"]), gap=gap)
            for review in ("old", "new") for rule in ("old", "new")
        }  # fmt: skip
        parts.append(_say("rule", row["rule_effect"], **verdicts))
    return joined(parts, " ")


def _causes(causes: Causes, facts: PlaceFacts) -> Iterator[Bilingual]:
    if causes.candidates:
        named = joined([_cause(cause, facts) for cause in causes.candidates], "; ")
        yield _say("cause", "single" if causes.single else "several", causes=named)
    if causes.excluded:
        yield _say("cause", "excluded", causes=joined(_words("causes", kind) for kind in causes.excluded))


def _cause(cause: Cause, facts: PlaceFacts) -> Bilingual:
    name = _words("causes", cause.kind)
    signs = list(_sign_texts(cause, facts))
    if not signs:
        return _say("cause", "shown" if cause.standing == "shown" else "bare", cause=name)
    more = [_say("cause", "more", n=len(signs) - _MOST)] if len(signs) > _MOST else []
    return _say("cause", "located" if cause.standing == "located" else "possible", cause=name, what=joined([*signs[:_MOST], *more]))


def _sign_texts(cause: Cause, facts: PlaceFacts) -> Iterator[Bilingual]:
    if cause.kind == "site":
        for site in facts.sites:
            km = number_text(site.distance_km, 1)
            yield _say("sign", f"site_{site.change}", site=site.site_id, operator=site.operator, km=km)
    if cause.kind == "measurement":
        for entry, n in (("samples_gone", facts.samples_gone), ("samples_new", facts.samples_new)):
            if n:
                yield _say("sign", entry, n=number_text(n))
    for change in cause.changes:
        yield from _change_texts(change)


def _change_texts(change: Change) -> Iterator[Bilingual]:
    """Yield what changed: a file that is no longer there is not one that came."""
    group, _, name = change.subject.partition(".")
    if group == "files":
        old, new = (text.split(", ") if text else [] for text in (change.old, change.new))
        for entry, names in (
            ("file_gone", [n for n in old if n not in new]),
            ("file_new", [n for n in new if n not in old]),
            ("file_changed", [n for n in new if n in old]),
        ):
            if names:
                yield _say("sign", entry, names=", ".join(names))
    elif group == "site_list":
        yield _say("sign", "list_gone" if change.new == "missing" else "list_new", operator=name)
    elif change.subject.startswith("coverage.levels_dbm."):
        technology = change.subject.rpartition(".")[2]
        yield _say("sign", "level", technology=technology, old=change.old or "–", new=change.new or "–")
    elif group == "software":
        yield _say("sign", "software", name=name, old=change.old or "–", new=change.new or "–")
    else:
        yield _say("sign", "changed", subject=change.subject, old=change.old or "–", new=change.new or "–")


def _signs(causes: Causes, facts: PlaceFacts) -> str:
    """Return the candidates with what stands behind each, in codes: ``site located: Mạng A/A01 new 3.2 km | rule ...``."""
    out = []
    for cause in causes.candidates:
        signs = [_code(change) for change in cause.changes]
        if cause.kind == "site":
            signs = [
                f"{s.operator}/{s.site_id} {s.change} {s.distance_km:.1f} km" + (f" ({s.what})" if s.what else "") for s in facts.sites
            ]
        if cause.kind == "measurement" and facts.samples_differ:
            signs.insert(0, f"{facts.samples_differ} samples")
        more = [f"+{len(signs) - _MOST_IN_CODES}"] if len(signs) > _MOST_IN_CODES else []
        out.append(f"{cause.kind} {cause.standing}: {', '.join([*signs[:_MOST_IN_CODES], *more])}".rstrip(": "))
    return " | ".join(out)


def _code(change: Change) -> str:
    return f"{change.subject} {change.old or '-'} -> {change.new or '-'}"
