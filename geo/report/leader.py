"""The leader's page: what a vice-chairman needs in one minute, on one page of A4, in both languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

from geo.errors import Bilingual
from geo.io.resources import load_toml
from geo.mapping.labels import section as strings
from geo.report.furniture import GREY, Cell, Column, banner, section, signatures, table
from geo.report.ground import zone_layer
from geo.report.paper import Sheet, line_height, wrapped
from geo.report.phrases import phrases
from geo.report.plan_document import split_sentence
from geo.report.plan_sentences import who_pays
from geo.report.print_words import DASH, Words, coded, communes_named, texts, unknown, zone_class
from geo.report.printed import Printed
from geo.report.tables import code_words

__all__ = ["build_summary"]

_WIDTH, _HEIGHT = 210.0, 297.0
_X, _WIDE, _BOTTOM = 18.0, 177.0, 282.0
_SIGNED = 25.0
_SIZE = 8.6
_TONES = {"white": "#8e0b1a", "weak": "#b4490f", "undecided": "#7a5c00"}
_LISTED = ("white", "weak")
_RESOURCE = "strings/print.toml"


def build_summary(printed: Printed) -> bytes:
    """Return the page as PDF: in the content's language, then in the other one.

    Parameters
    ----------
    printed : Printed
    """
    content = printed.content
    first = Words(content.language)
    sheet = Sheet(
        _WIDTH, _HEIGHT, title=f"{first.say('leader', 'title')} – {content.title}", language=content.language, day=content.date
    )
    for language in (content.language, "en" if content.language == "vi" else "vi"):
        words = Words(language)
        sheet.bookmark(f"summary-{language}", words.say("leader", "title"))
        _page(sheet, printed, words)
        sheet.next_page()
    return sheet.content()


def _page(sheet: Sheet, printed: Printed, words: Words) -> None:
    content = printed.content
    zones = _zones(printed)
    y = 14.0
    if content.made_up:
        banner(sheet, words.map_says("page.made_up"), _WIDTH - 45, 19, 11)
    sheet.text(_X, y + 6, words.say("leader", "title"), 17, style="bold", width=110 if content.made_up else _WIDE)
    sheet.text(_X, y + 12, words.say("leader", "under", project=content.title), 10, width=_WIDE)
    forecast = words.say("figures", "forecast_checked" if content.model_checked else "forecast")
    y = sheet.paragraph(_X, y + 13.4, _WIDE, words.say("leader", "valid", day=f"{content.date:%d/%m/%Y}", forecast=forecast), _SIZE, colour=GREY, most=2) + 1.5
    y = _villages(sheet, printed, words, y)
    y = _people(sheet, printed, words, y)
    y = _top_zones(sheet, printed, words, zones, y)
    y = section(sheet, _X, y, _WIDE, words.say("leader", "due_heading"))
    y = sheet.paragraph(_X, y - 0.6, _WIDE, " ".join(_due(printed, words, zones)), _SIZE, most=2) + 1.6
    end = _BOTTOM - _SIGNED - 1.5
    decisions = list(_decisions(printed, words, zones))
    needed = 7.6 + sum(_high(text) for text in decisions)
    y = _points(sheet, words, words.say("leader", "unknown_heading"), list(_open(printed, words)), y, max(y + 20, end - needed))
    _points(sheet, words, words.say("leader", "decide_heading"), decisions, y, end)
    signatures(sheet, words, _X, _BOTTOM - _SIGNED, _WIDE, _SIGNED)
    model = words.say("map", "no_model") if content.model is None else words.of(content.model)
    sheet.paragraph(_X, _BOTTOM + 1.5, _WIDE, words.say("leader", "source", version=content.version, model=model), 7, colour=GREY, most=2)
    if sheet.missing:
        sheet.text(_X, _BOTTOM + 10.5, words.say("atlas", "missing_letters"), 7, colour=GREY, width=_WIDE)


def _zones(printed: Printed) -> pd.DataFrame | None:
    """Return the dead zones of all operators, the most urgent first; None where the run has no list."""
    layer = zone_layer(printed.content)
    if layer is None:
        return None
    frame = pd.DataFrame(layer.frame.drop(columns="geometry"))
    order = pd.to_numeric(frame["priority"], errors="coerce").fillna(-1.0)
    return frame.assign(_order=-order).sort_values("_order", kind="stable")


def _counts(printed: Printed) -> Counter[str] | None:
    villages = printed.content.villages
    return None if villages is None or not len(villages) else Counter(texts(villages, "class"))


def _villages(sheet: Sheet, printed: Printed, words: Words, y: float) -> float:
    counts = _counts(printed)
    total = words.count(sum(counts.values())) if counts else DASH
    y = section(sheet, _X, y, _WIDE, words.say("leader", "villages_heading", n=total))
    if counts is None:
        return sheet.paragraph(_X, y, _WIDE, words.say("leader", "no_villages"), _SIZE) + 2
    wide = (_WIDE - 8) / 3
    for i, (name, tone) in enumerate(_TONES.items()):
        x = _X + i * (wide + 4)
        sheet.rectangle(x, y, wide, 17, line=tone, line_width=0.5)
        n = sheet.text(x + 3, y + 11.6, words.count(counts[name]), 26, style="bold", colour=tone)
        sheet.text(x + n + 6, y + 7.4, words.say("leader", name), 11.5, style="bold", colour=tone, width=wide - n - 8)
        sheet.text(x + n + 6, y + 12.2, words.say("leader", f"{name}_about"), 8, colour=GREY, width=wide - n - 8)
    return y + 19


def _people(sheet: Sheet, printed: Printed, words: Words, y: float) -> float:
    """Write people: low, central and high where there is an interval."""
    y = section(sheet, _X, y, _WIDE, words.say("leader", "people_heading"))
    rows: list[Sequence[str | Cell]] = []
    for key in ("zones", "state", "expected"):
        figure = printed.people.get(key)
        if figure is not None and figure.people is not None:
            bounds = [words.count(value) for value in (figure.low, figure.high)]
            rows.append([words.say("leader", f"people_{key}"), bounds[0], Cell(words.count(figure.people), bold=True), bounds[1]])
    open_people = _open_people(printed)
    if open_people is not None:
        rows.append([words.say("leader", "people_open"), DASH, Cell(words.count(sum(open_people[:2])), bold=True), DASH])
    if not rows:
        return sheet.paragraph(_X, y, _WIDE, words.say("leader", "no_people"), _SIZE) + 2
    columns = [
        Column(words.say("leader", "counted"), _WIDE - 75), *(Column(words.say("leader", name), 25.0, "right") for name in ("low", "central", "high")),
    ]  # fmt: skip
    y = table(sheet, _X, y, columns, rows, size=9)
    main = printed.people.get("zones")
    note = words.say("leader", "people_note")
    if main is not None and main.people is not None and main.low is None:
        note = f"{words.say('leader', 'no_interval')} {note}"
    return sheet.paragraph(_X, y - 1.8, _WIDE, note, 7.5, colour=GREY, most=2) + 1.6


def _open_people(printed: Printed) -> tuple[float, float, float] | None:
    """Return people in uncertain and in unknown cells, and of how many, as the map's summary counts them."""
    frame = printed.content.communes
    needed = ["population", "population_uncertain_share", "population_unknown_share"]
    if frame is None or not set(needed) <= set(frame.columns):
        return None
    figures = pd.DataFrame({name: pd.to_numeric(frame[name], errors="coerce").astype("float64") for name in needed})
    figures.loc[figures[needed[2]].eq(1), needed[1]] = 0.0
    known = figures.dropna()
    total = float(known["population"].sum())
    if total <= 0:
        return None
    uncertain, unsaid = (float((known["population"] * known[name]).sum()) for name in needed[1:])
    return uncertain, unsaid, total


