"""What happens to the folder: finished files kept, changed ones noticed, mirrors, a full disk, two commands at once, real files."""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import json
import shutil
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from geo.errors import InputError
from geo.fetching.asking.secret import Secret
from geo.fetching.faults import CutError, FetchError
from geo.fetching.fetch import Fetcher, Mirror
from geo.fetching.plan import Quarter, Wanted, wanted_files
from geo.io.fetched import FetchFolder, read_key
from geo.io.partial import PartialFile
from tests.fetching.made import geotiff, gz, one_item, quick, zipped
from tests.fetching.server import Publisher, Reply, answer, publishing

BODY = geotiff(105, 22)
OTHER = geotiff(105, 22, seed=2)
PATH = "/data.tif"
HALF = len(BODY) // 2
LOGIN = "an:geheim" + "@"


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _handle: None)


@pytest.fixture(scope="module")
def running() -> Iterator[Publisher]:
    with publishing() as publisher:
        yield publisher


@pytest.fixture
def publisher(running: Publisher) -> Publisher:
    running.files, running.headers, running.script, running.lasting, running.asked = {PATH: BODY}, {}, {}, set(), []
    return running


@pytest.fixture
def folder(tmp_path: Path) -> FetchFolder:
    return FetchFolder(tmp_path / "open")


def wanted(publisher: Publisher, path: str = PATH, **changes: Any) -> Wanted:
    return wanted_files(one_item(publisher.address + path, **changes), None, Quarter(2026, 1))[0]


def fetch(folder: FetchFolder, file: Wanted, **how: Any) -> Any:
    with folder.working():
        return Fetcher(folder, quick(), "prompt", **how).fetch(file)


def cut(server: Publisher, request: Any) -> Reply:
    reply = server.proper(request)
    return Reply(reply.head, (reply.chunks[0][:HALF],))


def never(server: Publisher, request: Any) -> Reply:
    return answer(503)


def files_in(root: Path) -> list[str]:
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()) if root.exists() else []


# -- finished files -----------------------------------------------------------------------------------------------


def test_a_finished_file_is_not_asked_for_again_unless_told(publisher: Publisher, folder: FetchFolder) -> None:
    fetch(folder, wanted(publisher))
    assert fetch(folder, wanted(publisher)).state == "present"
    assert len(publisher.asked) == 1
    assert fetch(folder, wanted(publisher), again=True).notes == ()
    assert len(publisher.asked) == 2


def test_a_finished_file_that_was_changed_is_fetched_again(publisher: Publisher, folder: FetchFolder) -> None:
    place = fetch(folder, wanted(publisher)).files[0]
    place.write_bytes(BODY[:-1] + b"!")
    assert fetch(folder, wanted(publisher)).state == "fetched"
    assert place.read_bytes() == BODY
    place.unlink()
    assert fetch(folder, wanted(publisher)).state == "fetched"
    (folder.root / "made_up/data.tif.source.json").write_text("{", encoding="utf-8")
    assert fetch(folder, wanted(publisher)).state == "fetched"
    assert len(publisher.asked) == 4


def test_a_file_that_the_publisher_changed_is_said(publisher: Publisher, folder: FetchFolder) -> None:
    fetch(folder, wanted(publisher))
    publisher.files[PATH] = OTHER
    outcome = fetch(folder, wanted(publisher), again=True)
    assert "the publisher changed the file" in outcome.notes[0].en
    assert outcome.files[0].read_bytes() == OTHER


def test_a_fault_leaves_the_finished_file_as_it_was(publisher: Publisher, folder: FetchFolder) -> None:
    place = fetch(folder, wanted(publisher)).files[0]
    publisher.script[PATH] = [lambda server, _: answer(200, {}, b"<html>busy</html>")]
    with pytest.raises(FetchError):
        fetch(folder, wanted(publisher), again=True)
    assert place.read_bytes() == BODY
    assert fetch(folder, wanted(publisher)).state == "present"


# -- going on in a later run ---------------------------------------------------------------------------------------


