"""The draft of the yearly plan as a Word document, in the layouts that provinces use: status quo beside planned."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from geo.io.documents import DocumentTable, DocumentText, document_bytes
from geo.report.plan_sentences import about_the_plan, about_the_sharing, steps_of_sites, who_pays, why_nobody
from geo.report.print_words import DASH, Words, communes_named, texts, unknown
from geo.report.printed import Printed
from geo.report.tables import code_words

__all__ = ["build_plan", "split_sentence"]

Part = DocumentText | DocumentTable
#: Kinds of works: their columns without and with a class, decimals.
_WORKS = (
    ("masts", (("A1a", "masts_a1a"), ("A1b", "masts_a1b"), ("A2a", "masts_a2a"), ("A2b", "masts_a2b"), ("A2c", "masts_a2c"), ("", "masts_class_unknown")), 0),
    ("ducts", (("N1", "ducts_km_n1"), ("N2", "ducts_km_n2"), ("", "ducts_km_class_unknown")), 1),
    ("poles", (("C1", "poles_c1"), ("C2", "poles_c2"), ("", "poles_class_unknown")), 0),
    ("cables", (), 1),
    ("service_points", (("Đ1", "service_points_d1"), ("Đ2", "service_points_d2"), ("", "service_points_class_unknown")), 0),
)  # fmt: skip
_TOTALS = {"masts": "masts", "ducts": "ducts_km", "poles": "poles", "cables": "cables_km", "service_points": "service_points"}
_TOTAL = "total"
#: Columns of gains as they end, and their headers: in all, surely without signal, perhaps served already.
_PARTS, _PART_WORDS = ("", "_certain", "_uncertain"), ("all", "certain", "uncertain")
_WIDE_MM = 250.0
_NUMBER_MM = 10.0


def build_plan(printed: Printed) -> bytes:
    """Return the draft of the plan: inventory, registered lines, sharing, what is left, the sites and streets of each year.

    Parameters
    ----------
    printed : Printed
    """
    content, words = printed.content, Words(printed.content.language)
    names = {} if content.communes is None else dict(zip(texts(content.communes, "commune_code"), texts(content.communes, "commune_name"), strict=True))
    title = words.say("plan", "title")
    parts: list[Part] = [*_head(printed, words, title)]
    parts += [DocumentText(words.say("plan", "basis_heading"), heading=True, size=14)]
    parts += [DocumentText(words.say("plan", "basis", day=f"{content.date:%d/%m/%Y}", version=content.version), italic=True)]
    parts += [DocumentText(words.say("plan", "inventory_heading"), heading=True, size=14), DocumentText(words.say("plan", "key"), italic=True, size=11)]
    for kind, columns, decimals in _WORKS:
        parts += [DocumentText(words.say("plan", kind), bold=True, size=12), _inventory(printed.inventory, words, kind, columns, decimals)]
    parts += [DocumentText(words.say("plan", "lines_heading"), heading=True, size=14), _lines(printed.plans, words, names)]
    parts += [DocumentText(words.say("plan", "sharing_heading"), heading=True, size=14), _sharing(printed.sharing, words, names)]
    parts += [DocumentText(said, size=12) for said in about_the_sharing(printed, words)]
    parts += [DocumentText(words.say("plan", "left_heading"), heading=True, size=14), _left(printed.remainder, words, names)]
    parts += [DocumentText(words.say("plan", "sites_heading"), heading=True, size=14), *_sites(printed, words, names)]
    parts += [DocumentText(words.say("plan", "streets_heading"), heading=True, size=14), *_streets(printed, words, names)]
    parts += [DocumentText(words.say("plan", "annex_heading"), heading=True, size=14), DocumentText(words.say("plan", "annexes"), size=12)]
    parts.append(_signed(words))
    return document_bytes(parts, title=f"{title} – {content.title}", created=content.date)


def _head(printed: Printed, words: Words, title: str) -> list[Part]:
    left = ((words.say("plan", "agency"), words.say("plan", "country")), (words.say("plan", "department"), words.say("plan", "motto")))
    rows = (*left, ("", words.say("signature", "place")))
    parts: list[Part] = [DocumentTable((), rows, (110.0, 140.0), ("middle", "middle"), lined=False)]
    if printed.content.made_up:
        parts.append(DocumentText(words.map_says("page.made_up_long"), "middle", bold=True))
    parts.append(DocumentText(words.say("plan", "draft"), "middle", bold=True, size=12))
    parts.append(DocumentText(title, "middle", bold=True, size=15))
    parts.append(DocumentText(printed.content.title, "middle", italic=True, size=13))
    return parts


def _inventory(frame: pd.DataFrame | None, words: Words, kind: str, columns: Sequence[tuple[str, str]], decimals: int) -> Part:
    """Return a table of one kind of works by commune, as it stands beside as planned."""
    asked = [*columns, (words.say("plan", "all"), _TOTALS[kind])]
    names = [name for _, column in asked for name in (column, f"{column}_planned")]
    if frame is None or not set(names) <= set(frame.columns) or frame[names].isna().all(axis=None):
        return DocumentText(words.say("plan", "not_given"), italic=True, size=12)
    rows: list[tuple[str, ...]] = []
    for _, row in frame.iterrows():
        code = "" if unknown(row["commune_code"]) else str(row["commune_code"])
        shown = words.say("plan", "total" if code == _TOTAL else "no_commune") if code in {"", _TOTAL} else str(row["commune_name"])
        place = "" if code in {"", _TOTAL} else str(len(rows) + 1)
        rows.append((place, shown, *(words.number(row[name], decimals) for name in names)))
    each = (_WIDE_MM - 62) / len(names)
    heads = tuple(words.say("plan", part) for _ in asked for part in ("now", "planned"))
    groups = [(label or words.say("plan", "unknown_class"), 2) for label, _ in asked]
    return DocumentTable(
        (words.say("plan", "number"), words.say("plan", "unit"), *heads), tuple(rows), (12.0, 50.0, *[each] * len(names)),
        ("middle", "left", *["right"] * len(names)), groups=(("", 1), ("", 1), *groups), bold_last=True,
    )  # fmt: skip


def _of(words: Words, section: str, codes: object) -> str:
    return DASH if unknown(codes) or not str(codes) else "; ".join(words.of(code_words(section, code)) for code in str(codes).split("; "))


def _text(value: object) -> str:
    return DASH if unknown(value) or not str(value) else str(value)


def _listed(
    words: Words, names: Sequence[str], rows: Sequence[tuple[str, ...]], widths: Sequence[float], aligns: str, groups: Sequence[tuple[str, int]] = ()
) -> DocumentTable:
    """Return a table with a running number in front; ``aligns`` has a letter per column: l, r or m."""
    sides = {"l": "left", "r": "right", "m": "middle"}
    headers = (words.say("plan", "number"), *(words.say("plan", name) for name in names))
    counted = tuple((str(i), *row) for i, row in enumerate(rows, start=1))
    return DocumentTable(headers, counted, (_NUMBER_MM, *widths), ("middle", *(sides[letter] for letter in aligns)), groups=(("", 1), *groups) if groups else ())


def _lines(frame: pd.DataFrame | None, words: Words, names: dict[str, str]) -> Part:
    if frame is None or not len(frame):
        return DocumentText(words.say("plan", "no_lines"), italic=True)
    columns = ("line", "operator", "year", "action", "commune", "lon", "lat", "mast_class", "height", "people", "people_sure", "remark")
    rows = [
        (
            _text(r.get("line_id")), _text(r.get("operator")), DASH if unknown(r.get("year")) else str(int(r["year"])), _of(words, "plan_actions", r.get("action")),
            communes_named(names, r.get("commune_code")), words.number(r.get("lon"), 5), words.number(r.get("lat"), 5), _text(r.get("mast_class")),
            words.number(r.get("height_m"), 0), words.count(r.get("population_gained")), words.count(r.get("population_from_unserved")),
            _of(words, "plan_remarks", r.get("remark")),
        )
        for _, r in frame.iterrows()
    ]  # fmt: skip
    return _listed(words, columns, rows, (21.0, 23.0, 12.0, 17.0, 27.0, 20.0, 19.0, 12.0, 12.0, 15.0, 17.0, 43.0), "llmllrrmrrrl")


def _sharing(frame: pd.DataFrame | None, words: Words, names: dict[str, str]) -> Part:
    if frame is None or not len(frame):
        return DocumentText(words.say("plan", "no_sharing"), italic=True)
    rows = [
        (
            _text(r.get("cluster_id")), communes_named(names, r.get("commune_code")), _text(r.get("operators")), words.number(r.get("distance_m"), 0),
            _text(r.get("keep_mast_id")), _text(r.get("removable_mast_ids")), words.count(r.get("saving_vnd")),
        )
        for _, r in frame.iterrows()
    ]  # fmt: skip
    return _listed(words, ("cluster", "commune", "operators", "distance", "keep", "remove", "saving"), rows, (18.0, 45.0, 50.0, 20.0, 35.0, 45.0, 25.0), "lllrllr")


def _left(frame: pd.DataFrame | None, words: Words, names: dict[str, str]) -> Part:
    if frame is None:
        return DocumentText(words.say("plan", "no_left"), italic=True)
    rows = [
        (
            _text(r.get("name") if not unknown(r.get("name")) else r.get("remainder_id")), communes_named(names, r.get("commune_code")), _of(words, "remainder_classes", r.get("class")),
            words.count(r.get("population_left")), _of(words, "remainder_proposed", r.get("proposed_to")), _of(words, "remainder_reasons", r.get("reason")),
        )
        for _, r in frame.iterrows()
    ]  # fmt: skip
    return _listed(words, ("name", "commune", "class", "left_people", "proposed", "reason"), rows, (45.0, 45.0, 32.0, 20.0, 40.0, 56.0), "lllrll")


def _year(value: object) -> str:
    return DASH if unknown(value) else str(int(value))  # type: ignore[call-overload]


def _sites(printed: Printed, words: Words, names: dict[str, str]) -> list[Part]:
    """Return the money and gains of each year, the masts of each commune as they stand beside what the plan adds, and every site."""
    frame, years = printed.planned, printed.planned_years
    if frame is None or not len(frame):
        return [DocumentText(words.say("plan", "no_sites"), italic=True, size=12)]
    parts: list[Part] = []
    if years is not None and len(years):
        parts += _together(years, words)
        sums = [
            (
                words.say("plan", "all_years") if unknown(r["year"]) else _year(r["year"]), words.count(r["sites"]), words.count(r["budget_vnd"]), words.count(r["spent_vnd"]),
                *(words.count(r[f"population_first_operator{part}"]) for part in _PARTS), *(words.count(r[f"villages_gained{part}"]) for part in _PARTS),
                *(words.count(r.get(f"population_{step}")) for step in ("to_4g", "second_operator", "third_operator")),
            )
            for _, r in years.iterrows()
        ]  # fmt: skip
        heads = ("year", "sites", "budget", "spent", *_PART_WORDS, *_PART_WORDS, "to_4g", "second", "third")
        groups = (*[("", 1)] * 4, (words.say("plan", "first_people"), 3), (words.say("plan", "first_villages"), 3), *[("", 1)] * 3)
        table = DocumentTable(
            tuple(words.say("plan", name) for name in heads), tuple(sums), (15.0, 13.0, 32.0, 32.0, *[16.0, 18.0, 21.0] * 2, 16.0, 16.0, 16.0), ("middle", *["right"] * 12),
            groups=groups, bold_last=True,
        )  # fmt: skip
        parts += [DocumentText(words.say("plan", "years_table"), bold=True, size=12), table]
        whole = years[years["year"].isna()]
        if len(whole) and int(whole["sites"].iloc[0] or 0):
            parts.append(DocumentText(words.say("plan", "places", proposals=words.count(whole["proposals"].iloc[0]), sites=words.count(whole["sites"].iloc[0])), size=12))
        if len(whole) and int(whole["sites_measure_first"].iloc[0] or 0) + int(whole["population_first_operator_uncertain"].iloc[0] or 0):
            parts.append(DocumentText(split_sentence(words, "plan", whole.iloc[0]), bold=True, size=12))
        if len(whole) and not unknown(whole["gap"].iloc[0]):
            gap = float(whole["gap"].iloc[0])
            parts.append(DocumentText(words.say("plan", "gap" if gap > 0 else "proven", gap=words.number(100 * gap, 1)), italic=True, size=11))
    said = [who_pays(printed, words), " ".join(about_the_plan(printed, words))]
    parts += [DocumentText(text, size=12) for text in said if text]
    parts += [DocumentText(words.say("plan", "sites_by_commune"), bold=True, size=12), _beside(printed, words, names), DocumentText(words.say("plan", "sites_list"), bold=True, size=12),
              DocumentText(words.say("plan", "sites_key", rows=words.count(len(frame)), places=words.count(len(frame.drop_duplicates(["site_id", "lon", "lat"])))), italic=True, size=11)]  # fmt: skip
    rows = [
        (
            _year(r["year"]), _action(words, r), _funding(words, r["funding"]), _text(r["site_id"]),
            communes_named(names, r["commune_code"]), f"{words.number(r['lon'], 5)}; {words.number(r['lat'], 5)}", _text(r["mast_class"]), words.number(r["height_m"], 0),
            _text(r["operators"]), *(words.count(r[f"{what}_gained_{part}"]) for what in ("population", "villages") for part in ("certain", "uncertain")), *(words.count(value) for value in steps),
            words.count(None if unknown(r["cost_vnd"]) else r["cost_vnd"] / 1e6),
        )
        for (_, r), steps in zip(frame.iterrows(), steps_of_sites(printed), strict=True)
    ]  # fmt: skip
    columns = ("year", "action", "funding", "site", "commune", "place", "mast_class", "height", "operators", "sure", "open", "sure", "open", "short_4g", "short_second", "short_third", "cost_millions")
    widths = (11.0, 17.0, 15.0, 16.0, 20.0, 20.0, 10.0, 9.0, 23.0, *[12.5] * 4, *[12.0] * 3, 13.0)
    groups = (*[("", 1)] * 9, (words.say("plan", "people"), 2), (words.say("plan", "villages"), 2), (words.say("plan", "more_people"), 3), ("", 1))
    parts.append(_listed(words, columns, rows, widths, "mllllrmrlrrrrrrrr", groups))
    nobody = "; ".join(why_nobody(printed, words))
    if nobody:
        parts.append(DocumentText(words.say("plan", "nobody", sites=nobody), italic=True, size=11))
    return parts


def _funding(words: Words, code: object) -> str:
    """Return who is asked to pay, short where a narrow column has no room for a programme's name."""
    return words.say("plan", "public_utility") if code == "public_utility" else _of(words, "proposal_funding", code)


