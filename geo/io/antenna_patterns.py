"""Antenna patterns as makers give them: MSI Planet files (.msi, .pln).

A text file: keys with their values (NAME, FREQUENCY, GAIN, TILT ...), then ``HORIZONTAL n`` and
``VERTICAL n`` with n lines of angle and loss below the maximum, dB. Gain is in dBd unless the file says
dBi. Vertical angles count downwards from the horizon in front of the antenna.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from geo.errors import InputError
from geo.io.project import InputFile
from geo.io.refusals import stating
from geo.io.resources import load_toml
from geo.numbers import vietnamese
from geo.text import clean, fold, fold_key
from geo.validation import IssueLog, Source

__all__ = ["AntennaLibrary", "AntennaPattern", "read_antenna_pattern", "read_antenna_patterns"]

_F64 = npt.NDArray[np.float64]

_NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?")
_SECTIONS = ("HORIZONTAL", "VERTICAL")
_KEYS = ("NAME", "MAKE", "FREQUENCY", "H_WIDTH", "V_WIDTH", "FRONT_TO_BACK", "GAIN", "TILT", "ELECTRICAL_TILT",
         "POLARIZATION", "COMMENT")  # fmt: skip
#: Steps in which the two cuts are kept.
_HORIZONTAL_STEP_DEG = 1.0
_VERTICAL_STEP_DEG = 0.25
_LARGEST_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class AntennaPattern:
    """One antenna at one frequency and electrical tilt.

    Attributes
    ----------
    name : str
        As the file says, else the file's name.
    file : str
        Path as messages show it.
    frequency_mhz : float
        Middle of the range given; NaN where the file does not say.
    gain_dbi : float
        NaN where the file does not say.
    electrical_tilt_deg : float
        Positive down: as stated, else the direction of the vertical cut's maximum.
    horizontal_loss_db : (360,) float64 array
        Loss at 0, 1 ... 359 degrees clockwise of the main direction, the least 0.
    vertical_loss_db : (1440,) float64 array
        Loss at 0, 0.25 ... degrees below the horizon in front (90 is straight down, 180 the back), the least 0.
    """

    name: str
    file: str
    frequency_mhz: float
    gain_dbi: float
    electrical_tilt_deg: float
    horizontal_loss_db: _F64
    vertical_loss_db: _F64


@dataclass(frozen=True, slots=True)
class AntennaLibrary:
    """The antenna patterns of a project.

    Attributes
    ----------
    patterns : tuple of AntennaPattern
    frequency_ratio : float
        A pattern further from a frequency than this factor is another band's.
    """

    patterns: tuple[AntennaPattern, ...]
    frequency_ratio: float

    def find(
        self, model: str, *, frequency_mhz: float = float("nan"), electrical_tilt_deg: float = float("nan")
    ) -> AntennaPattern | None:
        """Return the pattern of an antenna model, nearest in frequency, then in electrical tilt.

        The model is the file's NAME or the file's own name (accents, case and punctuation folded), or
        their first words (``"742215"`` for ``742215_1800_X_T06.msi``).

        Returns
        -------
        AntennaPattern or None
            None for an unknown model or one that has no pattern for the band.
        """
        key, words = fold_key(model), tuple(fold(model).split())
        if not key:
            return None
        keyed = [(p, *_keys(p.name, p.file)) for p in self.patterns]
        named = [p for p, names, _ in keyed if key in names] or [
            p for p, _, parted in keyed if any(n[: len(words)] == words for n in parted)
        ]
        with_band = [p for p in named if not _ratio(p.frequency_mhz, frequency_mhz) > self.frequency_ratio]

        def distance(pattern: AntennaPattern) -> tuple[float, float, str]:
            away = abs(pattern.electrical_tilt_deg - electrical_tilt_deg)
            return (
                float(np.nan_to_num(_ratio(pattern.frequency_mhz, frequency_mhz), nan=1.0)),
                float(np.nan_to_num(away)),
                pattern.file,
            )

        return min(with_band, key=distance, default=None)


@lru_cache(maxsize=1 << 14)
def _keys(name: str, file: str) -> tuple[frozenset[str], tuple[tuple[str, ...], ...]]:
    """Return the folded names of a pattern, and the words of them."""
    names = (name, Path(file).stem, Path(file).name)
    return frozenset(fold_key(n) for n in names), tuple(tuple(fold(n).split()) for n in names)


def _ratio(one: float, other: float) -> float:
    """Return the larger of two frequencies over the smaller, NaN where one is unknown."""
    return max(one / other, other / one) if one > 0 and other > 0 else float("nan")


def read_antenna_patterns(files: Sequence[InputFile], log: IssueLog) -> AntennaLibrary:
    """Read a project's antenna files; one that cannot be used is a finding, the others are still read.

    Parameters
    ----------
    files : sequence of InputFile
    log : IssueLog
        Receives refused files and what was mended in the others.

    Returns
    -------
    AntennaLibrary
    """
    patterns: list[AntennaPattern] = []
    for item in files:
        with stating(log, item.file):
            patterns.append(read_antenna_pattern(item.path, file=item.file, log=log))
    return AntennaLibrary(tuple(patterns), float(load_toml("defaults.toml")["antenna_files"]["frequency_ratio"]["value"]))


def read_antenna_pattern(path: Path, *, file: str, log: IssueLog) -> AntennaPattern:
    """Read one MSI Planet file.

    Parameters
    ----------
    path : Path
    file : str
        Path as messages show it.
    log : IssueLog
        Receives what was mended: unit of gain not given, count or angles off, sign or direction turned.

    Returns
    -------
    AntennaPattern

    Raises
    ------
    InputError
        If a cut is missing, has unreadable numbers, gaps too wide, or two losses at one angle.
    """
    limits = {name: float(entry["value"]) for name, entry in load_toml("defaults.toml")["antenna_files"].items()}
    source = Source(file)
    keys, cuts = _split(_text(path, file), file)
    across = _cut("HORIZONTAL", cuts, limits, file, log)
    along = _cut("VERTICAL", cuts, limits, file, log)
    horizontal = _even(*across, _HORIZONTAL_STEP_DEG)
    vertical = _even(*along, _VERTICAL_STEP_DEG)
    horizontal, vertical = horizontal - horizontal.min(), vertical - vertical.min()
    stated = _tilt(keys)
    peak = _peak_deg(vertical)
    differs = limits["tilt_differs_deg"]
    if stated > differs / 2 and abs(peak - stated) > differs and abs(peak + stated) <= differs:
        vertical = np.roll(vertical[::-1], 1)  # the same angles counted upwards
        peak = _peak_deg(vertical)
        log.add("antenna_vertical_upward", source, came=f"{-peak:g}°", fields={"tilt_deg": f"{stated:g}"})
    elif abs(peak - stated) > differs:
        log.add("antenna_tilt_differs", source, came=f"{stated:g}°", fields={"peak_deg": f"{peak:g}"})
    return AntennaPattern(
        name=keys.get("NAME") or Path(file).stem,
        file=file,
        frequency_mhz=_frequency_mhz(keys),
        gain_dbi=_gain_dbi(keys, limits, source, log),
        electrical_tilt_deg=peak if np.isnan(stated) else stated,
        horizontal_loss_db=horizontal,
        vertical_loss_db=vertical,
    )


def _text(path: Path, file: str) -> str:
    """Return the file's text: UTF-8, UTF-16 with its mark, else Latin-1 (which reads anything)."""
    if not path.is_file():
        raise InputError(f"{file}: không thấy tệp ăng-ten.", f"{file}: antenna file not found.")
    if path.stat().st_size > _LARGEST_BYTES:
        raise InputError(
            f"{file}: tệp quá lớn, không phải giản đồ ăng-ten MSI.", f"{file}: too large, not an MSI antenna pattern."
        )
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    if b"\x00" in content:
        raise InputError(
            f"{file}: không phải tệp văn bản; giản đồ ăng-ten cần ở dạng MSI (.msi, .pln).",
            f"{file}: not a text file; an antenna pattern must be in MSI format (.msi, .pln).",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _split(text: str, file: str) -> tuple[dict[str, str], dict[str, tuple[str, list[tuple[int, str]]]]]:
    """Return the keys above the cuts, and of each cut what follows its name and its lines with numbers."""
    keys: dict[str, str] = {}
    cuts: dict[str, tuple[str, list[tuple[int, str]]]] = {}
    current: list[tuple[int, str]] | None = None
    for number, raw in enumerate(text.splitlines(), start=1):
        line = clean(raw)
        if not line:
            continue
        head, _, rest = line.partition(" ")
        key = head.rstrip(":=").upper()
        if key in _SECTIONS:
            if key in cuts:
                raise InputError(
                    f"{file}: dòng {number}: phần {key} có hai lần; mỗi tệp chỉ chứa một ăng-ten.",
                    f"{file}: line {number}: {key} stands twice; a file holds one antenna only.",
                )
            current = []
            cuts[key] = (rest, current)
        elif current is not None and (line[0].isdigit() or line[0] in "-+.,"):
            current.append((number, line))
        elif head[0].isalpha() or "NAME" not in keys:
            if not keys and key not in _KEYS:  # some makers leave the word NAME out
                keys["NAME"] = line
            else:
                keys.setdefault(key, rest.strip(" :="))
            current = None if key in _KEYS else current
    return keys, cuts


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _cut(
    name: str,
    cuts: dict[str, tuple[str, list[tuple[int, str]]]],
    limits: dict[str, float],
    file: str,
    log: IssueLog,
) -> tuple[_F64, _F64]:
    """Return angles 0 to 360 (rising, no repetition) and losses of one cut."""
    if name not in cuts or not cuts[name][1]:
        raise InputError(
            f"{file}: thiếu phần {name} (góc và suy hao); giản đồ MSI cần cả HORIZONTAL và VERTICAL.",
            f"{file}: the {name} part (angles and losses) is missing; an MSI pattern needs HORIZONTAL and VERTICAL.",
        )
    declared, lines = cuts[name]
    losses: dict[float, float] = {}
    for number, line in lines:
        angle, loss = _pair(line, name, number, file)
        angle %= 360.0
        if losses.setdefault(angle, loss) != loss:
            raise InputError(
                f"{file}: dòng {number}: {name} có hai suy hao khác nhau tại góc {vietnamese(angle)}° ({vietnamese(losses[angle])} và {vietnamese(loss)} dB).",
                f"{file}: line {number}: {name} has two different losses at {angle:g}° ({losses[angle]:g} and {loss:g} dB).",
            )
    count = _NUMBER.search(declared)
    if count is None or int(_number(count[0])) != len(lines):
        log.add("antenna_count_differs", Source(file), came=declared or "—", fields={"cut": name, "n": len(lines)})
    angles = np.array(sorted(losses))
    values = np.array([losses[a] for a in angles])
    gaps = np.diff(np.r_[angles, angles[0] + 360.0])
    widest = int(np.argmax(gaps))
    if gaps[widest] > limits["gap_deg"]:
        raise InputError(
            f"{file}: {name} thiếu các góc từ {vietnamese(angles[widest])}° đến {vietnamese((angles[widest] + gaps[widest]) % 360)}°; "
            f"cần đủ 0–359°, cho phép trống tối đa {vietnamese(limits['gap_deg'])}°.",
            f"{file}: {name} lacks the angles from {angles[widest]:g}° to {(angles[widest] + gaps[widest]) % 360:g}°; "
            f"0 to 359° are needed, gaps of at most {limits['gap_deg']:g}° are allowed.",
        )
    usual = float(np.median(gaps))
    missing = round(float(np.maximum(gaps / usual - 1.0, 0.0).sum())) if usual > 0 else 0
    if missing:
        log.add("antenna_angles_missing", Source(file), came=f"{angles[widest]:g}°", fields={"cut": name, "n": missing})
    return angles, _positive(name, values, limits, file, log)


def _pair(line: str, name: str, number: int, file: str) -> tuple[float, float]:
    """Return angle and loss of a line; a comma may be a decimal point or stand between the two."""
    parts = line.replace(";", " ").split()
    if len(parts) == 1 and parts[0].count(",") in (1, 3):
        pieces = parts[0].split(",")
        half = len(pieces) // 2
        parts = [".".join(pieces[:half]), ".".join(pieces[half:])]
    parts = [p.rstrip(",") if i == 0 else p for i, p in enumerate(parts)]
    if len(parts) < 2 or not all(_NUMBER.fullmatch(p) and np.isfinite(_number(p)) for p in parts[:2]):
        raise InputError(
            f"{file}: dòng {number}: phần {name} cần hai số (góc, suy hao dB), đã gặp '{line[:40]}'.",
            f"{file}: line {number}: {name} needs two numbers (angle, loss in dB), found '{line[:40]}'.",
        )
    return _number(parts[0]), _number(parts[1])


def _positive(name: str, values: _F64, limits: dict[str, float], file: str, log: IssueLog) -> _F64:
    """Return losses as positive numbers; a file that writes gains below the maximum is turned and said."""
    rounding = limits["below_zero_db"]
    if values.min() >= -rounding:
        return values
    if values.max() <= rounding:
        log.add("antenna_sign_turned", Source(file), came=f"{values.min():g} dB", fields={"cut": name})
        return -values
    raise InputError(
        f"{file}: {name} có cả số âm ({vietnamese(values.min())} dB) và số dương ({vietnamese(values.max())} dB); suy hao phải cùng một dấu.",
        f"{file}: {name} has negative ({values.min():g} dB) and positive ({values.max():g} dB) figures; losses have one sign.",
    )


def _even(angles: _F64, losses: _F64, step_deg: float) -> _F64:
    """Return losses at even steps round the circle, linear in decibels between the angles given."""
    at = np.arange(0.0, 360.0, step_deg)
    return np.asarray(np.interp(at, angles, losses, period=360.0), dtype=np.float64)


def _peak_deg(vertical: _F64) -> float:
    """Return the angle below the horizon of the least loss, the middle of a flat top."""
    at = np.arange(0.0, 360.0, _VERTICAL_STEP_DEG)
    at = np.where(at > 180.0, at - 360.0, at)
    front = np.abs(at) <= 90.0
    best = front & (vertical <= vertical[front].min() + 1e-9)
    return float(np.median(at[best]))


def _tilt(keys: dict[str, str]) -> float:
    """Return the electrical tilt that the keys state, NaN where none does (``TILT ELECTRICAL`` alone has no figure)."""
    for key in ("ELECTRICAL_TILT", "ELECTRICALTILT", "ELECTRICAL", "TILT"):
        found = _NUMBER.search(keys.get(key, ""))
        if found and "MECH" not in keys[key].upper():
            return _number(found[0])
    return float("nan")


def _frequency_mhz(keys: dict[str, str]) -> float:
    """Return the middle of the frequency or range stated, MHz."""
    text = keys.get("FREQUENCY", "").upper()
    parts = [abs(_number(n)) for n in _NUMBER.findall(text)][:2]
    if not parts or min(parts) <= 0:
        return float("nan")
    return sum(parts) / len(parts) * (1000.0 if "GHZ" in text else 1.0)


def _gain_dbi(keys: dict[str, str], limits: dict[str, float], source: Source, log: IssueLog) -> float:
    text = keys.get("GAIN", "")
    found = _NUMBER.search(text)
    if not found:
        log.add("antenna_gain_missing", source, came=text or "—")
        return float("nan")
    unit = fold_key(text[found.end() :])
    gain = _number(found[0])
    if not unit.startswith("dbi"):
        gain += limits["dipole_gain_dbi"]
        if not unit.startswith("dbd"):
            log.add("antenna_gain_unit", source, came=text, fields={"gain_dbi": f"{gain:g}"})
    if not limits["lowest_gain_dbi"] <= gain <= limits["highest_gain_dbi"]:
        log.add("antenna_gain_missing", source, came=text)
        return float("nan")
    return gain
