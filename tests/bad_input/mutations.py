"""Seeded damage: bytes flipped, cut, repeated, inserted; lines and cells lost, doubled, exchanged; odd texts."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable

__all__ = ["BYTE_MUTATIONS", "TEXT_MUTATIONS", "rezipped"]

Mutation = Callable[[bytes, random.Random], bytes]

#: What stands in files that nobody meant to write.
ODD_TEXTS = (
    "\x00", "\ufeff", "\u202e", "\u0301" * 20, "𝟙𝟚", "٣٤", "１２", "-", "--", "+", "1e309", "-1e-320", "9" * 400, "0x1F", "1_000",
    "NaN", "inf", "None", "null", "true", '"', '""', "'", "\\", ";", "\t", "|", "\r", "\r\n", "=1+1", "<script>", "%s%n", "{x}",
    "{0}", "{{", "${HOME}", "../..", "°", "105°", "105°99'", "31/02/2020", "00:00", "NOT\x1bTEXT", "🛰", "a" * 5000, "1,2,3", "1.2.3",
    "٫", "−5", "½", "Ⅷ", "�", "E", "e5", ".", ",", "()", "[[", "}}", "EPSG:", "+proj", "POINT (1 2)", "2026-13-45", "99999999999999999999",
)  # fmt: skip


def _flip(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def _truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def _insert(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + rng.randbytes(rng.choice((1, 4, 100))) + data[at:]


def _remove(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.choice((1, 4, 100)) :]


def _repeat(data: bytes, rng: random.Random) -> bytes:
    at, size = rng.randrange(len(data)), rng.choice((1, 16, 500))
    return data[: at + size] + data[at : at + size] * rng.choice((1, 3, 50)) + data[at + size :]


def _blank(data: bytes, rng: random.Random) -> bytes:
    at, size = rng.randrange(len(data)), rng.choice((4, 64, 1000))
    part = data[at : at + size]
    return data[:at] + bytes((rng.choice((0, 0xFF)),)) * len(part) + data[at + size :]


def _number(data: bytes, rng: random.Random) -> bytes:
    """Overwrite four or eight bytes with a number at the edge of what counts and sizes may be."""
    size = rng.choice((2, 4, 8))
    value = rng.choice((0, 1, -1, 2**15, 2**31 - 1, -(2**31), 2**40, 2**62)) % 2 ** (8 * size)
    at = rng.randrange(max(1, min(len(data), 4096) - size))
    return data[:at] + value.to_bytes(size, rng.choice(("little", "big"))) + data[at + size :]  # type: ignore[arg-type]


BYTE_MUTATIONS: dict[str, Mutation] = {
    "flip": _flip, "truncate": _truncate, "insert": _insert, "remove": _remove, "repeat": _repeat, "blank": _blank,
    "number": _number,
}  # fmt: skip


def _as_lines(change: Callable[[list[str], random.Random], list[str]]) -> Mutation:
    def mutate(data: bytes, rng: random.Random) -> bytes:
        lines = data.decode("utf-8").split("\n")
        return "\n".join(change(lines, rng)).encode("utf-8", "surrogatepass")

    return mutate


def _lose_line(lines: list[str], rng: random.Random) -> list[str]:
    at = rng.randrange(len(lines))
    return lines[:at] + lines[at + rng.choice((1, 1, 3)) :]


def _double_line(lines: list[str], rng: random.Random) -> list[str]:
    at = rng.randrange(len(lines))
    return lines[:at] + [lines[at]] * rng.choice((2, 3, 40)) + lines[at + 1 :]


def _exchange_lines(lines: list[str], rng: random.Random) -> list[str]:
    out = lines.copy()
    a, b = rng.randrange(len(out)), rng.randrange(len(out))
    out[a], out[b] = out[b], out[a]
    return out


def _other_delimiter(lines: list[str], rng: random.Random) -> list[str]:
    new = rng.choice((";", "\t", "|", " ", ",,"))
    chosen = range(len(lines)) if rng.random() < 0.5 else (rng.randrange(len(lines)),)
    return [line.replace(",", new) if i in chosen else line for i, line in enumerate(lines)]


def _odd_cell(lines: list[str], rng: random.Random) -> list[str]:
    out = lines.copy()
    at = rng.randrange(len(out))
    cells = out[at].split(",")
    cells[rng.randrange(len(cells))] = rng.choice(ODD_TEXTS)
    out[at] = ",".join(cells)
    return out


def _odd_column(lines: list[str], rng: random.Random) -> list[str]:
    """One column becomes another text in every row, so that a whole field changes its nature."""
    at, text = rng.randrange(lines[0].count(",") + 1), rng.choice(ODD_TEXTS)
    out = []
    for line in lines:
        cells = line.split(",")
        if at < len(cells) and line and rng.random() < 0.8:
            cells[at] = text
        out.append(",".join(cells))
    return out


def _exchange_cells(lines: list[str], rng: random.Random) -> list[str]:
    out = lines.copy()
    at = rng.randrange(len(out))
    cells = out[at].split(",")
    rng.shuffle(cells)
    out[at] = ",".join(cells)
    return out


def _odd_text(data: bytes, rng: random.Random) -> bytes:
    text = data.decode("utf-8")
    at = rng.randrange(len(text))
    return (text[:at] + rng.choice(ODD_TEXTS) + text[at + rng.choice((0, 0, 1, 5)) :]).encode("utf-8", "surrogatepass")


def _other_encoding(data: bytes, rng: random.Random) -> bytes:
    codec = rng.choice(("utf-16", "utf-16-le", "utf-32", "cp1258", "cp1252", "utf-8-sig", "utf-7", "cp437", "shift_jis"))
    return data.decode("utf-8").encode(codec, "replace")


TEXT_MUTATIONS: dict[str, Mutation] = {
    "lose_line": _as_lines(_lose_line), "double_line": _as_lines(_double_line), "exchange_lines": _as_lines(_exchange_lines),
    "other_delimiter": _as_lines(_other_delimiter), "odd_cell": _as_lines(_odd_cell), "odd_column": _as_lines(_odd_column),
    "exchange_cells": _as_lines(_exchange_cells), "odd_text": _odd_text, "other_encoding": _other_encoding,
}  # fmt: skip


def rezipped(data: bytes, rng: random.Random) -> bytes:
    """Damage one member inside an archive and pack it again, so that the damage passes the archive's checksum."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    name = rng.choice([n for n, content in members.items() if content])
    kind = rng.choice(list(BYTE_MUTATIONS))
    if name.endswith((".xml", ".rels")) and rng.random() < 0.6:
        members[name] = _odd_text(members[name], rng)
    else:
        members[name] = BYTE_MUTATIONS[kind](members[name], rng)
    if rng.random() < 0.1:
        del members[name]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return stream.getvalue()
