"""The paths to one place as a page: pictures, parts of the loss, sentences; one sealed HTML file without script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geo.errors import Bilingual
from geo.io.assets import template_text
from geo.mapping.escape import SafeText, vn_safe
from geo.mapping.page import drawing, environment, inline_code, policy
from geo.report.phrases import phrases

__all__ = ["PathEntry", "PathPage", "StoryEntry", "path_page"]

_FOLDER = "explain"
Row = tuple[Bilingual, Bilingual]


@dataclass(frozen=True, slots=True)
class PathEntry:
    """One path.

    Attributes
    ----------
    title : Bilingual
    short : tuple of Bilingual
        Cells of the summary's row: cell, distance, level, against the threshold, what is in the way.
    lines : tuple of Bilingual
        Sentences.
    parts : tuple of (Bilingual, Bilingual)
        Caption and value, top to bottom.
    wide, narrow : str
        The picture (:func:`geo.report.profile.profile_picture`) for a desk and for a phone, without its
        heading; empty where nothing can be drawn.
    picture : str
        The same as a file of its own, with its heading.
    """

    title: Bilingual
    short: tuple[Bilingual, ...]
    lines: tuple[Bilingual, ...]
    parts: tuple[Row, ...] = ()
    wide: str = ""
    narrow: str = ""
    picture: str = ""


@dataclass(frozen=True, slots=True)
class StoryEntry:
    """How the figures of one layer came about: parts that add up, and sentences."""

    title: Bilingual
    parts: tuple[Row, ...]
    lines: tuple[Bilingual, ...]


@dataclass(frozen=True, slots=True)
class PathPage:
    """What the page shows.

    Attributes
    ----------
    title, about : Bilingual
    notes : tuple of Bilingual
        What holds of the place or of all paths.
    entries : tuple of PathEntry
        Best first.
    levels, method : tuple of Bilingual
    made_up : bool
    language : str
    stories : tuple of StoryEntry
        How each layer's figures came about.
    corrected : bool
        Whether the levels of the summary are corrected ones.
    """

    title: Bilingual
    about: Bilingual
    notes: tuple[Bilingual, ...]
    entries: tuple[PathEntry, ...]
    levels: tuple[Bilingual, ...]
    method: tuple[Bilingual, ...]
    made_up: bool
    language: str
    stories: tuple[StoryEntry, ...] = ()
    corrected: bool = False


def path_page(content: PathPage) -> bytes:
    """Return the page as UTF-8 HTML; the same content gives the same bytes.

    Raises
    ------
    ResourceError
        If a text or template that ships with the package is missing, or a picture holds more than shapes
        and escaped text.
    """
    language, words = content.language, phrases("results/signal.toml")

    def safe(text: Bilingual) -> SafeText:
        return vn_safe(text.text(language))

    def every(texts: Sequence[Bilingual]) -> list[SafeText]:
        return [safe(text) for text in texts]

    level = "level_corrected" if content.corrected else "level"
    style = inline_code(template_text(f"{_FOLDER}/page.css"))
    values = {
        "page": {
            "language": vn_safe(language),
            "title": safe(content.title),
            "about": safe(content.about),
            "policy": policy([], [style]),
            "style": style,
        },
        "made_up": safe(words.say("lines", "made_up")) if content.made_up else None,
        "notes": every(content.notes),
        "columns": every([words.say("table", name) for name in ("cell", "distance", level, "against", "why")]),
        "part_columns": every([words.say("table", name) for name in ("part", "value")]),
        "say": {name: safe(words.say("heading", name)) for name in ("summary", "levels", "method")},
        "stories": [
            {"title": safe(story.title), "parts": [every(row) for row in story.parts], "lines": every(story.lines)} for story in content.stories
        ],
        "entries": [
            {
                "title": safe(entry.title),
                "short": every(entry.short),
                "lines": every(entry.lines),
                "parts": [every(row) for row in entry.parts],
                "wide": drawing(entry.wide),
                "narrow": drawing(entry.narrow),
            }
            for entry in content.entries
        ],
        "levels": every(content.levels),
        "method": every(content.method),
    }
    return environment(_FOLDER).get_template("page.html").render(values).encode("utf-8")