def _action(words: Words, row: pd.Series) -> str:
    """Return what is done at a site; that it is measured first where most of its gain may be there already."""
    action = _of(words, "plan_actions", row["action"])
    return words.say("plan", "measure_first", action=action) if not unknown(row["measure_first"]) and bool(row["measure_first"]) else action


def split_sentence(words: Words, section: str, whole: pd.Series) -> str:
    """Return what the split of a plan's gains means, in one sentence.

    Parameters
    ----------
    words : Words
    section : str
        Of the strings.
    whole : Series
        The row of all years.
    """
    names = ("population_first_operator_certain", "population_first_operator_uncertain", "villages_gained_certain", "villages_gained_uncertain", "sites_measure_first", "sites", "proposals")
    return words.say(section, "split", **{name: words.count(whole[name]) for name in names}, spent=words.money(whole["spent_vnd"]))


def _together(years: pd.DataFrame, words: Words) -> list[Part]:
    """Return what the plan gains as it will stand, year by year, before the table that adds up single sites; nothing where it was not computed."""
    if "together_first_operator" not in years or years["together_first_operator"].isna().any():
        return []
    gained = "; ".join(
        words.say(
            "plan", "together_year", year=words.say("plan", "all_years") if unknown(r["year"]) else _year(r["year"]), people=words.count(r["together_first_operator"]),
            villages=words.count(r["together_villages"]), to_4g=words.count(r["together_to_4g"]),
        )
        for _, r in years.iterrows()
    )  # fmt: skip
    return [DocumentText(words.say("plan", "together", gained=gained), bold=True, size=12)]


