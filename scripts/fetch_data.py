"""Fetch open data of data/catalogue.toml for a province: licence first, then files that are checked, resumed after a cut, recorded."""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from _console import Console, Language, Quiet, Verbose, command_line, ending

from geo.errors import Bilingual, InputError

if TYPE_CHECKING:
    from geo.fetching.asking.secret import Secret
    from geo.fetching.catalogue import Item
    from geo.fetching.fetch import Fetcher, Mirror, Outcome
    from geo.fetching.plan import Wanted
    from geo.fetching.settings import FetchSettings
    from geo.io.fetched import FetchFolder

app = command_line()

CATALOGUE = Path(__file__).resolve().parents[1] / "data" / "catalogue.toml"
YES = frozenset({"y", "yes", "c", "co", "có", "đồng ý", "dong y"})
LINE_EVERY_SECONDS = 10.0


@app.command()
def main(
    listed: Annotated[
        bool, typer.Option("--list", help="Chỉ liệt kê danh mục. / Only list the catalogue.")
    ] = False,
    item: Annotated[
        list[str] | None,
        typer.Option("--item", help="Mục cần tải, lặp lại được (mặc định: các mục [mặc định]). / Item to fetch; may be repeated."),
    ] = None,
    province: Annotated[
        list[str] | None, typer.Option("--province", help="Mã tỉnh (GSO), lặp lại được. / GSO code of a province; may be repeated.")
    ] = None,
    bbox: Annotated[
        str, typer.Option("--bbox", help="Thay cho tỉnh: tây,nam,đông,bắc theo độ. / In place of a province: west,south,east,north.")
    ] = "",
    quarter: Annotated[
        str, typer.Option("--quarter", help="Quý, ví dụ 2026-1 (mặc định: quý gần nhất đã có). / Quarter, such as 2026-1.")
    ] = "",
    out: Annotated[
        Path, typer.Option("--out", help="Thư mục chứa dữ liệu tải về. / Folder for what is fetched.")
    ] = Path("open_data"),
    mirror: Annotated[
        str, typer.Option("--mirror", help="Lấy từ bản sao: thư mục hoặc địa chỉ, xếp như --out. / Take from a mirror: folder or address.")
    ] = "",
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="Đồng ý với các giấy phép được in ra. / Accept the licences that are printed.")
    ] = False,
    key_file: Annotated[
        Path | None, typer.Option("--key-file", help="Tệp chứa khóa của bạn (không ghi khóa trên dòng lệnh). / File that holds your key.")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", help="Cho phép chuyển hướng sang máy chủ này. / Allow redirects to this host.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Tải lại cả tệp đã có. / Fetch finished files anew.")
    ] = False,
    keep_archives: Annotated[
        bool, typer.Option("--keep-archives", help="Giữ tệp nén gốc để làm bản sao cho máy khác. / Keep archives, for a mirror.")
    ] = False,
    catalogue: Annotated[
        Path, typer.Option("--catalogue", help="Danh mục khác. / Another catalogue.", show_default=False)
    ] = CATALOGUE,
    lang: Language = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Tải dữ liệu mở theo danh mục: ranh giới, địa hình, dân số, nhà, đường… / Fetch open data of the catalogue."""
    console = Console(lang, verbose, quiet)
    with ending(console):
        from geo.fetching.catalogue import parse_catalogue
        from geo.fetching.words import list_lines
        from geo.io.fetched import FetchFolder, read_toml

        known = parse_catalogue(read_toml(catalogue), file=catalogue.name)
        if listed:
            for line in list_lines(known.items.values()):
                console.say(line)
            return
        from geo.fetching.areas import box_area, province_area
        from geo.fetching.plan import last_quarter, parse_quarter, wanted_files
        from geo.fetching.presence import is_present
        from geo.fetching.settings import fetch_settings

        settings = fetch_settings()
        if province and bbox:
            raise InputError("Chỉ nêu một trong --province và --bbox.", "Give either --province or --bbox.")
        area = province_area(province, margin_m=settings.area.margin_m) if province else box_area(bbox) if bbox else None
        today = dt.datetime.now(dt.UTC).date()
        period = parse_quarter(quarter) if quarter else last_quarter(today, ready_days=settings.area.quarter_ready_days)
        items = known.chosen(item or [])
        wanted = {entry.code: wanted_files(entry, area, period) for entry in items}
        folder = FetchFolder(out)
        waiting = [entry for entry in items if again or not all(is_present(folder, w) for w in wanted[entry.code])]
        place = _mirror(mirror)
        accepted = _accepted(console, waiting, accept_licence)
        from geo.fetching.fetch import Fetcher

        secrets = {entry.code: _key(entry, key_file, settings) for entry in waiting if entry.key and place is None}
        fetcher = Fetcher(
            folder, settings, accepted, mirror=place, hosts=tuple(h.lower() for h in allow_host or []), secrets=secrets, again=again,
            keep=keep_archives, progress=_Progress(console),
        )  # fmt: skip
        with folder.working():
            failed = [entry.code for entry in items if not _fetch_item(console, fetcher, entry, wanted[entry.code])]
            _write_snippet(console, folder)
        if failed:
            names = ", ".join(failed)
            console.error(Bilingual(f"Chưa tải xong: {names}.", f"Not complete: {names}."))
            raise typer.Exit(2)


def _mirror(text: str) -> Mirror | None:
    if not text:
        return None
    from geo.fetching.fetch import Mirror

    if "://" in text:
        return Mirror.at(text)  # whatever is wrong with it, it is not shown: it may hold a password
    if not Path(text).is_dir():
        raise InputError(f"--mirror: không thấy thư mục '{Path(text).name}'.", f"--mirror: folder '{Path(text).name}' not found.")
    return Mirror(folder=Path(text))


def _accepted(console: Console, items: list[Item], flag: bool) -> str:
    """Show the licences of what is to be fetched, quiet or not; return how they were accepted."""
    from geo.fetching.words import terms_lines

    if not items:
        return ""
    for line in terms_lines(items):
        print(console.text(line), file=sys.stderr)
    if flag:
        return "--accept-licence"
    print(console.text(Bilingual("Bạn đồng ý với các giấy phép trên? [c/K] ", "Do you accept these licences? [y/N] ")), end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline() if sys.stdin is not None else ""
    if answer.strip().casefold() not in YES:
        raise InputError(
            "Chưa đồng ý giấy phép nên không tải gì; trả lời 'có' hoặc thêm --accept-licence.",
            "The licences were not accepted, nothing was fetched; answer 'yes' or add --accept-licence.",
        )
    return "prompt"


def _key(item: Item, key_file: Path | None, settings: FetchSettings) -> Secret:
    from geo.fetching.asking.secret import Secret
    from geo.io.fetched import read_key

    if key_file is not None:
        return Secret(read_key(key_file, most_characters=settings.limits.key_characters))
    value = os.environ.get(item.key, "").strip()
    if not value or len(value) > settings.limits.key_characters or any(c.isspace() or not c.isprintable() for c in value):
        raise InputError(
            f"'{item.code}' cần khóa riêng của bạn (đăng ký tại {item.page}): đặt vào biến môi trường {item.key} hoặc --key-file.",
            f"'{item.code}' needs a key of your own (register at {item.page}): put it into the environment variable {item.key} or --key-file.",
        )
    return Secret(value)


class _Progress:
    """A line now and then for what takes long."""

    def __init__(self, console: Console) -> None:
        self.console, self.label, self.spoke = console, "", 0.0

    def __call__(self, label: str, done: int, total: int | None) -> None:
        from geo.fetching.faults import data_size

        now = time.monotonic()
        if label != self.label:
            self.label, self.spoke = label, now
            size = data_size(total) if total else None
            self.console.note(
                Bilingual(f"Đang tải {label}" + (f", {size.vi}" if size else ""), f"Fetching {label}" + (f", {size.en}" if size else ""))
            )
        elif now - self.spoke >= LINE_EVERY_SECONDS:
            self.spoke = now
            got, whole = data_size(done), data_size(total) if total else None
            self.console.note(
                Bilingual(
                    f"{label}: {got.vi}" + (f" / {whole.vi}" if whole else ""), f"{label}: {got.en}" + (f" of {whole.en}" if whole else "")
                )
            )


def _fetch_item(console: Console, fetcher: Fetcher, item: Item, wanted: list[Wanted]) -> bool:
    """Fetch the files of an item one after the other; say what became of each; tell whether all is there."""
    from geo.fetching.faults import FetchError

    done: list[Outcome] = []
    for number, file in enumerate(wanted):
        if number and any(outcome.state == "fetched" for outcome in done[-1:]):
            time.sleep(fetcher.settings.asking.pause_seconds)
        try:
            outcome = fetcher.fetch(file)
        except FetchError as error:
            console.error(error.message)
            return False
        done.append(outcome)
        _tell(console, outcome)
    if not any(outcome.files for outcome in done):
        console.error(
            Bilingual(
                f"'{item.code}': không có tệp nào cho vùng này; địa chỉ có thể đã đổi, hãy xem danh mục.",
                f"'{item.code}': there is no file for this area; the address may have changed, see the catalogue.",
            )
        )
        return False
    return True


def _tell(console: Console, outcome: Outcome) -> None:
    label = outcome.wanted.label
    for note in outcome.notes:
        console.note(note)
    if outcome.state == "absent":
        console.note(
            Bilingual(
                f"{label}: nơi phát hành không có mảnh này; bình thường nếu là biển, còn nếu là đất liền thì địa chỉ đã sai.",
                f"{label}: the publisher has no such tile; normal for open sea, on land the address is wrong.",
            )
        )
    elif outcome.state == "present":
        console.note(Bilingual(f"{label}: đã có, không tải lại.", f"{label}: there already, not fetched again."))
    for path in outcome.files if outcome.state == "fetched" else ():
        console.wrote(path)


def _write_snippet(console: Console, folder: FetchFolder) -> None:
    from geo.fetching.snippet import inputs_snippet

    records = folder.records()
    if not records:
        return
    text = inputs_snippet(records, folder=folder.root.resolve().name)
    place = folder.write_text("inputs.toml", text)
    if place is not None:
        console.wrote(place)
    else:
        console.note(
            Bilingual(
                "Tệp inputs.toml ở đó không phải do lệnh này ghi, hoặc đã được sửa, nên được giữ nguyên; các dòng cho tệp dự án:",
                "The inputs.toml there was not written by this command, or was changed since, and is left alone; the lines for a project file:",
            )
        )
        console.say(Bilingual(text, text))


if __name__ == "__main__":
    app()
