"""Path-loss links: by hand, then the real campaigns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo.errors import InputError
from geo.io.path_loss import PATH_LOSS_COLUMNS, read_path_loss
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.validation import IssueLog

HEAD = "Kinh độ phát,Vĩ độ phát,Độ cao anten phát,Kinh độ thu,Vĩ độ thu,Độ cao anten thu,Tần số (MHz),Suy hao (dB),Khoảng cách\n"


def read(tmp_path: Path, body: str, head: str = HEAD) -> tuple[pd.DataFrame, IssueLog]:
    path = tmp_path / "links.csv"
    path.write_text(head + body, encoding="utf-8")
    log = IssueLog(issue_catalogue())
    return read_path_loss(path, file="links.csv", options=TableOptions(), log=log), log


def test_distance_is_the_coordinates_own(tmp_path: Path) -> None:
    frame, log = read(tmp_path, "105,21,30,105,21.01,1.5,1800,120,9.99\n105,21,30,105,21.01,1.5,1800,121,1.1073\n")
    # one hundredth of a degree of the meridian at 21° N on WGS 84 is 1,107.1 m
    assert frame["distance_m"].tolist() == pytest.approx([1107.1, 1107.1], abs=0.5)
    assert list(frame.columns) == list(PATH_LOSS_COLUMNS)
    said = [f for f in log if f.kind.code == "link_distance_differs"]
    assert said[0].rows.tolist() == [2]
    assert frame["row"].tolist() == [2, 3]


def test_rows_in_are_rows_used_and_rows_explained(tmp_path: Path) -> None:
    body = (
        "105,21,30,105,21.01,1.5,1800,120,1.1\n"
        "105,21,30,105,21.01,1.5,1800,120,1.1\n"  # the same again
        ",21,30,105,21.01,1.5,1800,120,1.1\n"  # no transmitter
        "0,0,30,105,21.01,1.5,1800,120,1.1\n"  # nowhere
        "105,21,30,105,21.01,1.5,1800,abc,1.1\n"  # no loss
        "105,21,30,105,21.01,1.5,1800,900,1.1\n"  # no loss either
        "105,21,30,105,21.01,1.5,,120,1.1\n"  # no frequency
        "105,21,,105,21.01,,1800,60,1.1\n"  # heights unknown; less than free space (98.4 dB)
    )
    frame, log = read(tmp_path, body)
    assert frame["row"].tolist() == [2, 9]
    assert np.isnan(frame["tx_height_m"].iloc[1])
    assert {f.kind.code: f.rows.tolist() for f in log if f.kind.effect.value == "row_dropped"} == {
        "link_duplicate": [3], "link_position_missing": [4, 5], "link_value_missing": [6, 7, 8],
    }  # fmt: skip
    assert next(f for f in log if f.kind.code == "link_below_free_space").rows.tolist() == [9]
    assert [(c.rows_in, c.rows_used, c.rows_dropped) for c in log.counts] == [(8, 2, 6)]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="path_loss"):
        read(tmp_path, "105,21,105,21,1800\n", "Kinh độ phát,Vĩ độ phát,Kinh độ thu,Vĩ độ thu,Tần số\n")


def test_three_campaigns(shared_dir: Path) -> None:
    log = IssueLog(issue_catalogue())
    path = shared_dir / "data" / "measurements" / "path_loss_links.csv"
    frame = read_path_loss(path, file="path_loss_links.csv", options=TableOptions(), log=log)
    assert len(frame) == 8939
    assert [(c.rows_in, c.rows_used) for c in log.counts] == [(8939, 8939)]
    assert frame["area"].value_counts().to_dict() == {"ota": 3603, "recife": 3083, "beirut": 2253}
    beirut = frame[frame["area"] == "beirut"]
    # Beirut's transmitter is the mobile end: 366 positions, low antennas; its receiver stands in one place
    assert beirut[["tx_lon", "tx_lat"]].drop_duplicates().shape[0] == 366
    assert beirut["tx_height_m"].max() == 3
    assert beirut[["rx_lon", "rx_lat"]].drop_duplicates().shape[0] == 1
    # the table's own distances are wrong in places; ours come from the coordinates, by another formula
    phi1, phi2 = np.radians(frame["tx_lat"]), np.radians(frame["rx_lat"])
    half = (np.radians(frame["rx_lon"] - frame["tx_lon"])) / 2
    a = np.sin((phi2 - phi1) / 2) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin(half) ** 2
    sphere = 2 * 6_371_008.8 * np.arcsin(np.sqrt(a))
    assert np.allclose(frame["distance_m"], sphere, rtol=0.006)
    assert len(next(f for f in log if f.kind.code == "link_distance_differs").rows) > 100