def _beside(printed: Printed, words: Words, names: dict[str, str]) -> Part:
    """Return masts by commune: as they stand, as planned before, and what this plan builds, shares and upgrades."""
    frame = printed.planned
    assert frame is not None  # noqa: S101
    standing = {} if printed.inventory is None or "masts" not in printed.inventory else printed.inventory.set_index("commune_code")[["masts", "masts_planned"]].to_dict("index")
    kinds = ("build", "share", "upgrade")
    rows: list[tuple[str, ...]] = []
    codes = frame["commune_code"].fillna("").astype(str)
    for code in [*sorted(set(codes) - {""}), *([""] if (codes == "").any() else []), _TOTAL]:
        mine = frame if code == _TOTAL else frame[codes == code]
        shown = words.say("plan", "total" if code == _TOTAL else "no_commune") if code in {"", _TOTAL} else names.get(code, code)
        known = standing.get(code, {})
        rows.append(("" if code in {"", _TOTAL} else str(len(rows) + 1), shown, *(words.count(known.get(name)) for name in ("masts", "masts_planned")), *(words.count((mine["action"] == kind).sum()) for kind in kinds)))
    heads = tuple(words.say("plan", name) for name in ("number", "unit", "now", "planned", *kinds))
    groups = (("", 1), ("", 1), (words.say("plan", "masts_group"), 2), (words.say("plan", "this_plan"), 3))
    return DocumentTable(heads, tuple(rows), (12.0, 78.0, *[32.0] * 5), ("middle", "left", *["right"] * 5), groups=groups, bold_last=True)


