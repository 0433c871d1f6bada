import base64
import warnings

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.errors import NotGeoreferencedWarning

from geo.crs import from_wgs84
from geo.errors import CrsError
from geo.grid import Grid
from geo.mapping.overlay import MercatorFrame, state_png
from geo.mapping.palette import palette


def decode(address: str) -> tuple[np.ndarray, dict]:
    raw = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.MemoryFile(raw) as memory, memory.open() as image:
            return image.read(1), image.colormap(1)


@pytest.mark.parametrize(("epsg", "lon", "lat"), [(9210, 105.3, 22.1), (32632, 8.5, 46.6), (32759, 174.2, -35.5), (3405, 107.9, 21.0)])
def test_each_pixel_shows_the_cell_under_its_centre(epsg, lon, lat):
    x, y = from_wgs84([lon], [lat], epsg)
    grid = Grid.covering((x[0], y[0], x[0] + 30_000, y[0] + 22_000), cell_size=100.0, epsg=epsg)
    frame = MercatorFrame(grid, 900, 2.0)
    row, column = frame.cells
    west, south, east, north = frame.bounds
    mercator = Transformer.from_crs(4326, 3857, always_xy=True)
    x0, y0 = mercator.transform(west, south)
    x1, y1 = mercator.transform(east, north)
    rows, columns = frame.shape
    assert max(rows, columns) <= 900
    assert (x1 - x0) / columns == pytest.approx((y1 - y0) / rows, rel=0.01)  # square pixels
    rng = np.random.default_rng(1)
    r, c = rng.integers(0, rows, 3000), rng.integers(0, columns, 3000)
    # an outside road to the same place: pyproj to degrees, then the pinned operation without interpolation
    at_lon, at_lat = mercator.transform(x0 + (c + 0.5) * (x1 - x0) / columns, y1 - (r + 0.5) * (y1 - y0) / rows, direction="INVERSE")
    exact_x, exact_y = from_wgs84(at_lon, at_lat, epsg)
    # off by at most one metre means: the same cell, except within one metre of its edge
    for dx, dy in ((-1, -1), (1, 1)):
        near_r, near_c = grid.locate(exact_x + dx, exact_y + dy)
        other_r, other_c = grid.locate(exact_x - dx, exact_y - dy)
        ok = ((row[r, c] == near_r) | (row[r, c] == other_r)) & ((column[r, c] == near_c) | (column[r, c] == other_c))
        assert ok.mean() > 0.995
    assert (row >= 0).mean() > 0.8


def test_no_cell_is_lost_and_states_are_not_mixed():
    x, y = from_wgs84([105.3], [22.1], 9210)
    grid = Grid.covering((x[0], y[0], x[0] + 6000, y[0] + 5000), cell_size=100.0, epsg=9210)
    frame = MercatorFrame(grid, 2600, 2.0)
    row, column = frame.cells
    seen = set(zip(row[row >= 0].tolist(), column[row >= 0].tolist(), strict=True))
    assert len(seen) == grid.rows * grid.columns
    state = np.random.default_rng(2).integers(0, 7, grid.shape).astype(np.uint8)
    pixels, colours = decode(state_png(state, frame, palette()))
    expected = np.where(row >= 0, state[row, column], 0)
    for code in (0, 1, 2, 4, 5):  # these have no hatch
        assert np.array_equal(pixels == code, expected == code)
    hatched = pixels > 6
    assert set(np.unique(expected[hatched])) == {3, 6}
    assert colours[0][3] == 0
    assert len({colours[int(code)] for code in np.unique(pixels)}) == len(np.unique(pixels))


def test_not_known_is_drawn_in_no_colour_of_pass_or_fail():
    x, y = from_wgs84([105.3], [22.1], 9210)
    grid = Grid.covering((x[0], y[0], x[0] + 3000, y[0] + 3000), cell_size=100.0, epsg=9210)
    pixels, colours = decode(state_png(np.full(grid.shape, 6, dtype=np.uint8), MercatorFrame(grid, 2600, 2.0), palette()))
    shown = {colours[int(code)][:3] for code in np.unique(pixels)} - {(0, 0, 0)}
    others = {colours[code][:3] for code in (1, 2, 3, 4, 5)}
    assert len(shown) == 2
    assert not shown & others


def test_a_grid_outside_its_projection_is_refused():
    with pytest.raises(CrsError):
        MercatorFrame(Grid(3405, 1e9, 1e9, 100.0, 10, 10), 100, 2.0).bounds  # noqa: B018
