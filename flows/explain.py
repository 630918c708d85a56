"""What the line makes of one page: read from a file, judged, chopped and explained.

`explain_web` reads one from the web. The page goes through the same extraction, judgement and
chopping as in a run, under the rules of a source; nothing of it is kept.
"""

from __future__ import annotations

import re
import shlex
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from flows.evals.files import read_bytes
from flows.evals.guides import HTML, MARKDOWN
from flows.evals.markdown import read_markdown
from stages.chop import chop_guide, coverage, overlap
from stages.chop.explain import HEADING, Explanation, Part, explain_guide
from stages.errors import ConfigError
from stages.policy import Policy
from stages.procure.extract import extract_page
from stages.procure.guide import build_guide
from stages.procure.judge import judge_page
from stages.procure.licence import find_disagreement
from stages.procure.urls import guide_id, in_scope, normalise_url
from stages.seeds import load_sources
from stages.text import count_words, is_chinese
from stages.types import (
    Block,
    BlockKind,
    Card,
    Guide,
    Page,
    PageContent,
    Quarantine,
    Reuse,
    Source,
    Span,
)
from store.settings import Settings

MAX_FILE_BYTES = 20_000_000
"""Twice what the crawler takes of one page: a file was chosen by a person."""

CHECK_MEANINGS = {
    "trace": "every line is a verbatim piece of the guide",
    "size": "40 to 120 words (64 to 192 Han characters), or a whole short section",
    "one_idea": "one section, or short ones beside each other, each under its heading",
    "located": "breadcrumbs name the guide and every heading above",
    "whole": "starts and ends at the edge of a sentence, item or row",
    "no_dangling_opener": (
        "opens without a “this” or “however” that only earlier text explains, and points to "
        "nothing outside the card"
    ),
    "lead_in": "a list stands with the line that introduces it, a row with its header",
    "numbers": "a figure stays in its full sentence or row, with its condition",
    "warnings": "a warning stays with its condition; nothing that only points elsewhere",
}
"""The nine card checks, in words for a reader who meets them for the first time."""

NO_SOURCE = "file"
"""Id of the rules a file is judged by when no source is named."""

NO_HOST = "http://file.invalid/"
"""Where a file of no known address stands: a name that can never be anybody's."""

_WEB = re.compile(r"https?://", re.IGNORECASE)
_LOOKS_LIKE_HTML = re.compile(rb"<(?:!doctype|html|head|body|article|main|h[1-6]|p|div)\b", re.I)


@dataclass(frozen=True, slots=True)
class Reading:
    """A page as a run would read it.

    origin: the file or address. guide: of all its pages, also of a page that would be set aside
    (quarantine says why). hidden, lost: of all pages, as in `PageContent`. notes: what a run would
    do beyond reading this page, a sentence each.
    """

    origin: str
    source: Source
    guide: Guide
    quarantine: Quarantine | None
    licence_line: str
    hidden: tuple[str, ...]
    lost: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chopped:
    """A reading with its cards. coverage, overlap: shares of the guide's content, 0..1."""

    reading: Reading
    cards: tuple[Card, ...]
    explanation: Explanation
    coverage: float
    overlap: float

    @property
    def failed(self) -> dict[str, tuple[str, ...]]:
        """Names of the checks a card fails, by card id."""
        return {part.card.id: part.failed for part in self.explanation.parts if part.card}

    @property
    def reasons(self) -> dict[str, str]:
        """Why a card begins where it does, by card id."""
        reasons: dict[str, str] = {}
        for part in self.explanation.parts:
            if part.card and not reasons.get(part.card.id):
                reasons[part.card.id] = part.reason
        return reasons

    @property
    def gaps(self) -> tuple[Part, ...]:
        return tuple(part for part in self.explanation.parts if part.is_gap)


@dataclass(frozen=True, slots=True)
class Line:
    """A block, or the piece of one that stands in a run of text."""

    block: Block
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """Parts of the guide that follow each other and belong together: a card, headings, or a gap.

    card: None for headings and gaps. is_first: the card begins here, and does not go on after a
    gap. reason: why it was cut here, or why the text is in no card. again: lines that the card
    shows and that stand elsewhere in the guide, as the lead-in of a long list does.
    """

    card: Card | None
    is_first: bool
    is_heading: bool
    reason: str
    failed: tuple[str, ...]
    lines: tuple[Line, ...]
    again: tuple[str, ...] = ()


