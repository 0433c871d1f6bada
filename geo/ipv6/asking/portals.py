"""Asks about many portals at once, politely, and resumes: what was answered a short while ago is taken from the disk."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from geo.ipv6.addresses import address_kind, is_allowed
from geo.ipv6.answers import Family, HostAnswers, Machine, NameAnswer, ServerAnswer, Visit
from geo.ipv6.asking.names import Names, resolver_addresses
from geo.ipv6.asking.visits import Visitor
from geo.ipv6.hosts import Target
from geo.ipv6.settings import AskingSettings, PageSettings

__all__ = ["AnswerStore", "ask_portals", "needs_asking"]

#: Addresses of the Internet by which the machine's own source address is told; nothing is sent to them (RFC 3849 and 5737 keep others for
#: writing about, to which there need be no route).
_FAR = {socket.AF_INET6: "2001:500:2f::f", socket.AF_INET: "192.5.5.241"}
_VISITS: tuple[tuple[Family, str], ...] = ((4, "https"), (6, "https"), (4, "http"), (6, "http"))
#: Faults of names that may be gone another time, so that they are asked about again.
_UNSURE = frozenset({"timeout", "server_failure", "refused", "malformed", "no_resolver", "not_asked"})


class AnswerStore(Protocol):
    """Where answers are kept."""

    def find(self, target: Target) -> HostAnswers | None:
        """Return what is kept of a target."""
        ...

    def keep(self, target: Target, answers: HostAnswers) -> None:
        """Keep answers."""
        ...


@dataclass(slots=True)
class _Gates:
    """Lets few visits at one time to one address, with a pause between their beginnings."""

    settings: AskingSettings
    _slots: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict)
    _last: dict[str, float] = field(default_factory=dict)

    def __call__(self, address: str) -> AbstractAsyncContextManager[None]:
        return self._held(address)

    @asynccontextmanager
    async def _held(self, address: str) -> AsyncIterator[None]:
        slots = self._slots.setdefault(address, asyncio.Semaphore(self.settings.per_address))
        async with slots:
            async with self._turns.setdefault(address, asyncio.Lock()):
                clock = asyncio.get_running_loop().time
                wait = self._last.get(address, -1e9) + self.settings.pause_seconds - clock()
                if wait > 0:
                    await asyncio.sleep(wait)
                self._last[address] = clock()
            yield


def needs_asking(kept: HostAnswers | None, settings: AskingSettings, now: datetime) -> bool:
    """Tell whether a target is to be asked about: nothing kept, or old, or what stood in the way may be gone."""
    if kept is None:
        return True
    try:
        age = now - datetime.fromisoformat(kept.checked_at)
    except (TypeError, ValueError):
        return True
    if not timedelta(0) <= age <= timedelta(days=settings.fresh_days):
        return True
    return _unsure(kept)


def _unsure(answers: HostAnswers) -> bool:
    """Tell whether what was found says nothing of the portal: a name that was not answered for, or a machine without IPv6."""
    return answers.aaaa.status in _UNSURE or (answers.aaaa.status == "found" and not answers.machine.ipv6_works)


def ask_portals(
    targets: Sequence[Target],
    settings: AskingSettings,
    pages: PageSettings,
    store: AnswerStore,
    *,
    now: datetime | None = None,
    progress: Callable[[int, int], None] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Mapping[Target, HostAnswers]:
    """Ask about every target whose kept answers are not fresh; return all answers.

    Each answer is kept as soon as it is there: a run that was stopped goes on where it was. An older answer is not given up for one
    that says nothing (a resolver that is silent, a machine without IPv6): its date tells how old it is.

    Parameters
    ----------
    targets : sequence of Target
        Each is asked once, however often it stands there.
    settings : AskingSettings
    pages : PageSettings
    store : AnswerStore
    now : datetime, optional
        With a time zone; the clock's unless given.
    progress : callable, optional
        Gets (done, total).
    tls : ssl.SSLContext, optional
        What certificates are held against; the machine's trust unless given.

    Raises
    ------
    InputError
        If a resolver that the settings name is no address.
    """
    moment = now or datetime.now(UTC)
    every = list(dict.fromkeys(targets))
    found = {target: kept for target in every if not needs_asking(kept := store.find(target), settings, moment) and kept is not None}
    wanted = [target for target in every if target not in found]
    if wanted:
        context = tls if tls is not None else ssl.create_default_context()
        found |= asyncio.run(_asked(wanted, settings, pages, store, moment, context, resolver_addresses(settings), progress))
    return {target: found[target] for target in every}


async def _asked(
    targets: Sequence[Target],
    settings: AskingSettings,
    pages: PageSettings,
    store: AnswerStore,
    now: datetime,
    tls: ssl.SSLContext,
    resolvers: Sequence[tuple[str, int]],
    progress: Callable[[int, int], None] | None,
) -> dict[Target, HostAnswers]:
    names = Names(settings, resolvers)

    async def lookup(host: str, family: Family) -> NameAnswer:
        return await names.find(host, "AAAA" if family == 6 else "A")

    asker = _Asker(settings, names, Visitor(settings, pages, lookup, _Gates(settings), tls), now)
    machine = await asker.machine()
    found: dict[Target, HostAnswers] = {}
    slots = asyncio.Semaphore(settings.together)

    async def one(target: Target) -> None:
        async with slots:
            answers = await asker.about(target, machine)
        found[target] = answers
        if not _unsure(answers):
            store.keep(target, answers)
        if progress is not None:
            progress(len(found), len(targets))

    async with asyncio.TaskGroup() as group:
        for target in targets:
            group.create_task(one(target))
    # A portal that answered proves the protocol for all that were asked in the same run.
    works = {family: any(v.spoke for a in found.values() for v in a.visits if v.family == family) for family in (4, 6)}
    proven = replace(machine, ipv4_works=machine.ipv4_works or works[4], ipv6_works=machine.ipv6_works or works[6])
    for target, answers in found.items():
        told = replace(answers, machine=proven)
        kept = store.find(target) if _unsure(told) else None
        if kept is not None and not _unsure(kept):
            found[target] = kept
        elif told != answers or _unsure(told):
            found[target] = told
            store.keep(target, told)
    return found


@dataclass(frozen=True, slots=True)
class _Asker:
    settings: AskingSettings
    names: Names
    visitor: Visitor
    now: datetime

    async def machine(self) -> Machine:
        """Find out what this machine can reach."""
        works = {}
        for family in (4, 6):
            tries = [self._reached(text, family) for text in self.settings.reference_hosts]
            works[family] = any(await asyncio.gather(*tries))
        return Machine(_source(socket.AF_INET6), _source(socket.AF_INET), ipv6_works=works[6], ipv4_works=works[4])

    async def _reached(self, text: str, family: Family) -> bool:
        host, _, port = text.partition(":")
        answer = await self.names.find(host, "AAAA" if family == 6 else "A")
        return any([await self._connects(a, int(port or self.settings.https_port)) == "answered" for a in answer.values[:1]])

    async def _connects(self, address: str, port: int) -> str:
        """Return whether a TCP connection comes about: ``answered`` or a status of a visit."""
        if not is_allowed(address, self.settings.networks):
            return "address_not_allowed"
        try:
            async with asyncio.timeout(self.settings.connect_seconds):
                _, writer = await asyncio.open_connection(address, port)
        except TimeoutError:
            return "connect_timeout"
        except OSError as error:
            return "connection_refused" if error.errno == errno.ECONNREFUSED else "no_route"
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return "answered"

    async def about(self, target: Target, machine: Machine) -> HostAnswers:
        """Ask everything about one portal."""
        if target.address:
            six = ":" in target.address
            aaaa = NameAnswer("found", (target.address,)) if six else NameAnswer("no_data")
            a = NameAnswer("no_data") if six else NameAnswer("found", (target.address,))
        else:
            aaaa, a = await asyncio.gather(self.names.find(target.host, "AAAA"), self.names.find(target.host, "A"))
        answers = HostAnswers(
            target.host, target.url(target.scheme or "https", 0 if target.port else self._port(target.scheme or "https")), target.scheme,
            self.now.astimezone(UTC).isoformat(timespec="seconds"), machine, aaaa, a,
        )  # fmt: skip
        visits: list[Visit] = []
        for family, scheme in _VISITS:
            if (aaaa if family == 6 else a).status == "found":
                visits.append(await self.visitor.visit(target, scheme, family))
        answers = replace(answers, visits=tuple(visits))
        return answers if target.address else await self._with_servers(answers)

    def _port(self, scheme: str) -> int:
        return self.settings.https_port if scheme == "https" else self.settings.http_port

    async def _with_servers(self, answers: HostAnswers) -> HostAnswers:
        zone = await self._zone(answers.host)
        if not zone:
            return answers
        servers, keys = await asyncio.gather(self.names.find(zone, "NS"), self.names.find(zone, "DNSKEY"))
        signed = {"found": True, "no_data": False}.get(keys.status)
        mail, domain = NameAnswer("no_data"), ""
        for name in _up_to(answers.host, zone):
            answer = await self.names.find(name, "MX")
            if answer.status not in {"no_data", "no_domain", "chain_loop", "chain_too_long"}:
                none = answer.values == (".",)  # "takes no mail" (RFC 7505)
                mail, domain = (NameAnswer("no_data") if none else answer), name
                break
        listed = [(name, False) for name in servers.values] + [(name, True) for name in mail.values if name != "."]
        details = [await self._server(name, mail=is_mail) for name, is_mail in dict(listed).items()]
        return replace(
            answers, zone=zone, signed=signed, name_servers=servers, mail=mail, mail_domain=domain, servers=tuple(details)
        )

    async def _server(self, name: str, *, mail: bool) -> ServerAnswer:
        answer = await self.names.find(name, "AAAA")
        port = "not_asked"
        good = [address for address in answer.values if is_allowed(address, self.settings.networks)]
        if mail and self.settings.check_mail_port and good:
            port = await self._connects(good[0], self.settings.mail_port)
        return ServerAnswer(name, answer.status, answer.values, port)

    async def _zone(self, host: str) -> str:
        """Return the nearest zone at or above a name, found by its SOA record."""
        for name in _up_to(host, ""):
            answer = await self.names.find(name, "SOA")
            if answer.chain:
                continue  # the record is that of the alias's target
            if answer.status in {"found", "no_data"} and answer.values:
                return answer.values[0]
            if answer.status not in {"no_data", "no_domain"}:
                return ""
        return ""


def _up_to(host: str, zone: str) -> list[str]:
    """Return a name and those above it down to the zone; never a name of one label."""
    labels = host.split(".")
    names = [".".join(labels[k:]) for k in range(len(labels) - 1)]
    return [name for name in names if not zone or name == zone or name.endswith(f".{zone}")]


def _source(family: socket.AddressFamily) -> str:
    """Return the kind of address that the machine would send from to the Internet; nothing is sent."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((_FAR[family], 53))
            return address_kind(probe.getsockname()[0])
    except OSError:
        return "none"
