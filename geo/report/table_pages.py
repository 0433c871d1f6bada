"""The pages of tables: communes by rank, zones by priority, changes of the register, plans, inputs and notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from geo.report.book import Book
from geo.report.furniture import Cell, Column, section, signatures, table, table_heights
from geo.report.paper import Sheet, line_height, wrapped
from geo.report.print_words import DASH, coded, communes_named, texts, unknown, zone_class
from geo.report.tables import code_words

__all__ = ["Block", "changes_pages", "plans_pages", "priority_note", "ranking_pages", "sources_pages", "zones_pages"]

#: Draws a page below its heading.
Block = Callable[[Sheet], None]
Row = Sequence[str | Cell]
_X, _TOP, _BOTTOM, _WIDE = 10.0, 29.0, 286.0, 400.0
_SIGNATURE = 30.0
_SIZE = 9.0
#: What has to be acted on stands first.
_STATES = (
    "overdue", "reopened", "claimed_not_shown", "new", "undecided", "remnant", "persisting", "unknown", "resolved_predicted", "merged", "resolved",
)  # fmt: skip


def ranking_pages(book: Book, numbers: Mapping[str, int]) -> list[Block]:
    """Return the pages of communes by people without signal; ``numbers`` are the numbers of their pages."""
    words, frame, ranking = book.words, book.content.communes, book.ranking
    if frame is None or ranking is None or not len(frame):
        return [_sentence(words.say("figures", "missing"))]
    about = words.say("ranking", "about")
    if not ranking.known:
        about = words.say("ranking", "no_people")
    elif not ranking.says_something:
        about = f"{words.say('ranking', 'none')} {about}"
    columns = [
        Column(words.say("ranking", name), width, align)  # type: ignore[arg-type]
        for name, width, align in (
            ("rank", 24.0, "middle"), ("code", 19.0, "left"), ("name", 78.0, "left"), ("people", 24.0, "right"), ("served", 22.0, "right"),
            ("unserved", 22.0, "right"), ("uncertain", 22.0, "right"), ("unknown", 24.0, "right"), ("least", 32.0, "right"), ("most", 25.0, "right"),
            ("villages", 18.0, "right"), ("white", 17.0, "right"), ("weak", 17.0, "right"), ("undecided", 24.0, "right"), ("zones", 17.0, "right"), ("page", 15.0, "right"),
        )
    ]  # fmt: skip
    rows: list[Row] = []
    for i in ranking.order:
        row, code = frame.iloc[i], book.codes[i]
        best, worst = int(ranking.best[i]), int(ranking.worst[i])
        rank = words.say("ranking", "no_rank") if not best else str(best) if best == worst else words.say("ranking", "ranks", low=best, high=worst)
        link = book.commune_key(code)
        zones = words.count(len(book.ground.zones_of.get(code, []))) if book.has_zones else DASH
        rows.append([
            rank if ranking.known else DASH, code, Cell(book.names[code], link=link), words.count(row.get("population")),
            *(words.share(row.get(f"population_{name}_share")) for name in ("served", "unserved", "uncertain", "unknown")),
            words.count(ranking.least[i]), words.count(ranking.most[i]),
            *(words.count(row.get(name)) for name in ("villages", "villages_white", "villages_weak", "villages_undecided")), zones,
            Cell(str(numbers.get(code, DASH)), link=link),
        ])  # fmt: skip
    return _table_blocks(book, about, columns, rows)


def zones_pages(book: Book) -> list[Block]:
    """Return the pages of dead zones by priority."""
    words, frame = book.words, book.ground.zones
    if not len(frame):
        return [_sentence(words.say("zones", "none_all" if book.has_zones else "missing"))]
    most = int(book.lists["zones_of_the_atlas"])
    columns = [
        Column(words.say("zones", "number"), 10.0, "right"), Column(words.say("zones", "id"), 46.0), Column(words.say("zones", "class"), 30.0),
        Column(words.say("zones", "communes"), 80.0), Column(words.say("zones", "people"), 36.0, "right"), Column(words.say("zones", "villages"), 15.0, "right"),
        Column(words.say("zones", "area"), 16.0, "right"), Column(words.say("zones", "length"), 16.0, "right"), Column(words.say("zones", "priority"), 18.0, "right"),
        Column(words.say("zones", "reason"), 38.0), Column(words.say("zones", "evidence"), 25.0), Column(words.say("zones", "deadline"), 24.0),
        Column(words.say("zones", "operators"), 46.0),
    ]  # fmt: skip
    rows: list[Row] = [
        [
            str(n), str(row["dead_zone_id"]), zone_class(words, row["class"]), communes_named(book.names, row["commune_codes"]),
            words.interval(row.get("population"), row.get("population_low"), row.get("population_high")), words.count(row.get("villages")),
            words.number(row.get("area_km2"), 2), words.number(row.get("length_km"), 1), Cell(words.number(row.get("priority"), 3), bold=True),
            coded(words, "zone_reason", row.get("reason")), coded(words, "values", row.get("evidence")), words.day(row.get("deadline")),
            DASH if unknown(row.get("operators_missing")) else str(row.get("operators_missing")),
        ]
        for n, (_, row) in enumerate(frame.head(most).iterrows(), start=1)
    ]  # fmt: skip
    note = "" if len(frame) <= most else " " + words.say("figures", "more", n=words.count(len(frame) - most), file="dead_zones.csv")
    return _table_blocks(book, priority_note(book) + note, columns, rows)


def priority_note(book: Book) -> str:
    """Return what a priority is made of, and which of its terms are not known anywhere."""
    words, weights = book.words, book.content.priority_weights
    terms = "; ".join(f"{coded(words, 'priority_terms', name)} {words.number(weight, 2)}" for name, weight in weights.items())
    frame = book.ground.zones
    lacking = [name for name in weights if len(frame) and "priority_unknown" in frame and frame["priority_unknown"].map(lambda v, n=name: n in str(v).split("; ")).all()]
    unknown_terms = "; ".join(coded(words, "priority_terms", name) for name in lacking) or words.say("zones", "unknown_none")
    return words.say("zones", "about", terms=terms or DASH, unknown=unknown_terms)


def changes_pages(book: Book) -> list[Block]:
    """Return the pages of the register: what changed since the last review."""
    words = book.words
    layer = next((a for a in book.content.areas if a.kind == "change"), None)
    if layer is None:
        return [_sentence(" ".join([words.say("changes", "missing"), *(words.of(text) for text in book.content.areas_missing)]))]
    frame = pd.DataFrame(layer.frame.drop(columns="geometry"))
    counts = texts(frame, "state").value_counts()
    known = [state for state in _STATES if state in counts.index] + sorted(set(counts.index) - set(_STATES))
    said = "; ".join(f"{words.of(code_words('register_states', state))}: {words.count(int(counts[state]))}" for state in known)
    order = texts(frame, "state").map({state: i for i, state in enumerate(known)})
    people = pd.to_numeric(frame["population_new"], errors="coerce").fillna(-1.0)
    frame = frame.assign(_order=order, _people=-people).sort_values(["_order", "_people", "register_id"], kind="stable")
    most = int(book.lists["changes_of_the_atlas"])
    columns = [
        Column(words.say("changes", "id"), 44.0), Column(words.say("changes", "state"), 44.0, most=2), Column(words.say("changes", "class"), 48.0, most=2),
        Column(words.say("changes", "communes"), 52.0, most=2), Column(words.say("changes", "people"), 30.0, "right"), Column(words.say("changes", "deadline"), 24.0),
        Column(words.say("changes", "remark"), 158.0, most=4),
    ]  # fmt: skip
    rows: list[Row] = [
        [
            str(row["register_id"]), Cell(words.of(code_words("register_states", str(row["state"]))), bold=True),
            " / ".join(DASH if unknown(row.get(name)) else words.of(code_words("register_classes", str(row[name]))) for name in ("class_old", "class_new")),
            communes_named(book.names, row.get("commune_codes")), f"{words.count(row.get('population_old'))} / {words.count(row.get('population_new'))}",
            words.day(row.get("deadline")), DASH if unknown(row.get(f"remark_{words.language}")) else str(row[f"remark_{words.language}"]),
        ]
        for _, row in frame.head(most).iterrows()
    ]  # fmt: skip
    note = f"{words.say('changes', 'counts', n=words.count(len(frame)))}: {said}."
    if len(frame) > most:
        note += " " + words.say("figures", "more", n=words.count(len(frame) - most), file="register.csv")
    return _table_blocks(book, note, columns, rows)


def plans_pages(book: Book) -> list[Block]:
    """Return the page of operators' registered plans and of what they leave."""
    words, plans = book.words, book.printed.plans
    if plans is None:
        return [_sentence(words.say("plans", "missing"))]

    def page(sheet: Sheet) -> None:
        y = sheet.paragraph(_X, _TOP, _WIDE, words.say("plans", "about"), _SIZE) + 3
        names = ("operator", "year", "lines", "build", "share", "upgrade", "other", "helps", "nobody", "open")
        columns = [Column(words.say("plans", name), 70.0 if i == 0 else 36.0, "left" if i < 2 else "right") for i, name in enumerate(names)]
        rows: list[Row] = []
        for (operator, year), part in plans.groupby([texts(plans, "operator"), [DASH if unknown(year) else str(int(year)) for year in plans["year"]]], sort=True):
            actions = texts(part, "action")
            gained = pd.to_numeric(part["population_gained"], errors="coerce")
            each = [int(actions.eq(name).sum()) for name in ("build", "share", "upgrade")]
            figures = [len(part), *each, len(part) - sum(each), int((gained > 0).sum()), int((gained <= 0).sum()), int(gained.isna().sum())]
            rows.append([str(operator), str(year), *map(words.count, figures)])
        y = table(sheet, _X, y, columns, rows, size=10) + 4
        y = _best_lines(book, sheet, plans, y)
        left = book.printed.remainder
        if left is None:
            sheet.paragraph(_X, y, _WIDE, words.say("plans", "no_remainder"), 10)
            return
        y = section(sheet, _X, y, _WIDE, words.say("plans", "remainder", n=words.count(len(left))), note="unserved_after_plans.csv")
        kinds = ("proposed", "left_villages", "left_zones", "left_people")
        columns = [Column(words.say("plans", name), 140.0 if i == 0 else 60.0, "left" if i == 0 else "right") for i, name in enumerate(kinds)]
        rows = [
            [words.of(code_words("remainder_proposed", str(to))), words.count(int(part["kind"].eq("village").sum())), words.count(int(part["kind"].eq("dead_zone").sum())),
             words.count(pd.to_numeric(part.loc[part["kind"].eq("village"), "population_left"], errors="coerce").sum(min_count=1))]
            for to, part in left.groupby(texts(left, "proposed_to"), sort=True)
        ]  # fmt: skip
        table(sheet, _X, y, columns, rows, size=10)
        signatures(sheet, words, _X + _WIDE - 130, _BOTTOM - _SIGNATURE, 130, _SIGNATURE)

    return [page]


