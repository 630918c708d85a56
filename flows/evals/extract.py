"""`eval extract`: our extraction against gold text, trafilatura's defaults beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from flows.evals.files import (
    Row,
    Step,
    by_id,
    check_folder,
    file_inside,
    mean,
    no_step,
    read_bytes,
    read_rows,
    share,
)
from flows.evals.overlap import Overlap, measure_overlap
from stages.procure.extract import extract_page
from stages.text import collapse

GOLD = "gold.jsonl"


@dataclass(frozen=True, slots=True)
class GoldPage:
    """A page with what a reader would call its main text. lang: primary subtag."""

    body: bytes
    url: str
    lang: str
    main_content: str
    must_have: tuple[str, ...]
    must_not_have: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What an extractor made of a page: its main text, and the title if it keeps that apart."""

    text: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class PageScore:
    """kept and leaked: how many of the page's must_have and must_not_have stand in the text."""

    lang: str
    overlap: Overlap
    kept: int
    must_have: int
    leaked: int
    must_not_have: int
    seconds: float


Extractor = Callable[[GoldPage], Found]


def run_extract(data: Path, step: Step = no_step) -> dict[str, Any]:
    """Both extractors over all pages, one after the other in this process.

    Raises ConfigError when the folder is not of the expected shape.
    """
    pages = read_gold(data)
    ours = _measure(pages, extract_ours, step, "ours")
    theirs = _measure(pages, extract_trafilatura, step, "trafilatura")
    return figures(ours) | {"trafilatura": figures(theirs)}


def read_gold(data: Path) -> tuple[GoldPage, ...]:
    """The pages `gold.jsonl` names, with their bytes."""
    rows = by_id(read_rows(check_folder(data, [GOLD]) / GOLD)).values()
    return tuple(_page(data, row) for row in rows)


def _page(data: Path, row: Row) -> GoldPage:
    return GoldPage(
        body=read_bytes(file_inside(data, row, "html")),
        url=row.optional_text("url"),
        lang=row.text("lang").replace("_", "-").partition("-")[0].lower(),
        main_content=row.text("main_content"),
        must_have=row.texts("must_have"),
        must_not_have=row.texts("must_not_have"),
    )


def extract_ours(page: GoldPage) -> Found:
    """Blocks of the guide, a line each; the title is the guide's own field, not text."""
    content = extract_page(page.body, page.url, "text/html")
    return Found("\n".join(block.text for block in content.blocks), content.title)


def extract_trafilatura(page: GoldPage) -> Found:
    """trafilatura as it comes: `extract(body)` and no option."""
    import trafilatura  # 0.5 s that `spoonful --help` need not pay

    return Found(trafilatura.extract(page.body) or "")


def score_page(page: GoldPage, found: Found, seconds: float = 0.0) -> PageScore:
    """Overlap is of the main text. Snippets are looked for in title and text as they are written,
    white space collapsed: an h1 may be the title.
    """
    said = collapse(found.title) + "\n" + collapse(found.text)
    return PageScore(
        lang=page.lang,
        overlap=measure_overlap(page.main_content, found.text),
        kept=_count(page.must_have, said),
        must_have=len(page.must_have),
        leaked=_count(page.must_not_have, said),
        must_not_have=len(page.must_not_have),
        seconds=seconds,
    )


def figures(scores: Sequence[PageScore]) -> dict[str, Any]:
    """Means over pages; must_have is the share kept, must_not_have the share leaked, of all
    snippets together (None where there are none).
    """
    by_lang = {
        lang: _figures([score for score in scores if score.lang == lang])
        for lang in sorted({score.lang for score in scores})
    }
    return _figures(scores) | {"by_lang": by_lang}


def _figures(scores: Sequence[PageScore]) -> dict[str, Any]:
    return {
        "f1": mean([score.overlap.f1 for score in scores]),
        "precision": mean([score.overlap.precision for score in scores]),
        "recall": mean([score.overlap.recall for score in scores]),
        "must_have": share(sum(s.kept for s in scores), sum(s.must_have for s in scores)),
        "must_not_have": share(sum(s.leaked for s in scores), sum(s.must_not_have for s in scores)),
        "pages_per_s": share(len(scores), sum(score.seconds for score in scores)),
    }


def _measure(
    pages: Sequence[GoldPage], extract: Extractor, step: Step, name: str
) -> tuple[PageScore, ...]:
    extract(pages[0])  # imports and tables an extractor loads once are not the page's time
    scores = []
    for page in pages:
        start = perf_counter()
        found = extract(page)
        seconds = perf_counter() - start
        scores.append(score_page(page, found, seconds))
        step(name)
    return tuple(scores)


def _count(snippets: Iterable[str], said: str) -> int:
    return sum(collapse(snippet) in said for snippet in snippets)
