"""Bytes of a page to text: HTTP header, then BOM, then meta, then a detector."""

from __future__ import annotations

import codecs
import re

_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_META_CHARSET = re.compile(
    rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE
)
_XML_ENCODING = re.compile(rb"^\s*<\?xml[^>]{0,200}encoding\s*=\s*[\"']([\w.:-]{2,40})")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Where a declaration may stand. Real pages put scripts before their meta, so more than the
# 1,024 bytes the standard asks browsers to look at.
_META_WINDOW_BYTES = 8192
# Pages that declare the small Chinese sets use characters of the large one; Latin-1 pages use
# the Windows quotes and dashes.
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "big5": "big5hkscs",
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
}
# A declared set that turns more than this share of characters into U+FFFD is wrong.
_BROKEN_RATIO = 0.01


def _python_name(label: str) -> str:
    """The codec to read a declared charset with, '' if there is none or it is no text codec."""
    try:
        info = codecs.lookup(label.strip())
    except (LookupError, ValueError):
        return ""
    if not getattr(info, "_is_text_encoding", True):
        return ""
    return _WIDER.get(info.name, info.name)


def _declared(body: bytes, content_type: str) -> list[str]:
    labels = []
    if match := _HEADER_CHARSET.search(content_type):
        labels.append(match.group(1))
    labels += [name for bom, name in _BOMS if body.startswith(bom)]
    head = body[:_META_WINDOW_BYTES]
    for pattern in (_META_CHARSET, _XML_ENCODING):
        if found := pattern.search(head):
            labels.append(found.group(1).decode("ascii", "replace"))
    return [name for name in map(_python_name, labels) if name]


def _is_wide_utf8(body: bytes) -> bool:
    """Bytes beyond ASCII that are valid UTF-8: by chance that hardly happens in Latin-1."""
    if body.isascii():
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _detected(body: bytes) -> str:
    # Imported here: only pages that declare nothing usable need it.
    from resiliparse.parse.encoding import detect_encoding

    return _python_name(detect_encoding(body) or "") or "utf-8"


def decode_body(body: bytes, content_type: str = "") -> str:
    """The page's text, without its BOM and with NULs removed; never raises on bad bytes.

    A declaration is believed in the order above as long as the bytes fit it; a page whose bytes
    fit none of its declarations is read as the detector says.
    """
    best = ""
    best_broken = 2.0
    candidates = _declared(body, content_type)
    if candidates[:1] == ["cp1252"] and _is_wide_utf8(body):
        candidates.insert(0, "utf-8")
    for name in dict.fromkeys([*candidates, "utf-8"]):
        if name == "utf-8" and name not in candidates and best_broken < _BROKEN_RATIO:
            continue
        text = body.decode(name, "replace")
        broken = text.count("\ufffd") / max(1, len(text))
        if broken == 0:
            best = text
            break
        if broken < best_broken:
            best, best_broken = text, broken
    else:
        if best_broken >= _BROKEN_RATIO:
            text = body.decode(_detected(body), "replace")
            if text.count("\ufffd") / max(1, len(text)) < best_broken:
                best = text
    return best.removeprefix("\ufeff").replace("\x00", "")
