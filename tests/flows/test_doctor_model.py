"""`spoonful doctor --model`: one real call to each model, and the fix when it fails."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlmodel import select

from flows.doctor_model import ask_models
from stages.cook.prices import PRICES_OF
from stages.errors import ConfigError
from store.runs import list_runs
from store.tables import CompletionRow
from tests.fakes import Answerer, FakeModel, FakeReply, Reply, Request, quote_card
from tests.flows.small_site import Place

PRICED = "openai/gpt-4o-mini"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch, _no_settings_from_outside: None) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")


def ask(place: Place, answer: Answerer, **more: Any) -> tuple[list[tuple[str, bool, str]], int]:
    """What is found, and the number of calls the server saw."""
    with FakeModel(answer) as model:
        place.overrides |= {"model": PRICED, "model_api_base": model.base_url} | more
        return ask_models(place.settings()), model.calls


def always(reply: FakeReply) -> Answerer:
    return lambda _request: reply


def test_doctor_reports_latency_price_and_reply_format_of_every_model(place: Place) -> None:
    found, calls = ask(place, quote_card, fallback_models="openai/gpt-4o")

    assert [(name, ok) for name, ok, _ in found] == [(PRICED, True), ("openai/gpt-4o", True)]
    assert calls == 2
    assert re.fullmatch(
        rf"\d+\.\d s, 100 tokens in, 50 out, 0\.000045 USD \(prices of {re.escape(PRICES_OF)}\), "
        r"replies by JSON schema, 3 of 3 drafts usable",
        found[0][2],
    )


def test_doctor_names_the_reply_format_a_server_fell_back_to(place: Place) -> None:
    def answer(request: Request) -> Reply:
        if request.get("response_format"):
            return FakeReply("unsupported", 400)
        return quote_card(request)

    (found,), calls = ask(place, answer)
    assert (found[1], calls) == (True, 3)
    assert "replies by plain text" in found[2]


def test_doctor_says_that_a_price_is_unknown_rather_than_0(place: Place) -> None:
    ((_, ok, says),), _ = ask(place, quote_card, model="openai/own", allow_unpriced_models=True)

    assert ok
    assert f"price unknown ({PRICES_OF}): the budgets cannot hold it" in says
    assert "USD" not in says


def test_doctor_calls_no_model_without_a_price(place: Place) -> None:
    with pytest.raises(ConfigError, match="SPOONFUL_ALLOW_UNPRICED_MODELS"):
        ask(place, quote_card, model="openai/own")


@pytest.mark.parametrize(
    ("reply", "wrong", "fix"),
    [
        (FakeReply("no", 401), "refused our key", "set OPENAI_API_KEY"),
        (FakeReply("no", 404), "does not exist there", "SPOONFUL_MODEL"),
        (FakeReply("no", 402), "out of credit", "Top the account up"),
        (FakeReply("no", 429), "rate limit", "SPOONFUL_MODEL_CALLS_PER_MINUTE"),
        (FakeReply("no", 500), "server error 500", "SPOONFUL_MODEL_API_BASE"),
        (FakeReply("no", 400), "refused the request", "choose another model"),
        (FakeReply("{}", hang_s=30), "no answer within 0.5 s", "SPOONFUL_MODEL_DEADLINE_S"),
        (FakeReply("Sure!"), "not valid JSON", "follows a JSON schema"),
    ],
)
def test_doctor_says_what_is_wrong_with_a_model_and_the_fix(
    place: Place, reply: FakeReply, wrong: str, fix: str
) -> None:
    deadline_s = 0.5 if reply.hang_s else 20.0
    ((_, ok, says),), _ = ask(place, always(reply), model_deadline_s=deadline_s)

    assert not ok
    assert wrong in says
    assert fix in says


def test_doctor_writes_its_call_into_the_ledger_and_asks_anew_each_time(place: Place) -> None:
    calls = [ask(place, quote_card)[1] for _ in range(2)]
    db = place.open()
    with db.read() as session:
        rows = list(session.exec(select(CompletionRow)))
    runs = list_runs(db)
    db.dispose()

    assert calls == [1, 1]
    assert [(row.state, row.cost_micro_usd) for row in rows] == [("settled", 45)] * 2
    assert {row.run_id for row in rows} == {run.id for run in runs}
    assert {run.kind for run in runs} == {"doctor"}
