"""A department's folder as it is: which file is what, what is missing, and the project file that says so.

Proposed from content (:mod:`geo.io.folder_look`, :mod:`geo.io.folder_roles`), then tried with the readers themselves: what they
refuse is left out of the project and named with their reason, so that one bad list does not keep the others from the map.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from geo.errors import Bilingual, InputError, MissingInputError
from geo.io.catalogues import operator_catalogue
from geo.io.files import digest
from geo.io.folder_editions import Edition, later_edition, saved_on
from geo.io.folder_look import FoundFile, TableLook, folder_rules, look_at_folder, unpack, whole_table
from geo.io.folder_names import operator_of, operators_in, technology_in, technology_of
from geo.io.folder_proposal import LeftFile, Proposal, TakenFile, project_text, temporary_project
from geo.io.folder_roles import almost_table, guess_raster, guess_table, schema_of, terrain_kind
from geo.io.folder_rows import plain_cell, shape_marks, sites_of, with_counts, without_rows
from geo.io.inputs import read_inputs
from geo.io.project import INPUT_KINDS, read_project
from geo.io.raw import RawTable
from geo.io.resources import issue_catalogue, load_table, load_toml
from geo.io.tables import furniture_rows, lacking_columns
from geo.numbers import vietnamese
from geo.operators import OperatorCatalogue
from geo.text import clean, fold_key
from geo.validation import IssueLog, Severity
from geo.values import parse_codes

__all__ = ["propose_project"]

_SHOWN = 20  # headers of a table of no known kind
_TRIALS = 5
_DEPTH = 3  # archives within archives
_NO_VOTE = ("boundaries", "population", "measurements", "buildings")  # of the whole country, or long and without commune codes


@dataclass(frozen=True)
class _Held:
    """A table that became an input, whose it is and of which technology where its name or title says so."""

    kind: str
    found: FoundFile
    look: TableLook
    operator: str = ""
    technology: str = ""
    read: list[RawTable] = field(default_factory=list, repr=False, compare=False)

    @property
    def file(self) -> str:
        return self.found.file

    def whole(self) -> RawTable:
        """Return the table with all its rows; a long one is read again, once."""
        if not self.read:
            try:
                self.read.append(whole_table(self.found, self.look))
            except InputError:  # what is wrong further down is said when the file is tried
                self.read.append(self.look.raw)
        return self.read[0]


@dataclass
class _State:
    """What is being put together."""

    taken: list[TakenFile] = field(default_factory=list)
    left: list[LeftFile] = field(default_factory=list)
    notes: list[Bilingual] = field(default_factory=list)
    looks: list[_Held] = field(default_factory=list)
    extra: str = ""
    extra_content: Mapping[str, Any] = field(default_factory=dict)
    costs: str = ""

    def leave(self, file: str, vi: str, en: str) -> None:
        self.left.append(LeftFile(file, Bilingual(vi, en)))


def propose_project(folder: Path, *, today: dt.date, progress: Callable[[str], None] = lambda _: None) -> Proposal:
    """Look at every file of a folder and return the project that it makes.

    Archives that hold tables or rasters are unpacked into a subfolder; nothing else is written.

    Parameters
    ----------
    folder : Path
    today : date
        The day of the review: which rules and technologies count.
    progress : callable
        Called with the name of each file before it is looked at, and of each input before it is tried.

    Raises
    ------
    MissingInputError
        If there is no such folder.
    InputError
        If it cannot be written to.
    """
    if not folder.is_dir():
        raise MissingInputError(f"Không thấy thư mục '{folder}'.", f"Folder '{folder}' not found.")
    files = _files(folder, progress)
    state = _State()
    for found in files:
        if found.kind == "toml":
            _take_toml(state, found)
    operators = operator_catalogue(state.extra_content.get("operator", []))
    _take_files(state, files, operators)
    _drop_same_lists(state, today)
    _choose_sets(state)
    provinces = _provinces(state)
    names = _operators(state, operators)
    proposal = Proposal(
        folder, _project_name(state, provinces), provinces, names, today, tuple(state.taken), tuple(state.left), {},
        (*state.notes, Bilingual(f"ngày rà soát: hôm nay, {today:%d/%m/%Y}", f"date of the review: today, {today:%Y-%m-%d}")), state.extra, state.costs,
    )  # fmt: skip
    proposal = _tried(proposal, progress)
    present = {t.kind for t in proposal.taken}
    if any(kind == "sites" and "azimuth_deg" in schema_of(kind).match(look.raw.headers).columns for kind, look in ((e.kind, e.look) for e in state.looks)):
        present.add("cells")  # the list of sites has a row per cell
    missing = {
        kind: Bilingual(**entry["missing"])
        for kind, entry in folder_rules()["kinds"].items()
        if "missing" in entry and kind not in present
    }
    return replace(proposal, missing=missing)


def _files(folder: Path, progress: Callable[[str], None]) -> list[FoundFile]:
    """Return every file once; archives that hold no single Shapefile give way to what is in them."""
    found: list[FoundFile] = []
    seen: dict[str, str] = {}
    for pass_ in range(_DEPTH + 1):
        unpacked = False
        known = {f.file for f in found}
        for item in look_at_folder(folder):
            if item.file in known:
                continue
            progress(item.file)
            if item.kind == "archive" and item.refused is None:
                if pass_ == _DEPTH:
                    deep = Bilingual("tệp nén lồng nhau quá sâu; hãy giải nén rồi chạy lại", "archives within archives, too deep; unpack it and run again")
                    found.append(replace(item, refused=deep))
                    continue
                try:
                    paths = unpack(item.path, folder)
                except InputError as error:
                    found.append(replace(item, refused=error.message))
                    continue
                unpacked = bool(paths) or unpacked
                inside = paths[0].relative_to(folder).parts[:2] if paths else ()
                where = "/".join(inside)
                said = Bilingual(f"đã giải nén vào {where}", f"unpacked into {where}") if paths else Bilingual("tệp nén rỗng", "an empty archive")
                found.append(replace(item, refused=said))
                continue
            twin = ""
            if item.refused is None and item.kind not in {"parts", "toml", "record"}:
                mark = f"{item.kind}:{digest(item.path)}"
                twin = seen.setdefault(mark, item.file)
            same = Bilingual(f"giống hệt '{twin}' từng byte", f"byte for byte the same as '{twin}'")
            found.append(replace(item, refused=same) if twin not in {"", item.file} else item)
        if not unpacked:
            break
    return found


def _take_toml(state: _State, found: FoundFile) -> None:
    if found.refused is not None:
        state.left.append(LeftFile(found.file, found.refused))
    elif "project" in found.content:
        state.leave(found.file, "một tệp dự án khác; giữ nguyên, không dùng lần này", "another project file; left as it is, not used this time")
    elif "norm" in found.content:
        if state.costs:
            state.leave(found.file, f"định mức thứ hai; đã lấy '{state.costs}'", f"a second file of cost norms; '{state.costs}' was taken")
        else:
            state.costs = found.file
            state.notes.append(Bilingual(f"định mức chi phí: {found.file}", f"cost norms: {found.file}"))
    elif {"rules", "province", "operator"} & set(found.content):
        if state.extra:
            state.leave(found.file, f"danh mục thứ hai; đã lấy '{state.extra}'", f"a second catalogue; '{state.extra}' was taken")
        else:
            state.extra, state.extra_content = found.file, found.content
            state.notes.append(Bilingual(f"quy định, danh mục riêng: {found.file}", f"own rules and catalogues: {found.file}"))
    else:
        state.leave(found.file, "tệp TOML không rõ để làm gì", "a TOML file of no known use")


def _take_files(state: _State, files: Sequence[FoundFile], operators: OperatorCatalogue) -> None:
    shapefiles = {PurePosixPath(f.file).with_suffix("").as_posix().casefold() for f in files if f.file.lower().endswith(".shp")}
    records = sum(f.kind == "record" for f in files)
    if records:
        state.notes.append(
            Bilingual(
                f"bỏ qua {records} tệp ghi nguồn của dữ liệu đã tải (*.source.json, inputs.toml)",
                f"{records} records of fetched data are passed over (*.source.json, inputs.toml)",
            )
        )
    for found in files:
        if found.kind in {"toml", "record"}:
            continue
        if found.kind == "parts":
            stem = re.sub(r"(\.[a-z]{3,4}|\.aux\.xml|\.shp\.xml)$", "", found.file.casefold())
            whole = any(stem == s or stem.startswith(f"{s}.") for s in shapefiles)
            if not whole and found.file.lower().endswith((".dbf", ".shx")):
                state.leave(found.file, "thiếu tệp .shp đi kèm", "its .shp is missing")
        elif found.refused is not None:
            state.left.append(LeftFile(found.file, found.refused))
        elif found.kind == "antenna":
            state.taken.append(TakenFile("antenna_patterns", found.file, {}, Bilingual("giản đồ ăng-ten của hãng", "a maker's antenna pattern")))
        elif found.raster is not None:
            _take_raster(state, found, operators)
        else:
            _take_tables(state, found, operators)


def _take_raster(state: _State, found: FoundFile, operators: OperatorCatalogue) -> None:
    assert found.raster is not None  # noqa: S101 - for the type checker; asked by the caller
    guess = guess_raster(found.raster, found.file)
    if guess is None:
        state.leave(
            found.file, f"raster không rõ là gì (giá trị {vietnamese(found.raster.low)} … {vietnamese(found.raster.high)}{', ở phần đã xem' if found.raster.part else ''})",
            f"a raster of no known kind (values {found.raster.low:g} … {found.raster.high:g}{', in the part looked at' if found.raster.part else ''})",
        )  # fmt: skip
        return
    options: dict[str, object] = {}
    why = guess.why
    if guess.kind == "terrain":
        kind, said = terrain_kind(found.file)
        options["kind"] = kind
        if not said:
            why = Bilingual(
                f'{why.vi}; không rõ mặt đất trần hay mặt phủ: lấy "surface" như đa số dữ liệu mở, nếu là mặt đất trần hãy sửa thành "ground"',
                f'{why.en}; whether bare earth or surface is not known: "surface" is taken, as most open data are; change it to "ground" for bare earth',
            )
    if guess.kind == "coverage_claims":
        named, technology = operators_in(found.file, operators), technology_in(found.file)
        operator = named.pop() if len(named) == 1 else ""
        if not operator or not technology:
            state.leave(
                found.file, f"{why.vi}, nhưng tên tệp không cho biết nhà mạng và công nghệ", f"{why.en}, but its name tells no operator and technology"
            )
            return
        options |= {"operator": operator, "technology": technology}
    state.taken.append(TakenFile(guess.kind, found.file, options, why))


def _take_tables(state: _State, found: FoundFile, operators: OperatorCatalogue) -> None:
    by_kind: dict[str, list[tuple[_Held, Bilingual]]] = {}
    names = len(found.tables) > 1
    if not found.tables:
        state.leave(found.file, "không có bảng nào", "it holds no table")
    for sheet in found.hidden:
        state.leave(f"{found.file} [{sheet}]", "trang tính bị ẩn, không đọc; nếu cần, hãy bỏ ẩn", "a hidden sheet, not read; show it if it is needed")
    for look in found.tables:
        label = f"{found.file} [{look.sheet}]" if names and look.sheet else found.file
        guesses = guess_table(look, found.file)
        if not guesses:
            state.leave(label, *_unknown(look))
            continue
        best = guesses[0]
        if best.kind not in INPUT_KINDS:
            state.leave(label, "bảng nghiệm thu: dùng với compare_reviews.py --acceptances", "a table of acceptances: for compare_reviews.py --acceptances")
            continue
        if best.kind == "measurements" and (log := _log_beside(found, look)):
            state.leave(label, f"nhật ký sự kiện; mẫu đo đã có trong '{log}'", f"a log of events; its samples are in '{log}'")
            continue
        if not look.rows:
            state.leave(label, "bảng không có dòng nào", "the table has no rows")
            continue
        near = [g.kind for g in guesses[1:] if best.score - g.score < float(folder_rules()["rules"]["close_score"]["value"])]
        why = best.why
        if near:
            vi, en = (", ".join(texts) for texts in zip(*((_titled(k).vi, _titled(k).en) for k in near), strict=True))
            why = Bilingual(f"{why.vi}; cũng giống {vi}", f"{why.en}; it also resembles {en}")
        operator, several = operator_of(best.kind, found.file, look, operators)
        if several:
            listed = ", ".join(several)
            state.leave(
                label, f"tên, tiêu đề nêu nhiều nhà mạng ({listed}) và không có cột nhà mạng: hãy thêm cột, hoặc tách mỗi nhà mạng một trang",
                f"its name or titles name several operators ({listed}) and no column says which: add a column, or give each its own sheet",
            )  # fmt: skip
            continue
        held = _Held(best.kind, found, look, operator, technology_of(best.kind, found.file, look))
        by_kind.setdefault(best.kind, []).append((held, why))
        state.looks.append(held)
    for kind, entries in by_kind.items():
        for group in _groups(entries):
            options: dict[str, object] = {}
            if names and len(group) < len(found.tables):
                sheets = [held.look.sheet for held, _ in group]
                options["sheet"] = sheets[0] if len(sheets) == 1 else sheets
            first = group[0][0]
            options |= {k: v for k, v in (("operator", first.operator), ("technology", first.technology)) if v}
            whys = list(dict.fromkeys((w.vi, w.en) for _, w in group))
            state.taken.append(TakenFile(kind, found.file, options, Bilingual("; ".join(w for w, _ in whys), "; ".join(w for _, w in whys))))


def _groups(entries: Sequence[tuple[_Held, Bilingual]]) -> list[list[tuple[_Held, Bilingual]]]:
    """Put together the sheets of one file that the project file can say the same of."""
    groups: dict[tuple[str, str], list[tuple[_Held, Bilingual]]] = {}
    for entry in entries:
        groups.setdefault((entry[0].operator, entry[0].technology), []).append(entry)
    return list(groups.values())


def _log_beside(found: FoundFile, look: TableLook) -> str:
    """Return the name of the log that a list of events belongs to, empty if it is none or stands alone."""
    rules = folder_rules()["loggers"]
    headers = {fold_key(h) for h in look.raw.headers}
    if not {fold_key(h) for h in rules["events"]} <= headers:
        return ""
    log = found.path.with_name(found.path.name.replace(str(rules["suffix"]), ""))
    return log.name if log != found.path and log.is_file() else ""


def _unknown(look: TableLook) -> tuple[str, str]:
    """Say that a table is of no known kind; what may be a row of data and not a header is not shown."""
    near = almost_table(look)
    if near is not None:
        kind, lacking = near[0], lacking_columns(near[1], schema_of(near[0]))
        name = _titled(kind)
        return f"giống {name.vi}, nhưng thiếu cột {lacking}", f"like {name.en}, but a column is missing: {lacking}"
    known = any(schema_of(k).match(look.raw.headers).columns for k, e in folder_rules()["kinds"].items() if not e.get("raster"))
    shown = [f"'{h}'" for h in look.raw.headers if h and not any(c.isdigit() for c in h)]
    if not known or not shown:
        return "không nhận ra loại bảng nào, không thấy dòng tiêu đề quen thuộc", "no kind of table that is known, no header that is known"
    listed = ", ".join(shown[:_SHOWN]) + (f" … ({len(shown)})" if len(shown) > _SHOWN else "")
    return f"không đủ cột để nhận ra loại bảng; các cột: {listed}", f"not enough columns to tell its kind; columns: {listed}"


def _rows(held: _Held) -> set[tuple[str, ...]]:
    """Return all rows of a table as texts: operator and technology of the whole list, the columns that its kind knows, the shape."""
    raw = held.whole()
    columns = dict(sorted(schema_of(held.kind).match(raw.headers).columns.items()))
    own = (held.operator, held.technology)
    rows = raw.cells[list(columns.values())].itertuples(index=False)
    return {(*own, *(fold_key(plain_cell(c)) for c in row), shape) for row, shape in zip(rows, shape_marks(raw), strict=True)}


def _drop_same_lists(state: _State, today: dt.date) -> None:
    """Leave a file every row of which is in another one; where only most are, both stay and that is said."""
    share = float(folder_rules()["rules"]["same_rows_share"]["value"])
    by_kind: dict[str, dict[str, list[_Held]]] = {}
    for held in state.looks:
        if held.kind not in {"buildings", "measurements"}:
            by_kind.setdefault(held.kind, {}).setdefault(held.file, []).append(held)
    for kind, files in by_kind.items():
        if len(files) < 2:
            continue
        lists = [(file, set().union(*(_rows(held) for held in tables))) for file, tables in files.items()]
        kept: list[tuple[str, set[tuple[str, ...]]]] = []
        for file, rows in sorted(lists, key=lambda e: (-len(e[1]), not any(r[0] for r in e[1]), e[0])):
            twin = next((other for other, theirs in kept if rows and _within(rows, theirs)), None)
            if twin is not None:
                _leave_taken(state, kind, file, f"các dòng đã có trong '{twin}' (cùng một danh sách)", f"its rows are in '{twin}' (the same list)")
                continue
            for other, theirs in kept:
                if rows and len(rows & theirs) >= share * len(rows):
                    same, differ = len(rows & theirs), len(rows - theirs)
                    state.notes.append(
                        Bilingual(
                            f"'{file}': {same} dòng trùng với '{other}', {differ} dòng khác; giữ cả hai, hãy xem bản nào mới hơn",
                            f"'{file}': {same} rows are those of '{other}', {differ} differ; both are kept, see which one is newer",
                        )
                    )
            kept.append((file, rows))
    _choose_editions(state, by_kind.get("sites", {}), today)


def _choose_editions(state: _State, files: Mapping[str, Sequence[_Held]], today: dt.date) -> None:
    """Of lists that hold the same sites under other values (last year's and this year's, say) leave the earlier; where that cannot be told, say so."""
    rules = {name: float(folder_rules()["rules"][name]["value"]) for name in ("same_sites_share", "edition_share", "edition_apart_m")}
    held = {t.file for t in state.taken if t.kind == "sites"}
    other_use = {t.file for t in state.taken if t.kind != "sites"}  # a workbook that is needed for its cells, too, is not taken apart
    editions = [
        Edition(file, {k: p for t in tables for k, p in sites_of(t.kind, t.operator, t.whole()).items()}, tuple(x for t in tables for x in t.look.raw.preamble), saved_on(tables[0].found.path))
        for file, tables in sorted(files.items()) if file in held
    ]  # fmt: skip
    left: set[str] = set()
    for mine, theirs in combinations(editions, 2):
        if {mine.file, theirs.file} & left:
            continue
        one, other, same = mine.file, theirs.file, mine.sites.keys() & theirs.sites.keys()
        if same and len(same) >= rules["same_sites_share"] * min(len(mine.sites), len(theirs.sites)):
            told = later_edition(mine, theirs, today=today, whole_share=rules["edition_share"], apart_m=rules["edition_apart_m"])
            if told and told[0].file not in other_use:
                left.add(told[0].file)
                _leave_taken(state, "sites", told[0].file, told[2].vi, told[2].en)
                continue
            state.notes.append(
                Bilingual(
                    f"'{one}' và '{other}': {len(same)} mã trạm có ở cả hai ({len(mine.sites)} và {len(theirs.sites)} mã); có thể là hai bản của một danh sách: "
                    "cả hai được dùng, hãy bỏ bản cũ ra khỏi thư mục rồi chạy lại",
                    f"'{one}' and '{other}': {len(same)} site codes are in both ({len(mine.sites)} and {len(theirs.sites)} codes); they may be two editions of one list: "
                    "both are used, take the older one out of the folder and run again",
                )
            )


def _within(rows: set[tuple[str, ...]], theirs: set[tuple[str, ...]]) -> bool:
    """Tell whether all rows are among others; a list of which nothing says whose it is may be anybody's."""
    if rows <= theirs:
        return True
    return not any(r[0] or r[1] for r in rows) and {r[2:] for r in rows} <= {r[2:] for r in theirs}


