"""A plan fed back as existing sites, through the commands: by how much communes.csv changes, beside what the plan says it gains.

    python -m tests.planning.fed_back PROJECT.toml --work FOLDER [--cell-size 250] [--years 2027 2029]

The project is planned without its measurements (those of today would speak against sites that are not there yet). Then the registered lines, and
the lines with the proposed sites up to each year, are written into a further site list and the project is analysed again. Printed is what the
``communes.csv`` of both runs differ by (people times share served) beside what ``plan_years.csv`` and the manifest say. Each run is a whole one.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

from geo.io.resources import load_toml

ROOT = Path(__file__).resolve().parents[2]
LIST = "fed_back.csv"
HEADER = ("site_id", "operator", "lon", "lat", "status", "structure_height_m", "technology")
#: What only a plan asks for: left out where the plan is fed back.
PLANNING = ("operator_plans", "masts", "ducts", "poles", "cables", "service_points", "power_lines", "public_land", "restricted_areas", "streets")


def without(text: str, *keys: str) -> str:
    """Return a project file without some keys whose values end on their line or at a closing bracket of their own."""
    for key in keys:
        text = re.sub(rf"(?m)^{key} = (\[\n(?:.*\n)*?\]|.*)\n", "", text)
    return text


def with_list(text: str) -> str:
    """Return a project file that names the further list of sites, whatever form its own lists have."""
    found = re.search(r"(?m)^sites = (\[\n(?:.*\n)*?\]|.*)\n", text)
    assert found is not None, "the project names no sites"
    value = found.group(1)
    inner = value[1:-1].rstrip().rstrip(",") if value.startswith("[") else value
    return text[: found.start()] + f'sites = [{inner},\n    "{LIST}",\n]\n' + text[found.end() :]


def variant(text: str, name: str, cell_size_m: float | None) -> str:
    """Return a project file of another name, without measurements."""
    text = without(text, "measurements")
    text = re.sub(r'(?m)^name = ".*"$', f'name = "{name}"', text, count=1)
    return text if cell_size_m is None else re.sub(r"(?m)^cell_size_m = .*$", f"cell_size_m = {cell_size_m:g}", text, count=1)


def analysed(project: Path, out: Path) -> Path:
    """Run the command and return the folder of its results."""
    began = time.perf_counter()
    shutil.rmtree(out, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "analyze.py"), str(project), "--out", str(out), "--no-network"], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},  # this checkout, whatever is installed
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    print(f"{project.name}: {time.perf_counter() - began:.0f} s", flush=True)
    return next(p for p in out.iterdir() if p.is_dir())


def table(folder: Path, name: str) -> list[dict[str, str]]:
    """Return a table of a run."""
    with (folder / "tables" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def served(folder: Path) -> float:
    """Return the people of communes.csv whom some operator serves for sure."""
    return sum(float(r["population"] or 0) * float(r["population_served_share"] or 0) for r in table(folder, "communes"))


def counts(folder: Path, stage: str) -> dict[str, Any]:
    """Return what the manifest says of a stage."""
    stages = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["stages"]
    return next(s["counts"] for s in stages if s["name"] == stage)


def rows_of(folder: Path, last: int | None, brings: str) -> list[tuple[str, ...]]:
    """Return the registered lines and the proposed sites up to a year as rows of a list of sites; of the proposals none where it is None."""
    out = []
    for line in table(folder, "operator_plans") if (folder / "tables" / "operator_plans.csv").is_file() else ():
        if line["action"] == "remove":
            raise SystemExit(f"line {line['line_id']} removes a site: this cannot be fed back as a further site")
        if line["population_gained"]:
            out.append((f"L{line['line_id']}", line["operator"], line["lon"], line["lat"], "on_air", line["height_m"], line["technologies"]))
    for site in table(folder, "sites_planned"):
        if site["source"] == "proposed" and last is not None and int(site["year"]) <= last:
            for k, operator in enumerate(site["operators"].split("; ")):
                out.append((f"P{site['rank']}{k}", operator, site["lon"], site["lat"], "on_air", site["height_m"], brings))
    return out


def main() -> None:
    """Plan, feed back, print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("project", type=Path)
    asked.add_argument("--work", type=Path, required=True, help="folder for copies and runs; emptied of those first")
    asked.add_argument("--cell-size", type=float)
    asked.add_argument("--years", type=int, nargs="*", help="last years of the parts that are fed back; all of the plan by default")
    given = asked.parse_args()
    copy = given.work / "in"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(given.project.parent, copy)
    text = given.project.read_text(encoding="utf-8")
    (copy / "plan.toml").write_text(variant(text, "Nạp lại: kế hoạch", given.cell_size), encoding="utf-8")
    run = analysed(copy / "plan.toml", given.work / "plan")
    years = [int(y) for y in tomllib.loads(text)["plan"]["years"]]
    brings = ",".join(tomllib.loads(text)["plan"].get("proposed_technologies", load_toml("planning.toml")["candidates"]["proposed_technologies"]["value"]))
    stage, of_years = counts(run, "proposals"), table(run, "plan_years")
    plans = counts(run, "planning").get("plans")
    lines = 0.0 if plans is None else float(plans["together"]["population_gained"])
    joint = [float(step["first_operator"]) for step in stage["together"]]
    counted = [float(r["population_first_operator"]) for r in of_years[: len(years)]]
    print(f"plan: gap {stage['choice']['gap']:.4f} of what the choice counts, {sum(len(r['operators'].split('; ')) for r in table(run, 'sites_planned') if r['source'] == 'proposed')} stations proposed")
    print(f"lines alone, laid one over the other: {lines:,.1f} people; together {joint[0]:+,.1f}")
    for k, year in enumerate(years):
        print(f"{year}: site by site {counted[k]:,.1f}, together {joint[1 + k]:,.1f}")
    before = served(run)
    fed = re.sub(r"(?ms)^\[plan[.\]].*?(?=^\[(?!plan)|\Z)", "", without(text, *PLANNING))
    for last in [None, *(given.years or [*years])]:
        name = "lines" if last is None else str(last)
        with (copy / LIST).open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([HEADER, *rows_of(run, last, brings)])
        (copy / f"fed_{name}.toml").write_text(with_list(variant(fed, f"Nạp lại: {name}", given.cell_size)), encoding="utf-8")
        change = served(analysed(copy / f"fed_{name}.toml", given.work / name)) - before
        upto = 0 if last is None else 1 + years.index(last)
        said, alone = lines + sum(joint[: upto + 1]), lines + sum(counted[:upto])
        print(f"fed back: lines{'' if last is None else f' and proposals up to {last}'}: communes.csv {change:+,.1f} people; the plan together {said:+,.1f} ({_off(change, said)}); site by site {alone:+,.1f} ({_off(change, alone)})", flush=True)


def _off(change: float, said: float) -> str:
    return f"{100 * (change / said - 1):+.2f} %" if said else "–"


if __name__ == "__main__":
    main()
