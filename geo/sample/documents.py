"""The texts that go with the made-up province: project file, rules, descriptions in two languages."""

from __future__ import annotations

import pandas as pd

__all__ = ["NORMS", "PLAN_PROJECT", "PROJECT", "RULES", "flaws_text", "readme_text"]

PROJECT = """\
# Dữ liệu giả định: tỉnh mẫu để chạy thử.  Made-up data: the sample province.
[project]
name = "Tỉnh Mẫu (giả định) – rà soát vùng lõm sóng 2026"
province = "99"
operators = ["Mạng A", "Mạng B", "Mạng C"]
date = 2026-11-01
cell_size_m = 100
language = "vi"

[inputs]
boundaries = "communes.parquet"
settlements = "villages.xlsx"
buildings = "buildings.parquet"
facilities = "facilities.csv"
sites = [
    { path = "mang_a.xlsx", sheet = "Trạm BTS", operator = "Mạng A" },
    { path = "mang_b.csv", operator = "Mạng B" },
    { path = "mang_c.xlsx", sheet = "Trạm", operator = "Mạng C" },
    { path = "mang_c_ho_so_cu.xlsx", sheet = "Trạm cũ", operator = "Mạng C" },
    "sites_neighbours.csv",
]
cells = [
    { path = "mang_a_cells.csv", operator = "Mạng A" },
    { path = "mang_b.csv", operator = "Mạng B" },
    { path = "mang_c.xlsx", sheet = "Ô phủ sóng", operator = "Mạng C" },
    "sites_neighbours.csv",
]
operator_plans = "operator_plans_2027.xlsx"
measurements = ["drive/*_log.txt", "drive/drive_tests.parquet", "drive/drive_locked.csv"]
speed_tests = "speed_tests.xlsx"
ipv6_tests = "ipv6.csv"
portals = "portals.csv"
declarations = "declared.csv"
population = ["population.tif", "commune_population.csv"]
terrain = { path = "dem.tif", kind = "ground" }
land_cover = "land_cover.tif"
roads = "roads.geojson"
streets = "streets.geojson"
ducts = "ducts.xlsx"

[rules]
catalogue = "vn-2026"
extra = "rules_extra.toml"

[settings]
# Trạm giáp ranh của các mạng này có trong sites_neighbours.csv, nên gần ranh giới vẫn kết luận được.
# The border sites of these operators are in sites_neighbours.csv, so that states hold near the border too.
neighbour_operators = ["Mạng A", "Mạng B", "Mạng C"]
# Mức quy hoạch 5G do dự án mẫu tự đặt (danh mục không có).  5G planning level set by the sample itself.
levels_dbm = { "5G" = -110 }
# Suy hao vỏ xe do đoàn đo tự đo khi xe đỗ, điện thoại trong và ngoài xe (giả định): 7 ± 1,5 dB.
# Loss of the measuring cars, as the team measured it at a stop, phone inside and outside (made up): 7 ± 1.5 dB.
measured_vehicle_loss_db = 7
measured_vehicle_sd_db = 1.5

[plan]
years = [2027, 2028, 2029]
budget_vnd = [40e9, 40e9, 40e9]
"""

RULES = """\
# Tỉnh và nhà mạng giả định của bộ dữ liệu mẫu.  The sample's made-up province and operators.
[[province]]
code = "99"
name = "Tỉnh Mẫu (giả định)"
zone_epsg = 9210
former_zone_epsg = [9209]
made_up = true

[[operator]]
name = "Mạng A"
aliases = ["Mang A", "MẠNG A", "Network A"]
mcc_mnc = ["999-01"]
hosts = []

[[operator]]
name = "Mạng B"
aliases = ["Mang B", "MẠNG B", "Network B"]
mcc_mnc = ["999-02"]
hosts = ["Mạng Ảo D"]

[[operator]]
name = "Mạng C"
aliases = ["Mang C", "MẠNG C", "Network C"]
mcc_mnc = ["999-03"]
hosts = []

[[operator]]
name = "Mạng Ảo D"
aliases = ["Mang Ao D", "Virtual D"]
mcc_mnc = ["999-08"]
hosts = []
status = "virtual"
"""

