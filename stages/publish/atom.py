"""The embedded channel: a public Atom feed per group (RFC 4287)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from lxml import etree

from stages.errors import PermanentError
from stages.publish.plain_html import clean_text, safe_url, source_to_html, text_to_html
from stages.text import collapse, is_chinese
from stages.types import Group, Post, PostState, Receipt

ATOM = "http://www.w3.org/2005/Atom"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

MAX_ENTRIES = 50

TAG_AUTHORITY = "spoonful.invalid,2026"
"""Ids are tag URIs (RFC 4151) under a name nobody can own: a feed that moves to another host keeps
them, so readers do not show old posts again."""

MAX_TITLE_CHARS = 120
MAX_ID_CHARS = 200

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed without posts last changed."""

_LANG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,7}")
_RIGHTS = {
    "en": "Every entry names its source and the terms its text may be used under.",
    "zh": "每篇内容均注明来源及其使用条款。",
}


class AtomChannel:
    """Publishing here is being in the feed: the feed is made of the published posts when read."""

    name = "atom"

    async def send(self, post: Post) -> Receipt:
        """Name the entry the post will have. Raises PermanentError when it says nothing."""
        if not text_to_html(post.text):
            raise PermanentError("the post has no text")
        return Receipt(external_id=entry_id(post))


def entry_id(post: Post) -> str:
    """The entry's id: the same for a post for ever, whatever the feed's address."""
    return f"tag:{TAG_AUTHORITY}:post/{_quoted(post.key)}"


def feed_id(group: Group) -> str:
    """The id of a group's feed."""
    return f"tag:{TAG_AUTHORITY}:group/{_quoted(group.id)}"


def feed_posts(group: Group, posts: Iterable[Post]) -> tuple[Post, ...]:
    """The posts that stand in a group's feed, newest first: published ones of this group that
    were meant for the feed, at most 50, each key once.
    """
    mine = {
        post.key: post
        for post in posts
        if post.state is PostState.PUBLISHED
        and post.published_at is not None
        and (post.group_id, post.channel) == (group.id, AtomChannel.name)
    }
    newest = sorted(mine.values(), key=lambda post: (_published(post), post.key), reverse=True)
    return tuple(newest[:MAX_ENTRIES])


def render_feed(group: Group, posts: Sequence[Post], feed_url: str, site_url: str) -> bytes:
    """The Atom document of a group, UTF-8.

    posts: in any order and state; only what `feed_posts` lets through appears. feed_url: where
    this document is served. site_url: the pages it belongs to. Any address that is not http or
    https is left out. The same input gives the same bytes.
    """
    shown = feed_posts(group, posts)
    feed = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})
    _set_lang(feed, group.lang)
    _add(feed, "id", feed_id(group))
    _add(feed, "title", _one_line(group.name) or group.id)
    if subtitle := _one_line(group.description):
        _add(feed, "subtitle", subtitle)
    _add(feed, "updated", _timestamp(max(map(_published, shown), default=NEVER)))
    _add_link(feed, feed_url, rel="self", type="application/atom+xml")
    _add_link(feed, site_url, rel="alternate", type="text/html")
    _add(_add(feed, "author"), "name", _one_line(group.name) or group.id)
    _add(feed, "rights", _RIGHTS["zh" if is_chinese(group.lang) else "en"])
    _add(feed, "generator", "Spoonful")
    for post in shown:
        _add_entry(feed, post)
    document: bytes = etree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return document


def _add_entry(feed: etree._Element, post: Post) -> None:
    entry = _add(feed, "entry")
    _set_lang(entry, post.lang)
    _add(entry, "id", entry_id(post))
    _add(entry, "title", _entry_title(post))
    _add(entry, "updated", _timestamp(_published(post)))
    _add(entry, "published", _timestamp(_published(post)))
    # `via` is the resource the entry was made from; `alternate` would claim it is the same text.
    _add_link(entry, post.source_url, rel="via", type="text/html")
    if rights := _one_line(post.attribution):
        _add(entry, "rights", rights)
    closing = source_to_html(post.attribution, post.source_url, post.lang)
    _add(entry, "content", text_to_html(post.text) + closing, type="html")


def _entry_title(post: Post) -> str:
    """The post's title, else the beginning of its text; a feed reader needs something to show."""
    title = _one_line(post.title) or _one_line(post.text)
    if len(title) > MAX_TITLE_CHARS:
        return title[: MAX_TITLE_CHARS - 1].rstrip() + "…"
    return title or entry_id(post)


def _add(parent: etree._Element, name: str, text: str = "", **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    if text:
        element.text = text
    return element


def _add_link(parent: etree._Element, url: str, *, rel: str, type: str) -> None:
    if href := safe_url(url):
        _add(parent, "link", rel=rel, type=type, href=href)


def _set_lang(element: etree._Element, lang: str) -> None:
    if _LANG.fullmatch(lang):
        element.set(XML_LANG, lang)


def _one_line(text: str) -> str:
    return collapse(clean_text(text))


def _published(post: Post) -> datetime:
    return (post.published_at or NEVER).astimezone(UTC)


def _timestamp(time: datetime) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")


def _quoted(name: str) -> str:
    return quote(clean_text(name)[:MAX_ID_CHARS], safe="")
