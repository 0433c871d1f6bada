"""Made-up communes whose truth is known: how often are the verdicts wrong, and how often do they decide?

Speeds are skewed (log-normal, gamma, mixed), samples hang together (a phone in one place, correlation 0 to 0.7), and there are 5
to 500 of them. Every commune goes the whole way: a frame of samples, the rule, the verdict.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from geo.service_quality import Areas
from tests.service_quality.made_up import rule, samples, verdicts
from tests.standards.made_up import speeds, successes

ASKED = 40.0


def communes(count: int) -> Areas:
    codes = tuple(f"{i:05d}" for i in range(count))
    return Areas({"commune": codes}, dict.fromkeys(codes, "99"))


def cluster_sizes(rng: np.random.Generator, fewest: int = 5, most: int = 500) -> np.ndarray:
    """Return the sizes of clusters of 1 to 12 samples that are ``fewest`` to ``most`` together."""
    total = int(np.exp(rng.uniform(np.log(fewest), np.log(most))))
    largest = int(rng.integers(1, 13))
    sizes = rng.integers(1, largest + 1, total)
    sizes = sizes[: int(np.searchsorted(np.cumsum(sizes), total)) + 1]
    sizes[-1] -= sizes.sum() - total
    return sizes[sizes > 0]


def frame_of(values: list[np.ndarray], sizes: list[np.ndarray], column: str) -> pd.DataFrame:
    """Return samples of many communes: a cluster is one phone in one square."""
    whose = np.concatenate([np.full(s.sum(), i) for i, s in enumerate(sizes)])
    phone = np.repeat(np.arange(sum(len(s) for s in sizes)), np.concatenate(sizes))
    one = samples([{}])
    frame = one.iloc[np.zeros(len(whose), dtype=int)].reset_index(drop=True)
    frame[column] = np.concatenate(values)
    return frame.assign(
        commune_code=np.char.zfill(whose.astype(str), 5), device_id=np.char.add("d", phone.astype(str)), lon=100.0 + 0.01 * (phone % 1000),
        lat=10.0 + 0.01 * (phone // 1000), tests=1.0,
    )  # fmt: skip


def mean_communes(rng: np.random.Generator, count: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return samples and true means; a third of the communes lie at the threshold, where errors are most likely."""
    truth = np.where(rng.random(count) < 1 / 3, ASKED * (1.0 + rng.choice([-1e-6, 1e-6], count)), ASKED * np.exp(rng.uniform(-0.7, 0.7, count)))
    values, sizes = [], []
    for mean in truth:
        law = str(rng.choice(["log-normal", "gamma", "mixed"]))
        of = cluster_sizes(rng)
        values.append(mean * speeds(rng, law, float(rng.choice([0.5, 0.8, 1.1])), float(rng.choice([0.0, 0.3, 0.7])), of))  # type: ignore[arg-type]
        sizes.append(of)
    return frame_of(values, sizes, "download_mbps"), truth


def share_communes(rng: np.random.Generator, count: int, asked: float) -> tuple[pd.DataFrame, np.ndarray]:
    truth = np.where(rng.random(count) < 1 / 3, asked + rng.choice([-1e-6, 1e-6], count), rng.uniform(0.75, 1.0, count))
    values, sizes = [], []
    for share in truth:
        of = cluster_sizes(rng)
        good = successes(rng, float(share), float(rng.choice([0.0, 0.3, 0.7])), of)
        values.append(np.where(good, 60.0, 10.0))
        sizes.append(of)
    return frame_of(values, sizes, "download_mbps"), truth


def wrong(table: pd.DataFrame, truth: np.ndarray, asked: float) -> dict[str, float]:
    """Return shares of errors: of the communes that break the rule, of those that keep it, and of the list to challenge."""
    word = table["evidence"].to_numpy()
    keeps = truth >= asked
    listed = table["q_value"].to_numpy(dtype=float) <= 0.05
    return {
        "supported": float((word[~keeps] == "supported").mean()),
        "contradicted": float((word[keeps] == "contradicted").mean()),
        "false_discoveries": float(keeps[listed].mean()) if listed.any() else 0.0,
        "listed": int(listed.sum()),
    }


def naive(frame: pd.DataFrame, truth: np.ndarray, asked: float) -> dict[str, float]:
    """Return the same errors of what is usually done: means as they are, and t intervals of n samples."""
    of = frame.groupby("commune_code")["download_mbps"].agg(["mean", "std", "size"]).fillna(0.0)
    score = (of["mean"] - asked) / (of["std"] / np.sqrt(of["size"]))
    cut = student.ppf(0.95, np.maximum(of["size"] - 1, 1))
    keeps = truth >= asked
    return {
        "mean_fails": float((of["mean"].to_numpy() < asked)[keeps].mean()),
        "mean_meets": float((of["mean"].to_numpy() >= asked)[~keeps].mean()),
        "t_contradicted": float((score.to_numpy() < -cut)[keeps].mean()),
        "t_supported": float((score.to_numpy() > cut)[~keeps].mean()),
        "t_at_threshold": float((np.abs(score.to_numpy()) > cut)[np.abs(truth / asked - 1) < 1e-3].mean()),
    }


