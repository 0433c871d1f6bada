"""The register's rule written once more, slowly, on sets of cells: what the fast one is held against.

Nothing here comes from ``geo``. A review is a :class:`Review` of cells; a register is a dict of :class:`Entry`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

Cell = tuple[int, int]


@dataclass
class Zone:
    cells: frozenset[Cell]
    operator: str = ""
    kind: str = "white"
    evidence: str = "predicted"


@dataclass
class Review:
    day: date
    zones: dict[str, Zone]
    #: operator -> cell -> code 1..6
    state: dict[str, dict[Cell, int]]
    #: operator -> cell -> day of the latest sample that reached the level (code 1), or of any sample
    measured: dict[str, dict[Cell, date]] = field(default_factory=dict)
    #: people of each cell, None where not known
    people: dict[Cell, float | None] = field(default_factory=dict)
    #: zone of an earlier review or of this one -> (accepted, day)
    acceptances: dict[str, tuple[bool, date | None]] = field(default_factory=dict)
    deadlines: dict[str, date] = field(default_factory=dict)
    claims: dict[str, date] = field(default_factory=dict)


@dataclass
class Entry:
    cells: frozenset[Cell]
    operator: str
    kind: str
    listed: date
    opened: date
    zone: str = ""
    state: str = "new"
    closed: date | None = None
    into: str = ""
    split_from: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    accepted: bool | None = None
    accepted_on: date | None = None
    deadline: date | None = None
    deadline_from: str = ""
    flags: frozenset[str] = frozenset()
    was_zone: bool = False


SUCCESSOR, SPLIT, SERVED, MEASURED = 0.3, 0.3, 0.9, 0.3


def begin(review: Review, prefix: str = "99") -> dict[str, Entry]:
    book = {}
    for n, (name, zone) in enumerate(sorted(review.zones.items()), 1):
        book[f"{prefix}-{review.day:%Y%m%d}-{n:03d}"] = Entry(
            zone.cells, zone.operator, zone.kind, review.day, review.day, zone=name, names=(name,)
        )
    return book


def heads(cells: frozenset[Cell], people: dict[Cell, float | None]) -> float | None:
    counts = [people.get(cell, 0.0) for cell in cells]
    return None if any(c is None for c in counts) else round(sum(c for c in counts if c is not None), 6)


def advance(book: dict[str, Entry], review: Review, days_by_class: dict[str, float] | None = None, prefix: str = "99") -> dict[str, Entry]:
    """Return the register after one more review."""
    people = review.people
    alive = {name: e for name, e in book.items() if not e.into}

    # -- whose successor is which zone
    successor: dict[str, tuple[str, bool, float, int]] = {}
    for name, entry in alive.items():
        total = heads(entry.cells, people)
        counted = total is not None and total > 0
        best = None
        for zone_name, zone in review.zones.items():
            both = entry.cells & zone.cells
            if zone.operator != entry.operator or not both:
                continue
            known = round(sum(people.get(c) or 0.0 for c in both), 6)
            size, whole = (known, total) if counted else (len(both), len(entry.cells))
            if size < SUCCESSOR * whole - 1e-9 * whole:
                continue
            candidate = (size, len(both), [-ord(ch) for ch in zone_name], zone_name, known)
            if best is None or candidate > best:
                best = candidate
        if best is not None:
            successor[name] = (best[3], counted, best[4] if counted else 0.0, best[1])

    keeper: dict[str, str] = {}
    for zone_name in review.zones:
        wanting = [n for n, (z, *_) in successor.items() if z == zone_name]
        if wanting:
            wanting.sort()
            keeper[zone_name] = max(
                wanting, key=lambda n: (bool(alive[n].zone), successor[n][2], successor[n][3], [-ord(ch) for ch in n])
            )

    # -- what it is called in lists of acceptances
    meant: dict[str, str] = {}
    for name, entry in book.items():
        last = name
        while book[last].into:
            last = book[last].into
        for zone_name in entry.names:
            meant[zone_name] = last
    meant.update(keeper)

    out: dict[str, Entry] = {}
    for name, entry in book.items():
        if entry.into:
            out[name] = Entry(**{**vars(entry), "zone": "", "state": "merged", "flags": frozenset(), "was_zone": False})
            continue
        mine = next((z for z, n in keeper.items() if n == name), "")
        if not mine and name in successor:
            heir = keeper[successor[name][0]]
            out[name] = Entry(**{**vars(entry), "zone": "", "state": "merged", "into": heir, "flags": frozenset(), "was_zone": bool(entry.zone)})
            for zone_name, n in meant.items():
                if n == name:
                    meant[zone_name] = heir
            continue
        out[name] = Entry(**{**vars(entry), "zone": mine, "was_zone": bool(entry.zone)})

    # -- new ones
    prior = [int(n.rsplit("-", 1)[1]) for n in book if f"-{review.day:%Y%m%d}-" in n]
    number = max(prior, default=0)
    for zone_name in sorted(set(review.zones) - set(keeper)):
        zone = review.zones[zone_name]
        number += 1
        name = f"{prefix}-{review.day:%Y%m%d}-{number:03d}"
        parents = []
        for old, entry in sorted(alive.items()):
            both = entry.cells & zone.cells
            if entry.operator != zone.operator or not both:
                continue
            one, other = heads(entry.cells, people), heads(zone.cells, people)
            if one and other:
                part, whole = sum(people.get(c) or 0.0 for c in both), min(one, other)
            else:
                part, whole = len(both), min(len(entry.cells), len(zone.cells))
            if part >= SPLIT * whole - 1e-9 * whole:
                parents.append(old)
        out[name] = Entry(zone.cells, zone.operator, zone.kind, review.day, review.day, zone=zone_name, state="",
                          split_from=tuple(parents), was_zone=False)  # fmt: skip
        meant[zone_name] = name

    # -- what became of each
    for name, entry in out.items():
        if entry.into:
            continue
        accepted, accepted_on = entry.accepted, entry.accepted_on
        stated = [review.acceptances[z] for z, n in meant.items() if n == name and z in review.acceptances]
        dated = sorted((day, not yes) for yes, day in stated if day is not None)
        if dated and (accepted is None or accepted_on is None or dated[-1][0] >= accepted_on):
            accepted, accepted_on = not dated[-1][1], dated[-1][0]
        elif stated and not dated and accepted_on is None:
            accepted, accepted_on = all(yes for yes, _ in stated), None
        claims = [review.claims[z] for z, n in meant.items() if n == name and z in review.claims]
        stated_deadlines = [review.deadlines[z] for z, n in meant.items() if n == name and z in review.deadlines]
        settle(entry, name in book, review, accepted, accepted_on, max(claims, default=None),
               max(stated_deadlines, default=None), days_by_class or {})  # fmt: skip
        entry.accepted, entry.accepted_on = accepted, accepted_on
        if entry.zone:
            zone = review.zones[entry.zone]
            entry.cells, entry.kind = zone.cells, zone.kind
            entry.names = (*entry.names, entry.zone)
    return out


def code_of(entry: Entry, cell: Cell, review: Review) -> tuple[int, date | None]:
    whose = [entry.operator] if entry.operator else sorted(review.state)
    codes = {o: review.state.get(o, {}).get(cell, 6) for o in whose}
    found = 6
    if 1 in codes.values():
        found = 1
    elif 2 in codes.values():
        found = 2
    elif set(codes.values()) <= {4, 5}:
        found = 5 if set(codes.values()) == {5} else 4
    elif 3 in codes.values():
        found = 3
    days = [review.measured.get(o, {}).get(cell) for o in whose if codes[o] == found and found in {1, 5}]
    return found, max((d for d in days if d is not None), default=None)


def settle(entry: Entry, known: bool, review: Review, accepted: bool | None, accepted_on: date | None,
           claimed_on: date | None, deadline: date | None, days_by_class: dict[str, float]) -> None:  # fmt: skip
    """Set state, flags, opened and closed of an entry that has not ended."""
    counts = accepted is True and accepted_on is not None and accepted_on > entry.opened
    since = max(entry.opened, accepted_on) if accepted is False and accepted_on is not None else entry.opened
    parts = dict.fromkeys(("after", "before", "predicted", "uncertain", "unserved", "unknown"), 0.0)
    total = heads(entry.cells, review.people)
    weigh = total is not None and total > 0
    silent_on = None
    for cell in sorted(entry.cells):
        weight = (review.people.get(cell) or 0.0) if weigh else 1.0
        code, day = code_of(entry, cell, review)
        if code == 1:
            parts["after" if day is not None and day > since else "before"] += weight
        elif code == 5 and day is not None and weight > 0:
            silent_on = day if silent_on is None else max(day, silent_on)
        if code != 1:
            parts[{2: "predicted", 3: "uncertain", 4: "unserved", 5: "unserved", 6: "unknown"}[code]] += weight
    whole = sum(parts.values())
    share = {name: round(value / whole, 9) for name, value in parts.items()}
    served = round((parts["after"] + parts["before"] + parts["predicted"]) / whole, 9)

    if entry.zone:
        gone = entry.closed is not None and not entry.was_zone
        kind = review.zones[entry.zone].kind
        evidence = review.zones[entry.zone].evidence
        if counts and not gone:
            against = silent_on > accepted_on if silent_on and accepted_on else evidence in {"measured", "both"}
            if not against:
                set_deadline(entry, kind, entry.opened, deadline, days_by_class)
                entry.state, entry.closed = "resolved", entry.closed or review.day
                return
        reopened = entry.closed is not None
        if reopened:
            entry.opened = review.day
        set_deadline(entry, kind, entry.opened, deadline, days_by_class)
        again = entry.opened != entry.listed
        wanted = False
        if claimed_on is not None:
            wanted |= not again or claimed_on > entry.opened
        if entry.deadline is not None and entry.deadline < review.day:
            entry.state = "overdue"
        elif wanted:
            entry.state = "claimed_not_shown"
        elif reopened:
            entry.state = "reopened"
        else:
            entry.state = "persisting" if known else "new"
        entry.closed = None
        return
    set_deadline(entry, entry.kind, entry.opened, deadline, days_by_class)
    if entry.state == "resolved" or counts:
        entry.state, entry.closed = "resolved", entry.closed or review.day
    elif served >= SERVED:
        entry.state = "resolved" if share["after"] >= MEASURED else "resolved_predicted"
        entry.closed = entry.closed or review.day
    elif share["unknown"] >= max(share["uncertain"], share["unserved"]):
        entry.state = "unknown"
    else:
        entry.state = "undecided" if share["uncertain"] >= share["unserved"] else "remnant"


def set_deadline(entry: Entry, kind: str, opened: date, stated: date | None, days_by_class: dict[str, float]) -> None:
    again = opened != entry.listed
    if stated is not None and (not again or stated >= opened):
        entry.deadline, entry.deadline_from = stated, "stated"
    elif entry.deadline is not None and (not again or entry.deadline >= opened):
        entry.deadline_from = "setting" if entry.deadline_from == "setting" else "register"
    elif kind in days_by_class:
        entry.deadline, entry.deadline_from = opened + timedelta(days=days_by_class[kind]), "setting"
    else:
        entry.deadline, entry.deadline_from = None, ""
