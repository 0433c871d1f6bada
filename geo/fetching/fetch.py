"""From a wanted file to finished ones: brought, held against checksums, looked into, unpacked, cut, recorded.

Whatever goes wrong ends in one sentence; the folder then holds finished files only, and, after a cut, the bytes to go on with in
``.unfinished``.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import errno
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit, urlunsplit

from geo.errors import Bilingual, InputError
from geo.fetching.asking.secret import Secret
from geo.fetching.asking.transfer import AbsentError, Asked, fetch_bytes, fetch_text
from geo.fetching.checksums import Checksum, checksum_in
from geo.fetching.faults import CutError, FetchError, data_size
from geo.fetching.plan import Wanted
from geo.fetching.presence import is_present, record_area
from geo.fetching.results import make_results
from geo.fetching.settings import FetchSettings
from geo.io.fetched import FetchFolder
from geo.io.file_kinds import check_file, looks_like
from geo.io.files import digest
from geo.io.partial import FileDigests, PartialFile, PartialState, file_digests
from geo.io.unpacking import decode_gzip

__all__ = ["Fetcher", "Mirror", "Outcome"]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where files are taken from instead of the publishers: ``<item>/<name>`` under a folder or an address.

    Attributes
    ----------
    folder : Path or None
    address : str
        Without name and password: it is kept beside an unfinished file.
    secret : Secret
        Name and password, where the address named them.
    """

    folder: Path | None = None
    address: str = ""
    secret: Secret = field(default_factory=Secret)

    @classmethod
    def at(cls, text: str) -> Mirror:
        """Return the mirror of a web address, name and password taken out of it.

        Raises
        ------
        InputError
            If it is no address of a folder on the web.
        """
        try:
            parts = urlsplit(text)
            usable = bool(parts.hostname) and parts.scheme in {"http", "https"} and not (parts.query or parts.fragment)
            _ = parts.port  # raises for what is no port
        except ValueError:
            usable = False
        if not usable:
            raise InputError(
                "--mirror: địa chỉ không hợp lệ; cần dạng https://máy/đường-dẫn, không có '?' hay '#'.",
                "--mirror: no valid address; it should be like https://host/path, without '?' or '#'.",
            )
        login, _, host = parts.netloc.rpartition("@")
        name, _, word = login.partition(":")
        secret = Secret(login=f"{unquote(name)}:{unquote(word)}") if login else Secret()
        return cls(address=urlunsplit((parts.scheme, host, parts.path, "", "")), secret=secret)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a wanted file.

    Attributes
    ----------
    wanted : Wanted
    state : {"fetched", "present", "absent", "empty"}
        ``absent``: the publisher has no such tile (open sea); ``empty``: nothing of it lies in the area.
    files : tuple of Path
    notes : tuple of Bilingual
    """

    wanted: Wanted
    state: Literal["fetched", "present", "absent", "empty"]
    files: tuple[Path, ...] = ()
    notes: tuple[Bilingual, ...] = ()


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Brings files.

    Attributes
    ----------
    folder : FetchFolder
    settings : FetchSettings
    accepted : str
        How the licence was accepted; stands in the record.
    mirror : Mirror or None
    hosts : tuple of str
        Hosts that the person allows beside the catalogue's.
    secrets : mapping
        Item to the user's key.
    again : bool
        Fetch finished files anew.
    keep : bool
        Keep archives too, so that the folder can serve as a mirror.
    clock : callable
        Gives the time of the record.
    progress : callable
        Told label, bytes so far, bytes in all.
    """

    folder: FetchFolder
    settings: FetchSettings
    accepted: str
    mirror: Mirror | None = None
    hosts: tuple[str, ...] = ()
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    again: bool = False
    keep: bool = False
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    progress: Callable[[str, int, int | None], None] = lambda _label, _done, _total: None

    def fetch(self, wanted: Wanted) -> Outcome:
        """Bring one file, unless it is there.

        Raises
        ------
        CutError
            If it could not be had to its end; the same call goes on with it.
        FetchError
            If it cannot be had or is not what it should be.
        """
        item = wanted.item
        former = self.folder.record(item.code, wanted.record)
        if former is not None and not self.again and is_present(self.folder, wanted):
            files = tuple(self.folder.root / item.code / entry["file"] for entry in former["files"])
            return Outcome(wanted, "present" if files else "empty", files)
        part = self.folder.part(item.code, wanted.name)
        with _said(wanted, part):
            try:
                state, via = self._bring(wanted, part)
            except AbsentError:
                if not (item.sea and item.per == "tile"):
                    raise
                return Outcome(wanted, "absent")
            digests = file_digests(part.path)
            checksum = self._checksum(wanted, state, digests)
            with self.folder.making(item.code, wanted.name) as making:
                source = self._plain(wanted, part, state, making)
                check_file(
                    source, kind=item.content, label=wanted.label, blocks=self.settings.limits.blocks_read,
                    columns=[c for w in wanted.parts if w.part.form == "parquet" for c in w.part.columns],
                )  # fmt: skip
                made = make_results(wanted, source, making, self.settings.limits)
                empty = not made.files
                names = {file.name for file in made.files}
                if self.keep and not empty and wanted.name not in names:
                    made = replace(made, files=(*made.files, source.rename(making / wanted.name)))
                notes = checksum.notes + made.notes + self._changed(former, wanted, digests)
                record = self._record(wanted, state, via, digests, checksum, made.files, made.inputs, notes)
                # What has nothing in the area is recorded too, lest the next run fetches it all again.
                places = self.folder.put(item.code, wanted.record, made.files, record)
            part.discard()
        return Outcome(wanted, "empty" if empty else "fetched", tuple(places), notes)

    def _bring(self, wanted: Wanted, part: PartialFile) -> tuple[PartialState, str]:
        item, limits = wanted.item, self.settings.limits
        address, via, secret = wanted.address, "publisher", self.secrets.get(item.code, Secret())
        if self.mirror is not None and self.mirror.folder is not None:
            return self._copied(wanted, part, self.mirror.folder), f"mirror folder '{self.mirror.folder.name}'"
        if self.mirror is not None:
            address, secret = f"{self.mirror.address.rstrip('/')}/{item.code}/{wanted.name}", self.mirror.secret
            via = f"mirror {urlsplit(address).hostname}"
        most = limits.most_bytes(item.size_bytes)
        asked = Asked(
            address=address, label=wanted.label, content=item.content, hosts=(*item.hosts, *self.hosts), most_bytes=most, refusals=item.refusals,
            room=lambda total: self._room(wanted, total - part.size()), progress=lambda done, total: self.progress(wanted.label, done, total),
        )  # fmt: skip
        self._room(wanted, item.size_bytes - part.size())
        state = asyncio.run(fetch_bytes(asked, part, self.settings.asking, secret))
        return state, via

    def _room(self, wanted: Wanted, coming: int) -> None:
        """Hold what is to come, packed and unpacked, against what the disk has left."""
        item = wanted.item
        unpacked = item.unpacked_bytes if item.unpacked_bytes > item.size_bytes else 0
        needed, free = max(0, coming) + unpacked + self.settings.limits.spare_bytes, self.folder.free_bytes()
        if needed > free:
            need, have = data_size(needed), data_size(free)
            raise FetchError(
                f"'{wanted.label}': cần {need.vi} trống trên ổ đĩa, chỉ còn {have.vi}; chưa tải gì.",
                f"'{wanted.label}': {need.en} of free disk are needed, {have.en} are left; nothing was fetched.",
            )

    def _copied(self, wanted: Wanted, part: PartialFile, folder: Path) -> PartialState:
        found = next((p for p in (folder / wanted.item.code / wanted.name, folder / wanted.name) if p.is_file()), None)
        if found is None:
            error = AbsentError if wanted.item.sea else FetchError
            raise error(
                f"'{wanted.label}': bản sao '{folder.name}' không có tệp này.", f"'{wanted.label}': the mirror '{folder.name}' has no such file."
            )
        self._room(wanted, found.stat().st_size)
        self.folder.copy_in(found, part)
        known = FetchFolder(folder).recorded_sha256(wanted.item.code, wanted.name)
        return PartialState(address=wanted.address, total=found.stat().st_size, digests={"sha256": known} if known else {})

    def _checksum(self, wanted: Wanted, state: PartialState, digests: FileDigests) -> Checksum:
        """Return the checksum that the file was held against, or its own with the word that it is only that."""
        item = wanted.item
        known: list[Checksum] = []
        notes: list[Bilingual] = []
        if item.sha256:
            known.append(Checksum("sha256", item.sha256, "catalogue"))
        known += [Checksum(kind, value, "server" if self.mirror is None else "mirror") for kind, value in state.digests.items()]
        if item.checksum_address and self.mirror is None:
            asked = Asked(wanted.checksum_address, wanted.label, "", (*item.hosts, *self.hosts), 0, {}, lambda _: None, lambda _a, _b: None)
            try:
                text = asyncio.run(fetch_text(asked, self.settings.asking, self.secrets.get(item.code, Secret())))
                found = checksum_in(text, item.checksum_kind, (wanted.name, wanted.address.rpartition("/")[2]))
            except FetchError:
                found = ""
            if found:
                known.append(Checksum(item.checksum_kind, found, "publisher"))
            else:
                notes.append(
                    Bilingual(
                        f"'{wanted.label}': không lấy được mã kiểm tra của nơi phát hành.", f"'{wanted.label}': the publisher's checksum could not be had."
                    )
                )
        for checksum in known:
            own = digests.md5 if checksum.kind == "md5" else digests.sha256
            if own != checksum.value:
                raise FetchError(
                    f"'{wanted.label}': mã kiểm tra {checksum.kind.upper()} không khớp ({own[:12]}…, phải là {checksum.value[:12]}…); tệp bị xóa, hãy tải lại.",
                    f"'{wanted.label}': the {checksum.kind.upper()} checksum differs ({own[:12]}…, it should be {checksum.value[:12]}…); the file was removed, fetch it again.",
                )
        if known:
            return replace(known[-1], notes=tuple(notes))
        return Checksum("sha256", digests.sha256, "first_download", tuple(notes))

    def _plain(self, wanted: Wanted, part: PartialFile, state: PartialState, making: Path) -> Path:
        """Return the file without the packing that a server put around it unasked.

        A server may also *call* a file packed that simply is one (``data.csv.gz`` with Content-Encoding: gzip): what is already of the
        expected kind stays, unless the kind stands inside once more.
        """
        if not state.encoding:
            return part.path  # it stays where it is: who stops the unpacking need not fetch it again
        source = making / f"{wanted.name}.download"
        kind = wanted.item.content
        limit = self.settings.limits.most_bytes(wanted.item.size_bytes if kind != "gzip" else wanted.item.unpacked_bytes)
        decode_gzip(part.path, source, most_bytes=limit, label=wanted.label)
        if kind == "gzip" and not looks_like(PartialFile(source).start_of(4), "gzip"):
            part.path.replace(source)
        return source

    def _changed(self, former: Mapping[str, Any] | None, wanted: Wanted, digests: FileDigests) -> tuple[Bilingual, ...]:
        before = (former or {}).get("download", {}).get("sha256", "")
        if not before or before == digests.sha256 or (former or {}).get("address") != wanted.address:
            return ()
        day = str((former or {}).get("fetched", "?"))[:10]
        return (
            Bilingual(
                f"Khác với lần tải ngày {day}: nơi phát hành đã đổi tệp, hoặc một trong hai lần bị hỏng.",
                f"It differs from the download of {day}: the publisher changed the file, or one of the two is damaged.",
            ),
        )

    def _record(
        self, wanted: Wanted, state: PartialState, via: str, digests: FileDigests, checksum: Checksum,
        files: Sequence[Path], inputs: Sequence[Mapping[str, Any]], notes: Sequence[Bilingual],
    ) -> dict[str, Any]:  # fmt: skip
        item, licence = wanted.item, wanted.item.licence

        def both(words: Bilingual) -> dict[str, str]:
            return {"vi": words.vi, "en": words.en}

        return {
            "item": item.code,
            "name": wanted.name,
            "title": both(item.title),
            "kind": both(item.kind),
            "publisher": item.publisher,
            "page": item.page,
            "address": wanted.address,
            "address_status": item.status,
            "answered_by": state.host,
            "via": via,
            "area": record_area(wanted),
            "fetched": self.clock().astimezone(dt.UTC).isoformat(timespec="seconds"),
            "download": {"bytes": digests.size, "sha256": digests.sha256, "md5": digests.md5, "etag": state.etag},
            "checksum": {"kind": checksum.kind, "value": checksum.value, "from": checksum.origin, "meaning": both(checksum.meaning)},
            "licence": {
                "name": licence.name, "address": licence.address, "non_commercial": licence.non_commercial,
                "share_alike": licence.share_alike, "terms": both(licence.terms), "attribution": item.attribution,
                "accepted": self.accepted,
            },
            "files": [{"file": f.name, "bytes": f.stat().st_size, "sha256": digest(f)} for f in files],
            "inputs": [dict(entry) for entry in inputs],
            "notes": [both(note) for note in notes],
        }  # fmt: skip


@contextmanager
def _said(wanted: Wanted, part: PartialFile) -> Iterator[None]:
    """Turn whatever goes wrong into one sentence about the file, and leave nothing of it but what can be gone on with."""
    try:
        yield
    except CutError:
        raise
    except FetchError:
        part.discard()
        raise
    except InputError as error:
        part.discard()
        named = "" if wanted.item.code in error.message.en else f"'{wanted.label}': "
        raise FetchError(
            f"{named}{error.message.vi} Tệp đã tải bị xóa.", f"{named}{error.message.en} What was fetched was removed."
        ) from error
    except OSError as error:
        part.discard()
        if error.errno in _FULL:
            raise FetchError(
                f"'{wanted.label}': ổ đĩa đã đầy; phần đã tải bị xóa, hãy giải phóng chỗ rồi chạy lại.",
                f"'{wanted.label}': the disk is full; what had come was removed, free some space and run again.",
            ) from error
        reason = error.strerror or type(error).__name__
        raise FetchError(
            f"'{wanted.label}': không ghi được vào thư mục ({reason}).", f"'{wanted.label}': cannot write to the folder ({reason})."
        ) from error
