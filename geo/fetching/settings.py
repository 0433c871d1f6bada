"""Settings of fetching; values, units and sources stand in ``resources/fetching.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from geo.io.resources import load_toml

__all__ = ["AreaSettings", "AskingSettings", "FetchLimits", "FetchSettings", "fetch_settings"]


@dataclass(frozen=True, slots=True)
class AskingSettings:
    """How a server is asked: times, tries, pauses; see ``resources/fetching.toml`` for each."""

    connect_seconds: float
    silence_seconds: float
    slow_seconds: float
    slow_bytes: int
    tries: int
    most_rounds: int
    again_seconds: float
    longest_wait_seconds: float
    most_redirects: int
    pause_seconds: float
    strong_date_seconds: float
    checksum_bytes: int
    user_agent: str


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Sizes beyond which something is refused.

    Attributes
    ----------
    size_factor : float
        A file so many times larger than the catalogue expects is refused.
    smallest_limit_bytes : int
        No file is refused for its size below this.
    spare_bytes : int
        Left free on the disk.
    archive_members : int
    blocks_read : int
        Blocks of a raster that are decoded.
    key_characters : int
    """

    size_factor: float
    smallest_limit_bytes: int
    spare_bytes: int
    archive_members: int
    blocks_read: int
    key_characters: int

    def most_bytes(self, expected_bytes: int) -> int:
        """Return the size beyond which a file is refused."""
        return max(self.smallest_limit_bytes, int(expected_bytes * self.size_factor))


@dataclass(frozen=True, slots=True)
class AreaSettings:
    """What is fetched around a province, and which quarter.

    Attributes
    ----------
    margin_m : float
    quarter_ready_days : int
    """

    margin_m: float
    quarter_ready_days: int


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """All of them."""

    asking: AskingSettings
    limits: FetchLimits
    area: AreaSettings


@lru_cache(maxsize=1)
def fetch_settings() -> FetchSettings:
    """Return the settings that ship with the package."""
    content = load_toml("fetching.toml")

    def values(section: str) -> dict[str, Any]:
        return {name: entry["value"] for name, entry in content[section].items()}

    return FetchSettings(AskingSettings(**values("asking")), FetchLimits(**values("limits")), AreaSettings(**values("area")))
