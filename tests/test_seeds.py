"""The seeds that ship load, hang together, and every mistake in such a file is named."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from stages.errors import ConfigError
from stages.seeds import load_groups, load_policy, load_sources
from stages.types import Group, Reuse, Source, Stakes
from tones.load import load_tones

SEEDS = Path(__file__).parents[1] / "seeds"
SAMPLE = SEEDS / "sample_site"

SOURCE = """\
sources:
  - id: a-source
    publisher: A
    country: GB
    languages: [en, zh-Hant]
    homepage: https://www.a.example/
    reuse: adapt_ok
    licence:
      name: Open
      url: https://www.a.example/terms
      checked: 2026-10-06
      checked_by: A. Reader
      summary: Copy and adapt.
    attribution: From A
    crawl:
      allow_hosts: [www.a.example]
      allow_prefixes: [/baby/]
      deny_prefixes: [/baby/shop/]
      min_delay_s: 2.5
    pages:
      - {url: "https://www.a.example/baby/one", topic: sleep}
      - {url: "https://www.a.example/baby/two", reuse: link_only}
"""

GROUP = """\
groups:
  - id: a-group
    name: A
    lang: zh-Hans
    description: About
    stages: [T1, any]
    topics: [sleep]
    rules: [No ads.]
    preferred_tone: mom
    sample_posts: ["Why?"]
    excludes: [medicines]
"""

POLICY = """\
topics:
  - id: sleep
    stakes: high
    title: {en: Sleep, zh: 睡眠}
    message: {en: Careful., zh: 小心。}
    patterns: {en: [safe sleep], zh: [安全睡眠]}
    hints: {en: [cot], zh: []}
