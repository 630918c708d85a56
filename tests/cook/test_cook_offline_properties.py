"""What holds for every offline draft: of the sample site's cards, and of cards put together from
labelled sentences in every shape a card can have.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.evals.guides import read_guides
from stages.chop import chop_guide
from stages.cook.compose import compose
from stages.cook.facts import CardReading, extract_facts, read_card
from stages.cook.lexicon import EMOJI
from stages.cook.offline import write_offline
from stages.cook.roles import Role, role_of
from stages.seeds import load_policy
from stages.text import count_words
from stages.types import Card, DraftSentence, FactKind, Stakes
from tests.cook.cook_samples import make_card
from tones.load import Tone, load_tones, pick
from tones.plain import load_wording, use_plain_words

ROOT = Path(__file__).parents[2]
TONES = list(load_tones().values())
WORDING = load_wording()
ROWS = [
    json.loads(line)
    for line in (ROOT / "tests/cases/sentence_roles.jsonl").read_text("utf-8").splitlines()
]
POOL = {
    lang: [
        re.sub(r"\A(?:-|\d{1,2}\.) |\[\d+\] ?", "", r["text"]) for r in ROWS if r["lang"] == lang
    ]
    for lang in ("en", "zh")
}
TOPICS = ["breastfeeding", "fever", "play", "urgent_help", "travel", "choking"]


@cache
def sample_cards() -> tuple[Card, ...]:
    policy = load_policy(ROOT / "seeds/policy.yaml")
    guides = read_guides(ROOT / "seeds/sample_site/site").guides.values()
    return tuple(card for guide in guides for card in chop_guide(guide, policy, 20))


@st.composite
def cards(draw: st.DrawFn) -> Card:
    """Paragraphs, lists with and without lead-in, steps, rows, headings and footnotes."""
    lang = draw(st.sampled_from(["en", "zh"]))
    sentence = st.sampled_from(POOL[lang])
    glue, colon = (" ", ":") if lang == "en" else ("", "：")
    lines: list[str] = []
    for shape in draw(st.lists(st.sampled_from("paragraph list bare steps rows note".split()),
                               min_size=1, max_size=4)):  # fmt: skip
        some = draw(st.lists(sentence, min_size=1, max_size=3))
        if shape == "paragraph":
            lines.append(glue.join(some))
        elif shape == "list":
            lines += [some[0].rstrip(".?。？") + colon, *(f"- {s}" for s in some)]
        elif shape == "bare":
            lines += [f"- {s}" for s in some]
        elif shape == "steps":
            lines += [f"{n}. {s}" for n, s in enumerate(some, 2)]
        elif shape == "rows":
            lines += [f"Age{colon} {n}{colon and ';'} Note{colon} {s}" for n, s in enumerate(some)]
        else:
            lines.append(f"[{len(lines)}] {some[0]}")
    card = make_card("\n".join(lines), lang if lang == "en" else "zh-Hans", "Heading")
    return replace(
        card,
        topics=tuple(draw(st.lists(st.sampled_from(TOPICS), max_size=2))),
        stakes=draw(st.sampled_from(Stakes)),
        position=draw(st.integers(0, 40)),
    )


def letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", re.sub(r"\[\w{1,3}\]", "", text)).casefold()


def own_lines(card: Card, tone: Tone) -> set[str]:
    """Every line editors own, and the card's own headings."""
    lines = {
        pick(tone.disclaimer, card.lang),
        card.title,
        *pick(WORDING.labels, card.lang).values(),
    }
    for by in (pick(tone.hooks, card.lang), pick(tone.closers, card.lang)):
        lines |= {line for phrases in by.values() for line in phrases}
    return {letters(line) for line in lines}


def strays(card: Card, tone: Tone, draft: tuple[DraftSentence, ...]) -> list[str]:
    """Sentences that are neither the card's, up to listed plain words, nor an editor's."""
    reading = read_card(card.text, card.lang)
    by_id = {s.id: s.text for s in reading.sentences}
    lines = own_lines(card, tone)
    crumbs = [letters(crumb) for crumb in card.breadcrumbs]
    found = []
    for sentence in draft:
        said = letters(sentence.text)
        if sentence.source_ids:
            [source] = [by_id[id] for id in sentence.source_ids]
            plain = use_plain_words(source, card.lang, WORDING)
            # a heading may have lost its number
            if said not in (letters(source), letters(plain)) and not (
                letters(source).endswith(said) and len(said) >= len(letters(source)) - 3
            ):
                found.append(sentence.text)
        elif said not in lines and not any(crumb.endswith(said[-6:]) for crumb in crumbs):
            found.append(sentence.text)
    return found