def _best_lines(book: Book, sheet: Sheet, plans: pd.DataFrame, y: float) -> float:
    """List the lines that gain people, the most first."""
    words = book.words
    gained = pd.to_numeric(plans["population_gained"], errors="coerce")
    mine = plans.assign(_gained=gained)[gained > 0].sort_values(["_gained", "line_id"], ascending=[False, True], kind="stable")
    shown = mine.head(int(book.lists["lines_of_plans"]))
    y = section(sheet, _X, y, _WIDE, words.say("plans", "first", n=words.count(len(shown)), total=words.count(len(mine))), note="operator_plans.csv")
    if not len(shown):
        return y + 2
    columns = [
        Column(words.say("plans", "line"), 34.0), Column(words.say("plans", "operator"), 40.0), Column(words.say("plans", "year"), 16.0), Column(words.say("plans", "action"), 28.0),
        Column(words.say("plans", "commune"), 54.0), Column(words.say("plans", "mast_class"), 24.0), Column(words.say("plans", "villages"), 26.0, "right"),
        Column(words.say("plans", "people"), 24.0, "right"), Column(words.say("plans", "people_sure"), 30.0, "right"),
        Column(words.say("plans", "zones"), 50.0, most=2), Column(words.say("plans", "remark"), 74.0, most=3),
    ]  # fmt: skip
    rows: list[Row] = [
        [
            str(row["line_id"]), str(row["operator"]), DASH if unknown(row.get("year")) else str(int(row["year"])),
            DASH if unknown(row.get("action")) else words.of(code_words("plan_actions", str(row["action"]))), communes_named(book.names, row.get("commune_code")),
            DASH if unknown(row.get("mast_class")) else str(row["mast_class"]), words.count(row.get("villages_gained")),
            Cell(words.count(row.get("population_gained")), bold=True), words.count(row.get("population_from_unserved")), DASH if unknown(row.get("dead_zones_served")) else str(row["dead_zones_served"]),
            DASH if unknown(row.get("remark")) else "; ".join(words.of(code_words("plan_remarks", code)) for code in str(row["remark"]).split("; ")),
        ]
        for _, row in shown.iterrows()
    ]  # fmt: skip
    return table(sheet, _X, y, columns, rows, size=_SIZE) + 4


