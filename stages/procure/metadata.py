"""What a page says about itself: title, language, canonical and neighbour pages, review date."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from stages.procure.markup import Element, collapse, raw_text_of, squeeze, text_of
from stages.procure.survey import Survey

_HAN = re.compile(r"[\u3400-\u9fff]")
_MAX_TITLE_CHARS = 300
_LANGUAGE_SAMPLE_CHARS = 5000
_TITLE_SEPARATOR = re.compile(r"\s+[|\-–—·•»:]{1,2}\s+|\s*[|｜_]\s*|\s::\s|\s*[-–—]{2,3}\s*")
_PART_OF = re.compile(
    r"\s*[(（](?:page|part)\s*\d+\s*(?:of\s*\d+)?[)）]\s*$|\s*[(（]第\s*\d+\s*页[)）]\s*$", re.I
)


# --- title ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TitleHints:
    """What a page's head and headings offer as its title."""

    site: str
    page: str
    shared: str
    headings: tuple[str, ...]


def read_title_hints(survey: Survey) -> TitleHints:
    """Read before the tree is pruned: the head and banners go then."""
    return TitleHints(
        site=squeeze(read_meta(survey, "og:site_name")),
        page=_head_title(survey),
        shared=read_meta(survey, "og:title"),
        headings=tuple(text_of(node) for node in first_headings(survey)),
    )


def choose_title(hints: TitleHints, region_headings: Sequence[str]) -> str:
    """The guide's title without the site's name; '' if the page has none.

    A heading of level 1 (the region's before the page's) that the `<title>` agrees with, else any
    of them that is not the site's name, else og:title, else `<title>` cut at its separators.
    """
    segments = [squeeze(part) for part in _TITLE_SEPARATOR.split(hints.page) if part]
    site_names = {hints.site, *(segments[-1:] if len(segments) > 1 else ())}
    plain = squeeze(hints.page)
    for text in (*region_headings, *hints.headings):
        if len(text) > 1 and squeeze(text) in plain and squeeze(text) not in site_names:
            return text[:_MAX_TITLE_CHARS]
    for text in region_headings:
        if len(text) > 3 and squeeze(text) not in site_names:
            return text[:_MAX_TITLE_CHARS]
    for text in (hints.shared, hints.page):
        if cut := _without_site(text, hints.site):
            return cut[:_MAX_TITLE_CHARS]
    return next((text for text in hints.headings if text), "")[:_MAX_TITLE_CHARS]


def first_headings(survey: Survey) -> list[Element]:
    """The page's headings of level 1 that still stand in it."""
    roles = (
        node
        for node in survey.named("role")
        if node.get("role") == "heading" and node.get("aria-level") == "1" and node.tag != "h1"
    )
    return [*survey.tagged("h1"), *roles]


def _head_title(survey: Survey) -> str:
    return next((text for node in survey.tagged("title") if (text := text_of(node))), "")


def _without_site(text: str, site: str) -> str:
    text = _PART_OF.sub("", collapse(text))
    parts = [part for part in _TITLE_SEPARATOR.split(text) if part]
    if len(parts) < 2:
        return text
    if site:
        kept = [part for part in parts if squeeze(part) not in site and site not in squeeze(part)]
        if kept and len(kept) < len(parts):
            return collapse(text.partition(kept[-1])[0] + kept[-1]) if kept[-1] in text else kept[0]
    # The site stands last nearly always, and is the shorter part.
    first, last = parts[0], parts[-1]
    return (
        first
        if len(first) >= len(last) or len(parts) > 2
        else text.rsplit(last, 1)[0].strip(" |-–—_:·•»｜")
    )


# --- meta elements -------------------------------------------------------------------------------


def read_meta(survey: Survey, *names: str) -> str:
    """Content of the first meta element with one of the names, in the order of names."""
    found: dict[str, str] = {}
    for node in survey.tagged("meta"):
        name = (node.get("property") or node.get("name") or node.get("http-equiv") or "").lower()
        if name and name not in found:
            found[name] = collapse(node.get("content") or "")
    return next((found[name] for name in names if found.get(name)), "")


Structured = tuple[dict[str, Any], ...]


def read_structured(survey: Survey) -> Structured:
    """Objects of the page's JSON-LD, nested graphs included. Read before scripts are dropped."""
    return tuple(_structured(survey))


def _structured(survey: Survey) -> Iterator[dict[str, Any]]:
    for node in survey.tagged("script"):
        if "ld+json" not in (node.get("type") or ""):
            continue
        try:
            data = json.loads((node.text or "")[:500_000])
        except (ValueError, RecursionError):
            continue
        queue = [data]
        for _ in range(500):
            if not queue:
                break
            item = queue.pop(0)
            if isinstance(item, list):
                queue += item
            elif isinstance(item, dict):
                yield item
                queue += [
                    item[key] for key in ("@graph", "mainEntity", "mainEntityOfPage") if key in item
                ]


def structured_text(objects: Structured, *names: str) -> str:
    """First string under one of the names in the page's JSON-LD, in the order of names."""
    for name in names:
        for item in objects:
            value = item.get(name)
            if isinstance(value, dict):
                value = value.get("@id") or value.get("url") or value.get("name")
            if isinstance(value, str) and value.strip():
                return collapse(value)
    return ""


# --- language ------------------------------------------------------------------------------------

# Characters of everyday text that only one of the two scripts uses.
_ONLY_SIMPLIFIED = frozenset(
    "这们个来时说对会为国发见没样还过进动现经无关开问让给师医药岁发热养后体温"
)
_ONLY_TRADITIONAL = frozenset(
    "這們個來時說對會為國發見沒樣還過進動現經無關開問讓給師醫藥歲發熱養後體溫"
)


