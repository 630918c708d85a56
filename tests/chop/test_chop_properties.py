"""What holds for every guide: traceable, complete, in order, and local under edits."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from stages.chop import check_cards, chop_guide, coverage, match_cards, overlap
from stages.chop.pack import ideal_words
from stages.chop.weight import weigh
from stages.policy import Policy
from stages.types import Block, BlockKind, CalloutKind, Card, ChangeKind, Guide

GuideFrom = Callable[..., Guide]
POLICY = Policy(())

WORDS = "baby sleeps cot milk feeds warm not never before 38°C 5 ml doctor hands safe spoon".split()
HAN = "宝宝睡觉喂奶温水不要之前个月医生休息洗手安全夜里小勺补铁"
SHAPES = ["paragraph", "list", "steps", "table", "box", "heading"]


def sentences(lang: str) -> st.SearchStrategy[str]:
    """A few sentences of drawn lengths; the number in front makes every text its own."""
    sentence = st.tuples(st.integers(2, 28), st.integers(0, 10**6), st.integers(0, 3))
    return st.lists(sentence, min_size=1, max_size=4).map(lambda drawn: spell(drawn, lang))


def spell(drawn: Sequence[tuple[int, int, int]], lang: str) -> str:
    parts = []
    for length, mark, end in drawn:
        if lang == "en":
            words = [WORDS[(mark + n * n) % len(WORDS)] for n in range(length)]
            parts.append(f"Point{mark} {' '.join(words)}{'..:?'[end]}")
        else:
            han = "".join(HAN[(mark + n * n) % len(HAN)] for n in range(length + length // 2))
            parts.append(f"第{mark}{han}{'。。！；'[end]}")
    return (" " if lang == "en" else "").join(parts)


@st.composite
def sections(draw: st.DrawFn, lang: str, number: int) -> list[Block]:
    """A section of level 2 with its own heading; everything a page can hold below it."""
    blocks = [Block(BlockKind.HEADING, f"Part {number} of it", 2)]
    for _ in range(draw(st.integers(1, 4))):
        shape = draw(st.sampled_from(SHAPES))
        group = number * 100 + len(blocks)
        texts = draw(st.lists(sentences(lang), min_size=1, max_size=4))
        if shape == "paragraph":
            blocks += [Block(BlockKind.PARAGRAPH, text) for text in texts]
        elif shape in {"list", "steps"}:
            blocks += [
                Block(BlockKind.LIST_ITEM, text, 1, group, f"{n}." if shape == "steps" else "")
                for n, text in enumerate(texts, 1)
            ]
        elif shape == "table":
            blocks += [Block(BlockKind.TABLE_ROW, f"Age: {text}", 0, group) for text in texts]
        elif shape == "box":
            box = draw(st.sampled_from([CalloutKind.WARNING, CalloutKind.TIP]))
            blocks += [Block(BlockKind.PARAGRAPH, text, callout=box) for text in texts]
        else:
            blocks.append(Block(BlockKind.HEADING, f"Detail {group}", 3))
            blocks += [Block(BlockKind.PARAGRAPH, text) for text in texts]
    return blocks


@st.composite
def guides(draw: st.DrawFn) -> tuple[str, list[list[Block]]]:
    lang = draw(st.sampled_from(["en", "zh-Hans"]))
    count = draw(st.integers(2, 4))
    return lang, [draw(sections(lang, number)) for number in range(count)]


def flat(parts: Sequence[Sequence[Block]]) -> list[Block]:
    return [block for part in parts for block in part]


relaxed = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@relaxed
@given(guides())
def test_cards_of_any_guide_trace_cover_and_stay_in_order(
    guide_from: GuideFrom, drawn: tuple[str, list[list[Block]]]
) -> None:
    lang, parts = drawn
    guide = guide_from(flat(parts), lang)
    cards = chop_guide(guide, POLICY)
    failed = {name for names in check_cards(cards, guide) for name in names}
    assert failed <= {"size", "no_dangling_opener"}
    assert coverage(guide, cards) == 1.0
    assert overlap(guide, cards) == 0.0
    assert [card.position for card in cards] == list(range(len(cards)))
    ends = [card.spans[-1] for card in cards]
    assert ends == sorted(ends)
    assert len({card.id for card in cards}) == len(cards)
    assert len({card.title.casefold() for card in cards}) == len(cards)
    limit = 12 if lang == "en" else 24
    for card in cards:
        assert card.title
        assert len(card.title.split()) <= limit
        assert card.breadcrumbs[0] == guide.title


def cards_outside(guide: Guide, cards: Sequence[Card], heading: str) -> dict[str, str]:
    """Id and text of the cards that hold nothing of the section under heading."""
    return {card.id: card.text for card in cards if heading not in card.breadcrumbs}


def aim(guide: Guide) -> float:
    """The card length the guide's rough length leads to: the one thing an edit has on all."""
    content = [block.text for block in guide.blocks if block.kind is not BlockKind.HEADING]
    return ideal_words(sum(weigh(text, guide.lang) for text in content), 20)


@relaxed
@given(guides(), st.data())
def test_an_edit_leaves_cards_of_other_sections_alone(
    guide_from: GuideFrom, drawn: tuple[str, list[list[Block]]], data: st.DataObject
) -> None:
    lang, parts = drawn
    # A section too short to stand alone may share a card with its neighbour; give each enough.
    filler = "Filler " * 44 + "end." if lang == "en" else "安" * 80 + "。"
    parts = [
        [part[0], Block(BlockKind.PARAGRAPH, filler + str(n)), *part[1:]]
        for n, part in enumerate(parts)
    ]
    guide = guide_from(flat(parts), lang)
    old = chop_guide(guide, POLICY)

    place = data.draw(st.integers(0, len(parts) - 1))
    part = list(parts[place])
    index = data.draw(st.integers(2, len(part)))
    action = data.draw(st.sampled_from(["insert", "delete", "edit"]))
    block = Block(BlockKind.PARAGRAPH, data.draw(sentences(lang)))
    if action == "insert":
        part.insert(index, block)
    elif index < len(part):
        part[index : index + 1] = [] if action == "delete" else [block]
    edited = guide_from(flat([*parts[:place], part, *parts[place + 1 :]]), lang)
    assume(aim(guide) == aim(edited))

    heading = parts[place][0].text
    changes = match_cards(old, chop_guide(edited, POLICY))
    after = [change.new for change in changes if change.new]
    assert len({card.id for card in after}) == len(after)
    assert cards_outside(edited, after, heading) == cards_outside(guide, old, heading)
    assert all(
        change.kind is ChangeKind.KEPT
        for change in changes
        if heading not in (change.new or change.old).breadcrumbs  # type: ignore[union-attr]
    )


@relaxed
@given(guides(), st.sampled_from([8, 20, 40]))
def test_a_rerun_changes_nothing(
    guide_from: GuideFrom, drawn: tuple[str, list[list[Block]]], target: int
) -> None:
    lang, parts = drawn
    old = chop_guide(guide_from(flat(parts), lang), POLICY, target)
    new = chop_guide(guide_from(flat(parts), lang), POLICY, target)
    assert [(c.kind, c.new) for c in match_cards(old, new)] == [
        (ChangeKind.KEPT, card) for card in old
    ]
