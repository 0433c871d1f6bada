"""Blocks and paths put together by hand: who served, who else could have, what cannot count."""

from __future__ import annotations

import numpy as np

from geo.calibration.blocks import Blocks
from geo.calibration.likelihood import Kind
from geo.calibration.observations import HeardCells, RadioFacts, assemble_observations
from geo.io.resources import issue_catalogue
from geo.propagation.links import Links

NAN = float("nan")
# Radio cells 0 and 2 are one site's, 1 another's; 2 and 3 share a physical number.
FACTS = RadioFacts(
    np.array([0, 0, 1, 0]), np.array([5, 1, 5, 2]), np.array(["2560021", "2560522", "", "777"]),
    np.array([10.0, 20.0, 30.0, 30.0]), np.array([1650.0, 1650.0, NAN, 3625.0]), ("A 4G middle", "A 4G low"),
    tuple(f"site {i}" for i in range(6)),
)  # fmt: skip
HEARD = HeardCells(
    np.array(["2560522", "", "", "777", "999"]), np.array([NAN, 10.0, 30.0, NAN, NAN]), np.array([NAN, 1650.0, 1650.0, NAN, NAN])
)


def blocks(kind: list[int], serving: list[int]) -> Blocks:
    n = len(kind)
    z = np.zeros(n, int)
    return Blocks(
        np.arange(n), np.arange(n) * 100.0, np.zeros(n), z, np.array(serving), z, z, np.array(kind, np.int8),
        np.full(n, -95.0), np.ones(n, int), np.arange(n),
    )  # fmt: skip


def links(n: int, level: dict[tuple[int, int], float] | None = None, sources: tuple[int, ...] = (0, 1, 2)) -> Links:
    point, source = np.repeat(np.arange(n), len(sources)), np.tile(sources, n)
    values = np.array([(level or {}).get((int(p), int(s)), -100.0 - s) for p, s in zip(point, source, strict=True)])
    flat = np.zeros(len(point))
    return Links(point, source, values, flat + 110, flat, flat, flat + 2, np.zeros(len(point), bool), flat + 30)


def assembled(b: Blocks, paths: Links):
    return assemble_observations(
        b, paths, FACTS, HEARD, clutter=np.arange(len(b.kind)), clutters=tuple("abcdefgh"), devices=("phone",)
    )


def test_levels_find_their_cells() -> None:
    found = assembled(blocks([2, 2, 2, 2, 3], [0, 1, 2, -1, -1]), links(5))
    c = found.candidates
    assert c.kind.tolist() == [Kind.SERVING, Kind.SERVING, Kind.SERVING, Kind.STRONGEST, Kind.BELOW]
    assert found.source[c.serving[:3]].tolist() == [1, 0, 2]
    assert c.serving[3:].tolist() == [-1, -1]
    assert found.tied == {"none": 1, "identity": 1, "physical": 2}
    assert found.left_out == {}
    assert c.first.tolist() == [0, 3, 6, 9, 12, 15]
    assert c.site[:3].tolist() == [1, 5, 5]  # cells of a site side by side
    assert found.predicted_dbm[:3].tolist() == [-101.0, -100.0, -102.0]
    assert found.features.group[:3].tolist() == [0, 0, 1]
    assert found.features.clutter[3] == 1


def test_a_physical_number_that_two_cells_have_ties_neither() -> None:
    found = assembled(blocks([2], [2]), links(1, sources=(0, 2, 3)))
    # channel 1650 rules out cell 3 (3625); cell 2's channel is unknown: one is left
    assert found.tied["physical"] == 1
    both = HeardCells(np.array([""]), np.array([30.0]), np.array([NAN]))
    b = blocks([2], [0])
    open_ = assemble_observations(
        b, links(1, sources=(0, 2, 3)), FACTS, both, clutter=np.array([-1]), clutters=(), devices=("phone",)
    )
    assert open_.candidates.kind.tolist() == [Kind.STRONGEST]


def test_what_cannot_count_is_counted() -> None:
    b = blocks([2, 2, 2, 3, 3, 2], [0, -1, 3, -1, -1, 4])
    paths = links(6, {(0, 1): NAN, (1, 2): NAN, (3, 2): NAN})
    none = paths.point == 4
    keep = ~none
    paths = Links(*(getattr(paths, f)[keep] for f in paths.__slots__))
    found = assembled(b, paths)
    # 0: its cell's path is unknown. 1: anyone may have served, one path unknown. 2: a listed cell out of reach.
    # 3: silence bounds the known paths. 4: nobody in reach. 5: a cell that no list has: the strongest.
    assert found.block.tolist() == [3, 5]
    assert found.candidates.kind.tolist() == [Kind.BELOW, Kind.STRONGEST]
    assert np.diff(found.candidates.first).tolist() == [2, 3]
    assert found.left_out == {
        "calibration_serving_path_unknown": 2, "calibration_path_unknown": 1, "calibration_no_candidate": 1,
    }  # fmt: skip
    for code in found.left_out:
        assert issue_catalogue()[code].action.vi