def _codes(held: _Held, name: str, digits: int) -> list[str]:
    match = schema_of(held.kind).match(held.look.raw.headers).columns
    if name not in match:
        return []
    codes, _ = parse_codes(held.whole().cells[match[name]], digits=digits)
    return [c for c in codes if c]


def _today_share(held: _Held) -> float:
    """Return which share of a set of boundaries bears code and name of one of today's communes.

    Codes alone do not tell: most of today's were codes of communes before, too.
    """
    today = load_table("areas/communes.csv")
    name_of = {code: fold_key(name) for code, name in zip(today["code"], today["name"], strict=True)}
    raw = held.whole()
    match = schema_of(held.kind).match(raw.headers).columns
    if "commune_code" not in match or not len(raw.cells):
        return 0.0
    codes, _ = parse_codes(raw.cells[match["commune_code"]], digits=5)
    name = match.get("commune_name", match.get("commune_short_name"))
    names = [""] * len(codes) if name is None else [fold_key(clean(n)) for n in raw.cells[name]]
    # Names are written with "Xã" or without; where there is none the code alone counts.
    return sum(name_of.get(c, "-").endswith(n) for c, n in zip(codes, names, strict=True)) / len(names) if names else 0.0


def _choose_sets(state: _State) -> None:
    """Keep one of several sets of one thing: boundaries of the same communes, population rasters, terrain of two kinds."""
    least = float(folder_rules()["rules"]["today_share"]["value"])
    sets = [(e.file, set(_codes(e, "commune_code", 5)), _today_share(e) >= least) for e in state.looks if e.kind == "boundaries"]
    kept: list[tuple[str, set[str], bool]] = []
    for file, codes, of_today in sorted(sets, key=lambda e: (not e[2], -len(e[1]), e[0])):
        twin = next((k for k in kept if k[0] != file and codes & k[1]), None)
        if twin is None:
            kept.append((file, codes, of_today))
        elif twin[2] and not of_today:
            _leave_taken(
                state, "boundaries", file, f"ranh giới thứ hai, không phải các xã từ 01/07/2025; đã lấy '{twin[0]}' vì mã và tên xã là của hiện nay",
                f"a second set of boundaries, not of the communes since 1 July 2025; '{twin[0]}' was taken, its codes and names are today's",
            )  # fmt: skip
        else:
            _leave_taken(
                state, "boundaries", file, f"ranh giới thứ hai của cùng xã; đã lấy '{twin[0]}' vì không ít xã hơn",
                f"a second set of boundaries of the same communes; '{twin[0]}' was taken, it has no fewer",
            )  # fmt: skip
    rasters = [t for t in state.taken if t.kind == "population" and t.file.lower().endswith((".tif", ".tiff"))]
    for other in rasters[1:]:
        _leave_taken(state, "population", other.file, f"raster dân số thứ hai; đã lấy '{rasters[0].file}'", f"a second population raster; '{rasters[0].file}' was taken")
    terrain = [t for t in state.taken if t.kind == "terrain"]
    if len({t.options["kind"] for t in terrain}) > 1:
        for other in terrain:
            if other.options["kind"] != "ground":
                _leave_taken(state, "terrain", other.file, "đã có địa hình mặt đất trần, không dùng lẫn hai loại", "there is bare-earth terrain; the two kinds are not mixed")


