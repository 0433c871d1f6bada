"""Pictures of paths: what they show and where, whatever the terrain and the names."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from paths_to_draw import TITLE, hard_paths, path

from geo.errors import Bilingual, ResourceError
from geo.mapping.page import drawing
from geo.propagation.paths import PathLoss
from geo.report.phrases import number_text, phrases, short_number_text
from geo.report.profile import NARROW, WIDE, PictureSize, distance_text, edge_sentence, profile_picture

SVG = "{http://www.w3.org/2000/svg}"
SMALLEST_PX = 11.0


def draw(loss: PathLoss, language: str = "vi", size: PictureSize = WIDE, **more: object) -> str:
    return profile_picture(loss, title=TITLE, notes=[Bilingual("Một dòng.", "A line.")], language=language, size=size, **more)


def parsed(picture: str) -> ET.Element:
    return ET.fromstring(picture)  # noqa: S314 - our own


def texts(picture: str) -> list[str]:
    return ["".join(element.itertext()) for element in parsed(picture).iter(f"{SVG}text")]


def ridge() -> PathLoss:
    return path(10.0, np.r_[np.full(5, 100.0), 250.75, np.full(5, 100.0)], height_m=40.0)


def test_the_edge_in_words() -> None:
    # line at 5 km: (140 + 101.5)/2 = 120.75; bulge 1.47: 131.5 m above
    said = edge_sentence(ridge().edge)
    assert said.vi == "Che chắn bởi sườn núi cách trạm 5,0 km, cao hơn đường nhìn thẳng 131 m"
    assert said.en == "Blocked by a hillside 5.0 km from the site, 131 m above the line of sight"
    assert edge_sentence(ridge().edge, surface=True) == said  # no tree is 131 m high
    low = path(10.0, np.r_[np.full(5, 100.0), 130.0, np.full(5, 100.0)], height_m=40.0).edge
    assert "sườn núi, cây hoặc nhà" in edge_sentence(low, surface=True).vi
    assert "cây" not in edge_sentence(low).vi
    wooded = path(10.0, np.r_[np.full(5, 100.0), 250.75, np.full(5, 100.0)], np.r_[np.zeros(5), 15.0, np.zeros(5)], height_m=40.0)
    assert edge_sentence(wooded.edge).vi.startswith("Che chắn bởi sườn núi có cây hoặc nhà cách trạm 5,0 km, ngọn cao hơn")
    assert "146 m" in edge_sentence(wooded.edge).vi
    cases = hard_paths()
    assert edge_sentence(cases["flat"].edge).vi.startswith("Che chắn bởi cây hoặc nhà cách trạm 5,0 km (cách điện thoại 45 m)")
    assert edge_sentence(cases["long"].edge).vi.startswith("Che chắn bởi độ cong của Trái Đất")
    assert "thông" in edge_sentence(cases["short"].edge).vi
    assert "cách trạm 67 m" in edge_sentence(cases["short"].edge).vi


def test_the_edge_stands_where_it_is() -> None:
    loss = ridge()
    root = parsed(draw(loss))
    circle = next(c for c in root.iter(f"{SVG}circle") if float(c.get("r", "0")) > 0 and c.get("cy") != "7.5")
    axis = next(p for p in root.iter(f"{SVG}polyline") if len((p.get("points") or "").split()) == 3)
    (left, top), (_, bottom), (right, _) = ([float(v) for v in pair.split(",")] for pair in (axis.get("points") or "").split())
    assert float(circle.get("cx", "0")) == pytest.approx((left + right) / 2, abs=0.2)  # 5 of 10 km
    # heights by the labels of the axis: the edge's top, 250.75 m and the bulge of 1.47 m
    labels = {}
    for element in root.iter(f"{SVG}text"):
        if element.get("text-anchor") == "end" and re.fullmatch(r"\d+", element.text or ""):
            labels[float(element.text or "0")] = float(element.get("y", "0")) - 0.35 * 15.0
    (h1, y1), (h2, y2) = sorted(labels.items())[0], sorted(labels.items())[-1]
    height = h1 + (y1 - float(circle.get("cy", "0"))) * (h2 - h1) / (y1 - y2)
    assert height == pytest.approx(250.75 + 500.0 * 25.0 / 8500.0, abs=0.5)
    assert top < float(circle.get("cy", "0")) < bottom


@pytest.mark.parametrize("name", sorted(hard_paths()))
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_leaves_the_picture(name: str, size: PictureSize) -> None:
    for picture in (draw(hard_paths()[name], size=size), draw(hard_paths()[name], size=size, headed=False)):
        root = parsed(picture)
        _, _, width, height = (float(v) for v in (root.get("viewBox") or "").split())
        assert width == size.width
        axis = next(p for p in root.iter(f"{SVG}polyline") if len((p.get("points") or "").split()) == 3)
        top, bottom = (float(pair.split(",")[1]) for pair in (axis.get("points") or "").split()[:2])
        for shape in (*root.iter(f"{SVG}polyline"), *list(root.iter(f"{SVG}polygon"))[:-1]):
            for _, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", shape.get("points") or ""):
                assert top - 6 <= float(y) <= bottom + 6  # the antenna's sign is a little larger than its place
        for element in root.iter():
            for pair in re.findall(r"(-?[\d.]+),(-?[\d.]+)", element.get("points") or ""):
                assert 0 <= float(pair[0]) <= width
                assert 0 <= float(pair[1]) <= height
            assert "nan" not in str(element.attrib)
            assert "inf" not in " ".join(v for v in element.attrib.values() if v[:1].isdigit())
            if element.tag == f"{SVG}text":
                assert float(element.get("font-size", "0")) >= SMALLEST_PX
                assert 0 <= float(element.get("x", "-1")) <= width
                assert 0 < float(element.get("y", "-1")) <= height


def test_names_are_text_whatever_they_hold() -> None:
    picture = draw(ridge())
    assert "<b>" not in picture
    assert "${" not in picture
    assert "&" not in re.sub(r"&#\d+;", "", picture)
    whole = " ".join(texts(picture)).replace(" ", "")
    assert "&<b>\"'${x}`\\" in whole
    allowed = {"svg", "title", "desc", "rect", "text", "line", "polyline", "polygon", "circle", "g"}
    for element in parsed(picture).iter():
        assert element.tag.removeprefix(SVG) in allowed
        for name, value in element.attrib.items():
            assert name not in {"style", "class", "href", "onload", "id"}
            assert not re.search(r"url\(|http|javascript", value)


def test_a_page_takes_shapes_and_safe_text_alone() -> None:
    picture = draw(ridge())
    assert drawing(picture) == picture
    assert drawing("") == ""
    for bad in (
        "<script>1</script>", '<g onload="1"/>', '<a href="x"/>', '<style>a{}</style>', '<rect style="x"/>', "<text>${x}</text>",
        "<text>a'b</text>", '<image href="x"/>', '<g\nonload="1"/>', "<g", "<!-- x -->", "<foreignObject/>", '<rect fill="url&#40;x)"/>',
        "<g><G/></g>",
        '<rect fill="url(#a)"/>', '<rect fill="http://x/"/>',
    ):  # fmt: skip
        with pytest.raises(ResourceError):
            drawing(picture.replace("</svg>", f"{bad}</svg>"))
        with pytest.raises(ResourceError):
            drawing(picture + bad)


def test_both_languages_and_their_numbers() -> None:
    loss = hard_paths()["mountain"]
    vi, en = texts(draw(loss, "vi")), texts(draw(loss, "en"))
    assert "Khoảng cách từ trạm (km)" in vi
    assert "Distance from the site (km)" in en
    assert "2.500" in vi
    assert "2,500" in en
    assert any(re.fullmatch(r"8,\d km: cao hơn 2\.\d{3} m", text) for text in vi)
    assert any(re.fullmatch(r"8\.\d km: 2,\d{3} m above", text) for text in en)
    assert "Cây, nhà trên mặt đất" in vi
    assert "Cây, nhà trên mặt đất" not in texts(draw(ridge()))
    assert "Mặt đất, gồm cả cây và nhà" in texts(draw(ridge(), surface=True))
    metres = texts(draw(hard_paths()["short"]))
    assert "Khoảng cách từ trạm (m)" in metres
    assert "100" in metres


def test_the_same_path_gives_the_same_bytes_and_a_heading_only_where_wanted() -> None:
    assert draw(ridge()) == draw(ridge())
    assert "Mạng A" in "".join(texts(draw(ridge())))
    assert "Mạng A" not in "".join(texts(draw(ridge(), headed=False)))


def test_flat_ground_and_low_antennas_keep_an_axis_of_whole_metres() -> None:
    root = parsed(draw(path(0.05, np.full(3, 10.0), height_m=1.5, frequency_mhz=5000.0)))
    labels = [t.text for t in root.iter(f"{SVG}text") if t.get("text-anchor") == "end" and re.fullmatch(r"\d+", t.text or "")]
    assert len(labels) >= 3
    assert len(labels) == len(set(labels))


def test_numbers_as_people_write_them() -> None:
    assert (number_text(1234.56, 1).vi, number_text(1234.56, 1).en) == ("1.234,6", "1,234.6")
    assert number_text(-0.04, 1) == Bilingual("0,0", "0.0")
    assert number_text(-12.0) == Bilingual("-12", "-12")
    assert short_number_text(1842.5) == Bilingual("1.842,5", "1,842.5")
    assert short_number_text(900.0) == Bilingual("900", "900")
    assert distance_text(0.9996).vi == "1,0 km"
    assert distance_text(0.42).vi == "420 m"


def test_the_sentences_exist_in_both_languages() -> None:
    from geo.io.resources import load_toml

    for section in load_toml("results/signal.toml").values():
        for entry in section.values():
            assert set(entry) == {"vi", "en"}
            fields = [set(re.findall(r"\{(\w+)\}", text)) for text in entry.values()]
            assert fields[0] == fields[1]
    assert phrases("results/signal.toml").has("edge", "clear")
    assert not phrases("results/signal.toml").has("edge", "no such")
