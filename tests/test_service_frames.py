"""The frames of service quality: what conforms, what is refused."""

from __future__ import annotations

import pandas as pd
import pytest

from geo.errors import InputError
from geo.service_frames import DECLARATIONS, IPV6_TESTS, PORTALS, SPEED_SAMPLES, FrameContract

ALL = [SPEED_SAMPLES, IPV6_TESTS, PORTALS, DECLARATIONS]


@pytest.mark.parametrize("contract", ALL, ids=lambda c: c.name)
def test_an_empty_frame_keeps_its_contract_through_parquet(contract: FrameContract, tmp_path) -> None:
    frame = contract.conform(contract.empty())
    assert list(frame.columns) == list(contract.columns)
    frame.to_parquet(tmp_path / "f.parquet")
    contract.require(pd.read_parquet(tmp_path / "f.parquet"))


def test_columns_are_put_in_order_and_strangers_left_out() -> None:
    row = {"row": 2, "sheet": "", "file": "a.csv", "kind": "", "commune_code": "00001", "province_code": "01",
           "url": "https://a.vn/", "host": "a.vn", "name": "A", "portal_id": "1", "other": 5}
    frame = PORTALS.conform(pd.DataFrame([row], index=[7]))
    assert list(frame.columns) == list(PORTALS.columns)
    assert frame.index.tolist() == [0]
    assert frame["row"].tolist() == [2]


def test_missing_columns_and_missing_texts_are_refused() -> None:
    frame = PORTALS.empty()
    with pytest.raises(InputError, match="lacks columns host"):
        PORTALS.conform(frame.drop(columns="host"))
    bad = pd.DataFrame({n: pd.Series([None if n == "host" else 1 if n == "row" else "x"]) for n in PORTALS.columns})
    with pytest.raises(InputError, match="host"):
        PORTALS.conform(bad)
    with pytest.raises(InputError, match="row"):
        PORTALS.require(PORTALS.empty().astype({"row": "float64"}))
