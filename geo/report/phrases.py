"""Sentences of a resource file filled in both languages, and numbers as each language writes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from geo.errors import Bilingual, ResourceError
from geo.io.resources import load_toml

__all__ = ["Phrases", "joined", "number_text", "phrases", "short_number_text"]


class Phrases:
    """The sentences of one file under ``geo/resources``: ``[section]``, entry, ``{ vi = …, en = … }``."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._content: Mapping[str, Any] = load_toml(name)

    def has(self, section: str, entry: str) -> bool:
        """Tell whether there is such a sentence."""
        return entry in self._content.get(section, {})

    def say(self, section: str, entry: str, /, **fields: object) -> Bilingual:
        """Return a sentence with its ``{name}`` fields filled, each in the sentence's language; not escaped.

        Raises
        ------
        ResourceError
            If the sentence or a field is missing.
        """
        try:
            texts = self._content[section][entry]
            return Bilingual(
                *(
                    str(texts[language]).format_map(
                        {k: v.text(language) if isinstance(v, Bilingual) else v for k, v in fields.items()}
                    )
                    for language in ("vi", "en")
                )
            )
        except KeyError as error:
            raise ResourceError(
                f"Thiếu {error} cho '{section}.{entry}' trong {self._name}.",
                f"{error} is missing for '{section}.{entry}' in {self._name}.",
            ) from error


@lru_cache(maxsize=8)
def phrases(name: str) -> Phrases:
    """Return the sentences of a file, read once."""
    return Phrases(name)


def number_text(value: float, decimals: int = 0) -> Bilingual:
    """Return a number rounded: ``1.234,5`` and ``1,234.5``; never ``-0``."""
    english = f"{value:,.{decimals}f}"
    if not english.strip("-0.,"):
        english = english.lstrip("-")
    return Bilingual(english.translate(str.maketrans(",.", ".,")), english)


def short_number_text(value: float, decimals: int = 1) -> Bilingual:
    """Return :func:`number_text` without zeros at the end: ``1.842,5`` and ``900``."""
    text = number_text(value, decimals)
    if decimals == 0:
        return text
    english = text.en.rstrip("0").rstrip(".")
    return Bilingual(text.vi[: len(english)], english)


def joined(parts: Iterable[Bilingual], by: str = ", ") -> Bilingual:
    """Return texts in a row; a dash where there is none."""
    every = list(parts)
    return Bilingual(by.join(p.vi for p in every) or "–", by.join(p.en for p in every) or "–")
