"""The command itself: licence before the download, Ctrl-C and going on, and no key in anything that it says or writes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from geo.errors import InputError
from geo.fetching.areas import box_area
from geo.fetching.asking.secret import Secret
from geo.fetching.plan import Quarter, wanted_files
from geo.io.fetched import FetchFolder
from tests.fetching.made import geotiff
from tests.fetching.server import Publisher, Reply, Request, answer, publishing
from tests.fetching.test_items import TEXT, catalogue_of
from tests.interruptible import heed_interrupts

ROOT = Path(__file__).resolve().parents[2]
BODY = geotiff(104, 23, size=600, degrees=2, dtype="float32")
KEY = "pk.geheim+0123"


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with publishing() as running:
        yield running


def command(publisher: Publisher, folder: Path, *arguments: str, key: str = "") -> subprocess.Popen[str]:
    """Start the command in a folder, with the catalogue that ships moved to this machine."""
    catalogue = folder / "catalogue.toml"
    catalogue.write_text(re.sub(r'^((?:checksum_)?address = ")https://', rf"\1{publisher.address}/", TEXT, flags=re.MULTILINE), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "OPENCELLID_KEY": key}
    return subprocess.Popen(
        [sys.executable, str(ROOT / "scripts/fetch_data.py"), "--catalogue", str(catalogue), *arguments], cwd=folder, env=environment, text=True,
        encoding="utf-8", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heed_interrupts,
    )  # fmt: skip


def path_of(publisher: Publisher, item: str) -> str:
    (wanted,) = wanted_files(catalogue_of(publisher).items[item], None, Quarter(2026, 1))
    return Secret(KEY).put_into(wanted.address).removeprefix(publisher.address)


def files_in(root: Path) -> list[str]:
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()) if root.exists() else []


def test_licence_interruption_and_going_on(publisher: Publisher, tmp_path: Path) -> None:
    path = path_of(publisher, "population")
    publisher.files[path] = BODY

    def slow(server: Publisher, request: Request) -> Reply:
        reply = server.proper(request)
        return Reply(reply.head, (BODY[:100_000], *[BODY[i : i + 100] for i in range(100_000, 110_000, 100)]), pause=0.1)

    publisher.script[path] = [slow]
    refused = command(publisher, tmp_path, "--item", "population")
    out, said = refused.communicate("không\n", timeout=60)
    assert (refused.returncode, out, publisher.asked) == (2, "", [])
    assert said.index("Giấy phép CC BY 4.0") < said.index("WorldPop Global2") < said.index("Bạn đồng ý") < said.index("Chưa đồng ý giấy phép nên không tải gì")
    assert files_in(tmp_path) == ["catalogue.toml"]

    interrupted = command(publisher, tmp_path, "--item", "population", "--accept-licence", "--quiet", "--lang", "en")
    part = tmp_path / "open_data/.unfinished/population/vnm_pop_2025_CN_100m_R2025A_v1.tif.part"
    end = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size >= 100_000) and time.monotonic() < end:
        time.sleep(0.02)
    interrupted.send_signal(signal.SIGINT)
    out, said = interrupted.communicate(timeout=60)
    assert interrupted.returncode == 130
    assert said.index("Licence CC BY 4.0") < said.index("Stopped as asked"), "shown even when quiet"
    assert "Traceback" not in said
    assert files_in(tmp_path / "open_data") == [f".unfinished/population/{part.name}", f".unfinished/population/{part.name}.json"]
    assert BODY.startswith(part.read_bytes())
    kept = part.stat().st_size
    assert kept >= 100_000

    publisher.script, publisher.asked = {}, []
    finished = command(publisher, tmp_path, "--item", "population")
    out, said = finished.communicate("Có\n", timeout=60)
    assert finished.returncode == 0, said
    assert publisher.asked[0].headers["range"] == f"bytes={kept}-"
    name = part.name.removesuffix(".part")
    assert files_in(tmp_path / "open_data") == ["inputs.toml", f"population/{name}", f"population/{name}.source.json"]
    assert (tmp_path / "open_data/population" / name).read_bytes() == BODY
    assert out.split() == [f"open_data/population/{name}", "open_data/inputs.toml"]
    assert FetchFolder(tmp_path / "open_data").records()[0]["licence"]["accepted"] == "prompt"


def test_the_key_is_never_said(publisher: Publisher, tmp_path: Path) -> None:
    path = path_of(publisher, "cells_opencellid")
    publisher.script[path] = [lambda _s, _r: answer(302, {"Location": f"http://[{KEY}/"}), ]
    publisher.files[path_of(publisher, "population")] = BODY
    run = command(
        publisher, tmp_path, "--item", "cells_opencellid", "--item", "population", "--bbox", "104,21,106,23", "--accept-licence", "-vv", "--lang", "en", key=KEY
    )
    out, said = run.communicate(timeout=60)
    assert run.returncode == 2, said
    assert "geheim" not in out + said
    assert "redirects to an address that is not allowed" in said
    assert "Error: Not complete: cells_opencellid." in said
    assert files_in(tmp_path / "open_data/population"), "a fault of one item keeps no other from being fetched"
    assert all(b"geheim" not in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert sum("token=pk.geheim" in r.path for r in publisher.asked) == 1
    assert files_in(tmp_path / "open_data/cells_opencellid") == []


def test_boxes_are_read_as_given_or_refused() -> None:
    assert box_area("104.3, 21.4,105.6;23.4").boxes == ((104.3, 21.4, 105.6, 23.4),)
    for text in ("1,2,3", "105,22,104,23", "a,b,c,d", "0,-91,1,0", "nan,0,1,1"):
        with pytest.raises(InputError, match="west,south,east,north"):
            box_area(text)
