"""A thousand guide pages out of a few dozen real ones, none of them a near-duplicate of another.

Every page is varied: its title gets a number, and through its whole text words change places with
other words of the same page (Chinese: characters), about one in ten, so that neither pages nor
cards collapse as copies. Markup, lengths and languages stay what they are. Links that name another
address as the page's original, predecessor or successor are taken out, since they lead elsewhere.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"
CORPUS_PARTS = (
    "extraction",
    "family-recipes",
    "trafilatura-parenting",
    "wcxb-parenting",
    "webmd-readability",
    "womenshealth-gov",
)
SAMPLE_SITE = ROOT / "seeds" / "sample_site" / "site"

LONG_TEXT_CHARS = 40
WORD_SHARE = 0.25  # of the words of five letters and more, themselves 4 of 10 words
HAN_SHARE = 0.06

_MARKUP = re.compile(
    r"(<script\b.*?</script>|<style\b.*?</style>|<!--.*?-->|<[^>]*>)", re.DOTALL | re.IGNORECASE
)
_ELSEWHERE = re.compile(
    r"<base\b|<(?:link|a)\b[^>]*\brel\s*=\s*[\"']?[^\"'>]*\b(?:canonical|next|prev|amphtml|shortlink)\b"
    r"|<a\b[^>]*\bhref\s*=\s*[\"']?[^\"'>]*[?&]page=\d"
    r"|<meta\b[^>]*(?:og:url|http-equiv\s*=\s*[\"']?refresh)",
    re.IGNORECASE,
)
_TITLE_FIELD = re.compile(
    r"<meta\b[^>]*(?:og|twitter):title[^>]*\bcontent\s*=\s*[\"']|\"headline\"\s*:\s*\"",
    re.IGNORECASE,
)
_WORD = re.compile(r"\b[a-zа-яà-ÿ]{5,}\b|[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class PageSet:
    """folder: the pages as `*.html` and `types.json`, the Content-Type of each by file name."""

    folder: Path
    names: tuple[str, ...]
    originals: int
    bytes: int
    described: str


@dataclass(frozen=True, slots=True)
class _Original:
    """A page cut at its tags; odd parts are markup. charset: what its bytes are written in."""

    slug: str
    parts: tuple[str, ...]
    pool: tuple[str, ...]
    han: tuple[str, ...]
    charset: str


def build_pages(folder: Path, count: int) -> PageSet:
    """Write count pages to folder, in turns from every original."""
    folder.mkdir(parents=True)
    has_corpus = CORPUS.is_dir()
    originals = _read_corpus() if has_corpus else _read_sample_site()
    types = {}
    size = 0
    for number in range(count):
        original = originals[number % len(originals)]
        name = f"{original.slug}-{number}.html"
        body = _vary(original, number).encode(original.charset, "xmlcharrefreplace")
        (folder / name).write_bytes(body)
        size += len(body)
        is_plain = original.charset == "utf-8"
        types[name] = "text/html; charset=utf-8" if is_plain else "text/html"
    (folder / "types.json").write_text(json.dumps(types))
    origin = "pages of the shared corpus" if has_corpus else "pages of the bundled sample site"
    return PageSet(
        folder,
        tuple(types),
        len(originals),
        size,
        f"{count:,} pages of {size / count / 1024:.0f} KiB, varied from {len(originals)} {origin}",
    )


def _read_corpus() -> list[_Original]:
    files = [path for part in CORPUS_PARTS for path in sorted((CORPUS / part).rglob("*.html"))]
    return [_read(path, CORPUS) for path in files]


def _read_sample_site() -> list[_Original]:
    return [_read(path, SAMPLE_SITE) for path in sorted(SAMPLE_SITE.rglob("*.html"))]


def _read(path: Path, root: Path) -> _Original:
    body = path.read_bytes()
    try:
        text, charset = body.decode(), "utf-8"
    except UnicodeDecodeError:  # of the corpus: Chinese pages in gb2312 or gbk, as they say
        text, charset = body.decode("gb18030", "replace"), "gb18030"
    parts = _MARKUP.split(text)
    parts[1::2] = ["" if _ELSEWHERE.match(part) else part for part in parts[1::2]]
    words = [word for part in parts[::2] if _is_long(part) for word in _WORD.findall(part)]
    slug = re.sub(r"[^a-z0-9]+", "-", path.relative_to(root).with_suffix("").as_posix().lower())
    return _Original(
        slug.strip("-"),
        tuple(parts),
        tuple(word for word in words if len(word) > 1),
        tuple(word for word in words if len(word) == 1),
        charset,
    )


def _is_long(text: str) -> bool:
    return len(text) >= LONG_TEXT_CHARS


def _vary(original: _Original, number: int) -> str:
    chance = random.Random(number)

    def swap(match: re.Match[str]) -> str:
        word = match[0]
        if len(word) == 1:
            return chance.choice(original.han) if chance.random() < HAN_SHARE else word
        return chance.choice(original.pool) if chance.random() < WORD_SHARE else word

    mark = f"No. {number} "  # in front: behind a title comes the site's name, which is cut off
    parts = list(original.parts)
    is_title = False
    for at, part in enumerate(parts):
        if at % 2:
            lowered = part[:7].lower()
            if lowered.startswith(("<title", "<h1")):
                is_title = True
            elif lowered.startswith(("<meta", "<script")):
                parts[at] = _TITLE_FIELD.sub(lambda match: match[0] + mark, part)
        elif is_title and part.strip():
            parts[at] = mark + part.lstrip()
            is_title = False
        elif _is_long(part):
            parts[at] = _WORD.sub(swap, part)
    return "".join(parts)