def is_web_address(what: str) -> bool:
    return _WEB.match(what) is not None


# --- reading -----------------------------------------------------------------------------------


def read_file(path: Path, source: Source | None = None) -> Reading:
    """A page saved as HTML, PDF or Markdown. source: whose rules it is judged by.

    A page that names its own address within the source is read as that address, so that its guide
    and cards get the ids they have in a run. Raises ConfigError for a file that cannot be read.
    """
    if path.is_dir():
        raise ConfigError(
            f"{path} is a directory; name one page in it. To measure all of them: "
            f"spoonful eval chop --data {shlex.quote(str(path))}"
        )
    if not path.is_file():
        raise ConfigError(
            f"There is no file {path}. A web address begins with https://, a page of your own is "
            "an HTML, PDF or Markdown file."
        )
    if path.stat().st_size > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // 1_000_000
        raise ConfigError(f"{path} is larger than {limit} MB; a guide is a page, not a book.")
    body = read_bytes(path)
    url = NO_HOST + quote(path.name)
    content, content_type = _extract_file(path, body, url)
    rules = source or _no_source(path)
    if source and content.canonical and in_scope(content.canonical, source):
        url = normalise_url(content.canonical)
    page = Page(url, url, 200, datetime.now(UTC), content_type, body=body)
    return put_together(str(path), rules, url, [page], [content])


def _extract_file(path: Path, body: bytes, url: str) -> tuple[PageContent, str]:
    suffix = path.suffix.lower()
    if body[:5] == b"%PDF-":
        return extract_page(body, url, "application/pdf"), "application/pdf"
    if suffix in HTML or (suffix not in MARKDOWN and _LOOKS_LIKE_HTML.search(body[:4096])):
        return extract_page(body, url, "text/html"), "text/html"
    if suffix in (*MARKDOWN, ".txt"):
        text = body.decode("utf-8-sig", errors="replace")
        return read_markdown(text, path.stem), "text/html"
    expected = ", ".join((*HTML, *MARKDOWN, ".pdf"))
    raise ConfigError(f"{path} is no page that can be read; expected a file of {expected}.")


def _no_source(path: Path) -> Source:
    """Rules for a file of nobody's: any language, no licence known."""
    return Source(
        id=NO_SOURCE,
        publisher=path.name,
        homepage=NO_HOST,
        languages=(),
        reuse=Reuse.UNKNOWN,
        licence="",
        licence_url="",
        attribution="",
    )


def get_source(known: dict[str, Source], source_id: str) -> Source:
    """Raises ConfigError naming the known ones."""
    if source_id not in known:
        names = ", ".join(sorted(known))
        raise ConfigError(f"There is no source {source_id}. Known are: {names}.")
    return known[source_id]


def find_source(source_id: str, settings: Settings) -> Source:
    """A source of sources.yaml, on or off, by its id. Raises ConfigError."""
    return get_source({each.id: each for each in load_sources(settings.sources_file)}, source_id)


def put_together(
    origin: str, source: Source, url: str, pages: Sequence[Page], contents: Sequence[PageContent]
) -> Reading:
    """A reading of a guide's pages in order. url: the address the guide is known by."""
    first = contents[0]
    urls = [url, *(page.url for page in pages[1:])]
    guide = build_guide(source, url, contents, urls)
    if source.id != NO_SOURCE:
        finding = find_disagreement(first.licence, source, guide.url)
        guide = replace(guide, licence_finding=finding)
    return Reading(
        origin=origin,
        source=source,
        guide=guide,
        quarantine=judge_page(pages[0], first, source),
        licence_line=first.licence,
        hidden=tuple(text for content in contents for text in content.hidden),
        lost=tuple(text for content in contents for text in content.lost),
        notes=tuple(_notes(source, url, len(pages), first, contents[-1])),
    )


