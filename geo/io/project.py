"""Reading the project file: everything checked before any input is opened, all faults in one message."""

from __future__ import annotations

import datetime as dt
import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from geo.errors import Bilingual, MissingInputError, ProjectFileError
from geo.io.raw import TableOptions
from geo.io.resources import load_toml
from geo.numbers import vietnamese
from geo.project import Project, ProjectSettings
from geo.recognition import likely_text
from geo.text import clean, fold

__all__ = ["INPUT_KINDS", "InputFile", "input_files", "read_project"]

#: Inputs that the design names. Those that no stage of this version reads are stated when given.
INPUT_KINDS = (
    "boundaries", "settlements", "hamlets", "buildings", "facilities", "sites", "cells", "antenna_patterns",
    "operator_plans", "measurements", "path_loss", "speed_tests", "ipv6_tests", "portals", "declarations", "reported_indicators", "coverage_claims",
    "population", "terrain", "land_cover", "roads", "streets", "power_lines", "public_land",
    "restricted_areas", "supported_operators", "masts", "ducts", "poles", "cables", "service_points",
)  # fmt: skip
_OPTION_NAMES = ("sheet", "header_row", "encoding", "delimiter", "columns", "crs", "operator")
#: Options of one kind of input, beside those of every table.
_KIND_OPTIONS = {
    "terrain": ("kind",),
    "facilities": ("kind",),
    "sites": ("power_basis", "ports"),
    "cells": ("power_basis", "ports"),
    "measurements": ("technology", "locked_technology"),
    "path_loss": ("technology", "locked_technology"),
    "speed_tests": (
        "access", "technology", "unit", "statistic", "source_kind", "campaign", "period", "failed", "utc_offset_h", "repeated_rows",
    ),
    "ipv6_tests": ("access", "period", "measure", "country", "utc_offset_h", "repeated_rows"),
    "declarations": ("access", "unit"),
    "reported_indicators": ("period", "measure", "source_kind"),
    "coverage_claims": ("technology", "use", "level_dbm", "date"),
    **dict.fromkeys(("masts", "ducts", "poles", "cables", "service_points"), ("planned",)),
}
_PROJECT_KEYS = ("name", "province", "operators", "date", "cell_size_m", "language")
_SECTIONS = ("project", "inputs", "rules", "plan", "settings")


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file of an input with its options.

    Attributes
    ----------
    kind : str
    path : Path
    file : str
        Path as messages show it: relative to the project file, forward slashes.
    options : TableOptions
    """

    kind: str
    path: Path
    file: str
    options: TableOptions


_EXAMPLES = {"province": "08", "operators": "Viettel"}


class _Faults:
    """Collects what is wrong with the file, to say it all at once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found: list[Bilingual] = []

    def add(self, vi: str, en: str) -> None:
        self.found.append(Bilingual(vi, en))

    def stop(self) -> None:
        if self.found:
            raise ProjectFileError(
                f"{self.name}: " + " ".join(f.vi for f in self.found),
                f"{self.name}: " + " ".join(f.en for f in self.found),
            )


def _near(word: str, allowed: Iterable[str]) -> str:
    found = difflib.get_close_matches(word, list(allowed), n=1)
    return found[0] if found else ""


def _unknown(faults: _Faults, where: str, keys: Iterable[str], allowed: Iterable[str]) -> None:
    allowed = tuple(allowed)
    for key in keys:
        if key in allowed:
            continue
        near = _near(key, allowed)
        faults.add(
            f"[{where}] không có mục '{key}'" + (f"; có phải '{near}'?" if near else f"; các mục: {', '.join(allowed)}."),
            f"[{where}] has no entry '{key}'" + (f"; did you mean '{near}'?" if near else f"; entries: {', '.join(allowed)}."),
        )