"""


def refused(load: Callable[[Path], object], path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path)
    return str(caught.value).replace(str(path), "f.yaml")


# --- what ships ------------------------------------------------------------------------------


def test_ten_publishers_are_on_and_the_others_say_why_not() -> None:
    sources = load_sources(SEEDS / "sources.yaml")
    assert [s.id for s in sources if s.enabled] == [
        "cdc-infant-toddler-nutrition",
        "cdc-act-early",
        "nhs-uk",
        "owh-womenshealth",
        "medlineplus",
        "nichd-safe-to-sleep",
        "fda-infant-feeding",
        "usda-wic-myplate",
        "tw-hpa",
        "gov-uk-ukhsa",
    ]
    assert [s.id for s in sources if not s.enabled and not s.disabled_reason] == []


def test_every_publisher_that_is_on_may_be_adapted_with_attribution() -> None:
    sources = [s for s in load_sources(SEEDS / "sources.yaml") if s.enabled]
    assert {s.reuse for s in sources} == {Reuse.ADAPT_OK}
    assert [s.id for s in sources if not (s.attribution and s.pages and s.licence)] == []


def test_every_reading_of_terms_says_by_whom_and_what_was_found() -> None:
    for file in ("sources.yaml", "sample_sources.yaml"):
        read = [s for s in load_sources(SEEDS / file) if s.licence_checked]
        assert {s.licence_checked_by for s in read} == {"Spoonful maintainers"}
        assert [s.id for s in read if not s.licence_summary] == []


def test_terms_nobody_has_read_are_marked_so() -> None:
    """These say adapt_ok on what a sister site or the publisher at large says: warned of."""
    sources = load_sources(SEEDS / "sources.yaml")
    assert [s.id for s in sources if s.enabled and not s.licence_checked] == [
        "nichd-safe-to-sleep",
        "fda-infant-feeding",
        "gov-uk-ukhsa",
    ]


def test_a_licence_nobody_has_checked_is_read_all_the_same(tmp_path: Path) -> None:
    text = SOURCE.replace("      checked: 2026-10-06\n      checked_by: A. Reader\n", "")
    path = tmp_path / "sources.yaml"
    path.write_text(text, encoding="utf-8")
    (source,) = load_sources(path)
    said = (source.licence_checked, source.licence_checked_by, source.licence_summary)
    assert said == ("", "", "Copy and adapt.")


def test_a_publisher_that_bars_crawling_is_never_crawled() -> None:
    barred = [s for s in load_sources(SEEDS / "sources.yaml") if s.reuse is Reuse.DO_NOT_CRAWL]
    assert [(s.id, s.enabled) for s in barred] == [("us-aap-healthychildren", False)]


def test_seeds_name_no_evidence_ids() -> None:
    text = (SEEDS / "sources.yaml").read_text(encoding="utf-8")
    assert re.findall(r"\bT[0-9]{6,}|seen_in|strength:", text) == []


def test_group_ids_tones_and_excludes_are_known() -> None:
    topics = {rule.id for rule in load_policy(SEEDS / "policy.yaml").topics}
    groups = load_groups(SEEDS / "groups.yaml")
    assert len(groups) == 24
    assert {g.preferred_tone for g in groups} <= set(load_tones())
    assert {topic for g in groups for topic in g.excludes} <= topics


def test_tone_hooks_and_closers_name_known_topics() -> None:
    known = {rule.id for rule in load_policy(SEEDS / "policy.yaml").topics} | {"any"}
    named = {
        topic
        for tone in load_tones().values()
        for by_language in (tone.hooks, tone.closers)
        for by_topic in by_language.values()
        for topic in by_topic
    }
    assert named - known == set()


def test_every_high_stakes_topic_is_named_in_both_languages() -> None:
    rules = load_policy(SEEDS / "policy.yaml").topics
    high = [rule for rule in rules if rule.stakes is Stakes.HIGH]
    has_both = [
        rule.id
        for rule in high
        if any(re.search("[\u4e00-\u9fff]", p) for p in rule.patterns)
        and any(p.isascii() for p in rule.patterns)
    ]
    assert has_both == [rule.id for rule in high]
    assert len(high) >= 20


def in_scope(source: Source, path: str) -> bool:
    allowed = any(path.startswith(prefix) for prefix in source.allow_prefixes)
    return allowed and not any(path.startswith(prefix) for prefix in source.deny_prefixes)


def test_sample_scope_holds_exactly_the_guides_and_the_traps_that_look_like_guides() -> None:
    (source,) = load_sources(SEEDS / "sample_sources.yaml")
    pages = yaml.safe_load((SAMPLE / "site.yaml").read_text(encoding="utf-8"))["pages"]
    inside = {page["path"]: page["kind"] for page in pages if in_scope(source, page["path"])}
    guides = [path for path, kind in inside.items() if kind == "guide"]
    assert sorted(guides) == sorted(p["path"] for p in pages if p["kind"] == "guide")
    assert sorted(path for path, kind in inside.items() if kind == "trap") == [
        "/guides/car-seat-laws.html",
        "/guides/safe-sleep.html?print=1",
        "/guides/teething-gels.html",
        "/zh/gbk-notice.html",
    ]


def test_sample_milestones_are_read_but_not_published() -> None:
    (source,) = load_sources(SEEDS / "sample_sources.yaml")
    url = "http://127.0.0.1:8765/development/milestones.html"
    assert source.page_reuse == {url: Reuse.LINK_ONLY}
    assert not source.page_reuse[url].allows_publishing


def test_every_sample_address_is_on_this_machine() -> None:
    (source,) = load_sources(SEEDS / "sample_sources.yaml")
    urls = (source.homepage, source.sitemap, *source.hubs, *source.feeds, *source.pages)
    assert {urlsplit(url).netloc for url in urls} == {"127.0.0.1:8765"}


def test_every_page_of_the_sample_site_ships() -> None:
    pages = yaml.safe_load((SAMPLE / "site.yaml").read_text(encoding="utf-8"))["pages"]
    missing = [p["file"] for p in pages if p.get("file") and not (SAMPLE / p["file"]).is_file()]
    assert missing == []


# --- reading ---------------------------------------------------------------------------------


def test_source_reads_every_field(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(SOURCE, encoding="utf-8")
    one, two = "https://www.a.example/baby/one", "https://www.a.example/baby/two"
    assert load_sources(path) == (
        Source(
            id="a-source",
            publisher="A",
            homepage="https://www.a.example/",
            languages=("en", "zh-Hant"),
            reuse=Reuse.ADAPT_OK,
            licence="Open",
            licence_url="https://www.a.example/terms",
            attribution="From A",
            licence_checked="2026-10-06",
            licence_checked_by="A. Reader",
            licence_summary="Copy and adapt.",
            country="GB",
            pages=(one, two),
            page_reuse={two: Reuse.LINK_ONLY},
            allow_hosts=("www.a.example",),
            allow_prefixes=("/baby/",),
            deny_prefixes=("/baby/shop/",),
            min_delay_s=2.5,
        ),
    )


def test_group_reads_every_field(tmp_path: Path) -> None:
    path = tmp_path / "groups.yaml"
    path.write_text(GROUP, encoding="utf-8")
    assert load_groups(path) == (
        Group(
            id="a-group",
            name="A",
            lang="zh-Hans",
            description="About",
            stages=("T1", "any"),
            topics=("sleep",),
            rules=("No ads.",),
            preferred_tone="mom",
            sample_posts=("Why?",),
            excludes=("medicines",),
        ),
    )


def test_policy_reads_every_field(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY, encoding="utf-8")
    (rule,) = load_policy(path).topics
    assert (rule.id, rule.stakes, rule.patterns, rule.hints) == (
        "sleep",
        Stakes.HIGH,
        ("safe sleep", "安全睡眠"),
        ("cot",),
    )
    assert (rule.message, rule.message_zh, dict(rule.title)) == (
        "Careful.",
        "小心。",
        {"en": "Sleep", "zh": "睡眠"},
    )


# --- mistakes --------------------------------------------------------------------------------

SOURCE_MISTAKES = [
    (
        "publisher: A",
        "publicher: A",
        "f.yaml:3: sources[0].publicher: unknown key (did you mean `publisher`?); expected one of: "
        "id, publisher, homepage, languages, reuse, licence, attribution, crawl, enabled, "
        "disabled_reason, country, reuse_note, robots, unverified, sitemap, feeds, hubs, pages, "
        "page_licence_required",
    ),
    (
        "    attribution: From A\n",
        "",
        "f.yaml:2: sources[0]: key `attribution` is missing; required are: "
        "id, publisher, homepage, languages, reuse, licence, attribution, crawl",
    ),
    (
        "reuse: adapt_ok",
        "reuse: adapt",
        "f.yaml:7: sources[0].reuse: `adapt` is not known (did you mean `adapt_ok`?); "
        "expected one of: adapt_ok, excerpt_only, link_only, unknown, do_not_crawl",
    ),
    (
        "reuse: adapt_ok",
        "reuse: do_not_crawl",
        "f.yaml:7: sources[0].reuse: do_not_crawl on an enabled source; expected `enabled: false`",
    ),
    (
        "    publisher: A\n",
        "    publisher: A\n    enabled: false\n",
        "f.yaml:4: sources[0].enabled: off without a reason; expected the key `disabled_reason`",
    ),
    (
        "country: GB",
        "country: no",
        "f.yaml:4: sources[0].country: found a flag (no); expected text in quotes",
    ),
    (
        "languages: [en, zh-Hant]",
        "languages: [english]",
        "f.yaml:5: sources[0].languages[0]: `english`; expected a language tag like en or zh-Hans",
    ),
    (
        "homepage: https://www.a.example/",
        "homepage: file:///etc/passwd",
        "f.yaml:6: sources[0].homepage: `file:///etc/passwd` is no web address; "
        "expected http(s)://host/path",
    ),
    (
        "homepage: https://www.a.example/",
        "homepage: https://www.a.example@evil.example/",
        "f.yaml:6: sources[0].homepage: `https://www.a.example@evil.example/` is no web address; "
        "expected http(s)://host/path",
    ),
    (
        "https://www.a.example/baby/one",
        "https://evil.example/baby/one",
        "f.yaml:21: sources[0].pages[0].url: host `evil.example` is not allowed; "
        "expected one of: www.a.example",
    ),
    (
        "/baby/one",
        "/baby/shop/one",
        "f.yaml:21: sources[0].pages[0].url: `/baby/shop/one` is under a denied prefix; "
        "expected it outside",
    ),
    (
        "/baby/one",
        "/toddler/one",
        "f.yaml:21: sources[0].pages[0].url: `/toddler/one` is under no allowed prefix; "
        "expected one of: /baby/",
    ),
    (
        "/baby/one",
        "/baby/two",
        "f.yaml:22: sources[0].pages[1].url: page `https://www.a.example/baby/two` is already used "
        "at line 21; expected another one",
    ),
    (
        "checked: 2026-10-06",
        "checked: last week",
        "f.yaml:11: sources[0].licence.checked: `last week` is no date; "
        "expected a date like 2026-11-22",
    ),
    (
        "      checked: 2026-10-06\n",
        "",
        "f.yaml:11: sources[0].licence.checked_by: checked by somebody, but not when; "
        "expected `checked`",
    ),
    (
        "min_delay_s: 2.5",
        "min_delay_s: -1",
        "f.yaml:19: sources[0].crawl.min_delay_s: -1 is out of range; "
        "expected a number from 0 to 3600",
    ),
    (
        "allow_prefixes: [/baby/]",
        "allow_prefixes: [baby]",
        "f.yaml:17: sources[0].crawl.allow_prefixes[0]: `baby`; expected a path that begins with /",
    ),
    (
        "allow_hosts: [www.a.example]",
        "allow_hosts: []",
        "f.yaml:16: sources[0].crawl.allow_hosts: 0 entries; expected at least 1",
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), SOURCE_MISTAKES)
def test_source_mistake_is_named(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in SOURCE
    text = SOURCE.replace(old, new, 1)
    assert refused(load_sources, tmp_path / "sources.yaml", text) == expected


def test_two_sources_of_one_id_are_named(tmp_path: Path) -> None:
    text = SOURCE + SOURCE.removeprefix("sources:\n")
    assert refused(load_sources, tmp_path / "sources.yaml", text) == (
        "f.yaml:23: sources[1].id: id `a-source` is already used at line 2; expected another one"
    )


def test_an_enabled_source_with_nothing_to_crawl_is_named(tmp_path: Path) -> None:
    text = SOURCE[: SOURCE.index("    pages:")]
    assert refused(load_sources, tmp_path / "sources.yaml", text) == (
        "f.yaml:2: sources[0]: nothing to crawl; expected pages, hubs, feeds or a sitemap"
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "stages: [T1, any]",
            "stages: [T4]",
            "f.yaml:6: groups[0].stages[0]: `T4` is not known; "
            "expected one of: T1, T2, T3, 0-3m, 3-6m, 6-12m, 12-24m, 2-4y, any",
        ),
        (
            "id: a-group",
            "id: ../feeds",
            "f.yaml:2: groups[0].id: `../feeds`; "
            "expected small letters and digits joined by hyphens",
        ),
        (
            "rules: [No ads.]",
            "rules: No ads.",
            "f.yaml:8: groups[0].rules: found text (No ads.); expected a list",
        ),
    ],
)
def test_group_mistake_is_named(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert refused(load_groups, tmp_path / "groups.yaml", GROUP.replace(old, new, 1)) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "stakes: high",
            "stakes: higher",
            "f.yaml:3: topics[0].stakes: `higher` is not known (did you mean `high`?); "
            "expected one of: normal, high",
        ),
        (
            "{en: [safe sleep], zh: [安全睡眠]}",
            "{en: [safe sleep], zh: []}",
            "f.yaml:6: topics[0].patterns.zh: 0 entries; expected at least 1",
        ),
        (
            "topics:\n",
            "detection: {min_scor: 2}\ntopics:\n",
            "f.yaml:1: detection.min_scor: unknown key (did you mean `min_score`?); expected one "
            "of: pattern_score, hint_score, heading_weight, min_score, keep_share, max_topics",
        ),
    ],
)
def test_policy_mistake_is_named(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert refused(load_policy, tmp_path / "policy.yaml", POLICY.replace(old, new, 1)) == expected


# --- several mistakes, no file --------------------------------------------------------------------


def test_every_source_with_a_mistake_is_in_one_error(tmp_path: Path) -> None:
    one = SOURCE.removeprefix("sources:\n")
    text = "sources:\n" + "".join(
        (
            one.replace("reuse: adapt_ok", "reuse: all", 1),
            one.replace("a-source", "b-source"),
            one.replace("a-source", "b-source"),
            one.replace("country: GB", "country: Britain").replace("a-source", "c-source"),
        )
    )
    lines = len(one.splitlines())

    assert refused(load_sources, tmp_path / "sources.yaml", text).splitlines() == [
        "f.yaml:7: sources[0].reuse: `all` is not known; expected one of: adapt_ok, excerpt_only, "
        "link_only, unknown, do_not_crawl",
        f"f.yaml:{2 + 2 * lines}: sources[2].id: id `b-source` is already used at line "
        f"{2 + lines}; expected another one",
        f"f.yaml:{4 + 3 * lines}: sources[3].country: `Britain`; expected two capitals like GB, "
        "or INT",
    ]


@pytest.mark.parametrize(
    ("load", "setting"),
    [
        (load_sources, "SPOONFUL_SOURCES_FILE"),
        (load_groups, "SPOONFUL_GROUPS_FILE"),
        (load_policy, "SPOONFUL_POLICY_FILE"),
    ],
)
def test_missing_file_is_named_with_the_setting_for_it(
    tmp_path: Path, load: Callable[[Path], object], setting: str
) -> None:
    path = tmp_path / "none.yaml"
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path}: cannot be read (No such file or directory); expected a file. "
        f"{setting} says where it is"
    )
