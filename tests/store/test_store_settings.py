from __future__ import annotations

import stat
from pathlib import Path

import pytest

from stages.errors import ConfigError
from store.settings import Settings, get_secret_key, load_settings, prepare_home
from tests.store.processes import Child, race_children, race_threads


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SPOONFUL_{name.upper()}", raising=False)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOONFUL_REVIEW_PORT", "4321")
    monkeypatch.setenv("SPOONFUL_FALLBACK_MODELS", " a/b , ,c/d")
    monkeypatch.setenv("SPOONFUL_ALLOW_PRIVATE", "127.0.0.1:80,intranet")
    settings = load_settings(review_host="0.0.0.0")
    assert settings.effective_review_url == "http://0.0.0.0:4321"
    assert settings.fallback_model_list == ("a/b", "c/d")
    assert settings.allow_private_hosts == frozenset({"127.0.0.1:80", "intranet"})


def test_argument_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOONFUL_MODEL", "from/environment")
    assert load_settings(model="from/argument").model == "from/argument"


def test_defaults_stand_in_home(tmp_path: Path) -> None:
    settings = load_settings(home=str(tmp_path))
    assert settings.effective_database_url == f"sqlite:///{tmp_path}/spoonful.db"
    assert settings.snapshots_url == f"{tmp_path}/snapshots"
    assert settings.user_agent == "Spoonful/0.1 (parenting guide reader)"


def test_wrong_settings_are_all_named_with_what_they_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOONFUL_REVIEW_PORT", "eight")
    monkeypatch.setenv("SPOONFUL_MAX_COST_PER_RUN_USD", "-1")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    lines = sorted(str(caught.value).splitlines())
    assert [line.split(":")[0] for line in lines] == [
        "SPOONFUL_MAX_COST_PER_RUN_USD='-1'",
        "SPOONFUL_REVIEW_PORT='eight'",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REVIEW_PORT", "70000"),
        ("MODEL_CONCURRENCY", "0"),
        ("MODEL_DEADLINE_S", "0"),
        ("MAX_COST_PER_DAY_USD", "NaN"),
        ("SESSION_HOURS", "1000"),
        ("PUBLISH_DELAY_S", "-5"),
    ],
)
def test_setting_out_of_range_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"SPOONFUL_{name}", value)
    with pytest.raises(ConfigError, match=f"SPOONFUL_{name}='{value}'"):
        load_settings()


# --- the data folder ---------------------------------------------------------------------------


def test_prepare_home_makes_the_folder_and_leaves_nothing_in_it(tmp_path: Path) -> None:
    home = prepare_home(Settings(home=str(tmp_path / "deep" / "宝宝 home")))
    assert home == tmp_path / "deep" / "宝宝 home"
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("below", ["", "home"])
def test_prepare_home_names_the_setting_when_it_cannot_write(tmp_path: Path, below: str) -> None:
    # A file in place of the folder: as root no permission stops anybody.
    (tmp_path / "file").touch()
    home = tmp_path / "file" / below
    with pytest.raises(ConfigError, match=f"{home} cannot be written .*SPOONFUL_HOME"):
        prepare_home(Settings(home=str(home)))


# --- the secret key ------------------------------------------------------------------------------


def test_secret_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = Settings(home=str(tmp_path))
    key = get_secret_key(settings)
    assert len(key) == 64
    assert get_secret_key(settings) == key
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_secret_key_of_every_home_is_another(tmp_path: Path) -> None:
    homes = [Settings(home=str(tmp_path / name)) for name in "abc"]
    assert len({get_secret_key(settings) for settings in homes}) == 3


def test_secret_key_of_the_settings_goes_first(tmp_path: Path) -> None:
    settings = Settings(home=str(tmp_path / "none"), secret_key="k" * 32)
    assert get_secret_key(settings) == "k" * 32
    assert not (tmp_path / "none").exists()


def test_short_secret_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="SPOONFUL_SECRET_KEY"):
        get_secret_key(Settings(home=str(tmp_path), secret_key="k" * 31))


def test_secret_key_file_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    # Signing with an empty key would let anybody in.
    (tmp_path / "secret_key").touch()
    with pytest.raises(ConfigError, match="secret_key"):
        get_secret_key(Settings(home=str(tmp_path)))


def test_threads_that_race_for_the_secret_key_get_the_same(tmp_path: Path) -> None:
    for number in range(20):
        settings = Settings(home=str(tmp_path / str(number)))
        keys = race_threads(8, lambda _, settings=settings: get_secret_key(settings))
        assert (len(set(keys)), len(keys[0])) == (1, 64)


def test_processes_that_race_for_the_secret_key_get_the_same(tmp_path: Path) -> None:
    keys = race_children([Child("secret", str(tmp_path)) for _ in range(2)])
    assert (len(set(keys)), len(keys[0])) == (1, 64)
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_rates_are_one_number_for_all_models_or_one_each() -> None:
    settings = load_settings(
        model_calls_per_minute="openai/a=500, claude-b = 50, 100", model_tokens_per_minute="30000"
    )
    assert settings.calls_per_minute == {"openai/a": 500, "claude-b": 50, "": 100}
    assert settings.tokens_per_minute == {"": 30_000}
    assert load_settings().calls_per_minute == {}


@pytest.mark.parametrize("value", ["many", "a=", "0", "a=-1", "inf", "nan", "60, b=x"])
def test_rate_that_is_none_is_named(value: str) -> None:
    with pytest.raises(ConfigError, match=r"SPOONFUL_MODEL_CALLS_PER_MINUTE.*model=number"):
        load_settings(model_calls_per_minute=value)
