"""Pages put together to one guide: text, offsets, hash."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from stages.procure.markup import collapse, squeeze
from stages.procure.urls import guide_id, normalise_url
from stages.types import Block, BlockKind, Guide, PageContent, Source


def build_guide(
    source: Source, url: str, contents: Sequence[PageContent], page_urls: Sequence[str] = ()
) -> Guide:
    """One guide of its pages in reading order; title, language and date are the first page's.

    url: the guide's own address (its first page's). page_urls: one for each content; defaults to
    the url alone. The guide has them in the spelling of `normalise_url`, so that posts link to
    no address that tracks. Raises ValueError without contents.
    """
    if not contents:
        raise ValueError("a guide is built of at least one page")
    first = contents[0]
    title = collapse(first.title) or _first_heading(first) or source.publisher
    blocks, text = _lay_out(list(_join(contents, title)))
    normal = normalise_url(url) or url
    reuse = {normalise_url(page): reuse for page, reuse in source.page_reuse.items()}
    return Guide(
        id=guide_id(source, url),
        source_id=source.id,
        url=normal,
        title=title,
        lang=first.lang or next((part.lang for part in contents if part.lang), "") or "en",
        blocks=blocks,
        text=text,
        content_hash=content_hash(blocks),
        reuse=reuse.get(normal, source.reuse),
        licence=source.licence,
        attribution=source.attribution,
        reviewed=next((part.reviewed for part in contents if part.reviewed), ""),
        page_urls=tuple(normalise_url(page) or page for page in page_urls) or (normal,),
    )


_PART_OF_A_WORK = re.compile(
    r"[\s\-–|:：,，(（\[]*(?:\b(?:page|part|pt\.?|p\.)\s*\d{1,2}(?:\s*(?:of|/)\s*\d{1,2})?"
    r"|第\s*[\d一二三四五六七八九十]{1,3}\s*(?:页|頁|部分)|\d{1,2}\s?/\s?\d{1,2})[)）\]\s]*$",
    re.IGNORECASE,
)


def is_same_work(title: str, other: str) -> bool:
    """Whether two pages are parts of one work: their titles differ in the number of the page at
    most. `Week 4` and `Week 5` are works of their own.
    """
    return _without_part(title) == _without_part(other)


def _without_part(title: str) -> str:
    return squeeze(_PART_OF_A_WORK.sub("", collapse(title)[:300]))


def _first_heading(content: PageContent) -> str:
    return next((block.text for block in content.blocks if block.kind is BlockKind.HEADING), "")


def _join(contents: Sequence[PageContent], title: str) -> Iterator[Block]:
    """Blocks of all pages; list and table numbers go on, and the title is not repeated."""
    offset = 0
    for number, content in enumerate(contents):
        highest = 0
        for block in content.blocks:
            repeats_title = (
                number > 0
                and block.kind is BlockKind.HEADING
                and block.level == 1
                and squeeze(block.text) == squeeze(title)
            )
            if repeats_title:
                continue
            highest = max(highest, block.group)
            yield replace(block, group=block.group + offset if block.group else 0)
        offset += highest


def _lay_out(blocks: list[Block]) -> tuple[tuple[Block, ...], str]:
    """Blocks with their offsets in the guide's text: block texts joined by newlines."""
    placed: list[Block] = []
    position = 0
    for block in blocks:
        placed.append(replace(block, start=position))
        position += len(block.text) + 1
    return tuple(placed), "\n".join(block.text for block in placed)


def content_hash(blocks: Sequence[Block]) -> str:
    """SHA-256 over what a reader of the guide gets: kinds, levels, boxes and texts in order."""
    digest = hashlib.sha256()
    for block in blocks:
        row = [block.kind, block.level, block.marker, block.callout, block.text]
        digest.update(json.dumps(row, ensure_ascii=False).encode())
        digest.update(b"\n")
    return digest.hexdigest()