def _top_zones(sheet: Sheet, printed: Printed, words: Words, zones: pd.DataFrame | None, y: float) -> float:
    names = _commune_names(printed)
    most = int(load_toml("paper.toml")["lists"]["zones_of_the_summary"])
    count = 0 if zones is None else len(zones)
    y = section(sheet, _X, y, _WIDE, words.say("leader", "zones_heading", n=min(most, count), total=words.count(count)), note="tables.xlsx")
    if zones is None or not count:
        return sheet.paragraph(_X, y, _WIDE, words.say("zones", "missing" if zones is None else "none_all"), _SIZE) + 2
    columns = [
        Column(words.say("zones", "number"), 8.0, "right"), Column(words.say("zones", "id"), 35.0), Column(words.say("zones", "communes"), 40.0),
        Column(words.say("zones", "class"), 22.0), Column(words.say("zones", "people"), 26.0, "right"), Column(words.say("zones", "priority"), 12.0, "right"),
        Column(words.say("zones", "reason"), 18.0), Column(words.say("zones", "deadline"), 16.0),
    ]  # fmt: skip
    rows: list[Sequence[str | Cell]] = [
        [
            str(n), str(row["dead_zone_id"]), communes_named(names, row.get("commune_codes")), zone_class(words, row["class"]),
            words.interval(row.get("population"), row.get("population_low"), row.get("population_high")), Cell(words.number(row.get("priority"), 2), bold=True),
            coded(words, "zone_reason", row.get("reason")), words.day(row.get("deadline")),
        ]
        for n, (_, row) in enumerate(zones.head(most).iterrows(), start=1)
    ]  # fmt: skip
    return table(sheet, _X, y, columns, rows, size=8)