def _leave_taken(state: _State, kind: str, file: str, vi: str, en: str) -> None:
    state.taken = [t for t in state.taken if not (t.kind == kind and t.file == file)]
    state.looks = [e for e in state.looks if not (e.kind == kind and e.file == file)]
    state.leave(file, vi, en)


def _provinces(state: _State) -> tuple[str, ...]:
    """Return the provinces that the boundaries hold, or, of several, those that the lists are about."""
    today = load_table("areas/communes.csv")
    province_of = dict(zip(today["code"], today["province_code"], strict=True))
    held: set[str] = set()
    for table in state.looks:
        if table.kind == "boundaries":
            said = _codes(table, "province_code", 2)
            communes = _codes(table, "commune_code", 5)
            if said and len(said) == len(communes):
                province_of |= dict(zip(communes, said, strict=True))
                held |= set(said)
            else:
                held |= {province_of[c] for c in communes if c in province_of}
    votes: Counter[str] = Counter()
    for table in state.looks:
        if table.kind not in _NO_VOTE and "commune_code" in schema_of(table.kind).fields:
            votes.update(province_of[c] for c in set(_codes(table, "commune_code", 5)) if c in province_of)
    if len(held) == 1:
        said_by = _named(state, held)
        state.notes.append(Bilingual(f"tỉnh: {said_by.vi} (theo ranh giới)", f"province: {said_by.en} (by the boundaries)"))
        return tuple(held)
    chosen = tuple(sorted(c for c, n in votes.items() if n * 2 >= votes.total() and (not held or c in held)))
    if chosen:
        said_by = _named(state, chosen)
        state.notes.append(Bilingual(f"tỉnh: {said_by.vi} (theo mã xã trong các danh sách)", f"province: {said_by.en} (by the lists' commune codes)"))
        return chosen
    if held:
        state.notes.append(
            Bilingual(f"tỉnh: không rõ, lấy mọi xã trong ranh giới ({len(held)} tỉnh)", f"province: not known, every commune of the boundaries is taken ({len(held)} provinces)")
        )
    return ()