def check_facts_kept(card: Card, draft: tuple[DraftSentence, ...]) -> None:
    facts = extract_facts(card.text, card.lang)
    carried = {id for sentence in draft for id in sentence.fact_ids}
    assert carried == {fact.id for fact in facts}
    alarms = {fact.sentence_id for fact in facts if fact.kind is FactKind.RED_FLAG}
    assert alarms <= {id for sentence in draft for id in sentence.source_ids}


def check_text(card: Card, tone: Tone, text: str) -> None:
    assert "\n\n\n" not in text
    assert text == text.strip()
    lines = [line for line in text.split("\n") if line]
    assert [line for line in lines if re.fullmatch(r"[\W_]+", line)] == []
    assert [line for line in lines if line != line.strip()] == []
    if "  " not in card.text:
        assert "  " not in text
    for opened, closed in ("()", "（）", "“”", "[]", "「」"):
        if card.text.count(opened) == card.text.count(closed):
            assert text.count(opened) == text.count(closed)
    assert len(EMOJI.findall(text)) <= tone.emoji_max + len(EMOJI.findall(card.text))
    labels = set(pick(WORDING.labels, card.lang).values())
    assert not labels & {lines[-1], lines[-2] if len(lines) > 1 else ""}


def check_order(reading: CardReading, draft: tuple[DraftSentence, ...]) -> None:
    """Items and steps in the card's order, each list in one piece; nothing said twice."""
    said = [id for sentence in draft for id in sentence.source_ids]
    assert len(said) == len(set(said))
    order = {s.id: n for n, s in enumerate(reading.sentences)}
    runs: dict[str, list[int]] = {}
    for place, id in enumerate(said):
        lead = reading.lead_ins.get(id)
        text = reading.sentences[order[id]].text
        if lead and lead.id in said and re.match(r"- |\d\. ", text):
            runs.setdefault(lead.id, []).append(place)
    for places in runs.values():
        assert [order[said[p]] for p in places] == sorted(order[said[p]] for p in places)


def check_warnings_bare(reading: CardReading, draft: tuple[DraftSentence, ...]) -> None:
    """No emoji in front of a line that warns."""
    by_id = {s.id: s for s in reading.sentences}
    for sentence in draft:
        for id in sentence.source_ids:
            if role_of(by_id[id].text, reading.language) in (Role.RED_FLAG, Role.DONT):
                assert not EMOJI.search(sentence.text) or EMOJI.search(by_id[id].text)


def check_all(card: Card) -> None:
    reading = read_card(card.text, card.lang)
    drafts = write_offline(card, TONES)
    assert drafts == write_offline(card, TONES)
    for tone in TONES:
        draft = drafts[tone.id]
        assert strays(card, tone, draft) == []
        check_facts_kept(card, draft)
        check_order(reading, draft)
        check_warnings_bare(reading, draft)
        check_text(card, tone, compose(draft, card.lang))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_offline_draft_of_the_sample_site_holds_the_rules(lang: str) -> None:
    own = [card for card in sample_cards() if card.lang.startswith(lang)]
    assert len(own) >= 30
    for card in own:
        check_all(card)


def test_offline_drafts_of_the_sample_site_have_the_tone_s_length() -> None:
    for card in sample_cards():
        for tone in TONES:
            text = compose(write_offline(card, [tone])[tone.id], card.lang)
            least, most = tone.length(card.lang)
            card_words = count_words(card.text, card.lang)
            assert count_words(text, card.lang) <= max(most, 1.5 * card_words)
            assert count_words(text, card.lang) >= min(least, card_words)


@settings(max_examples=120, deadline=None)
@given(cards())
def test_every_offline_draft_of_a_made_up_card_holds_the_rules(card: Card) -> None:
    check_all(card)
