"""Words of printed pages in the language of the page, and figures as that language writes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from geo.errors import Bilingual
from geo.mapping.labels import count_text, date_text, phrase, share_text
from geo.mapping.labels import section as strings
from geo.report.phrases import number_text, phrases

__all__ = ["DASH", "Words", "coded", "communes_named", "texts", "unknown", "zone_class"]

DASH = "–"
_RESOURCE = "strings/print.toml"
_MILLIARD = 1e9


@dataclass(frozen=True, slots=True)
class Words:
    """Texts in one language."""

    language: str

    def say(self, section: str, entry: str, /, **fields: object) -> str:
        """Return a sentence of ``strings/print.toml``."""
        return phrases(_RESOURCE).say(section, entry, **fields).text(self.language)

    def map_says(self, key: str, **fields: Bilingual | str | int) -> str:
        """Return a sentence of the map's strings."""
        return phrase(key, **fields).text(self.language)

    def of(self, text: Bilingual) -> str:
        """Return a text of two languages in this one."""
        return text.text(self.language)

    def count(self, value: Any) -> str:
        """Return a whole number; a dash for what is not known, and what is no number as it stands."""
        return self._figure(value, count_text)

    def money(self, value: Any) -> str:
        """Return an amount in đồng as it is said: thousands of millions as such, with two digits."""
        if unknown(value) or abs(float(value)) < _MILLIARD:
            return self.say("figures", "dong", n=self.count(value))
        return self.say("figures", "milliards", n=self.number(float(value) / _MILLIARD, 2))

    def share(self, value: Any) -> str:
        """Return a share 0..1 as percent; a dash for what is not known, and what is no number as it stands."""
        return self._figure(value, share_text)

    def number(self, value: Any, decimals: int) -> str:
        """Return a number; a dash for what is not known, and what is no number as it stands."""
        return self._figure(value, lambda figure: number_text(figure, decimals))

    def _figure(self, value: Any, written: Callable[[float], Bilingual]) -> str:
        if unknown(value):
            return DASH
        return value if isinstance(value, str) else self.of(written(float(value)))

    def day(self, value: Any) -> str:
        """Return a date; a dash for what is not known."""
        return DASH if unknown(value) or str(value) == "" else self.of(date_text(str(value)[:10]))

    def interval(self, value: Any, low: Any, high: Any) -> str:
        """Return a figure with its interval, if it has one."""
        if unknown(value) or unknown(low) or unknown(high):
            return self.count(value)
        return f"{self.count(value)} ({self.count(low)}{DASH}{self.count(high)})"


def zone_class(words: Words, code: Any) -> str:
    """Return a zone's class in few words; the code itself where there are none."""
    return words.say("zone_class", str(code)) if phrases(_RESOURCE).has("zone_class", str(code)) else str(code)


def communes_named(names: Mapping[str, str], codes: Any) -> str:
    """Return the names of communes; a code that no commune has stands as it is."""
    return DASH if unknown(codes) or not str(codes) else ", ".join(names.get(code, code) for code in str(codes).split("; "))


def coded(words: Words, section: str, codes: Any) -> str:
    """Return the map's words of codes joined by ``"; "``; a code that has none stands as it is."""
    if unknown(codes) or not str(codes):
        return DASH
    known = strings(section)
    return "; ".join(words.map_says(f"{section}.{code}") if code in known else code for code in str(codes).split("; "))


def texts(frame: pd.DataFrame, column: str) -> pd.Series:
    """Return a column as plain texts, whatever stands in them: pandas' own texts refuse halves of a letter pair."""
    return pd.Series([str(value) for value in frame[column]], index=frame.index, dtype=object)


def unknown(value: Any) -> bool:
    """Tell whether a cell of a table holds nothing."""
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value))
