"""Collecting what is wrong with the inputs: everything first, then one report.

A reader never raises for a bad row and never drops one in silence. It states a *finding*: a code
of the issue catalogue, the file and sheet, the rows as the spreadsheet program numbers them, the
column header as it came, and the text that came. Severity, effect and the two languages' sentences
belong to the code and live in ``resources/issues.toml``.

The shape (a named notice with a severity, separate from system errors) follows the GTFS validator.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.errors import AccountingError, Bilingual, ResourceError
from geo.numbers import vietnamese_figure
from geo.text import fold

__all__ = [
    "AreaRecord",
    "Effect",
    "Finding",
    "IssueCatalogue",
    "IssueKind",
    "IssueLog",
    "RowCount",
    "Severity",
    "Source",
]


class Severity(StrEnum):
    """How much a finding weighs: an error stops the run before any analysis."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Effect(StrEnum):
    """What became of the rows that a finding names."""

    KEPT = "kept"
    CHANGED = "changed"
    FIELD_UNKNOWN = "field_unknown"
    ROW_DROPPED = "row_dropped"
    FILE_REFUSED = "file_refused"


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """One table of one file: where rows come from.

    Parameters
    ----------
    file : str
        Path as the project file gives it (relative to it), with forward slashes.
    sheet : str
        Sheet or layer name; empty where the format has none.
    """

    file: str
    sheet: str = ""

    def __str__(self) -> str:
        return f"{self.file} [{self.sheet}]" if self.sheet else self.file


@dataclass(frozen=True, slots=True)
class IssueKind:
    """One entry of the issue catalogue. The sentences may hold ``{name}`` fields filled per finding."""

    code: str
    severity: Severity
    effect: Effect
    title: Bilingual
    allowed: Bilingual
    action: Bilingual


@dataclass(frozen=True, slots=True)
class IssueCatalogue:
    """All kinds of findings, by code."""

    kinds: Mapping[str, IssueKind]

    def __getitem__(self, code: str) -> IssueKind:
        try:
            return self.kinds[code]
        except KeyError as error:
            raise ResourceError(
                f"Mã lỗi '{code}' không có trong danh mục issues.toml.",
                f"Issue code '{code}' is not in the catalogue issues.toml.",
            ) from error


