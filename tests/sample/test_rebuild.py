"""The seed gives the committed bytes back (a minute and a half: with the long proofs)."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo.sample import DEFAULT_SEED, build, write

FOLDER = Path(__file__).resolve().parents[2] / "data" / "sample"


@pytest.mark.slow
def test_the_seed_gives_the_committed_bytes(tmp_path: Path) -> None:
    sizes = write(build(DEFAULT_SEED), tmp_path)
    committed = sorted(p.relative_to(FOLDER).as_posix() for p in FOLDER.rglob("*") if p.is_file())
    assert sorted(sizes) == committed
    different = [name for name in committed if (tmp_path / name).read_bytes() != (FOLDER / name).read_bytes()]
    assert different == []