def run(kind: str, count: int, seed: int) -> tuple[dict[str, float], pd.DataFrame, np.ndarray, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    changes: dict[str, Any] = {"area_level": "commune"}
    if kind == "mean":
        frame, truth = mean_communes(rng, count)
        asked = ASKED
    else:
        asked = 0.9
        frame, truth = share_communes(rng, count, asked)
        changes |= {"statistic": "share_at_least", "level": 30.0, "threshold": asked, "unit": "share"}
    table = verdicts(frame, rule(**changes), areas=communes(count))
    assert len(table) == count
    return wrong(table, truth, asked), frame, truth, table


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mean", "share"])
def test_two_thousand_communes(kind: str) -> None:
    """Both errors and the false discoveries at most 5 % (two standard errors of the count granted); naive ones far above."""
    found, frame, truth, table = run(kind, 2000, 20261130)
    print(kind, found)
    keeps = truth >= (ASKED if kind == "mean" else 0.9)
    for word, of in (("supported", (~keeps).sum()), ("contradicted", keeps.sum()), ("false_discoveries", found["listed"])):
        assert found[word] <= 0.05 + 2.0 * np.sqrt(0.05 * 0.95 / max(of, 1)), word
    assert found["listed"] > 100
    # At the threshold itself, where every decision is an error of one side or the other.
    at = np.abs(truth / (ASKED if kind == "mean" else 0.9) - 1) < 1e-3
    for word in ("supported", "contradicted"):
        assert (table["evidence"].to_numpy()[at] == word).mean() <= 0.05 + 2.0 * np.sqrt(0.05 * 0.95 / at.sum())
    if kind == "mean":
        usual = naive(frame, truth, ASKED)
        print("naive", usual)
        assert usual["mean_fails"] > 0.15
        assert usual["t_at_threshold"] > 0.15  # both sides together may err in 10 %


@pytest.mark.parametrize("kind", ["mean", "share"])
def test_few_hundred_communes(kind: str) -> None:
    """The small twin of the proof above."""
    found, frame, truth, _ = run(kind, 250, 7)
    keeps = truth >= (ASKED if kind == "mean" else 0.9)
    for word, of in (("supported", (~keeps).sum()), ("contradicted", keeps.sum()), ("false_discoveries", found["listed"])):
        assert found[word] <= 0.05 + 2.0 * np.sqrt(0.05 * 0.95 / max(of, 1)), word
    assert found["listed"] > 10
    if kind == "mean":
        usual = naive(frame, truth, ASKED)
        assert usual["t_at_threshold"] > 0.15  # both sides together may err in 10 %
        assert usual["mean_fails"] > 0.15


def test_three_hundred_independent_samples_decide() -> None:
    """A mean 25 % off the threshold, or a share 5 points off, is decided in at least 80 % of communes of 300 phones."""
    rng = np.random.default_rng(8)
    count, sizes = 60, [np.ones(300, dtype=int)] * 60
    for factor, word in ((0.75, "contradicted"), (1.25, "supported")):
        x = [ASKED * factor * speeds(rng, "log-normal", 0.8, 0.0, s) for s in sizes]
        table = verdicts(frame_of(x, sizes, "download_mbps"), rule(), areas=communes(count))
        assert (table["evidence"] == word).mean() >= 0.8
    asked = rule(statistic="share_at_least", level=30.0, threshold=0.95, unit="share")
    for share, word in ((0.90, "contradicted"), (1.0, "supported")):
        x = [np.where(rng.random(300) < share, 60.0, 10.0) for _ in sizes]
        table = verdicts(frame_of(x, sizes, "download_mbps"), asked, areas=communes(count))
        assert (table["evidence"] == word).mean() >= 0.8


@pytest.mark.slow
def test_clustered_samples_that_are_worth_three_hundred_decide() -> None:
    """The same where samples hang together: clusters of 4 with correlation 0.3, 570 samples worth 300."""
    rng = np.random.default_rng(9)
    count, sizes = 300, [np.full(143, 4)] * 300
    for factor, word in ((0.75, "contradicted"), (1.25, "supported")):
        x = [ASKED * factor * speeds(rng, "log-normal", 0.8, 0.3, s) for s in sizes]
        table = verdicts(frame_of(x, sizes, "download_mbps"), rule(), areas=communes(count))
        print(factor, table["n_effective"].median(), (table["evidence"] == word).mean())
        assert (table["evidence"] == word).mean() >= 0.8
    asked = rule(statistic="share_at_least", level=30.0, threshold=0.95, unit="share")
    x = [np.where(successes(rng, 0.90, 0.3, s), 60.0, 10.0) for s in sizes]
    table = verdicts(frame_of(x, sizes, "download_mbps"), asked, areas=communes(count))
    print("share", table["n_effective"].median(), (table["evidence"] == "contradicted").mean())
    assert (table["evidence"] == "contradicted").mean() >= 0.8
