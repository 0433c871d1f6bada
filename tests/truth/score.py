"""Score whole runs against hidden truth, seed by seed.

::

    python -m tests.truth.score --seeds 20 --out FOLDER

Each seed is a made-up province of its own: made, written, analysed by ``scripts/analyze.py`` with and without its
measurements, compared with its truth beside two simple methods. What FOLDER holds already and still fits is used again, so
that an interrupted command goes on where it was, and a change of the product repeats only its runs. ``--tables-only`` makes
the tables again from what is kept, with nothing run at all.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.truth.provinces import LAWS, project_text
from tests.truth.report import write_report
from tests.truth.seeds import COMPARED, ROOT, SeedJob, SeedScores, run_seed, score_seed

__all__ = ["jobs_of", "main", "parse"]


def _lines(text: str) -> tuple[str, ...]:
    """Return settings that come as one text, parted by semicolons or line ends."""
    return tuple(line.strip() for line in re.split(r"[;\n]", text) if line.strip())


def _ablation(text: str) -> tuple[str, tuple[str, ...]]:
    name, equals, lines = text.partition("=")
    if not equals or not re.fullmatch(r"[a-z0-9_]+", name.strip()) or name.strip() in COMPARED or not _lines(lines):
        raise argparse.ArgumentTypeError(
            f"'{text}': wanted is name=settings, like 'no_field=explain_share = 0; other = 1'; the name of small letters, and not {', '.join(COMPARED)}"
        )
    return name.strip(), _lines(lines)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m tests.truth.score", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for provinces, runs, scores and the report; outside the checkout")
    parser.add_argument("--seeds", type=int, default=20, help="how many (default 20)")
    parser.add_argument("--first-seed", type=int, default=1, help="the first of them (default 1)")
    parser.add_argument("--law", choices=LAWS, default="first", help="the sample's own law, or the second or third one, which geo does not know")
    parser.add_argument("--cell-size", type=float, default=100.0, help="metres (default 100)")
    parser.add_argument("--cells", type=int, default=20_000, help="random cells scored per seed (default 20000)")
    parser.add_argument("--points", type=int, default=3, help="random points in each (default 3)")
    parser.add_argument("--settings", type=_lines, default=(), help="further [settings] lines of the product's run, parted by ';'")
    parser.add_argument("--ablation", type=_ablation, action="append", default=[], metavar="NAME=LINES",
                        help="a further run with these [settings] lines in place of --settings; repeatable")  # fmt: skip
    parser.add_argument("--processes", type=int, default=1, help="seeds at a time (default 1)")
    parser.add_argument("--reuse-runs", action="store_true", help="take finished runs as they are, whatever the code has become")
    parser.add_argument("--discard-runs", action="store_true", help="delete run folders once their figures are taken")
    parser.add_argument("--tables-only", action="store_true", help="score and tabulate what is kept; run nothing")
    options = parser.parse_args(arguments)
    options.out = options.out.resolve()
    if options.out.is_relative_to(ROOT):
        parser.error("--out must lie outside the checkout")
    source = (ROOT / "data" / "sample" / "project.toml").read_text(encoding="utf-8")
    for lines in (options.settings, *(lines for _, lines in options.ablation)):
        try:
            project_text(source, cell_size_m=options.cell_size, settings=lines)
        except ValueError as error:  # TOMLDecodeError is one
            parser.error(f"settings {list(lines)}: {error}")
    names = [name for name, _ in options.ablation]
    if len(set(names)) < len(names):
        parser.error("two ablations have one name")
    return options


def jobs_of(options: argparse.Namespace) -> list[SeedJob]:
    """Return what is to be done, one entry per seed."""
    return [
        SeedJob(
            seed, options.law, options.out / options.law / f"seed-{seed:04d}", options.cell_size, options.cells, options.points,
            tuple(options.settings), tuple(options.ablation), options.reuse_runs, options.discard_runs,
        )
        for seed in range(options.first_seed, options.first_seed + options.seeds)
    ]  # fmt: skip


def _run_all(jobs: Sequence[SeedJob], processes: int) -> tuple[list[SeedScores], list[int]]:
    """Return the scores of the seeds that came to their end, and the others."""
    found: dict[int, SeedScores] = {}
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = {pool.submit(run_seed, job): job.seed for job in jobs}
        for future in as_completed(waiting):
            seed = waiting[future]
            if error := future.exception():
                print(f"seed {seed} failed: {error}", file=sys.stderr, flush=True)
            else:
                found[seed] = _told(seed, future.result())
    return [found[job.seed] for job in jobs if job.seed in found], [job.seed for job in jobs if job.seed not in found]


def _told(seed: int, scores: SeedScores) -> SeedScores:
    seconds = scores.facts["seconds"]
    print(f"seed {seed}: {sum(seconds.values()):.0f} s, {scores.facts['cpu_seconds']:.0f} s of processor ({', '.join(f'{k} {v:.0f}' for k, v in seconds.items())})", file=sys.stderr, flush=True)
    return scores


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, score, write the report, print where it is; return 1 if a seed failed (the report is of the others)."""
    options = parse(arguments)
    jobs = jobs_of(options)
    begin = time.monotonic()
    scores, failed = ([score_seed(job.folder) for job in jobs], []) if options.tables_only else _run_all(jobs, options.processes)
    print(f"{len(scores)} seeds: {time.monotonic() - begin:.0f} s", file=sys.stderr)
    if scores:
        print(write_report(scores, options.out / options.law))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