def _streets(printed: Printed, words: Words, names: dict[str, str]) -> list[Part]:
    """Return the underground share beside its target year by year, and the projects; what is not known is a dash."""
    projects, years = printed.street_projects, printed.street_years
    if projects is None or years is None:
        return [DocumentText(words.say("plan", "no_streets"), italic=True, size=12)]

    def percent(value: object) -> str:
        return DASH if unknown(value) else words.number(100 * float(value), 1)  # type: ignore[arg-type]

    rows = [
        (
            words.say("plan", "today") if unknown(r["year"]) else _year(r["year"]), words.count(r["projects"]), words.number(r["length_km"], 2), words.number(r["cable_km"], 2),
            words.number(r["tidied_km"], 2), words.count(r["cost_underground_vnd"]), words.count(r["cost_tidy_vnd"]), words.count(r["budget_vnd"]), words.number(r["underground_km"], 1), words.number(r["hung_km"], 1),
            percent(r["underground_share"]), percent(r["path_share"]), percent(r["target_share"]),
        )
        for _, r in years.iterrows()
    ]  # fmt: skip
    heads = ("year", "projects", "street_km", "cable_km", "tidied_km", "cost_underground", "cost_tidy", "budget", "underground_km", "hung_km", "underground_share", "path_share", "target")
    parts: list[Part] = [
        DocumentText(words.say("plan", "street_years"), bold=True, size=12),
        DocumentTable(tuple(words.say("plan", name) for name in heads), tuple(rows), (18.0, 13.0, 16.0, 16.0, 18.0, 29.0, 26.0, 29.0, 19.0, 18.0, 15.0, 16.0, 17.0), ("middle", *["right"] * 12)),
    ]  # fmt: skip
    done = years[years["year"].notna()]
    if len(done) and not done[["cost_underground_vnd", "cost_tidy_vnd", "sections_tidied"]].isna().any(axis=None):
        under, tidy = (int(done[name].astype(float).sum()) for name in ("cost_underground_vnd", "cost_tidy_vnd"))
        fields = {"projects": int(projects["year"].notna().sum()), "under": under, "n": int(done["sections_tidied"].astype(float).sum()), "tidy": tidy, "both": under + tidy}
        parts.append(DocumentText(words.say("plan", "street_costs", **{name: words.count(value) for name, value in fields.items()}), italic=True, size=11))
    parts.append(DocumentText(words.say("plan", "street_projects"), bold=True, size=12))
    if not len(projects):
        return [*parts, DocumentText(words.say("plan", "no_projects"), italic=True, size=12)]
    listed = [
        (
            _text(r["project_id"]), _text(r["streets"]), communes_named(names, r["commune_codes"]), _year(r["year"]), words.number(r["length_km"], 2), words.number(r["cable_km"], 2),
            _text(r["operators"]), words.number(r["score"], 2), words.count(r["cost_vnd"]), _of(words, "street_criteria", r["unknown"]), _waiting(words, r),
        )
        for _, r in projects.iterrows()
    ]  # fmt: skip
    columns = ("project", "streets", "commune", "year", "street_km", "cable_km", "operators", "score", "cost", "not_known", "remark")
    return [*parts, _listed(words, columns, listed, (16.0, 32.0, 25.0, 12.0, 13.0, 13.0, 24.0, 13.0, 27.0, 26.0, 37.0), "lllmrrlrrll")]


def _waiting(words: Words, project: pd.Series) -> str:
    """Return why a project is in no year, and that its streets are tidied meanwhile."""
    why = _of(words, "street_remarks", project["remark"])
    tidied = 0 if unknown(project.get("sections_tidied")) else int(project["sections_tidied"])
    return "; ".join([*([] if why == DASH else [why]), words.say("plan", "tidied_meanwhile", n=words.count(tidied))]) if tidied else why


def _signed(words: Words) -> DocumentTable:
    heads = tuple(words.say("signature", entry) for entry in ("maker", "leader"))
    return DocumentTable((), (heads, (words.say("signature", "sign"),) * 2), (125.0, 125.0), ("middle", "middle"), lined=False)
