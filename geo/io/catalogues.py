"""Catalogues of operators and bands: what ships with the package, extended by what a project says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import pandas as pd

from geo.errors import InputError
from geo.io.resources import load_toml
from geo.operators import Operator, OperatorCatalogue, operators_from
from geo.radio import BandCatalogue
from geo.samples import SampleSettings
from geo.text import fold_key

__all__ = ["band_catalogue", "operator_catalogue", "sample_settings"]


def operator_catalogue(
    extra: Sequence[Mapping[str, object]] = (), *, operators: Sequence[str] = ()
) -> OperatorCatalogue:
    """Return the operators that ship with the package, extended by a project's own.

    Parameters
    ----------
    extra : sequence of mapping
        ``[[operator]]`` entries (name, aliases, mcc_mnc, hosts, status); one of the same name
        replaces the entry that ships. They are domestic unless their status is ``foreign``.
    operators : sequence of str
        The project's ``[project] operators``. They are domestic wherever they are: if none of them
        is Vietnamese, Vietnam's networks are foreign to the project.

    Raises
    ------
    ProjectFileError
        If an extra entry is wrong.
    """
    content = load_toml("operators.toml")
    added = operators_from(extra)
    names = {fold_key(o.name) for o in added}
    shipped = tuple(o for o in operators_from(content["operator"]) if fold_key(o.name) not in names)
    home = frozenset(str(code) for code in content["home_mcc"])
    added_home = frozenset(code[:3] for o in added if o.status != "foreign" for code in o.mcc_mnc)
    common = frozenset(fold_key(word) for word in content["common_words"])
    catalogue = OperatorCatalogue((*added, *shipped), home | added_home, common)
    if not operators:
        return catalogue
    cells = pd.Series(list(operators), dtype="str")
    resolved, codes = catalogue.resolve(cells), catalogue.codes(cells)
    known = {o.name: o for o in catalogue.operators}
    bare = tuple(
        Operator(name, mcc_mnc=(code,) if code else ())
        for name, code in dict(zip(resolved.names, codes, strict=True)).items()
        if name and name not in known
    )
    own = [known[name] for name in resolved.names if name in known] + list(bare)
    mccs = frozenset(code[:3] for o in own for code in o.mcc_mnc)
    # Operators without any code (a name alone) say nothing of the country: then nothing is foreign by its
    # code unless another operator of the project is Vietnamese.
    return OperatorCatalogue((*bare, *catalogue.operators), mccs | (added_home if mccs else frozenset()), common)


@lru_cache(maxsize=1)
def band_catalogue() -> BandCatalogue:
    """Return technologies, bands and level ranges as ``resources/bands.toml`` has them."""
    return BandCatalogue.from_toml(load_toml("bands.toml"))


def sample_settings(changes: Mapping[str, object] | None = None) -> SampleSettings:
    """Return how samples are judged: the values that ship, with a project's changes.

    Parameters
    ----------
    changes : mapping, optional
        Values by the names of ``resources/measurements.toml``; others are left alone.

    Raises
    ------
    InputError
        If a change is not a number.
    """
    values: dict[str, Any] = {name: entry["value"] for name, entry in load_toml("measurements.toml").items()}
    for name, value in (changes or {}).items():
        if name not in values or name == "earliest_date":
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(
                f"{name} = {value!r}: cần một số, ví dụ {values[name]}.", f"{name} = {value!r}: a number is needed, such as {values[name]}."
            )
        values[name] = value
    earliest = pd.Timestamp(str(values.pop("earliest_date")))
    return SampleSettings(earliest=earliest, **{name: float(value) for name, value in values.items()})
