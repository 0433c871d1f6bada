"""Radio technologies, channel numbers, bands, cell identities and levels as loggers and lists write them.

The content (spellings, band tables, ranges, each with its document and clause) lives in
``resources/bands.toml``; this module is its shape. Nothing is resolved that can be read two ways.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.columns import pick_texts
from geo.text import clean, fold, fold_key
from geo.values import is_blank

__all__ = [
    "TECHNOLOGIES",
    "Band",
    "BandCatalogue",
    "BandColumn",
    "Channels",
    "LevelRange",
    "TechnologyColumn",
    "split_lte_identity",
    "split_umts_identity",
]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

#: Oldest first.
TECHNOLOGIES = ("2G", "3G", "4G", "5G")
_LTE_SECTORS = 256  # an E-UTRAN cell identity is 20 bits of eNodeB and 8 of cell (3GPP TS 36.413, 9.2.1.38)
_LTE_IDENTITIES = 1 << 28
_UMTS_CELLS = 1 << 16  # a UTRAN cell identity is 12 bits of RNC and 16 of cell (3GPP TS 25.331, 10.3.2.2)
_SHORT_LIST = re.compile(r"(?<![\w.])([2-5](?:\s*[,/;&+-]\s*[2-5])+)\s*G(?!\w)", re.IGNORECASE)  # "2/3/4G"
_RUN = re.compile(r"(?<![\w.])(?:[2-5]G){2,}(?!\w)", re.IGNORECASE)  # "3G4G"
_BETWEEN = re.compile(r"[,;/&|\\*·•]+|\+(?=\s*\w)|\b(?:và|va|and)\b|[()\[\]:]", re.IGNORECASE)
_HYPHENS = re.compile(r"[-_~\u2010-\u2015]+")
_RANGE = re.compile(r"2G?\s*[-_~\u2010-\u2015]\s*[45]G|3G?\s*[-_~\u2010-\u2015]\s*5G", re.IGNORECASE)
_DECIMAL = re.compile(r"\s*[23],5\s*G\s*", re.IGNORECASE)  # 3.5G with a comma, or 3G and 5G
_WITH_FREQUENCY = re.compile(r"([a-z]+|[2-5]g)(\d{3,4})(?:mhz)?")  # "LTE1800"
_FREQUENCY = re.compile(r"(\d{3,4})(?:mhz)?")
_YEARS = range(2000, 2100)  # of no band here: "5G 2028" is a plan
_BAND_WORDS = frozenset({"band", "bang", "bangtan"})
_PHRASE = 3  # words of the longest addition, "đang hoạt động"
#: What makes a cell more than a list of names: "5G?", "≥3G", "5G (*)", "4G: ; 5G: x".
_ODD = re.compile(r"[^\w\s,;/&|\\*·•+()\[\]:.'\"~\u2010-\u2015-]|\(\s*\*+\s*\)|(?<=\w)\*+(?!\s*\w)|(?<=[2-5]G)\s*:\s*(?=[,;/|]|$)", re.IGNORECASE)
_ALIKE = re.compile(r"^([a-z]*?)(\d{1,4})(?:mhz)?$")


@dataclass(frozen=True, slots=True)
class LevelRange:
    """Within what a value can be a level (or quality) at all.

    Attributes
    ----------
    quantity : str
        ``RxLev``, ``RSCP``, ``RSRP``, ``SS-RSRP`` (dBm) or ``Ec/N0``, ``RSRQ``, ``SS-RSRQ`` (dB).
    low, high : float
        Both included.
    """

    quantity: str
    low: float
    high: float

    def holds(self, values: FloatArray) -> BoolArray:
        """Return which values lie within the range; NaN does not."""
        with np.errstate(invalid="ignore"):
            return (values >= self.low) & (values <= self.high)


@dataclass(frozen=True, slots=True)
class Band:
    """Channel numbers of one band; one band may have several stretches.

    Downlink frequency in MHz = ``base_mhz`` + ``step_mhz`` (N - ``base_channel``).
    """

    technology: str
    name: str
    first: int
    last: int
    base_mhz: float
    base_channel: int
    step_mhz: float

    def frequency_mhz(self, channel: FloatArray) -> FloatArray:
        """Return the downlink carrier frequency of channel numbers."""
        return np.round(self.base_mhz + self.step_mhz * (channel - self.base_channel), 4)


class Channels(NamedTuple):
    """Channel numbers resolved, aligned with the input.

    Attributes
    ----------
    downlink_mhz : Series of float64
        Downlink carrier; NaN where not resolved.
    band, alternatives : Series of str
        Name (``G900``, ``U1``, ``B3``, ``n78``) and further bands that share the number, comma-separated.
    technology : Series of str
        As given, or found where the number means one technology only.
    ambiguous, unknown : (n,) bool
        The number means several technologies and none was given; no band has the number.
    """

    downlink_mhz: pd.Series
    band: pd.Series
    alternatives: pd.Series
    technology: pd.Series
    ambiguous: BoolArray
    unknown: BoolArray


class TechnologyColumn(NamedTuple):
    """Technologies of cells: ``2G`` ... ``5G`` or empty; where there is no service; what was not understood; which name several."""

    values: pd.Series
    no_service: BoolArray
    unknown: BoolArray
    several: BoolArray


class BandColumn(NamedTuple):
    """Band names of cells, the technology and the middle of the downlink of each, and what was not understood."""

    band: pd.Series
    technology: pd.Series
    downlink_mhz: pd.Series
    unknown: BoolArray


def _joined(text: str) -> str:
    """Return a text in lower case with one hyphen for spaces, underscores and dashes between its words: ``"LTE NR"`` is ``"lte-nr"``."""
    return re.sub(r"[\s_\u2010-\u2015-]+", "-", unicodedata.normalize("NFKC", text).casefold()).strip("-")


@dataclass(frozen=True)
class BandCatalogue:
    """What ``resources/bands.toml`` says.

    Attributes
    ----------
    spellings : mapping
        Folded spelling to technology.
    no_service, emergency : frozenset of str
        Folded texts for "there is no network" and "emergency calls only".
    bands : tuple of Band
        2G, 3G, 4G: preferred band first.
    raster : tuple of Band
        The NR global raster, in three stretches.
    nr_bands : tuple of (str, float, float)
        Name, lowest and highest frequency in MHz; preferred first.
    levels, quality : mapping
        Technology to range.
    nominal : mapping
        (technology, nominal MHz) to band.
    prefixes : mapping
        Folded letters before a band number to technologies.
    dual : frozenset of str
        What loggers write for dual connectivity of LTE and NR, folded, with the hyphen between both.
    beside : frozenset of str
        Folded words beside a technology's name that change nothing.
    against : frozenset of str
        Folded words that deny or announce a technology (``"chua"``, ``"du kien"``).
    """

    spellings: Mapping[str, str]
    no_service: frozenset[str]
    emergency: frozenset[str]
    bands: tuple[Band, ...]
    raster: tuple[Band, ...]
    nr_bands: tuple[tuple[str, float, float], ...]
    levels: Mapping[str, LevelRange]
    quality: Mapping[str, LevelRange]
    nominal: Mapping[tuple[str, int], str]
    prefixes: Mapping[str, tuple[str, ...]]
    dual: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()
    against: frozenset[str] = frozenset()

    @classmethod
    def from_toml(cls, content: Mapping[str, Any]) -> BandCatalogue:
        """Build the catalogue from the parsed ``resources/bands.toml``."""
        channels = content["channels"]
        nr = channels["5G"]
        prefixes: dict[str, tuple[str, ...]] = {}
        for technology in TECHNOLOGIES:
            for text in content["band_prefixes"][technology]:
                prefixes[fold_key(text)] = (*prefixes.get(fold_key(text), ()), technology)
        none = content["no_service"]
        return cls(
            spellings={fold_key(s): t for t in TECHNOLOGIES for s in (t, *content["technologies"][t])},
            no_service=frozenset(fold_key(w) for w in none["words"]),
            emergency=frozenset(fold_key(w) for w in none["emergency"]),
            bands=tuple(
                Band(t, b["name"], b["first"], b["last"], b["base_mhz"], b["base_channel"], channels[t]["step_mhz"])
                for t in ("2G", "3G", "4G")
                for b in channels[t]["bands"]
            ),
            raster=tuple(
                Band("5G", "", r["first"], r["last"], r["base_mhz"], r["base_channel"], r["step_mhz"])
                for r in nr["raster"]
            ),
            nr_bands=tuple((b["name"], float(b["low_mhz"]), float(b["high_mhz"])) for b in nr["bands"]),
            levels={t: LevelRange(v["quantity"], v["low_dbm"], v["high_dbm"]) for t, v in content["levels"].items()},
            quality={t: LevelRange(v["quantity"], v["low_db"], v["high_db"]) for t, v in content["quality"].items()},
            nominal={(t, int(mhz)): name for t, names in content["nominal"].items() for mhz, name in names.items()},
            prefixes=prefixes,
            dual=frozenset(_joined(text) for text in content["dual_connectivity"]["names"]),
            beside=frozenset(fold_key(word) for word in content["technology_words"]["beside"]),
            against=frozenset(fold(word) for word in content["technology_words"]["against"]),
        )

    # -- technologies ------------------------------------------------------------------------------

    def technology(self, value: object) -> str:
        """Return ``2G`` ... ``5G``, or an empty string if the text means none or several.

        A name of dual connectivity (``"LTE-NR"``, ``"EN-DC"``) is 5G: a service of NR that is anchored in LTE (3GPP TS 37.340, 4.1.2).
        A year beside the name, or a word that denies or announces it (``"5G (2027)"``, ``"5G: chưa"``), leaves none.
        """
        if spelt := self._spelt(clean(value)):
            return spelt
        if _joined(clean(value)) in self.dual:
            return "5G"
        named, whole = self._named(value)
        if len(named) == 1 and whole:
            return next(iter(named))
        if _ODD.search(clean(value)) or _DECIMAL.fullmatch(clean(value)) or self._not_now(value):
            return ""
        found = {self.spellings[k] for p in re.split(r"[()\[\]:]+", clean(value)) if (k := fold_key(p)) in self.spellings}
        return found.pop() if len(found) == 1 and len(named) < 2 else ""

    def _not_now(self, value: object) -> bool:
        """Tell whether a text has a year, a lone 0, or a word that denies or announces what it names."""
        words = fold(value).split()
        if any(word == "0" or (word.isdecimal() and int(word) in _YEARS) for word in words):
            return True
        said = f" {' '.join(words)} "
        return any(f" {word} " in said for word in self.against)

    def _spelt(self, text: str) -> str:
        """Return the technology of which a text is a spelling; ``"3/5G"`` is a list, though it folds to what ``"3.5G"`` does, and ``"5G?"`` is in doubt."""
        if _SHORT_LIST.search(text) or _ODD.search(text):
            return ""
        return self.spellings.get(fold_key(text), "")

    def _named(self, value: object) -> tuple[frozenset[str], bool]:
        """Return all technologies that a text names, and whether all of it was understood."""
        text = unicodedata.normalize("NFKC", clean(value))
        if spelt := self._spelt(text):
            return frozenset({spelt}), True
        whole = not (_ODD.search(text) or _DECIMAL.fullmatch(text))
        text = _SHORT_LIST.sub(lambda found: re.sub(r"[2-5]", r"\g<0>G", found[1]), text)
        text = _RUN.sub(lambda found: "/".join(re.findall(r"[2-5]G", found[0], re.IGNORECASE)), text)
        named: set[str] = set()
        last = ""  # "GSM 900/1800": whose the second band is
        for part in (p for p in _BETWEEN.split(text) if fold_key(p)):
            more, last, all_of_it = self._of_part(part, last)
            named |= more
            whole &= all_of_it
        return frozenset(named), whole and bool(named)

    def _of_part(self, part: str, last: str) -> tuple[set[str], str, bool]:
        """Return the technologies of a text without commas, slashes or pluses, the last of them, and whether all of it was understood.

        ``last`` is the technology named before the text.
        """
        if spelt := self._spelt(part):
            return {spelt}, spelt, True
        named: set[str] = set()
        whole = not _RANGE.fullmatch(part.strip())  # "2G-4G": both, or all three
        words = [w for w in part.split() if fold_key(w)]
        place = 0
        while place < len(words):
            beside = next((n for n in range(_PHRASE, 0, -1) if fold_key(" ".join(words[place : place + n])) in self.beside), 0)
            if beside:
                place += beside
                continue
            word = words[place]
            key, pieces = fold_key(word), [fold_key(p) for p in _HYPHENS.split(word) if fold_key(p)]
            if key in self.spellings:
                last = self.spellings[key]
                named.add(last)
            elif len(pieces) > 1 and all(p in self.spellings for p in pieces):
                named |= {self.spellings[p] for p in pieces}
                last = self.spellings[pieces[-1]]
            elif of_band := self._of_band(key):
                last = of_band
                named.add(last)
            elif number := _FREQUENCY.fullmatch(key):
                whole &= self._can_have(last, int(number[1]))
            elif not (place and key.isdecimal() and len(key) < 3 and fold_key(words[place - 1]) in _BAND_WORDS and last):  # "LTE Band 3"
                whole = False
            place += 1
        return named, last, whole

    def _of_band(self, key: str) -> str:
        """Return the technology of a folded word of letters and a band: ``"lte1800"``, ``"u2100"``, ``"n78"``; empty if it is none, or of several."""
        if found := _WITH_FREQUENCY.fullmatch(key):
            meant = self.prefixes.get(found[1], ())
            technology = meant[0] if len(meant) == 1 else self.spellings.get(found[1], "")
            return technology if self._can_have(technology, int(found[2])) else ""
        return self._band_technology.get(self.band(key), "") if _ALIKE.fullmatch(key) else ""

    def _can_have(self, technology: str, mhz: int) -> bool:
        """Return whether a technology is known and a number beside it can be its band's frequency."""
        return bool(technology) and mhz not in _YEARS and (technology != "2G" or ("2G", mhz) in self.nominal)

    def technology_column(self, cells: pd.Series) -> TechnologyColumn:
        """Return the one technology that each cell names, which name several, and where a cell says that there is no service."""
        codes, uniques = pd.factorize(cells, use_na_sentinel=True)
        blank = is_blank(pd.Series(uniques)) if len(uniques) else np.zeros(0, dtype=bool)
        keys = [fold_key(u) for u in uniques]
        values = ["" if b else self.technology(u) for u, b in zip(uniques, blank, strict=True)]
        none = [k in self.no_service or k in self.emergency for k in keys]
        lists = [len(named) > 1 and whole for named, whole in map(self._named, uniques)]
        several = [s and not (v or n or b) for s, v, n, b in zip(lists, values, none, blank, strict=True)]
        unknown = [not (v or n or b or s) for v, n, b, s in zip(values, none, blank, several, strict=True)]
        return TechnologyColumn(
            pick_texts(values, codes, cells.index), *(np.array([*mask, False], dtype=bool)[codes] for mask in (none, unknown, several))
        )

    def names_any(self, cells: pd.Series) -> BoolArray:
        """Return where a cell names a technology, whatever else it says of it."""
        codes, uniques = pd.factorize(cells, use_na_sentinel=True)
        return np.array([*(bool(self._named(value)[0]) for value in uniques), False], dtype=bool)[codes]

    def technology_sets(self, cells: pd.Series) -> tuple[pd.Series, BoolArray]:
        """Return all technologies that cells like ``"3G/4G, NR"`` name, as ``"3G,4G,5G"``, and what is not understood.

        Of a cell that says more than names, bands and what joins them ("4G, chưa có 5G") nothing is taken: it may deny or announce what it names.
        """
        codes, uniques = pd.factorize(cells, use_na_sentinel=True)
        blank = is_blank(pd.Series(uniques)) if len(uniques) else np.zeros(0, dtype=bool)
        named = [(frozenset[str](), True) if empty else self._named(value) for value, empty in zip(uniques, blank, strict=True)]
        texts = [",".join(t for t in TECHNOLOGIES if whole and t in all_of) for all_of, whole in named]
        return pick_texts(texts, codes, cells.index), np.array([*(not whole for _, whole in named), False], dtype=bool)[codes]

    def technologies(self, cells: pd.Series) -> pd.Series:
        """Return :meth:`technology_sets` without what was not understood."""
        return self.technology_sets(cells)[0]

    # -- channels ----------------------------------------------------------------------------------

    def _of_channel(self, technology: str, channel: float) -> list[tuple[str, float]]:
        """Return (band, frequency) of one channel number of one technology, preferred first."""
        number = np.array([channel])
        if technology == "5G":
            for stretch in self.raster:
                if stretch.first <= channel <= stretch.last:
                    mhz = float(stretch.frequency_mhz(number)[0])
                    return [(name, mhz) for name, low, high in self.nr_bands if low <= mhz <= high]
            return []
        return [
            (b.name, float(b.frequency_mhz(number)[0]))
            for b in self.bands
            if b.technology == technology and b.first <= channel <= b.last
        ]

    def channels(self, numbers: pd.Series, *, technology: pd.Series) -> Channels:
        """Resolve channel numbers (ARFCN, UARFCN, EARFCN, NR-ARFCN; the downlink's).

        Parameters
        ----------
        numbers : (n,) Series of float
            NaN where none is given.
        technology : (n,) Series of str
            ``2G`` ... ``5G``, or empty: then the number is resolved only if one technology alone has it.
        """
        values = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
        named = technology.to_numpy(dtype=object)
        number_codes, distinct = pd.factorize(values, use_na_sentinel=True)
        technology_codes, names = pd.factorize(named)
        pairs = number_codes.astype(np.int64) * max(1, len(names)) + technology_codes
        pairs[number_codes < 0] = -1
        pair_codes, kinds = pd.factorize(pairs)
        rows = [self._resolve(distinct, names, int(pair)) for pair in kinds]
        table = np.array(rows, dtype=object).reshape(len(rows), 6)
        picked = table[pair_codes] if rows else np.empty((len(values), 6), dtype=object)
        meant = np.where(picked[:, 3] == "", named, picked[:, 3])

        def series(values: npt.NDArray[Any], dtype: str) -> pd.Series:
            return pd.Series(values, index=numbers.index, dtype=dtype)

        return Channels(
            series(picked[:, 0].astype(np.float64), "float64"),
            series(picked[:, 1], "str"),
            series(picked[:, 2], "str"),
            series(meant, "str"),
            picked[:, 4].astype(bool),
            picked[:, 5].astype(bool),
        )

    def _resolve(
        self, distinct: FloatArray, names: npt.NDArray[np.object_], pair: int
    ) -> tuple[float, str, str, str, bool, bool]:
        if pair < 0:
            return np.nan, "", "", "", False, False
        channel = float(distinct[pair // max(1, len(names))])
        technology = str(names[pair % max(1, len(names))])
        whole = channel == np.floor(channel)
        tried = (technology,) if technology else TECHNOLOGIES
        found = {t: bands for t in tried if whole and (bands := self._of_channel(t, channel))}
        if not found:
            return np.nan, "", "", "", False, True
        if len(found) > 1:
            return np.nan, "", "", "", True, False
        (meant, bands), *_ = found.items()
        others = ",".join(name for name, _ in bands[1:] if name != bands[0][0])
        return bands[0][1], bands[0][0], others, meant, False, False

    @cached_property
    def _band_technology(self) -> dict[str, str]:
        names = {b.name: b.technology for b in self.bands}
        names.update({name: "5G" for name, _, _ in self.nr_bands})
        return names

    def centre_mhz(self, band: str) -> float:
        """Return the middle of a band's downlink in MHz; NaN for a name that is none."""
        for name, low, high in self.nr_bands:
            if name == band:
                return (low + high) / 2
        ends = [f for b in self.bands if b.name == band for f in b.frequency_mhz(np.array([b.first, b.last], dtype=float))]
        return float(min(ends) + max(ends)) / 2 if ends else float("nan")

    def band_at(self, technology: str, frequency_mhz: float) -> tuple[str, ...]:
        """Return the bands of a technology whose downlink holds a frequency, preferred first."""
        if technology == "5G":
            return tuple(name for name, low, high in self.nr_bands if low <= frequency_mhz <= high)
        found: dict[str, None] = {}
        for b in self.bands:
            if b.technology == technology:
                low, high = b.frequency_mhz(np.array([b.first, b.last], dtype=float))
                if low <= frequency_mhz <= high:
                    found[b.name] = None
        return tuple(found)

    # -- band names --------------------------------------------------------------------------------

    def band(self, value: object, technology: str = "") -> str:
        """Return the name of the one band that a text means (``L7``, ``B7``, ``Band 7``, ``LTE 1800``), else empty."""
        key = fold_key(value)
        for name in self._band_technology:
            if key == fold_key(name) and technology in {"", self._band_technology[name]}:
                return name
        found = _ALIKE.match(key) or _ALIKE.match(re.sub(r"(?<=\d)g?(?:lte|nr|umts|gsm)$", "", key))
        if not found:
            return ""
        letters, number = found[1], int(found[2])
        if letters:
            meant = self.prefixes.get(letters) or tuple(t for s, t in self.spellings.items() if s == letters)
        else:
            meant = (technology,) if technology else ()
        if technology:
            meant = tuple(t for t in meant if t == technology)
        names = {n for t in meant if (n := self._numbered(t, number))}
        return names.pop() if len(names) == 1 else ""

    def _numbered(self, technology: str, number: int) -> str:
        if (name := self.nominal.get((technology, number), "")) != "":
            return name
        letter = {"2G": "G", "3G": "U", "4G": "B", "5G": "n"}[technology]
        name = f"{letter}{number}"
        return name if name in self._band_technology else ""

    def band_labels(self, cells: pd.Series, *, technology: pd.Series) -> BandColumn:
        """Return the bands that cells name, with the technology that each implies."""
        named = technology.to_numpy(dtype=object)
        codes, uniques = pd.factorize(cells, use_na_sentinel=True)
        technology_codes, names = pd.factorize(named)
        pairs = codes.astype(np.int64) * max(1, len(names)) + technology_codes
        pairs[codes < 0] = -1
        pair_codes, kinds = pd.factorize(pairs)
        blank = is_blank(pd.Series(uniques)) if len(uniques) else np.zeros(0, dtype=bool)
        rows: list[tuple[str, str, bool, float]] = []
        for pair in kinds:
            if pair < 0 or blank[pair // max(1, len(names))]:
                rows.append(("", "", False, np.nan))
                continue
            name = self.band(uniques[int(pair) // max(1, len(names))], str(names[int(pair) % max(1, len(names))]))
            rows.append((name, self._band_technology.get(name, ""), not name, self.centre_mhz(name)))
        table = np.array(rows, dtype=object).reshape(len(rows), 4)
        picked = table[pair_codes] if rows else np.empty((len(cells), 4), dtype=object)
        return BandColumn(
            pd.Series(picked[:, 0], index=cells.index, dtype="str"),
            pd.Series(picked[:, 1], index=cells.index, dtype="str"),
            pd.Series(picked[:, 3].astype(np.float64), index=cells.index),
            picked[:, 2].astype(bool),
        )


def split_lte_identity(identity: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return eNodeB and cell number of 28-bit E-UTRAN cell identities; NaN where it cannot be one.

    eNodeB = ECI // 256, cell = ECI mod 256 (3GPP TS 36.413, 9.2.1.38: 20 bits and 8 bits).
    """
    values = np.asarray(identity, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        good = (values >= _LTE_SECTORS) & (values < _LTE_IDENTITIES) & (values == np.floor(values))
    safe = np.where(good, values, np.nan)
    return np.floor(safe / _LTE_SECTORS), np.mod(safe, _LTE_SECTORS)


def split_umts_identity(identity: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return RNC and cell number of 28-bit UTRAN cell identities; RNC is NaN where only 16 bits are given.

    RNC = UC-Id // 65536, cell = UC-Id mod 65536 (3GPP TS 25.331, 10.3.2.2: 12 bits and 16 bits).
    """
    values = np.asarray(identity, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        good = (values >= 0) & (values < _LTE_IDENTITIES) & (values == np.floor(values))
        long = good & (values >= _UMTS_CELLS)
    safe = np.where(good, values, np.nan)
    return np.where(long, np.floor(safe / _UMTS_CELLS), np.nan), np.mod(safe, _UMTS_CELLS)
