"""What becomes of a downloaded file: taken as it is, unpacked, joined, cut to the area; each result looked into once more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from geo.errors import Bilingual
from geo.fetching.catalogue import filled
from geo.fetching.faults import FetchError
from geo.fetching.plan import Wanted, WantedPart
from geo.fetching.settings import FetchLimits
from geo.io.cutting import cut_csv, cut_parquet, cut_vector, join_geojson
from geo.io.file_kinds import check_file
from geo.io.speed_forms import speed_setting
from geo.io.unpacking import Archive, decode_gzip, open_archive, open_gzip

__all__ = ["Made", "make_results"]

_KINDS = {".tif": "geotiff", ".tiff": "geotiff", ".hgt": "hgt", ".csv": "csv", ".parquet": "parquet"}


@dataclass(frozen=True, slots=True)
class Made:
    """Finished files, still outside their place.

    Attributes
    ----------
    files : tuple of Path
    inputs : tuple of dict
        Per part: input, file names, options, whether a project uses it, remark.
    notes : tuple of Bilingual
    """

    files: tuple[Path, ...]
    inputs: tuple[dict[str, Any], ...]
    notes: tuple[Bilingual, ...]


def make_results(wanted: Wanted, source: Path, making: Path, limits: FetchLimits) -> Made:
    """Make the results of a file that was found whole.

    Parameters
    ----------
    wanted : Wanted
    source : Path
        The file as it came.
    making : Path
        Folder for the results.
    limits : FetchLimits

    Raises
    ------
    InputError
        If the content is damaged, unsafe, far too large, or lacks what it must have.
    """
    files: list[Path] = []
    inputs: list[dict[str, Any]] = []
    notes: list[Bilingual] = []
    for number, part in enumerate(wanted.parts):
        folder = making / f"part{number}"
        folder.mkdir()
        made, said = _part(wanted, part, source, folder, limits)
        notes += said
        for file in made if part.part.form != "as_is" or wanted.item.content in {"zip", "gzip"} else ():  # else it was looked into
            kind = _KINDS.get(file.suffix.lower(), "other")
            columns = part.part.columns if part.part.form == "csv" else ()
            check_file(file, kind=kind, label=f"{wanted.item.code}/{file.name}", columns=columns, blocks=limits.blocks_read)
        if made:
            remark = part.part.remark
            inputs.append(
                {
                    "input": part.part.input, "files": sorted(f.name for f in made), "options": {k: filled(v, wanted.values) for k, v in part.part.options.items()},
                    "use": part.part.use, "remark": {"vi": remark.vi, "en": remark.en} if remark else None,
                }
            )  # fmt: skip
        files += made
    return Made(tuple(files), tuple(inputs), tuple(notes))


def _part(wanted: Wanted, part: WantedPart, source: Path, folder: Path, limits: FetchLimits) -> tuple[list[Path], list[Bilingual]]:
    most = limits.most_bytes(wanted.item.unpacked_bytes)
    if wanted.item.content == "zip":
        with open_archive(
            source, patterns=part.members, most_bytes=most, most_members=limits.archive_members, label=wanted.label
        ) as archive:
            return _from_archive(wanted, part, archive, folder)
    target = folder / (part.file or wanted.name.removesuffix(".gz"))
    boxes = wanted.area.boxes if wanted.area else None
    if part.part.form == "parquet":
        zoom = int(speed_setting("quadkey_zoom"))
        count = cut_parquet(source, target, quadkey=part.part.columns[0], zoom=zoom, boxes=boxes, label=wanted.label)
        return _unless_empty(wanted, target, count)
    if part.part.form == "csv":
        lon, lat = part.part.columns
        with open_gzip(source, most_bytes=most, label=wanted.label) as stream:
            count = cut_csv(stream, target, lon=lon, lat=lat, header=part.part.header, boxes=boxes, label=wanted.label)
        return _unless_empty(wanted, target, count)
    if wanted.item.content == "gzip":
        decode_gzip(source, target, most_bytes=most, label=wanted.label)
    else:
        source.rename(target)
    return [target], []


def _unless_empty(wanted: Wanted, target: Path, count: int) -> tuple[list[Path], list[Bilingual]]:
    if count:
        return [target], []
    target.unlink(missing_ok=True)
    return [], [
        Bilingual(f"'{wanted.label}' không có dòng nào ở vùng này.", f"'{wanted.label}' has no row in this area."),
    ]


def _from_archive(wanted: Wanted, part: WantedPart, archive: Archive, folder: Path) -> tuple[list[Path], list[Bilingual]]:
    found = {pattern: archive.matching(pattern) for pattern in part.members}
    missing = [pattern for pattern, members in found.items() if not members]
    members = list({m.filename: m for matches in found.values() for m in matches}.values())
    tiles = bool(part.part.member_degrees and wanted.item.sea)
    if missing and not tiles:
        raise FetchError(
            f"'{wanted.label}' không chứa tệp cần tìm cho '{part.part.input}'; nơi phát hành có thể đã đổi cấu trúc, hãy sửa danh mục.",
            f"'{wanted.label}' does not hold what is wanted for '{part.part.input}'; the publisher may have changed it, mend the catalogue.",
        )
    notes = []
    if missing:
        names = ", ".join(tile for tile, pattern in zip(part.tiles, part.members, strict=True) if pattern in missing)
        notes.append(
            Bilingual(
                f"'{wanted.label}' không có mảnh {names}; bình thường nếu là biển, nếu là đất liền thì thiếu dữ liệu ở đó.",
                f"'{wanted.label}' does not hold {names}; normal for open sea, on land data are missing there.",
            )
        )
    if part.part.form == "geojson":
        target = folder / part.file

        def streams() -> Iterator[tuple[str, IO[bytes]]]:
            for member in members:
                with archive.reading(member) as stream:
                    yield member.filename, stream

        join_geojson(streams(), target, stamps=part.part.stamps, label=wanted.label)
        return [target], notes
    made = [archive.extract(member, folder) for member in members]
    if part.part.form != "vector":
        return made, notes
    shapes = [m for m in made if m.suffix.lower() == ".shp"]
    if len(shapes) != 1:
        raise FetchError(f"'{wanted.label}' phải chứa đúng một Shapefile.", f"'{wanted.label}' must hold exactly one Shapefile.")
    target = folder / "cut" / part.file
    target.parent.mkdir()
    count = cut_vector(shapes[0], target, boxes=wanted.area.boxes if wanted.area else None, label=wanted.label)
    kept, said = _unless_empty(wanted, target, count)
    return kept, notes + said
