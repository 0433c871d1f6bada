"""What the pages of an atlas share: content, words, colours, shapes, ranks."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from geo.crs import zone_label
from geo.errors import InputError
from geo.io.resources import load_toml
from geo.mapping.archipelagos import placed_archipelagos
from geo.mapping.palette import palette
from geo.report.ground import Ground, ground_of, zone_layer
from geo.report.paper import PAPERS
from geo.report.print_words import Words, texts
from geo.report.printed import Printed
from geo.report.ranking import Ranking, possible_ranks

__all__ = ["Book"]


class Book:
    """An atlas in the making.

    Parameters
    ----------
    printed : Printed
    paper : str
        A key of :data:`geo.report.paper.PAPERS`.

    Raises
    ------
    InputError
        If there is no such paper.
    """

    def __init__(self, printed: Printed, paper: str) -> None:
        if paper not in PAPERS:
            raise InputError(
                f"Khổ giấy '{paper}' không có; chọn một trong: {', '.join(PAPERS)}.", f"There is no paper '{paper}'; choose one of: {', '.join(PAPERS)}."
            )
        self.printed, self.content, self.paper = printed, printed.content, paper
        self.words = Words(self.content.language)
        self.colours = palette()
        self.lists = load_toml("paper.toml")["lists"]
        self.archipelagos = placed_archipelagos(self.content.communes)

    @cached_property
    def ground(self) -> Ground:
        """Shapes in the coordinates of the run."""
        return ground_of(self.content)

    @cached_property
    def names(self) -> dict[str, str]:
        """Names of communes by code."""
        frame = self.content.communes
        return {} if frame is None else dict(zip(texts(frame, "commune_code"), texts(frame, "commune_name"), strict=True))

    @property
    def codes(self) -> list[str]:
        """Codes of the communes, in their order."""
        return list(self.names)

    @cached_property
    def ranking(self) -> Ranking | None:
        """Possible ranks of the communes; None without communes."""
        return None if self.content.communes is None else possible_ranks(pd.DataFrame(self.content.communes.drop(columns="geometry")), self.codes)

    @property
    def has_zones(self) -> bool:
        """Whether the run has a list of dead zones."""
        return zone_layer(self.content) is not None

    @cached_property
    def cell_text(self) -> str:
        """Size of a cell of the grid, in metres."""
        layers = (*self.content.all_operators, *self.content.coverage)
        return self.words.number(layers[0].grid.cell_size, 0) if layers else "–"

    def commune_key(self, code: str) -> str:
        """Return the mark of a commune's page; empty if it has none."""
        return f"commune-{self.codes.index(code)}" if code in self.names else ""

    def crs_line(self, step_m: int) -> str:
        """Return which coordinate system and grid a map has."""
        words = self.words
        return words.say("map", "crs", name=zone_label(self.ground.epsg), step=words.number(step_m, 0)) + " " + words.say("map", "boundaries")
