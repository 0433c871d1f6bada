"""The user's key for a publisher: put into the address that is asked, and into nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

__all__ = ["Secret"]

_HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Secret:
    """A key that no representation shows.

    Attributes
    ----------
    value : str
        Empty: there is none.
    """

    value: str = field(default="", repr=False)

    def put_into(self, address: str) -> str:
        """Return the address with the key in the place of ``{key}``."""
        return address.replace("{key}", quote(self.value, safe=""))

    def taken_out(self, text: str) -> str:
        """Return a text in which the key, however it is written, is made unreadable."""
        if not self.value:
            return text
        for form in {self.value, quote(self.value, safe=""), quote_plus(self.value), quote(self.value)}:
            text = text.replace(form, _HIDDEN)
        return text

    def __bool__(self) -> bool:
        return bool(self.value)