def _named(state: _State, codes: Iterable[str]) -> Bilingual:
    """Return the names of provinces, their codes where they have none."""
    names = {str(p["code"]): p["name"] for p in (*load_toml("provinces.toml")["province"], *state.extra_content.get("province", []))}
    texts = [names.get(c, c) for c in codes]
    return Bilingual(*(", ".join(t[language] if isinstance(t, Mapping) else str(t) for t in texts) for language in ("vi", "en")))


def _project_name(state: _State, provinces: Sequence[str]) -> str:
    """Return the title of map, print and public edition: never the folder's name, which is the office's own matter."""
    return f"Rà soát vùng phủ sóng – {_named(state, provinces).vi}" if provinces else "Rà soát vùng phủ sóng"


def _operators(state: _State, operators: OperatorCatalogue) -> tuple[str, ...]:
    """Return the operators that the lists name, those with most rows first; the country's own where no list names one."""
    rows: Counter[str] = Counter()
    for held in state.looks:
        own = held.operator
        if held.kind not in {"sites", "cells"}:
            continue
        raw = held.whole()
        match = schema_of(held.kind).match(raw.headers).columns
        data = raw.cells.dropna(how="all")
        data = data.drop(index=furniture_rows(data))  # who signed below a list is no operator
        cells = pd.Series([""] * len(data), dtype="str")
        if "operator" in match:
            cells = data[match["operator"]]
        elif {"mcc", "mnc"} <= set(match):
            mcc, mnc = (data[match[name]].map(plain_cell) for name in ("mcc", "mnc"))
            cells = (mcc + "-" + mnc.str.zfill(2)).where((mcc != "") & (mnc != ""), "")
        found = operators.resolve(cells)
        named = [n if n and not f else "" for n, f in zip(found.names, found.foreign, strict=True)]
        rows.update(n or own for n in named if n or own)
    known = [o.name for o in operators.operators if o.status == "on_air"]
    names = tuple(n for n, count in rows.most_common() if n in known or count > 0)
    if names:
        listed = ", ".join(names)
        state.notes.append(Bilingual(f"nhà mạng: {listed} (theo danh sách trạm)", f"operators: {listed} (by the lists of sites)"))
        return names
    listed_there = tuple(str(o["name"]) for o in state.extra_content.get("operator", []))
    names = listed_there or tuple(o.name for o in operators.operators if o.status == "on_air")
    listed = ", ".join(names)
    state.notes.append(Bilingual(f"nhà mạng: không danh sách nào nêu, lấy {listed}", f"operators: no list names one, taken are {listed}"))
    return names


