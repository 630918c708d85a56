"""When a page was last reviewed, as far as it says so."""

from __future__ import annotations

import re
from datetime import date

from stages.procure.markup import Element, collapse, text_of
from stages.procure.metadata import Structured, read_meta, structured_text
from stages.procure.survey import Survey

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january", "feb february", "mar march", "apr april", "may", "jun june",
            "jul july", "aug august", "sep sept september", "oct october", "nov november",
            "dec december",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_ISO = re.compile(r"(?<!\d)((?:19|20)\d\d)[-/.年]\s?(\d{1,2})[-/.月]\s?(\d{1,2})(?!\d)")
_DAY_MONTH = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)?\s+([A-Za-z]{3,9})\.?,?\s+((?:19|20)\d\d)\b")
_MONTH_DAY = re.compile(r"\b([A-Za-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+((?:19|20)\d\d)\b")
_SLASHED = re.compile(r"(?<!\d)(\d{1,2})[/.](\d{1,2})[/.]((?:19|20)\d\d)(?!\d)")
_REVIEWED = re.compile(
    r"(?:last|medically|page last|content last)\s+(?:reviewed|checked)|reviewed (?:on|:)?"
    r"|review date"
    r"|审核|审定|审校|審核|審訂",
    re.IGNORECASE,
)
_UPDATED = re.compile(r"updated|modified|revised|checked|更新|修订|修訂|修改", re.IGNORECASE)
_NEXT_REVIEW = re.compile(r"next review|review (?:is )?due|下次审核|下次審核", re.IGNORECASE)


def parse_date(text: str) -> str:
    """The first date of a short text as ISO, '' if none. 25/08/2026 is read day first unless
    that is impossible.
    """
    found: list[tuple[int, str]] = []
    for pattern, order in (
        (_ISO, "ymd"),
        (_DAY_MONTH, "dby"),
        (_MONTH_DAY, "bdy"),
        (_SLASHED, "dmy"),
    ):
        if match := pattern.search(text[:400]):
            value = _date_of(match, order)
            if value:
                found.append((match.start(), value))
    return min(found)[1] if found else ""


def _date_of(match: re.Match[str], order: str) -> str:
    parts = dict(zip(order, match.groups(), strict=True))
    month = _MONTHS.get(parts["b"].lower(), 0) if "b" in parts else int(parts["m"])
    day = int(parts["d"])
    if order == "dmy" and month > 12 >= day:
        day, month = month, day
    try:
        return date(int(parts["y"]), month, day).isoformat()
    except ValueError:
        return ""


def read_reviewed(survey: Survey, structured: Structured) -> str:
    """ISO date of the last review; failing that of the last change; '' if the page says neither."""
    if value := parse_date(structured_text(structured, "lastReviewed")):
        return value
    reviewed, updated = _visible_dates(survey.root)
    if reviewed:
        return reviewed
    for text in (
        structured_text(structured, "dateModified"),
        read_meta(survey, "article:modified_time", "dcterms.modified", "dc.date.modified",
              "og:updated_time", "last-modified", "datemodified"),
        _item_date(survey),
    ):  # fmt: skip
        if value := parse_date(text):
            return value
    return updated


def _item_date(survey: Survey) -> str:
    for node in survey.named("itemprop"):
        if node.get("itemprop") in ("lastReviewed", "dateModified"):
            return collapse(node.get("datetime") or node.get("content") or text_of(node))
    return ""


def _text_before(node: Element) -> str:
    """The words right before a time element, in its line or in the element before it."""
    previous = node.getprevious()
    before = (previous.tail if previous is not None else node.getparent().text) or ""
    return collapse(before)[-60:]


def _visible_dates(root: Element) -> tuple[str, str]:
    """(reviewed, updated) dates of lines that say so, next reviews left out."""
    updated = ""
    for node in root.iter("time", "p", "span", "div", "li", "em", "small", "dd", "td", "footer"):
        line = text_of(node) if node.tag == "time" else node.text or ""
        if node.tag != "time":
            # Most lines are done here: no year, no date.
            if "20" not in line and "19" not in line and node.get("datetime") is None:
                continue
            line = collapse(line)
        if not line or len(line) > 200:
            continue
        before = ""
        if node.tag == "time" and node.getparent() is not None:
            before = _text_before(node)
        label = f"{before} {line}"
        if _NEXT_REVIEW.search(before or line.split(":")[0]):
            continue
        value = parse_date(node.get("datetime") or "") or parse_date(line)
        if value and _REVIEWED.search(label):
            return value, updated
        if value and not updated and _UPDATED.search(label):
            updated = value
    return "", updated
