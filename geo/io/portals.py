"""Portals of state bodies, as a list of hosts that can be asked: nothing is opened here."""

from __future__ import annotations

import hashlib
import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.areas import AreaIndex
from geo.io.places import state_rows
from geo.io.positions import PositionContext
from geo.io.raw import FileLimits, TableOptions
from geo.io.tables import Table, convert, load_schema, read_tables
from geo.schemas import Schema
from geo.service_frames import PORTALS
from geo.text import clean
from geo.validation import IssueLog
from geo.values import parse_texts

__all__ = ["read_portals", "settle_portals"]

_LABEL_MAX = 63
_HOST_MAX = 253
_DIGITS = 8
_PORTS = {"http": 80, "https": 443}


def read_portals(
    path: Path,
    *,
    file: str,
    options: TableOptions,
    context: PositionContext,
    log: IssueLog,
    limits: FileLimits | None = None,
) -> pd.DataFrame:
    """Read a list of portals.

    Parameters
    ----------
    path : Path
    file : str
        The path as the project file gives it.
    options : TableOptions
    context : PositionContext
        Communes and provinces that rows name.
    log : IssueLog
        Books every row: in = used + dropped with a finding.
    limits : FileLimits, optional

    Returns
    -------
    DataFrame
        As :data:`geo.service_frames.PORTALS`; ``portal_id`` unique in the file.

    Raises
    ------
    InputError
        If the file cannot be read or has neither addresses nor domain names.
    """
    schema = load_schema("portals")
    parts: list[pd.DataFrame] = []
    taken: set[str] = set()
    for table in read_tables(path, file=file, schema=schema, options=options, log=log, limits=limits):
        parts.append(_read_table(table, schema, context.area, taken, log))
        taken |= set(parts[-1]["portal_id"])
    filled = [p for p in parts if len(p)]
    return pd.concat(filled, ignore_index=True) if filled else PORTALS.empty()


def _read_table(table: Table, schema: Schema, area: AreaIndex, taken: set[str], log: IssueLog) -> pd.DataFrame:
    frame = convert(table, schema, log)
    blank = pd.Series("", index=frame.index, dtype="str")
    url = parse_texts(frame["url"]) if "url" in frame.columns else blank
    host = parse_texts(frame["host"]) if "host" in frame.columns else blank
    given = url.where(url != "", host)
    header = "; ".join(table.header(n) for n in ("url", "host") if n in frame.columns)
    read = [_address(text) for text in given]
    hosts = pd.Series([h for h, _ in read], index=frame.index, dtype="str")
    urls = pd.Series([u for _, u in read], index=frame.index, dtype="str")
    missing = (given == "").to_numpy(dtype=bool)
    wrong = (hosts == "").to_numpy(dtype=bool) & ~missing
    named = pd.Series([_address(t)[0] for t in host], index=frame.index, dtype="str")
    differs = ((url != "") & (named != "") & (hosts != "") & (named != hosts)).to_numpy(dtype=bool)
    if differs.any():
        log.add("portal_host_differs", table.source, rows=frame.index[differs], column=header,
                came=list(url[differs] + "; " + host[differs]))
    kept = log.drop(frame, missing, "portal_address_missing", table.source, column=header)
    kept = log.drop(kept, wrong[~missing], "portal_address_wrong", table.source, column=header, came=given[~missing])
    commune, province = _areas(table, kept, area, log)
    result = pd.DataFrame(
        {
            "portal_id": kept.get("portal_id", blank[kept.index]),
            "name": kept.get("name", blank[kept.index]),
            "host": hosts[kept.index],
            "url": urls[kept.index],
            "province_code": province,
            "commune_code": commune,
            "kind": kept.get("kind", blank[kept.index]),
            "file": table.source.file,
            "sheet": table.source.sheet,
            "row": kept.index.to_numpy(dtype=np.int64),
        },
        index=kept.index,
    )
    again = _again(result)
    result = log.drop(result, again, "portal_twice", table.source, column=header, came=result["url"])
    result = _with_ids(table, result, taken, log)
    log.close("portals", table.source, rows_in=table.rows_in, rows_used=len(result))
    return PORTALS.conform(result)


def settle_portals(frame: pd.DataFrame, log: IssueLog) -> pd.DataFrame:
    """Return the portals of all files, each of an area once; what is left out is stated."""
    again = _again(frame)
    state_rows("service_row_repeated", frame, again, log, came=frame["url"].to_numpy(dtype=object))
    return frame[~again].reset_index(drop=True)