def test_a_later_run_goes_on_where_the_first_was_cut(publisher: Publisher, folder: FetchFolder) -> None:
    publisher.script[PATH] = [cut, never]
    publisher.lasting = {PATH}
    with pytest.raises(CutError):
        fetch(folder, wanted(publisher))
    publisher.script, publisher.asked = {}, []
    assert fetch(folder, wanted(publisher)).files[0].read_bytes() == BODY
    assert publisher.asked[0].headers["range"] == f"bytes={HALF}-"
    assert publisher.asked[0].headers["if-range"] == publisher.etag(PATH)


@pytest.mark.parametrize("damage", ["description", "address", "longer", "validator"])
def test_bytes_that_nothing_vouches_for_are_thrown_away(publisher: Publisher, folder: FetchFolder, damage: str) -> None:
    publisher.script[PATH] = [cut, never]
    publisher.lasting = {PATH}
    with pytest.raises(CutError):
        fetch(folder, wanted(publisher))
    publisher.script, publisher.asked = {}, []
    part = folder.part("made_up", "data.tif")
    part.path.write_bytes(b"rubbish" * 1000 if damage != "longer" else BODY + b"x")
    content = json.loads(part.description.read_bytes())
    content |= {"address": {"address": "http://127.0.0.1/other"}, "validator": {"validator": ""}}.get(damage, {})
    part.description.write_text("[1" if damage == "description" else json.dumps(content), encoding="utf-8")
    assert fetch(folder, wanted(publisher)).files[0].read_bytes() == BODY
    assert "range" not in publisher.asked[0].headers


