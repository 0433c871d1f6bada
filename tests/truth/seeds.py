"""One seed from nothing to its scores: made, analysed in processes of their own, extracted, scored.

Whatever is there already and still fits is used again: the province and its truth by the source that makes them, runs by
the analysis itself, extracts by the marks of what they come from.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from geo.sample import SampleProvince
from tests.truth.extracts import SIMPLE_METHODS, Extract, run_extract, sample_distances, simple_extracts
from tests.truth.hidden import HiddenTruth, hidden_truth, village_truth
from tests.truth.measured import read_measured
from tests.truth.provinces import Law, made_up_province, project_text, write_province
from tests.truth.run_surface import RunSurface, open_run
from tests.truth.seed_scores import PRODUCT, commune_rows, point_sums, village_rows

__all__ = ["COMPARED", "SeedJob", "SeedScores", "load_scores", "run_seed", "score_seed"]

ROOT = Path(__file__).resolve().parents[2]
UNCORRECTED = "uncorrected"
#: Methods that every seed has; ablations come beside them.
COMPARED = (PRODUCT, UNCORRECTED, *SIMPLE_METHODS)


@dataclass(frozen=True)
class SeedJob:
    """What is to be done with one seed.

    Attributes
    ----------
    seed : int
    law : "first", "second" or "third"
    folder : Path
        Of this seed.
    cell_size_m : float
    cells, points : int
        Random cells, and random points in each.
    settings : tuple of str
        Further lines under ``[settings]`` of the product's run.
    ablations : tuple of (name, lines)
        Further runs, each with lines of its own in place of ``settings``.
    reuse_runs : bool
        Take finished runs as they are, whatever the code has become.
    discard_runs : bool
        Delete the run folders once they are extracted.
    """

    seed: int
    law: Law
    folder: Path
    cell_size_m: float = 100.0
    cells: int = 20_000
    points: int = 3
    settings: tuple[str, ...] = ()
    ablations: tuple[tuple[str, tuple[str, ...]], ...] = ()
    reuse_runs: bool = False
    discard_runs: bool = False

    @property
    def methods(self) -> tuple[str, ...]:
        """Return all methods, the product first."""
        return (*COMPARED, *(name for name, _ in self.ablations))


@dataclass(frozen=True)
class SeedScores:
    """Scores of one seed; see :mod:`tests.truth.seed_scores`."""

    seed: int
    points: pd.DataFrame
    unsaid: pd.DataFrame
    villages: pd.DataFrame
    communes: pd.DataFrame
    facts: Mapping[str, Any] = field(default_factory=dict)


def _source_mark(*modules: str) -> str:
    """Return a mark of the source of parts of the checkout."""
    digest = hashlib.sha256()
    for module in modules:
        path = ROOT / module
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _mark(**what: Any) -> str:
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def _read_json(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")
    temporary.replace(path)


def _save(folder: Path, frames: Any, mark: str) -> None:
    """Write the tables of a dataclass, the mark last."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mark.json").unlink(missing_ok=True)
    for f in fields(frames):
        getattr(frames, f.name).to_parquet(folder / f"{f.name}.parquet", index=False)
    _write_json(folder / "mark.json", {"mark": mark})


def _load(folder: Path, kind: Any, mark: str | None) -> Any:
    """Return the tables as they were saved; None if they are not there or come from something else."""
    found = _read_json(folder / "mark.json").get("mark")
    if found is None or (mark is not None and found != mark):
        return None
    return kind(**{f.name: pd.read_parquet(folder / f"{f.name}.parquet") for f in fields(kind)})


