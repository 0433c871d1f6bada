"""Whatever a server does one request after the other, what comes out is one of its files, a beginning of one kept aside, or nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.fetching.faults import CutError, FetchError
from geo.fetching.fetch import Fetcher
from geo.fetching.plan import Quarter, wanted_files
from geo.io.fetched import FetchFolder
from tests.fetching.made import geotiff, one_item, quick
from tests.fetching.server import Publisher, Reply, Request, Way, answer, publishing

VERSIONS = [geotiff(105, 22, size=128, seed=seed, compress=None) for seed in (1, 2, 3)]
LENGTH = len(VERSIONS[0])
PATH = "/data.tif"


@pytest.fixture(scope="module")
def publisher() -> Iterator[Publisher]:
    with publishing() as running, pytest.MonkeyPatch.context() as patched:
        patched.setattr("os.fsync", lambda _handle: None)
        yield running


def proper(version: int | None, count: int) -> Way:
    """Publish a version from now on (None: the same), answer as one should, and break off after so many bytes."""

    def way(server: Publisher, request: Request) -> Reply:
        if version is not None:
            server.files[PATH] = VERSIONS[version]
        reply = server.proper(request)
        return Reply(reply.head, (b"".join(reply.chunks)[:count],))

    return way


def heedless(version: int, shift: int, count: int) -> Way:
    """Publish a version and answer a range with 206 whatever If-Range says, from a place that may be another, under the version's true ETag."""

    def way(server: Publisher, request: Request) -> Reply:
        server.files[PATH] = VERSIONS[version]
        first = max(0, min(request.first_byte + shift, LENGTH - 1))
        body = VERSIONS[version][first : first + LENGTH - request.first_byte]  # as many as are missing
        span = {"Content-Range": f"bytes {first}-{first + len(body) - 1}/{LENGTH}"}
        reply = answer(206, {**server.whole(PATH), **span}, body)
        return Reply(reply.head, (body[:count],))

    return way


def says(status: int) -> Way:
    return lambda _server, _request: answer(status)


COUNTS = st.one_of(st.just(LENGTH + 1), st.integers(1, LENGTH - 1), st.just(0))
CUT = st.builds(proper, st.integers(0, 2), st.integers(1, LENGTH - 1))
HEEDLESS = st.builds(heedless, st.integers(0, 2), st.sampled_from([0, 0, -7, 7]), st.sampled_from([LENGTH + 1, LENGTH + 1, 4000]))
WAYS = st.one_of(CUT, HEEDLESS, HEEDLESS, st.builds(proper, st.sampled_from([None, 0, 1, 2]), COUNTS), st.builds(says, st.sampled_from([416, 500, 503, 404])))
SCRIPTS = st.builds(lambda first, rest: [first, *rest], CUT, st.lists(WAYS, min_size=1, max_size=4))


@settings(max_examples=40, deadline=None)
@given(runs=st.lists(SCRIPTS, min_size=1, max_size=2))
def test_two_files_are_never_joined(publisher: Publisher, runs: list[list[Way]]) -> None:
    publisher.files, publisher.asked = {PATH: VERSIONS[0]}, []
    (wanted,) = wanted_files(one_item(publisher.address + PATH), None, Quarter(2026, 1))
    with tempfile.TemporaryDirectory() as place:
        folder = FetchFolder(Path(place) / "open")
        for ways in runs:
            publisher.script[PATH] = list(ways)
            fetched, kept = folder.root / "made_up/data.tif", folder.part("made_up", "data.tif").path
            error: FetchError | None = None
            with folder.working():
                try:
                    Fetcher(folder, quick(again_seconds=0.0), "").fetch(wanted)
                except FetchError as raised:
                    error = raised
            assert fetched.exists() == (error is None)
            assert not fetched.exists() or fetched.read_bytes() in VERSIONS
            assert kept.exists() <= isinstance(error, CutError)
            assert not kept.exists() or any(version.startswith(kept.read_bytes()) for version in VERSIONS)
