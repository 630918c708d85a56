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
# What pages are written in: the sets browsers read, under Python's names, and their relatives.
# Python's others are no text of pages (`idna`, `undefined`, `unicode_escape`, `rot13`), so a page
# that declares one of them has declared nothing.
_READABLE = frozenset(
    """
    utf-8 utf-8-sig utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be
    gb2312 gbk gb18030 hz big5 big5hkscs cp950 euc_jp shift_jis cp932 iso2022_jp euc_kr cp949 johab
    ascii iso8859-1 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9
    iso8859-10 iso8859-11 iso8859-13 iso8859-14 iso8859-15 iso8859-16 cp437 cp850 cp852 cp866 cp874
    cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 koi8-r koi8-u mac-roman
    mac-cyrillic tis-620
    """.split()
)
# A declared set that turns more than this share of characters into U+FFFD is wrong.
_BROKEN_RATIO = 0.01


def _python_name(label: str) -> str:
    """The codec to read a declared charset with, '' if pages are not written in it."""
    try:
        name = codecs.lookup(label.strip()).name
    except (LookupError, ValueError):
        return ""
    return _WIDER.get(name, name) if name in _READABLE else ""


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
    """The page's text, without its BOM and with NULs removed; never raises.

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
