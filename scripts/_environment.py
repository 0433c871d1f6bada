"""The project's own virtual environment: made once, completed when it was interrupted.

Standard library only. Written so that Python 3.7 can still read it: an interpreter that is too
old then gets a sentence instead of a traceback.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, Sequence

__all__ = [
    "OLDEST",
    "ROOT",
    "Interpreter",
    "SetupError",
    "find_interpreter",
    "prepare",
    "run",
    "say",
    "venv_folder",
]

ROOT = Path(__file__).resolve().parents[1]
OLDEST = (3, 11)
_PROBE = (
    "import importlib.util, json, sys, sysconfig; print(json.dumps(["
    "list(sys.version_info[:2]), sys.executable, sysconfig.get_path('purelib'), "
    "[name for name in ('pip', 'venv', 'ensurepip') if importlib.util.find_spec(name)]]))"
)
_LINK = "vungphu.pth"
_STAMP = "vungphu.stamp"
_UNFINISHED = "vungphu.unfinished"
# Who installs a lock file has the ones it was resolved together with as well.
_CONTAINED = {"requirements-test.lock": ["requirements.lock"]}


class SetupError(Exception):
    """What stands in the way of setting up, in both languages."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(vi, en)
        self.vi = vi
        self.en = en


class Interpreter(NamedTuple):
    """What an interpreter says of itself."""

    version: tuple
    executable: str
    site_packages: str
    modules: tuple


def say(vi: str, en: str) -> None:
    """Print one sentence in each language on stderr, whatever the console can show."""
    for line in (vi, en):
        encoding = sys.stderr.encoding or "ascii"
        print(line.encode(encoding, "replace").decode(encoding), file=sys.stderr, flush=True)


def _ask(command: Sequence[str]) -> Interpreter | None:
    """Return what the interpreter started by ``command`` says of itself, None if it does not run."""
    try:
        answer = subprocess.run(
            [*command, "-I", "-c", _PROBE],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
            timeout=120,
        )
        version, executable, site_packages, modules = json.loads(answer.stdout.decode("ascii"))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return Interpreter(tuple(version), executable, site_packages, tuple(modules))


def _require_new_enough(interpreter: Interpreter) -> None:
    if interpreter.version < OLDEST:
        came = ".".join(map(str, interpreter.version))
        oldest = ".".join(map(str, OLDEST))
        raise SetupError(
            f"Python {came} ({interpreter.executable}) quá cũ: cần Python {oldest} trở lên.",
            f"Python {came} ({interpreter.executable}) is too old: Python {oldest} or later is needed.",
        )


def find_interpreter(name: str) -> Interpreter:
    """Return the interpreter called ``name``: a path, ``python3.13`` or ``3.13``.

    Looks on the PATH, with Windows' ``py`` launcher and in the folder of pyenv.

    Raises
    ------
    SetupError
        If no such interpreter runs on this machine, or it is too old.
    """
    version = name[len("python") :] if name.startswith("python") else name
    numbered = version.count(".") == 1 and version.replace(".", "").isdigit()
    commands = [[found] for found in (shutil.which(name), shutil.which("python" + version)) if found]
    if numbered:
        if os.name == "nt" and shutil.which("py"):
            commands.append(["py", "-" + version])
        pyenv = Path(os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv"))) / "versions"
        commands += [[str(path)] for path in sorted(pyenv.glob(version + ".*/bin/python" + version))]
    for command in commands:
        interpreter = _ask(command)
        if interpreter and (not numbered or interpreter.version == tuple(map(int, version.split(".")))):
            _require_new_enough(interpreter)
            return interpreter
    raise SetupError(
        f"Máy này không có '{name}'. Hãy cài Python {version} (Debian/Ubuntu: python{version} và "
        f"python{version}-venv nếu bản phát hành có; Windows: trình cài đặt của python.org).",
        f"'{name}' is not on this machine. Install Python {version} (Debian/Ubuntu: python{version} and "
        f"python{version}-venv where the release has them; Windows: the installer of python.org).",
    )


def venv_folder(suffix: str = "") -> Path:
    """Return the environment's folder: ``VUNGPHU_VENV``, else ``.venv`` beside the sources."""
    named = os.environ.get("VUNGPHU_VENV")
    folder = Path(os.path.abspath(named)) if named else ROOT / ".venv"
    return folder.with_name(folder.name + suffix)


def _python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _create(folder: Path, base: Interpreter) -> None:
    """Make the environment, from the start where its first installation was interrupted."""
    if not {"venv", "ensurepip"} <= set(base.modules):
        version = ".".join(map(str, base.version))
        raise SetupError(
            f"Python {version} trên máy này thiếu venv hoặc ensurepip. Debian/Ubuntu: "
            f"'sudo apt install python3-venv' (hoặc python{version}-venv); Windows: cài lại Python từ python.org "
            "kèm pip. Sau đó chạy lại lệnh này.",
            f"Python {version} on this machine lacks venv or ensurepip. Debian/Ubuntu: "
            f"'sudo apt install python3-venv' (or python{version}-venv); Windows: install Python from python.org "
            "again, with pip. Then run this command again.",
        )
    known = {"bin", "include", "lib", "lib64", "share", "scripts", _UNFINISHED}
    is_venv = (folder / "pyvenv.cfg").is_file()
    entries = list(folder.iterdir()) if folder.is_dir() else [folder] if folder.exists() else []
    if not is_venv and any(entry.name.lower() not in known for entry in entries):
        raise SetupError(
            f"'{folder}' đã có nhưng không phải là môi trường ảo Python: hãy xóa hoặc đổi VUNGPHU_VENV.",
            f"'{folder}' exists but is not a Python virtual environment: remove it or change VUNGPHU_VENV.",
        )
    say(f"Tạo môi trường ảo trong {folder} ...", f"Making the virtual environment in {folder} ...")
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / _UNFINISHED, "The first installation has not ended.\n")
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(str(entry))
        elif entry.name != _UNFINISHED:
            entry.unlink()
    if run([base.executable, "-m", "venv", str(folder)]):
        raise SetupError(
            f"Không tạo được môi trường ảo trong '{folder}' (lý do ở trên).",
            f"The virtual environment in '{folder}' could not be made (reason above).",
        )


