"""A made-up analysis, as a program to be killed: read -> pieces -> table, a few hundred milliseconds each."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path

from geo.compute import Piece, ProcessExecutor, SerialExecutor, run_pieces
from geo.errors import Bilingual
from geo.io.files import read_json, write_json, write_text
from geo.io.run_folder import RunFolder
from geo.pipeline.engine import Stage, StageResult, Workspace, run_stages

CALLS: list[str] = []


def read_numbers(path: Path, seconds: float) -> Stage:
    def run(work: Workspace) -> Mapping[str, int]:
        CALLS.append("read")
        time.sleep(seconds)
        numbers = [int(line) for line in path.read_text(encoding="utf-8").split()]
        write_json(work.folder / "numbers.json", numbers)
        return {"rows": len(numbers)}

    return Stage("read", Bilingual("Đọc", "Read"), run, files={"numbers.txt": path})


def square(task: list[float], folder: Path) -> Mapping[str, float]:
    value, seconds = task
    time.sleep(seconds)
    write_text(folder / f"square{value:g}.txt", f"{value * value:g}\n" * 10_000)
    return {"square": value * value}


def squares(seconds: float) -> Stage:
    def run(work: Workspace) -> Mapping[str, float]:
        CALLS.append("squares")
        numbers = read_json(work.upstream["read"] / "numbers.json")
        pieces = [Piece(f"piece{i}", [n, seconds]) for i, n in enumerate(numbers)]
        records = run_pieces(work.executor, square, pieces, work.pieces, on_done=work.progress)
        write_json(work.folder / "squares.json", [r["square"] for r in records])
        return {"pieces": len(records)}

    return Stage("squares", Bilingual("Tính", "Compute"), run, upstream=("read",))


def table(factor: int, seconds: float) -> Stage:
    def run(work: Workspace) -> Mapping[str, float]:
        CALLS.append("table")
        values = read_json(work.upstream["squares"] / "squares.json")
        for i, value in enumerate(values):
            time.sleep(seconds)
            write_text(work.public / "tables" / f"row{i}.csv", f"{value * factor:g}\n")
        return {"total": sum(values) * factor, "rows": work.records["read"]["rows"]}

    return Stage(
        "table", Bilingual("Bảng", "Table"), run, settings={"factor": factor}, upstream=("squares", "read")
    )


def analyse(
    source: Path, target: Path, *, seconds: float = 0.0, factor: int = 1, workers: int = 1, code: str = "c"
) -> dict[str, StageResult]:
    """Run the made-up analysis as a script would."""
    stages = [read_numbers(source, seconds), squares(seconds), table(factor, seconds / 4)]
    run = RunFolder(target)
    executor = SerialExecutor() if workers == 1 else ProcessExecutor(workers)
    with run.locked():
        run.claim(source, "made up")
        run.sweep()
        results = run_stages(stages, run, executor=executor, code=code)
        run.publish(results["table"].public(), {"project": {"name": "made up"}})
        run.prune([result.folder for result in results.values()])
    return results


if __name__ == "__main__":
    analyse(Path(sys.argv[1]), Path(sys.argv[2]), seconds=float(sys.argv[3]), workers=int(sys.argv[4]))
