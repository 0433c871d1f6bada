"""Instructions for teams that record signal with a phone: one sealed HTML page that prints on one sheet of A4."""

from __future__ import annotations

from geo.io.assets import template_text
from geo.io.resources import load_toml
from geo.mapping.escape import SafeText, vn_safe
from geo.mapping.page import environment, inline_code, policy

__all__ = ["phone_log_page"]

_FOLDER = "phone_log"


def phone_log_page() -> bytes:
    """Return the page as UTF-8 HTML, Vietnamese and English side by side; the same bytes each time.

    Raises
    ------
    ResourceError
        If a text or template that ships with the package is missing.
    """
    content = load_toml("phone_log.toml")

    def both(text: dict[str, str]) -> dict[str, SafeText]:
        return {language: vn_safe(text[language]) for language in ("vi", "en")}

    style = inline_code(template_text(f"{_FOLDER}/page.css"))
    values = {
        "page": {"language": vn_safe("vi"), "title": vn_safe(content["page"]["title"]["vi"]), "policy": policy([], [style]), "style": style},
        "title": both(content["page"]["title"]),
        "about": both(content["page"]["about"]),
        "parts": [{"title": both(p["title"]), "lines": [both(line) for line in p["lines"]]} for p in content["parts"]],
    }
    return environment(_FOLDER).get_template("page.html").render(values).encode("utf-8")