_FLAWS: dict[str, tuple[str, str]] = {
    "azimuth_out_of_range": ("góc phương vị ngoài 0–360°", "azimuth outside 0–360°"),
    "cell_without_site": (
        "ô phủ sóng của trạm không có trong danh sách",
        "cell of a site that no list holds",
    ),
    "device_identity": (
        "số nhận dạng thiết bị (giả định), phải bỏ khi đọc",
        "device number (made up), to be dropped",
    ),
    "duplicate_cell": ("ô phủ sóng lặp lại", "repeated cell"),
    "duplicate_facility": ("cơ sở lặp lại", "repeated facility"),
    "duplicate_sample": ("mẫu đo lặp lại", "repeated sample"),
    "duplicate_site": ("trạm lặp lại", "repeated site"),
    "empty_coordinate": ("thiếu tọa độ", "coordinate missing"),
    "empty_height": ("thiếu độ cao ăng-ten", "antenna height missing"),
    "empty_households": ("thiếu số hộ", "number of households missing"),
    "foreign_network": ("mạng nước ngoài", "foreign network"),
    "formula_text": ("văn bản giống công thức", "text that looks like a formula"),
    "future_date": ("ngày ở tương lai", "date in the future"),
    "height_absurd": ("độ cao vô lý", "absurd height"),
    "height_in_feet": ("độ cao tính bằng feet", "height in feet"),
    "lost_leading_zeros": ("mã mất số 0 ở đầu", "code without its leading zeros"),
    "markup_text": ("văn bản giống HTML", "text that looks like HTML"),
    "name_not_nfc": ("tên ở dạng Unicode tổ hợp (NFD)", "name in decomposed Unicode (NFD)"),
    "name_spacing_and_case": ("tên thừa khoảng trắng, viết hoa", "name with stray spaces, in capitals"),
    "name_spelling": ("tên viết khác kiểu", "name spelt another way"),
    "off_air_in_remark": ("ghi chú nói trạm ngừng phát", "remark says the site is off air"),
    "off_air_status": ("trạm ngừng phát sóng", "site off air by its status"),
    "operator_spelling": ("tên nhà mạng viết khác kiểu", "operator spelt another way"),
    "outside_province": ("trạm cách tỉnh khoảng 80 km", "site some 80 km outside the province"),
    "power_absurd": ("công suất bằng 0", "power of zero"),
    "sentinel_level": ("mức thu là mã báo, không phải số đo", "level that is a code, not a measurement"),
    "site_on_void": ("trạm đứng trên ô địa hình trống", "site on a terrain void"),
    "speed_not_positive": ("tốc độ không dương", "speed not positive"),
    "swapped_lon_lat": ("đảo kinh độ và vĩ độ", "longitude and latitude exchanged"),
    "terrain_void": ("ô địa hình trống", "terrain voids"),
    "zero_coordinate": ("tọa độ 0, 0", "coordinate 0, 0"),
}


#: The same review with the passive inventory and the norms: its files stand beside the others, which stay as they were.
PLAN_PROJECT = PROJECT.replace(
    'name = "Tỉnh Mẫu (giả định) – rà soát vùng lõm sóng 2026"', 'name = "Tỉnh Mẫu (giả định) – kế hoạch hạ tầng 2027"'
).replace(
    'ducts = "ducts.xlsx"\n',
    'ducts = "ducts.xlsx"\nmasts = "masts.xlsx"\npoles = "poles.xlsx"\ncables = "cables.xlsx"\nservice_points = "service_points.xlsx"\nrestricted_areas = "restricted_areas.geojson"\n',
).replace("[plan]\n", '[plan]\ncosts = "norms.toml"\n') + """\
# Tỉnh mẫu chạy nhanh: 200 vị trí hứa hẹn nhất, dừng khi đã chứng minh còn cách phương án tốt nhất không quá 3 % (mặc định 3000 vị trí, 1 %).
# The sample runs fast: the 200 most promising places, and an end when the plan is proven to be within 3 % of the best (3000 places and 1 % by default).
places_most = 200
choice_gap = 0.03

# Ngầm hóa, chỉnh trang cáp treo: ngân sách từng năm; tiêu chí và trọng số là của tỉnh (mặc định trong geo/resources/planning.toml).
# Undergrounding and tidying: the budget of each year; criteria and weights are the province's (defaults in geo/resources/planning.toml).
[plan.undergrounding]
budget_vnd = [12e9, 12e9, 12e9]
heritage_weight = 2
"""

