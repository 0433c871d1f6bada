"""From a carrier's power to the level that a phone reports, without the path between."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, log10

from geo.network import POWER_BASES

__all__ = ["carrier_power_dbm", "measured_power_dbm", "reference_eirp_dbm", "resource_blocks"]



def resource_blocks(bandwidth_mhz: float, table: Mapping[float, int]) -> int:
    """Return the number of resource blocks of a carrier: the table's entry nearest in bandwidth.

    3GPP TS 36.104 Table 5.6-1 (LTE), TS 38.104 Table 5.3.2-1 (NR).
    """
    nearest = min(sorted(table), key=lambda b: abs(b - bandwidth_mhz))
    return table[nearest]


def carrier_power_dbm(power_dbm: float, *, given: str, wanted: str, ports: float) -> float:
    """Return a carrier's power as total or per transmit port: total = per port + 10 log10(ports).

    Parameters
    ----------
    power_dbm : float
    given, wanted : {"total", "per_port"}
    ports : float
        Transmit ports with equal power.

    Raises
    ------
    ValueError
        If a basis is unknown or there is less than one port.
    """
    if given not in POWER_BASES or wanted not in POWER_BASES or not ports >= 1:
        raise ValueError(f"no carrier power from {given!r} to {wanted!r} with {ports} ports")
    if given == wanted:
        return power_dbm
    spread = 10.0 * log10(ports)
    return power_dbm - spread if given == "total" else power_dbm + spread


def measured_power_dbm(
    technology: str,
    *,
    power_dbm: float,
    pilot_share_db: float,
    blocks: int | None = None,
    power_basis: str = "total",
    ports: float = 1.0,
) -> float:
    """Return the power at the radio's output of what the phone measures.

    - 2G, RxLev: the BCCH carrier at full power (3GPP TS 45.008, clause 7.1).
    - 3G, RSCP: the primary CPICH, ``pilot_share_db`` below the carrier's maximum power
      (3GPP TS 25.215, clause 5.1.1).
    - 4G, RSRP: one resource element that carries the reference signal of *one port* (3GPP TS 36.214,
      clause 5.1.1): power per port − 10 log10(12 N_RB) + ``pilot_share_db`` (boost 10 log10(1 + P_B), if on).
    - 5G, SS-RSRP: one resource element of the secondary synchronisation signal (3GPP TS 38.215,
      clause 5.1.1): total power − 10 log10(12 N_RB) + ``pilot_share_db``; in TDD the power while transmitting.

    Parameters
    ----------
    technology : {"2G", "3G", "4G", "5G"}
    power_dbm : float
        Power of the carrier at the radio's output, by ``power_basis``.
    pilot_share_db : float
    blocks : int
        N_RB, resource blocks of the carrier; required for 4G and 5G.
    power_basis : {"total", "per_port"}
    ports : float
        Transmit ports with equal power.

    Raises
    ------
    ValueError
        If technology, basis or ports are unknown, or ``blocks`` is missing where it is needed.
    """
    wanted = "per_port" if technology == "4G" else "total"
    power = carrier_power_dbm(power_dbm, given=power_basis, wanted=wanted, ports=ports) + pilot_share_db
    if technology in ("2G", "3G"):
        return power
    if technology not in ("4G", "5G") or blocks is None or blocks <= 0:
        raise ValueError(f"no link budget for technology {technology!r} with {blocks} resource blocks")
    return power - 10.0 * log10(12 * blocks)


def reference_eirp_dbm(
    technology: str,
    *,
    power_dbm: float,
    antenna_gain_dbi: float,
    feeder_loss_db: float,
    pilot_share_db: float,
    blocks: int | None = None,
    power_basis: str = "total",
    ports: float = 1.0,
    pilot_power_dbm: float | None = None,
    carrier_eirp_dbm: float | None = None,
) -> float:
    """Return the EIRP of what the phone measures; level = this − path loss − pattern loss.

    The first that is given holds: the carrier's EIRP (which has gain and feeder in it), the power of the
    pilot or reference element itself, the carrier's power (:func:`measured_power_dbm`).

    Parameters
    ----------
    technology : {"2G", "3G", "4G", "5G"}
    power_dbm : float
        Power of the carrier at the radio's output, by ``power_basis``.
    antenna_gain_dbi : float
        In the main direction; for 5G of an SSB beam, not of the narrower traffic beams.
    feeder_loss_db, pilot_share_db : float
    blocks : int
        N_RB, resource blocks of the carrier; required for 4G and 5G unless the pilot's power is given.
    power_basis : {"total", "per_port"}
        Of ``power_dbm`` and ``carrier_eirp_dbm``.
    ports : float
    pilot_power_dbm : float, optional
        Power of what is measured, at the radio's output: BCCH, CPICH, one reference or SSB resource element.
    carrier_eirp_dbm : float, optional

    Raises
    ------
    ValueError
        As :func:`measured_power_dbm`.
    """
    if carrier_eirp_dbm is not None and isfinite(carrier_eirp_dbm):
        power_dbm, gain = carrier_eirp_dbm, 0.0
    elif pilot_power_dbm is not None and isfinite(pilot_power_dbm):
        return pilot_power_dbm + antenna_gain_dbi - feeder_loss_db
    else:
        gain = antenna_gain_dbi - feeder_loss_db
    measured = measured_power_dbm(
        technology,
        power_dbm=power_dbm,
        pilot_share_db=pilot_share_db,
        blocks=blocks,
        power_basis=power_basis,
        ports=ports,
    )
    return measured + gain
