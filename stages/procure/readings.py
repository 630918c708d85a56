"""How single elements of a guide are read: headings, list numbers, definitions, lines."""

from __future__ import annotations

import re

from stages.procure.markup import (
    HEADING_TAGS,
    INLINE_TAGS,
    SILENT_TAGS,
    Element,
    collapse,
    has_block_child,
    is_element,
    link_ratio,
    squeeze,
    text_of,
)

_PSEUDO_HEADING_CHARS = 80
_PSEUDO_HEADING_HAN = 30
_SHORT_DEFINITION_CHARS = 500
_ENDS_LIKE_TEXT = re.compile(r"[.!。！;；,，、:：…]$")
_ENDS_SENTENCE = re.compile(r"[.!?。！？…:：;；”」』\"]$")
_BULLET = re.compile(r"^[•●▪◦‣∙■□◆◇★☆※✓✔►▶]\s*(?=\S)")
_DASH = re.compile(r"^[-–—*·]\s+(?=\S)")
_BOLD_STYLE = re.compile(r"font-weight\s?:\s?(?:bold|[6-9]00)", re.IGNORECASE)
_HAN = re.compile(r"[\u3400-\u9fff]")
# Stands for a line break inside running text until lines are split.
BREAK = "\u2028"


def is_inline(node: Element) -> bool:
    return node.tag in INLINE_TAGS and node.get("role") != "heading" and not has_block_child(node)


def inline_text(node: Element) -> str:
    """Text of an inline element; line breaks are kept as marks."""
    if node.tag in SILENT_TAGS:
        return ""
    parts = [node.text or ""]
    for child in node:
        if is_element(child) and child.tag not in SILENT_TAGS:
            parts.append(BREAK if child.tag == "br" else inline_text(child))
        parts.append(child.tail or "")
    return "".join(parts)


def own_text(node: Element) -> str:
    """What an element says itself, outside its block children."""
    if not len(node):
        return node.text or ""
    parts = [node.text or ""]
    for child in node:
        if is_element(child):
            if child.tag == "br":
                parts.append(" ")
            elif child.tag in INLINE_TAGS and not has_block_child(child):
                parts.append(inline_text(child).replace(BREAK, " "))
        parts.append(child.tail or "")
    return "".join(parts)


def heading_text(node: Element) -> str:
    """A heading's text without the sign that links to itself."""
    if has_block_child(node):
        return text_of(node)
    return collapse(inline_text(node).replace(BREAK, " "))


def heading_level(node: Element) -> int:
    level = node.get("aria-level") or ""
    if level.isdecimal() and int(level[:3]) >= 1:
        return min(6, int(level[:3]))
    if node.tag in HEADING_TAGS:
        return int(node.tag[1])
    return 2


def starts_with_heading(node: Element) -> bool:
    for inner in node.iter():
        if is_element(inner):
            if inner.tag in HEADING_TAGS:
                return True
            if collapse(inner.text or ""):
                return False
    return False


def first_number(node: Element) -> int:
    start = node.get("start") or ""
    if start.isdecimal() and len(start) < 7:
        return int(start)
    return sum(1 for child in node if child.tag == "li") if node.get("reversed") is not None else 1


def list_marker(number: int, node: Element) -> str:
    kind = node.get("type") or "1"
    if kind in ("a", "A") and 1 <= number <= 26:
        return f"{chr(ord(kind) + number - 1)}."
    return f"{number}."


def definition_pairs(node: Element) -> list[tuple[list[Element], list[Element]]]:
    pairs: list[tuple[list[Element], list[Element]]] = []
    for child in node.iter("dt", "dd"):
        if next(child.iterancestors("dl"), None) is not node:
            continue
        if child.tag == "dt":
            if not pairs or pairs[-1][1]:
                pairs.append(([], []))
            pairs[-1][0].append(child)
        else:
            if not pairs:
                pairs.append(([], []))
            pairs[-1][1].append(child)
    return pairs


def is_long_definition(texts: list[Element]) -> bool:
    if sum(len(text_of(text)) for text in texts) > _SHORT_DEFINITION_CHARS:
        return True
    return any(True for text in texts for _ in text.iter("ul", "ol", "table", "dl", *HEADING_TAGS))


def is_pseudo_heading(node: Element) -> bool:
    """A short paragraph that is bold from end to end and does not read like a sentence."""
    bold = [inner for inner in node.iter("b", "strong", "span") if is_bold(inner)]
    if not bold:
        return False
    text = text_of(node)
    if not _reads_like_heading(text) or link_ratio(node) > 0.5:
        return False
    whole = len(squeeze(text))
    if len(bold) == 1 or len(squeeze(text_of(bold[0]))) >= whole:
        return len(squeeze(text_of(bold[0]))) >= whole
    outer = [part for part in bold if not any(is_bold(up) for up in part.iterancestors())]
    return sum(len(squeeze(text_of(part))) for part in outer) >= whole


def is_bold(node: Element) -> bool:
    return node.tag in ("b", "strong") or (
        "font-weight" in (style := node.get("style") or "")
        and _BOLD_STYLE.search(style) is not None
    )


def _reads_like_heading(text: str) -> bool:
    limit = _PSEUDO_HEADING_HAN if _HAN.search(text) else _PSEUDO_HEADING_CHARS
    return 0 < len(text) <= limit and not _ENDS_LIKE_TEXT.search(text)


def opens_with_bold_line(node: Element) -> str:
    """The text of a bold element that is the whole first line of a box, '' if there is none."""
    if (node.text or "").strip() or not len(node):
        return ""
    first = node[0]
    if first.tag not in ("b", "strong", "span") or not is_bold(first) or (first.tail or "").strip():
        return ""
    following = first.getnext()
    ends_line = following is None or following.tag == "br" or not is_inline(following)
    text = text_of(first)
    if following is not None and following.tag == "br":
        after = (following.tail or "").strip()[:1]
        # `1 in 4 adults` over `has cavities` is one sentence in two sizes.
        ends_line = not after.islower()
    if not ends_line or not _reads_like_heading(text) or link_ratio(first) > 0.5:
        return ""
    return text


def split_lines(text: str) -> list[str]:
    """Paragraphs of a run of inline text: cut at double breaks, and at single ones where a
    sentence or a bullet shows that the page uses them for paragraphs.
    """
    lines: list[list[str]] = []
    blank = True
    for piece in text.split(BREAK):
        line = collapse(piece)
        if not line:
            blank = True
            continue
        goes_on = lines and not blank and not _ENDS_SENTENCE.search(lines[-1][-1])
        if goes_on and not _has_bullet(line) and not _has_bullet(lines[-1][0]):
            lines[-1].append(line)
        else:
            lines.append([line])
        blank = False
    return [" ".join(parts) for parts in lines]


def _has_bullet(line: str) -> bool:
    return bool(_BULLET.match(line) or _DASH.match(line))


def are_bullets(lines: list[str]) -> list[bool]:
    """Which lines of a paragraph are of a list written with signs. A star or dash alone marks a
    note or a speaker, so it takes two of them.
    """
    dashes = [bool(_DASH.match(line)) for line in lines]
    is_list = sum(dashes) > 1
    return [
        bool(_BULLET.match(line)) or (is_dash and is_list)
        for line, is_dash in zip(lines, dashes, strict=True)
    ]


def without_bullet(line: str) -> str:
    """The line behind its bullet."""
    return _DASH.sub("", _BULLET.sub("", line))
