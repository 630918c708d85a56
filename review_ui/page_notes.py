"""What `stages.procure` notes of a page it sets aside, said to people in their language."""

from __future__ import annotations

import re

from review_ui.i18n import N_
from review_ui.i18n import gettext as _

NOTES = tuple(
    (re.compile(f"(?s){pattern}"), words)
    for pattern, words in (
        (r"title: (?P<words>.*)", N_("Its title says “%(words)s”")),
        (r"text: (?P<words>.*)", N_("Its text says “%(words)s”")),
        (r"cookie wall: (?P<words>.*)", N_("It asks about cookies: “%(words)s”")),
        (r"out of order: (?P<words>.*)", N_("It says it is out of order: “%(words)s”")),
        (r"status (?P<status>\d+)", N_("The server answered %(status)s")),
        (
            r"(?P<left>[\d,]+) of (?P<all>[\d,]+) characters are left",
            N_("%(left)s of %(all)s characters are left"),
        ),
        (r"content type (?P<kind>.*)", N_("A file of the type %(kind)s")),
        (
            r"(?P<some>\d+) of the first (?P<all>\d+) bytes are no text",
            N_("%(some)s of the first %(all)s bytes are no text"),
        ),
        (r"no text in the main content", N_("No text in the main content")),
        (
            r"no text in the main content without JavaScript",
            N_("No text in the main content without JavaScript"),
        ),
        (
            r"a stub of (?P<count>\d+) characters: (?P<words>.*)",
            N_("Hardly a text, %(count)s characters: “%(words)s”"),
        ),
        (
            r"a stub of (?P<count>\d+) words: (?P<words>.*)",
            N_("Hardly a text, %(count)s words: “%(words)s”"),
        ),
        (
            r"a landing page: (?P<share>\d+%) of its text in links, (?P<count>\d+) sentences?",
            N_("A landing page: %(share)s of its text in links, sentences: %(count)s"),
        ),
        (
            r"page is in (?P<lang>\S+), the source is read for (?P<wanted>.*)",
            N_("The page is in %(lang)s, the source is read for %(wanted)s"),
        ),
        (
            r"the source licenses page by page and this page states no licence",
            N_("The source licenses page by page and this page states no licence"),
        ),
        (
            r"a robot check \((?P<name>.*)\) and hardly any text",
            N_("A robot check (%(name)s) and hardly any text"),
        ),
        (
            r"a password field and hardly any text",
            N_("A password field and hardly any text"),
        ),
        (r"the PDF's objects nest too deeply", N_("The PDF's objects nest too deeply")),
        (r"the PDF is broken \((?P<why>.*)\)", N_("The PDF is broken (%(why)s)")),
        (
            r"the PDF is encrypted or protected against copying",
            N_("The PDF is encrypted or protected against copying"),
        ),
        (
            r"(?P<count>\d+) pages; a guide has (?P<most>\d+) at most",
            N_("%(count)s pages; a guide has %(most)s at most"),
        ),
        (
            r"more than (?P<most>[\d,]+) characters of text; no guide is",
            N_("More than %(most)s characters of text; no guide is that long"),
        ),
        (
            r"(?P<pages>\d+) pages? holds? (?P<count>\d+) characters of text",
            N_("Characters of text: %(count)s, on pages: %(pages)s"),
        ),
        (
            r"(?P<empty>\d+) of (?P<pages>\d+) pages hold no text",
            N_("%(empty)s of %(pages)s pages hold no text"),
        ),
        (
            r"(?P<some>\d+) of (?P<all>\d+) characters cannot be read: .*",
            N_("%(some)s of %(all)s characters cannot be read: the fonts do not name them"),
        ),
    )
)
"""A note's pattern and its sentence, which holds what the note says of this page."""


def say_evidence(evidence: str) -> str:
    """What a check noted, as a sentence where it is one of the usual notes."""
    for note, words in NOTES:
        if found := note.fullmatch(evidence.strip()):
            return _(words) % {name: said.strip() for name, said in found.groupdict().items()}
    return evidence[:1].upper() + evidence[1:]
