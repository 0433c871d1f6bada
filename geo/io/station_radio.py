"""Technologies of sites and cells in operators' lists, with the band, channel number and frequency of each.

A row that names several technologies is one cell of each. What it says of a band or a channel is of the technology that it can only mean: beside each
other, "1800" and "4G, 5G" do not say whose 1800 MHz it is, while an EARFCN is LTE's and "n78" is NR's.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from geo.io.tables import Table
from geo.network import PER_TECHNOLOGY
from geo.radio import TECHNOLOGIES, BandCatalogue
from geo.text import clean
from geo.validation import IssueLog
from geo.values import is_blank

__all__ = ["settle_radio"]

_CHANNELS = (("nrarfcn", "5G"), ("earfcn", "4G"), ("uarfcn", "3G"), ("arfcn", ""))
_SOURCES = (*(name for name, _ in _CHANNELS), "band", "frequency_mhz")
_BETWEEN = re.compile(r"[,;/&|+]+|\bvà\b")


def settle_radio(table: Table, frame: pd.DataFrame, bands: BandCatalogue, log: IssueLog) -> pd.DataFrame:
    """Settle technologies, band and frequency from what the list says and from channel numbers.

    Returns
    -------
    DataFrame
        The rows with ``technologies`` (``"3G,4G"``), ``arfcn``, ``band`` and ``frequency_mhz``; of rows with several technologies these are
        blank, and stand by technology in columns such as ``arfcn_4g`` (:data:`geo.network.PER_TECHNOLOGY`) where the row says them.
    """
    n = len(frame)
    stated = np.full(n, "", dtype=object)
    if "technology" in frame.columns:
        sets, bad = bands.technology_sets(frame["technology"])
        stated = sets.to_numpy(dtype=object)
        if bad.any():
            log.add("technology_unreadable", table.source, rows=frame.index[bad], column=table.header("technology"),
                    came=list(frame["technology"][bad]))
    several = np.array(["," in text for text in stated], dtype=bool)
    channel, implied, header = np.full(n, np.nan), np.full(n, "", dtype=object), ""
    for name, technology in _CHANNELS:
        if name in frame.columns:
            take = np.isnan(channel) & frame[name].notna().to_numpy() & ~several
            channel[take] = frame[name].to_numpy(dtype=float)[take]
            implied[take] = technology
            header = header or table.header(name)
    single = np.where(several, "", stated)
    index = frame.index

    def series(values: np.ndarray) -> pd.Series:
        return pd.Series(values, index=index)

    found = bands.channels(series(channel), technology=series(np.where(implied != "", implied, single)))
    for mask, code in ((found.unknown, "channel_unknown"), (found.ambiguous, "channel_ambiguous")):
        if mask.any():
            log.add(code, table.source, rows=frame.index[mask], column=header, came=list(channel[mask]))
    meant = np.where(found.unknown | np.isnan(channel), "", found.technology.to_numpy(dtype=object)).astype(object)
    technologies = np.where(stated != "", stated, meant)
    wrong = (stated != "") & (meant != "") & (single != meant) & (single != "")
    if wrong.any():
        log.add("band_disagrees", table.source, rows=frame.index[wrong], column=header,
                came=[f"{s} / {int(c)}" for s, c in zip(stated[wrong], channel[wrong], strict=True)])
    band, frequency = found.band.to_numpy(dtype=object), found.downlink_mhz.to_numpy(dtype=float)
    if "band" in frame.columns:
        labelled = bands.band_labels(frame["band"].mask(several), technology=series(single))
        band = np.where(band == "", labelled.band.to_numpy(dtype=object), band)
        technologies = np.where(technologies == "", labelled.technology.to_numpy(dtype=object), technologies)
        frequency = np.where(np.isnan(frequency), labelled.downlink_mhz.to_numpy(dtype=float), frequency)
        odd = labelled.unknown & (band == "")
        if odd.any():
            log.add("band_unknown", table.source, rows=frame.index[odd], column=table.header("band"), came=list(frame["band"][odd]))
    if "frequency_mhz" in frame.columns:
        given = frame["frequency_mhz"].mask(several).to_numpy(dtype=float)
        frequency = np.where(np.isnan(given), frequency, given)
    own = _of_several(table, frame, stated, several, bands, log)
    dropped = [c for c in ("technology", "earfcn", "uarfcn", "nrarfcn", "arfcn", "band", "frequency_mhz") if c in frame]
    return frame.drop(columns=dropped).assign(
        technologies=pd.Series(technologies, index=frame.index, dtype="str"),
        arfcn=channel,
        band=pd.Series(band, index=frame.index, dtype="str"),
        frequency_mhz=frequency,
        **own,
    )


def _of_several(
    table: Table, frame: pd.DataFrame, stated: np.ndarray, several: np.ndarray, bands: BandCatalogue, log: IssueLog
) -> dict[str, pd.Series]:
    """Return channel, band and frequency by technology of the rows that name several; what cannot be told apart is stated."""
    names = [name for name in _SOURCES if name in frame.columns]
    told = np.zeros(len(frame), dtype=bool)
    for name in names:
        told |= ~is_blank(frame[name])
    rows = np.flatnonzero(several & told)
    if not len(rows):
        return {}
    keys = pd.Series(list(zip(stated[rows], *(frame[name].iloc[rows].astype(object) for name in names), strict=True)))
    codes, kinds = pd.factorize(keys)
    read = [_one_each(str(kind[0]).split(","), dict(zip(names, kind[1:], strict=True)), bands) for kind in kinds]
    unclear = np.array([doubt for _, doubt in read], dtype=bool)[codes]
    if unclear.any():
        at = rows[unclear]
        came = ["; ".join(clean(frame[name].iloc[i]) for name in names if not is_blank(frame[name].iloc[[i]])[0]) for i in at]
        log.add("radio_of_several", table.source, rows=frame.index[at], column="; ".join(table.header(name) for name in names),
                came=[f"{s}: {c}" for s, c in zip(stated[at], came, strict=True)])
    out: dict[str, pd.Series] = {}
    for technology in TECHNOLOGIES:
        if not any(technology in of for of, _ in read):
            continue
        for place, name in enumerate(PER_TECHNOLOGY):
            values = np.full(len(frame), "" if name == "band" else np.nan, dtype=object)
            blank = ("" if name == "band" else np.nan,) * len(PER_TECHNOLOGY)
            values[rows] = [read[code][0].get(technology, blank)[place] for code in codes]
            out[f"{name}_{technology.lower()}"] = pd.Series(values, index=frame.index).astype("str" if name == "band" else "float64")
    return out


def _one_each(stated: list[str], cells: dict[str, object], bands: BandCatalogue) -> tuple[dict[str, tuple[float, str, float]], bool]:
    """Return (channel, band, MHz) of each technology that one row tells, and whether something is left of which it cannot be told whose it is."""
    found: dict[str, tuple[float, str, float]] = {}
    doubt = False
    for name, of_header in _CHANNELS:
        value = cells.get(name)
        if value is None or value != value:
            continue
        number = pd.Series([float(str(value))])
        meant = [
            (t, str(c.band.iloc[0]), float(c.downlink_mhz.iloc[0]))
            for t in stated if of_header in {"", t}
            if not (c := bands.channels(number, technology=pd.Series([t]))).unknown[0]
        ]  # fmt: skip
        if len(meant) == 1 and meant[0][0] not in found:
            found[meant[0][0]] = (float(number.iloc[0]), *meant[0][1:])
        else:
            doubt = True
    labels = [p for p in _BETWEEN.split(clean(cells.get("band"))) if clean(p) and not is_blank(pd.Series([p]))[0]]
    by_technology: dict[str, list[str]] = {}
    for label in labels:
        names = {t: name for t in stated if (name := bands.band(label, t))}
        if len(names) == 1:
            by_technology.setdefault(next(iter(names)), []).append(next(iter(names.values())))
        else:
            doubt = True
    for technology, names_of in by_technology.items():
        if technology in found:
            continue
        if len(set(names_of)) == 1:
            found[technology] = (np.nan, names_of[0], bands.centre_mhz(names_of[0]))
        else:
            doubt = True  # "L900, L1800": two cells of which each has its own
    mhz = cells.get("frequency_mhz")
    if mhz is not None and mhz == mhz:
        fits = [t for t in stated if bands.band_at(t, float(str(mhz)))]
        if len(fits) == 1:
            number_of, band, _ = found.get(fits[0], (np.nan, "", np.nan))
            found[fits[0]] = (number_of, band or bands.band_at(fits[0], float(str(mhz)))[0], float(str(mhz)))
        else:
            doubt = True
    return found, doubt