def _commune_names(printed: Printed) -> dict[str, str]:
    frame = printed.content.communes
    return {} if frame is None else dict(zip(texts(frame, "commune_code"), texts(frame, "commune_name"), strict=True))


def _due(printed: Printed, words: Words, zones: pd.DataFrame | None) -> Iterator[str]:
    """Yield what is overdue and what is due soon."""
    today = printed.content.date
    days = int(load_toml("paper.toml")["summary"]["near_deadline_days"])
    deadlines = [] if zones is None or "deadline" not in zones else [_day(value) for value in zones["deadline"]]
    known = sorted(day for day in deadlines if day is not None)
    if zones is None:
        yield words.say("leader", "no_zones")
    elif not known:
        yield words.say("leader", "due_none")
    else:
        coming = [day for day in known if today <= day <= today + timedelta(days=days)]
        first = words.say("leader", "due_first", day=f"{coming[0]:%d/%m/%Y}") if coming else ""
        overdue = sum(day < today for day in known)
        yield words.say(
            "leader", "due", overdue=words.count(overdue), near=words.count(len(coming)), days=days, first=first, open=words.count(len(deadlines) - len(known))
        )
    layer = next((a for a in printed.content.areas if a.kind == "change"), None)
    if layer is None:
        yield words.say("leader", "due_no_register")
        return
    states = Counter(texts(layer.frame, "state"))
    each = {name: words.count(states[name]) for name in ("overdue", "new", "reopened", "resolved")}
    yield words.say("leader", "due_register", **each)


def _day(value: Any) -> date | None:
    """Return a day; None for what is not known, or is no day."""
    try:
        return None if unknown(value) else date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def _reasons(printed: Printed) -> list[tuple[str, int]]:
    """Return why villages are undecided, with the number of villages, the most frequent first."""
    villages = printed.content.villages
    if villages is None or "operators_undecided" not in villages:
        return []
    found: Counter[str] = Counter()
    for text in villages.loc[texts(villages, "class").eq("undecided"), "operators_undecided"]:
        if not unknown(text):
            found.update({code for part in str(text).split("; ") for code in part.rpartition("=")[2].split("+") if code})
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def _open(printed: Printed, words: Words) -> Iterator[str]:
    """Yield what is not known, and why."""
    content, counts = printed.content, _counts(printed)
    known = strings("reasons")
    if counts and counts["undecided"]:
        parts = [
            words.say("leader", "reason_count", reason=words.map_says(f"reasons.{code}") if code in known else code, n=words.count(n)) for code, n in _reasons(printed)
        ]
        share = words.share(counts["undecided"] / sum(counts.values()))
        yield words.say("leader", "open_villages", n=words.count(counts["undecided"]), share=share, reasons="; ".join(parts) or DASH)
    people = _open_people(printed)
    if people is not None and people[0] + people[1] > 0:
        uncertain, unsaid, total = people
        named = "; ".join(words.map_says(f"reasons.{code}") if code in known else code for code in content.unknown_reasons)
        yield words.say(
            "leader", "open_people", uncertain=words.count(uncertain), uncertain_share=words.share(uncertain / total), unknown=words.count(unsaid),
            unknown_share=words.share(unsaid / total), why=words.say("leader", "why", reasons=named) if named and unsaid > 0 else "",
        )  # fmt: skip
    elif people is not None and counts and not counts["undecided"]:
        yield words.say("leader", "nothing_open")
    if not content.model_checked:
        yield words.say("leader", "unchecked")
    else:
        yield words.of(Bilingual(*(load_toml("results/analysis.toml")["model"]["validated"][language] for language in ("vi", "en"))))
    if content.notices:
        yield words.say("leader", "notices", n=words.count(len(content.notices)))