def sources_pages(book: Book) -> list[Block]:
    """Return the pages on inputs, method and what a reader has to know."""
    words, content = book.words, book.content
    flow: list[tuple[str, str]] = [("head", words.say("sources", "method"))]
    if content.model is not None:
        flow.append(("text", words.of(content.model) + "."))
    flow += [("text", words.of(text)) for text in content.method]
    if content.served_at_least is not None and content.unserved_at_most is not None:
        flow.append(("text", words.map_says("legend.cuts", served=words.share(content.served_at_least), unserved=words.share(content.unserved_at_most))))
    if not content.measurements:
        flow.append(("text", words.map_says("legend.no_measurements")))
    for m in content.measurements:
        days = "" if m.first is None or m.last is None else f" ({m.first:%d/%m/%Y}{DASH}{m.last:%d/%m/%Y})"
        flow.append(("text", f"{m.operator} {m.technology}: {words.map_says('legend.samples', n=words.count(m.samples))}{days}."))
    flow.append(("head", words.say("sources", "notices")))
    flow += [("text", words.of(text)) for text in content.notices]
    flow.append(("head", words.say("sources", "left_out")))
    flow.append(("text", words.say("sources", "no_public")))
    flow += [("text", words.of(text)) for text in content.areas_missing]
    if book.printed.people:
        flow.append(("head", words.say("sources", "people")))
        flow += [
            ("text", f"{words.of(f.name)}: {words.interval(f.people, f.low, f.high)}. {words.of(f.counts)} [{words.of(f.where)}]") for f in book.printed.people.values()
        ]
    flow.append(("head", words.say("sources", "inputs")))
    for source in content.sources:
        kind = "" if source.kind is None else f"{words.of(source.kind)}: "
        rows = "" if source.rows is None else f"; {words.say('sources', 'rows').lower()}: {words.count(source.rows)}"
        flow.append(("text", f"{kind}{source.name}{rows}{'; ' + words.day(source.date) if source.date else ''}"))
    return list(_flowing(flow))


