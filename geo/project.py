"""What a project is: the inputs, rules and settings of one review, frozen.

The file itself is read by :mod:`geo.io.project`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from geo.positions import PositionSettings

__all__ = ["Project", "ProjectSettings"]


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """Values of ``resources/settings.toml`` after the project file's own; see there for sources."""

    survive_share: float
    margin_m: float
    lead_share: float
    reach_m: float
    same_mast_m: float
    sector_spread_m: float
    site_split_m: float
    pairs_differ_m: float

    @property
    def positions(self) -> PositionSettings:
        """The part that settles coordinates."""
        return PositionSettings(
            self.survive_share, self.margin_m, self.lead_share, self.reach_m, self.pairs_differ_m
        )


@dataclass(frozen=True, slots=True)
class Project:
    """One project file, checked.

    Attributes
    ----------
    path : Path
        The project file; inputs are relative to its folder.
    name : str
    provinces : tuple of str
        GSO codes; empty: the boundaries given are the area.
    operators : tuple of str
        "Every operator" means these.
    date : date
        Decides which rules and technologies count.
    cell_size_m : float
    language : str
        ``"vi"`` or ``"en"``.
    inputs : mapping
        Kind of input to the entries as written (normalised to tables with ``path``).
    rules_catalogue : str
    extra : mapping
        The department's own catalogue file, parsed; empty if none.
    extra_path : Path or None
    plan : mapping
        The ``[plan]`` table as written (used by the planning part).
    settings : ProjectSettings
    analysis : mapping
        Keys of ``[settings]`` that belong to the analysis stages, by name.
    defaults_used : tuple of str
        Names of project settings that the file left out.
    """

    path: Path
    name: str
    provinces: tuple[str, ...]
    operators: tuple[str, ...]
    date: dt.date
    cell_size_m: float
    language: str
    inputs: Mapping[str, tuple[Mapping[str, object], ...]]
    rules_catalogue: str
    extra: Mapping[str, object]
    extra_path: Path | None
    plan: Mapping[str, object]
    settings: ProjectSettings
    analysis: Mapping[str, object] = field(default_factory=dict)
    defaults_used: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Folder that paths are relative to."""
        return self.path.parent
