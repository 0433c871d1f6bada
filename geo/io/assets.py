"""Files that ship with the package or with an installed one: page templates, Leaflet, jQuery, fonts.

No third-party script or style lies in this project; pages take them from the installed packages
XStatic-Leaflet and XStatic-jQuery, which carry exactly the versions that folium names. The font of printed pages
(Roboto, Apache-2.0, all Vietnamese letters, may be embedded) comes from XStatic-roboto-fontface.
"""

from __future__ import annotations

import base64
from importlib.resources import files

from geo.errors import ResourceError

__all__ = ["installed_bytes", "installed_data_uri", "installed_text", "template_text"]


def template_text(name: str) -> str:
    """Return the text of ``geo/resources/templates/<name>`` with ``\\n`` line ends.

    Raises
    ------
    ResourceError
        If the file is missing.
    """
    return _read("geo", f"resources/templates/{name}").decode("utf-8").replace("\r\n", "\n")


def installed_text(package: str, path: str) -> str:
    """Return a text file of an installed package, e.g. ``("xstatic.pkg.leaflet", "data/leaflet.js")``.

    Raises
    ------
    ResourceError
        If the package or the file is missing.
    """
    return _read(package, path).decode("utf-8").replace("\r\n", "\n")


def installed_bytes(package: str, path: str) -> bytes:
    """Return a file of an installed package.

    Raises
    ------
    ResourceError
        If the package or the file is missing.
    """
    return _read(package, path)


def installed_data_uri(package: str, path: str, media_type: str) -> str:
    """Return a file of an installed package as a ``data:`` address."""
    return f"data:{media_type};base64,{base64.b64encode(_read(package, path)).decode('ascii')}"


def _read(package: str, path: str) -> bytes:
    try:
        return files(package).joinpath(*path.split("/")).read_bytes()
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise ResourceError(
            f"Thiếu tệp '{path}' của gói '{package}'; hãy cài lại các gói đi kèm.",
            f"File '{path}' of package '{package}' is missing; install the required packages again.",
        ) from error
