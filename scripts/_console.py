"""What all commands share: one language, one way to end, progress on stderr, results on stdout."""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from geo.errors import Bilingual, InputError, VungphuError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from geo.pipeline.engine import Stage, StageResult

# Matrices here have some hundred rows: threads of the algebra library wait for each other longer than they work, and
# every worker process would start its own. Read when numpy is loaded, which is later; who sets it knows better.
for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

__all__ = [
    "Console",
    "Language",
    "MissingArgument",
    "Out",
    "Overwrite",
    "ProjectFile",
    "Quiet",
    "Scheduler",
    "StageProgress",
    "Verbose",
    "Workers",
    "command_line",
    "ending",
]

Language = Annotated[
    Literal["vi", "en"] | None,
    typer.Option("--lang", help="Ngôn ngữ thông báo (mặc định theo tệp dự án). / Language of the messages."),
]
Verbose = Annotated[
    int,
    typer.Option(
        "-v", "--verbose", count=True, help="Kể chi tiết hơn; -vv hơn nữa. / Say more; -vv still more."
    ),
]
Quiet = Annotated[
    bool, typer.Option("-q", "--quiet", help="Chỉ báo lỗi và kết quả. / Only errors and results.")
]
#: What every command over a project file is told.
ProjectFile = Annotated[Path, typer.Argument(metavar="PROJECT.toml", help="Tệp dự án. / The project file.")]
Out = Annotated[Path, typer.Option(help="Thư mục chứa các thư mục kết quả. / Folder that holds the run folders.")]
Workers = Annotated[
    int | None, typer.Option(help="Số tiến trình (mặc định: mọi bộ xử lý). / Processes (default: every processor).")
]
Scheduler = Annotated[str, typer.Option(help="Bộ điều phối Dask, ví dụ tcp://10.0.0.5:8786. / A Dask scheduler.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Thay kết quả của dự án khác. / Replace another project's results.")
]

_SLOW_SECONDS = 2.0
_LINE_EVERY_SECONDS = 10.0


class _Terminated(KeyboardInterrupt):
    """SIGTERM, on the way that Ctrl-C takes."""


@dataclass
class Console:
    """Where a command speaks.

    Attributes
    ----------
    asked : str or None
        Language of ``--lang``; it wins over ``language``.
    verbose : int
    quiet : bool
    language : str
        The project file's, once it is read.
    """

    asked: str | None = None
    verbose: int = 0
    quiet: bool = False
    language: str = "vi"

    def text(self, sentence: Bilingual) -> str:
        """Return a sentence in the language that is spoken."""
        return sentence.text(self.asked or self.language)

    def note(self, sentence: Bilingual) -> None:
        """Say something on stderr, unless quiet."""
        if not self.quiet:
            print(self.text(sentence), file=sys.stderr, flush=True)

    def error(self, sentence: Bilingual) -> None:
        """Say on stderr what went wrong."""
        print(f"{self.text(Bilingual('Lỗi', 'Error'))}: {self.text(sentence)}", file=sys.stderr, flush=True)

    def say(self, sentence: Bilingual) -> None:
        """Print a line of the result on stdout."""
        print(self.text(sentence), flush=True)

    def wrote(self, path: Path) -> None:
        """Print the path of a result on stdout."""
        print(path, flush=True)


def command_line() -> typer.Typer:
    """Return an app whose unexpected errors are one sentence, and their traceback only with ``-v``."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    return _App(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


class MissingArgument(typer.BadParameter):
    """Says that something is missing without the framework's own English words around it."""

    def show(self, file: Any = None) -> None:
        """Print the usage and the sentence."""
        if self.ctx is not None:
            usage = self.ctx.get_usage().partition(":")[2].strip()
            print(f"Cách gọi / Usage: {usage}\n", file=file or sys.stderr)
        print(f"Lỗi / Error: {self.message}", file=file or sys.stderr, flush=True)


class _Command(TyperCommand):
    """A command that says in both languages what is missing; no project names a language yet."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments."""
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            if type(error) is typer.BadParameter or error.param is None:
                raise
            # its one subclass says that a parameter is missing
            name = error.param.metavar or error.param.name or "?"
            raise MissingArgument(
                f"Thiếu {name}; xem --help để biết cách gọi. / {name} is missing; see --help for the usage.", ctx
            ) from None


class _App(typer.Typer):
    """An app whose commands are :class:`_Command`."""

    def command(self, name: str | None = None, **settings: Any) -> Any:
        """Register a command."""
        return super().command(name, **{"cls": _Command, **settings})


