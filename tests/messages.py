"""The interface's words: found where they are used, and kept in `review_ui/locale/zh_Hans.po`.

`make messages` brings that file up to date: new words appear there with an empty translation, those
that nobody uses go, what was translated stays. Then translate, and run the tests.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1] / "review_ui"
CHINESE = ROOT / "locale" / "zh_Hans.po"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


def is_ours(folder: str) -> bool:
    return Path(folder).name not in ("node_modules", "__pycache__", "static", "locale")


def find_messages() -> Catalog:
    """Every message of templates and Python, with the files that use it."""
    catalog = Catalog(fuzzy=False)
    for name, line, message, comments, context in extract_from_dir(
        ROOT, METHODS, OPTIONS, KEYWORDS, directory_filter=is_ours
    ):
        catalog.add(message, None, [(name, line)], auto_comments=comments, context=context)
    return catalog


def read_chinese() -> Catalog:
    with CHINESE.open("rb") as file:
        return read_po(file, locale="zh_Hans")


def header() -> Iterator[str]:
    """The comment at the top, which holds the glossary."""
    for line in CHINESE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            return
        yield line


def main() -> None:
    top = "\n".join(header())
    kept = read_chinese()
    new = Catalog(locale="zh_Hans", fuzzy=False)
    for message in sorted(find_messages(), key=lambda each: (each.locations[:1], str(each.id))):
        if not message.id:
            continue
        is_plain = isinstance(message.id, str)
        before = kept.get(message.id if is_plain else message.id[0])
        said = before.string if before else ""
        if is_plain != isinstance(said, str):  # one that counts now, or no longer
            said = said[0] if is_plain else (said,)
        files = sorted({(name, 0) for name, _line in message.locations})
        new.add(message.id, said or None, files)
    file = io.BytesIO()
    write_po(file, new, width=100, omit_header=True, include_lineno=False)
    plural = '"Plural-Forms: nplurals=1; plural=0;\\n"'
    text = "\n".join(
        (
            top,
            'msgid ""',
            'msgstr ""',
            '"Language: zh_Hans\\n"',
            '"MIME-Version: 1.0\\n"',
            '"Content-Type: text/plain; charset=utf-8\\n"',
            '"Content-Transfer-Encoding: 8bit\\n"',
            plural,
            "",
            file.getvalue().decode(),
        )
    )
    CHINESE.write_text(text.rstrip("\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
