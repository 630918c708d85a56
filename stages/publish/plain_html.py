"""Approved plain text as a few harmless HTML elements.

The text is data: every character is escaped, and the only elements are the ones made here.
"""

from __future__ import annotations

import re
from html import escape
from itertools import groupby
from urllib.parse import urlsplit

from stages.text import is_chinese, strip_hidden

_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# What XML 1.0 cannot hold at all, beyond what strip_hidden takes: surrogates, non-characters.
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BULLET = re.compile(r"[-*•‣·–][ \t\u3000]+(?=\S)")
_NUMBER = re.compile(r"([0-9]{1,3})[.)、．][ \t\u3000]+(?=\S)")
_URL = re.compile(r"https?://[^\s<>\"'\\^`{|}\x00-\x20\x7f-\x9f]{1,2000}", re.IGNORECASE)


def clean_text(text: str) -> str:
    """Text an XML document can hold and a reader can see; every line end becomes a newline."""
    return _NOT_XML.sub("", strip_hidden(_LINE_END.sub("\n", text)))


def safe_url(url: str) -> str:
    """The URL when it is a plain http or https one, else ''.

    A user name before the host is left out: it makes a foreign host look like a known one.
    """
    url = url.strip()
    if not _URL.fullmatch(url) or strip_hidden(url) != url or _NOT_XML.search(url):
        return ""
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:  # a broken port or IPv6 address
        return ""
    return url if parts.hostname and has_port and "@" not in parts.netloc else ""


def text_to_html(text: str) -> str:
    """Paragraphs at empty lines, `-` and `1.` lines as lists, other line ends as breaks."""
    paragraphs = re.split(r"\n[ \t\u3000]*\n\s*", clean_text(text).strip())
    return "".join(_paragraph(paragraph) for paragraph in paragraphs if paragraph.strip())


def source_to_html(attribution: str, source_url: str, lang: str) -> str:
    """The closing line of a post: who wrote the source and a link to it, '' without either."""
    credit = " ".join(clean_text(attribution).split())
    url = safe_url(source_url)
    parts = [escape(credit)] if credit else []
    if url:
        words = "查看原文" if is_chinese(lang) else "Read the original page"
        parts.append(f'<a href="{escape(url)}" rel="nofollow noopener noreferrer">{words}</a>')
    return f"<p><small>{' '.join(parts)}</small></p>" if parts else ""


def _paragraph(paragraph: str) -> str:
    lines = [line.strip() for line in paragraph.split("\n") if line.strip()]
    runs = groupby(lines, key=_list_kind)
    return "".join(_run(kind, list(run)) for kind, run in runs)


def _list_kind(line: str) -> str:
    if _BULLET.match(line):
        return "ul"
    return "ol" if _NUMBER.match(line) else "p"


def _run(kind: str, lines: list[str]) -> str:
    if kind == "ul":
        items = (_BULLET.sub("", line, count=1) for line in lines)
        return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"
    if kind == "ol":
        numbers = [int(hit.group(1)) for hit in map(_NUMBER.match, lines) if hit]
        first = numbers[0]
        # A browser numbers the items itself, so only a row it would number the same way.
        if numbers == list(range(first, first + len(lines))):
            items = (_NUMBER.sub("", line, count=1) for line in lines)
            inside = "".join(f"<li>{escape(item)}</li>" for item in items)
            return f'<ol start="{first}">{inside}</ol>' if first != 1 else f"<ol>{inside}</ol>"
    return f"<p>{'<br>'.join(map(escape, lines))}</p>"