@pytest.mark.parametrize("step", ["file_digests", "check_file", "make_results"])
def test_a_download_complete_but_not_made_use_of_is_not_asked_for_again(
    step: str, publisher: Publisher, folder: FetchFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(f"geo.fetching.fetch.{step}", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fetch(folder, wanted(publisher))
    assert files_in(folder.root) == [".unfinished/made_up/data.tif.part", ".unfinished/made_up/data.tif.part.json"]
    assert fetch(folder, wanted(publisher)).files[0].read_bytes() == BODY
    assert len(publisher.asked) == 1


# -- the disk ------------------------------------------------------------------------------------------------------


def test_too_little_room_is_seen_before_anything_is_fetched(publisher: Publisher, folder: FetchFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FetchFolder, "free_bytes", lambda _self: 1_050_000)
    with pytest.raises(FetchError, match=r"1.1 MB of free disk are needed, 1.1 MB are left; nothing was fetched"):
        fetch(folder, wanted(publisher))
    assert publisher.asked == []
    assert not folder.root.exists()


def test_a_length_beyond_the_room_is_seen_before_it_comes(publisher: Publisher, folder: FetchFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FetchFolder, "free_bytes", lambda _self: 1_000_000 + len(BODY) - 10)
    with pytest.raises(FetchError, match="nothing was fetched"):
        fetch(folder, wanted(publisher, size_bytes=1000))
    assert len(publisher.asked) == 1
    assert not folder.root.exists()


class _Full(io.BytesIO):
    def write(self, chunk: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("where", ["download", "unpacking", "renaming"])
def test_a_disk_that_fills_up(where: str, publisher: Publisher, folder: FetchFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = wanted(publisher)
    if where == "download":
        monkeypatch.setattr(PartialFile, "appending", lambda _self: _Full())
    elif where == "unpacking":
        publisher.files["/x.zip"] = zipped({"a.tif": BODY})
        file = wanted(publisher, "/x.zip", file="x.zip", content="zip", parts=[{"input": "terrain", "members": r"\.tif$"}])
        monkeypatch.setattr("geo.io.unpacking.Archive.extract", full)
    else:
        monkeypatch.setattr(FetchFolder, "put", full)
    with pytest.raises(FetchError) as raised:
        fetch(folder, file)
    assert "ổ đĩa đã đầy" in raised.value.message.vi
    assert "the disk is full" in raised.value.message.en
    assert not folder.root.exists()


def test_a_folder_that_is_a_file(publisher: Publisher, tmp_path: Path) -> None:
    (tmp_path / "open").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="Cannot write to folder 'open'"):
        fetch(FetchFolder(tmp_path / "open"), wanted(publisher))


def test_two_commands_do_not_work_in_one_folder(folder: FetchFolder) -> None:
    with folder.working(), pytest.raises(InputError, match="Another command is fetching"), FetchFolder(folder.root).working():
        pass
    assert not folder.root.exists()


def test_what_was_in_the_folder_before_stays(publisher: Publisher, folder: FetchFolder) -> None:
    (folder.root / "empty/inside").mkdir(parents=True)
    (folder.root / "inputs.toml").write_text("mine", encoding="utf-8")
    publisher.script[PATH] = [lambda server, _: answer(404)]
    with pytest.raises(FetchError):
        fetch(folder, wanted(publisher))
    assert sorted(p.relative_to(folder.root).as_posix() for p in folder.root.rglob("*")) == ["empty", "empty/inside", "inputs.toml"]
    assert folder.write_text("inputs.toml", "# Lines of ours\nx") is None
    assert (folder.root / "inputs.toml").read_text(encoding="utf-8") == "mine"
    assert folder.write_text("new.toml", "# Lines of ours, a\nx") == folder.write_text("new.toml", "# Lines of ours, b\ny")
    assert (folder.root / "new.toml").read_text(encoding="utf-8").startswith("# Lines of ours, b\ny# sha256: ")
    # A person's line below ours: it is theirs now, whatever its first line says.
    mended = (folder.root / "new.toml").read_text(encoding="utf-8").replace("y#", "y = 1\n#")
    (folder.root / "new.toml").write_text(mended, encoding="utf-8")
    assert folder.write_text("new.toml", "# Lines of ours, b\ny") is None
    assert (folder.root / "new.toml").read_text(encoding="utf-8") == mended


def test_a_list_of_checksums_that_breaks_off_is_no_fault(publisher: Publisher, folder: FetchFolder) -> None:
    publisher.script["/sums"] = [lambda server, _: Reply(answer(200, length=100).head, (b"0123",))]
    file = wanted(publisher, checksum_address=publisher.address + "/sums", checksum_kind="md5")
    assert fetch(folder, file).state == "fetched"
    assert folder.records()[0]["notes"][0]["en"].endswith(": the publisher's checksum could not be had.")


@pytest.mark.parametrize("form", [{"members": r"\.hgt$"}, {"members": r"\.geojson$", "form": "geojson", "file": "x.geojson"}])
def test_an_archive_without_what_is_wanted(publisher: Publisher, folder: FetchFolder, form: dict[str, str]) -> None:
    publisher.files["/x.zip"] = zipped({"a.tif": BODY})
    with pytest.raises(FetchError, match="does not hold what is wanted for 'terrain'; the publisher may have changed it"):
        fetch(folder, wanted(publisher, "/x.zip", file="x.zip", content="zip", parts=[{"input": "terrain", **form}]))
    assert not folder.root.exists()


@pytest.mark.parametrize("doubly", [False, True])
def test_a_packed_file_that_the_server_calls_packed(publisher: Publisher, folder: FetchFolder, doubly: bool) -> None:
    """data.csv.gz under Content-Encoding: gzip: some servers pack once and say it, some pack what is packed."""
    content = gz(b"lon,lat\n105,22\n")
    publisher.files["/c.csv.gz"] = gz(content) if doubly else content
    publisher.headers["/c.csv.gz"] = {"Content-Encoding": "gzip"}
    part = {"input": "sites", "form": "csv", "columns": ["lon", "lat"], "file": "c.csv"}
    outcome = fetch(folder, wanted(publisher, "/c.csv.gz", file="c.csv.gz", content="gzip", parts=[part]))
    assert outcome.files[0].read_text(encoding="utf-8").replace('"', "").split() == ["lon,lat", "105,22"]


# -- mirrors -------------------------------------------------------------------------------------------------------


def test_a_mirror_folder_is_what_keeping_archives_leaves(publisher: Publisher, folder: FetchFolder, tmp_path: Path) -> None:
    publisher.files["/x.zip"] = zipped({"a.tif": BODY})
    file = wanted(publisher, "/x.zip", file="x.zip", content="zip", parts=[{"input": "terrain", "members": r"\.tif$"}])
    fetch(folder, file, keep=True)
    assert files_in(folder.root) == ["made_up/a.tif", "made_up/x.zip", "made_up/x.zip.source.json"]
    before = len(publisher.asked)
    other = FetchFolder(tmp_path / "other")
    assert fetch(other, file, mirror=Mirror(folder=folder.root)).files[0].read_bytes() == BODY
    assert len(publisher.asked) == before
    record = other.records()[0]
    assert record["via"] == "mirror folder 'open'"
    assert record["checksum"]["from"] == "mirror"
    (folder.root / "made_up/x.zip").write_bytes(zipped({"a.tif": OTHER}))
    shutil.rmtree(other.root)
    with pytest.raises(FetchError, match="SHA256 checksum differs"):
        fetch(other, file, mirror=Mirror(folder=folder.root))
    (folder.root / "made_up/x.zip").unlink()
    with pytest.raises(FetchError, match="has no such file"):
        fetch(other, file, mirror=Mirror(folder=folder.root))
    assert not other.root.exists()


def test_a_mirror_address_is_asked_in_place_of_the_publisher_and_never_gets_the_key(publisher: Publisher, folder: FetchFolder) -> None:
    publisher.files["/copy/made_up/452.csv.gz"] = gz(b"lon,lat\n105,22\n")
    item = one_item(
        "https://example.org/x?token={key}", key="MADE_UP_KEY", file="452.csv.gz", content="gzip",
        parts=[{"input": "sites", "form": "csv", "columns": ["lon", "lat"], "file": "cells.csv"}],
    )  # fmt: skip
    (file,) = wanted_files(item, None, Quarter(2026, 1))
    mirror = Mirror(address=publisher.address + "/copy/")
    assert fetch(folder, file, mirror=mirror, secrets={"made_up": Secret("geheim")}).state == "fetched"
    assert [r.path for r in publisher.asked] == ["/copy/made_up/452.csv.gz"]
    assert folder.records()[0]["via"] == "mirror 127.0.0.1"


def test_the_office_s_proxy_is_asked_and_gets_no_passwords_of_the_person(
    publisher: Publisher, folder: FetchFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine mirror.invalid login me password geheim\n", encoding="utf-8")
    for name, value in (("http_proxy", publisher.address), ("no_proxy", ""), ("HOME", str(tmp_path)), ("NETRC", str(tmp_path / ".netrc"))):
        monkeypatch.setenv(name, value)
    publisher.files["http://mirror.invalid/x/made_up/data.tif"] = BODY
    assert fetch(folder, wanted(publisher), mirror=Mirror(address="http://mirror.invalid/x")).state == "fetched"
    assert "authorization" not in publisher.asked[0].headers
    fetch(folder, wanted(publisher), again=True)
    assert publisher.asked[1].path == PATH, "this machine itself is asked without it"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(("status", "says"), [(407, "proxy wants a name and a password (407)"), (403, None)])
def test_a_proxy_that_refuses_is_told_as_one(
    publisher: Publisher, folder: FetchFolder, monkeypatch: pytest.MonkeyPatch, scheme: str, status: int, says: str | None
) -> None:
    for name, value in ((f"{scheme}_proxy", publisher.address.replace("//", f"//{LOGIN}")), ("no_proxy", "")):
        monkeypatch.setenv(name, value)
    path = "http://mirror.invalid/made_up/data.tif" if scheme == "http" else "mirror.invalid:443"
    publisher.script[path] = [lambda _s, _r: answer(status, {"Proxy-Authenticate": 'Basic realm="x"'})]
    with pytest.raises(FetchError) as error:
        fetch(folder, wanted(publisher), mirror=Mirror.at(f"{scheme}://mirror.invalid"))
    assert (says or ("the server refuses (403)" if scheme == "http" else "proxy lets it go no further (403)")) in error.value.message.en
    assert "geheim" not in error.value.message.vi + error.value.message.en
    assert len(publisher.asked) == 1, "asked again, it would say the same"
    assert not folder.root.exists()


def test_name_and_password_of_a_mirror_s_address_go_to_it_alone_and_are_kept_nowhere(publisher: Publisher, folder: FetchFolder) -> None:
    publisher.files["/made_up/data.tif"] = BODY
    mirror = Mirror.at(publisher.address.replace("//", "//" + "an%40so:ge%3Aheim" + "@"))
    assert "heim" not in repr(mirror)
    publisher.script["/made_up/data.tif"] = [cut] + [lambda _s, _r: answer(503, body=b"ge:heim ge%3Aheim")] * 9
    with pytest.raises(CutError) as error:
        fetch(folder, wanted(publisher), mirror=mirror)
    kept = sorted(p for p in folder.root.rglob("*") if p.is_file())
    assert len(kept) == 2, "the bytes so far and their description"
    assert base64.b64decode(publisher.asked[0].headers["authorization"].removeprefix("Basic ")) == b"an@so:ge:heim"
    publisher.script["/made_up/data.tif"] = [lambda s, _: answer(302, {"Location": f"http://localhost:{s.port}/made_up/data.tif"})]
    assert fetch(folder, wanted(publisher), mirror=mirror, hosts=("localhost",)).state == "fetched"
    assert ["authorization" in r.headers for r in publisher.asked[-2:]] == [True, False]
    texts = [error.value.message.en, error.value.message.vi, *(p.read_text("latin-1") for p in [*folder.root.rglob("*")] if p.is_file())]
    assert not any("heim" in text or "an@so" in text or "an%40" in text for text in texts)
    publisher.script["/made_up/data.tif"] = [lambda _s, _r: answer(401, body=b"no ge:heim")]
    with pytest.raises(FetchError) as refused:
        fetch(folder, wanted(publisher), mirror=mirror, again=True)
    assert "heim" not in refused.value.message.en


@pytest.mark.parametrize("address", [f"ftp://{LOGIN}x/y", f"https://{LOGIN}x:port/y", f"https://{LOGIN}x/y?t=1", "https:///geheim", "https://[geheim"])
def test_a_mirror_s_address_that_is_none_is_refused_without_being_shown(address: str) -> None:
    with pytest.raises(InputError, match="no valid address") as error:
        Mirror.at(address)
    assert "geheim" not in error.value.message.en + error.value.message.vi


# -- hosts, keys, certificates ---------------------------------------------------------------------------------------


def test_another_host_is_followed_when_allowed_but_never_given_the_key(publisher: Publisher, folder: FetchFolder) -> None:
    path = "/data.tif?token=geheim"
    publisher.files[path] = BODY
    file = wanted(publisher, "/data.tif?token={key}", key="K")
    how = {"secrets": {"made_up": Secret("geheim")}, "hosts": ("localhost",)}
    publisher.script[path] = [lambda s, _: answer(302, {"Location": f"http://localhost:{s.port}/data.tif"})]
    assert fetch(folder, file, **how).state == "fetched"
    publisher.script[path] = [lambda s, _: answer(302, {"Location": f"http://localhost:{s.port}/data.tif?k=geheim"})]
    with pytest.raises(FetchError, match="wants your key to go to 'localhost'"):
        fetch(folder, file, again=True, **how)


def test_words_of_a_refusal_are_explained_and_the_key_is_taken_out(publisher: Publisher, folder: FetchFolder) -> None:
    meaning = {"INVALID_TOKEN": {"vi": "khóa không đúng.", "en": "the key is wrong."}}
    file = wanted(publisher, "/data.tif?token={key}", key="K", refusals=meaning)
    how = {"secrets": {"made_up": Secret("ge heim+")}}
    path = "/data.tif?token=ge%20heim%2B"
    publisher.script[path] = [lambda s, _: answer(200, {}, b'{"status":"error","message":"INVALID_TOKEN"}')]
    with pytest.raises(FetchError) as raised:
        fetch(folder, file, **how)
    assert raised.value.message.vi == "'made_up/data.tif': khóa không đúng."
    publisher.script[path] = [lambda s, _: answer(403, {}, b'{"message":"no ge heim+ (ge%20heim%2B, ge+heim%2B) here"}')]
    with pytest.raises(FetchError) as raised:
        fetch(folder, file, **how)
    assert "('no *** (***, ***) here')" in raised.value.message.en
    assert raised.value.__cause__ is None


def test_a_certificate_that_nobody_vouches_for(folder: FetchFolder) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with publishing() as publisher:
        plain = publisher.serve

        def serve(connection: Any) -> None:
            try:
                plain(context.wrap_socket(connection, server_side=True))
            except OSError:
                connection.close()

        publisher.serve = serve  # type: ignore[method-assign]
        item = replace(one_item("https://127.0.0.1/x"), address=publisher.address.replace("http:", "https:") + PATH)
        with pytest.raises(FetchError, match=r"the certificate of '127\.0\.0\.1' is not trusted"):
            fetch(folder, wanted_files(item, None, Quarter(2026, 1))[0])
    assert not folder.root.exists()


def test_a_server_that_is_not_there(folder: FetchFolder) -> None:
    with publishing() as gone:
        pass
    with pytest.raises(CutError, match="cannot be reached; run the same command again later"):
        fetch(folder, wanted(gone))
    assert not folder.root.exists()


def test_a_key_file(tmp_path: Path) -> None:
    path = tmp_path / "key.txt"
    path.write_text("\ufeff  pk.0123 \n", encoding="utf-8")
    assert read_key(path, most_characters=20) == "pk.0123"
    for text in ("", "two words", "x" * 30, "a\x00b"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError) as raised:
            read_key(path, most_characters=20)
        assert not text or text not in str(raised.value)


# -- real files ----------------------------------------------------------------------------------------------------


def test_real_files_cut_twice_and_gone_on_with(publisher: Publisher, folder: FetchFolder, shared_dir: Path) -> None:
    data = shared_dir / "data"
    cells = (data / "sites/opencellid_sf_verizon_lte.csv").read_bytes()
    tile = (data / "terrain/S36E174.hgt").read_bytes()
    real = [
        ("/people.tif", (data / "population/burundi_population_250m.tif").read_bytes(), {"file": "people.tif", "size_bytes": 4_000_000}),
        ("/S36E174.hgt.gz", gz(tile), {"file": "S36E174.hgt.gz", "content": "gzip", "size_bytes": 600_000, "unpacked_bytes": len(tile)}),
        ("/cells.csv.gz", gz(cells), {"file": "cells.csv.gz", "content": "gzip", "unpacked_bytes": len(cells),
                                      "parts": [{"input": "sites", "form": "csv", "columns": ["lon", "lat"], "file": "cells.csv"}]}),
        ("/srtm.zip", (data / "terrain/S36E174.SRTMGL3.hgt.zip").read_bytes(),
         {"file": "srtm.zip", "content": "zip", "size_bytes": 600_000, "unpacked_bytes": 3_000_000, "parts": [{"input": "terrain", "members": r"\.hgt$"}]}),
    ]  # fmt: skip

    def third(server: Publisher, request: Any) -> Reply:
        reply = server.proper(request)
        return Reply(reply.head, (reply.chunks[0][: len(server.files[request.path]) // 3],))

    expected = {"people.tif": real[0][1], "S36E174.hgt": tile}
    for path, content, changes in real:
        publisher.files[path], publisher.script[path] = content, [third, third]
        outcome = fetch(folder, wanted(publisher, path, **changes))
        (file,) = outcome.files
        assert file.read_bytes() == expected.get(file.name, file.read_bytes())
        if file.name == "cells.csv":
            assert file.read_text(encoding="utf-8").replace('"', "").split() == cells.decode().split()
    assert [r.headers.get("range") is not None for r in publisher.asked] == [False, True, True] * len(real)
    assert hashlib.sha256((folder.root / "made_up/S36E174.hgt").read_bytes()).digest() == hashlib.sha256(tile).digest()
    publisher.files["/half.tif"] = real[0][1][: len(real[0][1]) // 2]  # readers would see zeros where it ends
    with pytest.raises(FetchError, match="cut short"):
        fetch(folder, wanted(publisher, "/half.tif", file="half.tif", size_bytes=4_000_000))
    assert threading.active_count() < 20
