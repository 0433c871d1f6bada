"""Tables over villages and people: lists, confusion, what is found at equal false alarms, people without any operator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from tests.truth.resampling import pooled
from tests.truth.strata import COVERS, DISTANCES, TERRAINS
from tests.truth.village_scores import LIST_SUMS, found_at, list_sums, ratio

__all__ = [
    "FALSE_ALARMS",
    "LISTS",
    "confusion_table",
    "false_alarm_table",
    "list_masks",
    "list_table",
    "own_false_alarms",
    "people_errors",
    "people_table",
    "village_loss_table",
]

_F64 = npt.NDArray[np.float64]
_Bool = npt.NDArray[np.bool_]
ALL = "all"
FALSE_ALARMS = (0, 1, 2, 3, 5, 10, 20)
_TRUE_CLASSES = ("white", "weak", "no_4g", "single_operator", "served")
_SAID = ("white", "undecided", "weak", "voice_only", "no_4g", "single_operator", "served")
#: Lists that are scored: the class white; the class weak; the flag weak; the flag against what can be seen without hamlets.
LISTS = ("white", "weak class", "weak flag", "weak flag, as seen")
_AT = {name: k for k, name in enumerate(LIST_SUMS)}


def list_masks(rows: pd.DataFrame, name: str) -> tuple[_Bool, _Bool, _Bool]:
    """Return what is true, listed and undecided of a list."""
    said = rows["said"].to_numpy(dtype=object)
    if name == "white":
        return rows["true_white"].to_numpy(dtype=bool), said == "white", said == "undecided"
    if name == "weak class":
        return (rows["true_class"] == "weak").to_numpy(), said == "weak", said == "undecided"
    flag = rows["weak"].to_numpy(dtype=object)
    true = rows["true_weak" if name == "weak flag" else "true_weak_seen"].to_numpy(dtype=bool)
    return true, flag == "true", flag == ""


def _splits() -> Iterator[tuple[str, str]]:
    yield ALL, ALL
    for column, names in (("distance", DISTANCES), ("terrain", TERRAINS), ("cover", COVERS)):
        yield from ((column, name) for name in names)


def _part(rows: pd.DataFrame, split: str, stratum: str) -> pd.DataFrame:
    return rows if split == ALL else rows[rows[split] == stratum]


def list_table(seeds: Sequence[pd.DataFrame], methods: Sequence[str]) -> pd.DataFrame:
    """Return precision, recall and what is left undecided, per method, list and stratum, pooled over seeds."""
    out = []
    for method in methods:
        frames = [rows[rows["method"] == method] for rows in seeds]
        for name in LISTS:
            if name != "white" and (frames[0]["weak"] == "").all() and not (frames[0]["said"] == "weak").any():
                continue  # a method without such a list
            for split, stratum in _splits():
                sums = np.stack([list_sums(*list_masks(_part(rows, split, stratum), name)) for rows in frames])
                total = dict(zip(LIST_SUMS, sums.sum(axis=0).astype(int).tolist(), strict=True))
                if not total["villages"]:
                    continue
                figures = {}
                for figure, over, under in (
                    ("precision", "hits", "listed"), ("recall", "hits", "true"), ("true_left_undecided", "true_undecided", "true"),
                    ("left_undecided", "undecided", "villages"),
                ):  # fmt: skip
                    found = pooled(sums, lambda s, a=_AT[over], b=_AT[under]: ratio(s[..., a], s[..., b]))  # type: ignore[misc]
                    figures |= {figure: found.value, f"{figure}_low": found.low, f"{figure}_high": found.high}
                out.append({"method": method, "list": name, "split": split, "stratum": stratum, **total, **figures})
    return pd.DataFrame(out)


def confusion_table(seeds: Sequence[pd.DataFrame], methods: Sequence[str]) -> pd.DataFrame:
    """Return how many villages of each true class are said to be what, pooled over seeds."""
    rows = pd.concat(list(seeds), ignore_index=True)
    rows = rows[rows["method"].isin(methods)]
    if not (rows["said"].isin(_SAID) & rows["true_class"].isin(_TRUE_CLASSES)).all():
        raise ValueError("a class that is not known")
    said = pd.Categorical(rows["said"], categories=list(_SAID))
    true = pd.Categorical(rows["true_class"], categories=list(_TRUE_CLASSES))
    table = pd.crosstab([pd.Categorical(rows["method"], categories=list(methods)), true], said, dropna=False)
    table = table.reindex(columns=list(_SAID), fill_value=0)
    table.index.names, table.columns.name = ["method", "true_class"], None
    return table.assign(villages=table.sum(axis=1)).reset_index()


def own_false_alarms(rows: pd.DataFrame) -> int:
    """Return how many villages of a method's white list are not white."""
    return int((~rows["true_white"].to_numpy(dtype=bool) & (rows["said"] == "white").to_numpy()).sum())


