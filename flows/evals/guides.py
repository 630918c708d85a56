"""A folder of HTML and Markdown files as guides, each file one guide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from flows.evals.files import Step, check_folder, no_step, read_bytes
from flows.evals.markdown import read_markdown
from stages.errors import ConfigError
from stages.procure.extract import extract_page
from stages.procure.guide import build_guide
from stages.procure.judge import judge_page
from stages.procure.twins import is_near_duplicate
from stages.text import collapse
from stages.types import Guide, Page, PageContent, Reuse, Source

HTML, MARKDOWN = (".html", ".htm", ".xhtml"), (".md", ".markdown")

_BASE = "http://eval.invalid/"  # a name that can never be anybody's
_SOURCE = Source(
    id="eval",
    publisher="Evaluation",
    homepage=_BASE,
    languages=(),
    reuse=Reuse.ADAPT_OK,
    licence="",
    licence_url="",
    attribution="",
)


@dataclass(frozen=True, slots=True)
class GuideFolder:
    """guides: by path inside the folder. left_out: path to why a file is no guide of its own."""

    guides: Mapping[str, Guide]
    left_out: Mapping[str, str]


def read_guides(folder: Path, step: Step = no_step) -> GuideFolder:
    """Every file through extraction (Markdown through its own reader) and judgement, as a crawl
    would: what is no guide, or nearly another one, is left out with the reason.

    Raises ConfigError when the folder holds no such file, or no guide among them.
    """
    guides: dict[str, Guide] = {}
    left_out: dict[str, str] = {}
    for path in list_files(folder):
        name = path.relative_to(folder).as_posix()
        found = read_guide(path, name)
        step(name)
        if isinstance(found, str):
            left_out[name] = found
        elif twin := _find_twin(found, guides):
            left_out[name] = f"nearly the same as {twin}"
        else:
            guides[name] = found
    if not guides:
        name, why = next(iter(left_out.items()))
        raise ConfigError(
            f"{folder} holds {len(left_out)} files and no guide among them ({name}: {why})."
        )
    return GuideFolder(guides, left_out)


def list_files(folder: Path) -> tuple[Path, ...]:
    """HTML and Markdown files below a folder, in order. Raises ConfigError when there is none."""
    check_folder(folder)
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in (*HTML, *MARKDOWN) and path.is_file()
    ]
    if not files:
        expected = ", ".join((*HTML, *MARKDOWN))
        raise ConfigError(f"{folder} holds no guide; expected files that end in {expected}.")
    return tuple(files)


def read_guide(path: Path, name: str) -> Guide | str:
    """The guide of one file, or why it is none."""
    body, url = read_bytes(path), _BASE + quote(name)
    is_html = path.suffix.lower() in HTML
    content = extract_page(body, url, "text/html") if is_html else _markdown(body, path.stem)
    page = Page(url, url, 200, datetime.now(UTC), "text/html", body=body)
    quarantine = judge_page(page, content, _SOURCE)
    if quarantine:
        return f"{quarantine.reason.value}: {collapse(quarantine.evidence)}"
    return build_guide(_SOURCE, url, [content], [url])


def _markdown(body: bytes, name: str) -> PageContent:
    return read_markdown(body.decode("utf-8-sig", errors="replace"), name)


def _find_twin(guide: Guide, others: Mapping[str, Guide]) -> str:
    """The path of a guide with the same title and nearly the same text, '' for none."""
    title = guide.title.casefold()
    return next(
        (
            name
            for name, other in others.items()
            if other.title.casefold() == title and is_near_duplicate(guide, other)
        ),
        "",
    )


def pair_guides(
    before: GuideFolder, folder: Path, step: Step = no_step
) -> tuple[Sequence[tuple[Guide, Guide]], Sequence[str]]:
    """Each guide with its edited version in another folder, and the names of those without one.

    Raises ConfigError when no path is in both.
    """
    check_folder(folder)
    pairs, missing = [], []
    for name, guide in before.guides.items():
        path = folder / name
        found = read_guide(path, name) if path.is_file() else ""
        step(name)
        if isinstance(found, Guide):
            pairs.append((guide, found))
        else:
            missing.append(name)
    if not pairs:
        raise ConfigError(
            f"{folder} holds no edited guide; expected files under the same paths as in the data."
        )
    return pairs, missing