def _flowing(flow: Sequence[tuple[str, str]]) -> list[Block]:
    """Return paragraphs in two columns per page."""
    wide, size = 196.0, 8.5
    step, room = line_height(size), _BOTTOM - _TOP - 1
    columns: list[list[tuple[str, list[str]]]] = [[]]
    used = 0.0
    for kind, text in flow:
        lines = [text] if kind == "head" else wrapped(text, size, wide - 4)
        high = 9.0 if kind == "head" else len(lines) * step + 1
        if used + high + (12 if kind == "head" else 0) > room and columns[-1]:
            columns.append([])
            used = 0.0
        columns[-1].append((kind, lines))
        used += high
    pairs = [columns[i : i + 2] for i in range(0, len(columns), 2)]

    def page(sheet: Sheet, pair: Sequence[Sequence[tuple[str, list[str]]]]) -> None:
        for c, parts in enumerate(pair):
            x, y = _X + c * (wide + 8), _TOP
            for kind, lines in parts:
                if kind == "head":
                    y = section(sheet, x, y + 1.4, wide, lines[0]) + 1
                    continue
                sheet.symbol(x + 1, y + 0.62 * step, "circle", fill="#0b3a66", line="#0b3a66", radius=0.45)
                for line in lines:
                    y += step
                    sheet.text(x + 3, y - 0.25 * step, line, size)
                y += 1

    return [lambda sheet, pair=pair: page(sheet, pair) for pair in pairs]  # type: ignore[misc]


def _sentence(text: str) -> Block:
    """Return a page that says one thing."""

    def page(sheet: Sheet) -> None:
        sheet.paragraph(_X + 30, _TOP + 20, _WIDE - 60, text, 14)

    return page


def _table_blocks(book: Book, about: str, columns: Sequence[Column], rows: Sequence[Row]) -> list[Block]:
    """Return a table cut into pages, the note above it on the first, room for signatures on the last."""
    heights = table_heights(columns, rows, _SIZE)
    note = len(wrapped(about, _SIZE, _WIDE)) * line_height(_SIZE) + 3
    room = _BOTTOM - _TOP - 14
    cuts, used = [0], note
    for i, high in enumerate(heights):
        if used + high > room:
            cuts.append(i)
            used = 0.0
        used += high
    if used + _SIGNATURE + 4 > room and cuts[-1] != len(rows):
        cuts.append(len(rows))
    parts = [rows[a:b] for a, b in zip(cuts, [*cuts[1:], len(rows)], strict=True)]

    def page(sheet: Sheet, n: int) -> None:
        y = sheet.paragraph(_X, _TOP, _WIDE, about, _SIZE) + 3 if n == 0 else _TOP + 1
        if parts[n]:
            table(sheet, _X, y, columns, parts[n], size=_SIZE)
        if n == len(parts) - 1:
            signatures(sheet, book.words, _X + _WIDE - 130, _BOTTOM - _SIGNATURE, 130, _SIGNATURE)

    return [lambda sheet, n=n: page(sheet, n) for n in range(len(parts))]  # type: ignore[misc]

