"""From the text of a list, or of a redirect, to what may be asked: a name in the form of DNS, a scheme, a port, a path.

The texts come from files and servers of others. Nothing but http and https is taken, no user names, no control characters, no ports
beside those allowed; names become A-labels (IDNA 2008, UTS 46).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

import idna

from geo.text import clean

__all__ = ["BAD_HOSTS", "BadHostError", "Target", "joined", "target_of"]

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_LONGEST = 2000
_PATH_SAFE = "/%:@!$&'()*+,;=~-._"
BAD_HOSTS = ("no_host", "not_http", "control_character", "user_in_address", "bad_name", "bad_port", "port_not_allowed", "too_long")


class BadHostError(ValueError):
    """A text that may not be asked; ``args[0]`` is the code of the reason, one of :data:`BAD_HOSTS`."""

    @property
    def code(self) -> str:
        """The reason."""
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked for.

    Attributes
    ----------
    host : str
        A-labels in lower case without a final dot, or an address.
    scheme : str
        ``http``, ``https`` or empty where the text said neither.
    port : int or None
        Where the text named one.
    path : str
        With query, percent-encoded; begins with ``/``.
    """

    host: str
    scheme: str
    port: int | None
    path: str

    @property
    def address(self) -> str:
        """The host where it is an address, else empty."""
        try:
            return str(ipaddress.ip_address(self.host))
        except ValueError:
            return ""

    def url(self, scheme: str, default: int) -> str:
        """Return the whole address under a scheme; ``default`` is its port unless the text named one for this scheme."""
        port = self.port if self.port is not None and self.scheme in {"", scheme} else default
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[scheme]
        return f"{scheme}://{host}{'' if port == usual else f':{port}'}{self.path}"


def target_of(text: object, *, allowed_ports: Collection[int] = ()) -> Target:
    """Return what the text of a list asks for: a URL, or a name with or without port and path.

    Raises
    ------
    BadHostError
    """
    raw = str(text) if isinstance(text, str) else ""
    if _CONTROL.search(raw.strip()):
        raise BadHostError("control_character")
    whole = clean(raw)
    if not whole:
        raise BadHostError("no_host")
    if len(whole) > _LONGEST:
        raise BadHostError("too_long")
    named = _SCHEME.match(whole)
    scheme = ""
    if named and whole[named.end() :].startswith("//"):
        scheme = named.group(1).lower()
    elif named and not re.match(r"\d{1,5}(?:$|[/?#])", whole[named.end() :]):  # not name:port
        raise BadHostError("not_http")
    if scheme not in {"", "http", "https"}:
        raise BadHostError("not_http")
    try:
        parts = urlsplit(whole if scheme else f"//{whole.removeprefix('//')}")
        port = parts.port
    except ValueError as error:
        raise BadHostError("bad_port" if "ort" in str(error) else "bad_name") from error
    if "@" in parts.netloc or "\\" in whole:
        raise BadHostError("user_in_address")
    if port is not None and allowed_ports and port not in allowed_ports:
        raise BadHostError("port_not_allowed")
    path = quote(parts.path or "/", safe=_PATH_SAFE)
    query = f"?{quote(parts.query, safe=_PATH_SAFE + '?')}" if parts.query else ""
    return Target(_host(parts.hostname or ""), scheme, port, path + query)


def joined(base: str, location: str, *, allowed_ports: Collection[int] = ()) -> Target:
    """Return where a redirect leads, checked like any other text.

    Raises
    ------
    BadHostError
    """
    try:
        return target_of(urljoin(base, location.strip()), allowed_ports=allowed_ports)
    except ValueError as error:
        if isinstance(error, BadHostError):
            raise
        raise BadHostError("bad_name") from error


def _host(text: str) -> str:
    name = text.rstrip(".").lower()
    if not name:
        raise BadHostError("no_host")
    try:
        value = ipaddress.ip_address(name)
    except ValueError:
        pass
    else:
        if getattr(value, "scope_id", None):
            raise BadHostError("bad_name")  # of one interface of one machine
        return str(value)
    try:
        ascii_name = name if name.isascii() else idna.encode(name, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise BadHostError("bad_name") from error
    labels = ascii_name.split(".")
    # A name without a dot, or one that ends in a number (0x7f.1, 2130706433), is for this machine's own reading of addresses.
    if len(ascii_name) > 253 or len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels) or re.fullmatch(r"\d+|0x[0-9a-f]*", labels[-1]):
        raise BadHostError("bad_name")
    return ascii_name
