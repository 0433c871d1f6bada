"""What the operators' lists say of the networks, and the ledger of where they are wrong.

10 % of the listed sites carry a wrong position, wrong azimuths or a wrong power; 5 % are listed as on
air and are not; 5 % of the sites are on no list. Every operator places a shared mast a few metres
differently.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from geo.sample.frame import to_degrees, to_metres
from geo.sample.network import Network

__all__ = ["Listing", "build_listing"]

_WRONG_SHARE = 0.10


@dataclass(frozen=True, slots=True)
class Listing:
    """The lists before they take on their delivered shapes.

    Attributes
    ----------
    sites : DataFrame
        Rows of ``Network.sites`` that are listed, same index, with the listed positions.
    cells : DataFrame
        Rows of ``Network.cells`` of those sites, same index, with the listed azimuths and powers.
    ledger : DataFrame
        kind, operator, site_id, true_value, listed_value.
    """

    sites: pd.DataFrame
    cells: pd.DataFrame
    ledger: pd.DataFrame


def build_listing(rng: np.random.Generator, network: Network) -> Listing:
    """Return the listed networks and what is false about them."""
    sites = network.sites[network.sites["listed"]].copy()
    cells = network.cells[network.cells["site"].isin(sites.index)].copy()
    ledger: list[tuple[str, str, str, str, str]] = []

    def book(kind: str, index: int, true: str, listed: str) -> None:
        site = network.sites.loc[index]
        ledger.append((kind, str(site["operator"]), str(site["site_id"]), true, listed))

    for index in network.sites.index[~network.sites["listed"]]:
        site = network.sites.loc[index]
        book("unlisted", index, f"{site['lon']:.6f} {site['lat']:.6f}", "")
    for index in sites.index[~sites["radiates"]]:
        book("off_air", index, "off air", "on air")

    x, y = to_metres(sites["lon"].to_numpy(), sites["lat"].to_numpy())
    x, y = x + rng.normal(0, 5, len(sites)), y + rng.normal(0, 5, len(sites))
    home = sites.index[(sites["commune"] >= 0) & sites["radiates"]]
    directed = cells[cells["width_deg"] < 360]["site"].unique()
    wrong = rng.permutation(np.intersect1d(home, directed))[
        : round(_WRONG_SHARE * int((sites["commune"] >= 0).sum()))
    ]
    for order, index in enumerate(int(i) for i in wrong):
        place = sites.index.tolist().index(index)
        mine = cells["site"] == index
        if order % 3 == 0:
            angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(350, 2_400)
            x[place] += reach * np.cos(angle)
            y[place] += reach * np.sin(angle)
            true = network.sites.loc[index]
            lon, lat = to_degrees(x[place], y[place])
            book(
                "wrong_position",
                index,
                f"{true['lon']:.6f} {true['lat']:.6f}",
                f"{float(lon):.6f} {float(lat):.6f}",
            )
        elif order % 3 == 1:
            turn = int(rng.choice([60, 90, 120, 180]))
            if turn == 120:
                turn = 80
            was = sorted(cells.loc[mine, "azimuth_deg"].unique().tolist())
            cells.loc[mine, "azimuth_deg"] = (cells.loc[mine, "azimuth_deg"] + turn) % 360
            now = sorted(cells.loc[mine, "azimuth_deg"].unique().tolist())
            book("wrong_azimuth", index, " ".join(map(str, was)), " ".join(map(str, now)))
        else:
            factor = float(rng.choice([0.125, 4.0, 8.0]))
            was = sorted(cells.loc[mine, "power_w"].unique().tolist())
            cells.loc[mine, "power_w"] *= factor
            now = sorted(cells.loc[mine, "power_w"].unique().tolist())
            book("wrong_power_w", index, " ".join(f"{v:g}" for v in was), " ".join(f"{v:g}" for v in now))
    sites["lon"], sites["lat"] = to_degrees(x, y)
    frame = pd.DataFrame(ledger, columns=["kind", "operator", "site_id", "true_value", "listed_value"])
    return Listing(sites, cells, frame.sort_values(["kind", "site_id"], kind="stable").reset_index(drop=True))
