"""Makers' antenna files: what is read, what is mended and said, what is refused. All antennas here are made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from geo.errors import InputError
from geo.io.antenna_patterns import AntennaPattern, read_antenna_pattern, read_antenna_patterns
from geo.io.project import InputFile
from geo.io.raw import TableOptions
from geo.io.resources import issue_catalogue
from geo.validation import IssueLog

FILE = "antennas/made_up.msi"


def horizontal(angle: float) -> float:
    off = min(angle % 360, 360 - angle % 360)
    return round(min(12 * (off / 65) ** 2, 25.0), 2)


def vertical(angle: float, tilt: float = 4.0) -> float:
    below = (angle + 180) % 360 - 180
    return round(min(12 * ((below - tilt) / 7) ** 2, 30.0), 2)


def lines(loss: Callable[[float], float], *, step: float = 1.0, join: str = " ", form: str = "{:g}") -> list[str]:
    return [form.format(a) + join + form.format(loss(a)) for a in np.arange(0, 360, step)]


def document(
    *,
    head: tuple[str, ...] = ("NAME Mẫu thử 65", "MAKE None", "FREQUENCY 1850", "GAIN 15.85 dBd", "TILT ELECTRICAL", "ELECTRICAL_TILT 4"),
    across: list[str] | None = None,
    along: list[str] | None = None,
    count: str = "360",
) -> str:
    parts = [*head, f"HORIZONTAL {count}", *(lines(horizontal) if across is None else across)]
    return "\n".join([*parts, f"VERTICAL {count}", *(lines(vertical) if along is None else along)]) + "\n"


@pytest.fixture
def log() -> IssueLog:
    return IssueLog(issue_catalogue())


@pytest.fixture
def read(tmp_path: Path, log: IssueLog) -> Callable[..., AntennaPattern]:
    def reader(content: str | bytes, encoding: str = "utf-8") -> AntennaPattern:
        path = tmp_path / "made_up.msi"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return read_antenna_pattern(path, file=FILE, log=log)

    return reader


def same_as_made(pattern: AntennaPattern, *, within_db: float = 0.02) -> None:
    expected = [horizontal(a) for a in range(360)]
    np.testing.assert_allclose(pattern.horizontal_loss_db, expected, atol=within_db)
    expected = [vertical(a) for a in range(360)]
    np.testing.assert_allclose(pattern.vertical_loss_db[::4], expected, atol=within_db)


# -- what is read ----------------------------------------------------------------------------------


def test_a_plain_file(read: Callable[..., AntennaPattern], log: IssueLog) -> None:
    pattern = read(document())
    same_as_made(pattern)
    assert (pattern.name, pattern.file, pattern.frequency_mhz) == ("Mẫu thử 65", FILE, 1850)
    assert pattern.gain_dbi == pytest.approx(18.0)  # 15.85 dBd
    assert pattern.electrical_tilt_deg == 4
    assert len(pattern.vertical_loss_db) == 1440
    assert log.codes() == set()


@pytest.mark.parametrize(
    ("across", "along"),
    [
        (lines(horizontal, join="\t"), lines(vertical, join="   \t ")),
        ([line.replace(".", ",") for line in lines(horizontal)], [line.replace(".", ",") for line in lines(vertical)]),
        (lines(horizontal, form="{:.2f}", join=","), lines(vertical, form="{:.2f}", join=";")),
        ([line.replace(".", ",") for line in lines(horizontal, form="{:.1f}", join=";")], None),
        (lines(horizontal)[::-1], lines(vertical)[180:] + lines(vertical)[:180]),
        ([*lines(horizontal), "360 0"], None),
        ([f"{(a + 180) % 360 - 180} {horizontal(a)}" for a in range(360)], None),
        (lines(horizontal, step=0.5), lines(vertical, step=0.25)),
    ],
    ids=["tabs", "decimal commas", "comma between", "semicolon and decimal commas", "any order", "360 too", "-180 to 180", "finer"],
)  # fmt: skip
def test_ways_to_write_the_same(
    read: Callable[..., AntennaPattern], log: IssueLog, across: list[str], along: list[str] | None
) -> None:
    same_as_made(read(document(across=across, along=along)), within_db=0.06)
    assert log.codes() <= {"antenna_count_differs"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings_and_line_ends(read: Callable[..., AntennaPattern], encoding: str) -> None:
    text = document(head=("NAME Antenne à bande", "FREQUENCY 900", "GAIN 15 dBi", "TILT 4")).replace("\n", "\r\n")
    assert read(text, encoding).name == "Antenne à bande"


@pytest.mark.parametrize(
    ("stated", "dbi", "codes"),
    [
        ("GAIN 17.5 dBi", 17.5, set()),
        ("GAIN 17,5dBi", 17.5, set()),
        ("Gain: 15.35 dBd", 17.5, set()),
        ("GAIN 15.35", 17.5, {"antenna_gain_unit"}),
        ("GAIN 15.35 dB", 17.5, {"antenna_gain_unit"}),
        ("GAIN", np.nan, {"antenna_gain_missing"}),
        ("GAIN high", np.nan, {"antenna_gain_missing"}),
        ("GAIN 88 dBi", np.nan, {"antenna_gain_missing"}),
        ("", np.nan, {"antenna_gain_missing"}),
    ],
)
def test_gains(read: Callable[..., AntennaPattern], log: IssueLog, stated: str, dbi: float, codes: set[str]) -> None:
    pattern = read(document(head=("NAME a", "TILT 4", stated)))
    assert pattern.gain_dbi == pytest.approx(dbi, nan_ok=True)
    assert log.codes() == codes


@pytest.mark.parametrize(
    ("stated", "mhz"),
    [("FREQUENCY 1850", 1850), ("FREQUENCY 1710-1990 MHz", 1850), ("FREQUENCY 2.1 GHz", 2100), ("FREQUENCY", np.nan), ("", np.nan)],
)
def test_frequencies(read: Callable[..., AntennaPattern], stated: str, mhz: float) -> None:
    assert read(document(head=("NAME a", "GAIN 15 dBi", stated))).frequency_mhz == pytest.approx(mhz, nan_ok=True)


def test_the_name_without_its_word_and_no_name_at_all(read: Callable[..., AntennaPattern]) -> None:
    assert read(document(head=("XYZ-65-18 4T", "GAIN 15 dBi"))).name == "XYZ-65-18 4T"
    assert read(document(head=("GAIN 15 dBi",))).name == "made_up"


def test_tilt_is_the_beams_where_the_file_states_none(read: Callable[..., AntennaPattern], log: IssueLog) -> None:
    assert read(document(head=("NAME a", "GAIN 15 dBi", "TILT ELECTRICAL"))).electrical_tilt_deg == pytest.approx(4)
    assert read(document(head=("NAME a", "GAIN 15 dBi", "TILT MECHANICAL 9"))).electrical_tilt_deg == pytest.approx(4)
    assert log.codes() == set()


# -- what is mended and said -----------------------------------------------------------------------


def test_wrong_count_is_said(read: Callable[..., AntennaPattern], log: IssueLog) -> None:
    same_as_made(read(document(count="361")))
    same_as_made(read(document(count="")))
    assert [f.fields for f in log] == [{"cut": c, "n": "360"} for c in ("HORIZONTAL", "VERTICAL")] * 2


def test_few_missing_angles_are_filled_and_said(read: Callable[..., AntennaPattern], log: IssueLog) -> None:
    kept = [line for i, line in enumerate(lines(horizontal)) if i not in (20, 21, 200)]
    same_as_made(read(document(across=kept)), within_db=0.05)
    assert log.codes() == {"antenna_count_differs", "antenna_angles_missing"}
    (missing,) = [f for f in log if f.kind.code == "antenna_angles_missing"]
    assert missing.fields == {"cut": "HORIZONTAL", "n": "3"}
    assert "HORIZONTAL" in missing.title.vi
    assert "3" in missing.title.en


def test_losses_written_as_negative_are_turned(read: Callable[..., AntennaPattern], log: IssueLog) -> None:
    same_as_made(read(document(across=lines(lambda a: -horizontal(a)), along=lines(lambda a: -vertical(a)))))
    assert [f.kind.code for f in log] == ["antenna_sign_turned"] * 2


def test_a_cut_not_reaching_zero_is_lifted(read: Callable[..., AntennaPattern], log: IssueLog) -> None:
    # Makers' cuts at the horizon of a tilted antenna do not touch zero: the gain is not lost twice.
    same_as_made(read(document(across=lines(lambda a: horizontal(a) + 1.3), along=lines(lambda a: vertical(a) - 0.4))), within_db=0.03)
    assert log.codes() == set()


def test_vertical_angles_counted_upwards_are_turned(read: Callable[..., AntennaPattern], log: IssueLog) -> None:
    same_as_made(read(document(along=lines(lambda a: vertical(-a)))))
    assert log.codes() == {"antenna_vertical_upward"}


def test_a_tilt_that_is_not_the_beams_is_said(read: Callable[..., AntennaPattern], log: IssueLog) -> None:
    pattern = read(document(head=("NAME a", "GAIN 15 dBi", "TILT 9")))
    assert pattern.electrical_tilt_deg == 9
    same_as_made(pattern)
    assert log.codes() == {"antenna_tilt_differs"}


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "vi", "en"),
    [
        ("", "thiếu phần HORIZONTAL", "HORIZONTAL part"),
        (document().split("VERTICAL")[0], "thiếu phần VERTICAL", "VERTICAL part"),
        (document(along=[]), "thiếu phần VERTICAL", "VERTICAL part"),
        (document(across=lines(horizontal)[:300]), "thiếu các góc từ 299° đến 0°", "lacks the angles from 299° to 0°"),
        (document(across=[*lines(horizontal)[:5], "5 x.1", *lines(horizontal)[6:]]), "dòng 13", "line 13"),
        (document(across=[*lines(horizontal)[:5], "5", *lines(horizontal)[6:]]), "cần hai số", "needs two numbers"),
        (document(across=[*lines(horizontal), "7 20"]), "hai suy hao khác nhau tại góc 7°", "two different losses at 7°"),
        (document(across=[*lines(horizontal), "360 3"]), "hai suy hao khác nhau tại góc 0°", "two different losses at 0°"),
        (document(across=lines(lambda a: horizontal(a) - 9)), "cả số âm (-9 dB)", "negative (-9 dB)"),
        (document(across=[*lines(horizontal)[:5], "1e400 3", *lines(horizontal)[6:]]), "cần hai số", "needs two numbers"),
        (document(across=[*lines(horizontal)[:5], "5 1e400", *lines(horizontal)[6:]]), "cần hai số", "needs two numbers"),
        (document() + "HORIZONTAL 360\n", "HORIZONTAL có hai lần", "HORIZONTAL stands twice"),
        (b"PK\x03\x04\x00\x00", "không phải tệp văn bản", "not a text file"),
    ],
    ids=["empty", "no vertical", "empty vertical", "cut off", "letters", "one number", "two losses", "two at north", "two signs", "endless angle", "endless loss", "twice", "binary"],
)  # fmt: skip
def test_refused_with_one_sentence_each(
    read: Callable[..., AntennaPattern], content: str | bytes, vi: str, en: str
) -> None:
    with pytest.raises(InputError) as refusal:
        read(content)
    assert refusal.value.message.vi.startswith(FILE)
    assert vi in refusal.value.message.vi
    assert en in refusal.value.message.en


def test_a_file_that_is_not_there(tmp_path: Path, log: IssueLog) -> None:
    with pytest.raises(InputError, match="not found"):
        read_antenna_pattern(tmp_path / "none.msi", file="none.msi", log=log)


# -- which pattern a cell list means ---------------------------------------------------------------


def test_models_are_found_by_name_file_and_first_words(tmp_path: Path, log: IssueLog) -> None:
    wanted = {
        "742215_1800_T02.msi": ("Kiểu A", 1850, 2.0),
        "742215_1800_T08.msi": ("Kiểu A", 1850, 8.0),
        "742215_0900_T02.msi": ("Kiểu A", 940, 2.0),
        "b.pln": ("ODV-065R18K", 2600, 4.0),
        "broken.msi": ("", 0, 0.0),
    }
    items = []
    for file, (name, mhz, tilt) in wanted.items():
        head = (f"NAME {name}", f"FREQUENCY {mhz}", "GAIN 17 dBi", f"ELECTRICAL_TILT {tilt:g}")
        text = document(head=head, along=lines(lambda a, t=tilt: vertical(a, t))) if name else "nothing"
        (tmp_path / file).write_text(text, encoding="utf-8")
        items.append(InputFile("antenna_patterns", tmp_path / file, file, TableOptions()))
    library = read_antenna_patterns(items, log)
    assert [p.file for p in library.patterns] == [f for f in wanted if f != "broken.msi"]
    assert log.codes() == {"file_unreadable"}

    def found(model: str, mhz: float = np.nan, tilt: float = np.nan) -> str:
        pattern = library.find(model, frequency_mhz=mhz, electrical_tilt_deg=tilt)
        return "" if pattern is None else pattern.file

    assert found("KIEU A", 1800, 7) == "742215_1800_T08.msi"
    assert found("742215", 1800, 3) == "742215_1800_T02.msi"
    assert found("742215", 930) == "742215_0900_T02.msi"
    assert found("odv 065r18k") == found("b.PLN") == found("B") == "b.pln"
    assert found("742215", 2600) == ""  # no pattern of that band
    assert found("7422") == found("") == found("unheard of") == ""
