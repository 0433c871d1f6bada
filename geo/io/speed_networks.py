"""Of what kind of line speed tests are: technology, and mobile or fixed; told, or refused."""

from __future__ import annotations

import pandas as pd

from geo.errors import InputError
from geo.io.service_access import access_column, access_word, given_access
from geo.io.speed_forms import Reading
from geo.radio import TECHNOLOGIES
from geo.service_frames import ACCESSES
from geo.text import fold
from geo.values import parse_texts

__all__ = ["settle_networks"]


def settle_networks(reading: Reading, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Return rows whose access is known, their technology and their access."""
    table, log = reading.table, reading.log
    stated = _stated_technology(reading, frame)
    technology = stated
    told = access_column(table, frame, "access", log, state_unknown=True)
    told = told.where(told != "", access_column(table, frame, "technology", log, state_unknown=False))
    told = told.where(told != "", (technology != "").map({True: "mobile", False: ""}).astype("str"))
    fixed_radio = ((told == "fixed") & (technology != "")).to_numpy(dtype=bool)
    technology = technology.mask(fixed_radio, "")
    otherwise = _access_given(reading)
    told = told.where(told != "", otherwise).astype("str")
    lacking = (told == "").to_numpy(dtype=bool)
    if lacking.all() and len(frame):
        log.add("speed_access_unknown", table.source, column=table.headers.get("access", ""))
        return frame, technology, told
    kept = log.drop(frame, lacking, "speed_access_missing", table.source, column=table.headers.get("access", ""))
    return kept, technology[~lacking], told[~lacking]


def _stated_technology(reading: Reading, frame: pd.DataFrame) -> pd.Series:
    """Return 2G..5G where the technology column, else the access column, names one."""
    table, log, bands = reading.table, reading.log, reading.bands
    technology = pd.Series("", index=frame.index, dtype="str")
    for name in ("technology", "access"):
        if name not in frame.columns:
            continue
        column = bands.technology_column(frame[name])
        several = column.several  # figures of all of them, and of none alone
        if several.any():
            log.add("service_technologies_several", table.source, rows=frame.index[several], column=table.header(name), came=list(frame[name][several]))
        technology = technology.where(technology != "", column.values)
        if name == "technology":
            texts = parse_texts(frame[name])
            lines = texts.map({t: access_word(t) == "fixed" for t in texts.unique()}).to_numpy(dtype=bool)
            unknown = column.unknown & ~lines
            if unknown.any():
                log.add("sample_technology_unknown", table.source, rows=frame.index[unknown], column=table.header(name),
                        came=list(frame[name][unknown]))
    given = reading.option("technology")
    if given:
        known = bands.technology(given)
        if not known:
            raise InputError(
                f"'{given}' không phải công nghệ; được phép: {', '.join(TECHNOLOGIES)}.",
                f"'{given}' is no technology; allowed: {', '.join(TECHNOLOGIES)}.",
            )
        technology = technology.where(technology != "", known)
    return technology.astype("str")


def _access_given(reading: Reading) -> str:
    """Return the access of rows that do not tell: the project file's, the program's, else what an open tile file is named."""
    given = given_access(reading.option("access"))
    if given:
        return given
    if reading.form.access or reading.form.name != "ookla":
        return reading.form.access
    words = set(fold(reading.table.source.file).replace("_", " ").replace("=", " ").split())
    named = [a for a in ACCESSES if a in words]
    if len(named) == 1:
        reading.log.add("speed_access_from_name", reading.table.source, came=reading.table.source.file, fields={"access": named[0]})
        return named[0]
    return ""