NORMS = """\
# Định mức giả định của tỉnh mẫu, đồng.  Made-up norms of the sample province, đồng.
""" + "".join(
    f"""
[[norm]]
item = "{item}"
{f'mast_class = "{kind}"' if kind else "# mọi loại cột / every class"}
low_vnd = {low}
central_vnd = {central}
high_vnd = {high}
unit = "{unit}"
source = "Định mức giả định của tỉnh mẫu / made-up norm"
year = 2026
"""
    for item, kind, low, central, high, unit in (
        ("build", "A1a", 180_000_000, 220_000_000, 280_000_000, "cột"),
        ("build", "A1b", 250_000_000, 320_000_000, 420_000_000, "cột"),
        ("build", "A2a", 300_000_000, 380_000_000, 480_000_000, "cột"),
        ("build", "A2b", 700_000_000, 900_000_000, 1_250_000_000, "cột"),
        ("build", "A2c", 600_000_000, 800_000_000, 1_100_000_000, "cột"),
        ("upgrade", "", 220_000_000, 300_000_000, 400_000_000, "trạm"),
        ("share", "", 260_000_000, 340_000_000, 450_000_000, "trạm"),
        ("remove", "", 40_000_000, 60_000_000, 90_000_000, "cột"),
        ("mast_year", "", 45_000_000, 60_000_000, 85_000_000, "cột/năm"),
        ("move", "", 90_000_000, 120_000_000, 160_000_000, "lần"),
        ("underground", "", 2_400_000_000, 3_000_000_000, 4_200_000_000, "km phố"),
        ("tidy", "", 25_000_000, 40_000_000, 60_000_000, "km cáp"),
    )
)


def flaws_text(flaws: pd.DataFrame) -> str:
    """Return FLAWS.md: every kind of deliberate flaw, where and how often."""
    lines = [
        "# Lỗi cố ý trong dữ liệu mẫu / Deliberate flaws of the sample",
        "",
        "Dữ liệu giả định. Các lỗi dưới đây được đưa vào có chủ ý để thử bước kiểm tra dữ liệu; từng dòng có trong",
        "`flaws.csv` (tệp, trang tính, dòng như phần mềm bảng tính đánh số, cột). Với tệp Parquet, dòng 1 là bản ghi",
        "đầu tiên; với `dem.tif`, dòng và cột là chỉ số ô tính từ 0.",
        "",
        "Made-up data. The flaws below are there on purpose, to try the checking of inputs; `flaws.csv` names each one",
        "(file, sheet, row as a spreadsheet program numbers it, column). In the Parquet file row 1 is the first record;",
        "for `dem.tif` row and column are cell indices from 0.",
        "",
        "| Lỗi / flaw | Mã / code | Tệp / file | Số dòng / rows |",
        "|---|---|---|---|",
    ]
    counts = flaws.groupby(["flaw", "file"], sort=True).size().rename("count").reset_index()
    for flaw, file, count in zip(counts["flaw"], counts["file"], counts["count"], strict=True):
        vi, en = _FLAWS[flaw]
        lines.append(f"| {vi} / {en} | `{flaw}` | `{file}` | {count} |")
    lines += [
        "",
        "Ngoài ra danh sách trạm sai so với thực tế giả định (xem `truth/ledger.csv`): khoảng 10 % trạm sai vị trí, góc",
        "phương vị hoặc công suất, 5 % không phát sóng, 5 % trạm có thật nhưng không có trong danh sách.",
        "",
        "Besides, the station lists differ from the made-up truth (see `truth/ledger.csv`): some 10 % of the sites have a",
        "wrong position, azimuth or power, 5 % are silent, and 5 % of the sites that stand are on no list.",
        "",
    ]
    return "\n".join(lines)