def read_project(path: Path) -> Project:
    """Read and check a project file.

    Raises
    ------
    ProjectFileError
        With every fault of the file in one message.
    MissingInputError
        If the file does not exist.
    """
    if path.is_dir():
        inside = sorted(p.name for p in path.glob("*.toml"))
        raise MissingInputError(
            f"'{path}' là thư mục; hãy nêu tệp dự án trong đó" + (f": {', '.join(inside)}." if inside else " (chưa có tệp .toml nào)."),
            f"'{path}' is a folder; name the project file in it" + (f": {', '.join(inside)}." if inside else " (it holds no .toml file)."),
        )
    if not path.is_file():
        raise MissingInputError(
            f"Không thấy tệp dự án '{path}'.", f"Project file '{path}' not found."
        )
    try:
        content = tomllib.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ProjectFileError(
            f"{path.name}: tệp dự án phải lưu ở UTF-8.", f"{path.name}: save the project file as UTF-8."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(path, error) from error
    faults = _Faults(path.name)
    _unknown(faults, "—", content, _SECTIONS)
    project = _table(content, "project", faults)
    _unknown(faults, "project", project, _PROJECT_KEYS)
    defaults: list[str] = []
    name = clean(project.get("name", ""))
    if not name:
        faults.add("[project] thiếu 'name'.", "[project] lacks 'name'.")
    provinces = _texts(project, "province", faults)
    for code in provinces:
        if not (code.isdigit() and len(code) == 2):
            faults.add(
                f"province = '{code}': cần mã tỉnh 2 chữ số trong nháy, ví dụ \"08\".",
                f"province = '{code}': give the province's 2-digit code in quotes, such as \"08\".",
            )
    operators = _texts(project, "operators", faults)
    date = _date(project, faults, defaults)
    cell_size_m = _number(project, "cell_size_m", 100.0, 10.0, 5000.0, faults, defaults)
    language = str(project.get("language", "vi"))
    if "language" not in project:
        defaults.append("language")
    if language not in {"vi", "en"}:
        faults.add(f"language = '{language}': chỉ \"vi\" hoặc \"en\".", f"language = '{language}': \"vi\" or \"en\".")
    inputs = _inputs(_table(content, "inputs", faults), faults)
    rules = _table(content, "rules", faults)
    _unknown(faults, "rules", rules, ("catalogue", "extra"))
    extra_path, extra = _extra(rules, path.parent, faults)
    settings, analysis = _settings(_table(content, "settings", faults), faults, defaults)
    faults.stop()
    return Project(
        path=path, name=name, provinces=provinces, operators=operators, date=date, cell_size_m=cell_size_m,
        language=language, inputs=inputs, rules_catalogue=str(rules.get("catalogue", "vn-2026")), extra=extra,
        extra_path=extra_path, plan=_table(content, "plan", faults), settings=settings, analysis=analysis,
        defaults_used=tuple(defaults),
    )  # fmt: skip


_SLIPS = (
    (re.compile(r"=\s*0\d+\s*(?:#|$)"), 'mã có số 0 ở đầu phải trong nháy, ví dụ "08"', 'a code with a leading zero stands in quotes, such as "08"'),
    (re.compile(r"=\s*\d{1,2}[/.-]\d{1,2}[/.-]\d{4}"), "ngày viết năm-tháng-ngày, ví dụ 2026-11-01", "a date is written year-month-day, such as 2026-11-01"),
    (re.compile(r"\\"), "đường dẫn Windows viết với dấu / hoặc trong nháy đơn", "write Windows paths with / or in single quotes"),
    (re.compile(r"=\s*[^\s\"'\[{\d+tf-]"), 'văn bản phải trong nháy kép', 'text stands in double quotes'),
)  # fmt: skip


def _syntax_error(path: Path, error: tomllib.TOMLDecodeError) -> ProjectFileError:
    """Say what the line that TOML refuses most likely means to be."""
    found = re.search(r"line (\d+)", str(error))
    lines = path.read_bytes().decode("utf-8", errors="replace").splitlines()
    number = int(found[1]) if found else 0
    line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    for slip, vi, en in _SLIPS:
        if slip.search(line):
            return ProjectFileError(f"{path.name}, dòng {number}: '{line}': {vi}.", f"{path.name}, line {number}: '{line}': {en}.")
    return ProjectFileError(
        f"{path.name}, dòng {number or '?'}: '{line}' không đúng cú pháp TOML.",
        f"{path.name}, line {number or '?'}: '{line}' is not valid TOML ({error}).",
    )


def _table(content: Mapping[str, object], key: str, faults: _Faults) -> dict[str, object]:
    value = content.get(key, {})
    if not isinstance(value, dict):
        faults.add(f"[{key}] phải là một bảng.", f"[{key}] must be a table.")
        return {}
    return value


def _texts(table: Mapping[str, object], key: str, faults: _Faults) -> tuple[str, ...]:
    value = table.get(key, [])
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(v, str) for v in values):
        faults.add(
            f'{key}: mọi giá trị phải là văn bản trong nháy kép, ví dụ {key} = "{_EXAMPLES.get(key, "…")}".',
            f'{key}: every value must be text in quotes, such as {key} = "{_EXAMPLES.get(key, "…")}".',
        )
        return ()
    return tuple(dict.fromkeys(clean(v) for v in values if clean(v)))


