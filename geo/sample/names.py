"""Names that exercise Vietnamese spelling and that nobody takes for real ones.

Every name carries the word "Mẫu" (sample); the province says "(giả định)" (made up). Both places of
the tone mark (``Hoà``, ``Hóa``), both forms of d and all six tones occur.
"""

from __future__ import annotations

__all__ = [
    "COMMUNE_COUNT",
    "OPERATORS",
    "PROVINCE_CODE",
    "PROVINCE_NAME",
    "VIRTUAL_OPERATOR",
    "commune_code",
    "commune_names",
    "operator_plmn",
]

PROVINCE_CODE = "99"
PROVINCE_NAME = "Tỉnh Mẫu (giả định)"
COMMUNE_COUNT = 30
OPERATORS = ("Mạng A", "Mạng B", "Mạng C")
VIRTUAL_OPERATOR = "Mạng Ảo D"
_PLMN = {"Mạng A": "99901", "Mạng B": "99902", "Mạng C": "99903", "Mạng Ảo D": "99908"}

_NAMES = (
    "Phường Mẫu Trung Tâm",
    "Phường Mẫu Bến Đò",
    "Xã Mẫu Hoà Bình",
    "Xã Mẫu Hóa Sơn",
    "Xã Mẫu Đồi Chè",
    "Xã Mẫu Suối Đá",
    "Xã Mẫu Thung Lũng",
    "Xã Mẫu Đỉnh Gió",
    "Xã Mẫu Ruộng Bậc",
    "Xã Mẫu Thuỷ Tạ",
    "Xã Mẫu Thúy Vân",
    "Xã Mẫu Rừng Già",
    "Xã Mẫu Khe Nước",
    "Xã Mẫu Đường Ngược",
    "Xã Mẫu Cầu Treo",
    "Xã Mẫu Nương Rẫy",
    "Xã Mẫu Quế Thơm",
    "Xã Mẫu Ngõ Hẹp",
    "Xã Mẫu Trăng Khuyết",
    "Xã Mẫu Mười Lăm",
    "Xã Mẫu Yên Ả",
    "Xã Mẫu Giếng Cổ",
    "Xã Mẫu Ớt Đỏ",
    "Xã Mẫu Ốc Bươu",
    "Xã Mẫu Ảo Ảnh",
    "Xã Mẫu Vực Sâu",
    "Xã Mẫu Lưỡng Hà",
    "Xã Mẫu Xoè Hoa",
    "Xã Mẫu Phướn Đào",
    "Xã Mẫu Tận Cùng",
)


def commune_code(index: int) -> str:
    """Return the made-up code of commune ``index`` (0 first), ``"99001"`` to ``"99030"``."""
    return f"{PROVINCE_CODE}{index + 1:03d}"


def commune_names() -> tuple[str, ...]:
    """Return the thirty commune names, in the order of their codes."""
    return _NAMES


def operator_plmn(operator: str) -> str:
    """Return the made-up MCC-MNC of an operator, digits only."""
    return _PLMN[operator]
