"""The bytes of one page to its guide: blocks in reading order, what the page says of itself, and
what was hidden in it. Pure and picklable: runs in a process pool.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stages.procure.blocks import read_blocks
from stages.procure.charset import decode_body
from stages.procure.dates import read_reviewed
from stages.procure.furniture import is_furniture_heading, is_furniture_line
from stages.procure.hidden import remove_hidden
from stages.procure.licence import read_licence
from stages.procure.marks import settle_marks
from stages.procure.markup import (
    Element,
    Finder,
    collapse,
    is_attached,
    parse_html,
    squeeze,
    text_of,
)
from stages.procure.metadata import (
    choose_language,
    choose_title,
    first_headings,
    read_canonical,
    read_declared_language,
    read_neighbours,
    read_structured,
    read_title_hints,
)
from stages.procure.notes import tie_notes, without_label
from stages.procure.prune import prune
from stages.procure.readings import own_text
from stages.procure.region import find_region
from stages.procure.survey import Survey
from stages.types import Block, BlockKind, PageContent

EXTRACT_VERSION = "2"
"""Raised whenever the same bytes may give other blocks, so that unchanged pages are read again from
their snapshots.
"""

_MAX_HTML_CHARS = 8_000_000
_MAX_LOST = 50
_PDF_MAGIC = b"%PDF-"
# Readers accept a PDF whose first line is not the first of the file.
_MAGIC_WINDOW_BYTES = 1024
_NOTE_EDGES = re.compile(r"[;；]")


def extract_page(body: bytes, url: str, content_type: str = "") -> PageContent:
    """Read one page, HTML or PDF. url: where it was found, for its relative links; content_type:
    the header, whose charset wins. Never raises on bad markup: a page without text has no blocks.
    """
    if _PDF_MAGIC in body[:_MAGIC_WINDOW_BYTES]:
        # Imported here: few sources publish PDF, and the library is large.
        from stages.procure.pdf import extract_pdf

        return extract_pdf(body, url)
    text = decode_body(body, content_type)[:_MAX_HTML_CHARS]
    root = parse_html(text)
    if root is None:
        return PageContent(title="", lang="", blocks=())
    survey = Survey(root)
    structured = read_structured(survey)
    hidden = remove_hidden(root, survey)
    licence = read_licence(survey, structured)
    reviewed = read_reviewed(survey, structured)
    canonical = read_canonical(survey, url)
    next_url, prev_url = read_neighbours(survey, url)
    notes = settle_marks(survey)
    hints = read_title_hints(survey)
    declared = read_declared_language(survey)
    prune(root)
    region, ratio = find_region(root)
    headings = [text_of(node) for node in first_headings(survey) if is_attached(node, region)]
    title = choose_title(hints, headings)
    blocks = _without_title(tie_notes(read_blocks(region), notes), title)
    return PageContent(
        title=title,
        lang=choose_language(declared, " ".join(block.text for block in blocks) or text_of(root)),
        blocks=blocks,
        canonical=canonical,
        next_url=next_url,
        prev_url=prev_url,
        licence=licence,
        reviewed=reviewed,
        hidden=hidden,
        lost=tuple(_lost(region, blocks))[:_MAX_LOST],
        link_ratio=round(ratio, 3),
    )


def _without_title(blocks: Sequence[Block], title: str) -> tuple[Block, ...]:
    """The title is the guide's own field, not a block of its text."""
    same = squeeze(title)
    return tuple(
        block
        for index, block in enumerate(blocks)
        if not (
            block.kind is BlockKind.HEADING
            and squeeze(block.text) == same
            and (block.level == 1 or index == 0)
        )
    )


def _lost(region: Element, blocks: tuple[Block, ...]) -> Iterator[str]:
    """Audit: texts of list items, cells, terms and boxes of the region that are in no block."""
    said = Finder(squeeze("".join(block.text for block in blocks)))
    seen: set[str] = set()
    for node in region.iter("li", "td", "th", "dd", "dt", "p", "summary", "figcaption"):
        key = squeeze(own_text(node))
        if len(key) < 2 or key in seen or said.holds(key) or not any(c.isalnum() for c in key):
            continue
        text = collapse(own_text(node))
        if is_furniture_line(text) or is_furniture_heading(text):
            continue
        seen.add(key)
        # Notes that stood in one line are blocks of their own.
        if not all(said.holds(squeeze(part)) for part in _NOTE_EDGES.split(without_label(text))):
            yield text
