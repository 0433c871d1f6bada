"""The main job: a project file, or a department's folder as it is, in; the run folder out."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from _console import (
    Console,
    Language,
    MissingArgument,
    Out,
    Overwrite,
    Quiet,
    Scheduler,
    StageProgress,
    Verbose,
    Workers,
    command_line,
    ending,
)

if TYPE_CHECKING:
    from geo.io.folder_proposal import Proposal

app = command_line()


@app.command(
    help="Phân tích trọn vẹn một tệp dự án vào thư mục kết quả; bị ngắt thì chạy lại sẽ làm tiếp. "
    "Chưa có tệp dự án: --folder nêu thư mục dữ liệu, lệnh tự nhận ra từng tệp, viết tệp dự án rồi phân tích. "
    "/ Analyse a project file into its run folder; an interrupted run is taken up again. Without a project file: --folder names "
    "the folder of data; every file is recognised, the project file is written and then analysed."
)
def main(
    project: Annotated[Path | None, typer.Argument(metavar="PROJECT.toml", help="Tệp dự án. / The project file.", show_default=False)] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder", metavar="DIR",
            help="Thư mục dữ liệu đúng như nhận được: đề xuất tệp dự án từ nội dung các tệp, rồi phân tích. / A folder of data as received: "
            "propose a project file from what the files hold, then analyse.",
            show_default=False,
        ),
    ] = None,
    propose_only: Annotated[
        bool, typer.Option("--propose-only", help="Cùng --folder: chỉ viết tệp dự án, chưa phân tích. / With --folder: only write the project file.")
    ] = False,
    out: Out = Path("maps"),
    workers: Workers = None,
    scheduler: Scheduler = "",
    overwrite: Overwrite = False,
    ask_portals: Annotated[
        bool | None,
        typer.Option(
            "--ask-portals/--no-network",
            help="Hỏi tên miền và mở các cổng thông tin qua IPv4 và IPv6; --no-network: không dùng mạng dù tệp dự án cho phép "
            "(mặc định: theo tệp dự án, thường là không). / Ask DNS and visit the portals over IPv4 and IPv6; --no-network: not "
            "even where the project file says so (default: as the project file has it, no network unless it asks).",
            show_default=False,
        ),
    ] = None,
    lang: Language = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Run all stages, or those that are missing, and print what was written, the map last."""
    console = Console(lang, verbose, quiet)
    with ending(console):
        from geo.compute import make_executor
        from geo.errors import Bilingual
        from geo.io.project import read_project
        from geo.pipeline.analysis import analyse

        project = _chosen(console, project, folder, propose_only=propose_only)
        if propose_only:
            return
        executor = make_executor(workers=workers, address=scheduler)
        console.language = read_project(project).language
        with StageProgress(console) as progress:
            analysis = analyse(
                project, out, executor=executor, observer=progress, overwrite=overwrite, ask_portals=ask_portals
            )
        if analysis.warnings:
            console.note(
                Bilingual(
                    f"{analysis.warnings} dòng có cảnh báo: xem issues.xlsx và phần lưu ý trên bản đồ.",
                    f"{analysis.warnings} rows carry a warning: see issues.xlsx and the notes on the map.",
                )
            )
        # What cannot be concluded at all is said last, where it is read, and not in a workbook only.
        every = analysis.results["coverage"].record.get("states", {}).get("all", {})
        if every and set(every) <= {"unknown", "outside"}:
            console.note(
                Bilingual(
                    "CHƯA KẾT LUẬN ĐƯỢC GÌ về vùng phủ: mọi ô trong khu vực là 'chưa có dữ liệu' (thường do thiếu địa hình hoặc danh sách trạm); "
                    "xem issues.xlsx, bổ sung rồi chạy lại.",
                    "NOTHING CAN BE CONCLUDED about coverage: every cell of the area is 'unknown' (mostly for lack of terrain or of lists of sites); "
                    "see issues.xlsx, add what is missing and run again.",
                )
            )
        verdicts = analysis.results["ipv6"].record.get("verdicts")
        if verdicts:
            ready, unsaid = verdicts.get("ready", 0), sum(verdicts.get(name, 0) for name in ("unknown", "down", "bad_address"))
            rest = sum(verdicts.values()) - ready - unsaid
            console.note(
                Bilingual(
                    f"Cổng thông tin: {ready} dùng được qua IPv6, {rest} chưa, {unsaid} chưa kết luận được.",
                    f"Portals: {ready} ready for IPv6, {rest} not, {unsaid} cannot be said.",
                )
            )
        for place in dict.fromkeys(
            path if path.parent == analysis.folder else path.parent for path in analysis.written
        ):
            console.wrote(place)


