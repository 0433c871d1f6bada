"""One file over HTTP: asked for politely, gone on with after a cut, never joined from two different files.

- The rest of a file is asked for with Range and If-Range (RFC 9110, 13.1.5), and only where the first answer gave a strong validator.
  A server that answers with the whole file is believed: what was there is thrown away. A partial answer must begin where the file ends,
  name the same total and bear the same ETag, else everything is thrown away and asked for anew.
- Bytes are taken as they come: no content coding is asked for, and one that is sent all the same is undone later, from the whole file.
- Redirects are followed by hand, to the hosts that the catalogue or the person names, never from https to http, never to another scheme.
- The user's key stands in the address asked and in nothing else: errors of the HTTP library, which name addresses, are never passed on.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import errno
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from geo.errors import Bilingual
from geo.fetching.asking.answers import content_range, described, retry_after_seconds
from geo.fetching.asking.secret import Secret
from geo.fetching.faults import CutError, FetchError, data_size
from geo.fetching.settings import AskingSettings
from geo.io.file_kinds import clean_words, looks_like, spoken_answer
from geo.io.partial import PartialFile, PartialState

__all__ = ["AbsentError", "Asked", "fetch_bytes", "fetch_text"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: A server that answers so may answer otherwise in a while.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_START = 4096
_CHUNK = 1 << 16
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class AbsentError(FetchError):
    """The server says that there is no such file."""


class _InterruptedError(Exception):
    """A try that may be made again: why, and how long the server asks to wait."""

    def __init__(self, reason: Bilingual, wait_seconds: float | None = None) -> None:
        super().__init__(reason.en)
        self.reason, self.wait_seconds = reason, wait_seconds


@dataclass(frozen=True, slots=True)
class Asked:
    """One file of one server.

    Attributes
    ----------
    address : str
        With ``{key}`` in the key's place.
    label : str
        How messages call it.
    content : str
        What it must look like: geotiff, zip, gzip, parquet.
    hosts : tuple of str
        Hosts beside the address's own that may be led to.
    most_bytes : int
    refusals : mapping
        Words of the server that mean no, and what they mean.
    room : callable
        Told the bytes still to come, raises where the disk has not as much.
    progress : callable
        Told bytes so far and in all (None: unknown).
    """

    address: str
    label: str
    content: str
    hosts: tuple[str, ...]
    most_bytes: int
    refusals: Mapping[str, Bilingual]
    room: Callable[[int], None]
    progress: Callable[[int, int | None], None]


async def fetch_bytes(asked: Asked, part: PartialFile, settings: AskingSettings, secret: Secret) -> PartialState:
    """Bring a file into ``part``, going on with what is there; return what the server said of it.

    Raises
    ------
    AbsentError
        If there is no such file.
    CutError
        If it cannot be had now; what came is kept.
    FetchError
        If it cannot be had, or is plainly not what it should be; nothing is kept.
    """
    barren = 0
    reason = Bilingual("", "")
    async with _session(settings) as session:
        for _ in range(settings.most_rounds):
            before = part.size()
            try:
                return await _attempt(session, asked, part, settings, secret)
            except FetchError:
                part.discard()
                raise
            except _InterruptedError as cut:
                reason = cut.reason
                barren = 0 if part.size() > before else barren + 1
                wait = settings.again_seconds * 2 ** max(0, barren - 1)
                if cut.wait_seconds is not None and cut.wait_seconds > settings.longest_wait_seconds:
                    minutes = max(1, round(cut.wait_seconds / 60))
                    raise _cut(
                        asked, part,
                        Bilingual(f"{reason.vi}, máy chủ yêu cầu chờ khoảng {minutes} phút", f"{reason.en}, the server asks to wait some {minutes} minutes"),
                    ) from None  # fmt: skip
                if barren >= settings.tries:
                    break
                await asyncio.sleep(max(min(wait, settings.longest_wait_seconds), cut.wait_seconds or 0.0))
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                part.discard()
                raise FetchError(
                    f"'{asked.label}': ổ đĩa đã đầy; phần đã tải bị xóa, hãy giải phóng chỗ rồi chạy lại.",
                    f"'{asked.label}': the disk is full; what had come was removed, free some space and run again.",
                ) from None
    raise _cut(asked, part, reason)


async def fetch_text(asked: Asked, settings: AskingSettings, secret: Secret) -> str:
    """Return a short text such as a list of checksums, as much of it as is read at most.

    Raises
    ------
    FetchError
        If it cannot be had; said once, without many tries.
    """
    async with _session(settings) as session:
        try:
            async with _answer(session, asked, {}, settings, secret) as (reply, _):
                if reply.status != 200:
                    raise _refused(asked, reply, b"", secret)
                return (await reply.content.read(settings.checksum_bytes)).decode("utf-8", "replace")
        except (_InterruptedError, aiohttp.ClientError, TimeoutError, ConnectionError) as cut:
            reason = cut.reason if isinstance(cut, _InterruptedError) else _network_reason(cut, cut=True)
            raise FetchError(f"'{asked.label}': {reason.vi}.", f"'{asked.label}': {reason.en}.") from None


def _session(settings: AskingSettings) -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=settings.connect_seconds, sock_read=settings.silence_seconds)
    headers = {"User-Agent": settings.user_agent, "Accept": "*/*", "Accept-Encoding": "identity"}
    # trust_env would read passwords from ~/.netrc as well; proxies are asked for by hand.
    return aiohttp.ClientSession(
        timeout=timeout, headers=headers, auto_decompress=False, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
    )


def _proxy(address: str) -> str | None:
    """Return the proxy that the environment (or Windows' settings) names for an address; this machine itself needs none."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    return None if host in _LOOPBACK or proxy_bypass(host) else getproxies().get(parts.scheme)


def _cut(asked: Asked, part: PartialFile, reason: Bilingual) -> CutError:
    have, state = part.size(), part.state()
    if have == 0 or state is None or not state.validator:
        part.discard()
        return CutError(
            f"'{asked.label}': {reason.vi}; hãy chạy lại cùng lệnh sau.", f"'{asked.label}': {reason.en}; run the same command again later."
        )
    got, total = data_size(have), data_size(state.total) if state.total else None
    return CutError(
        f"'{asked.label}': {reason.vi}. Đã giữ {got.vi}" + (f" trên {total.vi}" if total else "") + "; chạy lại cùng lệnh để tải tiếp.",
        f"'{asked.label}': {reason.en}. {got.en}" + (f" of {total.en}" if total else "") + " are kept; run the same command to go on.",
    )


async def _attempt(
    session: aiohttp.ClientSession, asked: Asked, part: PartialFile, settings: AskingSettings, secret: Secret
) -> PartialState:
    state = part.state()
    have = part.size()
    if state is None or state.address != asked.address or not state.validator or have == 0 or (state.total is not None and have > state.total):
        part.discard()
        state, have = None, 0
    if state is not None and have == state.total:
        return state
    headers = {} if state is None else {"Range": f"bytes={have}-", "If-Range": state.validator}
    async with _answer(session, asked, headers, settings, secret) as (reply, host):
        if reply.status == 200:
            total = reply.content_length
            state = described(
                reply.headers, address=asked.address, host=host, total=total, strong_date_seconds=settings.strong_date_seconds
            )
            _check_length(asked, total)
            if total is not None:
                asked.room(total)
            part.begin(state)
        elif reply.status == 206 and state is not None:
            state = _check_range(reply, state, have, part)
        elif reply.status == 416 and state is not None:
            if reply.headers.get("Content-Range", "").strip() == f"bytes */{have}":
                return replace(state, total=have)  # nothing is missing, the length named at first was wrong
            part.discard()
            raise _InterruptedError(Bilingual("máy chủ không cho tải tiếp, tải lại từ đầu", "the server does not let it go on, it is begun anew"))
        else:
            start = await _beginning(reply)
            raise _refused(asked, reply, start, secret)
        await _receive(reply, asked, part, state, settings, secret)
    if state.total is not None and part.size() != state.total:
        if part.size() > state.total:
            part.discard()
        raise _InterruptedError(Bilingual("kết nối bị ngắt giữa chừng", "the connection was cut midway"))
    return state


def _check_length(asked: Asked, total: int | None) -> None:
    if total is not None and total > asked.most_bytes:
        size, most = data_size(total), data_size(asked.most_bytes)
        raise FetchError(
            f"'{asked.label}': máy chủ báo {size.vi}, lớn hơn nhiều so với dự kiến (tối đa {most.vi}); không tải.",
            f"'{asked.label}': the server announces {size.en}, far more than expected (at most {most.en}); not fetched.",
        )
    if total == 0:
        raise FetchError(f"'{asked.label}': máy chủ gửi tệp rỗng.", f"'{asked.label}': the server sends an empty file.")


def _check_range(reply: aiohttp.ClientResponse, state: PartialState, have: int, part: PartialFile) -> PartialState:
    """Hold a partial answer against what was asked (anything else would join two files); return what is now known of the file."""
    span = content_range(reply.headers)
    etag = reply.headers.get("ETag", "").strip()
    encoding = reply.headers.get("Content-Encoding", "").strip().lower()
    fits = span is not None and span[0] == have and (span[2] is None or state.total is None or span[2] == state.total)
    whole = span is not None and (state.total is None or span[1] < state.total)
    same = (not etag or etag == state.etag) and ("" if encoding == "identity" else encoding) == state.encoding
    if span is None or not (fits and whole and same):
        part.discard()
        raise _InterruptedError(
            Bilingual(
                "máy chủ gửi tiếp sai đoạn hoặc tệp đã đổi, tải lại từ đầu", "the server went on at another place or the file changed, it is begun anew"
            )
        )
    return state if state.total is not None else replace(state, total=span[2])


async def _receive(
    reply: aiohttp.ClientResponse, asked: Asked, part: PartialFile, state: PartialState, settings: AskingSettings, secret: Secret
) -> None:
    """Write the body, hold it against what the file must look like, and watch its pace."""
    size = part.size()
    start = part.start_of(_START)
    checked = False
    mark, marked = time.monotonic(), size
    kind = "gzip" if state.encoding in {"gzip", "x-gzip"} else asked.content
    if state.encoding not in {"", "gzip", "x-gzip"}:
        part.discard()
        coding = clean_words(secret.taken_out(state.encoding))
        raise FetchError(
            f"'{asked.label}': máy chủ nén theo cách không yêu cầu ('{coding}').", f"'{asked.label}': the server packs in a way nobody asked for ('{coding}')."
        )
    try:
        with part.appending() as out:
            async for chunk in reply.content.iter_chunked(_CHUNK):
                start = start if len(start) >= _START else (start + chunk)[:_START]
                if not checked and len(start) >= 4:
                    checked = True
                    if not looks_like(start, kind):
                        raise _not_data(asked, await _more(reply, start), secret)
                out.write(chunk)
                size += len(chunk)
                if size > asked.most_bytes:
                    most = data_size(asked.most_bytes)
                    raise FetchError(
                        f"'{asked.label}': đã nhận hơn {most.vi}, lớn hơn nhiều so với dự kiến; dừng tải.",
                        f"'{asked.label}': more than {most.en} came, far more than expected; stopped.",
                    )
                asked.progress(size, state.total)
                now = time.monotonic()
                if now - mark >= settings.slow_seconds:
                    if size - marked < settings.slow_bytes:
                        raise _InterruptedError(Bilingual("đường truyền quá chậm", "the connection is too slow"))
                    mark, marked = now, size
    except OSError as error:
        if error.errno in _FULL or not isinstance(error, aiohttp.ClientError | TimeoutError | ConnectionError):
            raise
        raise _InterruptedError(_network_reason(error, cut=True)) from None
    except aiohttp.ClientError as error:
        raise _InterruptedError(_network_reason(error, cut=True)) from None
    _check_length(asked, size)
    if not checked and not looks_like(start, kind):
        raise _not_data(asked, start, secret)


async def _more(reply: aiohttp.ClientResponse, start: bytes) -> bytes:
    """Return some more of a body that is no data, for what it says."""
    try:
        async with asyncio.timeout(1.0):
            while len(start) < _START and (chunk := await reply.content.read(_START)):
                start += chunk
    except (aiohttp.ClientError, TimeoutError, OSError):
        pass
    return start[:_START]


async def _beginning(reply: aiohttp.ClientResponse) -> bytes:
    return await _more(reply, b"")


def _not_data(asked: Asked, start: bytes, secret: Secret) -> FetchError:
    said = secret.taken_out(spoken_answer(start))
    meaning = _meaning(asked, start, secret)
    if meaning is not None:
        return meaning
    page = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"
    if page or said:
        quoted = f" ('{said}')" if said else ""
        return FetchError(
            f"'{asked.label}': máy chủ gửi trang web hoặc thông báo{quoted} thay cho dữ liệu.",
            f"'{asked.label}': the server sent a web page or a message{quoted} instead of data.",
        )
    return FetchError(
        f"'{asked.label}': nội dung không phải {asked.content}; máy chủ gửi nhầm tệp.",
        f"'{asked.label}': the content is no {asked.content}; the server sent the wrong file.",
    )


def _meaning(asked: Asked, start: bytes, secret: Secret) -> FetchError | None:
    text = start.decode("utf-8", "replace")
    for word, meaning in asked.refusals.items():
        if word in text:
            return FetchError(f"'{asked.label}': {secret.taken_out(meaning.vi)}", f"'{asked.label}': {secret.taken_out(meaning.en)}")
    return None


def _refused(asked: Asked, reply: aiohttp.ClientResponse, start: bytes, secret: Secret) -> FetchError | _InterruptedError:
    """Return what an answer means that brings no file."""
    status = reply.status
    meaning = _meaning(asked, start, secret)
    if meaning is not None:
        return meaning
    said = secret.taken_out(spoken_answer(start))
    quoted = f" ('{said}')" if said else ""
    if status in _PASSING:
        wait = retry_after_seconds(reply.headers, dt.datetime.now(dt.UTC))
        if status == 429:
            return _InterruptedError(Bilingual("máy chủ báo hỏi quá nhiều (429)", "the server says that it was asked too often (429)"), wait)
        return _InterruptedError(Bilingual(f"máy chủ đang có lỗi ({status})", f"the server has a fault ({status})"), wait)
    if status in {404, 410}:
        return AbsentError(
            f"'{asked.label}': máy chủ không có tệp này ({status}); địa chỉ có thể đã đổi, hãy xem danh mục.",
            f"'{asked.label}': the server has no such file ({status}); the address may have changed, see the catalogue.",
        )
    if status == 407:
        return _proxy_refused(asked, status)
    if status in {401, 403}:
        return FetchError(
            f"'{asked.label}': máy chủ từ chối ({status}){quoted}; có thể cần khóa, đăng ký, hoặc mạng cơ quan chặn.",
            f"'{asked.label}': the server refuses ({status}){quoted}; a key or a registration may be needed, or the office's network blocks it.",
        )
    if status == 206:
        return FetchError(
            f"'{asked.label}': máy chủ gửi một đoạn không ai yêu cầu.", f"'{asked.label}': the server sent a piece that nobody asked for."
        )
    return FetchError(f"'{asked.label}': máy chủ trả lời mã {status}{quoted}.", f"'{asked.label}': the server answered {status}{quoted}.")


@asynccontextmanager
async def _answer(
    session: aiohttp.ClientSession, asked: Asked, headers: Mapping[str, str], settings: AskingSettings, secret: Secret
) -> AsyncIterator[tuple[aiohttp.ClientResponse, str]]:
    """Give the answer at the end of the redirects, and the host that gave it."""
    url = secret.put_into(asked.address)
    first = urlsplit(url)
    for _ in range(settings.most_redirects + 1):
        # Name and password of a mirror are for it alone, not for where it leads to.
        own = secret.authorization if urlsplit(url)[:2] == first[:2] else {}
        try:
            reply = await session.get(url, headers={**headers, **own}, allow_redirects=False, proxy=_proxy(url))
        except aiohttp.ClientHttpProxyError as error:  # answered in place of the publisher before anything was asked of him
            raise _proxy_refused(asked, error.status) from None
        except aiohttp.ClientConnectorCertificateError:  # a ValueError too
            raise _distrusted(asked, urlsplit(url).hostname or "") from None
        except (aiohttp.InvalidURL, ValueError):
            raise FetchError(f"'{asked.label}': địa chỉ không hợp lệ.", f"'{asked.label}': the address is no valid one.") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
                raise _distrusted(asked, urlsplit(url).hostname or "") from None
            raise _InterruptedError(_network_reason(error, cut=False)) from None
        if reply.status not in _REDIRECTS:
            try:
                yield reply, urlsplit(url).hostname or ""
            finally:
                reply.close()
            return
        location = reply.headers.get("Location", "")
        reply.close()
        url = _led_to(asked, url, location, first.hostname or "", secret)
    raise FetchError(
        f"'{asked.label}': máy chủ chuyển hướng vòng quanh quá {settings.most_redirects} lần.",
        f"'{asked.label}': the server redirects more than {settings.most_redirects} times.",
    )


def _led_to(asked: Asked, url: str, location: str, first_host: str, secret: Secret) -> str:
    """Return where a redirect leads, if it may."""
    try:
        target = urljoin(url, location)
        parts = urlsplit(target)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        parts, host, port, target = urlsplit(""), "", None, ""
    shown = clean_words(secret.taken_out(host or parts.scheme or "?"))
    if not location or parts.scheme not in {"http", "https"} or not host or parts.username is not None:
        scheme = clean_words(secret.taken_out(parts.scheme or "?"))
        raise FetchError(
            f"'{asked.label}': máy chủ chuyển hướng tới địa chỉ không cho phép ('{scheme}:').",
            f"'{asked.label}': the server redirects to an address that is not allowed ('{scheme}:').",
        )
    if urlsplit(url).scheme == "https" and parts.scheme != "https":
        raise FetchError(
            f"'{asked.label}': máy chủ chuyển hướng từ https sang http ở '{shown}'; bị từ chối.",
            f"'{asked.label}': the server redirects from https to http at '{shown}'; refused.",
        )
    stranger = host != first_host.lower() or (host == (urlsplit(url).hostname or "") and port != urlsplit(url).port)
    if stranger and host not in asked.hosts:
        raise FetchError(
            f"'{asked.label}': máy chủ chuyển hướng sang '{shown}'; nếu tin máy chủ đó, hãy thêm --allow-host {shown}.",
            f"'{asked.label}': the server redirects to '{shown}'; if you trust that server, add --allow-host {shown}.",
        )
    if stranger and secret and secret.taken_out(target) != target:
        raise FetchError(
            f"'{asked.label}': máy chủ muốn đưa khóa của bạn sang '{shown}'; bị từ chối.",
            f"'{asked.label}': the server wants your key to go to '{shown}'; refused.",
        )
    return target


def _proxy_refused(asked: Asked, status: int) -> FetchError:
    """Return what a proxy's refusal means; 407: it wants a name and a password (RFC 9110, 15.5.8)."""
    if status == 407:
        return FetchError(
            f"'{asked.label}': máy chủ trung gian (proxy) của cơ quan đòi tên và mật khẩu (407); hãy ghi tên:mật-khẩu@ trước tên máy "
            "trong biến môi trường HTTPS_PROXY (và HTTP_PROXY) rồi chạy lại, hoặc tải ở nơi khác và dùng --mirror.",
            f"'{asked.label}': the office's proxy wants a name and a password (407); write name:password@ before the host "
            "in the environment variable HTTPS_PROXY (and HTTP_PROXY) and run again, or fetch elsewhere and use --mirror.",
        )
    return FetchError(
        f"'{asked.label}': máy chủ trung gian (proxy) của cơ quan không cho đi tiếp ({status}); hãy hỏi người quản trị mạng, hoặc tải ở nơi khác và dùng --mirror.",
        f"'{asked.label}': the office's proxy lets it go no further ({status}); ask who runs the network, or fetch elsewhere and use --mirror.",
    )


def _distrusted(asked: Asked, host: str) -> FetchError:
    return FetchError(
        f"'{asked.label}': chứng thư của '{host}' không tin được; nếu mạng cơ quan dùng chứng thư riêng, hãy đặt SSL_CERT_FILE.",
        f"'{asked.label}': the certificate of '{host}' is not trusted; if the office's network has its own, set SSL_CERT_FILE.",
    )


def _network_reason(error: BaseException, *, cut: bool) -> Bilingual:
    """Return why the network failed, without what the library says: its texts hold the address."""
    if isinstance(error, TimeoutError):
        if cut:
            return Bilingual("máy chủ ngừng gửi giữa chừng", "the server fell silent midway")
        return Bilingual("máy chủ không trả lời trong thời gian chờ", "the server did not answer in time")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Bilingual("không tìm thấy tên máy chủ; hãy kiểm tra mạng", "the server's name was not found; check the network")
    if isinstance(error, aiohttp.ClientConnectorError):
        return Bilingual("không kết nối được tới máy chủ", "the server cannot be reached")
    return Bilingual("kết nối bị ngắt giữa chừng", "the connection was cut midway")
