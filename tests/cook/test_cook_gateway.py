"""The gateway against a loopback server that misbehaves on purpose."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from stages.cook.breaker import Patience
from stages.cook.complete import Gateway, JsonLevel, Limits
from stages.cook.faults import WithheldError
from stages.cook.keys import missing_key
from stages.cook.prices import PRICES_OF, price
from stages.errors import (
    ModelPausedError,
    ModelRefusedError,
    RateLimitedError,
    RequestRefusedError,
    TransientError,
)
from stages.types import Completion
from tests.fakes import FakeModel, FakeReply, Reply, Request, quote_card

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


def test_complete_says_that_a_reply_was_held_back_and_what_it_cost() -> None:
    with pytest.raises(WithheldError, match="content filter") as caught:
        ask([FakeReply('{"a": "b"}', finish_reason="content_filter", tokens=(120, 40))])
    completion = caught.value.completion
    assert (completion.text, completion.tokens_in, completion.tokens_out) == ("", 120, 40)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("Your credit balance is too low to access the API", ModelRefusedError),
        ("API key not valid. Please pass a valid API key.", ModelRefusedError),
        ("The model `x` does not exist or you do not have access to it", ModelRefusedError),
        ("The response was filtered: content_filter", RequestRefusedError),
        ("This model's maximum context length is 8192 tokens", RequestRefusedError),
    ],
)
def test_complete_knows_refusals_that_providers_call_a_bad_request(
    said: str, error: type[Exception]
) -> None:
    with FakeModel([FakeReply(said, 400)]) as model:

        async def run() -> None:
            async with Gateway(model.environment) as gateway:
                await gateway.complete(MESSAGES, MODEL, schema=SCHEMA)

        with pytest.raises(error):
            asyncio.run(run())
        assert model.calls == 1  # no reply format would have helped


@pytest.mark.parametrize(
    ("code", "error"),
    [("insufficient_quota", ModelRefusedError), ("rate_limit_exceeded", RateLimitedError)],
)
def test_complete_tells_an_empty_account_from_a_rate_limit_by_its_code(
    code: str, error: type[Exception]
) -> None:
    body = json.dumps({"error": {"message": "slow", "type": "t", "code": code}}).encode()
    with pytest.raises(error):
        ask([FakeReply(status=429, raw=body)])


def test_complete_cleans_text_no_database_could_store() -> None:
    raw = json.loads(_completion("x"))
    raw["choices"][0]["message"]["content"] = "a\0b \ud83d c"
    (completion,), _ = ask([FakeReply(raw=json.dumps(raw).encode())])
    assert completion.text == "ab ? c"


def _completion(text: str) -> str:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return json.dumps({"id": "x", "object": "chat.completion", "created": 1, "model": "fake",
                       "choices": [choice], "usage": usage})  # fmt: skip


def test_calls_that_race_to_find_the_reply_format_remember_the_lowest() -> None:
    def answer(request: Request) -> Reply:
        if request.get("response_format"):
            return FakeReply("unsupported", 400, hang_s=0.02)
        return "{}"

    async def run(model: FakeModel) -> JsonLevel | None:
        async with Gateway(model.environment, concurrency=6) as gateway:
            calls = (gateway.complete(MESSAGES, MODEL, schema=SCHEMA) for _ in range(6))
            await asyncio.gather(*calls)
            raced = model.calls
            await gateway.complete(MESSAGES, MODEL, schema=SCHEMA)
            assert model.calls == raced + 1
            return gateway.level(MODEL)

    with FakeModel(answer) as model:
        assert asyncio.run(run(model)) is JsonLevel.PLAIN


def test_who_waits_for_a_paused_model_holds_no_slot() -> None:
    def answer(request: Request) -> Reply:
        if request["model"] == "slow":
            return FakeReply("later", 429, {"Retry-After": "20"})
        return "{}"

    async def run(model: FakeModel) -> None:
        async with Gateway(model.environment, concurrency=1) as gateway:
            with pytest.raises(RateLimitedError):
                await gateway.complete(MESSAGES, "openai/slow")
            waiting = asyncio.create_task(wait_for_turn(gateway, "openai/slow"))
            await asyncio.sleep(0.05)
            async with asyncio.timeout(10):
                await gateway.complete(MESSAGES, "openai/other")
            assert not waiting.done()
            waiting.cancel()
        assert [request["model"] for request in model.requests] == ["slow", "other"]

    with FakeModel(answer) as model:
        asyncio.run(run(model))


async def wait_for_turn(gateway: Gateway, model: str) -> None:
    async with gateway.turn(model, patience=Patience(60)):
        pass


def test_who_waits_for_its_pace_holds_no_slot() -> None:
    async def run(model: FakeModel) -> None:
        limits = Limits(calls_per_minute={"openai/slow": 1})
        async with Gateway(model.environment, concurrency=1, limits=limits) as gateway:
            await gateway.complete(MESSAGES, "openai/slow")
            waiting = asyncio.create_task(wait_for_turn(gateway, "openai/slow"))
            await asyncio.sleep(0.05)
            async with asyncio.timeout(10):
                await gateway.complete(MESSAGES, "openai/other")
            assert not waiting.done()
            waiting.cancel()

    with FakeModel(["{}"]) as model:
        asyncio.run(run(model))


def test_calls_that_queue_for_a_slot_are_not_sent_into_a_pause() -> None:
    async def run(model: FakeModel) -> list[object]:
        async with Gateway(model.environment, concurrency=1) as gateway:
            calls = (gateway.complete(MESSAGES, MODEL) for _ in range(5))
            return list(await asyncio.gather(*calls, return_exceptions=True))

    with FakeModel([FakeReply("later", 429, {"Retry-After": "600"})]) as model:
        found = asyncio.run(run(model))
        assert model.calls == 1
    assert Counter(map(type, found)) == {RateLimitedError: 1, ModelPausedError: 4}


def test_model_that_refused_us_is_not_asked_again() -> None:
    async def run(model: FakeModel) -> list[str]:
        async with Gateway(model.environment) as gateway:
            for _ in range(3):
                with pytest.raises(ModelRefusedError, match="refused our key"):
                    await gateway.complete(MESSAGES, MODEL)
            return gateway.notes()

    with FakeModel([FakeReply("no", 401)]) as model:
        notes = asyncio.run(run(model))
        assert model.calls == 1
    assert notes == ["openai/fake: not asked 2 times after its refusal"]


def test_turn_that_is_not_used_takes_nothing() -> None:
    async def run(model: FakeModel) -> None:
        limits = Limits({"": 1}, {"": 100})
        async with Gateway(model.environment, concurrency=1, limits=limits) as gateway:
            for _ in range(3):
                async with gateway.turn(MODEL, tokens=80):
                    pass
            async with asyncio.timeout(10):
                await gateway.complete(MESSAGES, MODEL)
        assert model.calls == 1

    with FakeModel(["{}"]) as model:
        asyncio.run(run(model))


def test_prices_are_those_of_the_pinned_release_and_say_its_date() -> None:
    pins = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert re.fullmatch(r"litellm [\d.]+ of \d{4}-\d\d-\d\d", PRICES_OF)
    assert f'"litellm=={PRICES_OF.split()[1]}"' in pins


@pytest.mark.parametrize(
    ("model", "is_known"),
    [
        ("openai/gpt-4o-mini", True),
        ("groq/gpt-4o-mini", False),  # another provider's price
        ("bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0", True),
        ("gemini/gemini-exp-1206", False),  # entered as 0
        ("openai/no-such-model", False),
    ],
)
def test_price_of_another_provider_and_a_price_of_0_are_none(model: str, is_known: bool) -> None:
    assert (price(model, 1000, 1000) is not None) == is_known


def test_price_of_a_model_on_this_machine_may_be_0() -> None:
    assert price("ollama/llama3", 1000, 1000) == 0


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