def _chosen(console: Console, project: Path | None, folder: Path | None, *, propose_only: bool) -> Path:
    """Return the project file: the one named, or the one proposed for a folder, which is told file by file."""
    from geo.errors import InputError

    if folder is None:
        if project is None or propose_only:
            raise MissingArgument(
                "Thiếu PROJECT.toml hoặc --folder DIR; xem --help để biết cách gọi. / PROJECT.toml is missing, or --folder DIR; see --help for the usage."
            )
        return project
    if project is not None:
        raise InputError("Chỉ nêu tệp dự án hoặc --folder, không nêu cả hai.", "Name a project file or --folder, not both.")
    return _proposed(console, folder)


def _proposed(console: Console, folder: Path) -> Path:
    from geo.errors import Bilingual, InputError
    from geo.io.folder_project import propose_project
    from geo.io.folder_proposal import Written, write_proposal

    console.note(Bilingual(f"Đang xem từng tệp của '{folder}' …", f"Looking at every file of '{folder}' …"))
    proposal = propose_project(folder, today=_today())
    path, done = write_proposal(proposal)
    # What became of that file is said below, once.
    _tell(console, replace(proposal, left=tuple(e for e in proposal.left if e.file != path.name)))
    said = {
        Written.NEW: Bilingual(f"Đã viết tệp dự án {path.name}; sửa được rồi chạy lại.", f"Wrote the project file {path.name}; it may be changed and run again."),
        Written.UPDATED: Bilingual(
            f"Đã cập nhật tệp dự án {path.name} do lần trước đề xuất và chưa ai sửa.",
            f"Brought the project file {path.name} up to date, which was proposed before and which nobody had changed.",
        ),
        Written.KEPT: Bilingual(f"Tệp dự án {path.name} đã có và vẫn đúng: dùng lại.", f"The project file {path.name} is there already and still holds: it is used again."),
    }
    console.note(said[done])
    console.wrote(path)
    if not proposal.can_run:
        raise InputError(
            f"Chưa phân tích được: trong '{folder}' không có ranh giới xã (GeoPackage, GeoJSON, Shapefile, GeoParquet) dùng được.",
            f"Nothing can be analysed yet: '{folder}' holds no usable commune boundaries (GeoPackage, GeoJSON, Shapefile, GeoParquet).",
        )
    return path


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).astimezone().date()


def _tell(console: Console, proposal: Proposal) -> None:
    """Say what each file was taken for and why, what is not used and why, and what is missing."""
    from geo.errors import Bilingual
    from geo.pipeline.showing import kind_name

    for note in proposal.notes:
        console.note(Bilingual(f"• {note.vi}", f"• {note.en}"))
    console.note(Bilingual(f"Dùng {len(proposal.taken)} tệp:", f"{len(proposal.taken)} files are used:"))
    for taken in proposal.taken:
        name = kind_name(taken.kind)
        said = "".join(f", {key} = {value}" for key, value in taken.options.items())
        rows = Bilingual(f" ({taken.rows} dòng)", f" ({taken.rows} rows)") if taken.rows else Bilingual("", "")
        console.note(Bilingual(f"  {taken.file} → {name.vi}{rows.vi}{said}: {taken.why.vi}", f"  {taken.file} → {name.en}{rows.en}{said}: {taken.why.en}"))
    if proposal.left:
        console.note(Bilingual(f"Không dùng {len(proposal.left)} tệp:", f"{len(proposal.left)} files are not used:"))
    for left in proposal.left:
        console.note(Bilingual(f"  {left.file}: {left.why.vi}", f"  {left.file}: {left.why.en}"))
    if proposal.missing:
        console.note(Bilingual("Còn thiếu:", "Missing:"))
    for kind, why in proposal.missing.items():
        name = kind_name(kind)
        console.note(Bilingual(f"  {name.vi}: {why.vi}", f"  {name.en}: {why.en}"))


if __name__ == "__main__":
    app()
