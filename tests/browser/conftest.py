"""A real browser for the pages: Debian's Chromium, driven by Playwright, without network."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "mapping"))

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--disable-default-apps", "--disable-extensions", "--disable-dev-shm-usage",
]  # fmt: skip


@dataclass
class Opened:
    """A page that was opened, and everything it did that it should not have."""

    page: object
    address: str = ""
    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def assert_quiet(self) -> None:
        assert self.requests == [], "the page asked for something"
        assert self.messages == [], "the page complained"
        assert self.page.evaluate("performance.getEntriesByType('resource').length") == 0


@pytest.fixture(scope="module")
def chromium(external_tool) -> Iterator[object]:
    """Started for the tests of a module and stopped after them: it keeps an event loop running, and others start theirs."""
    program = external_tool("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(program), headless=True, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, tmp_path) -> Iterator[Callable[..., Opened]]:
    contexts = []

    def opener(content: bytes, *, width: int = 1280, height: int = 800, touch: bool = False) -> Opened:
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_bytes(content)
        context = chromium.new_context(viewport={"width": width, "height": height}, offline=True, has_touch=touch)
        contexts.append(context)
        page = context.new_page()
        address = path.as_uri()
        opened = Opened(page, address)
        page.on("request", lambda request: None if request.url.partition("#")[0] == address or request.url.startswith("data:") else opened.requests.append(request.url))
        page.on("console", lambda message: opened.messages.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: opened.messages.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (opened.messages.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("frameattached", lambda frame: opened.messages.append(f"frame: {frame.url}"))
        page.goto(address)
        return opened

    yield opener
    for context in contexts:
        context.close()


@pytest.fixture
def open_map(open_page) -> Callable[..., Opened]:
    def opener(content: bytes, **options) -> Opened:
        opened = open_page(content, **options)
        opened.page.wait_for_function("window.vungphu && vungphu.ready === true", timeout=20_000)
        return opened

    return opener


@pytest.fixture(scope="session")
def pictures() -> Path | None:
    """Where screenshots are kept for a person to look at; None unless VUNGPHU_SCREENSHOTS names a folder."""
    folder = os.environ.get("VUNGPHU_SCREENSHOTS")
    if not folder:
        return None
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    return path