def readme_text(seed: int) -> str:
    """Return README.md of the sample."""
    return f"""\
# Tỉnh Mẫu (giả định) / The sample province (made up)

**Toàn bộ là dữ liệu giả định.** Không có tỉnh, xã, thôn, nhà mạng hay trạm nào ở đây là thật. Địa hình, dân cư,
mạng lưới và số đo do `scripts/make_sample.py` sinh ra từ một số gốc (seed {seed}); chạy lại cho ra đúng từng byte
trên cùng máy và cùng bộ thư viện.

**All of this is made up.** No province, commune, village, operator or site in it is real. `scripts/make_sample.py`
makes terrain, people, networks and measurements from one seed ({seed}); run again it gives the same bytes on the
same machine and libraries.

```sh
python scripts/make_sample.py data/sample --overwrite               # tạo lại / make again
python scripts/make_sample.py data/sample --overwrite --truth DIR   # kèm ảnh raster sự thật / with truth rasters
```

| tệp / file | nội dung | content |
|---|---|---|
| `project.toml`, `rules_extra.toml` | tệp dự án; tỉnh và nhà mạng giả định | project file; made-up province and operators |
| `communes.parquet` | 30 xã, mã 99001–99030 | 30 communes |
| `villages.xlsx` | 400 thôn, bản; kinh độ, vĩ độ WGS 84 | 400 villages |
| `buildings.parquet` | nhà, mỗi hộ một điểm | houses, one point per household |
| `facilities.csv` | trường học, trạm y tế, trụ sở xã | schools, clinics, commune offices |
| `population.tif`, `commune_population.csv` | số dân theo ô (khoảng 250 m) và theo xã | people per cell (about 250 m) and per commune |
| `dem.tif` | địa hình mặt đất 3″, làm tròn 2 m, có ô trống | bare earth, 3″, in steps of 2 m, with voids |
| `land_cover.tif` | lớp phủ, mã ESA WorldCover | land cover, ESA WorldCover codes |
| `mang_a.xlsx`, `mang_a_cells.csv` | Mạng A: mẫu "Trạm BTS", VN-2000 105°45', X là trục Bắc; ô phủ sóng chỉ có số kênh | operator A: the provincial form, X = northing; cells with channel numbers only |
| `mang_b.csv` | Mạng B: mỗi dòng một ô phủ sóng, dấu phẩy thập phân, có BOM | operator B: a row per cell, decimal commas, BOM |
| `mang_c.xlsx` | Mạng C: tọa độ độ-phút-giây nhiều cách viết | operator C: degrees, minutes, seconds in many spellings |
| `mang_c_ho_so_cu.xlsx` | 14 trạm của Mạng C theo hồ sơ cũ, VN-2000 105°30' | 14 sites of operator C from old files, former zone |
| `sites_neighbours.csv` | trạm giáp ranh của các tỉnh bên (giả định) | border sites of the neighbouring (made-up) provinces |
| `operator_plans_2027.xlsx` | đăng ký phát triển hạ tầng 2027 | registered plans for 2027 |
| `drive/` | đo kiểm trên đường năm 2026: nhật ký G-NetTrack Pro, bảng Parquet, bảng CSV khóa công nghệ | drive tests of 2026 |
| `speed_tests.xlsx`, `declared.csv` | đo tốc độ; tốc độ nhà mạng công bố | speed tests; declared speeds |
| `ipv6.csv`, `portals.csv` | đo IPv6; cổng thông tin | IPv6 tests; portals |
| `roads.geojson`, `streets.geojson`, `ducts.xlsx`, `cables.xlsx` | đường, phố, tuyến cáp ngầm, tuyến cáp treo | roads, streets, underground routes, hung routes |
| `FLAWS.md`, `flaws.csv` | lỗi cố ý | deliberate flaws |
| `truth/` | sự thật giả định để chấm điểm, **không phải dữ liệu vào** | the made-up truth for scoring, **not an input** |

## Sự thật / The truth

Mức thu thật không dùng mô hình nào của phần mềm: không gian tự do, tổn hao địa hình theo đường căng qua các đỉnh,
lớp phủ quanh máy thu, giản đồ ăng-ten, và che khuất có tương quan không gian, không dừng, đuôi dày. Đo kiểm chỉ đi
trên đường, ghi ô tốt nhất, có tổn hao trong xe và sai lệch của từng máy. `truth/villages.csv` cho mức thật ngoài
trời tại điểm đại diện; "phục vụ" ở đó là từ −100 dBm (3G, RSCP), −110 dBm (4G, RSRP) và −110 dBm (5G, SS-RSRP):
ngưỡng của bộ mẫu, không phải quy định. `weak` = điểm đại diện được phục vụ nhưng một cụm có từ 10 hộ trở lên thì
không. Sự thật đã được chốt trước khi có bước hiệu chỉnh; thay đổi nó là thay đổi mọi điểm số đã công bố.

The true levels use no model of the product: free space, a stretched line over the summits, ground cover about the
receiver, antenna patterns, and shadowing that is correlated in space, not stationary and heavy-tailed. Drives are on
roads only, log the best server, lose in the car and differ by phone. `truth/villages.csv` gives the true outdoor
level at the representative point; "served" there is from −100 dBm (3G, RSCP), −110 dBm (4G, RSRP) and −110 dBm (5G,
SS-RSRP): the sample's own levels, no regulation. `weak` = the point is served and a cluster of 10 households or more
is not. The truth was frozen before any calibration existed; changing it changes every score reported so far.

Giấy phép / licence: như phần mềm / that of the software (MIT).
"""
