"""Read the files editors own in seeds/: sources, groups and policy.

Every mistake is a ConfigError that names file, line, key and what was expected. Mistakes in several
entries of one file are one ConfigError, a line each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from stages.errors import ConfigError
from stages.policy import Detection, Policy, TopicRule
from stages.types import Group, Reuse, Source, Stakes
from tones.strict import Node, StrictError, read_yaml, refuse_repeats

SOURCE_KEYS_REQUIRED = (
    "id",
    "publisher",
    "homepage",
    "languages",
    "reuse",
    "licence",
    "attribution",
    "crawl",
)
SOURCE_KEYS_OPTIONAL = (
    "enabled",
    "disabled_reason",
    "country",
    "reuse_note",
    "robots",
    "unverified",
    "sitemap",
    "feeds",
    "hubs",
    "pages",
    "page_licence_required",
)
LICENCE_KEYS_OPTIONAL = ("terms_url", "checked", "checked_by", "summary")
CRAWL_KEYS_OPTIONAL = (
    "allow_prefixes",
    "deny_prefixes",
    "min_delay_s",
    "max_guides",
    "target_cards",
    "recheck_days",
    "expect",
)
GROUP_KEYS_REQUIRED = (
    "id",
    "name",
    "lang",
    "description",
    "stages",
    "topics",
    "rules",
    "preferred_tone",
    "sample_posts",
)
TOPIC_KEYS_REQUIRED = ("id", "stakes", "title", "message", "patterns")

AUDIENCE_STAGES = ("T1", "T2", "T3", "0-3m", "3-6m", "6-12m", "12-24m", "2-4y", "any")

ID = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-[A-Z]{2})?")
COUNTRY = re.compile(r"[A-Z]{2}|INT")

T = TypeVar("T", Source, Group, TopicRule)


def load_sources(path: Path) -> tuple[Source, ...]:
    """The sources of a file like seeds/sources.yaml, disabled ones included. Raises ConfigError."""
    with _as_config_error("SPOONFUL_SOURCES_FILE"):
        nodes = read_yaml(path).fields(("sources",))["sources"].items(at_least=1)
        return _each(nodes, _source)


def load_groups(path: Path) -> tuple[Group, ...]:
    """The community groups of a file like seeds/groups.yaml. Raises ConfigError."""
    with _as_config_error("SPOONFUL_GROUPS_FILE"):
        nodes = read_yaml(path).fields(("groups",))["groups"].items(at_least=1)
        return _each(nodes, _group)


def load_policy(path: Path) -> Policy:
    """The topics of a file like seeds/policy.yaml. Raises ConfigError."""
    with _as_config_error("SPOONFUL_POLICY_FILE"):
        fields = read_yaml(path).fields(("topics",), ("detection", "flag_from"))
        topics = _each(fields["topics"].items(at_least=1), _topic)
        detection = _detection(fields["detection"]) if "detection" in fields else Detection()
        return Policy(
            topics,
            detection,
            _flag_from(fields["flag_from"]) if "flag_from" in fields else (0.5, 0.5),
        )


@contextmanager
def _as_config_error(setting: str) -> Iterator[None]:
    """setting: what names the file, for somebody whose file is not where it says."""
    try:
        yield
    except StrictError as error:
        hint = "" if error.line else f". {setting} says where it is"
        raise ConfigError(f"{error}{hint}") from error


def _each(nodes: Sequence[Node], read: Callable[[Node], T]) -> tuple[T, ...]:
    """What the nodes of a list stand for. Raises ConfigError with the first mistake of every node,
    in the file's order; an id that stands twice is one.
    """
    entries, mistakes = list[T](), list[StrictError]()
    ids: dict[str, Node] = {}
    for node in nodes:
        try:
            entry = read(node)
            at = node.pairs()["id"]
            refuse_repeats([*ids.items(), (entry.id, at)], "id")
            ids[entry.id] = at
            entries.append(entry)
        except StrictError as error:
            mistakes.append(error)
    if mistakes:
        raise ConfigError("\n".join(map(str, mistakes))) from mistakes[0]
    return tuple(entries)


def _source(node: Node) -> Source:
    at = node.fields(SOURCE_KEYS_REQUIRED, SOURCE_KEYS_OPTIONAL)
    enabled = at["enabled"].flag() if "enabled" in at else True
    reason = at["disabled_reason"].text() if "disabled_reason" in at else ""
    if not enabled and not reason:
        raise at["enabled"].error("off without a reason; expected the key `disabled_reason`")
    licence = at["licence"].fields(("name", "url"), LICENCE_KEYS_OPTIONAL)
    crawl = at["crawl"].fields(("allow_hosts",), CRAWL_KEYS_OPTIONAL)
    _check_notes(at, crawl)
    checked, checked_by, summary = _licence_reading(licence)
    hosts = tuple(_host(each) for each in crawl["allow_hosts"].items(at_least=1))
    allow = _prefixes(crawl, "allow_prefixes")
    deny = _prefixes(crawl, "deny_prefixes")
    pages = _pages(at["pages"], hosts, allow, deny) if "pages" in at else {}
    source = Source(
        id=_matching(at["id"], ID, "small letters and digits joined by hyphens"),
        publisher=at["publisher"].text(),
        homepage=_url(at["homepage"], hosts),
        languages=_languages(at["languages"]),
        reuse=at["reuse"].choice(Reuse),
        licence=licence["name"].text(),
        licence_url=_url(licence["url"]) if licence["url"].kind != "empty" else "",
        attribution=at["attribution"].text(),
        licence_checked=checked,
        licence_checked_by=checked_by,
        licence_summary=summary,
        country=_matching(at["country"], COUNTRY, "two capitals like GB, or INT")
        if "country" in at
        else "",
        enabled=enabled,
        disabled_reason=reason,
        sitemap=_url(at["sitemap"], hosts) if "sitemap" in at else "",
        feeds=_urls(at, "feeds", hosts),
        hubs=_urls(at, "hubs", hosts),
        pages=tuple(pages),
        page_reuse={url: reuse for url, reuse in pages.items() if reuse is not None},
        page_licence_required=_flag(at, "page_licence_required"),
        allow_hosts=hosts,
        allow_prefixes=allow,
        deny_prefixes=deny,
        min_delay_s=crawl["min_delay_s"].number(0, 3600) if "min_delay_s" in crawl else 1.0,
        max_guides=_integer(crawl, "max_guides", 40, 1, 100_000),
        target_cards=_integer(crawl, "target_cards", 20, 1, 200),
        recheck_days=_integer(crawl, "recheck_days", 7, 0, 365),
    )
    if enabled and source.reuse is Reuse.DO_NOT_CRAWL:
        raise at["reuse"].error("do_not_crawl on an enabled source; expected `enabled: false`")
    if enabled and not (source.pages or source.hubs or source.feeds or source.sitemap):
        raise node.error("nothing to crawl; expected pages, hubs, feeds or a sitemap")
    return source


def _licence_reading(licence: Mapping[str, Node]) -> tuple[str, str, str]:
    """When the terms were last read, by whom, and what they say; '' for what is not there."""
    if "terms_url" in licence:
        _url(licence["terms_url"])
    if "checked_by" in licence and "checked" not in licence:
        raise licence["checked_by"].error("checked by somebody, but not when; expected `checked`")
    return (
        licence["checked"].date() if "checked" in licence else "",
        licence["checked_by"].text() if "checked_by" in licence else "",
        licence["summary"].text() if "summary" in licence else "",
    )


def _check_notes(at: Mapping[str, Node], crawl: Mapping[str, Node]) -> None:
    """Keys that people read and no code does: still of the right type."""
    for name in ("reuse_note", "robots"):
        if name in at:
            at[name].text()
    if "unverified" in at:
        at["unverified"].texts()
    if "expect" in crawl:
        crawl["expect"].text()


def _pages(
    node: Node, hosts: tuple[str, ...], allow: tuple[str, ...], deny: tuple[str, ...]
) -> dict[str, Reuse | None]:
    """Page URLs, each with its own reuse where it has one; all of them inside the scope."""
    pages: dict[str, Reuse | None] = {}
    lines: list[tuple[str, Node]] = []
    for each in node.items():
        fields = each.fields(("url",), ("topic", "reuse"))
        url = _url(fields["url"], hosts)
        path = urlsplit(url).path or "/"
        if any(path.startswith(prefix) for prefix in deny):
            raise fields["url"].error(f"`{path}` is under a denied prefix; expected it outside")
        if allow and not any(path.startswith(prefix) for prefix in allow):
            raise fields["url"].error(
                f"`{path}` is under no allowed prefix; expected one of: {', '.join(allow)}"
            )
        if "topic" in fields:
            fields["topic"].text()
        pages[url] = fields["reuse"].choice(Reuse) if "reuse" in fields else None
        lines.append((url, fields["url"]))
    refuse_repeats(lines, "page")
    return pages


def _group(node: Node) -> Group:
    at = node.fields(GROUP_KEYS_REQUIRED, ("channel", "excludes"))
    return Group(
        id=_matching(at["id"], ID, "small letters and digits joined by hyphens"),
        name=at["name"].text(),
        lang=_matching(at["lang"], LANGUAGE, "a language tag like en or zh-Hans"),
        description=at["description"].text(),
        stages=tuple(each.one_of(AUDIENCE_STAGES) for each in at["stages"].items(at_least=1)),
        topics=at["topics"].texts(at_least=1),
        rules=at["rules"].texts(),
        preferred_tone=at["preferred_tone"].text(),
        sample_posts=at["sample_posts"].texts(at_least=1),
        channel=at["channel"].text() if "channel" in at else "atom",
        excludes=at["excludes"].texts() if "excludes" in at else (),
    )


def _topic(node: Node) -> TopicRule:
    at = node.fields(TOPIC_KEYS_REQUIRED, ("hints",))
    message = at["message"].fields(("en", "zh"))
    title = at["title"].fields(("en", "zh"))
    return TopicRule(
        id=_matching(at["id"], ID, "small letters and digits joined by _"),
        stakes=at["stakes"].choice(Stakes),
        patterns=_phrases(at["patterns"], at_least=1),
        message=message["en"].text(),
        message_zh=message["zh"].text(),
        hints=_phrases(at["hints"]) if "hints" in at else (),
        title={lang: each.text() for lang, each in title.items()},
    )


def _phrases(node: Node, at_least: int = 0) -> tuple[str, ...]:
    return tuple(
        phrase for each in node.fields(("en", "zh")).values() for phrase in each.texts(at_least)
    )


def _detection(node: Node) -> Detection:
    names = tuple(each.name for each in dataclass_fields(Detection))
    at = node.fields((), names)
    numbers = {name: each.number(0, 100) for name, each in at.items() if name != "max_topics"}
    default = Detection()
    return Detection(
        pattern_score=numbers.get("pattern_score", default.pattern_score),
        hint_score=numbers.get("hint_score", default.hint_score),
        heading_weight=numbers.get("heading_weight", default.heading_weight),
        min_score=numbers.get("min_score", default.min_score),
        keep_share=numbers.get("keep_share", default.keep_share),
        max_topics=_integer(at, "max_topics", default.max_topics, 1, 20),
    )


def _flag_from(node: Node) -> tuple[float, float]:
    at = node.fields(("normal", "high"))
    return at["normal"].number(0, 1), at["high"].number(0, 1)


def _url(node: Node, hosts: tuple[str, ...] = ()) -> str:
    """An absolute http(s) URL without credentials or fragment, on one of the hosts if given."""
    url = node.text()
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    is_plain = not re.search(r"[\s\x00-\x20\\]", url) and "@" not in parts.netloc
    if parts.scheme not in ("http", "https") or not host or parts.fragment or not is_plain:
        raise node.error(f"`{url}` is no web address; expected http(s)://host/path")
    if hosts and host not in hosts:
        raise node.error(f"host `{host}` is not allowed; expected one of: {', '.join(hosts)}")
    return url


def _urls(at: Mapping[str, Node], name: str, hosts: tuple[str, ...]) -> tuple[str, ...]:
    if name not in at:
        return ()
    at[name].texts()
    return tuple(_url(each, hosts) for each in at[name].items())


def _host(node: Node) -> str:
    host = node.text()
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?", host):
        raise node.error(f"`{host}` is no host name; expected one like www.example.org")
    return host


def _prefixes(crawl: Mapping[str, Node], name: str) -> tuple[str, ...]:
    if name not in crawl:
        return ()
    for node in crawl[name].items():
        if not node.text().startswith("/"):
            raise node.error(f"`{node.text()}`; expected a path that begins with /")
    return crawl[name].texts()


def _languages(node: Node) -> tuple[str, ...]:
    node.texts(at_least=1)
    return tuple(
        _matching(each, LANGUAGE, "a language tag like en or zh-Hans") for each in node.items()
    )


def _matching(node: Node, pattern: re.Pattern[str], expected: str) -> str:
    text = node.text()
    if not pattern.fullmatch(text):
        raise node.error(f"`{text}`; expected {expected}")
    return text


def _flag(at: Mapping[str, Node], name: str) -> bool:
    return name in at and at[name].flag()


def _integer(at: Mapping[str, Node], name: str, default: int, least: int, most: int) -> int:
    return at[name].integer(least, most) if name in at else default