class _Province:
    """The made-up province of a job: made at most once, and only if anything needs it."""

    def __init__(self, job: SeedJob) -> None:
        self.job = job
        self.mark = _mark(seed=job.seed, law=job.law, source=_source_mark(
            "geo/sample", "tests/truth/second_law.py", "tests/truth/third_law.py", "tests/truth/provinces.py"))  # fmt: skip
        self._made: SampleProvince | None = None

    @property
    def made(self) -> SampleProvince:
        if self._made is None:
            self._made = made_up_province(self.job.seed, self.job.law)
        return self._made

    def folder(self) -> Path:
        """Return the folder of its files, written if they are not there."""
        folder = self.job.folder / "province"
        if _read_json(folder / "mark.json").get("mark") != self.mark:
            if folder.exists():
                shutil.rmtree(folder)
            write_province(self.made, folder)
            _write_json(folder / "mark.json", {"mark": self.mark})
        return folder

    def truth(self, run: RunSurface) -> tuple[HiddenTruth, str]:
        """Return the truth at the places where it is asked for, with its mark."""
        job = self.job
        mark = _mark(
            province=self.mark, grid=asdict(run.grid), inside=hashlib.sha256(np.packbits(run.inside).tobytes()).hexdigest(),
            cells=job.cells, points=job.points, source=_source_mark("tests/truth/hidden.py", "tests/truth/strata.py"),
        )  # fmt: skip
        folder = job.folder / "truth"
        found = _load(folder, HiddenTruth, mark)
        if found is None:
            rng = np.random.default_rng([job.seed, 1])
            found = hidden_truth(self.made, run.grid, run.inside, cells=job.cells, points=job.points, rng=rng)
            _save(folder, found, mark)
        return found, mark


def _project_file(job: SeedJob, province: Path, name: str, settings: Iterable[str], *, measurements: bool) -> Path:
    source = (province / "project.toml").read_text(encoding="utf-8")
    text = project_text(source, cell_size_m=job.cell_size_m, settings=tuple(settings), measurements=measurements)
    path = province / f"project_{name}.toml"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return path