def _again(portals: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which rows are a portal that another row of the same area has too; of its addresses that with HTTPS stays, whatever the order of rows."""
    page = portals["url"].str.replace(r"^https?://", "", regex=True).str.rstrip("/")
    keys = portals[["province_code", "commune_code"]].assign(page=page, plain=~portals["url"].str.startswith("https:")).reset_index(drop=True)
    first = keys.sort_values("plain", kind="stable").drop_duplicates(["page", "province_code", "commune_code"]).index
    return ~np.isin(np.arange(len(keys)), first)


def _address(text: object) -> tuple[str, str]:
    """Return host and URL of an address as people write it; two empty texts if it is of no use."""
    plain = clean(text)
    if not plain or any(c.isspace() for c in plain):
        return "", ""
    bare = "://" not in plain
    try:
        parts = urlsplit(f"https://{plain}" if bare else plain)
        port, name = parts.port, parts.hostname or ""
    except ValueError:
        return "", ""
    if parts.scheme.lower() not in {"http", "https"} or "@" in parts.netloc:
        return "", ""
    host = _host(name)
    if not host:
        return "", ""
    place = f"{host}:{port}" if port and port != _PORTS[parts.scheme.lower()] else host
    query = f"?{parts.query}" if parts.query else ""
    return host, f"{parts.scheme.lower()}://{place}{parts.path or '/'}{query}"


def _host(name: str) -> str:
    """Return a domain name in lower-case ASCII; empty if it is none (an IP address, a bare word, an impossible label)."""
    try:
        ascii_name = name.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""
    labels = ascii_name.split(".")
    if len(labels) < 2 or len(ascii_name) > _HOST_MAX or labels[-1].isdigit():
        return ""
    try:
        ipaddress.ip_address(ascii_name)
    except ValueError:
        pass
    else:
        return ""
    good = all(
        0 < len(label) <= _LABEL_MAX and label.replace("-", "a").isalnum() and label[0] != "-" and label[-1] != "-" for label in labels
    )
    return ascii_name if good else ""


def _areas(table: Table, frame: pd.DataFrame, area: AreaIndex, log: IssueLog) -> tuple[pd.Series, pd.Series]:
    """Return commune and province code of each row, empty where they are not known."""
    province_of = dict(zip(area.codes, area.provinces, strict=True))
    only = area.province_codes[0] if len(area.province_codes) == 1 else ""
    communes: list[str] = []
    provinces: list[str] = []
    lost: list[bool] = []
    blank = pd.Series("", index=frame.index, dtype="str")
    columns = [frame.get(n, blank) for n in ("commune_code", "commune_name", "province_code", "province_name")]
    kinds = frame.get("kind", blank)
    for code, name, province_code, province_name, kind in zip(*columns, kinds, strict=True):
        province = area.province_meant(province_code) or area.province_meant(province_name)
        meant = area.communes_meant(code, name, (province,) if province else ()) if code or name else frozenset()
        commune = str(area.codes[next(iter(meant))]) if len(meant) == 1 else ""
        if not province:
            # A list without provinces is of the project's own, if it has one only.
            province = str(province_of[commune]) if commune else "" if province_code or province_name else only
        communes.append(commune)
        provinces.append(province)
        lost.append(bool((code or name or kind == "commune") and not commune) or not province)
    mask = np.array(lost, dtype=bool)
    if mask.any():
        fields = [n for n in ("commune_code", "commune_name", "province_code", "province_name") if n in frame.columns]
        came = [" ".join(t for t in texts if t) for texts in zip(*columns, strict=True)]
        log.add("portal_area_unknown", table.source, rows=frame.index[mask], column="; ".join(table.header(n) for n in fields),
                came=[c for c, m in zip(came, mask, strict=True) if m])
    return pd.Series(communes, index=frame.index, dtype="str"), pd.Series(provinces, index=frame.index, dtype="str")


def _with_ids(table: Table, result: pd.DataFrame, taken: set[str], log: IssueLog) -> pd.DataFrame:
    """Give a code to portals that have none, or one that is taken: made of address and area, not of the row's number."""
    given = result["portal_id"].astype("str")
    lacking = ((given == "") | given.duplicated() | given.isin(sorted(taken))).to_numpy(dtype=bool)
    if not lacking.any():
        return result
    log.add("portal_id_made", table.source, rows=() if lacking.all() else result.index[lacking],
            column=table.headers.get("portal_id", ""))
    keys = result["url"] + "|" + result["province_code"] + "|" + result["commune_code"]
    made = keys.map(lambda k: f"p-{hashlib.sha256(k.encode()).hexdigest()[:_DIGITS]}")
    return result.assign(portal_id=given.where(~lacking, made).astype("str"))
