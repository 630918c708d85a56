"""What a model's server means by a refusal: from status and words to one of our errors.

By status first. Words decide only where providers use one status for several things, above all 400:
a reply format it does not take, a key that is wrong, an account without credit, a text its filter
stops. The phrases are those of the providers in `keys.KEY_NAMES`, read in their API references.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

from stages.cook.keys import key_name
from stages.errors import (
    ModelRefusedError,
    RateLimitedError,
    RequestRefusedError,
    StageError,
    TransientError,
)
from stages.procure.answers import retry_after_s
from stages.types import Completion

_NO_CREDIT = re.compile(
    r"insufficient[_ ](?:quota|balance|credit|funds)|credit balance|out of credit|credits?\b.{0,40}"
    r"(?:exhausted|used up|required|limit)|arrearage|overdue|account.{0,20}deactivated|"
    r"余额不足|余額不足|欠费|欠費",
    re.IGNORECASE,
)
_BAD_KEY = re.compile(
    r"(?:invalid|incorrect|expired|missing|unknown|revoked)[_ ]?(?:authentication )?"
    r"(?:api[_ -]?)key|api[_ -]?key (?:is )?(?:not valid|invalid|expired|not found)|"
    r"authentication[_ ]error",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"model_(?:not_found|decommissioned)|\bmodel\b.{0,80}?(?:not exist|not found|not a valid|"
    r"decommissioned|no longer (?:available|supported)|has been (?:retired|removed))|"
    r"not a valid model",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"content[_ ]?(?:filter|policy|management)|contentpolicy|safety system|moderation|flagged|"
    r"data_inspection_failed|inappropriate content|敏感|违规|不安全",
    re.IGNORECASE,
)
_TOO_LONG = re.compile(
    r"context[_ ](?:length|window)|maximum context|too many tokens|prompt is too long|input.{0,20}"
    r"too long",
    re.IGNORECASE,
)

# litellm's own names in front of the server's words.
_NOISE = re.compile(r"\A(?:litellm\.)?(?:\w{1,60}(?:Error|Exception)(?:: | - | ))*")


class FormatRefusedError(Exception):
    """A 400 or 422 without a known reason: the server may not take the reply format."""


class WithheldError(RequestRefusedError):
    """The model was at work, and its provider held the reply back: paid for, and nothing to use."""

    def __init__(self, message: str, completion: Completion) -> None:
        super().__init__(message)
        self.completion = completion


def from_status(
    status: int, said: str, model: str, wait_s: float | None
) -> StageError | FormatRefusedError | None:
    """The error a status stands for, None for one that says nothing.

    said: the server's words, keys masked. wait_s: its Retry-After in seconds.
    """
    no_credit = _NO_CREDIT.search(said) or (status == 429 and "credit" in said.lower())
    if status == 402 or (status in (400, 403, 429) and no_credit):
        return ModelRefusedError(f"{model}: the account is out of credit")
    if status == 429:
        return RateLimitedError("rate limit", wait_s)
    if status in (400, 403, 422) and _FILTERED.search(said):
        return RequestRefusedError(f"{model}: stopped by its content filter: {said}")
    if status in (401, 403) or (status == 400 and _BAD_KEY.search(said)):
        return ModelRefusedError(
            f"{model} refused our key; set {key_name(model)} to one that is valid"
        )
    if status in (404, 405, 410) or (status == 400 and _NO_MODEL.search(said)):
        return ModelRefusedError(f"{model}: does not exist there: {said}")
    if status in (400, 422) and not _TOO_LONG.search(said):
        return FormatRefusedError(said)
    if status in (408, 409, 425) or status >= 500:
        return TransientError(f"server error {status}: {said}", wait_s)
    if status >= 400:
        return RequestRefusedError(f"{model}: refused the request: {said}")
    return None


def chain(error: BaseException | None) -> list[BaseException]:
    """The error and what led to it."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def words_of(error: Exception) -> str:
    """What the server said, and the code it gave, which litellm leaves out of its message."""
    words = _NOISE.sub("", str(error)[:4_000]).partition("Traceback (most")[0]
    for one in chain(error):
        body = getattr(one, "body", None)
        if isinstance(body, dict):
            inner = body["error"] if isinstance(body.get("error"), dict) else body
            codes = (str(inner.get(name) or "") for name in ("code", "type"))
            extra = " ".join(code for code in codes if code and code not in words)
            return f"{words} ({extra[:80]})" if extra else words
    return words


def retry_after_of(error: Exception) -> float | None:
    """Seconds the server asked us to wait, None when it did not."""
    return read_retry_after(
        getattr(error, "litellm_response_headers", None)
        or getattr(getattr(error, "response", None), "headers", None)
        or {}
    )


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, at most an hour; from `retry-after-ms` where a server is as precise as that."""
    for name, per_second in (("retry-after-ms", 1000), ("retry-after", 1)):
        with suppress(ValueError):
            seconds = float(headers.get(name) or "") / per_second
            if seconds >= 0:  # NaN is not
                return min(seconds, 3600.0)
    wait_s = retry_after_s(headers.get("retry-after") or "", datetime.now(UTC))
    return None if wait_s is None else min(wait_s, 3600.0)