def _date(project: Mapping[str, object], faults: _Faults, defaults: list[str]) -> dt.date:
    value = project.get("date")
    if value is None:
        faults.add(
            "[project] thiếu 'date' (ví dụ date = 2026-11-01): ngày quyết định quy định nào có hiệu lực.",
            "[project] lacks 'date' (such as date = 2026-11-01): it decides which rules hold.",
        )
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            faults.add(f"date = '{value}': viết năm-tháng-ngày.", f"date = '{value}': write year-month-day.")
    elif value is not None:
        faults.add(f"date = {value}: viết năm-tháng-ngày.", f"date = {value}: write year-month-day.")
    return dt.date(2000, 1, 1)


def _number(
    table: Mapping[str, object], key: str, default: float, low: float, high: float, faults: _Faults, defaults: list[str]
) -> float:
    value = table.get(key)
    if value is None:
        defaults.append(key)
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        faults.add(
            f"{key} = {value}: cần số từ {vietnamese(low)} đến {vietnamese(high)}.", f"{key} = {value}: a number from {low:g} to {high:g}."
        )
        return default
    return float(value)


def _inputs(
    table: Mapping[str, object], faults: _Faults
) -> dict[str, tuple[Mapping[str, object], ...]]:
    general: dict[str, object] = {}
    special: dict[str, dict[str, object]] = {}
    options = table.get("options", {})
    if not isinstance(options, dict):
        faults.add("[inputs.options] phải là một bảng.", "[inputs.options] must be a table.")
        options = {}
    for key, value in options.items():
        if key in INPUT_KINDS and isinstance(value, dict):
            special[key] = value
        else:
            general[key] = value
    _unknown(faults, "inputs.options", general, _OPTION_NAMES)
    kinds: dict[str, tuple[Mapping[str, object], ...]] = {}
    _unknown(faults, "inputs", (k for k in table if k != "options"), INPUT_KINDS)
    for kind, value in table.items():
        if kind not in INPUT_KINDS:
            continue
        entries: list[Mapping[str, object]] = []
        for item in value if isinstance(value, list) else [value]:
            entry = {"path": item} if isinstance(item, str) else item
            if not isinstance(entry, dict) or not isinstance(entry.get("path"), str) or not entry["path"].strip():
                faults.add(
                    f"inputs.{kind}: cần đường dẫn, danh sách đường dẫn, hoặc {{ path = \"…\" }}.",
                    f"inputs.{kind}: give a path, a list of paths, or {{ path = \"…\" }}.",
                )
                continue
            if str(entry["path"]).startswith(("postgresql://", "postgres://")):
                faults.add(
                    f"inputs.{kind}: phiên bản này chưa đọc cơ sở dữ liệu PostgreSQL; hãy xuất ra tệp.",
                    f"inputs.{kind}: this version does not read PostgreSQL yet; export to a file.",
                )
                continue
            if "://" in str(entry["path"]) or str(entry["path"]).startswith("/vsi"):
                faults.add(
                    f"inputs.{kind}: '{entry['path']}': chỉ nhận tệp trên máy này, không nhận địa chỉ mạng.",
                    f"inputs.{kind}: '{entry['path']}': only files on this machine are read, no network addresses.",
                )
                continue
            entries.append({**general, **special.get(kind, {}), **entry})
        kinds[kind] = tuple(entries)
    return kinds


def _extra(rules: Mapping[str, object], folder: Path, faults: _Faults) -> tuple[Path | None, dict[str, object]]:
    name = rules.get("extra")
    if name is None:
        return None, {}
    path = folder / str(name)
    if not path.is_file():
        faults.add(f"rules.extra: không thấy tệp '{name}'.", f"rules.extra: file '{name}' not found.")
        return None, {}
    try:
        return path, tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        faults.add(f"{name}: sai cú pháp TOML ({error}).", f"{name}: not valid TOML ({error}).")
        return None, {}


def _settings(
    table: Mapping[str, object], faults: _Faults, defaults: list[str]
) -> tuple[ProjectSettings, dict[str, object]]:
    shipped = load_toml("settings.toml")
    names = [f.name for f in fields(ProjectSettings)]
    values: dict[str, float] = {}
    for name in names:
        given = table.get(name)
        if given is None:
            defaults.append(name)
            values[name] = float(shipped[name]["value"])
        elif isinstance(given, bool) or not isinstance(given, int | float) or given < 0:
            faults.add(f"settings.{name} = {given}: cần một số.", f"settings.{name} = {given}: a number is needed.")
            values[name] = float(shipped[name]["value"])
        else:
            values[name] = float(given)
    analysis = {key: value for key, value in table.items() if key not in names}
    return ProjectSettings(**values), analysis


