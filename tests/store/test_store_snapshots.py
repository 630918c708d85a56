from __future__ import annotations

import hashlib
import os
import uuid
from pathlib import Path

import fsspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from stages.errors import ConfigError, TransientError
from store.snapshots import Snapshots
from tests.store.processes import race_threads

BODY = b"<html>" + b"baby " * 500 + b"</html>"


@pytest.fixture(params=["folder", "file URL", "other store"])
def snapshots(request: pytest.FixtureRequest, tmp_path: Path) -> Snapshots:
    """Kept in a folder, and in memory as a stand-in for S3 and its like."""
    urls = {
        "folder": str(tmp_path / "my snapshots"),
        "file URL": f"file://{tmp_path}/snapshots",
        "other store": f"memory://{uuid.uuid4()}/snapshots",
    }
    return Snapshots(urls[request.param])


def list_files(snapshots: Snapshots) -> list[str]:
    filesystem, root = fsspec.core.url_to_fs(snapshots.url)
    return sorted(filesystem.find(root))


def test_body_comes_back_by_its_hash(snapshots: Snapshots) -> None:
    digest = snapshots.put(BODY)
    assert digest == hashlib.sha256(BODY).hexdigest()
    assert snapshots.get(digest) == BODY


def test_same_body_is_kept_once_and_compressed(snapshots: Snapshots) -> None:
    assert len({snapshots.put(body) for body in (BODY, b"", BODY)}) == 2
    files = list_files(snapshots)
    assert len(files) == 2
    assert all(name.endswith(".zst") for name in files)
    filesystem, _ = fsspec.core.url_to_fs(snapshots.url)
    assert sum(filesystem.size(name) for name in files) < 100


def test_body_that_was_never_kept_is_a_key_error(snapshots: Snapshots) -> None:
    with pytest.raises(KeyError):
        snapshots.get("0" * 64)


@pytest.mark.parametrize(
    "damaged", [b"", b"no zstd", zstandard.compress(BODY)[:-9], zstandard.compress(b"other")]
)
def test_damaged_file_is_a_key_error(snapshots: Snapshots, damaged: bytes) -> None:
    digest = snapshots.put(BODY)
    filesystem, _ = fsspec.core.url_to_fs(snapshots.url)
    filesystem.pipe_file(list_files(snapshots)[0], damaged)
    with pytest.raises(KeyError, match="damaged"):
        snapshots.get(digest)


def test_write_that_is_interrupted_leaves_no_file_under_the_name(
    snapshots: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(source: str, target: str) -> None:
        raise KeyboardInterrupt

    filesystem, _ = fsspec.core.url_to_fs(snapshots.url)
    with monkeypatch.context() as patch:
        patch.setattr(filesystem, "mv", fail)
        with pytest.raises(KeyboardInterrupt):
            snapshots.put(BODY)
    with pytest.raises(KeyError):
        snapshots.get(hashlib.sha256(BODY).hexdigest())
    assert snapshots.get(snapshots.put(BODY)) == BODY


def test_file_appears_whole_although_the_folder_for_temporary_files_is_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Between two file systems a move is a copy, which a crash cuts in the middle.
    moved: list[tuple[Path, Path]] = []
    rename = os.rename

    def watch(source: str, target: str) -> None:
        moved.append((Path(source), Path(target)))
        rename(source, target)

    monkeypatch.setattr(os, "rename", watch)
    digest = Snapshots(str(tmp_path)).put(BODY)
    ((source, target),) = moved
    assert source.parent == target.parent == tmp_path / digest[:2]


def test_file_that_a_power_cut_emptied_is_written_again(snapshots: Snapshots) -> None:
    digest = snapshots.put(BODY)
    filesystem, _ = fsspec.core.url_to_fs(snapshots.url)
    filesystem.pipe_file(list_files(snapshots)[0], b"")
    snapshots.put(BODY)
    assert snapshots.get(digest) == BODY


def test_threads_that_keep_the_same_body_all_succeed(snapshots: Snapshots) -> None:
    digests = race_threads(8, lambda _: snapshots.put(BODY))
    assert set(digests) == {hashlib.sha256(BODY).hexdigest()}
    assert len(list_files(snapshots)) == 1
    assert snapshots.get(digests[0]) == BODY


def test_folder_that_cannot_be_written_names_the_settings(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="SPOONFUL_HOME or SPOONFUL_SNAPSHOTS"):
        Snapshots(str(tmp_path / "file" / "snapshots")).put(BODY)


@pytest.mark.parametrize("error", [PermissionError, ConnectionError, TimeoutError])
def test_body_that_cannot_be_read_now_may_be_had_later(
    snapshots: Snapshots, monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    def fail(path: str) -> bytes:
        raise error("no answer")

    digest = snapshots.put(BODY)
    filesystem, _ = fsspec.core.url_to_fs(snapshots.url)
    with monkeypatch.context() as patch:
        patch.setattr(filesystem, "cat_file", fail)
        with pytest.raises(TransientError, match=r"no answer.*SPOONFUL_SNAPSHOTS"):
            snapshots.get(digest)
    assert snapshots.get(digest) == BODY


@pytest.mark.parametrize("url", ["nosuch://bucket/x", "dropbox://x/y"])
def test_url_no_installed_package_understands_names_the_setting(url: str) -> None:
    with pytest.raises(ConfigError, match="SPOONFUL_SNAPSHOTS"):
        Snapshots(url).put(BODY)


@given(st.binary(max_size=4000))
def test_any_bytes_round_trip(body: bytes) -> None:
    snapshots = Snapshots("memory://round-trip")
    assert snapshots.get(snapshots.put(body)) == body
