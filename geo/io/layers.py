"""Results as layers of one GeoPackage for QGIS, in EPSG:4326, the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from geo.crs import WGS84_EPSG
from geo.errors import CrsError, InputError
from geo.io.files import replacing

__all__ = ["write_layers"]

_CLOCK = "OGR_CURRENT_DATE"
_VERSION = {"VERSION": "1.2"}  # what every QGIS 3 reads without a warning
_STYLES, _GEOMETRY = "layer_styles", "geom"


def write_layers(path: Path, layers: Mapping[str, gpd.GeoDataFrame], *, created: date, styles: Mapping[str, str] | None = None) -> None:
    """Write layers to a GeoPackage at once.

    Parameters
    ----------
    path : Path
    layers : mapping of str to GeoDataFrame
        By layer name, in EPSG:4326. Columns of dates are written as dates, texts as they are.
    created : date
        Date of change that the file states (never the clock: the same content gives the same bytes).
    styles : mapping of str to str, optional
        QML by layer name, kept in the table ``layer_styles`` as QGIS does; each is its layer's default.

    Raises
    ------
    CrsError
        If a layer is not in EPSG:4326.
    InputError
        If the file cannot be written to its end.
    """
    for name, layer in layers.items():
        if layer.crs is None or layer.crs.to_epsg() != WGS84_EPSG:
            raise CrsError(
                f"Lớp '{name}' phải ở EPSG:4326, nhận được {layer.crs}.",
                f"Layer '{name}' must be in EPSG:4326, got {layer.crs}.",
            )
    with replacing(path) as temporary, _stopped_clock(created):
        temporary.unlink()  # an empty file is not a GeoPackage that could be added to
        for name, layer in layers.items():
            try:
                pyogrio.write_dataframe(
                    _storable(layer),
                    temporary,
                    layer=name,
                    driver="GPKG",
                    append=temporary.exists(),
                    dataset_options=_VERSION if not temporary.exists() else {},
                    layer_options={"SPATIAL_INDEX": "YES", "GEOMETRY_NAME": _GEOMETRY},
                )
            except (
                pyogrio.errors.DataSourceError,
                pyogrio.errors.DataLayerError,
                pyogrio.errors.FeatureError,
            ) as error:
                raise InputError(
                    f"Không ghi được lớp '{name}' vào '{path.name}' (ổ đĩa đầy?): {error}.",
                    f"Cannot write layer '{name}' to '{path.name}' (is the disk full?): {error}.",
                ) from error
        if styles:
            pyogrio.write_dataframe(
                _style_table(styles, created), temporary, layer=_STYLES, driver="GPKG", append=temporary.exists(), layer_options={"FID": "id"}
            )
        if not layers:
            temporary.touch()


def _style_table(styles: Mapping[str, str], created: date) -> pd.DataFrame:
    """Return the rows of ``layer_styles`` in QGIS's columns; catalogue and schema are empty, which is how it looks them up."""
    names = list(styles)
    return pd.DataFrame(
        {
            "f_table_catalog": "", "f_table_schema": "", "f_table_name": names, "f_geometry_column": _GEOMETRY, "styleName": names,
            "styleQML": [styles[name] for name in names], "styleSLD": "", "useAsDefault": True, "description": "", "owner": "", "ui": "",
            "update_time": pd.Timestamp(created),
        }
    )  # fmt: skip


def _storable(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the layer with column types that OGR knows: three-valued flags become nullable integers."""
    changes = {
        name: layer[name].astype("boolean").astype("Int8")
        for name in layer.columns
        if name != layer.geometry.name and _is_flag(layer[name])
    }
    return layer.assign(**changes)


def _is_flag(values: pd.Series) -> bool:
    if values.dtype == object:
        known = values.dropna()
        return len(known) > 0 and all(isinstance(value, bool) for value in known)
    return isinstance(values.dtype, pd.BooleanDtype)


@contextmanager
def _stopped_clock(day: date) -> Iterator[None]:
    """Let OGR state a fixed time for its date of change."""
    before = pyogrio.get_gdal_config_option(_CLOCK)
    pyogrio.set_gdal_config_options({_CLOCK: f"{day.isoformat()}T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({_CLOCK: before})