@contextmanager
def ending(console: Console) -> Iterator[None]:
    """Run a command's body; turn what may go wrong into one sentence and an exit code.

    2: the user can mend it. 130, 143: interrupted. 1: a defect; the traceback is shown with ``-v``.
    """
    _set_logging(console)
    sys.excepthook = _Unexpected(console)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    except VungphuError as error:
        console.error(error.message)
        if console.verbose:
            traceback.print_exc()
        raise typer.Exit(2 if isinstance(error, InputError) else 1) from None
    except KeyboardInterrupt as interruption:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the rest is a matter of moments
        console.error(
            Bilingual(
                "Đã dừng theo yêu cầu; phần đã xong được giữ, chạy lại cùng lệnh để làm tiếp.",
                "Stopped as asked; what is finished is kept, run the same command to go on.",
            )
        )
        raise typer.Exit(143 if isinstance(interruption, _Terminated) else 130) from None
    except BrokenPipeError:  # nobody reads our output any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except OSError as error:
        console.error(_disk_sentence(error))
        if console.verbose:
            traceback.print_exc()
        raise typer.Exit(2) from None


def _disk_sentence(error: OSError) -> Bilingual:
    name = Path(str(error.filename)).name if error.filename else ""
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return Bilingual(
            f"Ổ đĩa đã đầy khi ghi '{name}'; hãy giải phóng chỗ rồi chạy lại, phần đã xong được giữ.",
            f"The disk is full writing '{name}'; free some space and run again, what is finished is kept.",
        )
    reason = error.strerror or str(error) or type(error).__name__
    return Bilingual(
        f"Không đọc hoặc ghi được '{name}': {reason}.", f"Cannot read or write '{name}': {reason}."
    )


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise _Terminated


@dataclass(frozen=True)
class _Unexpected:
    """Says a defect in one sentence."""

    console: Console

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, MemoryError):
            self.console.error(
                Bilingual(
                    "Hết bộ nhớ; hãy giảm --workers hoặc tăng cell_size_m rồi chạy lại.",
                    "Out of memory; lower --workers or raise cell_size_m and run again.",
                )
            )
        else:
            place = traceback.extract_tb(trace)[-1] if trace else None
            where = f"{Path(place.filename).name}:{place.lineno}" if place else "?"
            self.console.error(
                Bilingual(
                    f"Lỗi của chương trình ({kind.__name__} tại {where}): {error}. Chạy lại với -v để xem chi tiết.",
                    f"A defect of the program ({kind.__name__} at {where}): {error}. Run again with -v for details.",
                )
            )
        if self.console.verbose:
            traceback.print_exception(kind, error, trace)


def _set_logging(console: Console) -> None:
    level = (
        logging.ERROR
        if console.quiet
        else (logging.WARNING, logging.INFO, logging.DEBUG)[min(console.verbose, 2)]
    )
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", force=True
    )
    logging.getLogger("geo").setLevel(level)
    logging.captureWarnings(capture=True)  # a library's warning is no message for a planner
    logging.getLogger("py.warnings").setLevel(logging.WARNING if console.verbose else logging.CRITICAL)
    if not console.verbose:
        warnings.simplefilter("ignore")


@dataclass
class StageProgress:
    """Shows how a run goes: a bar on a terminal for what takes over two seconds, else plain lines."""

    console: Console
    _bar: Progress | None = None
    _task: TaskID | None = None
    _timer: threading.Timer | None = None
    _number: tuple[int, int] = (0, 0)
    _spoke: float = field(default_factory=time.monotonic)

    def __enter__(self) -> StageProgress:
        """Begin to watch; the bar appears after two seconds."""
        if not self.console.quiet and sys.stderr.isatty():
            from rich.console import Console as Terminal
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            self._bar = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.percentage:>3.0f}%"),
                TimeElapsedColumn(),
                console=Terminal(stderr=True),
                transient=True,
            )
            self._timer = threading.Timer(_SLOW_SECONDS, self._bar.start)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        if self._bar is not None:
            self._bar.stop()

    def started(self, stage: Stage, number: int, total: int) -> None:
        """Show that a stage begins."""
        self._number = (number, total)
        self._spoke = time.monotonic()
        if self._bar is not None:
            self._task = self._bar.add_task(self._label(stage), total=None)

    def advanced(self, stage: Stage, done: int, total: int) -> None:
        """Show how far a stage is."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
        elif time.monotonic() - self._spoke >= _LINE_EVERY_SECONDS:
            self._spoke = time.monotonic()
            self._say(f"{self._label(stage)}: {done}/{total}")

    def ended(self, result: StageResult) -> None:
        """Show that a stage is complete."""
        if self._bar is not None and self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None
        label = self._label(result.stage)
        if result.reused:
            outcome = Bilingual("đã có từ lần chạy trước", "kept from an earlier run")
        else:
            seconds = f"{result.seconds:.1f}"
            outcome = Bilingual(f"xong, {seconds.replace('.', ',')} giây", f"done, {seconds} s")
        self._say(f"{label}: {self.console.text(outcome)}")

    def _say(self, line: str) -> None:
        if self._bar is not None and self._bar.live.is_started:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            self.console.note(Bilingual(line, line))

    def _label(self, stage: Stage) -> str:
        return f"[{self._number[0]}/{self._number[1]}] {self.console.text(stage.title)}"
