"""Every row of the table in docs/models.md, played by a loopback server to the real line.

The table is the parametrisation: a misbehaviour without a script here, or the other way round,
fails. Each row is cooked three times (the fault once a card, always with a fallback, always alone)
and once more by a healthy model.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from flows.summary import RunSummary
from stages.cook.breaker import FAULTS_IN_A_ROW
from stages.cook.offline import OFFLINE_MODEL
from stages.cook.prices import price
from stages.types import Risk
from store.tables import CardRow, CompletionRow, DraftRow, FindingRow, GuideRow
from tests.fakes import Answerer, FakeModel, FakeReply, Reply, Request, quote_card
from tests.flows.small_site import Place
from tones.load import list_versions

FIRST, SECOND = "openai/gpt-4o-mini", "openai/gpt-4o"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "models.md"
TOKENS = (1200, 900)


@dataclass(frozen=True)
class Row:
    """One line of the table, by its columns."""

    name: str
    says: str
    once: str
    another: str
    alone: str
    paid: str


def read_table() -> list[Row]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    start = next(n for n, row in enumerate(rows) if row[0] == "misbehaviour")
    return [Row(*row) for row in rows[start + 2 :]]


TABLE = read_table()


def redraft(change: Callable[[list[dict[str, Any]]], Any]) -> Answerer:
    """The faithful reply with the sentences of every tone changed."""

    def answer(request: Request) -> Reply:
        drafts = json.loads(quote_card(request))
        changed = {tone: change(rows) for tone, rows in drafts.items()}
        return FakeReply(json.dumps(changed, ensure_ascii=False), tokens=TOKENS)

    return answer


def say(edit: Callable[[str], str], **more: Any) -> Answerer:
    """The faithful reply as one text, edited."""
    return lambda request: FakeReply(edit(quote_card(request)), tokens=TOKENS, **more)


def one_sentence(text: str) -> Answerer:
    return redraft(lambda _rows: [{"text": text, "source_ids": [], "fact_ids": []}])


def leak(request: Request) -> Reply:
    told = list_versions()["mom"][0].guide["en"].replace("\n", " ")[:200]
    return one_sentence(told)(request)


def without_a_tone(request: Request) -> Reply:
    drafts = json.loads(quote_card(request))
    return FakeReply(json.dumps({t: d for t, d in drafts.items() if t != "mom"} or {"mom": []}),
                     tokens=TOKENS)  # fmt: skip


def refuse_formats(request: Request) -> Reply:
    if request.get("response_format"):
        return FakeReply("response_format is not supported", 400)
    return FakeReply(quote_card(request), tokens=TOKENS)


def dose(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    text = "Give 7.5 ml of ibuprofen every 3 hours."
    return [*rows, {"text": text, "source_ids": ["s1"], "fact_ids": []}]


def fixed(reply: FakeReply) -> Answerer:
    return lambda _request: reply


FRENCH = (
    "Couchez toujours votre bébé sur le dos, le jour comme la nuit, dans son propre lit et près de "
    "vous pendant les six premiers mois de sa vie."
)

SCRIPTS: Mapping[str, Answerer] = {
    "429 with Retry-After": fixed(FakeReply("slow down", 429, {"Retry-After": "0.05"})),
    "500s": fixed(FakeReply("oops", 500)),
    "hang": fixed(FakeReply("{}", hang_s=60)),
    "1-byte drip": fixed(FakeReply("{}", drip_s=0.05)),
    "slow first byte": say(str, hang_s=0.2),
    "connection reset mid-body": fixed(FakeReply("x" * 5000, is_reset=True)),
    "200 with HTML": fixed(
        FakeReply(raw=b"<html><h1>Welcome</h1></html>", content_type="text/html")
    ),
    "truncated JSON": say(lambda text: text[: len(text) // 2], finish_reason="length"),
    "fenced JSON": say(lambda text: f"```json\n{text}\n```"),
    "prose": say(lambda _text: "Sure! Here is your draft: put the baby down on the back."),
    "empty": say(lambda _text: ""),
    "duplicate keys": say(lambda text: text[:-1] + ', "mom": []}'),
    "NaN": say(lambda text: text[:-1] + ', "score": NaN}'),
    "wrong tone count": without_a_tone,
    "wrong language": one_sentence(FRENCH),
    "refusal text": one_sentence("I'm sorry, but I can't help with medical advice for children."),
    "leaked prompt": leak,
    "over-long": redraft(lambda rows: rows * 20),
    "invented dose": redraft(dose),
    "refused schema": refuse_formats,
    "content filter": fixed(FakeReply("stopped by the content_filter of this deployment", 400)),
    "key revoked": fixed(FakeReply("Incorrect API key provided", 401)),
    "model gone": fixed(FakeReply("The model does not exist", 404)),
    "out of credit": fixed(FakeReply("You have no quota left: insufficient_quota", 429)),
}
"""How each misbehaves."""


def once(script: Answerer) -> Answerer:
    """The first call of each card meets the script, the others are answered well."""
    seen = set()

    def answer(request: Request) -> Reply:
        card = fence_of(request)
        reply = well(request) if card in seen else script(request)
        seen.add(card)
        return reply

    return answer


def fence_of(request: Request) -> str:
    """What tells the cards apart: the mark around each is made from its text."""
    found = re.search("card-[0-9a-f]{12}", request["messages"][1]["content"])
    assert found
    return found[0]


def first_only(script: Answerer) -> Answerer:
    """The first model meets the script, the fallback answers well."""
    name = FIRST.partition("/")[2]
    return lambda request: (script if request["model"] == name else well)(request)


@dataclass
class Counted:
    """Counts the replies of scripts that say what they used: those are paid for."""

    replies: int = 0

    def watch(self, script: Answerer) -> Answerer:
        return lambda request: self._count(script(request))

    def _count(self, reply: Reply) -> Reply:
        assert isinstance(reply, FakeReply)
        self.replies += reply.status == 200 and reply.tokens == TOKENS
        return reply


def well(request: Request) -> Reply:
    return FakeReply(quote_card(request), tokens=TOKENS)


@dataclass
class Scene:
    """One place with one guide to cook, and what is in it afterwards."""

    place: Place

    def run(
        self, answer: Answerer, guides: tuple[str, ...] = ("sleep.html",), **settings: Any
    ) -> tuple[RunSummary, FakeModel]:
        with FakeModel(answer) as model:
            self.place.overrides |= {
                "model": FIRST,
                "fallback_models": "",
                "model_api_base": model.base_url,
                "model_deadline_s": 20,
                "model_max_wait_s": 0.6,
            } | settings
            urls = tuple(f"{self.place.base}/en/{name}" for name in guides)
            return self.place.run(stage="cook", guides=urls), model

    def cards(self) -> list[CardRow]:
        guides = self._rows(select(GuideRow).where(col(GuideRow.url).endswith("sleep.html")))
        return self._rows(select(CardRow).where(CardRow.guide_id == guides[0].id))

    def drafts(self) -> list[DraftRow]:
        return self._rows(select(DraftRow).where(col(DraftRow.is_current)))

    def calls(self) -> list[CompletionRow]:
        rows: list[CompletionRow] = self._rows(select(CompletionRow))
        return [row for row in rows if row.model != OFFLINE_MODEL]

    def marked(self) -> set[int]:
        rows = self._rows(select(FindingRow).where(FindingRow.check == "written_offline"))
        return {row.draft_id for row in rows}

    def _rows(self, query: Any) -> list[Any]:
        db = self.place.open()
        with db.read() as session:
            found = list(session.exec(query))
        db.dispose()
        return found


@pytest.fixture(scope="module")
def chopped(small_site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A place with cards and no drafts; litellm has been loaded and made its first call."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", "x")
        place = Place(tmp_path_factory.mktemp("chopped"), small_site).prepare()
        place.run(stage="procure", sources=("harbour",))
        place.run(stage="chop", sources=("harbour",))
        warm = Scene(place.copy_to(tmp_path_factory.mktemp("warm") / "place"))
        warm.run(well)
        yield place


@pytest.fixture
def scene(chopped: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    return Scene(chopped.copy_to(tmp_path / "place"))


def count_cards(scene: Scene) -> int:
    """Cards of the guide the scene cooks."""
    return len(scene.cards())


def hurry(row: Row) -> dict[str, float]:
    """A short deadline where one has to be met."""
    return {"model_deadline_s": 0.5} if row.name in ("hang", "1-byte drip") else {}


def story(summary: RunSummary) -> str:
    return "\n".join(summary.errors + summary.notes)


def test_every_misbehaviour_of_the_issue_has_a_row_and_a_script() -> None:
    assert [row.name for row in TABLE] == list(SCRIPTS)
    assert len(TABLE) == 24


def check(outcome: str, row: Row, scene: Scene, summary: RunSummary) -> None:
    """Who wrote what, and whether the summary says so. The tone that always fails is `mom`."""
    drafts = scene.drafts()
    writers = {draft.model for draft in drafts if draft.tone == "mom"}
    marked = scene.marked()
    said = story(summary)
    expected = {"taken": FIRST, "again": FIRST, "kept": FIRST, "next": SECOND}
    if outcome == "stop":
        assert drafts == []
        assert [row.says in error for error in summary.errors] == [True]
        return
    assert len(drafts) == 3 * count_cards(scene) == summary.drafts.new
    assert writers == {expected.get(outcome, OFFLINE_MODEL)}
    assert {d.id for d in drafts if d.model == OFFLINE_MODEL} == {d.id for d in drafts} & marked
    assert bool(summary.errors) == (outcome == "stand-in")
    if outcome == "taken":
        assert said == ""
        return
    assert f"{FIRST}: {row.says}" in said or f"{FIRST} {row.says}" in said
    ends = {
        "again": "a later try was good",
        "next": f"{SECOND} wrote instead",
        "stand-in": "the offline writer stood in",
        "kept": "left for a person",
    }
    assert ends[outcome] in said
    invented = {d.id for d in drafts if "7.5 ml" in d.text}
    assert bool(invented) == (outcome == "kept")
    assert {d.id for d in drafts if d.risk == Risk.LOW} & invented == set()


def check_ledger(row: Row, scene: Scene, replies: int) -> None:
    """Nothing is left open, every paid reply is booked once, and what failed as the table says.

    replies: how many with a usage the server has sent.
    """
    calls = scene.calls()
    settled = [call for call in calls if call.state == "settled"]
    failed = [call for call in calls if call.state == "failed"]
    assert len(settled) + len(failed) == len(calls)
    assert len(settled) == replies
    each = price(FIRST, *TOKENS), price(SECOND, *TOKENS)
    for call in settled:
        cost = each[call.model == SECOND]
        assert cost
        # A settled call that was sent before may carry the estimate of the try nobody answered.
        paid = Decimal(call.cost_micro_usd or 0) / 1_000_000
        assert paid == cost or (row.paid == "perhaps" and call.sends > 1 and paid > cost)
    assert {bool(call.cost_micro_usd) for call in failed} <= {row.paid == "perhaps"}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_misbehaviour_ends_as_documented_when_it_happens_once(scene: Scene, row: Row) -> None:
    counted = Counted()
    summary, _ = scene.run(counted.watch(once(SCRIPTS[row.name])), **hurry(row))
    check(row.once, row, scene, summary)
    check_ledger(row, scene, counted.replies)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_misbehaviour_ends_as_documented_when_there_is_a_fallback(scene: Scene, row: Row) -> None:
    counted = Counted()
    answer = counted.watch(first_only(SCRIPTS[row.name]))
    summary, _ = scene.run(answer, fallback_models=SECOND, **hurry(row))
    check(row.another, row, scene, summary)
    check_ledger(row, scene, counted.replies)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_misbehaviour_ends_as_documented_when_it_lasts_and_the_next_run_goes_on(
    scene: Scene, row: Row
) -> None:
    cards = count_cards(scene)
    first, _ = scene.run(SCRIPTS[row.name], **hurry(row))
    check(row.alone, row, scene, first)
    second, healthy = scene.run(well)

    # Asked for one tone of three, a model is asked something it has not answered yet.
    is_new = row.paid != "yes" or row.name == "wrong tone count"
    is_made_good = row.alone == "stop" or (row.alone == "stand-in" and is_new)
    assert healthy.calls == (cards if is_made_good else 0)
    assert (second.errors == []) == (row.alone != "stand-in" or is_made_good)
    assert count_cards(scene) == cards
    current = scene.drafts()
    assert len({(draft.card_id, draft.tone) for draft in current}) == len(current) == 3 * cards
    if is_made_good:
        assert {draft.model for draft in current} == {FIRST}
        assert scene.run(well)[1].calls == 0
    elif row.alone == "stand-in":
        assert "`run --force` asks again" in story(second)


def fail_after(number: int, fault: FakeReply) -> Answerer:
    """The first model answers so many calls well, then no more; the fallback always does."""
    answered = 0

    def answer(request: Request) -> Reply:
        nonlocal answered
        answered += request["model"] == FIRST.partition("/")[2]
        is_good = request["model"] != FIRST.partition("/")[2] or answered <= number
        return well(request) if is_good else fault

    return answer


NAMES = {FIRST: FIRST.partition("/")[2], SECOND: SECOND.partition("/")[2]}
REVOKED = FakeReply("Incorrect API key provided", 401)
EMPTY_PURSE = FakeReply("no quota left: insufficient_quota", 429)


@pytest.mark.parametrize("fault", [REVOKED, EMPTY_PURSE], ids=["key", "credit"])
def test_run_whose_key_or_credit_ends_half_way_keeps_what_it_has_and_the_next_makes_the_rest(
    scene: Scene, fault: FakeReply
) -> None:
    cards = count_cards(scene)
    first, model = scene.run(fail_after(2, fault), model_concurrency=1)

    assert model.calls == 3
    assert len(first.errors) == 1
    assert first.errors[0] + " (after 2 answers)" in first.notes
    drafts = scene.drafts()
    assert {draft.model for draft in drafts} == {FIRST}
    assert len(drafts) == 3 * 2
    assert {draft.tone for draft in drafts} == {"expert", "mom", "engagement"}

    second, healthy = scene.run(well)
    assert (healthy.calls, second.errors) == (cards - 2, [])
    assert len(scene.drafts()) == 3 * cards
    assert [call.sends for call in scene.calls() if call.state == "settled"].count(1) >= cards - 1


def test_run_whose_key_ends_half_way_goes_on_with_the_fallback(scene: Scene) -> None:
    summary, model = scene.run(fail_after(2, REVOKED), model_concurrency=1, fallback_models=SECOND)

    asked = [request["model"] for request in model.requests]
    assert asked.count(NAMES[FIRST]) == 3
    assert asked.count(NAMES[SECOND]) == count_cards(scene) - 2
    assert summary.errors == []
    assert {draft.model for draft in scene.drafts()} == {FIRST, SECOND}
    assert f"{FIRST} refused our key; set OPENAI_API_KEY to one that is valid" in story(summary)


def test_run_leaves_a_model_that_hangs_alone_and_says_so(scene: Scene) -> None:
    """Not every card pays its deadlines, only those that found out."""
    summary, model = scene.run(
        first_only(fixed(FakeReply("{}", hang_s=60))),
        guides=(),
        fallback_models=SECOND,
        model_concurrency=2,
        model_deadline_s=0.5,
    )

    asked = [request["model"] for request in model.requests]
    cards = summary.drafts.new // 3
    assert cards > 6
    assert asked.count(NAMES[FIRST]) <= FAULTS_IN_A_ROW + 1  # and one that was under way
    assert {draft.model for draft in scene.drafts()} == {SECOND}
    assert summary.errors == []
    hitch = f"{FIRST}: no answer within 0.5 s; {SECOND} wrote instead ({cards} cards)"
    assert summary.notes[0] == hitch
    assert summary.notes[1].startswith(f"{FIRST}: left alone once after faults in a row")


def test_one_rate_limit_holds_every_card_back(scene: Scene) -> None:
    at: list[float] = []

    def answer(request: Request) -> Reply:
        at.append(time.monotonic())
        late = {"Retry-After": "0.4"}
        return FakeReply("slow down", 429, late) if len(at) == 1 else well(request)

    summary, _ = scene.run(answer, model_concurrency=1)
    assert summary.errors == []
    assert len(at) == count_cards(scene) + 1
    assert at[1] - at[0] >= 0.4


def test_run_keeps_below_the_calls_a_minute_that_are_set(scene: Scene) -> None:
    at: list[float] = []

    def answer(request: Request) -> Reply:
        at.append(time.monotonic())
        return well(request)

    scene.run(answer, model_calls_per_minute=f"{FIRST}=120, 6000", model_concurrency=8)
    assert at[-1] - at[0] >= 0.9
