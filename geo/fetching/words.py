"""What a person is told of the catalogue: the list of it, and the licence before anything is fetched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from geo.errors import Bilingual
from geo.fetching.catalogue import Item
from geo.fetching.faults import data_size

__all__ = ["list_lines", "terms_lines"]

_PER = {
    "country": Bilingual("một tệp cho cả nước", "one file for the country"),
    "province": Bilingual("mỗi tỉnh một tệp", "a file per province"),
    "tile": Bilingual("mỗi mảnh một tệp", "a file per tile"),
    "listed": Bilingual("mỗi mảnh một tệp", "a file per tile"),
    "quarter": Bilingual("một tệp mỗi quý cho toàn thế giới", "a file per quarter for the whole world"),
}


def list_lines(items: Iterable[Item]) -> list[Bilingual]:
    """Return the catalogue in lines, four to an item."""
    lines = []
    for item in items:
        size, per = data_size(item.size_bytes), _PER[item.per]
        limits = Bilingual(", PHI THƯƠNG MẠI", ", NON-COMMERCIAL") if item.licence.non_commercial else Bilingual("", "")
        mark = Bilingual("  [mặc định]", "  [default]") if item.default else Bilingual("", "")
        key = Bilingual(f"; cần khóa của bạn ({item.key})", f"; needs your key ({item.key})") if item.key else Bilingual("", "")
        status = Bilingual("; địa chỉ chưa được kiểm chứng", "; address unverified") if item.status == "unverified" else Bilingual("", "")
        lines += [
            Bilingual(f"{item.code}{mark.vi}", f"{item.code}{mark.en}"),
            Bilingual(f"    {item.title.vi}: {item.kind.vi}", f"    {item.title.en}: {item.kind.en}"),
            Bilingual(
                f"    {item.licence.name}{limits.vi}; khoảng {size.vi}, {per.vi}{key.vi}{status.vi}",
                f"    {item.licence.name}{limits.en}; some {size.en}, {per.en}{key.en}{status.en}",
            ),
            Bilingual(f"    {item.publisher}, {item.page}", f"    {item.publisher}, {item.page}"),
        ]
    return lines


def terms_lines(items: Sequence[Item]) -> list[Bilingual]:
    """Return the licences of items: name, address, terms in words, and what each item asks to be named."""
    lines = []
    for licence in {item.licence.code: item.licence for item in items}.values():
        named = [item for item in items if item.licence.code == licence.code]
        lines.append(Bilingual(f"Giấy phép {licence.name} ({licence.address})", f"Licence {licence.name} ({licence.address})"))
        lines.append(Bilingual(f"  {licence.terms.vi}", f"  {licence.terms.en}"))
        lines += [
            Bilingual(
                f"  - {item.code}: {item.title.vi} ({item.kind.vi}). Ghi nguồn: {item.attribution}",
                f"  - {item.code}: {item.title.en} ({item.kind.en}). To be named: {item.attribution}",
            )
            for item in named
        ]
    return lines
