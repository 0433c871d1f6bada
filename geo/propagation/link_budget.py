"""From a carrier's power to the level that a phone reports, without the path between."""

from __future__ import annotations

from collections.abc import Mapping
from math import log10

__all__ = ["reference_eirp_dbm", "resource_blocks"]


def resource_blocks(bandwidth_mhz: float, table: Mapping[float, int]) -> int:
    """Return the number of resource blocks of a carrier: the table's entry nearest in bandwidth.

    3GPP TS 36.104 Table 5.6-1 (LTE), TS 38.104 Table 5.3.2-1 (NR).
    """
    nearest = min(sorted(table), key=lambda b: abs(b - bandwidth_mhz))
    return table[nearest]


def reference_eirp_dbm(
    technology: str,
    *,
    power_dbm: float,
    antenna_gain_dbi: float,
    feeder_loss_db: float,
    pilot_share_db: float,
    blocks: int | None = None,
) -> float:
    """Return the EIRP of what the phone measures; level = this − path loss − pattern loss.

    - 2G, RxLev: the BCCH carrier at full power (3GPP TS 45.008, clause 7.1).
    - 3G, RSCP: the primary CPICH, ``pilot_share_db`` below the carrier's maximum power
      (3GPP TS 25.215, clause 5.1.1).
    - 4G, RSRP: the mean power of one resource element that carries reference signals (3GPP TS 36.214,
      clause 5.1.1): EIRP of the carrier − 10 log10(12 N_RB) + ``pilot_share_db`` (boost, default 0).
    - 5G, SS-RSRP: one resource element of the SSB (3GPP TS 38.215, clause 5.1.1), in the same way;
      ``antenna_gain_dbi`` is the gain of an SSB beam.

    Parameters
    ----------
    technology : {"2G", "3G", "4G", "5G"}
    power_dbm : float
        Total power of the carrier at the radio's output.
    antenna_gain_dbi, feeder_loss_db, pilot_share_db : float
    blocks : int
        N_RB, resource blocks of the carrier; required for 4G and 5G.

    Raises
    ------
    ValueError
        If the technology is unknown, or ``blocks`` is missing where it is needed.
    """
    eirp = power_dbm + antenna_gain_dbi - feeder_loss_db + pilot_share_db
    if technology in ("2G", "3G"):
        return eirp
    if technology not in ("4G", "5G") or blocks is None or blocks <= 0:
        raise ValueError(f"no link budget for technology {technology!r} with {blocks} resource blocks")
    return eirp - 10.0 * log10(12 * blocks)