def _analysed(job: SeedJob, project: Path, name: str) -> Path:
    """Run the analysis in a process of its own; return the run folder."""
    out = job.folder / "runs" / name
    done = [p.parent for p in out.glob("*/manifest.json")]
    if job.reuse_runs and done:
        return done[0]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]), "PYTHONUTF8": "1"}
    environment |= dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    line = [sys.executable, str(ROOT / "scripts" / "analyze.py"), str(project), "--out", str(out), "--workers", "1", "--lang", "en", "-q"]
    result = subprocess.run(line, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    if result.returncode != 0:
        raise RuntimeError(f"seed {job.seed}, {name}: the analysis ended with {result.returncode}: {result.stderr.strip()[-2000:]}")
    (folder,) = [p.parent for p in out.glob("*/manifest.json")]
    return folder


def run_seed(job: SeedJob) -> SeedScores:
    """Make, analyse, extract and score one seed."""
    (job.folder / "facts.json").unlink(missing_ok=True)  # until all of it fits together again
    clock, before = {"begin": time.monotonic()}, os.times()
    province = _Province(job)
    folder = province.folder()
    clock["province"] = time.monotonic()
    wanted: list[tuple[str, tuple[str, ...], bool]] = [(PRODUCT, job.settings, True), (UNCORRECTED, (), False)]
    wanted += [(name, lines, True) for name, lines in job.ablations]
    runs = {}
    for name, lines, measurements in wanted:
        project = _project_file(job, folder, name, lines, measurements=measurements)
        runs[name] = open_run(_analysed(job, project, name))
        clock[f"run {name}"] = time.monotonic()
    product = runs[PRODUCT]
    truth, truth_mark = province.truth(product)
    clock["truth"] = time.monotonic()
    code = _source_mark(*(f"tests/truth/{m}.py" for m in ("extracts", "run_surface", "measured", "simple_methods", "village_scores")))
    extracts: dict[str, Extract] = {}
    for name, run in runs.items():
        if run.grid != product.grid or not np.array_equal(run.inside, product.inside):
            raise ValueError(f"{name} has another grid than the product's run")
        mark = _mark(run=run.mark, truth=truth_mark, code=code)
        place = job.folder / "extracts" / name
        extracts[name] = _load(place, Extract, mark) or _saved(place, run_extract(run, truth), mark)
    mark = _mark(run=runs[UNCORRECTED].mark, truth=truth_mark, code=code, vehicle=product.vehicle_loss_db)
    found = {name: _load(job.folder / "extracts" / name, Extract, mark) for name in SIMPLE_METHODS}
    nearby = job.folder / "distances"
    distances = _load(nearby, _Distances, mark)
    if distances is None or any(e is None for e in found.values()):
        measured = read_measured(folder)
        found, fitted = simple_extracts(truth, measured, runs[UNCORRECTED], np.random.default_rng([job.seed, 2]))
        for name, extract in found.items():
            _save(job.folder / "extracts" / name, extract, mark)
        of_points, of_villages = sample_distances(truth, measured, product)
        distances = _Distances(of_points, pd.DataFrame({"km": of_villages}), fitted)
        _save(nearby, distances, mark)
    clock["extracts"] = time.monotonic()
    moments, after = list(clock.items()), os.times()
    facts = {
        "seed": job.seed, "law": job.law, "cell_size_m": job.cell_size_m, "methods": list(job.methods),
        "layers": product.layers, "levels_dbm": dict(product.levels_dbm), "counting": list(product.counting),
        "cuts": list(product.cuts), "weak_households": product.weak_households, "sd_source": product.sd_source,
        "settings": list(job.settings), "ablations": {name: list(lines) for name, lines in job.ablations},
        "seconds": {name: round(at - moments[i][1], 1) for i, (name, at) in enumerate(moments[1:])},
        "cpu_seconds": round(sum(after[:4]) - sum(before[:4]), 1),
        "run_seconds": {name: round(run.seconds, 1) for name, run in runs.items()},
    }  # fmt: skip
    _write_json(job.folder / "facts.json", facts)
    if job.discard_runs:
        shutil.rmtree(job.folder / "runs")
    return score_seed(job.folder)


@dataclass(frozen=True)
class _Distances:
    """Kilometres to the nearest sample, and what the simple methods fitted."""

    points: pd.DataFrame
    villages: pd.DataFrame
    fitted: pd.DataFrame


def _saved(folder: Path, extract: Extract, mark: str) -> Extract:
    _save(folder, extract, mark)
    return extract


def score_seed(folder: Path) -> SeedScores:
    """Score a seed from its truth and extracts alone, and keep the scores.

    Raises
    ------
    FileNotFoundError
        If the seed was not run to its end.
    """
    facts = _read_json(folder / "facts.json")
    truth = _load(folder / "truth", HiddenTruth, None)
    distances = _load(folder / "distances", _Distances, None)
    if not facts or truth is None or distances is None:
        raise FileNotFoundError(f"{folder.name} was not run to its end")
    extracts = {name: _load(folder / "extracts" / name, Extract, None) for name in facts["methods"]}
    layers = {name: (key[0], key[1]) for name, key in facts["layers"].items()}
    true = village_truth(truth, facts["levels_dbm"], facts["counting"], facts["weak_households"])
    sums, unsaid = point_sums(truth, extracts, distances.points, layers, facts["levels_dbm"], COMPARED)
    scores = SeedScores(
        facts["seed"], sums, unsaid, village_rows(truth, true, extracts, distances.villages["km"].to_numpy()),
        commune_rows(true, extracts), facts,
    )  # fmt: skip
    for name in ("points", "unsaid", "villages", "communes"):
        (folder / "scores").mkdir(exist_ok=True)
        getattr(scores, name).to_parquet(folder / "scores" / f"{name}.parquet", index=False)
    return scores


def load_scores(folder: Path) -> SeedScores:
    """Return the scores of a seed as they were kept."""
    frames = {n: pd.read_parquet(folder / "scores" / f"{n}.parquet") for n in ("points", "unsaid", "villages", "communes")}
    facts = _read_json(folder / "facts.json")
    return SeedScores(facts["seed"], facts=facts, **frames)
