"""Texts that try to break out of where a map puts them: one per distinct way, then mixtures of them.

Every payload that could run sets ``window.ran``; a browser test looks for it.
"""

from __future__ import annotations

import random

# what it attacks -> the text
WAYS = {
    "element with a handler": "<img src=x onerror=ran=1>",
    "script element": "<script>window.ran=1</script>",
    "end of the page's script": "</script><script>window.ran=1</script>",
    "end of script in odd case with space": "</ScRiPt ><script>ran=1</script>",
    "script data double-escaped state": "<!--<script>",
    "end of title": "</title><script>window.ran=1</script>",
    "end of style": "</style><script>window.ran=1</script>",
    "end of noscript, textarea, select": "</noscript></textarea></select><img src=x onerror=ran=1>",
    "double-quoted attribute": '" autofocus onfocus="window.ran=1" x="',
    "single-quoted attribute": "' autofocus onfocus='window.ran=1' x='",
    "unquoted attribute": "x onmouseover=window.ran=1 ",
    "svg": "<svg/onload=window.ran=1>",
    "details": "<details open ontoggle=window.ran=1>",
    "frame with its own document": "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
    "base address": "<base href=https://example.invalid/>",
    "reload": "<meta http-equiv=refresh content='0;url=https://example.invalid/'>",
    "style that loads": "<style>@import url(https://example.invalid/a.css);</style>",
    "style value": "red;background:url(https://example.invalid/a.png)",
    "link that prefetches": "<link rel=prefetch href=https://example.invalid/>",
    "rest of the page as text": "<plaintext>",
    "comment": "--><!-- x",
    "CDATA": "]]><![CDATA[",
    "template literal": "${window.ran=1}",
    "backtick": "`;window.ran=1;`",
    "backtick pair in a name": "Trạm `A`",
    "backslash before a backtick": "\\`${window.ran=1}",
    "octal escape": "\\2019 \\00",
    "unicode escape": "\\u003cimg src=x onerror=ran=1\\u003e",
    "end of a JSON string": '"}];window.ran=1;//',
    "end of a single-quoted string": "';window.ran=1;//",
    "line separator": "a\u2028window.ran=1;//",
    "paragraph separator": "a\u2029window.ran=1;//",
    "escaped once already": "&lt;img src=x onerror=ran=1&gt;",
    "numeric references": "&#60;img src=x onerror=ran=1&#62;",
    "hexadecimal references without an end": "&#x3cimg src=x onerror=ran=1&#x3e",
    "reference that this project writes, doubled": "&#38;#60;img src=x onerror=ran=1&#38;#62;",
    "address of a script": "javascript:window.ran=1",
    "template of the page": "{{ page.data }}{% for x in y %}{# #}",
    "template of the script": "{{this.get_name()}}{n}{0}{share}",
    "replacement pattern": "$& $1 $` $' $$",
    "prototype": "__proto__",
    "constructor": "constructor",
    "source map": "//# sourceMappingURL=https://example.invalid/x.map",
    "NUL": "a\x00<img src=x onerror=ran=1>",
    "C1 control": "a\x80\x9f\x85b",
    "lone surrogate": "a\ud800b\udc00",
    "right-to-left override": "abc\u202egnp.exe\u202c",
    "full-width brackets": "＜img src=x onerror=ran=1＞",
    "astral character": "😀𝒳\U000e0041",
    "non-character": "\ufffe\uffff\ufdd0",
    "combining marks": "a" + "\u0301\u0323" * 40,
    "spreadsheet formula": "=HYPERLINK(\"https://example.invalid\",\"x\")",
    "very long word": "W" * 3000,
    "tab and line ends": "a\tb\r\nc\rd\ne",
}  # fmt: skip


def mixtures(count: int, *, seed: int) -> list[str]:
    """Return texts put together from halves of the ways and from single dangerous characters."""
    draw = random.Random(seed)
    pieces = [half for text in WAYS.values() if len(text) < 200 for half in (text, text[: len(text) // 2], text[len(text) // 2 :])]
    pieces += [*"<>\"'`${}\\&#;/=()[]%!-\n\r\t\0", "\u2028", "&#", "</", "\\u", "${", "x0"]
    return ["".join(draw.choice(pieces) for _ in range(draw.randint(1, 5))) for _ in range(count)]
