"""The chain behind a layer's figures in words: a table of what adds up, and sentences on what stands behind its lines."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.coverage import Reason, State
from geo.coverage.chain import CellTerms, LayerChain
from geo.errors import Bilingual
from geo.io.land_cover import land_cover_classes
from geo.io.resources import load_toml
from geo.mapping.labels import phrase, share_text
from geo.pipeline.calibrating import group_names
from geo.pipeline.chain import Fused, LayerFigures, RowsOf, RunChains, Witness
from geo.report.phrases import joined, number_text, phrases
from geo.report.profile import distance_text

__all__ = ["LayerStory", "chance_text", "field_name", "layer_stories"]

_NOTHING = Bilingual("", "")
_SAME_DB = 0.01
#: Ranges of rows that a sentence names.
_MOST_RANGES = 4


@dataclass(frozen=True, slots=True)
class LayerStory:
    """How a layer's figures came about.

    Attributes
    ----------
    title : Bilingual
    rows : tuple of (Bilingual, Bilingual)
        Caption and value, in the order in which they add up.
    lines : tuple of Bilingual
    """

    title: Bilingual
    rows: tuple[tuple[Bilingual, Bilingual], ...]
    lines: tuple[Bilingual, ...]


def _say(section: str, entry: str, /, **fields: object) -> Bilingual:
    return phrases("results/chain.toml").say(section, entry, **fields)


def _db(value: float, *, sign: bool = True) -> Bilingual:
    number = number_text(value, 1)
    if sign and value > 0 and number.en.strip("0."):
        number = Bilingual(f"+{number.vi}", f"+{number.en}")
    return _say("value", "db", value=number)


def _signed(value: float) -> Bilingual:
    text = _db(value)
    return Bilingual(text.vi.removesuffix(" dB"), text.en.removesuffix(" dB"))


def _dbm(value: float, decimals: int = 1) -> Bilingual:
    return _say("value", "dbm", value=number_text(value, decimals)) if math.isfinite(value) else _say("value", "unknown")


def chance_text(value: float) -> Bilingual:
    """Return a probability with three decimals; what is neither 0 nor 1 never reads as such."""
    if 0.0 < value < 0.0005:
        return _say("value", "chance_low")
    return _say("value", "chance_high") if 0.9995 <= value < 1.0 else number_text(value, 3)


def field_name(name: str) -> Bilingual:
    """Return a field of a radio cell in words."""
    words = phrases("results/signal.toml")
    return words.say("fields", name) if words.has("fields", name) else Bilingual(name, name)


def layer_stories(
    chains: RunChains, cell: tuple[int, int], *, layers: Collection[tuple[str, str]] | None = None
) -> list[LayerStory]:
    """Return how the level of each layer at a cell of the grid came about; layers without a level have none.

    Parameters
    ----------
    chains : RunChains
    cell : (int, int)
        Row and column, within the area.
    layers : collection of (operator, technology), optional
        Those that are told; by default all.
    """
    wanted = [f for f in chains.at(cell) if math.isfinite(f.level_dbm) and (layers is None or (f.operator, f.technology) in layers)]
    return [_story(chains, figures) for figures in wanted]


def _story(chains: RunChains, figures: LayerFigures) -> LayerStory:
    title = _say(
        "title", "level", operator=figures.operator, technology=figures.technology, level=_dbm(figures.level_dbm)
    )
    fits = math.isnan(figures.off_db) or figures.off_db < _SAME_DB
    rows = [*_level_rows(chains, figures), *_sd_rows(chains, figures), *_state_rows(figures)]
    return LayerStory(title, tuple(rows), tuple(_lines(chains, figures, fits)))


# -- the table


def _level_rows(chains: RunChains, figures: LayerFigures) -> Iterator[tuple[Bilingual, Bilingual]]:
    chain, fused = figures.chain, figures.fused
    if chain is not None:
        server = chain.server
        yield _say("row", "model" if fused is not None else "model_only"), _dbm(server.predicted_dbm)
        if fused is not None:
            yield from _correction_rows(chains, figures, chain)
        if server.ceiling_db < -_SAME_DB / 2:
            yield _say("row", "capped"), _db(server.ceiling_db)
        if fused is not None:
            if chain.cover_db:
                known = land_cover_classes().get(chain.cover_code)
                yield _say("row", "cover", cover=known.name if known else _say("value", "unknown_cover")), _db(chain.cover_db)
            if chain.cells > 1:
                yield _say("row", "choice", n=number_text(chain.cells)), _db(chain.choice_db)
    if fused is not None:
        yield _say("row", "prediction" if chain is not None else "prediction_kept"), _dbm(fused.prediction_dbm)
        if fused.witnesses:
            yield _say("row", "fusion", n=number_text(len(fused.witnesses))), _db(fused.correction_db)
        else:
            yield _say("row", "fusion_none", km=number_text(fused.reach_m / 1000.0, 1)), _db(fused.correction_db)
    yield _say("row", "level"), _dbm(figures.level_dbm)


def _correction_rows(chains: RunChains, figures: LayerFigures, chain: LayerChain) -> Iterator[tuple[Bilingual, Bilingual]]:
    server = chain.server
    about = chains.radio_cell(server.index)
    for name, value in (("bias", server.bias_db), ("slope", server.slope_db), ("weight", server.weight_db)):
        if name == "weight" and server.diffraction_db < _SAME_DB:
            continue
        parts = _parts(figures.terms.get(name, {}), about)
        fields = {"km": number_text(server.distance_km, 2), "lost": number_text(server.diffraction_db, 1), "parts": parts}
        yield _say("row", name, **fields), _db(value)
    if server.deep_db:
        knee = chains.deep_from_db
        yield _say("row", "deep", knee=number_text(knee)), _db(server.deep_db)
    if server.height_db:
        yield _say("row", "height"), _db(server.height_db)


def _parts(terms: Mapping[str, float], about: pd.Series) -> Bilingual:
    if len(terms) < 2:
        return _NOTHING
    group = str(group_names(pd.DataFrame([about]).reset_index(drop=True)).iloc[0])
    named = [
        _say("part", who, value=_signed(value), group=group, site=str(about["site_id"]) or "–") for who, value in terms.items()
    ]
    return _say("part", "list", list=joined(named, "; "))


def _sd_rows(chains: RunChains, figures: LayerFigures) -> Iterator[tuple[Bilingual, Bilingual]]:
    if not figures.sum_sd_db > 0:
        return
    if figures.fused is not None:
        fused = figures.fused
        yield _say("row", "field" if fused.witnesses else "field_alone"), _db(fused.field_sd_db, sign=False)
        yield _say("row", "within"), _db(fused.within_sd_db, sign=False)
        if fused.common_sd_db > 0:
            yield _say("row", "common"), _db(fused.common_sd_db, sign=False)
        yield _say("row", "sd"), _db(fused.sd_db, sign=False)
        return
    chain = figures.chain
    if chain is None:
        return
    default = float(chains.run.settings["coverage"]["model_error_sd_db"])
    lacking = math.sqrt(max(chain.decides.error_sd_db**2 - default**2, 0.0))
    yield _say("row", "default_sd"), _db(default, sign=False)
    several = False
    if lacking > _SAME_DB:
        several = True
        yield _say("row", "lacking", list=_lacking(chains, chain.decides)), _db(lacking, sign=False)
    if chain.end_sd_db > 0:
        several = True
        yield _say("row", "end_sd"), _db(chain.end_sd_db, sign=False)
    if several:
        yield _say("row", "sd"), _db(chain.sd_db, sign=False)


def _lacking(chains: RunChains, cell: CellTerms) -> Bilingual:
    names = [name for name in str(chains.radio_cell(cell.index)["defaults"]).split(",") if name]
    return joined(field_name(name) for name in names)


def _state_rows(figures: LayerFigures) -> Iterator[tuple[Bilingual, Bilingual]]:
    if math.isfinite(figures.threshold_dbm):
        yield _say("row", "threshold"), _dbm(figures.threshold_dbm, 0)
        if math.isfinite(figures.probability) and math.isfinite(figures.margin_sd):
            yield _say("row", "margin"), _signed(figures.margin_sd)
            yield _say("row", "probability"), chance_text(figures.probability)
    state = phrases("results/explain.toml").say("states", str(figures.state))
    if figures.reason != Reason.NONE:  # what is predicted is not concluded from
        state = _say("value", "state_because", state=state, reason=phrase(f"reasons.{Reason(figures.reason).name.lower()}"))
    yield _say("row", "state"), state


# -- the sentences


def _lines(chains: RunChains, figures: LayerFigures, fits: bool) -> Iterator[Bilingual]:
    chain, fused = figures.chain, figures.fused
    if not fits:
        yield _say("line", "off", level=number_text(figures.level_dbm, 2), sum=number_text(figures.sum_dbm, 2))
    if chain is None and chains.why_no_ground is not None:
        yield _say("line", "no_ground", why=chains.why_no_ground)
    if chain is not None:
        yield _cell_line("server", chains, chain.server)
        if fused is None and chain.decides.index != chain.server.index:
            yield _cell_line(
                "decides", chains, chain.decides, level=number_text(chain.decides.level_dbm, 1), sd=number_text(chain.sd_db, 1)
            )
        if fused is not None:
            if not figures.terms:
                yield _say("line", "terms_lost")
            yield _law(chains, chain, fused)
    if fused is not None:
        yield from _witness_lines(fused)
        if fused.own is not None and float(fused.own.samples[0]) > 0:
            yield _own(chains, figures, fused)
    if math.isnan(figures.probability) and math.isfinite(figures.threshold_dbm) and figures.state != State.UNKNOWN:
        yield _say("line", "hidden")


def _cell_line(entry: str, chains: RunChains, cell: CellTerms, **fields: object) -> Bilingual:
    about = chains.radio_cell(cell.index)
    code = str(about["cell_id"])
    sheet = str(about["sheet"])
    return _say(
        "line", entry, site=str(about["site_id"]) or "–", cell=Bilingual(f", cell {code}", f", cell {code}") if code else _NOTHING,
        away=distance_text(cell.distance_km), view=_say("view", cell.view), file=str(about["file"]), sheet=f" [{sheet}]" if sheet else "",
        row=int(about["row"]), **fields,
    )  # fmt: skip


def _law(chains: RunChains, chain: LayerChain, fused: Fused) -> Bilingual:
    server = chain.server
    missing = str(chains.radio_cell(server.index)["defaults"])
    lacking = _say("line", "law_lacking", list=_lacking(chains, server)) if missing else _NOTHING
    error = _say("line", "law_error", value=number_text(server.error_sd_db, 1), lacking=lacking) if server.error_sd_db > _SAME_DB else _NOTHING
    path = _say("line", "law_path", value=number_text(server.path_sd_db, 1)) if server.path_sd_db > 0.05 else _NOTHING
    cover = _say("line", "law_cover", value=number_text(chain.cover_sd_db, 1)) if chain.cover_sd_db > 0.05 else _NOTHING
    factor = fused.kind_factor
    kind = _say("line", "law_kind", factor=number_text(factor, 2)) if math.isfinite(factor) and abs(factor - 1) > 0.005 else _NOTHING
    return _say(
        "line", "law", spread=number_text(server.spread_sd_db, 1), view=_say("view", server.view), error=error, path=path, cover=cover,
        best=number_text(chain.sd_db, 1), kind=kind,
    )  # fmt: skip


def _witness_lines(fused: Fused) -> Iterator[Bilingual]:
    shown = int(load_toml("paths.toml")["choice"]["measurements"]["value"])
    for witness in fused.witnesses[:shown]:
        yield _witness(witness)
    rest = fused.witnesses[shown:]
    if rest:
        yield _say("line", "witnesses_more", n=number_text(len(rest)), part=_signed(sum(w.part_db for w in rest)))
    if fused.witnesses:
        yield _say("line", "before", before=number_text(fused.before_sd_db, 1), share=share_text(fused.explained_share))


def _witness(witness: Witness) -> Bilingual:
    what = _say("line", "witness_silent" if witness.censored else "witness_level", level=number_text(witness.level_dbm, 1))
    return _say(
        "line", "witness_other" if witness.technology else "witness", technology=witness.technology, away=distance_text(witness.away_m / 1000.0), what=what, expected=number_text(witness.expected_dbm, 1),
        weight=number_text(witness.weight, 3), part=_signed(witness.part_db), samples=number_text(witness.samples), rows=_rows_text(witness.rows),
    )  # fmt: skip


def _rows_text(of: Sequence[RowsOf]) -> Bilingual:
    if not of:
        return _say("line", "rows_lost")
    named = []
    for one in of:
        ranges = _ranges(one.rows)
        text = Bilingual(*(", ".join(f"{a}" if a == b else f"{a}–{b}" for a, b in ranges[:_MOST_RANGES]) for _ in range(2)))
        left = sum(b - a + 1 for a, b in ranges[_MOST_RANGES:])
        if left:
            text = joined([text, _say("line", "rows_more", n=number_text(left))], " ")
        named.append(_say("line", "rows", file=one.file, sheet=f" [{one.sheet}]" if one.sheet else "", rows=text))
    return joined(named, "; ")


def _ranges(rows: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return runs of consecutive rows, first and last."""
    cuts = np.flatnonzero(np.diff(rows) > 1)
    return [(int(part[0]), int(part[-1])) for part in np.split(rows, cuts + 1)]


def _own(chains: RunChains, figures: LayerFigures, fused: Fused) -> Bilingual:
    own, settings = fused.own, chains.run.settings["fusion"]
    if own is None:
        raise ValueError("nothing was measured in the cell")
    samples, spots, share = float(own.samples[0]), float(own.spots[0]), float(own.share_served[0])
    enough = samples >= settings["evidence_samples"] and spots >= settings["evidence_spots"]
    against = (figures.sum_probability >= 0.5) != (share >= 0.5)
    if figures.state in (State.MEASURED_SERVED, State.MEASURED_UNSERVED):
        verdict = _say("line", "own_decides")
    elif not enough:
        verdict = _say(
            "line", "own_few", need=number_text(settings["evidence_samples"]), need_spots=number_text(settings["evidence_spots"])
        )
    else:
        cuts = chains.run.settings["coverage"]
        sure = not cuts["unserved_probability"] < figures.sum_probability < cuts["served_probability"]
        verdict = _say("line", "own_against" if against and sure and figures.state == State.UNCERTAIN else "own_other")
    return _say("line", "own", samples=number_text(samples), spots=number_text(spots), share=share_text(share), verdict=verdict)
