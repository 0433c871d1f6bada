"""Sentences of a resource file filled in both languages, and numbers as each language writes them (:mod:`geo.numbers`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from geo.errors import Bilingual, ResourceError
from geo.io.resources import load_toml
from geo.numbers import number_text, short_number_text

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


def joined(parts: Iterable[Bilingual], by: str = ", ") -> Bilingual:
    """Return texts in a row; a dash where there is none."""
    every = list(parts)
    return Bilingual(by.join(p.vi for p in every) or "–", by.join(p.en for p in every) or "–")
