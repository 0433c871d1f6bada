"""Lists of villages: precision and recall that are known, equal false alarms, people."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from geo.coverage import State
from tests.truth.village_scores import LIST_SUMS, found_at, list_sums, nobody_probability, point_class, ratio
from tests.truth.village_tables import (
    confusion_table,
    false_alarm_table,
    list_table,
    own_false_alarms,
    people_errors,
    people_table,
    village_loss_table,
)


def yes(text: str) -> np.ndarray:
    return np.array([c == "1" for c in text])


def test_counts_by_hand() -> None:
    sums = list_sums(yes("110100"), yes("101000"), yes("010001"))
    assert dict(zip(LIST_SUMS, sums, strict=True)) == {
        "villages": 6, "true": 3, "listed": 2, "hits": 1, "true_undecided": 1, "undecided": 2,
    }  # fmt: skip
    with pytest.raises(ValueError, match="undecided"):
        list_sums(yes("1"), yes("1"), yes("1"))
    assert ratio([1, 0], [2, 0])[0] == 0.5
    assert np.isnan(ratio(1, 0))


def test_found_at_equal_false_alarms_by_hand() -> None:
    true = yes("1101001")
    score = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3])
    assert [found_at(true, score, k) for k in range(4)] == [2.0, 3.0, 3.0, 4.0]
    # The order is all that counts; no score ranks last.
    assert found_at(true, score**3, 1) == 3.0
    assert found_at(true, np.where(true, np.nan, score), 2) == 0.0
    # All of one score: by chance, 4 true and 3 false ones, before the first false one 4 / 4.
    assert found_at(true, np.zeros(7), 0) == pytest.approx(1.0)
    assert found_at(true, np.zeros(7), 2) == pytest.approx(3.0)
    assert found_at(true, np.zeros(7), 3) == 4.0


def test_ties_are_broken_as_chance_would() -> None:
    rng = np.random.default_rng(1)
    true = rng.random(40) < 0.3
    score = rng.integers(0, 6, 40).astype(float)
    drawn = [found_at(true, score + rng.random(40) * 0.5, 4) for _ in range(4000)]
    assert found_at(true, score, 4) == pytest.approx(np.mean(drawn), abs=0.1)


def test_nobody_serves_by_hand() -> None:
    chance = {("A", "3G"): np.array([0.5, 0.0]), ("A", "4G"): np.array([0.8, 0.0]), ("B", "4G"): np.array([0.5, np.nan])}
    found = nobody_probability(chance, ("A", "B"))
    assert found[0] == pytest.approx(0.2 * 0.5)
    assert np.isnan(found[1])


def test_class_of_a_point_by_hand() -> None:
    served, not_served, doubt, unknown = (
        float(s) for s in (State.MEASURED_SERVED, State.PREDICTED_UNSERVED, State.UNCERTAIN, State.UNKNOWN)
    )
    state = {
        ("A", "4G"): np.array([not_served, not_served, served, not_served, np.nan]),
        ("B", "4G"): np.array([float(State.MEASURED_UNSERVED), doubt, not_served, unknown, not_served]),
    }
    assert point_class(state, ("A", "B")).tolist() == ["white", "undecided", "served", "undecided", "undecided"]


def villages(seed: int = 0) -> pd.DataFrame:
    """Six villages; the product finds one of two white ones with one false alarm, the other method none."""
    base = pd.DataFrame(
        {
            "village_id": list("abcdef"), "commune_code": "1", "true_white": [True, True, False, False, False, False],
            "true_class": ["white", "white", "weak", "served", "single_operator", "no_4g"],
            "true_weak": [False, False, True, False, False, False], "true_weak_seen": [False, False, True, True, False, False],
            "distance": "0-0.2 km", "terrain": ["rough", "flat", "flat", "flat", "flat", "flat"], "cover": "tree",
        }
    )  # fmt: skip
    product = base.assign(
        method="product", said=["white", "undecided", "white", "served", "weak", "undecided"], weak=["false", "", "false", "false", "true", ""],
        nobody=[0.95, 0.6, 0.92, 0.1, 0.1, 0.5],
    )  # fmt: skip
    other = base.assign(method="other", said="served", weak="", nobody=[0.1, 0.7, 0.9, 0.8, 0.2, 0.1])
    return pd.concat([product, other], ignore_index=True)


def test_lists_by_hand() -> None:
    table = list_table([villages(), villages()], ["product", "other"]).set_index(["method", "list", "split", "stratum"])
    white = table.loc[("product", "white", "all", "all")]
    assert (white["villages"], white["true"], white["listed"], white["hits"]) == (12, 4, 4, 2)
    assert (white["precision"], white["recall"], white["true_left_undecided"]) == (0.5, 0.5, 0.5)
    assert white["left_undecided"] == pytest.approx(2 / 6)
    assert table.loc[("product", "white", "terrain", "rough")]["recall"] == 1.0
    assert table.loc[("product", "white", "terrain", "flat")]["recall"] == 0.0
    assert table.loc[("product", "weak class", "all", "all")][["true", "listed", "hits"]].tolist() == [2, 2, 0]
    assert table.loc[("product", "weak flag, as seen", "all", "all")][["true", "listed", "hits"]].tolist() == [4, 2, 0]
    assert np.isnan(table.loc[("other", "white", "all", "all")]["precision"])
    assert ("other", "weak class", "all", "all") not in table.index


def test_confusion_by_hand() -> None:
    table = confusion_table([villages()], ["product"]).set_index("true_class")
    assert table.loc["white", ["white", "undecided", "served", "villages"]].tolist() == [1, 1, 0, 2]
    assert table.loc["weak", "white"] == 1
    assert table["villages"].sum() == 6
    with pytest.raises(ValueError, match="not known"):
        confusion_table([villages().replace({"said": {"weak": "new class"}})], ["product"])


def test_equal_false_alarms_by_hand() -> None:
    table = false_alarm_table([villages()], ["product", "other"], "product").set_index(["at", "method"])
    own = table.loc["product's own list"]
    assert own["false_alarms"].tolist() == [1.0, 1.0, 1.0]
    assert own.loc["product (list)", "found"] == 1.0
    assert own.loc["product", "found"] == 2.0  # by its order: the undecided one comes third
    assert own.loc["other", "found"] == 0.0
    assert table.loc[("2", "other"), "found"] == 1.0
    rows = villages()
    rows.loc[1, "said"] = "white"  # two true ones and a false one on the list
    assert own_false_alarms(rows[rows["method"] == "product"]) == 1


def people(listed: list[float], undecided: list[float], expected: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {"true": [100.0, 0.0], "population": [1000, 500], "listed": listed, "undecided": undecided, "expected": expected}
    )


def test_people_by_hand() -> None:
    found = people_errors(people([80.0, 10.0], [30.0, 20.0], [120.0, 10.0]))
    assert (found["listed_province_error"], found["listed_commune_error"]) == (-10.0, 30.0)
    assert (found["expected_province_error"], found["expected_commune_error"]) == (30.0, 30.0)
    assert found["communes_held"] == 0.5  # 80 to 110 holds 100; 10 to 30 does not hold 0
    assert np.isnan(found["table_listed"])
    frame = people([80.0, 10.0], [30.0, 20.0], [120.0, 10.0]).assign(method="product")
    table = people_table([frame, frame], ["product"]).set_index("estimate")
    assert table.loc["listed", "commune_error_of_true"] == pytest.approx(0.3)
    assert table.loc["listed", "signed"] == -10.0
    assert table.loc["listed", "province_error"] == 10.0
    assert "table_listed" not in table.index


def test_losses_over_villages_by_hand() -> None:
    table = village_loss_table([villages(), villages()], "product", ["other"]).set_index(["split", "stratum"])
    mine = np.array([0.05, 0.4, 0.92, 0.1, 0.1, 0.5]) ** 2
    theirs = np.array([0.9, 0.3, 0.9, 0.8, 0.2, 0.1]) ** 2
    assert table.loc[("all", "all"), "loss"] == pytest.approx(float(np.mean(mine - theirs)))
    assert table.loc[("true_class", "no_4g"), "loss"] == pytest.approx(0.24)
    assert table["loss"].is_monotonic_decreasing