def _notes(
    source: Source, url: str, pages: int, first: PageContent, last: PageContent
) -> Sequence[str]:
    """What a run would do beyond this page. A saved file's links may lead nowhere by themselves."""
    notes = []
    is_file = url.startswith(NO_HOST)
    canonical = "" if first.canonical.startswith(NO_HOST) else first.canonical
    if canonical and guide_id(source, canonical) != guide_id(source, url):
        if in_scope(canonical, source):
            notes.append(
                f"This page is a copy: a run takes {canonical}, which it names as its original."
            )
        elif is_file:
            notes.append(
                f"The page says its address is {canonical}. Saved from another one, it is a copy, "
                "and a run takes the original."
            )
        else:
            notes.append(
                f"This page is a copy: it names {canonical} as its original, which source "
                f"{source.id} does not cover."
            )
    if first.prev_url:
        before = first.prev_url.removeprefix(NO_HOST)
        notes.append(f"A further page of a guide: {before} comes before it.")
    if pages > 1:
        notes.append(f"{pages} pages make this guide.")
    elif last.next_url:
        following = last.next_url.removeprefix(NO_HOST)
        notes.append(f"The guide goes on at {following}{', which a run reads' * is_file}.")
    return notes


# --- chopping ----------------------------------------------------------------------------------


def chop_reading(reading: Reading, policy: Policy, target: int | None = None) -> Chopped:
    """The reading's cards. target: cards of a usual guide, the source's own when None."""
    guide = reading.guide
    cards = chop_guide(guide, policy, target or reading.source.target_cards)
    explanation = explain_guide(guide, cards)
    return Chopped(reading, cards, explanation, coverage(guide, cards), overlap(guide, cards))


def list_runs(chopped: Chopped) -> tuple[Run, ...]:
    """The guide from top to bottom, its parts joined where they belong together."""
    guide, runs, begun = chopped.reading.guide, list[Run](), set[str]()
    starts = [block.start for block in guide.blocks]
    headings = {(b.start, b.end) for b in guide.blocks if b.kind is BlockKind.HEADING}
    owned = defaultdict[str, list[Span]](list)
    for part in chopped.explanation.parts:
        if part.card:
            owned[part.card.id].append(part.span)
    for part in chopped.explanation.parts:
        lines = _lines_of(guide, starts, part)
        last = runs[-1] if runs else None
        if last and _belong_together(last, part):
            runs[-1] = replace(last, lines=(*last.lines, *lines))
            continue
        is_heading = part.card is None and part.reason == HEADING
        is_first = part.card is not None and part.card.id not in begun
        again: tuple[str, ...] = ()
        if part.card and is_first:
            begun.add(part.card.id)
            again = _lines_again(guide, part.card, owned[part.card.id], headings)
        reason = "" if is_heading else part.reason
        runs.append(Run(part.card, is_first, is_heading, reason, part.failed, lines, again))
    return tuple(runs)


def _belong_together(run: Run, part: Part) -> bool:
    if run.card or part.card:
        return run.card is part.card
    is_heading = part.reason == HEADING
    return run.is_heading == is_heading and (is_heading or run.reason == part.reason)


def _lines_of(guide: Guide, starts: Sequence[int], part: Part) -> tuple[Line, ...]:
    """The blocks of a part, each cut to what of it lies in the part."""
    start, end = part.span
    lines = []
    for block in guide.blocks[max(0, bisect_right(starts, start) - 1) : bisect_left(starts, end)]:
        low, high = max(start, block.start), min(end, block.end)
        if low < high and (text := guide.text[low:high].strip()):
            lines.append(Line(block, text))
    return tuple(lines)


def _lines_again(
    guide: Guide, card: Card, own: Sequence[Span], headings: Collection[Span]
) -> tuple[str, ...]:
    return tuple(
        guide.text[span[0] : span[1]]
        for span in card.spans
        if span not in headings and not any(_touch(span, other) for other in own)
    )


def _touch(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def summary_line(chopped: Chopped) -> str:
    """Counts of a chopped page in one line."""
    guide, count = chopped.reading.guide, len(chopped.cards)
    bad = sum(1 for names in chopped.failed.values() if names)
    size = f"{count_words(guide.text, guide.lang):,} {unit_of(guide.lang)}"
    checks = f"{bad} with a failed check" if bad else "every check passed"
    cards = f"{_number(count, 'card')}, {checks}" if count else "no card"
    gaps = f", {_number(len(chopped.gaps), 'piece')} left out" if chopped.gaps else ""
    shares = f"coverage {chopped.coverage:.1%}, overlap {chopped.overlap:.1%}"
    return f"{size}: {cards}; {shares}{gaps}"


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def unit_of(lang: str) -> str:
    return "Han characters" if is_chinese(lang) else "words"
