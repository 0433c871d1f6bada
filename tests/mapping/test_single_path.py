"""There is one way for text into a map. These tests read the code and refuse any other."""

import ast
import re
from pathlib import Path

import pytest

import geo

GEO = Path(geo.__file__).parent
MODULES = sorted([*(GEO / "mapping").glob("*.py"), *(GEO / "report").glob("**/*.py")])
TEMPLATES = sorted((GEO / "resources" / "templates").glob("**/*"))
# folium and branca elements that write text into HTML or template literals
FORBIDDEN_CALLS = {
    "Popup", "Tooltip", "GeoJsonTooltip", "GeoJsonPopup", "GeoJsonDetail", "IFrame", "Html", "DivIcon", "Icon", "Marker",
    "LayerControl", "GroupedLayerControl", "TreeLayerControl", "FloatImage", "Search", "TileLayer", "WmsTileLayer", "explore",
    "choropleth", "Choropleth", "LinearColormap", "StepColormap", "ColorMap", "FeatureGroup", "MarkerCluster", "FastMarkerCluster",
    "TimestampedGeoJson", "Timeline", "VegaLite", "Vega", "Realtime", "BeautifyIcon", "bind_popup", "bind_tooltip",
    "from_string", "format_html",
}  # fmt: skip
# keywords of folium and branca whose text reaches a page
TEXT_KEYWORDS = {"name", "tooltip", "popup", "attr", "caption", "placeholder", "title", "html", "alt", "text", "labels", "fields", "aliases"}
RAW_CONSTRUCTORS = {"SafeText": {"escape.py"}, "PageCode": {"page.py"}, "Markup": {"page.py"}}


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""


def violations(source: str, filename: str) -> list[str]:
    found = []
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom | ast.Import):
            names = {alias.name.rpartition(".")[2] for alias in node.names}
            found += [f"imports {name}" for name in names & FORBIDDEN_CALLS]
            if any(alias.name.startswith("folium.plugins") for alias in node.names) or getattr(node, "module", "") == "folium.plugins":
                found.append("imports folium.plugins")
        if not isinstance(node, ast.Call):
            continue
        name = called(node)
        if name in FORBIDDEN_CALLS:
            found.append(f"line {node.lineno}: {name}(")
        if name in RAW_CONSTRUCTORS and filename not in RAW_CONSTRUCTORS[name]:
            found.append(f"line {node.lineno}: {name}( outside its module")
        if name in {"GeoJson", "Map", "ImageOverlay", "CustomPane", "Element", "MacroElement", "Figure"}:
            for keyword in node.keywords:
                safe = isinstance(keyword.value, ast.Constant) or (isinstance(keyword.value, ast.Call) and called(keyword.value) == "vn_safe")
                if keyword.arg in TEXT_KEYWORDS and not safe:
                    found.append(f"line {node.lineno}: {name}({keyword.arg}=...) is not vn_safe(...)")
        if name == "JsCode" and not _only_constants_and_names(node.args[0]):
            found.append(f"line {node.lineno}: JsCode( of something computed")
    return found


def _only_constants_and_names(node: ast.expr) -> bool:
    """A literal, or one literal with a plain parameter in it (names of the page's own functions)."""
    if isinstance(node, ast.Constant):
        return True
    return isinstance(node, ast.JoinedStr) and all(
        isinstance(part, ast.Constant) or isinstance(part.value, ast.Name) for part in node.values
    )


@pytest.mark.parametrize("path", MODULES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_no_other_way_into_folium(path):
    assert violations(path.read_text(encoding="utf-8"), path.name) == []


@pytest.mark.parametrize(
    "code",
    [
        "folium.Popup(name)",
        "from folium import Tooltip",
        "import folium.plugins",
        "from folium.plugins import Search",
        "folium.GeoJson(data, name=row.name)",
        "folium.GeoJson(data, tooltip=text)",
        "SafeText(name)",
        "Markup(name)",
        "PageCode(name)",
        "JsCode('f(' + name + ')')",
        "JsCode(f'{row.name}')",
        "frame.explore()",
        "environment.from_string(text)",
    ],
)
def test_the_lint_sees_what_it_should(code):
    assert violations(code, "drawing.py")


def test_templates_take_nothing_raw():
    pages = [path for path in TEMPLATES if path.suffix in {".html", ".j2"}]
    assert pages
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*(safe|tojson|forceescape|string)\b|autoescape|Markup", text), path.name
        assert not re.search(r"\son[a-z]+\s*=", text), f"inline handler in {path.name}"
        assert "style=" not in text, f"inline style in {path.name}"
        # the one way out: a province's map beside this one, whose path is checked before and again in the page (tests/browser/test_country.py)
        inside = text.replace('<a href="{{ province.file }}">', "<a>")
        assert not re.search(r"(?:href|src)\s*=\s*\"(?!#)", inside), f"link in {path.name}"
        # attributes with values from outside are always quoted
        assert not re.search(r"=\{\{", text), path.name


SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|\beval\b|new Function|"
    r"setTimeout\(\s*[\"']|bindPopup|L\.popup|divIcon|L\.control\.layers|\$\(|jQuery|\.html\(|srcdoc|setAttribute\(\s*[\"']on|"
    r"fetch\(|XMLHttpRequest|import\(|sendBeacon|WebSocket|localStorage|location\.(?:href|assign|replace)"
)


def test_scripts_have_no_sink_for_markup_and_no_request():
    scripts = [path for path in TEMPLATES if path.suffix == ".js"]
    assert scripts
    for path in scripts:
        found = SINKS.findall(path.read_text(encoding="utf-8"))
        assert not found, f"{path.name}: {found}"


def test_tooltips_get_elements_not_text():
    for path in TEMPLATES:
        if path.suffix == ".js":
            for call in re.findall(r"(?:setContent|bindTooltip)\(([^\n]{0,40})", path.read_text(encoding="utf-8")):
                assert call.startswith(("app.element(", "function ()")), f"{path.name}: {call}"
