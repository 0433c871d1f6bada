"""What nobody else may see: the user's key for a publisher, put into the address that is asked, and name and password for a mirror, put
into a header for it; into nothing else.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

__all__ = ["Secret"]

_HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Secret:
    """A key, or name and password, that no representation shows.

    Attributes
    ----------
    value : str
        Key; empty: there is none.
    login : str
        ``name:password``; empty: there is none.
    """

    value: str = field(default="", repr=False)
    login: str = field(default="", repr=False)

    @property
    def authorization(self) -> dict[str, str]:
        """Header that bears name and password (RFC 7617), nothing without them."""
        return {"Authorization": f"Basic {self._packed()}"} if self.login else {}

    def _packed(self) -> str:
        return base64.b64encode(self.login.encode()).decode("ascii")

    def put_into(self, address: str) -> str:
        """Return the address with the key in the place of ``{key}``."""
        return address.replace("{key}", quote(self.value, safe=""))

    def taken_out(self, text: str) -> str:
        """Return a text in which key and password, however they are written, are made unreadable."""
        for word in (self.value, self.login.partition(":")[2]):
            for form in {word, quote(word, safe=""), quote_plus(word), quote(word)} - {""}:
                text = text.replace(form, _HIDDEN)
        return text.replace(self._packed(), _HIDDEN) if self.login else text

    def __bool__(self) -> bool:
        return bool(self.value or self.login)