def _link(environment: Interpreter) -> None:
    """Put the sources on the environment's import path.

    One line in a ``.pth`` file, in ASCII whatever the folder is called: an editable install writes
    the path itself, which Python before 3.13 on Windows cannot read back when the folder's name is
    Vietnamese and the console's code page is not.
    """
    line = f"import os, sys; sys.path.append(os.fsdecode({os.fsencode(str(ROOT))!r}))\n"
    target = Path(environment.site_packages) / _LINK
    if not target.is_file() or target.read_text(encoding="ascii") != line:
        _write(target, line)


def _write(target: Path, text: str) -> None:
    temporary = target.with_name(target.name + ".part")
    temporary.write_text(text, encoding="ascii")
    os.replace(str(temporary), str(target))


def _fingerprint(lock_name: str, environment: Interpreter) -> str:
    """Return what the environment must have been installed from (line ends do not count)."""
    digest = hashlib.sha256((ROOT / lock_name).read_bytes().replace(b"\r\n", b"\n")).hexdigest()
    return "{} {} {}.{}".format(lock_name, digest, *environment.version)


def prepare(lock_name: str, *, base: Interpreter | None = None, suffix: str = "") -> Path:
    """Set the environment up from a lock file and return its interpreter.

    Does nothing that was done before: a stamp in the environment holds the lock's SHA-256. It is
    removed before an installation and written after it, so an interrupted one is taken up again.

    Parameters
    ----------
    lock_name : str
        ``requirements.lock`` or ``requirements-test.lock``.
    base : Interpreter, optional
        Makes the environment where there is none; the running one by default.
    suffix : str
        Added to the folder's name, for one environment per interpreter.

    Raises
    ------
    SetupError
        With the reason and what to do, in both languages.
    """
    if base is None:
        base = _ask([sys.executable])
        if base is None:
            raise SetupError(
                f"Không chạy được '{sys.executable}'.", f"'{sys.executable}' does not run.",
            )
    _require_new_enough(base)
    folder = venv_folder(suffix)
    python = _python_of(folder)
    environment = _ask([str(python)])
    # After a first installation that was killed, from the start: pip takes half a package for a whole one.
    if environment is None or (folder / _UNFINISHED).is_file():
        _create(folder, base)
        environment = _ask([str(python)])
    elif "pip" not in environment.modules:
        run([str(python), "-m", "ensurepip"])
        environment = _ask([str(python)])
    if environment is None or "pip" not in environment.modules:
        raise SetupError(
            f"Môi trường ảo trong '{folder}' không có pip: hãy xóa thư mục đó rồi chạy lại.",
            f"The virtual environment in '{folder}' has no pip: remove that folder and run again.",
        )
    _require_new_enough(environment)
    stamp = folder / _STAMP
    done = stamp.read_text(encoding="ascii").splitlines() if stamp.is_file() else []
    wanted = [_fingerprint(name, environment) for name in [lock_name, *_CONTAINED.get(lock_name, [])]]
    if not set(wanted) <= set(done):
        if stamp.exists():
            stamp.unlink()
        say(
            f"Cài đặt các gói của {lock_name} (lần đầu tải về khoảng 300 MB, vài phút) ...",
            f"Installing the packages of {lock_name} (the first time downloads about 300 MB, a few minutes) ...",
        )
        pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
        pip += [] if sys.stderr.isatty() else ["--quiet"]
        if run([*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(ROOT / lock_name)]):
            raise SetupError(
                f"pip không cài được {lock_name} (lý do ở trên). Kiểm tra mạng rồi chạy lại: phần đã tải được giữ lại.",
                f"pip could not install {lock_name} (reason above). "
                "Check the network and run again: what was downloaded is kept.",
            )
        _write(stamp, "".join(line + "\n" for line in wanted))
        if (folder / _UNFINISHED).is_file():
            (folder / _UNFINISHED).unlink()
    _link(environment)
    return python


def run(command: Sequence[str]) -> int:
    """Run a command in the project's folder, its output passed through; return its exit code."""
    sys.stdout.flush()
    sys.stderr.flush()
    environment = {**os.environ, "PYTHONUTF8": "1"}
    try:
        code = subprocess.call([str(part) for part in command], cwd=str(ROOT), env=environment)
    except KeyboardInterrupt:
        return 130
    return code if code >= 0 else 128 - code
