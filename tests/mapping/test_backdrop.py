import geopandas as gpd
import numpy as np
import pytest
import shapely
from made_up_province import make_content

from geo.mapping.backdrop import feature_collection, label_points, outline, simplified_areas, simplified_lines
from geo.mapping.palette import palette

DRAWING = palette().drawing


def test_neighbours_keep_one_border():
    communes = make_content().communes.geometry
    simple = simplified_areas(communes, DRAWING)
    assert shapely.get_num_coordinates(simple).sum() < shapely.get_num_coordinates(communes.to_numpy()).sum()
    assert shapely.coverage_is_valid(simple)
    union = shapely.union_all(simple)
    assert union.area == pytest.approx(shapely.union_all(communes.to_numpy()).area, rel=0.002)
    assert union.geom_type == "Polygon"
    assert not union.interiors


def test_five_decimals():
    simple = simplified_areas(make_content().communes.geometry, DRAWING)
    coordinates = shapely.get_coordinates(simple)
    assert np.array_equal(coordinates, np.round(coordinates, 5))
    text = str(feature_collection(simple, [{"i": i} for i in range(len(simple))]))
    assert max(len(part.split(".")[1]) for part in __import__("re").findall(r"\d+\.\d+", text)) <= 5


def test_what_has_no_area_stays_absent():
    bowtie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    areas = gpd.GeoSeries([None, shapely.Polygon(), shapely.Point(1, 1), bowtie, shapely.box(2, 0, 3, 1)], crs=4326)
    simple = simplified_areas(areas, DRAWING)
    assert [shape is None for shape in simple] == [True, True, True, False, False]
    assert [point is None for point in label_points(simple)] == [True, True, True, False, False]
    assert len(feature_collection(simple, [{"i": i} for i in range(5)])["features"]) == 2
    assert len(outline(simple, DRAWING)) >= 2


def test_nothing_at_all():
    none = simplified_areas(gpd.GeoSeries([None], crs=4326), DRAWING)
    assert list(none) == [None]
    assert len(outline(none, DRAWING)) == 0


def test_slivers_between_neighbours_do_not_show_in_the_outline():
    gap = gpd.GeoSeries([shapely.box(105, 22, 105.1, 22.1), shapely.box(105.1001, 22, 105.2, 22.1), shapely.box(105, 22.1, 105.2, 22.2), shapely.box(105, 21.9, 105.2, 22.0)], crs=4326)
    edges = outline(simplified_areas(gap, DRAWING), DRAWING)
    assert len(edges) == 1


def test_label_point_lies_in_the_largest_part():
    small, large = shapely.box(0, 0, 0.1, 0.1), shapely.box(1, 1, 3, 3)
    (point,) = label_points(np.array([shapely.MultiPolygon([small, large])], dtype=object))
    assert large.contains(shapely.Point(point))


def test_lines():
    line = shapely.LineString([(105 + i / 1000, 22 + 1e-6 * (i % 2)) for i in range(100)])
    (simple, nothing) = simplified_lines(gpd.GeoSeries([line, None], crs=4326), DRAWING)
    assert len(simple.coords) == 2
    assert nothing is None