class _Fields(dict[str, str]):
    """Format fields that leave an unknown name visible instead of raising."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


@dataclass(frozen=True, slots=True)
class Finding:
    """Rows of one table that share one finding.

    Attributes
    ----------
    kind : IssueKind
    source : Source
    rows : (n,) int64 array
        Row numbers as the spreadsheet program shows them (first line of the file is 1);
        empty when the finding is about the whole table.
    column : str
        Header as it came; empty when the finding is about the whole row or table.
    came : (n,) object array of str
        What stood there, aligned with ``rows``; for a finding about the table, at most one text.
    fields : mapping
        Values for the ``{name}`` fields of the catalogue's sentences.
    """

    kind: IssueKind
    source: Source
    rows: npt.NDArray[np.int64]
    column: str
    came: npt.NDArray[np.object_]
    fields: Mapping[str, str]

    @property
    def count(self) -> int:
        """Number of rows named, at least 1."""
        return max(1, len(self.rows))

    def _fill(self, sentence: Bilingual) -> Bilingual:
        # Figures come written as English writes them; a field of the one language, ``loss_vi``, as it is.
        figures = _Fields({name: text if name.endswith("_vi") else vietnamese_figure(text) for name, text in self.fields.items()})
        return Bilingual(sentence.vi.format_map(figures), sentence.en.format_map(_Fields(self.fields)))

    @property
    def title(self) -> Bilingual:
        """What is wrong."""
        return self._fill(self.kind.title)

    @property
    def allowed(self) -> Bilingual:
        """What is allowed there."""
        return self._fill(self.kind.allowed)

    @property
    def action(self) -> Bilingual:
        """What to do."""
        return self._fill(self.kind.action)


@dataclass(frozen=True, slots=True)
class RowCount:
    """Rows of one source: in = used + dropped, each dropped row named by a finding."""

    kind: str
    source: Source
    rows_in: int
    rows_used: int
    rows_dropped: int


@dataclass(frozen=True, slots=True)
class AreaRecord:
    """What rows that name a former commune were matched with.

    Attributes
    ----------
    source : Source
    rows : tuple of int
    came : str
        Code, name and district as they came.
    how : str
        ``code``, ``name``, ``accents`` (without them, or wrong ones) or ``spelling`` (one letter).
    former, today : tuple of str
        The former communes that may be meant, and today's.
    near : tuple of str
        Former communes that became others and differ from what came by accents only: not chosen, but they may be meant.
    """

    source: Source
    rows: tuple[int, ...]
    came: str
    how: str
    former: tuple[str, ...]
    today: tuple[str, ...]
    near: tuple[str, ...] = ()


_SHOWN = 200
#: What says that the numbers beside it are those of a device, a SIM or a subscriber (folded texts).
_LABEL = re.compile(r"imei|imsi|iccid|msisdn|dien thoai|\bs[od] ?dt\b|\bsdt|thue bao|\b(?:tele)?phone|\bmobile n")
#: A run of digits that is no decimal part; a list of long numbers may be parted by commas.
_RUN = re.compile(r"(?<!\d)(?:(?<!\d[.,])|(?<=\d{9}[.,]))\d{9,24}(?!\d)")
_PHONE = re.compile(r"(?:0|(?:00)?840?)[35789]\d{8}")
#: The same as people write it: 0912 345 678, 0912.345.678, 091-234-5678, +84 912 345 678.
_PARTED = re.compile(
    r"(?<!\d)(?<!\d[.,])(?:0[35789]\d{2}([ .-])\d{3}\1\d{3}|0[35789]\d([ .-])\d{3}\2\d{4}"
    r"|84([ .-])[35789]\d{2}\3\d{3}\3\d{3})(?!\d)"
)
#: Digits as 0 and separators as a point: one quick look tells nearly all texts apart.
_SHAPE = bytes(48 if 48 <= c <= 57 else 46 if c in b" .-" else c for c in range(256))
_SUSPECT = (b"0" * 10, b"000.000.000")
_STAMP = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d[0-5]\d")
_HOME_IMSI = re.compile(r"452\d{12}")  # ITU-T E.212: mobile country code 452 is Vietnam's


def _passes_luhn(digits: str) -> bool:
    """Check digit of ISO/IEC 7812-1 annex B, which IMEI numbers carry (3GPP TS 23.003 clause 6.2.1)."""
    total = sum(int(d) for d in digits[-1::-2]) + sum(sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])
    return total % 10 == 0


def _hide(text: str, shortest: int) -> str:
    """Return ``text`` with the numbers of devices and subscribers cut to their first two digits.

    Runs of ``shortest`` digits or more are hidden whatever they look like.
    """

    def cut(found: re.Match[str]) -> str:
        run = found[0]
        identity = 14 <= len(run) <= 16 and not _STAMP.fullmatch(run) and _passes_luhn(run)
        if identity or len(run) >= shortest or _PHONE.fullmatch(run) or _HOME_IMSI.fullmatch(run):
            return run[:2] + "…"
        return run

    return _RUN.sub(cut, _PARTED.sub(lambda found: found[0][:2] + "…", text))


def _suspect(text: str, labelled: bool) -> bool:
    """Tell whether a text can hold an identity at all."""
    shape = text.encode("utf-8", "replace").translate(_SHAPE)
    return any(s in shape for s in _SUSPECT) or (labelled and b"0" * 9 in shape)


def _without_identities(text: str, column: str = "") -> str:
    """Hide identities in one text (see :func:`_hide`); coordinates and cell identities stay."""
    labelled = bool(_LABEL.search(fold(column)))
    return _hidden(text, labelled) if _suspect(text, labelled) else text


def _hidden(text: str, labelled: bool) -> str:
    if not (_RUN.search(text) or _PARTED.search(text)):
        return text  # decimals
    return _hide(text, 9 if labelled else 12 if _LABEL.search(fold(text)) else 99)  # cell identities have up to 11


def _as_text(values: Iterable[object], n: int, column: str) -> npt.NDArray[np.object_]:
    out = np.empty(n, dtype=object)
    for i, value in enumerate(values):
        out[i] = "" if value is None or value != value else str(value)
    labelled = bool(_LABEL.search(fold(column)))
    if _suspect("\n".join(out), labelled):  # one look over all: nearly always there is nothing to hide
        hidden = {text: _hidden(text, labelled) for text in set(out)}
        for i, text in enumerate(out):
            out[i] = hidden[text]
    for i, text in enumerate(out):
        if len(text) > _SHOWN:
            out[i] = text[:_SHOWN]
    return out


@dataclass
class IssueLog:
    """The one collector that readers write to.

    Dropping rows goes through :meth:`drop`, which removes and explains in one step; :meth:`close`
    then holds the books: a row that vanished without a finding is a defect and raises.
    """

    catalogue: IssueCatalogue
    findings: list[Finding] = field(default_factory=list)
    counts: list[RowCount] = field(default_factory=list)
    areas: list[AreaRecord] = field(default_factory=list)
    _dropped: dict[Source, set[int]] = field(default_factory=dict)
    _refused: set[Source] = field(default_factory=set)

    def add(
        self,
        code: str,
        source: Source,
        *,
        rows: Sequence[int] | npt.NDArray[np.integer] | pd.Index = (),
        column: str = "",
        came: object = None,
        fields: Mapping[str, object] | None = None,
    ) -> None:
        """State a finding.

        Reports travel further than the files: what looks like the number of a device, a SIM or a
        subscriber, typed in whatever column, is cut to its first two digits.

        Parameters
        ----------
        code : str
            Key of the issue catalogue.
        source : Source
        rows : sequence of int
            Row numbers in the file; empty for a finding about the whole table.
        column : str
            Header as it came.
        came : str or sequence of str, optional
            One text for all rows, or one per row.
        fields : mapping, optional
            Values for the sentences' ``{name}`` fields; a figure with its unit as English writes it.

        Raises
        ------
        ResourceError
            If the catalogue lacks the code.
        """
        kind = self.catalogue[code]
        numbers = np.asarray(rows, dtype=np.int64).reshape(-1)
        n = len(numbers)
        texts: npt.NDArray[np.object_]
        if came is None or isinstance(came, str | int | float):
            texts = _as_text([came] * max(n, 1), max(n, 1), column)
        else:
            listed = list(came)  # type: ignore[call-overload]
            texts = _as_text(listed, len(listed), column)
            if n and len(texts) != n:
                raise AccountingError(
                    f"{code}: {len(texts)} giá trị cho {n} dòng.", f"{code}: {len(texts)} values for {n} rows."
                )
        values = {key: _without_identities(str(value), column) for key, value in (fields or {}).items()}
        self.findings.append(Finding(kind, source, numbers, _without_identities(column), texts, values))
        if kind.effect is Effect.ROW_DROPPED:
            self._dropped.setdefault(source, set()).update(numbers.tolist())
        elif kind.effect is Effect.FILE_REFUSED:
            self._refused.add(source)

    def refused(self, source: Source) -> bool:
        """Tell whether a source was refused as a whole."""
        return source in self._refused

    def drop(
        self,
        frame: pd.DataFrame,
        mask: npt.NDArray[np.bool_] | pd.Series,
        code: str,
        source: Source,
        *,
        column: str = "",
        came: object = None,
        fields: Mapping[str, object] | None = None,
    ) -> pd.DataFrame:
        """Return ``frame`` without the rows of ``mask``, each of them named by a finding.

        ``frame`` is indexed by row number in the file. ``came`` may be a Series or array aligned
        with ``frame``. The kind's effect must be ``row_dropped``.
        """
        chosen = np.asarray(mask, dtype=bool)
        if not chosen.any():
            return frame
        if self.catalogue[code].effect is not Effect.ROW_DROPPED:
            raise AccountingError(
                f"{code} không khai báo loại bỏ dòng.", f"{code} does not declare that it drops rows."
            )
        values = came
        if came is not None and not isinstance(came, str | int | float):
            values = np.asarray(came, dtype=object)[chosen]
        self.add(code, source, rows=frame.index[chosen], column=column, came=values, fields=fields)
        return frame.loc[~chosen]

    def close(self, kind: str, source: Source, *, rows_in: int, rows_used: int) -> None:
        """Book a source: every row that came in is used or named by a dropping finding.

        Raises
        ------
        AccountingError
            If ``rows_in != rows_used + rows dropped``.
        """
        named = self._dropped.pop(source, set())  # a file may be read again as another kind
        dropped = rows_in if source in self._refused else len(named)
        if rows_in != rows_used + dropped:
            raise AccountingError(
                f"{source}: {rows_in} dòng vào, {rows_used} dòng dùng, {dropped} dòng có lý do.",
                f"{source}: {rows_in} rows in, {rows_used} used, {dropped} explained.",
            )
        self.counts.append(RowCount(kind, source, rows_in, rows_used, dropped))

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def of_severity(self, severity: Severity) -> list[Finding]:
        """Return the findings of one severity, in the order they were stated."""
        return [f for f in self.findings if f.kind.severity is severity]

    @property
    def has_errors(self) -> bool:
        """True when the run must stop before any analysis."""
        return any(f.kind.severity is Severity.ERROR for f in self.findings)

    def codes(self) -> set[str]:
        """Return the codes stated so far."""
        return {f.kind.code for f in self.findings}
