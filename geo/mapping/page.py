"""One sealed HTML file: everything inline, nothing loaded, every text escaped, every script hashed.

The content-security policy names the SHA-256 of each script and style that the page carries. A text
that broke out of its place would still not run, and a link that somebody forgets fails in the tests
and not in an office without network.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from geo.errors import ResourceError
from geo.io.assets import installed_data_uri, installed_text, template_text
from geo.mapping.escape import SafeText, is_safe
from geo.mapping.palette import Palette

__all__ = ["PageCode", "assemble", "drawing", "environment", "inline_code", "policy"]

_FOLDER = "map"
_BEFORE_MAP = ("symbols.js",)
_AFTER_MAP = ("outlines.js", "themes.js", "areas.js", "card.js", "table.js", "search.js", "plans.js", "start.js", "compare.js", "printing.js", "state.js")
# What a drawing may hold: nothing that loads, runs, links or styles.
_SHAPES = frozenset({"svg", "title", "desc", "g", "rect", "line", "polyline", "polygon", "circle", "text"})
_SHAPE_ATTRIBUTES = frozenset(
    {
        "xmlns", "viewBox", "width", "height", "role", "font-family", "font-size", "font-weight", "fill", "fill-opacity",
        "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "points", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r",
        "rx", "text-anchor", "transform",
    }
)  # fmt: skip
_ATTRIBUTE = re.compile(r'\s([\w-]+)="(http://www\.w3\.org/2000/svg|(?!url)[\w#.,() -]*)"')
_TAG = re.compile(rf"<(?P<closing>/?)(?P<name>[A-Za-z]+)(?P<attributes>(?:{_ATTRIBUTE.pattern})*)\s*/?>")
_LEAFLET = "xstatic.pkg.leaflet"
_JQUERY = "xstatic.pkg.jquery"


class PageCode(str):
    """Script, style or JSON made by this package; the one kind of text that a page takes unescaped."""

    __slots__ = ()

    def __html__(self) -> str:
        """Return the code itself, for the template engine."""
        return str(self)


def assemble(context: Mapping[str, Any], page: Mapping[str, Any], *, script: str, data: Mapping[str, Any], colours: Palette, columns: Sequence[Mapping[str, Any]] = ()) -> bytes:
    """Return the page.

    Parameters
    ----------
    context : mapping
        What the template shows: escaped texts, numbers, and lists and mappings of them.
    page : mapping
        What the frame of the page needs: language, title and so on.
    script : str
        JavaScript that makes the map.
    data : mapping
        What the page's scripts read, as JSON.
    colours : Palette
    columns : sequence of mapping
        Long columns that the scripts read when they are first asked for, by number (``later`` in the data).

    Returns
    -------
    bytes
        UTF-8. The same arguments give the same bytes.

    Raises
    ------
    ResourceError
        If the template is given anything but escaped text, numbers or the page's own code.
    """
    scripts = [
        inline_code(_installed_script(_LEAFLET, "data/leaflet.js")),
        inline_code(_installed_script(_JQUERY, "data/jquery.min.js")),
        inline_code(_own(_BEFORE_MAP)),
        inline_code(script),
        inline_code(_own(_AFTER_MAP)),
    ]
    styles = [inline_code(_leaflet_style()), inline_code(template_text(f"{_FOLDER}/map.css") + _palette_style(colours))]
    values = {
        **context,
        "page": {
            **page,
            "scripts": scripts,
            "styles": styles,
            "policy": policy(scripts, styles),
            "data": PageCode(_json(data)),
            "columns": [PageCode(_json(column)) for column in columns],
        },
    }
    text = environment(_FOLDER).get_template("page.html").render(values)
    return text.encode("utf-8")


def environment(folder: str) -> Environment:
    """Return the template engine for a folder of templates; it stops at any text that is not known to be safe."""
    return Environment(
        loader=FunctionLoader(lambda name: template_text(f"{folder}/{name}")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_only_safe,
        trim_blocks=False,
        keep_trailing_newline=True,
    )


def _only_safe(value: object) -> object:
    """Let through what is known to be safe and stop the build at anything else."""
    if isinstance(value, SafeText):
        return Markup(value)  # noqa: S704 - escaped by vn_safe, which is what SafeText means
    if isinstance(value, PageCode | Markup | int | float) and not isinstance(value, bool):
        return value
    raise ResourceError(
        f"Mẫu trang nhận một giá trị chưa qua vn_safe ({type(value).__name__}).",
        f"The page template was given a value that has not been through vn_safe ({type(value).__name__}).",
    )


def inline_code(text: str) -> PageCode:
    r"""Return inline code that cannot end its element: ``</script`` becomes ``<\/script``."""
    code = text.replace("\r\n", "\n").replace("</script", "<\\/script").replace("</style", "<\\/style")
    if "<!--" in code or "\r" in code:
        raise ResourceError("Mã nhúng chứa '<!--' hoặc ký tự CR.", "Inline code holds '<!--' or a bare CR.")
    return PageCode("\n" + code.strip() + "\n")


def drawing(svg: str) -> PageCode:
    """Return SVG made by this package as code for a page, once it is seen to hold shapes and safe text alone.

    Raises
    ------
    ResourceError
        If it holds another element or attribute (a script, a style, a link), or a text that is not escaped.
    """
    place = 0
    for tag in _TAG.finditer(svg):
        name, attributes = tag["name"], {part[0] for part in _ATTRIBUTE.findall(tag["attributes"])}
        if name not in _SHAPES or not attributes <= _SHAPE_ATTRIBUTES or not is_safe(svg[place : tag.start()].replace("\n", "")):
            break
        place = tag.end()
    if svg[place:].strip():
        raise ResourceError(
            "Hình vẽ chứa thứ khác ngoài hình khối và chữ đã qua vn_safe.",
            "A drawing holds something else than shapes and text that has been through vn_safe.",
        )
    return PageCode(svg)


def _own(names: Sequence[str]) -> str:
    return "\n".join(f"(function () {{\n{template_text(f'{_FOLDER}/{name}')}}})();" if name in _AFTER_MAP else template_text(f"{_FOLDER}/{name}") for name in names)


def _installed_script(package: str, path: str) -> str:
    lines = installed_text(package, path).splitlines()
    return "\n".join(line for line in lines if not line.startswith("//# sourceMappingURL="))


def _leaflet_style() -> str:
    style = installed_text(_LEAFLET, "data/leaflet.css").replace("behavior: url(#default#VML);", "")
    for name in ("layers.png", "layers-2x.png", "marker-icon.png"):
        style = style.replace(f"url(images/{name})", f"url({installed_data_uri(_LEAFLET, f'data/images/{name}', 'image/png')})")
    return style


def _palette_style(colours: Palette) -> str:
    rules = []
    for state in colours.states:
        background = state.colour
        if state.hatch_kind == "lines":
            background = f"repeating-linear-gradient(135deg, {state.hatch} 0 2px, {state.colour} 2px 6px)"
        elif state.hatch_kind == "dots":
            background = f"radial-gradient({state.hatch} 1.4px, {state.colour} 1.6px) 0 0 / 6px 6px"
        rules.append(f".state-{state.code} {{ background: {background}; }}")
    for group, symbols in (("villages", colours.villages), ("sites", colours.sites)):
        for number, symbol in enumerate(symbols):
            width = " stroke-width: .5;" if symbol.shape == "ring" else ""
            rules.append(f".symbol-{group}-{number} * {{ fill: {symbol.fill}; stroke: {symbol.line};{width} }}")
    widths = {"province": 3, "commune": 1, "road": 2, "selected": 4}
    rules.extend(f".line-{key} {{ stroke: {colour}; stroke-width: {widths[key]}; }}" for key, colour in colours.lines)
    return "\n".join(rules) + "\n"


def policy(scripts: Sequence[str], styles: Sequence[str]) -> PageCode:
    """Return the content-security policy of a page that holds these scripts and styles and nothing else."""
    def hashes(parts: Sequence[str]) -> str:
        digests = (base64.b64encode(hashlib.sha256(part.encode("utf-8")).digest()).decode("ascii") for part in parts)
        return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"

    return PageCode(
        f"default-src 'none'; img-src data:; style-src {hashes(styles)}; script-src {hashes(scripts)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _json(data: Mapping[str, Any]) -> str:
    """Return JSON that has no meaning in HTML: no ``<``, ``>`` or line separator stays as it is."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
