"""A page from bytes to cards in a worker, imported there without the rest of the line."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from stages.chop import chop_guide
from stages.policy import Policy
from stages.procure.extract import extract_page
from stages.procure.guide import build_guide
from stages.procure.judge import judge_page
from stages.seeds import load_policy
from stages.types import Page, Source

POLICY_FILE = Path(__file__).resolve().parents[2] / "seeds" / "policy.yaml"


@cache
def _policy() -> Policy:
    """Once in each worker: sent along with every page it would cost more than the page."""
    return load_policy(POLICY_FILE)


def read_page(page: Page, source: Source) -> int | None:
    """In a worker: from bytes to cards. How many, None when the page is no guide."""
    content = extract_page(page.body, page.final_url, page.content_type)
    if judge_page(page, content, source):
        return None
    guide = build_guide(source, page.url, [content])
    return len(chop_guide(guide, _policy(), source.target_cards))
