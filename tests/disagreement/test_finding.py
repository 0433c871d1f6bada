"""All layers together, and every word in both languages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo.coverage import unit_index
from geo.disagreement import (
    AREA_COLUMNS,
    EVIDENCE,
    REASONS,
    ZONE_COLUMNS,
    Claim,
    Disagreement,
    FoundDisagreement,
    Measured,
    Modelled,
    find_disagreement,
)
from geo.disagreement.settings import disagreement_settings
from geo.errors import GridMismatchError
from geo.io.resources import load_toml
from tests.disagreement.made_up import ALONE, GRID, PLANNING, SETTINGS, claims, covered, samples, units

PLACES = units()
INDEX = unit_index(PLACES, GRID)


def found(coverage: Any, given: Any, cells: pd.DataFrame | None = None, **options: Any) -> FoundDisagreement:
    return find_disagreement(
        given, coverage, INDEX, PLACES, samples() if cells is None else cells, SETTINGS, correlation=ALONE, planning_dbm=PLANNING, **options
    )


def test_layers_predicted_and_layers_claimed_are_all_there() -> None:
    coverage = covered({("A", "4G"): 2, ("B", "4G"): 4})
    given = claims({"cells": [(0, 0)]}, {"cells": [(0, 0)], "operator": "C", "technology": "5G"})
    result = found(coverage, given, people=np.full(GRID.shape, 2.0))
    rows = result.by_area.set_index(["area_level", "area_code", "operator", "technology"])
    assert len(rows) == 3 * (2 + 1)
    assert tuple(result.by_area.columns) == AREA_COLUMNS
    a, b, c = (rows.loc[("province", "99", o, t)] for o, t in (("A", "4G"), ("B", "4G"), ("C", "5G")))
    assert (a["claim_given"], b["claim_given"], c["claim_given"]) == (True, False, True)
    assert a["agree_served_predicted_population"] == 2.0
    assert a["served_not_claimed_predicted_population"] == 16.0
    assert b["not_given_km2"] == pytest.approx(b["area_km2"])
    assert np.isnan([b["claimed_km2"], b["population_claimed"], b["threshold"]]).all()
    assert pd.isna(b["rule_applies"])
    assert c["claimed_unknown_population"] == 2.0  # claimed, but nobody predicted it
    assert c["not_claimed_unknown_population"] == 16.0
    table = result.three_way.groupby(["operator", "technology"])["area_km2"].sum()
    np.testing.assert_allclose(table, a["area_km2"])
    assert set(result.zones["operator"]) == {"A"}
    assert set(result.sieved["operator"]) == {"A", "C"}


def test_the_zones_are_of_the_layers_own_samples_and_order() -> None:
    coverage = covered({("A", "4G"): 6, ("B", "4G"): 6})
    given = claims({"cells": [(0, 0), (2, 2)]}, {"cells": [(0, 0), (2, 2)], "operator": "B"}, {"cells": [(0, 0)], "claimed": False})
    cells = samples((0, 0, -120.0), {"row": 2, "column": 2, "operator": "B", "level_dbm": -120.0})
    result = found(coverage, given, cells)
    assert result.zones[["operator", "class", "commune_codes"]].to_numpy().tolist() == [
        ["A", "claimed_measured_unserved", "99001"], ["B", "claimed_measured_unserved", "99002"]
    ]  # fmt: skip
    assert result.contradictory_cells == {("A", "4G"): 1}
    again = found(coverage, given, cells)
    pd.testing.assert_frame_equal(pd.DataFrame(result.zones.drop(columns="geometry")), pd.DataFrame(again.zones.drop(columns="geometry")))
    assert result.zones.geometry.to_wkb().tolist() == again.zones.geometry.to_wkb().tolist()


def test_states_before_fusion_go_to_their_layer() -> None:
    coverage = covered({("A", "4G"): 2, ("B", "4G"): 2})
    before = np.stack([np.full(GRID.shape, 4, np.uint8), np.full(GRID.shape, 3, np.uint8)])
    table = found(coverage, claims({"cells": [(0, 0)]}), predicted=before).three_way
    assert set(table.loc[table["operator"] == "A", "modelled"]) == {"unserved"}
    assert set(table.loc[table["operator"] == "B", "modelled"]) == {"uncertain"}


def test_no_claim_at_all_is_said_and_nothing_is_drawn() -> None:
    result = found(covered({("A", "4G"): 4}), claims({"cells": [(0, 0)]}).iloc[:0])
    assert len(result.zones) == 0
    assert result.zones.crs.to_epsg() == 4326
    assert set(result.three_way["class"]) == {"not_given"}
    assert set(result.by_area["evidence"]) == {""}


def test_unequal_grids_are_refused() -> None:
    for options in ({"people": np.zeros((2, 2))}, {}):
        index = INDEX if options else INDEX[:2]
        with pytest.raises(GridMismatchError):
            find_disagreement(claims({"cells": [(0, 0)]}), covered({("A", "4G"): 4}), index, PLACES, samples(), SETTINGS, correlation=ALONE, **options)


def test_inputs_are_left_as_they_are() -> None:
    coverage, given, cells = covered({("A", "4G"): 4}), claims({"cells": [(0, 0)]}), samples((0, 0, -80.0))
    people = np.array([[1.0, np.nan, 2.0]] * 3)
    before = [coverage.state.copy(), people.copy(), given.copy(deep=True), cells.copy(deep=True)]
    found(coverage, given, cells, people=people)
    np.testing.assert_array_equal(coverage.state, before[0])
    np.testing.assert_array_equal(people, before[1])
    pd.testing.assert_frame_equal(pd.DataFrame(given), pd.DataFrame(before[2]))
    pd.testing.assert_frame_equal(cells, before[3])


# -- words -----------------------------------------------------------------------------------------

WORDS = load_toml("results/disagreement.toml")
_VIETNAMESE = re.compile("[ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ]", re.IGNORECASE)


def test_every_code_has_its_words() -> None:
    assert list(WORDS["classes"]) == [k.code for k in Disagreement if k]
    assert set(WORDS["reasons"]) == set(REASONS)
    assert tuple(WORDS["evidence"]) == EVIDENCE
    for section, codes in (("claim", Claim), ("measured", Measured), ("modelled", Modelled)):
        assert list(WORDS[section]) == [c.name.lower() for c in codes]


def test_every_column_is_explained() -> None:
    assert tuple(WORDS["disagreement"]["columns"]) == ZONE_COLUMNS
    repeated = {f"{k.code}_{figure}" for k in Disagreement for figure in WORDS["claims_by_commune"]["each"]}
    assert tuple(WORDS["claims_by_commune"]["columns"]) == tuple(c for c in AREA_COLUMNS if c not in repeated)
    kinds = {"text", "code", "integer", "number", "share", "flag", "date"}
    for table in ("disagreement", "claims_by_commune"):
        for entry in (*WORDS[table]["columns"].values(), *WORDS[table].get("each", {}).values()):
            assert entry["kind"] in kinds
            assert ("decimals" in entry) == (entry["kind"] == "number")


def _texts(node: Any, path: str = "") -> list[tuple[str, dict[str, str]]]:
    if not isinstance(node, dict):
        return []
    if "vi" in node or "en" in node:
        return [(path, node)]
    return [pair for name, child in node.items() for pair in _texts(child, f"{path}.{name}")]


@pytest.mark.parametrize(("path", "entry"), _texts(WORDS))
def test_texts_are_whole_in_both_languages(path: str, entry: dict[str, str]) -> None:
    for language in ("vi", "en"):
        text = entry[language]
        assert text == text.strip(), path
        assert text, path
        assert "  " not in text, path
        assert not text.endswith((",", ";", ":")), path
        assert (text.endswith(".")) == path.endswith(".about"), path
        assert not re.search(r"\bTODO\b|\?\?", text), path
    assert _VIETNAMESE.search(entry["vi"]), path
    assert not _VIETNAMESE.search(entry["en"]), path
    assert entry["vi"] != entry["en"], path


def test_settings_have_value_unit_status_and_source(project_root: Path) -> None:
    for name in ("disagreement.toml", "measured.toml"):
        content = tomllib.loads((project_root / "geo" / "resources" / name).read_text(encoding="utf-8"))
        for entry in content.values():
            assert set(entry) == {"value", "unit", "status", "source"}
            assert entry["status"] in {"standard", "setting", "unverified"}
            assert entry["source"]
    assert disagreement_settings(zone_km2=9.0).zone_km2 == 9.0
    with pytest.raises(TypeError):
        disagreement_settings(nonsense=1.0)
