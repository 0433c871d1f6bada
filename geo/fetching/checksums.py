"""Checksums: whose they are, and what they prove."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from geo.errors import Bilingual

__all__ = ["Checksum", "checksum_in"]

_DIGITS = {"md5": 32, "sha256": 64}
_MEANINGS = {
    "publisher": Bilingual("Khớp với mã kiểm tra nơi phát hành công bố.", "It agrees with the checksum that the publisher gives."),
    "catalogue": Bilingual("Khớp với mã kiểm tra ghi trong danh mục.", "It agrees with the checksum in the catalogue."),
    "server": Bilingual("Khớp với mã kiểm tra máy chủ gửi kèm.", "It agrees with the checksum that the server sent with it."),
    "mirror": Bilingual("Khớp với mã ghi ở bản sao; bản sao có thể sai như nhau.", "It agrees with what the mirror recorded; both may be wrong alike."),
    "first_download": Bilingual(
        "Nơi phát hành không công bố mã kiểm tra; đây chỉ là mã của lần tải này, để nhận ra thay đổi về sau.",
        "The publisher gives no checksum; this is only the one of this download, to notice a later change.",
    ),
}


@dataclass(frozen=True, slots=True)
class Checksum:
    """A checksum that a file was held against, or its own.

    Attributes
    ----------
    kind : str
        ``md5`` or ``sha256``.
    value : str
        Hexadecimal.
    origin : str
        publisher, catalogue, server, mirror, first_download.
    notes : tuple of Bilingual
    """

    kind: str
    value: str
    origin: str
    notes: tuple[Bilingual, ...] = ()

    @property
    def meaning(self) -> Bilingual:
        """What it proves."""
        return _MEANINGS[self.origin]


def checksum_in(text: str, kind: str, names: Sequence[str]) -> str:
    """Return the checksum of a file in a text as ``md5sum`` writes it: alone, or on the file's line; "" if there is none.

    Parameters
    ----------
    text : str
    kind : str
    names : sequence of str
        Names that the file may have in the list.
    """
    pattern = re.compile(rf"\s*\\?([0-9a-fA-F]{{{_DIGITS[kind]}}})(?:\s+\*?(\S.*?))?\s*")
    lines = [hit for line in text.splitlines() if (hit := pattern.fullmatch(line))]
    for hit in lines:
        if hit[2] and hit[2].rpartition("/")[2] in names:
            return hit[1].lower()
    return lines[0][1].lower() if len(lines) == 1 else ""
