"""Makes ``geo/resources/areas/`` anew from the PyPI package ``vietnamadminunits`` (MIT), unpacked in a folder.

``python -m tests.reference.former_communes FOLDER`` where FOLDER holds the wheel's ``vietnamadminunits/``. The package itself is
no dependency: it imports Unidecode (GPL), asks a geocoder on the network where an address has a street, and parses addresses one by one.
Its data are what is wanted: 10,040 former communes, 3,321 of today, and which became which. Where one province of today had two
former communes of one name, the package divides both between what either became: ``corrections.csv`` takes out those that lie 9 to 90 km
away by the public boundaries.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import sys
from pathlib import Path

from geo.io.files import write_text

TARGET = Path(__file__).parents[2] / "geo" / "resources" / "areas"
_FORMER = "SELECT provinceCode, province, provinceKey, districtCode, district, districtKey, wardCode, ward, wardKey FROM admin_units_legacy"


def tables(package: Path) -> dict[str, str]:
    """Return the CSV texts by file name."""
    rules = json.loads((package / "data" / "converter_2025.json").read_text(encoding="utf-8"))
    with sqlite3.connect(package / "data" / "dataset.db") as base:
        former = base.execute(_FORMER).fetchall()
        today = base.execute("SELECT wardCode, ward, provinceCode, provinceKey, wardKey FROM admin_units").fetchall()
    code = {(row[3], row[4]): row[0] for row in today}
    became: dict[str, list[str]] = {}
    for province, wards in rules["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for ward, sources in wards.items():
            for source in sources:
                became.setdefault(source, []).append(code[province, ward])
    for province, sources in rules["DICT_PROVINCE_WARD_DIVIDED"].items():
        for source, parts in sources.items():
            # The part that the package takes for an address without a street comes first.
            ordered = sorted(parts, key=lambda part: not part["isDefaultNewWard"])
            became.setdefault(source, []).extend(code[province, part["newWardKey"]] for part in ordered)
    with (TARGET / "corrections.csv").open(encoding="utf-8", newline="") as stream:
        wrong = {(row["code"], row["not_today"]) for row in csv.DictReader(stream)}
    for row in former:
        source = f"{row[2]}_{row[5]}_{row[8] or ''}"
        became[source] = [c for c in became[source] if (row[6], c) not in wrong]
    lines = [
        (r[6] or "", r[7] or r[4], r[4] if r[7] else "", r[1], "|".join(became[f"{r[2]}_{r[5]}_{r[8] or ''}"])) for r in former
    ]
    return {
        "former_communes.csv": _text(("code", "name", "district", "province", "today"), sorted(lines)),
        "communes.csv": _text(("code", "name", "province_code"), sorted(row[:3] for row in today)),
    }


def _text(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    return stream.getvalue()


if __name__ == "__main__":
    for name, text in tables(Path(sys.argv[1])).items():
        write_text(TARGET / name, text)
