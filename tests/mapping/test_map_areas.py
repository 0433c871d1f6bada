"""Areas made ready for the page: outlines as steps, the room that they may take, words for every column."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from made_up_province import make_content, unpacked_column

from geo.errors import CrsError, InputError
from geo.mapping import AreaLayer
from geo.mapping.area_page import packed
from geo.mapping.area_words import area_entries, area_names, class_words
from geo.mapping.areas import AREA_COLUMNS, prepare_areas
from geo.mapping.content import AREA_KINDS
from geo.mapping.escape import SafeText
from geo.mapping.palette import palette

ROOM = 10_000_000


def layer(*shapes: object, kind: str = "zone", **columns: object) -> AreaLayer:
    frame = gpd.GeoDataFrame({"dead_zone_id": [f"Z{i}" for i in range(len(shapes))], "class": "white", **columns}, geometry=list(shapes), crs=4326)
    return AreaLayer(kind, frame)  # type: ignore[arg-type]


def drawn(shape: list | None) -> list[list[tuple[float, float]]]:
    """Outlines as the page's script reads them."""
    if shape is None:
        return []
    paths = shape[1] if shape[0] else [ring for polygon in shape[1] for ring in polygon]
    return [[(round(x / 1e5, 5), round(y / 1e5, 5)) for x, y in np.cumsum(np.reshape(path, (-1, 2)), axis=0)] for path in paths]


def test_outlines_by_hand() -> None:
    square = shapely.Polygon([(105, 22), (105.00002, 22), (105.00002, 22.00001), (105, 22)])
    road = shapely.LineString([(105.1, 22.1), (105.10001, 22.09999)])
    made = prepare_areas([layer(square, road, None, shapely.Polygon())], palette(), room_bytes=ROOM)
    shapes = made.sets[0].shapes
    assert shapes[0] == [0, [[[10500000, 2200000, 2, 0, 0, 1, -2, -1]]]]
    assert shapes[1] == [1, [[10510000, 2210000, 1, -1]]]
    assert shapes[2:] == [None, None]


def test_outlines_come_back_with_their_holes_and_parts() -> None:
    content = make_content()
    made = prepare_areas(content.areas, palette(), room_bytes=ROOM)
    assert made.left_out == ()
    for one in made.sets:
        for shape, given in zip(one.shapes, one.layer.frame.geometry, strict=True):
            rings = [] if given is None else [p.coords if p.geom_type == "LineString" else r.coords for p in shapely.get_parts(given) for r in
                                              ([p] if p.geom_type == "LineString" else [p.exterior, *p.interiors])]  # fmt: skip
            assert drawn(shape) == [[(round(x, 5), round(y, 5)) for x, y in ring] for ring in rings]


def test_what_does_not_fit_is_left_out_from_the_end_and_said() -> None:
    content = make_content()
    whole = prepare_areas(content.areas, palette(), room_bytes=ROOM)
    made = prepare_areas(content.areas, palette(), room_bytes=3000)
    assert 1 <= len(made.sets) < len(whole.sets)
    assert [one.layer for one in made.sets] == [one.layer for one in whole.sets[: len(made.sets)]]
    assert len(made.left_out) == len(whole.sets) - len(made.sets)
    assert "Mạng Đỏ 4G: 1 vùng quá nhiều cho một tệp bản đồ; xem trong layers.gpkg" in made.left_out[-1].vi
    assert "layers.gpkg" in made.left_out[-1].en
    assert len(prepare_areas(content.areas, palette(), room_bytes=-1).sets) == 1, "the zones of all operators are always drawn"


def test_many_vertices_are_simplified_before_anything_is_left_out() -> None:
    angle = np.linspace(0, 2 * np.pi, 20_000)
    circle = shapely.Polygon(np.column_stack([105 + 0.05 * np.cos(angle), 22 + 0.05 * np.sin(angle)]))
    made = prepare_areas([layer(circle), layer(circle)], palette(), room_bytes=20_000)
    assert len(made.sets) == 2
    back = shapely.Polygon(drawn(made.sets[0].shapes[0])[0])
    assert shapely.get_num_coordinates(back) < 1000
    assert back.symmetric_difference(circle).area / circle.area < 0.01


def test_a_class_that_nobody_named_is_the_last_one() -> None:
    made = prepare_areas([layer(shapely.box(105, 22, 106, 23), shapely.box(107, 22, 108, 23), **{"class": ["weak", None]})], palette(), room_bytes=ROOM)
    keys = [style.key for style in palette().areas["zone"]]
    assert made.sets[0].classes == [keys.index("weak"), len(keys) - 1]


def test_every_column_and_class_has_words_in_both_languages() -> None:
    names = area_names()
    for kind in AREA_KINDS:
        entries = area_entries(kind)
        assert set(AREA_COLUMNS[kind]) <= set(entries), set(AREA_COLUMNS[kind]) - set(entries)
        for name in AREA_COLUMNS[kind]:
            entry = entries[name]
            assert all((entry["vi"], entry["en"])), name
            coded = entry["kind"].startswith(("zone_", "claim_", "register_"))
            assert not coded or entry["kind"] in names, name
        for style in palette().areas[kind]:
            words = class_words(kind, style.key)
            assert words.vi
            assert words.en


def test_rows_are_packed_without_loss() -> None:
    frame = make_content().areas[0].frame.drop(columns="geometry")
    mixed = [True, 1, 1.0, "1", None, False, 0, "x"] * 4
    table = packed(pd.concat([frame] * 4, ignore_index=True).assign(mixed=pd.Series(mixed, dtype=object)))
    assert "at" in table["packed"][-1], "texts that repeat are numbered"
    assert packed(pd.DataFrame({"x": ["a", "a", "a", None, None, None, None, "b", "b"]}))["packed"] == [{"run": ["a", None, "b"], "long": [3, 4, 2]}]
    unpacked = [unpacked_column(column, table["n"]) for column in table["packed"]]
    assert [(type(v), v) for v in unpacked[-1]] == [(SafeText if isinstance(v, str) else type(v), v) for v in mixed]
    assert unpacked[list(frame.columns).index("population")] == frame["population"].tolist() * 4


def test_wrong_areas_are_refused() -> None:
    good = layer(shapely.box(105, 22, 106, 23))
    with pytest.raises(CrsError):
        AreaLayer("zone", good.frame.to_crs(3405))
    with pytest.raises(InputError, match="register_id"):
        AreaLayer("change", good.frame)
    assert dataclasses.replace(good, operator="A").operator == "A"
