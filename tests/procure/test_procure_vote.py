"""trafilatura's second opinion: asked where the region is in doubt, and never to lose a list."""

from __future__ import annotations

import pytest

from stages.procure import vote
from stages.procure.extract import extract_page

STORY = "".join(
    f"<p>In week {week} the storm left {week} towns without power for most of the day, and crews"
    f" worked through the night to bring it back before the weekend began.</p>"
    for week in range(2, 10)
)
TEASERS = "".join(
    f"<div><h4><a href='/w/{n}'>Ten things to know about flood number {n}</a></h4>"
    f"Find out how towns along the river {n} got ready for the water this spring.</div>"
    for n in range(5)
)
DOSES = (
    "<table><tr><th>Age</th><th>Dose of the medicine, given with food and water</th></tr>"
    "<tr><td>2 to 3 years</td><td>5 ml, four times a day at the very most</td></tr>"
    "<tr><td>4 to 5 years</td><td>7.5 ml, four times a day at the very most</td></tr></table>"
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The answers trafilatura gave."""
    answers: list[str] = []
    ask = vote._kept_text

    def listen(region: vote.Element) -> str:
        answers.append(ask(region))
        return answers[-1]

    monkeypatch.setattr(vote, "_kept_text", listen)
    return answers


def read(body: str) -> list[str]:
    page = f"<html><body><div class='story'>{body}</div></body></html>"
    return [block.text for block in extract_page(page.encode(), "http://e.org/").blocks]


def test_vote_leaves_out_what_stands_beside_a_story(asked):
    lines = read(f"<div class='txt'>{STORY}</div><div class='cover'>{TEASERS}{TEASERS}</div>")
    assert [line[:9] for line in lines] == [f"In week {week}" for week in range(2, 10)]
    assert len(asked) == 1


def test_vote_is_not_asked_where_the_text_stands_in_the_region_itself(asked):
    assert len(read(STORY)) == 8
    assert len(read(f"<section>{STORY}</section><section>{STORY}</section>")) == 16
    assert asked == []


def test_vote_never_costs_a_table(asked):
    beside = f"<h2>How much to give</h2>{DOSES}<p>Ask a pharmacist when you are not sure.</p>"
    lines = read(f"<div class='txt'>{STORY}</div><div class='doses'>{beside * 2}</div>")
    assert len(asked) == 1
    assert sum("7.5 ml" in line for line in lines) == 2
