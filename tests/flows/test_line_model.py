"""Cooking with a model: its drafts, its faults, its price."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from flows import steps
from flows.plan import make_plan
from flows.request import RunRequest, Stage
from flows.workers import Workers
from stages.cook.offline import OFFLINE_MODEL
from stages.cook.prices import PRICES_OF, price
from stages.errors import ConfigError, PermanentError
from stages.seeds import load_sources
from store.runs import RunState, list_runs
from store.sources import set_sources
from store.tables import CompletionRow, DraftRow, FindingRow
from tests.bench.model_server import write_reply
from tests.fakes import FakeModel, FakeReply, Request, quote_card
from tests.flows.small_site import Place, everything_in
from tests.stock import stock
from tests.tokens import load_encoding

PRICED = "openai/gpt-4o-mini"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch, _no_settings_from_outside: None) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")


def ask(place: Place, model: FakeModel | None, name: str = "openai/fake", **more: Any) -> None:
    """Point the place at a model; None: at a port where nothing listens."""
    base = model.base_url if model else "http://127.0.0.1:9/v1"
    place.overrides |= {"model": name, "model_api_base": base} | more
    place.overrides.setdefault("allow_unpriced_models", True)


def current_drafts(place: Place) -> list[DraftRow]:
    db = place.open()
    with db.read() as session:
        drafts = list(session.exec(select(DraftRow).where(col(DraftRow.is_current))))
    db.dispose()
    return drafts


def test_run_with_a_model_has_it_write_every_draft_in_one_call_a_card(kept: Place) -> None:
    with FakeModel(quote_card) as model:
        ask(kept, model)
        summary = kept.run()
        again = kept.run()

    drafts = current_drafts(kept)
    assert summary.errors == []
    assert {draft.model for draft in drafts} == {"openai/fake"}
    assert len(drafts) == summary.drafts.new == 3 * summary.cards.total
    assert model.calls == summary.completions.calls == summary.cards.total
    assert summary.completions.tokens_in == 100 * model.calls
    assert (again.completions.calls, again.drafts.new) == (0, 0)


def test_run_falls_back_to_the_offline_writer_and_says_so_when_the_server_is_down(
    place: Place,
) -> None:
    with FakeModel([FakeReply(status=503, headers={"Retry-After": "60"})]) as down:
        ask(place, down)
        summary = place.run()
    db = place.open()
    with db.read() as session:
        marked = session.exec(
            select(FindingRow.draft_id).where(FindingRow.check == "written_offline")
        ).all()
    failed = list_runs(db)[0]
    db.dispose()
    makeshift = current_drafts(place)
    fault = "openai/fake: server error 503; the offline writer stood in, the next run tries again"
    assert summary.errors == [f"{fault} ({summary.cards.total} times)"]
    assert failed.state is RunState.FAILED
    assert len(makeshift) == summary.drafts.new == 3 * summary.cards.total
    assert {draft.model for draft in makeshift} == {OFFLINE_MODEL}
    assert {draft.id for draft in makeshift} == set(marked)


def test_next_run_has_the_model_write_what_the_offline_writer_stood_in_for(place: Place) -> None:
    with FakeModel([FakeReply(status=503, headers={"Retry-After": "60"})]) as down:
        ask(place, down)
        cards = place.run().cards.total
    first, *others = current_drafts(place)
    db = place.open()
    with db.write() as session:
        row = session.get_one(DraftRow, first.id)
        row.text += " Sleep well."
        session.add(row)
    db.dispose()
    with FakeModel(quote_card) as model:
        ask(place, model)
        summary = place.run(stage="cook")
        again = place.run(stage="cook")

    after = {(draft.card_id, draft.tone): draft.model for draft in current_drafts(place)}
    assert summary.errors == again.errors == []
    assert model.calls == cards
    assert after.pop((first.card_id, first.tone)) == OFFLINE_MODEL  # a person's by now
    assert after == {(draft.card_id, draft.tone): "openai/fake" for draft in others}
    assert again.drafts.new == 0


@pytest.mark.parametrize("names", [("openai/fake", ""), (PRICED, "openai/fake")])
def test_run_refuses_a_model_of_unknown_price_before_anything_is_done(
    place: Place, names: tuple[str, str]
) -> None:
    with FakeModel(quote_card) as model:
        ask(place, model, names[0], fallback_models=names[1], allow_unpriced_models=False)
        with pytest.raises(ConfigError) as caught:
            place.run()

    assert str(caught.value) == (
        f"The price of model openai/fake is not known ({PRICES_OF}), so no budget can hold it. "
        "Set SPOONFUL_ALLOW_UNPRICED_MODELS=true to call it all the same, or choose another model."
    )
    assert model.calls == 0
    assert place.content()["pages"] == []


def test_run_stops_cooking_at_a_refused_key_and_does_the_rest(place: Place) -> None:
    with FakeModel([FakeReply(status=401)]) as model:
        ask(place, model, model_concurrency=2)
        summary = place.run()

    content = place.content()
    refusal = "openai/fake refused our key; set OPENAI_API_KEY to one that is valid"
    assert summary.errors == [refusal]
    assert model.calls <= 2  # no more than were under way when the first was refused
    assert summary.guides.fetched == 3
    assert content["drafts"] == []
    assert {row["card_id"] for row in content["placements"]} <= {
        card["id"] for card in content["cards"] if card["plated_key"]
    }
    assert all(card["plated_key"] for card in content["cards"])
    assert content["placements"] != []


def test_run_goes_on_where_a_refused_key_stopped_it(kept: Place) -> None:
    with FakeModel([FakeReply(status=401)]) as model:
        ask(kept, model)
        refused = kept.run(stage="cook")
    with FakeModel(quote_card) as model:
        ask(kept, model)
        summary = kept.run(stage="cook")

    assert refused.drafts.new == 0
    assert refused.errors != []
    assert summary.errors == []
    assert {draft.model for draft in current_drafts(kept)} == {"openai/fake"}


def test_run_without_the_key_ends_before_anything_is_asked(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with FakeModel(quote_card) as model:
        ask(place, model)
        with pytest.raises(ConfigError) as caught:
            place.run()

    assert str(caught.value) == (
        "OPENAI_API_KEY is not set, and model openai/fake needs it. "
        "Set it, or SPOONFUL_MODEL=offline/house to write without a model."
    )
    assert model.calls == 0
    db = place.open()
    assert list_runs(db) == ()
    db.dispose()
    assert place.content()["pages"] == []


def test_run_stops_before_its_budget_is_exceeded_and_goes_on_with_a_larger_one(
    kept: Place,
) -> None:
    tokens = (1200, 900)
    with FakeModel(lambda request: FakeReply(quote_card(request), tokens=tokens)) as model:
        cost = price(PRICED, *tokens)
        assert cost
        limit = 4 * cost
        ask(kept, model, PRICED, max_cost_per_run_usd=limit)
        stopped = kept.run(stage="cook")
        calls = model.calls
        resumed = kept.run(stage="cook", max_cost_usd=Decimal(1))

    db = kept.open()
    with db.read() as session:
        spent = sum(
            row.cost_micro_usd or 0
            for row in session.exec(
                select(CompletionRow).where(CompletionRow.run_id == stopped.run_id)
            )
        )
    last = list_runs(db)
    db.dispose()
    assert 0 < calls < kept.count_cards()
    assert stopped.completions.calls == calls
    assert 0 < spent <= limit * 1_000_000
    assert stopped.drafts.new == 3 * calls
    assert "SPOONFUL_MAX_COST_PER_RUN_USD" in stopped.errors[0]
    assert [run.state for run in last[:2]] == [RunState.DONE, RunState.FAILED]
    assert resumed.errors == []
    assert model.calls == kept.count_cards()
    assert {draft.model for draft in current_drafts(kept)} == {PRICED}


def test_day_budget_holds_over_runs(kept: Place) -> None:
    tokens = (1200, 900)
    with FakeModel(lambda request: FakeReply(quote_card(request), tokens=tokens)) as model:
        cost = price(PRICED, *tokens)
        assert cost
        ask(kept, model, PRICED, max_cost_per_day_usd=4 * cost)
        runs = [kept.run(stage="cook") for _ in range(3)]

    assert 0 < model.calls <= 4
    assert all("SPOONFUL_MAX_COST_PER_DAY_USD" in run.errors[0] for run in runs)


def test_dry_run_prices_the_work_and_changes_nothing(kept: Place) -> None:
    with FakeModel(quote_card) as model:
        ask(kept, model, PRICED)
        db = kept.open()
        before = everything_in(db)
        plan = asyncio.run(make_plan(RunRequest(dry_run=True), kept.settings(), db))
        after = everything_in(db)
        db.dispose()

    assert after == before
    assert model.calls == 0
    assert (plan.model, plan.drafts, plan.kept) == (PRICED, 3 * kept.count_cards(), 0)
    assert [guide.cards for guide in plan.guides] != []
    assert sum(guide.cards for guide in plan.guides) == kept.count_cards()
    assert plan.cost_usd == price(PRICED, plan.tokens_in, plan.tokens_out)
    assert plan.cost_usd
    assert plan.cost_usd > 0


@pytest.mark.parametrize(
    ("tones", "name", "encoding"),
    [((), PRICED, "o200k_base"), (("mom",), "openai/gpt-4", "cl100k_base")],
    ids=["all tones", "one tone, older model"],
)
def test_dry_run_says_within_a_tenth_what_the_run_then_uses(
    tmp_path: Path, tones: tuple[str, ...], name: str, encoding: str
) -> None:
    count = count_with(encoding)
    place = Place(tmp_path, "http://127.0.0.1:9").prepare()
    db = place.open()
    set_sources(db, load_sources(place.sources_file))
    stock(db, "harbour", 24)
    with FakeModel(count) as model:
        ask(place, model, name, max_cost_per_run_usd=Decimal(90), max_cost_per_day_usd=Decimal(90))
        request = RunRequest(stage=Stage.COOK, tones=tones, dry_run=True)
        plan = asyncio.run(make_plan(request, place.settings(), db))
        used = place.run(stage="cook", tones=tones).completions
    db.dispose()

    assert used.calls == used.cards == 24
    assert plan.tokens_in == pytest.approx(used.tokens_in, rel=0.05)
    assert plan.tokens_out == pytest.approx(used.tokens_out, rel=0.1)
    assert float(plan.cost_usd or 0) == pytest.approx(used.cost_usd, rel=0.05)


def count_with(encoding: str) -> Callable[[Request], FakeReply]:
    """A model whose server counts tokens as that tokeniser does."""
    tokeniser = load_encoding(encoding)

    def reply(request: Request) -> FakeReply:
        text = write_reply(request)
        prompt = [message["content"] for message in request["messages"]]
        tokens_in = sum(len(tokeniser.encode(part)) + 3 for part in prompt) + 3
        return FakeReply(text, tokens=(tokens_in, len(tokeniser.encode(text))))

    return reply


def test_run_says_what_a_card_cost_and_which_calls_nobody_could_price(kept: Place) -> None:
    with FakeModel(lambda request: FakeReply(quote_card(request), tokens=(1000, 500))) as model:
        ask(kept, model, PRICED)
        priced = kept.run(stage="cook", tones=("mom",)).as_dict()["completions"]
        ask(kept, model, "openai/fake")
        unpriced = kept.run(stage="cook", tones=("mom",)).as_dict()["completions"]

    cost = price(PRICED, 1000, 500)
    cards = kept.count_cards()
    assert cost
    assert (priced["cards"], priced["unknown_costs"]) == (cards, 0)
    assert priced["cost_per_card_usd"] == pytest.approx(float(cost))
    assert (unpriced["calls"], unpriced["unknown_costs"]) == (cards, cards)
    assert unpriced["cost_usd"] == 0


@pytest.mark.parametrize("dies", [False, True], ids=["there", "when the process dies"])
def test_drafts_are_the_same_where_another_process_checks_them(
    kept: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies: bool
) -> None:
    other = kept.copy_to(tmp_path / "other")
    checked_there: list[object] = []
    run = Workers.run

    async def run_noted(self: Workers, work: Callable[..., object], *arguments: object) -> object:
        if dies:
            raise PermanentError("the process crashed")
        if arguments[1]:  # the text; an empty one only warms up
            checked_there.append(work)
        return await run(self, work, *arguments)

    with FakeModel(quote_card) as model:
        for place in (kept, other):
            ask(place, model)
        here = kept.run(stage="cook")
        monkeypatch.setattr(steps, "MANY_CARDS", 1)
        monkeypatch.setattr(Workers, "run", run_noted)
        there = other.run(stage="cook")

    assert here.errors == there.errors == []
    assert len(checked_there) == (0 if dies else there.drafts.new)
    assert kept.content() == other.content()


def test_model_gets_only_the_tone_that_failed_again(kept: Place) -> None:
    def lose_a_fact(request: Request) -> str:
        import json

        reply = json.loads(quote_card(request))
        if len(reply) == 3:
            reply["mom"] = []
        return json.dumps(reply)

    guide = kept.content()["guides"][0]["url"]
    with FakeModel(lose_a_fact) as model:
        ask(kept, model)
        summary = kept.run(stage="cook", guides=(guide,))

    cards = summary.drafts.new // 3
    assert model.calls == 2 * cards
    assert {draft.model for draft in current_drafts(kept) if draft.run_id == summary.run_id} == {
        "openai/fake"
    }


def test_key_a_server_echoes_is_kept_nowhere(kept: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "very secret words")
    with FakeModel([FakeReply("you sent very secret words", 400)]) as model:
        ask(kept, model)
        summary = kept.run(stage="cook")

    db = kept.open()
    with db.read() as session:
        said = {row.error for row in session.exec(select(CompletionRow)) if row.error}
    db.dispose()
    assert model.calls > 0
    assert any("you sent ***" in error for error in said)
    assert "secret" not in str((said, summary.as_dict()))
    assert "openai/fake: refused the request; the offline writer stood in" in summary.errors[0]