def _decisions(printed: Printed, words: Words, zones: pd.DataFrame | None) -> Iterator[str]:
    """Yield what the figures ask to be decided."""
    counts = _counts(printed) or Counter()
    listed = sum(counts[name] for name in _LISTED)
    said = 0
    if listed:
        mine = None if zones is None else zones[zones["class"].isin(_LISTED)]
        if mine is not None and len(mine):
            first = mine.iloc[0]
            named = communes_named(_commune_names(printed), first.get("commune_codes"))
            place = 1 + list(zones["dead_zone_id"]).index(first["dead_zone_id"]) if zones is not None else 1
            yield words.say("leader", "decide_villages", n=words.count(listed), zone=zone_class(words, first["class"]).lower(), place=words.count(place), communes=named)
        else:
            yield words.say("leader", "decide_villages_only", n=words.count(listed))
        said += 1
    if counts["undecided"]:
        n = words.count(counts["undecided"])
        stops = printed.stops_planned
        yield words.say("leader", "decide_measure_planned", n=n, stops=words.count(stops)) if stops else words.say("leader", "decide_measure", n=n)
        said += 1
    if printed.plans is None:
        yield words.say("leader", "decide_no_plans")
        said += 1
    elif len(printed.plans):
        gained, concluded = (pd.to_numeric(printed.plans[name], errors="coerce") for name in ("population_gained", "population_from_unserved"))
        figures = {"n": len(gained), "helping": int((gained > 0).sum()), "concluded": int(((gained > 0) & (concluded > 0)).sum()), "nobody": int((gained <= 0).sum())}
        yield words.say("leader", "decide_plans", **{name: words.count(value) for name, value in figures.items()})
        said += 1
    left = printed.remainder
    if left is not None and len(left):
        to = texts(left, "proposed_to").value_counts().sort_index()
        parts = [words.say("leader", "proposed_count", to=words.of(code_words("remainder_proposed", str(code))), n=words.count(int(n))) for code, n in to.items()]
        kinds = Counter(texts(left, "kind"))
        yield words.say("leader", "decide_remainder", villages=words.count(kinds["village"]), zones=words.count(kinds["dead_zone"]), proposed="; ".join(parts))
        said += 1
    years = printed.planned_years
    whole = None if years is None else years[years["year"].isna()]
    if whole is not None and len(whole) and int(whole["sites"].iloc[0]):
        yield split_sentence(words, "leader", whole.iloc[0])
        if paid := who_pays(printed, words):
            yield paid
        said += 1
    for code in dict.fromkeys([*printed.content.unknown_reasons, *(code for code, _ in _reasons(printed))]):
        if phrases(_RESOURCE).has("lifts", code):
            yield words.say("lifts", code)
            said += 1
    if not said:
        yield words.say("leader", "decide_nothing")


def _high(text: str) -> float:
    return len(wrapped(text, _SIZE, _WIDE - 4, most=2)) * line_height(_SIZE) + 0.5


def _points(sheet: Sheet, words: Words, title: str, texts: Sequence[str], y: float, end: float) -> float:
    """Write a list of sentences, two lines each at most; what has no room before ``end`` is counted."""
    y = section(sheet, _X, y, _WIDE, title)
    more = line_height(_SIZE)
    for i, text in enumerate(texts):
        rest = len(texts) - i
        if y + _high(text) + (more if rest > 1 else 0) > end + 0.01:
            return sheet.paragraph(_X + 3, y, _WIDE - 4, words.say("leader", "more", n=words.count(rest)), _SIZE, style="italic") + 1.6
        sheet.symbol(_X + 1, y + 0.62 * more, "circle", fill="#0b3a66", line="#0b3a66", radius=0.45)
        y = sheet.paragraph(_X + 3, y, _WIDE - 4, text, _SIZE, most=2) + 0.5
    return y + 1.6
