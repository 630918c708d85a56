"""How long a post may be where it goes: what is longer, the channel refuses."""

from __future__ import annotations

from collections.abc import Mapping

MOST_BYTES: Mapping[str, int] = {
    # Markdown messages of a group robot; as plain text it takes 2,048, so Markdown is sent.
    "wecom": 4096,
    # The whole request; its JSON around the text takes a few bytes of it.
    "dingtalk": 20_000,
}
"""The longest body a channel takes, in bytes of UTF-8, by `Group.channel`. A channel without a row
has no limit a post of ours could meet: an entry of a feed may have any length."""


def measure(text: str) -> int:
    """Bytes of a text as channels count them: a Chinese character is three, an emoji four."""
    return len(text.encode("utf-8", "replace"))


def join_post(title: str, text: str, attribution: str, source_url: str) -> str:
    """What goes out besides the text counts too: title above, source and link below."""
    source = " ".join(part for part in (attribution, source_url) if part)
    return "\n\n".join(part for part in (title, text, source) if part)