def read_declared_language(survey: Survey) -> str:
    """The language the page's head declares, as written there; '' if it declares none."""
    root = survey.root
    return str(
        root.get("lang")
        or root.get("{http://www.w3.org/XML/1998/namespace}lang")
        or root.get("xml:lang")
        or read_meta(survey, "content-language", "og:locale", "dc.language", "language")
    )


def choose_language(declared: str, text: str) -> str:
    """BCP 47 primary tag (`en`, `pt`), `zh-Hans` or `zh-Hant`; '' when nothing says.

    text: the guide's text. Its script overrules a template that declares the wrong language.
    """
    tag = declared.strip().replace("_", "-").split(",")[0].lower()
    sample = text[:_LANGUAGE_SAMPLE_CHARS]
    han = len(_HAN.findall(sample))
    letters = sum(map(str.isalpha, sample)) if han else len(sample)
    if han / max(1, letters) > 0.3:
        is_japanese = len(re.findall(r"[\u3040-\u30ff]", sample)) / letters > 0.1
        return "ja" if is_japanese else _chinese(tag, sample)
    if tag.startswith("zh") and (han or not sample):
        return _chinese(tag, sample)
    primary = tag.split("-")[0]
    if re.fullmatch(r"[a-z]{2,3}", primary) and primary != "zh":
        return primary
    return _detected(sample)


def _chinese(tag: str, text: str) -> str:
    if tag.startswith("zh"):
        if any(part in ("hant", "tw", "hk", "mo") for part in tag.split("-")):
            return "zh-Hant"
        if any(part in ("hans", "cn", "sg", "my") for part in tag.split("-")):
            return "zh-Hans"
    simplified = sum(character in _ONLY_SIMPLIFIED for character in text)
    traditional = sum(character in _ONLY_TRADITIONAL for character in text)
    return "zh-Hant" if traditional > simplified else "zh-Hans"


def _detected(text: str) -> str:
    if len(text) < 80:
        return ""
    # Imported here: only pages that declare no language need it.
    from resiliparse.parse.lang import detect_fast

    language, _ = detect_fast(text)
    return str(language) if language != "unknown" else ""


# --- links ---------------------------------------------------------------------------------------


def base_url(root: Element, url: str) -> str:
    node = next(iter(root.iter("base")), None)
    href = (node.get("href") or "").strip() if node is not None else ""
    return _absolute(url, href) or url


def _absolute(base: str, href: str) -> str:
    """The absolute http(s) URL of a link, '' if it is none."""
    try:
        url = urljoin(base, href.strip())
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.netloc else ""


def read_canonical(survey: Survey, url: str) -> str:
    """The address the page wants to be known by, '' if it names none."""
    for node in survey.tagged("link"):
        if "canonical" in (node.get("rel") or "").lower().split() and node.get("href"):
            return _absolute(base_url(survey.root, url), node.get("href"))
    return ""


def read_neighbours(survey: Survey, url: str) -> tuple[str, str]:
    """(next, previous) page of the same multi-page guide, '' for none.

    Many sites mark the neighbouring *article* with rel=next too, so a neighbour counts only when
    its address differs from ours by a page number alone.
    """
    found = {"next": "", "prev": ""}
    for node in survey.named("rel"):
        for rel in (node.get("rel") or "").lower().split():
            rel = "prev" if rel == "previous" else rel
            if rel in found and not found[rel] and node.get("href"):
                target = _absolute(base_url(survey.root, url), node.get("href"))
                if target and _is_same_series(url, target):
                    found[rel] = target
    if not any(found.values()) and any(word in survey.text for word in _NEIGHBOUR_WORDS):
        _read_neighbour_links(survey, url, found)
    return found["next"], found["prev"]


_NEIGHBOUR = re.compile(
    r"(?P<next>next(?: page)?|下一?[页頁])|(?P<prev>prev(?:ious)?(?: page)?|上一?[页頁])",
    re.IGNORECASE,
)
_NEIGHBOUR_WORDS = ("Next", "next", "NEXT", "Prev", "下一", "下页", "下頁", "上一", "上页", "上頁")
_MAX_LABEL_CHARS = 30


def _read_neighbour_links(survey: Survey, url: str, found: dict[str, str]) -> None:
    """Neighbours by what their links say: many sites, nearly all Chinese ones, mark them so."""
    for node in survey.ever_tagged("a"):
        text = node.text
        label = (raw_text_of(node) if not text or text.isspace() else text)[
            :_MAX_LABEL_CHARS
        ].strip(" \t\r\n\xa0<>«»‹›←→[]【】")
        match = _NEIGHBOUR.fullmatch(label)
        if match is None or match.lastgroup is None or found[match.lastgroup]:
            continue
        target = _absolute(base_url(survey.root, url), node.get("href") or "")
        if target and _is_same_series(url, target):
            found[match.lastgroup] = target


_PAGE_NUMBER = re.compile(
    r"(?:[-_/](?:page|part|pg|p)?[-_/]?\d{1,2}|(?<!\d)\d{1,2})?(\.[a-z]{3,5})?/?$", re.IGNORECASE
)
_PAGE_KEYS = frozenset(("page", "p", "pg", "part", "start", "pageno"))


def _series(url: str) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    parts = urlsplit(url)
    path = _PAGE_NUMBER.sub("", parts.path.rstrip("/"))
    path = re.sub(r"/index$", "", path)
    query = tuple(
        (key, value) for key, value in parse_qsl(parts.query) if key.lower() not in _PAGE_KEYS
    )
    return parts.netloc.lower(), path.rstrip("/"), query


def _is_same_series(url: str, other: str) -> bool:
    return url.split("#")[0] != other.split("#")[0] and _series(url) == _series(other)
