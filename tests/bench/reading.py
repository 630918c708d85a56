"""A page from bytes to cards in a worker, imported there without the rest of the line."""

from __future__ import annotations

from flows.cutting import chop_in_worker
from stages.procure.extract import extract_page
from stages.procure.guide import build_guide
from stages.procure.judge import judge_page
from stages.types import Card, Page, Source


def read_page(page: Page, source: Source, policy_file: str) -> tuple[Card, ...]:
    """Its cards; none when the page is no guide."""
    content = extract_page(page.body, page.final_url, page.content_type)
    if judge_page(page, content, source):
        return ()
    guide = build_guide(source, page.url, [content])
    return chop_in_worker(guide, policy_file, "", source.target_cards)
