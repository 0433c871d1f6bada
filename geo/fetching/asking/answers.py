"""What a server's headers say of the bytes that follow: which file, which part of it, how long, when to ask again."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import email.utils
import re
from collections.abc import Mapping

from geo.io.partial import PartialState

__all__ = ["content_range", "described", "retry_after_seconds"]

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_STRONG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
_SHA_256 = re.compile(r"sha-256=:?([A-Za-z0-9+/=]{44}):?", re.IGNORECASE)
_MD5 = re.compile(r"(?:^|[\s,])md5=([A-Za-z0-9+/=]{24})")


def _date(text: str | None) -> dt.datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(text or "")
    except (TypeError, ValueError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _hexadecimal(text: str, length: int) -> str:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return raw.hex() if len(raw) == length else ""


def _validator(headers: Mapping[str, str], strong_date_seconds: float) -> str:
    """Return what proves a later answer to be of the same file: a strong ETag, or a date old enough to be one (RFC 9110, 8.8)."""
    etag = headers.get("ETag", "").strip()
    if _STRONG.fullmatch(etag):
        return etag
    modified, now = _date(headers.get("Last-Modified")), _date(headers.get("Date"))
    if not etag and modified and now and (now - modified).total_seconds() >= strong_date_seconds:
        return headers["Last-Modified"].strip()
    return ""


def _digests(headers: Mapping[str, str]) -> dict[str, str]:
    """Return checksums of the whole file that the headers give: Repr-Digest (RFC 9530), Digest (RFC 3230), x-goog-hash, Content-MD5."""
    found: dict[str, str] = {}
    for name in ("Repr-Digest", "Digest"):
        if (hit := _SHA_256.search(headers.get(name, ""))) and (value := _hexadecimal(hit[1], 32)):
            found["sha256"] = value
    if (hit := _MD5.search(headers.get("x-goog-hash", ""))) and (value := _hexadecimal(hit[1], 16)):
        found["md5"] = value
    if value := _hexadecimal(headers.get("Content-MD5", ""), 16):
        found.setdefault("md5", value)
    return found


def described(headers: Mapping[str, str], *, address: str, host: str, total: int | None, strong_date_seconds: float) -> PartialState:
    """Return what an answer with a whole file says of it.

    Parameters
    ----------
    headers : mapping
        Case-insensitive.
    address : str
        Without any key.
    host : str
    total : int or None
        Bytes in all.
    strong_date_seconds : float
        Age from which a date counts as a strong validator.
    """
    encoding = headers.get("Content-Encoding", "").strip().lower()
    return PartialState(
        address=address, host=host, validator=_validator(headers, strong_date_seconds), etag=headers.get("ETag", "").strip(),
        total=total, encoding="" if encoding == "identity" else encoding, digests=_digests(headers) if not encoding else {},
    )  # fmt: skip


def content_range(headers: Mapping[str, str]) -> tuple[int, int, int | None] | None:
    """Return first byte, last byte and total of a partial answer; None if it names no single range."""
    found = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
    if found is None or int(found[1]) > int(found[2]):
        return None
    return int(found[1]), int(found[2]), None if found[3] == "*" else int(found[3])


def retry_after_seconds(headers: Mapping[str, str], now: dt.datetime) -> float | None:
    """Return how long a server asks to wait (seconds or a date: RFC 9110, 10.2.3); None if it does not say."""
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}", text):
        return float(text)
    moment = _date(text)
    return max(0.0, (moment - now).total_seconds()) if moment else None
