"""One card from facts to drafts: attempts, fallbacks, the offline writer and the ledger."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import pytest

from stages.cook.complete import Gateway
from stages.cook.cook import (
    MOST_LIMITS,
    CookResult,
    CookSettings,
    completion_key,
    cook_card,
    draft_key,
)
from stages.cook.offline import OFFLINE_MODEL
from stages.errors import BudgetError, InFlightError, ModelRefusedError
from stages.types import Card, Risk
from tests.cook.cook_samples import FEVER_ZH, HOUSE, TONES, MemoryLedger, make_card, make_tone
from tests.fakes import Answerer, FakeModel, FakeReply, Reply, Request, asked_tones, quote_card

SETTINGS = CookSettings(
    model="openai/fake", house=HOUSE, deadline_s=5, max_wait_s=0.05, max_attempts=3
)


def cook(
    replies: Answerer | Iterable[Reply] = quote_card,
    *,
    settings: CookSettings = SETTINGS,
    ledger: MemoryLedger | None = None,
    card: Card | None = None,
) -> tuple[CookResult, FakeModel]:
    async def run(model: FakeModel) -> CookResult:
        async with Gateway(model.environment) as gateway:
            return await cook_card(
                card or make_card(), TONES, settings, ledger or MemoryLedger(), gateway
            )

    with FakeModel(replies) as model:
        return asyncio.run(run(model)), model


def change(request: Request, old: str, new: str, tone: str = "mom") -> str:
    """A faithful reply with old replaced by new in one tone."""
    drafts = json.loads(quote_card(request))
    if tone in drafts:
        text = json.dumps(drafts[tone], ensure_ascii=False)
        assert old in text
        drafts[tone] = json.loads(text.replace(old, new))
    return json.dumps(drafts, ensure_ascii=False)


def models_of(result: CookResult) -> list[str]:
    return [draft.model for draft in result.drafts]


@pytest.mark.parametrize("lang", ["en", "zh-Hans"])
def test_cook_card_makes_all_tones_in_one_call(lang: str) -> None:
    card = make_card() if lang == "en" else make_card(FEVER_ZH, lang, "发热")
    result, model = cook(card=card)
    assert model.calls == 1
    assert [draft.tone for draft in result.drafts] == ["expert", "mom", "engagement"]
    assert models_of(result) == ["openai/fake"] * 3
    assert [(c.tokens_in, c.tokens_out) for c in result.completions] == [(100, 50)]
    assert result.problems == ()
    assert {f.check for d in result.drafts for f in d.findings} == {"disclaimer"}


def test_cook_card_keys_drafts_by_what_they_are_made_from() -> None:
    card, tone = make_card(), TONES[0]
    key = draft_key(card, tone, "m", 0)
    assert draft_key(replace(card, title="Other"), tone, "m", 0) == key
    assert draft_key(replace(card, id="c2"), tone, "m", 0) != key
    others = [
        draft_key(replace(card, body_hash="x"), tone, "m", 0),
        draft_key(replace(card, ctx_hash="x"), tone, "m", 0),
        draft_key(card, replace(tone, hash="x"), "m", 0),
        draft_key(card, replace(tone, id="x"), "m", 0),
        draft_key(card, tone, "n", 0),
        draft_key(card, tone, "m", 1),
    ]
    assert len({key, *others}) == 7


def test_cook_card_asks_again_for_the_failing_tone_only() -> None:
    def answer(request: Request) -> str:
        first = len(model_calls) == 0
        model_calls.append(asked_tones(request))
        return change(request, "38 °C", "39 °C") if first else quote_card(request)

    model_calls: list[list[str]] = []
    result, model = cook(answer)
    assert model_calls == [["expert", "mom", "engagement"], ["mom"]]
    told = json.loads(model.requests[1]["messages"][-1]["content"])
    assert told["again"] == ["mom"]
    assert "39 °C" in told["refused"]["mom"][0]
    assert model.requests[0]["messages"][0] == model.requests[1]["messages"][0]
    assert [d.risk for d in result.drafts] == [Risk.FLAGGED] * 3  # stakes high, no disclaimer
    assert len(result.completions) == 2


def test_cook_card_keeps_a_blocked_draft_when_the_model_insists() -> None:
    result, model = cook(lambda request: change(request, "Never give", "Give"))
    assert model.calls == 3
    mom = result.drafts[1]
    assert (mom.risk, mom.model) == (Risk.BLOCKED, "openai/fake")
    assert "prohibition_cited" in {f.check for f in mom.findings}


def test_cook_card_ends_in_the_offline_writer_when_no_reply_is_valid() -> None:
    result, model = cook(["no JSON"])
    assert model.calls == 3
    assert models_of(result) == [OFFLINE_MODEL] * 3
    assert all("written_offline" in {f.check for f in d.findings} for d in result.drafts)
    assert [d.key for d in result.drafts] == [
        draft_key(make_card(), tone, OFFLINE_MODEL) for tone in TONES
    ]
    assert result.is_makeshift
    assert len(result.problems) == 9


def test_cook_card_asks_the_fallback_for_a_tone_that_fails_our_checks() -> None:
    def answer(request: Request) -> str:
        if request["model"] == "fake":
            return change(request, "Never give", "Give")
        return quote_card(request)

    result, _ = cook(answer, settings=replace(SETTINGS, fallbacks=("openai/second",)))
    assert models_of(result) == ["openai/fake", "openai/second", "openai/fake"]
    assert result.is_good
    assert not result.is_makeshift


def test_cook_card_asks_again_for_a_dose_the_card_does_not_have() -> None:
    def answer(request: Request) -> str:
        drafts = json.loads(quote_card(request))
        if len(request["messages"]) == 2:
            row = {"text": "Give 7.5 ml of it at night.", "source_ids": [], "fact_ids": []}
            drafts["mom"].append(row)
        return json.dumps(drafts, ensure_ascii=False)

    result, model = cook(answer)
    told = json.loads(model.requests[1]["messages"][-1]["content"])
    assert model.calls == 2
    assert "7.5 ml" in told["refused"]["mom"][0]
    assert "7.5 ml" not in result.drafts[1].text
    assert result.is_good


def test_cook_card_gives_more_room_after_a_reply_that_was_cut_off() -> None:
    def answer(request: Request) -> Reply:
        short = request["max_tokens"] == SETTINGS.max_tokens
        return FakeReply(quote_card(request), finish_reason="length" if short else "stop")

    result, model = cook(answer)
    assert models_of(result) == ["openai/fake"] * 3
    assert [request["max_tokens"] for request in model.requests] == [4_000, 8_000]


def test_cook_card_numbers_its_calls_by_replies_so_that_faults_change_no_key() -> None:
    good = quote_reply()
    settings = replace(SETTINGS, max_wait_s=2)
    steady, faulty = MemoryLedger(), MemoryLedger()
    cook(["no JSON", good], ledger=steady, settings=settings)
    cook(["no JSON", FakeReply("oops", 500), good], ledger=faulty, settings=settings)
    assert list(faulty.settled) == list(steady.settled)


def test_cook_card_settles_a_reply_the_provider_held_back_and_moves_on() -> None:
    ledger = MemoryLedger()
    result, model = cook([FakeReply("{}", finish_reason="content_filter")], ledger=ledger)
    assert (model.calls, models_of(result)) == (1, [OFFLINE_MODEL] * 3)
    assert [c.text for c in ledger.settled.values() if c.model == "openai/fake"] == [""]
    assert (ledger.failed, ledger.held) == ([], set())


def test_cook_card_waits_no_longer_than_its_patience_for_one_model() -> None:
    settings = replace(SETTINGS, max_wait_s=0.7, fallbacks=("openai/second",))

    def answer(request: Request) -> Reply:
        if request["model"] == "fake":
            return FakeReply("slow", 429, {"Retry-After": "0.01"})
        return quote_card(request)

    result, model = cook(answer, settings=settings)
    assert models_of(result) == ["openai/second"] * 3
    # After 0.01 s and 0.5 s, and not a third time after 1 s.
    assert [request["model"] for request in model.requests] == ["fake", "fake", "fake", "second"]


def test_cook_card_leaves_a_model_whose_rate_limit_never_ends_though_others_are_served() -> None:
    async def run(model: FakeModel) -> CookResult:
        async with Gateway(model.environment) as gateway:
            gate = gateway.gate("openai/fake")
            gate._own_pause_s = lambda _asked_s: 0.0  # type: ignore[method-assign]
            return await cook_card(make_card(), TONES, SETTINGS, MemoryLedger(), gateway)

    with FakeModel([FakeReply("slow", 429, {"Retry-After": "0"})]) as model:
        result = asyncio.run(run(model))
        assert model.calls == MOST_LIMITS
    assert models_of(result) == [OFFLINE_MODEL] * 3


@pytest.mark.parametrize("fallbacks", [("openai/fake",), (OFFLINE_MODEL, "openai/second")])
def test_cook_card_asks_no_model_twice_and_none_behind_the_offline_writer(
    fallbacks: tuple[str, ...],
) -> None:
    _, model = cook(["no JSON"], settings=replace(SETTINGS, fallbacks=fallbacks))
    assert {request["model"] for request in model.requests} == {"fake"}
    assert model.calls == 3


def test_cook_card_fills_up_single_tones_offline() -> None:
    def answer(request: Request) -> str:
        drafts = json.loads(quote_card(request))
        drafts.pop("mom", None)
        return json.dumps(drafts)

    result, _ = cook(answer)
    assert models_of(result) == ["openai/fake", OFFLINE_MODEL, "openai/fake"]
    assert [draft.key for draft in result.drafts] == [
        draft_key(make_card(), tone, model)
        for tone, model in zip(TONES, models_of(result), strict=True)
    ]


def test_cook_card_goes_to_the_fallback_model() -> None:
    def answer(request: Request) -> Reply:
        if request["model"] == "fake":
            return FakeReply("busy", 503)
        return quote_card(request)

    result, model = cook(answer, settings=replace(SETTINGS, fallbacks=("openai/second",)))
    assert models_of(result) == ["openai/second"] * 3
    assert result.drafts[0].key == draft_key(make_card(), TONES[0], "openai/fake")
    assert not result.is_makeshift
    assert model.calls == 2  # 0.5 s back-off is longer than max_wait_s: no second try
    assert "server error 503" in result.problems[0]


def test_cook_card_waits_out_a_short_retry_after() -> None:
    busy = FakeReply("busy", 429, {"Retry-After": "0.01"})
    result, model = cook([busy, quote_reply()])
    assert (model.calls, models_of(result)[0]) == (2, "openai/fake")


def quote_reply() -> str:
    """What `quote_card` answers to the sample card."""
    request = {"messages": cook(quote_card)[1].requests[0]["messages"]}
    return quote_card(request)


def test_cook_card_moves_on_from_a_long_retry_after() -> None:
    result, model = cook([FakeReply("busy", 429, {"Retry-After": "600"})])
    assert (model.calls, models_of(result)[0]) == (1, OFFLINE_MODEL)


def test_cook_card_raises_when_the_key_is_refused_and_gives_the_claim_back() -> None:
    ledger = MemoryLedger()
    with pytest.raises(ModelRefusedError, match="OPENAI_API_KEY"):
        cook([FakeReply("no", 401)], ledger=ledger)
    assert (ledger.held, len(ledger.failed)) == (set(), 1)


def refuse_first(status: int) -> Answerer:
    def answer(request: Request) -> Reply:
        return FakeReply("no", status) if request["model"] == "fake" else quote_card(request)

    return answer


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422])
def test_cook_card_goes_to_the_fallback_when_the_model_refuses(status: int) -> None:
    settings = replace(SETTINGS, fallbacks=("openai/second",))
    result, _ = cook(refuse_first(status), settings=settings)
    assert models_of(result) == ["openai/second"] * 3
    assert len(result.problems) == 1


@pytest.mark.parametrize("status", [400, 413, 422])
def test_cook_card_writes_offline_what_the_model_refuses_for_its_content(status: int) -> None:
    ledger = MemoryLedger()
    result, model = cook(refuse_first(status), ledger=ledger)
    assert models_of(result) == [OFFLINE_MODEL] * 3
    # Once in each of the three reply formats, where the format could be at fault.
    assert model.calls == (1 if status == 413 else 3)
    assert "refused the request" in result.problems[0]
    assert ledger.held == set()


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_cook_card_raises_the_first_refusal_when_every_model_refuses(status: int) -> None:
    settings = replace(SETTINGS, fallbacks=("openai/second",))
    with pytest.raises(ModelRefusedError, match="openai/fake"):
        cook([FakeReply("no", status)], settings=settings)


@pytest.mark.parametrize(
    ("reply", "unknown"),
    [
        (FakeReply("{}", hang_s=30), 1),
        (FakeReply("x" * 5000, is_reset=True), 1),
        (FakeReply("busy", 503), 0),
        (FakeReply("busy", 429), 0),
        (FakeReply("bad", 400), 0),
    ],
)
def test_cook_card_tells_the_ledger_what_may_have_been_charged(
    reply: FakeReply, unknown: int
) -> None:
    ledger = MemoryLedger()
    settings = replace(SETTINGS, deadline_s=0.5, max_attempts=1)
    cook([reply], ledger=ledger, settings=settings)
    assert (len(ledger.failed), len(ledger.unknown)) == (1, unknown)


def test_cook_card_takes_a_call_nobody_answered_for_unpaid() -> None:
    ledger = MemoryLedger()

    async def run() -> CookResult:
        environment = {"OPENAI_API_KEY": "x", "OPENAI_API_BASE": "http://127.0.0.1:9/v1"}
        async with Gateway(environment) as gateway:
            return await cook_card(make_card(), TONES, SETTINGS, ledger, gateway)

    assert "openai/fake: connection failed" in asyncio.run(run()).problems[0]
    assert (len(ledger.failed), ledger.unknown) == (1, [])


def test_cook_card_pays_nothing_twice() -> None:
    ledger = MemoryLedger()
    first, _ = cook(ledger=ledger)
    second, model = cook(ledger=ledger)
    assert model.calls == 0
    assert (second.cached, second.completions) == (1, ())
    assert second.drafts == first.drafts


def test_cook_card_calls_again_for_a_new_generation() -> None:
    ledger = MemoryLedger()
    cook(ledger=ledger)
    _, model = cook(ledger=ledger, settings=replace(SETTINGS, generation=1))
    assert model.calls == 1


def test_cook_card_claims_before_it_sends() -> None:
    ledger = MemoryLedger()

    def answer(request: Request) -> str:
        seen.append(len(ledger.claims))
        return quote_card(request)

    seen: list[int] = []
    cook(answer, ledger=ledger)
    assert seen == [1]


def test_cook_card_stops_at_the_budget_before_it_sends() -> None:
    ledger = MemoryLedger(budget=Decimal("0.0000001"))
    settings = replace(SETTINGS, model="openai/gpt-4o-mini")
    with FakeModel() as model:

        async def run() -> CookResult:
            async with Gateway(model.environment) as gateway:
                return await cook_card(make_card(), TONES, settings, ledger, gateway)

        with pytest.raises(BudgetError):
            asyncio.run(run())
        assert model.calls == 0


def test_cook_card_leaves_a_card_another_process_cooks() -> None:
    card = make_card()
    ledger = MemoryLedger()
    asyncio.run(cook_card(card, TONES, CookSettings(), ledger))
    ledger.held.update(ledger.settled)
    ledger.settled.clear()
    with pytest.raises(InFlightError, match="another process"):
        asyncio.run(cook_card(card, TONES, CookSettings(), ledger))


def test_cook_card_leaves_a_card_whose_model_call_another_process_has_in_flight() -> None:
    ledger = MemoryLedger()
    cook(ledger=ledger)
    ledger.held.update(ledger.settled)
    ledger.settled.clear()
    settings = replace(SETTINGS, fallbacks=("openai/second",))
    with pytest.raises(InFlightError, match="another process"):
        cook(ledger=ledger, settings=settings)
    assert [model for _, model in ledger.claims] == ["openai/fake"]  # of the first cook only


def test_cook_card_offline_goes_through_the_ledger_at_no_cost() -> None:
    ledger = MemoryLedger()
    first = asyncio.run(cook_card(make_card(), TONES, CookSettings(), ledger))
    second = asyncio.run(cook_card(make_card(), TONES, CookSettings(), ledger))
    (completion,) = first.completions
    assert (completion.model, completion.cost_usd) == (OFFLINE_MODEL, 0)
    assert (second.completions, second.cached) == ((), 1)
    assert second.drafts == first.drafts


def test_cook_card_cooks_single_tones() -> None:
    tone = make_tone("mom")
    result = asyncio.run(cook_card(make_card(), [tone], CookSettings(), MemoryLedger()))
    assert [draft.tone for draft in result.drafts] == ["mom"]


def test_completion_key_tells_messages_models_and_generations_apart() -> None:
    messages = [{"role": "user", "content": "a"}]
    keys = {
        completion_key("m", messages),
        completion_key("n", messages),
        completion_key("m", [{"role": "user", "content": "b"}]),
        completion_key("m", messages, 1),
    }
    assert len(keys) == 4
