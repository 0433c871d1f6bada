"""The ways in which a download can go wrong, each served by a publisher on this machine.

``WAYS`` is the list: what the server does, what must come of it, and a word of the sentence in both languages. Three ends are allowed:
``fetched`` (the file is right, to the byte), ``kept`` (a sentence, and the bytes so far aside with what is needed to go on), ``clean``
(a sentence, and nothing left at all). The folder is looked at after each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import rasterio

from geo.fetching.asking import transfer
from geo.fetching.asking.secret import Secret
from geo.fetching.asking.transfer import Asked
from geo.fetching.faults import CutError, FetchError
from geo.fetching.fetch import Fetcher
from geo.fetching.plan import Quarter, Wanted, wanted_files
from geo.io.fetched import FetchFolder
from tests.fetching.made import geotiff, gz, one_item, quick, zipped
from tests.fetching.server import OLD, Publisher, Reply, Request, Way, answer, publishing

BODY = geotiff(105, 22, compress=None)
OTHER = geotiff(105, 22, seed=2, compress=None)
PACKED = geotiff(105, 22)
PATH = "/data.tif"
HALF = len(BODY) // 2
HTML = b"<!DOCTYPE html><html><head><title>Ph\xc3\xa2n quy\xe1\xbb\x81n</title></head><body>log in</body></html>"


@pytest.fixture(scope="module")
def running() -> Iterator[Publisher]:
    with publishing() as publisher:
        yield publisher


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _handle: None)


@pytest.fixture
def publisher(running: Publisher) -> Publisher:
    running.files, running.headers, running.script, running.lasting, running.asked = {PATH: BODY}, {}, {}, set(), []
    return running


def whole(server: Publisher, body: bytes, **changes: Any) -> Reply:
    headers = {**server.whole(PATH), **changes.pop("headers", {})}
    return answer(changes.pop("status", 200), headers, body, **changes)


def cut_at(count: int, *, abort: bool = False, **headers: str) -> Way:
    """Send a number of bytes of the whole, or of the rest asked for, under the right length, then close."""

    def way(server: Publisher, request: Request) -> Reply:
        reply = server.proper(request)
        head = reply.head
        for name, value in headers.items():
            lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(name.replace("_", "-").lower().encode() + b":")]
            head = b"\r\n".join([*lines[:-2], *([f"{name.replace('_', '-')}: {value}".encode()] if value else []), *lines[-2:]])
        return Reply(head, (reply.chunks[0][:count],), abort=abort)

    return way


def says(status: int, body: bytes = b"", **headers: str) -> Way:
    return lambda _server, _request: answer(status, {k.replace("_", "-"): v for k, v in headers.items()}, body)


def sends(body: bytes, **how: Any) -> Way:
    return lambda server, _request: whole(server, body, **{k: dict(v) if k == "headers" else v for k, v in how.items()})


def part(first: int, body: bytes, total: int | str, **headers: str) -> Way:
    """Answer 206 with a Content-Range of this wording."""
    span = f"bytes {first}-{first + len(body) - 1}/{total}"
    return lambda server, _request: whole(server, body, status=206, headers={"Content-Range": span, **headers})


def changed(server: Publisher, request: Request) -> Reply:
    """Publish another file from now on."""
    server.files[PATH] = OTHER
    return server.proper(request)


def trickle(server: Publisher, _request: Request) -> Reply:
    reply = whole(server, BODY)
    return Reply(reply.head, tuple(BODY[i : i + 40] for i in range(0, 2000, 40)), pause=0.01)


def silent(server: Publisher, _request: Request) -> Reply:
    return Reply(whole(server, BODY).head, (BODY[:HALF],), pause=0.6)


def chunked(body: bytes, *, whole_body: bool = True) -> Way:
    text = b"".join(b"%x\r\n%s\r\n" % (len(body[i : i + 20000]), body[i : i + 20000]) for i in range(0, len(body), 20000))
    return lambda server, _request: answer(200, {**server.whole(PATH), "Transfer-Encoding": "chunked"}, text + (b"0\r\n\r\n" if whole_body else b""))


@dataclass(frozen=True)
class Case:
    """One way: its name, how requests are answered one after the other, what comes of it, words of the sentence."""

    name: str
    ways: list[Way]
    end: str = "fetched"
    vi: str = ""
    en: str = ""
    lasting: bool = False
    asked: int | None = None
    body: bytes = BODY
    item: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


MD5 = {"checksum_address": "{base}/data.tif.md5", "checksum_kind": "md5"}
WAYS = [
    # -- nothing is wrong ----------------------------------------------------------------------------
    Case("all is well", [], asked=1),
    Case("no length is given (chunked)", [chunked(BODY)], asked=1),
    # -- cut midway ----------------------------------------------------------------------------------
    Case("cut once, gone on with", [cut_at(HALF)], asked=2),
    Case("reset once, gone on with", [cut_at(HALF, abort=True)], asked=2),
    Case("cut four times, each time further", [cut_at(HALF), *[cut_at(2000)] * 3], asked=5),
    Case("cut before the first byte, once", [cut_at(0)], asked=2),
    Case("cut in the midst of chunks", [chunked(BODY[:HALF], whole_body=False)], asked=2),
    Case("cut, and always again at once", [cut_at(HALF), cut_at(0)], "kept", "Đã giữ", "are kept", lasting=True, asked=4),
    Case("cut for ever before the first byte", [cut_at(0)], "clean", "bị ngắt", "was cut", lasting=True, asked=3),
    Case("falls silent midway, once", [silent], asked=2),
    Case("a trickle", [trickle], "kept", "quá chậm", "too slow", lasting=True),
    # -- going on: what the server may do wrong --------------------------------------------------------
    Case("ignores Range: sends the whole", [cut_at(HALF), sends(BODY)], asked=2),
    Case("file changed between, If-Range heeded", [cut_at(HALF), changed], body=OTHER, asked=2),
    Case("file changed between, If-Range ignored", [cut_at(HALF), part(HALF, OTHER[HALF:], len(BODY), ETag='"another"'), changed], body=OTHER, asked=3),
    Case("Content-Range begins elsewhere and brings more", [cut_at(HALF), part(HALF - 5, BODY[HALF - 5 :], len(BODY))], asked=3),
    Case("another total", [cut_at(HALF), part(HALF, BODY[HALF:], len(BODY) + 7)], asked=3),
    Case("Content-Range begins elsewhere", [cut_at(HALF), part(HALF - 5, BODY[HALF - 5 : -5], len(BODY))], asked=3),
    Case("Content-Range is nonsense", [cut_at(HALF), part(HALF, BODY[HALF:], "many")], asked=3),
    Case("Content-Range is missing", [cut_at(HALF), sends(BODY[HALF:], status=206)], asked=3),
    Case("Content-Range reaches beyond the total", [cut_at(HALF), part(HALF, BODY[HALF:] + b"xx", len(BODY))], asked=3),
    Case("416 although bytes are missing", [cut_at(HALF), says(416)], asked=3),
    Case("a piece nobody asked for", [part(0, BODY[:HALF], len(BODY))], "clean", "không ai yêu cầu", "nobody asked"),
    Case("no strong validator: begun anew", [cut_at(HALF, ETag='W/"weak"', Last_Modified="")], asked=2),
    Case("a fresh date is no validator", [cut_at(HALF, ETag="", Last_Modified="Mon, 30 Nov 2099 00:00:00 GMT")], asked=2),
    Case("an old date is one", [cut_at(HALF, ETag="", Last_Modified=OLD)], asked=2, headers={"ETag": ""}),
    Case("refused midway", [cut_at(HALF), says(403)], "clean", "từ chối (403)", "refuses (403)"),
    # -- lies about lengths ----------------------------------------------------------------------------
    Case("promises more than it has, then owns up", [sends(BODY, length=len(BODY) + 500)], asked=2),
    Case("promises more than it has for ever", [sends(BODY, length=len(BODY) + 500)], "kept", "bị ngắt", "was cut", lasting=True),
    Case("promises less than it sends", [lambda s, _r: Reply(whole(s, b"", length=HALF).head, (BODY[:HALF], BODY[HALF:]), pause=0.1)], "clean", "cắt cụt", "cut short"),
    Case("a file that was cut short where it lies", [sends(BODY[:HALF])], "clean", "cắt cụt", "cut short"),
    Case("the last bytes are missing where it lies", [sends(BODY[:-10])], "clean", "cắt cụt", "cut short"),
    Case("the last bytes of a packed raster are missing", [sends(PACKED[:-10])], "clean", "cắt cụt", "cut short"),
    Case("no length, closes midway", [sends(BODY[:HALF], length=-1)], "clean", "cắt cụt", "cut short", lasting=True),
    Case("far larger than expected, announced", [sends(BODY, length=5_000_000_000)], "clean", "lớn hơn nhiều", "far more than expected"),
    Case("far larger than expected, unannounced", [chunked(BODY * 20)], "clean", "lớn hơn nhiều", "far more than expected"),
    Case("empty", [sends(b"")], "clean", "rỗng", "empty"),
    Case("empty without a length", [sends(b"", length=-1)], "clean", "rỗng", "empty"),
    # -- not the data ------------------------------------------------------------------------------------
    Case("an HTML page under 200", [says(200, HTML, Content_Type="text/html")], "clean", "trang web hoặc thông báo ('Phân quyền')", "a web page or a message ('Phân quyền')"),
    Case("an HTML page that calls itself a raster", [says(200, HTML, Content_Type="image/tiff")], "clean", "trang web", "web page"),
    Case("a page that goes on where the raster broke off", [cut_at(HALF), sends(HTML)], "clean", "trang web", "web page"),
    Case("an error in JSON under 200", [says(200, b'{"status":"error","message":"QUOTA"}')], "clean", "'QUOTA'", "'QUOTA'"),
    Case("an error in XML under 200", [says(200, b"<?xml version='1.0'?><Error><Message>Access Denied</Message></Error>")], "clean", "Access Denied", "Access Denied"),
    Case("a picture", [sends(b"\x89PNG\r\n\x1a\n" + b"\0" * 500)], "clean", "gửi nhầm tệp", "wrong file"),
    Case("three bytes", [sends(b"II*")], "clean", "không phải GeoTIFF", "not a readable"),
    Case("another archive", [sends(zipped({"x": b"y" * 50}))], "clean", "gửi nhầm tệp", "wrong file"),
    Case("a raster without a place", [sends(geotiff(105, 22, crs=None))], "clean", "hệ tọa độ", "coordinate"),
    Case("a raster whose midst is rubbish", [sends(PACKED[:3000] + bytes(len(PACKED) - 4000) + PACKED[-1000:])], "clean", "hỏng", "damaged"),
    # -- checksums ---------------------------------------------------------------------------------------
    Case("the publisher's checksum agrees", [], item=MD5, asked=2),
    Case("the publisher's checksum differs", [sends(OTHER)], "clean", "MD5 không khớp", "MD5 checksum differs", item=MD5),
    Case("the publisher's checksum cannot be had", [], item={**MD5, "checksum_address": "{base}/none.md5"}, asked=2),
    Case("the catalogue's checksum differs", [], "clean", "SHA256 không khớp", "SHA256 checksum differs", item={"sha256": "0" * 64}),
    Case("the server's own checksum differs", [], "clean", "không khớp", "differs", headers={"x-goog-hash": "crc32c=n03x6A==,md5=" + "A" * 22 + "=="}),
    # -- packing nobody asked for ------------------------------------------------------------------------
    Case("packed with gzip unasked", [sends(gz(BODY), headers={"Content-Encoding": "gzip"})], asked=1),
    Case("packed with gzip, cut, gone on with", [lambda s, _r: Reply(whole(s, gz(BODY), headers={"Content-Encoding": "gzip"}).head, (gz(BODY)[:HALF],)),
                                                 part(HALF, gz(BODY)[HALF:], len(gz(BODY)), **{"Content-Encoding": "gzip"})], asked=2),
    Case("packed halfway only", [cut_at(HALF), part(HALF, BODY[HALF:], len(BODY), **{"Content-Encoding": "gzip"})], asked=3),
    Case("packed in a strange way", [sends(BODY, headers={"Content-Encoding": "br"})], "clean", "'br'", "'br'"),
    Case("said to be packed, and is not", [sends(BODY, headers={"Content-Encoding": "gzip"})], "clean", "gửi nhầm tệp", "wrong file"),
    Case("packed to a bomb", [sends(gz(b"II*\0" + b"\0" * 3_000_000), headers={"Content-Encoding": "gzip"})], "clean", "giải nén ra hơn", "unpacks to more"),
    # -- answers that are no file ------------------------------------------------------------------------
    Case("403", [says(403, HTML)], "clean", "từ chối (403)", "refuses (403)", asked=1),
    Case("401", [says(401)], "clean", "từ chối (401)", "refuses (401)", asked=1),
    Case("404", [says(404)], "clean", "không có tệp này (404)", "no such file (404)", asked=1),
    Case("410", [says(410)], "clean", "không có tệp này (410)", "no such file (410)", asked=1),
    Case("418", [says(418)], "clean", "mã 418", "answered 418", asked=1),
    Case("429, then well", [says(429, Retry_After="0")], asked=2),
    Case("429 for an hour", [says(429, Retry_After="3600")], "clean", "chờ khoảng 60 phút", "wait some 60 minutes", asked=1),
    Case("429 until a date far off", [says(429, Retry_After="Mon, 30 Nov 2099 00:00:00 GMT")], "clean", "phút", "minutes", asked=1),
    Case("429 midway for an hour", [cut_at(HALF), says(429, Retry_After="3600")], "kept", "Đã giữ", "are kept", asked=2),
    Case("500 twice, then well", [says(500), says(500)], asked=3),
    Case("503 for ever", [says(503, Retry_After="nonsense")], "clean", "có lỗi (503)", "a fault (503)", lasting=True, asked=3),
    Case("503 for ever midway", [cut_at(HALF), says(503)], "kept", "có lỗi (503)", "a fault (503)", lasting=True, asked=4),
    Case("no HTTP at all", [lambda _s, _r: Reply(b"SSH-2.0-OpenSSH_9\r\n")], "clean", "bị ngắt", "was cut", lasting=True, asked=3),
    # -- redirects ---------------------------------------------------------------------------------------
    Case("redirect on the same host", [says(302, Location="/data.tif")], asked=2),
    Case("redirect to another host", [says(302, Location="http://example.org/x.tif")], "clean", "--allow-host example.org", "--allow-host example.org", asked=1),
    Case("redirect to another port", [says(302, Location="http://127.0.0.1:1/x.tif")], "clean", "--allow-host", "--allow-host", asked=1),
    Case("redirect to a file", [says(302, Location="file:///etc/hostname")], "clean", "'file:'", "'file:'", asked=1),
    Case("redirect to ftp", [says(301, Location="ftp://127.0.0.1/x.tif")], "clean", "'ftp:'", "'ftp:'", asked=1),
    Case("redirect with a password", [says(302, Location="http://a:b" + "@127.0.0.1/x.tif")], "clean", "không cho phép", "not allowed", asked=1),
    Case("redirect to nowhere", [says(302)], "clean", "không cho phép", "not allowed", asked=1),
    Case("redirect to a broken address", [says(302, Location="http://[::1/x")], "clean", "không cho phép", "not allowed", asked=1),
    Case("redirects without end", [says(302, Location="/data.tif")], "clean", "vòng quanh", "redirects more than", lasting=True, asked=6),
]  # fmt: skip


def wanted(publisher: Publisher, **changes: Any) -> Wanted:
    given = {k: v.replace("{base}", publisher.address) if isinstance(v, str) else v for k, v in changes.items()}
    return wanted_files(one_item(publisher.address + PATH, **given), None, Quarter(2026, 1))[0]


def files_in(root: Path) -> list[str]:
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()) if root.exists() else []


FINISHED = ["made_up/data.tif", "made_up/data.tif.source.json"]
KEPT = [".unfinished/made_up/data.tif.part", ".unfinished/made_up/data.tif.part.json"]


def test_two_files_joined_would_not_be_noticed_by_their_look() -> None:
    """What makes going on dangerous: the halves of two files of one length are a good file."""
    assert len(BODY) == len(OTHER)
    with rasterio.MemoryFile(BODY[:HALF] + OTHER[HALF:]) as memory, memory.open(driver="GTiff") as dataset:
        assert dataset.read(1).shape == (200, 200)


def test_far_too_much_is_stopped_while_it_comes(publisher: Publisher, tmp_path: Path) -> None:
    seen: list[int] = []
    publisher.script[PATH] = [chunked(BODY * 20)]
    fetcher = Fetcher(FetchFolder(tmp_path / "out"), quick(), "", progress=lambda _label, done, _total: seen.append(done))
    with pytest.raises(FetchError, match="stopped"):
        fetcher.fetch(wanted(publisher))
    assert max(seen) <= 400_000 < len(BODY) * 20


@pytest.mark.parametrize(
    ("url", "location", "sentence"),
    [
        ("https://example.org/a", "http://example.org/b", "from https to http at 'example.org'"),
        ("https://example.org/a", "//example.com/b", "--allow-host example.com"),
        ("https://example.org/a", "javascript:alert(1)", "not allowed ('javascript:')"),
        ("https://example.org/a", "https://geheim.example.com/", "redirects to '***.example.com'"),
        ("https://example.org/a", "https://allowed.example.com/?t=geheim", "wants your key to go to 'allowed.example.com'"),
    ],
)  # fmt: skip
def test_where_a_redirect_may_not_lead(url: str, location: str, sentence: str) -> None:
    asked = Asked(url, "x", "zip", ("allowed.example.com",), 1, {}, lambda _n: None, lambda _a, _b: None)
    with pytest.raises(FetchError) as raised:
        transfer._led_to(asked, url, location, "example.org", Secret("geheim"))
    assert sentence in raised.value.message.en
    assert "geheim" not in str(raised.value)


def test_where_it_may() -> None:
    asked = Asked("https://example.org/a", "x", "zip", ("allowed.example.com",), 1, {}, lambda _n: None, lambda _a, _b: None)
    for location, target in (("b?c", "https://example.org/b?c"), ("https://ALLOWED.example.com/x", "https://ALLOWED.example.com/x"), ("/d", "https://example.org/d")):
        assert transfer._led_to(asked, "https://example.org/a", location, "example.org", Secret()) == target


def test_the_list_names_each_way_once() -> None:
    names = [case.name for case in WAYS]
    assert len(set(names)) == len(names) > 60


@pytest.mark.parametrize("case", WAYS, ids=lambda case: case.name)
def test_way(case: Case, publisher: Publisher, tmp_path: Path) -> None:
    publisher.script[PATH] = list(case.ways)
    publisher.lasting = {PATH} if case.lasting else set()
    publisher.headers[PATH] = case.headers
    publisher.files[PATH + ".md5"] = f"{hashlib.md5(BODY, usedforsecurity=False).hexdigest()}  data.tif\n".encode()
    folder = FetchFolder(tmp_path / "out")
    fetcher = Fetcher(folder, quick(), "--accept-licence")
    error: FetchError | None = None
    with folder.working():
        try:
            fetcher.fetch(wanted(publisher, **case.item))
        except FetchError as raised:
            error = raised
    if case.asked is not None:
        assert len(publisher.asked) == case.asked
    if case.end == "fetched":
        assert error is None, str(error)
        assert files_in(folder.root) == FINISHED
        assert (folder.root / "made_up/data.tif").read_bytes() == case.body
        return
    assert error is not None, "nothing was noticed"
    assert case.vi in error.message.vi
    assert case.en in error.message.en
    assert "\n" not in error.message.vi + error.message.en
    assert isinstance(error, CutError) == (case.end == "kept" or "run the same command" in error.message.en)
    if case.end == "kept":
        assert files_in(folder.root) == KEPT
        kept = (folder.root / KEPT[0]).read_bytes()
        assert kept
        assert BODY.startswith(kept)
    else:
        assert not folder.root.exists()