def input_files(project: Project, kind: str) -> list[InputFile]:
    """Return the files of one kind of input, globs expanded, sorted within each entry.

    Raises
    ------
    MissingInputError
        If a path or glob finds nothing.
    ProjectFileError
        If an option beside an input is not understood.
    """
    found: list[InputFile] = []
    for entry in project.inputs.get(kind, ()):
        pattern = str(entry["path"])
        paths = _expand(project.folder, pattern)
        if not paths:
            near = _similar_file(project.folder, pattern)
            raise MissingInputError(
                f"inputs.{kind}: không thấy '{pattern}'; đường dẫn tính từ thư mục của tệp dự án"
                + (f"; có phải '{near}'?" if near else "."),
                f"inputs.{kind}: '{pattern}' not found; paths are relative to the project file's folder"
                + (f"; did you mean '{near}'?" if near else "."),
            )
        options = _options(entry, kind)
        for path in paths:
            item = InputFile(kind, path, _label(path, project.folder, pattern), options)
            if item not in found:  # "list.csv" and "*.csv" name the same file once
                found.append(item)
    return found


def _similar_file(folder: Path, pattern: str) -> str:
    """Return the file beside the one named whose name comes near, empty if none does."""
    place = (folder / pattern).parent
    if not place.is_dir():
        return ""
    names = sorted(p.name for p in place.iterdir() if p.is_file() and not p.name.startswith("."))
    meant = [n for n in names if fold(likely_text(n)) == fold(Path(pattern).name)]  # named in an old encoding
    found = meant or difflib.get_close_matches(Path(pattern).name, names, n=1)
    return str(Path(pattern).with_name(found[0]).as_posix()) if found else ""


def _expand(folder: Path, pattern: str) -> list[Path]:
    direct = folder / pattern
    try:
        if direct.is_file():
            return [direct]
    except OSError:  # a name longer than the disk allows, or a folder that may not be looked into
        return []
    if not any(c in pattern for c in "*?["):
        return []
    base, parts = (Path(Path(pattern).anchor), Path(pattern).parts[1:]) if Path(pattern).is_absolute() else (
        folder, Path(pattern).parts)
    return sorted(p for p in base.glob("/".join(parts)) if p.is_file() and not p.name.startswith((".", "~$")))


def _label(path: Path, folder: Path, pattern: str) -> str:
    try:
        label = path.relative_to(folder).as_posix()
    except ValueError:
        label = path.name if Path(pattern).is_absolute() else path.as_posix()
    return label.encode("utf-8", "replace").decode("utf-8")  # a name from an old archive need not be UTF-8


def _options(entry: Mapping[str, object], kind: str) -> TableOptions:
    def text(key: str) -> str:
        return clean(entry.get(key, ""))

    sheet = entry.get("sheet", ())
    sheets = tuple(str(s) for s in sheet) if isinstance(sheet, list | tuple) else (str(sheet),)
    columns = entry.get("columns", {})
    header = entry.get("header_row")
    if not isinstance(columns, dict) or not all(isinstance(v, str) for v in columns.values()):
        raise ProjectFileError(
            f"inputs.{kind}: columns phải có dạng {{ lon = \"Kinh độ\" }}.",
            f"inputs.{kind}: columns must read like {{ lon = \"Kinh độ\" }}.",
        )
    if header is not None and (isinstance(header, bool) or not isinstance(header, int) or header < 1):
        raise ProjectFileError(
            f"inputs.{kind}: header_row phải là số dòng, từ 1.", f"inputs.{kind}: header_row is a row number, from 1."
        )
    delimiter = str(entry.get("delimiter", ""))
    if len(delimiter) > 1 or delimiter in {'"', "\n", "\r"}:
        raise ProjectFileError(
            f"inputs.{kind}: delimiter = '{delimiter}': cần đúng một ký tự, ví dụ \";\".",
            f"inputs.{kind}: delimiter = '{delimiter}': exactly one character is needed, such as \";\".",
        )
    extra = {k: v for k, v in entry.items() if k not in {*_OPTION_NAMES, "path"}}
    faults = _Faults(f"inputs.{kind}")
    _unknown(faults, f"inputs.{kind}", extra, (*_OPTION_NAMES, "path", *_KIND_OPTIONS.get(kind, ())))
    faults.stop()
    return TableOptions(
        sheet=sheets, header_row=header if isinstance(header, int) else None, encoding=text("encoding"),
        delimiter=delimiter, columns=dict(columns), crs=text("crs"),
        operator=text("operator"), extra=extra,
    )  # fmt: skip
