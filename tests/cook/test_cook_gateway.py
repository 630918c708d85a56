"""The gateway against a loopback server that misbehaves on purpose."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable

import pytest

from stages.cook.complete import Gateway
from stages.cook.keys import missing_key
from stages.cook.prices import price
from stages.errors import ModelRefusedError, RequestRefusedError, TransientError
from stages.types import Completion
from tests.fakes import FakeModel, FakeReply, Reply, quote_card

MODEL = "openai/fake"
MESSAGES = [{"role": "user", "content": "hello"}]
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """litellm takes seconds to import; once, outside the timed tests."""
    Gateway({})._load()


def ask(
    replies: Iterable[Reply], *, times: int = 1, deadline_s: float = 10
) -> tuple[list[Completion], FakeModel]:
    async def run(model: FakeModel) -> list[Completion]:
        async with Gateway(model.environment) as gateway:
            return [
                await gateway.complete(
                    MESSAGES, MODEL, key=f"k{n}", schema=SCHEMA, deadline_s=deadline_s
                )
                for n in range(times)
            ]

    with FakeModel(replies) as model:
        return asyncio.run(run(model)), model


def test_complete_returns_text_tokens_and_an_unknown_price_as_none() -> None:
    (completion,), model = ask([FakeReply('{"a": "b"}', tokens=(120, 40))])
    assert (completion.key, completion.text) == ("k0", '{"a": "b"}')
    assert (completion.tokens_in, completion.tokens_out, completion.cost_usd) == (120, 40, None)
    assert completion.latency_s > 0
    assert model.headers[0]["authorization"] == "Bearer fake-key"


def test_complete_asks_for_our_schema_first() -> None:
    _, model = ask(["{}"])
    assert model.requests[0]["response_format"]["json_schema"]["schema"] == SCHEMA


def test_complete_steps_down_the_ladder_and_remembers_the_rung() -> None:
    refused = FakeReply("response_format is not supported", 400)
    _, model = ask([refused, FakeReply("no", 422), "{}", "{}"], times=2)
    formats = [(r.get("response_format") or {}).get("type") for r in model.requests]
    assert formats == ["json_schema", "json_object", None, None]


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (FakeReply("no", 401), ModelRefusedError, "OPENAI_API_KEY"),
        (FakeReply("no", 403), ModelRefusedError, "OPENAI_API_KEY"),
        (FakeReply("pay", 402), ModelRefusedError, "out of credit"),
        (FakeReply("gone", 404), ModelRefusedError, "does not exist"),
        (FakeReply("bad", 400), RequestRefusedError, "refused the request"),
        (FakeReply("slow down", 429), TransientError, "rate limit"),
        (FakeReply("oops", 500), TransientError, "server error 500"),
        (FakeReply("oops", 503), TransientError, "server error 503"),
        (FakeReply("x" * 5000, is_reset=True), TransientError, "."),
        (FakeReply(raw=b"<html>hi</html>", content_type="text/html"), TransientError, "."),
        (FakeReply(raw=b'{"choices": [{"mess'), TransientError, "."),
        (FakeReply(raw=b"[1, 2]"), TransientError, "."),
    ],
)
def test_complete_maps_faults_by_status(
    reply: FakeReply, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        ask([reply])


@pytest.mark.parametrize("status", [400, 404, 500])
@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Incorrect key: fake-key, sorry", "sorry"),
        ("bad POST https://host/v1?key=AbC123xyz&alt=1 today", "today"),
        ("denied api_key='AbC123xyz' here", "here"),
        ('{"token": "AbC123xyz", "why": "expired"}', "expired"),
        ("header Authorization: Bearer AbC123xyz.def was refused", "was refused"),
        ("No project of API key sk-AbC123xyz. See the docs", "See the docs"),
    ],
)
def test_complete_repeats_no_key_a_server_has_echoed(status: int, said: str, kept: str) -> None:
    with pytest.raises((TransientError, ModelRefusedError, RequestRefusedError)) as caught:
        ask([FakeReply(said, status)])
    shown = str(caught.value)
    assert "***" in shown
    assert kept in shown
    assert "AbC123" not in shown
    assert "fake-key" not in shown


def test_complete_keeps_the_time_a_server_asks_for_without_waiting() -> None:
    started = time.monotonic()
    with pytest.raises(TransientError) as caught:
        ask([FakeReply("slow", 429, {"Retry-After": "30"})])
    assert caught.value.retry_after_s == 30
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("reply", [FakeReply("{}", hang_s=30), FakeReply("{}", drip_s=0.05)])
def test_complete_ends_at_its_deadline(reply: FakeReply) -> None:
    started = time.monotonic()
    with pytest.raises(TransientError, match=r"within 0\.3 s"):
        ask([reply], deadline_s=0.3)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("reason", ["length", "tool_calls"])
def test_complete_empties_a_reply_that_did_not_end_by_itself(reason: str) -> None:
    (completion,), _ = ask([FakeReply('{"a": "Never give aspirin to"}', finish_reason=reason)])
    assert (completion.text, completion.tokens_out) == ("", 50)


def test_complete_names_the_missing_key_before_it_calls() -> None:
    async def run(model: FakeModel) -> None:
        async with Gateway({"OPENAI_API_BASE": model.base_url}) as gateway:
            await gateway.complete(MESSAGES, MODEL)

    with FakeModel() as model:
        with pytest.raises(ModelRefusedError, match="OPENAI_API_KEY"):
            asyncio.run(run(model))
        assert model.calls == 0


def test_complete_holds_no_more_calls_than_its_concurrency() -> None:

    async def run(model: FakeModel) -> None:
        async with Gateway(model.environment, concurrency=2) as gateway:
            started = time.monotonic()
            await asyncio.gather(*(gateway.complete(MESSAGES, MODEL) for _ in range(6)))
            assert time.monotonic() - started >= 0.15

    with FakeModel([FakeReply("{}", hang_s=0.05)]) as model:
        asyncio.run(run(model))
        assert model.calls == 6


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("openai/gpt-5", "OPENAI_API_KEY"),
        ("gpt-5-mini", "OPENAI_API_KEY"),
        ("claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
        ("deepseek/deepseek-chat", "DEEPSEEK_API_KEY"),
        ("dashscope/qwen-max", "DASHSCOPE_API_KEY"),
        ("ollama/llama3", None),
        ("offline/house", None),
    ],
)
def test_missing_key_names_the_variable_of_the_provider(model: str, name: str | None) -> None:
    assert missing_key(model, {}) == name
    if name:
        assert missing_key(model, {name: "  "}) == name
        assert missing_key(model, {name: "key"}) is None


def test_price_is_unknown_rather_than_zero() -> None:
    assert price("openai/no-such-model", 1000, 1000) is None
    known = price("gpt-4o-mini", 1_000_000, 0)
    assert known is not None
    assert known > 0
    assert price("offline/house", 5, 5) == 0


def test_fake_model_quotes_the_card_for_every_tone_asked() -> None:
    request = {
        "messages": [{"role": "user", "content": "expert mom\n[s1] Wash hands.\n[f1] s1 x: y"}]
    }
    row = [{"text": "Wash hands.", "source_ids": ["s1"], "fact_ids": ["f1"]}]
    assert json.loads(quote_card(request)) == {"expert": row, "mom": row}