def false_alarm_table(seeds: Sequence[pd.DataFrame], methods: Sequence[str], product: str) -> pd.DataFrame:
    """Return the share of truly white villages that each method's order finds before so many false alarms per seed.

    ``at``: a number, or "product's own list": as many as the product's list has in the seed. The order is that
    of the chance that nobody serves, the same rule for all methods; the product's list itself stands as "list".
    """
    out = []
    for at in ("product's own list", *FALSE_ALARMS):
        counts: dict[str, list[list[float]]] = {method: [] for method in (*methods, f"{product} (list)")}
        for rows in seeds:
            mine = rows[rows["method"] == product]
            allowed = own_false_alarms(mine) if isinstance(at, str) else at
            true = mine["true_white"].to_numpy(dtype=bool)
            for method in methods:
                score = rows.loc[rows["method"] == method, "nobody"].to_numpy()
                counts[method].append([found_at(true, score, allowed), float(true.sum()), float(allowed)])
            hits = float((true & (mine["said"] == "white").to_numpy()).sum())
            counts[f"{product} (list)"].append([hits, float(true.sum()), float(allowed)])
        for method, sums in counts.items():
            if method.endswith("(list)") and not isinstance(at, str):
                continue
            found = pooled(np.asarray(sums), lambda s: ratio(s[..., 0], s[..., 1]))
            total = np.sum(sums, axis=0)
            out.append({"at": str(at), "method": method, "false_alarms": total[2], "truly_white": total[1], "found": total[0],
                        "recall": found.value, "low": found.low, "high": found.high})  # fmt: skip
    return pd.DataFrame(out)


def people_errors(rows: pd.DataFrame) -> dict[str, float]:
    """Return a method's errors in people of one seed.

    Returns
    -------
    dict
        true, population; ``<estimate>`` its sum over the province, ``<estimate>_province_error`` (signed),
        ``<estimate>_commune_error`` (sum over communes of the absolute error), for the estimates ``listed`` (unserved for sure),
        ``expected`` (mean by probabilities) and, of a run, ``table_listed`` (its communes.csv); communes_held: share of communes
        whose true people lie between listed and listed + undecided (half a person granted).
    """
    true = rows["true"].to_numpy(dtype=np.float64)
    out = {"true": float(true.sum()), "population": float(rows["population"].sum())}
    for name in ("listed", "expected", "table_listed"):
        said = rows[name].to_numpy(dtype=np.float64) if name in rows.columns else np.full(len(rows), np.nan)
        gap = said - true
        out |= {name: float(said.sum()), f"{name}_province_error": float(gap.sum()), f"{name}_commune_error": float(np.abs(gap).sum())}
    low = rows["listed"].to_numpy(dtype=np.float64)
    high = low + rows["undecided"].to_numpy(dtype=np.float64)
    out["communes_held"] = float(np.mean((true >= low - 0.5) & (true <= high + 0.5)))
    return out


def people_table(seeds: Sequence[pd.DataFrame], methods: Sequence[str]) -> pd.DataFrame:
    """Return errors in people per method and estimate: mean over seeds of province and communes, with intervals."""
    out = []
    for method in methods:
        errors = [people_errors(rows[rows["method"] == method]) for rows in seeds]
        for name in ("listed", "expected", "table_listed"):
            if not np.isfinite([e[name] for e in errors]).all():
                continue
            sums = np.asarray([[e[f"{name}_commune_error"], abs(e[f"{name}_province_error"]), e[f"{name}_province_error"], e["true"], 1.0] for e in errors])
            commune, province, bias = (pooled(sums, lambda s, k=k: ratio(s[..., k], s[..., 4])) for k in range(3))  # type: ignore[misc]
            of_true = pooled(sums, lambda s: ratio(s[..., 0], s[..., 3]))
            out.append(
                {
                    "method": method, "estimate": name, "true_people": sums[:, 3].mean(), "estimated": np.mean([e[name] for e in errors]),
                    "commune_error": commune.value, "commune_low": commune.low, "commune_high": commune.high, "commune_error_of_true": of_true.value,
                    "province_error": province.value, "province_low": province.low, "province_high": province.high,
                    "signed": bias.value, "signed_low": bias.low, "signed_high": bias.high,
                    "communes_held": np.mean([e["communes_held"] for e in errors]),
                }
            )  # fmt: skip
    return pd.DataFrame(out)


def village_loss_table(seeds: Sequence[pd.DataFrame], product: str, others: Sequence[str]) -> pd.DataFrame:
    """Return strata of villages by what the product loses there: squared error of the chance that nobody serves."""
    out = []
    splits = [*_splits(), *(("true_class", name) for name in _TRUE_CLASSES)]
    for split, stratum in splits:
        sums = []
        for rows in seeds:
            part = _part(rows, split, stratum)
            by = {m: part[part["method"] == m] for m in (product, *others)}
            known = np.all([by[m]["nobody"].notna().to_numpy() for m in by], axis=0)
            sums.append([*(_squared(by[m])[known].sum() for m in by), float(known.sum())])
        table = np.asarray(sums)
        total = table.sum(axis=0)
        if total[-1] == 0:
            continue
        best = 1 + int(np.argmin(total[1:-1]))
        found = pooled(table, lambda s, k=best: ratio(s[..., 0] - s[..., k], s[..., -1]))  # type: ignore[misc]
        out.append({"split": split, "stratum": stratum, "villages": int(total[-1]), "product_brier": total[0] / total[-1],
                    "best_other": others[best - 1], "other_brier": total[best] / total[-1], "loss": found.value, "low": found.low,
                    "high": found.high})  # fmt: skip
    return pd.DataFrame(out).sort_values("loss", ascending=False, kind="stable", ignore_index=True)


def _squared(rows: pd.DataFrame) -> _F64:
    return np.asarray((rows["nobody"].to_numpy(dtype=np.float64) - rows["true_white"].to_numpy(dtype=bool)) ** 2)

