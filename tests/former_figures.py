"""Figures of the former communes: all of the list, and misspelt ones: ``python -m tests.former_figures``.

Every former commune is asked for by its code and by name with district and province, with the former province, with today's; then 1,000
misspelt ones (a hundred of each way of :mod:`tests.misspelt`) with their district and without. ``wrong``: the answer names former communes
and the one meant is not among them. Of those, ``said`` is how many say so themselves: the step (``spelling``, ``accents``) is no exact reading,
or the one meant is among those that the answer names as differing by accents only (``near``). Right answers with that remark are counted too.
"""

from __future__ import annotations

import random
from collections import Counter

from geo.former_areas import FormerMatch, Matched
from geo.io.resources import former_areas
from tests.misspelt import WAYS

ANSWERS = ("right", "several", "none", "wrong")


def judged(place: int, match: FormerMatch) -> str:
    """Return what an answer is worth for the former commune that was meant."""
    if not match.places:
        return "none"
    if place not in match.places:
        return "wrong"
    return "right" if len(match.places) == 1 else "several"


def line(title: str, answers: list[str]) -> str:
    """Return counts as a line."""
    counted = Counter(answers)
    return f"{title:<58}" + "".join(f"{counted[a]:>9,}" for a in ANSWERS) + f"{len(answers):>9,}"


def main() -> None:
    """Print the figures."""
    former = former_areas()
    every = range(len(former))
    now = [(former.today_provinces[former.today[i][0]],) for i in every]
    print(f"{'former communes: ' + format(len(former), ','):<58}" + "".join(f"{a:>9}" for a in ANSWERS) + f"{'asked':>9}")
    print(line("by code", [judged(i, former.by_code(former.codes[i])) for i in every if former.codes[i]]))
    print(line("by name, district, former province", [judged(i, former.find(former.names[i], former.districts[i], former.provinces[i])) for i in every]))
    print(line("by name, district, today's province", [judged(i, former.find(former.names[i], former.districts[i], "", now[i])) for i in every]))
    print(line("by name, former province", [judged(i, former.find(former.names[i], "", former.provinces[i])) for i in every]))
    print(line("by name, today's province", [judged(i, former.find(former.names[i], "", "", now[i])) for i in every]))
    totals: dict[str, list[str]] = {"with district": [], "without district": []}
    wrong: list[str] = []
    said = 0
    remarked: Counter[str] = Counter()
    for way in sorted(WAYS):
        rng = random.Random(f"{way} 2026")
        for place in rng.sample(list(every), 100):
            came = WAYS[way](former.names[place], rng)
            for title, match in (
                ("with district", former.find(came, former.districts[place], former.provinces[place])),
                ("without district", former.find(came, "", "", now[place])),
            ):
                answer = judged(place, match)
                totals[title].append(answer)
                remarked[title] += answer == "right" and bool(match.near)
                if answer == "wrong":
                    said += match.how in {Matched.SPELLING, Matched.ACCENTS} or place in match.near
                    listed = "; ".join(former.label(p) for p in match.places)
                    wrong.append(f"  {title}, {way}: {former.label(place)} came as '{came}' -> {listed} ({match.how.value}; near: {'; '.join(former.label(p) for p in match.near)})")
    for title, answers in totals.items():
        print(line(f"misspelt, {title}", answers))
    print(f"wrong: {len(wrong)}, of which the answer says that another may be meant: {said}; wrong without saying so: {len(wrong) - said}")
    print("right, with the remark that another differs by accents only: " + ", ".join(f"{n} {title}" for title, n in remarked.items()))
    for title, found in (
        ("name, district, former province", [former.find(former.names[i], former.districts[i], former.provinces[i]) for i in every]),
        ("name, former province", [former.find(former.names[i], "", former.provinces[i]) for i in every]),
        ("name, today's province", [former.find(former.names[i], "", "", now[i]) for i in every]),
    ):
        right = [match for i, match in zip(every, found, strict=True) if judged(i, match) == "right"]
        print(f"  of the whole list, {title}: {sum(bool(match.near) for match in right):,} of {len(right):,} right answers")
    print("\n".join(wrong))


if __name__ == "__main__":
    main()
