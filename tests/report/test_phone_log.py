"""Instructions for teams with phones: both languages, escaped, one sheet of A4."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from geo.io.resources import load_toml
from geo.mapping.escape import vn_safe
from geo.report.phone_log import phone_log_page


def test_every_line_stands_there_in_both_languages_and_escaped() -> None:
    page = phone_log_page().decode()
    assert phone_log_page() == page.encode()
    parts = load_toml("phone_log.toml")["parts"]
    texts = [t for p in parts for t in (p["title"], *p["lines"])]
    assert len(texts) > 15
    for text in texts:
        assert f">{vn_safe(text['vi'])}<" in page
        assert f">{vn_safe(text['en'])}<" in page
    assert "default-src 'none'" in page.replace("&#39;", "'")
    assert "http" not in re.sub(r"http-equiv|https?://www\.w3\.org\S*", "", page)


@pytest.mark.slow
def test_it_prints_on_one_sheet_of_a4(tmp_path: Path, external_tool: Callable[[str], Path]) -> None:
    (tmp_path / "log.html").write_bytes(phone_log_page())
    subprocess.run(
        [str(external_tool("chromium")), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile", "--no-pdf-header-footer",
         f"--print-to-pdf={tmp_path}/log.pdf", (tmp_path / "log.html").as_uri()],
        capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    content = (tmp_path / "log.pdf").read_bytes()
    assert re.findall(rb"/Count (\d+)", content) == [b"1"]
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)
    assert box is not None
    assert [round(float(v) * 25.4 / 72) for v in box.groups()] == [210, 297]
