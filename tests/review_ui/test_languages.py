"""Both languages whole: every word people see goes through gettext, and all of them are Chinese."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from review_ui.i18n import speak
from review_ui.render import TEMPLATES, ago, clock, day, number, tone_name
from tests.messages import find_messages, read_chinese
from tests.review_ui.visitor import Visitor, text_of

PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}|%%|<[^>]+>")
TAG = re.compile(r"<(script|code|kbd)\b.*?</\1>|<!--.*?-->|<[^<>]*>", re.DOTALL)
SAID_ATTRIBUTE = re.compile(r"\b(?:aria-label|title|placeholder|alt)=\"([^\"]*)\"")
LETTERS = re.compile(r"[A-Za-z]{2,}|[\u4e00-\u9fff]")
SENTENCE = re.compile(r"^[A-Z][a-z]+$|[A-Za-z]{2,} [A-Za-z]+")
NO_WORDS = re.compile(r"\b(Spoonful|CSV|JSONL|API|UTC)\b|&\w+;|(?<!\S)\S*[./]\w\S*")
HOLE = "\0"

Message = str | tuple[str, ...] | list[str]


def forms(words: Message) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)


def test_every_message_has_its_chinese_and_none_is_left_over() -> None:
    wanted = {forms(message.id) for message in find_messages() if message.id}
    kept = {forms(m.id) for m in read_chinese() if m.id and all(forms(m.string)) and not m.fuzzy}
    assert (sorted(wanted - kept), sorted(kept - wanted)) == ([], []), "`make messages` lists them"


def test_chinese_messages_have_the_same_places_to_fill() -> None:
    differing = [
        (message.id, message.string)
        for message in read_chinese()
        if message.id
        for words in forms(message.string)
        if sorted(PLACEHOLDER.findall(forms(message.id)[-1])) != sorted(PLACEHOLDER.findall(words))
    ]
    assert differing == []


def test_chinese_messages_use_chinese_signs() -> None:
    half = [
        message.string
        for message in read_chinese()
        if message.id
        for words in forms(message.string)
        if re.search(r"[\u4e00-\u9fff][,;:!?]|[\u4e00-\u9fff]\.(\s|$)", words)
    ]
    assert half == []


def templates() -> list[Path]:
    return sorted(TEMPLATES.rglob("*.html"))


@pytest.mark.parametrize("path", templates(), ids=lambda path: path.stem)
def test_templates_say_nothing_outside_gettext(path: Path) -> None:
    """Neither in text nor in the attributes that are read out, nor in constants of expressions."""
    env = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    tree = env.parse(path.read_text(encoding="utf-8"))
    text = "".join(_pieces(tree))
    read = TAG.sub(HOLE, text).split(HOLE)
    said = [*SAID_ATTRIBUTE.findall(text), *read, *_constants(tree)]
    bare = [NO_WORDS.sub("", words).strip() for words in said]
    assert [words for words in bare if LETTERS.search(words)] == []


def _pieces(tree: nodes.Template) -> list[str]:
    """What stands in the template as it is, a hole for each expression."""
    return [
        node.data if isinstance(node, nodes.TemplateData) else HOLE
        for output in _outputs(tree)
        for node in output.nodes
    ]


def _outputs(tree: nodes.Template) -> list[nodes.Output]:
    """In order, but for the names of classes that a page hands the layout."""
    classes = [
        output
        for block in tree.find_all(nodes.Block)
        if block.name == "body_class"
        for output in block.find_all(nodes.Output)
    ]
    return [output for output in tree.find_all(nodes.Output) if output not in classes]


def _constants(tree: nodes.Template) -> list[str]:
    """Constants that look like words or sentences and are put out without gettext."""
    found = []
    for output in _outputs(tree):
        for node in output.nodes:
            if not isinstance(node, nodes.TemplateData):
                found += _said(node)
    return found


def _said(node: nodes.Node) -> list[str]:
    if isinstance(node, nodes.Call):
        return []
    if isinstance(node, nodes.Filter):
        return _said(node.node) if node.node else []
    if isinstance(node, nodes.CondExpr):
        return [*_said(node.expr1), *(_said(node.expr2) if node.expr2 else [])]
    if isinstance(node, (nodes.Or, nodes.And, nodes.Add)):
        return [*_said(node.left), *_said(node.right)]
    if isinstance(node, nodes.Concat):
        return [words for each in node.nodes for words in _said(each)]
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        return [node.value] if SENTENCE.search(node.value) else []
    return []


@pytest.fixture
def chinese() -> object:
    speak("zh_Hans")
    yield None
    speak("en")


NOW = datetime(2026, 11, 23, 3, 4, tzinfo=UTC)


@pytest.mark.usefixtures("chinese")
def test_times_days_and_figures_read_as_chinese() -> None:
    assert [ago(NOW - timedelta(minutes=m), NOW) for m in (0, 5, 130, 3000)] == [
        "刚刚", "5 分钟前", "2 小时前", "2026年11月21日 01:04 UTC",
    ]  # fmt: skip
    assert (day(date(2026, 3, 1)), number(1234567), tone_name("mom")) == (
        "2026年3月1日", "1,234,567", "妈妈",
    )  # fmt: skip


def test_times_days_and_figures_read_as_english() -> None:
    assert (ago(NOW + timedelta(hours=3), NOW), clock(NOW)) == ("in 3 h", "23 Nov 2026, 03:04 UTC")
    assert (day(NOW), number(12345), tone_name("our_own")) == ("23 Nov 2026", "12,345", "Our own")


def test_reader_gets_the_language_of_the_browser_and_content_keeps_its_own(mara: Visitor) -> None:
    mara.client.headers["accept-language"] = "zh-CN,zh;q=0.9,en;q=0.5"
    tree = mara.page("/groups")
    assert tree.get("lang") == "zh-Hans"
    assert text_of(tree.xpath("//h1")[0]) == "群"
    assert set(tree.xpath("//li[@class='tile']//a/@lang")) == {"en", "zh-Hans"}