# -- trying it -----------------------------------------------------------------------------------------------------------


def _tried(proposal: Proposal, progress: Callable[[str], None]) -> Proposal:
    """Read the proposed project with the readers; leave what they refuse, with their reason."""
    for _ in range(_TRIALS):
        log = IssueLog(issue_catalogue())
        with temporary_project(proposal.folder, project_text(proposal)) as path:
            read_inputs(read_project(path), log, progress=progress)
        wrong: dict[str, Bilingual] = {}
        for finding in log.of_severity(Severity.ERROR):
            if finding.kind.code != "boundaries_missing":
                wrong.setdefault(finding.source.file, _reason(finding.title, finding.came))
        gone = [t for t in proposal.taken if t.file in wrong or f"inputs.{t.kind}" in wrong]
        costs = "" if "plan.costs" in wrong else proposal.costs
        empty = {} if gone else without_rows(proposal, log)
        if not gone and not empty and costs == proposal.costs:
            return with_counts(proposal, log)
        gone += list(empty)
        left = [
            LeftFile(t.file, Bilingual(f"{_titled(t.kind).vi}, nhưng không đọc được: {why.vi}", f"{_titled(t.kind).en}, but it cannot be used: {why.en}"))
            for t in gone
            for why in [empty.get(t) or wrong.get(t.file) or wrong[f"inputs.{t.kind}"]]
        ]
        proposal = replace(proposal, taken=tuple(t for t in proposal.taken if t not in gone), left=(*proposal.left, *left), costs=costs)
    return proposal


def _reason(title: Bilingual, came: Iterable[object]) -> Bilingual:
    said = next((str(c) for c in came if c), "")
    return Bilingual(f"{title.vi} ({said})", f"{title.en} ({said})") if said and said not in title.vi else title


def _titled(kind: str) -> Bilingual:
    names = load_toml("results/analysis.toml")["kinds"]
    return Bilingual(**(names[kind] if kind in names else folder_rules()["kinds"][kind]["title"]))
