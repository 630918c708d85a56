"""What is wrong with this installation, and the fix: one line per thing looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches

from flows.kitchen import load_voices
from flows.models import check_models
from flows.source_report import Standing, licence_warnings, read_standing
from stages.errors import ConfigError, StageError
from stages.publish.channels import open_channel
from stages.seeds import load_groups, load_policy, load_sources
from stages.snippets import load_snippets
from store.engine import open_database
from store.migrate import check_version, get_version
from store.settings import Settings, get_environment, get_secret_key, load_settings, prepare_home

Found = tuple[str, tuple[str, ...]]
"""What a look found, and what it warns of."""


@dataclass(frozen=True, slots=True)
class Check:
    """says: what was found; for one that is not ok, what to do. warnings: what works, and yet
    somebody should look at it.
    """

    name: str
    ok: bool
    says: str
    warnings: tuple[str, ...] = ()


def examine(*, calls_models: bool = False) -> list[Check]:
    """Look at everything that needs no network; a broken setting ends the list early.

    calls_models: make one real call to each model as well, which costs what it costs.
    """
    try:
        settings = load_settings()
    except ConfigError as error:
        return [Check("settings", False, str(error))]
    looks: list[tuple[str, Callable[[Settings], str | Found]]] = [
        ("variables", _variables),
        ("home", _home),
        ("database", _database),
        ("sources", _sources),
        ("groups", _groups),
        ("policy", _policy),
        ("ready lines", _snippets),
        ("tones", _tones),
        ("model", _model),
        ("embedding", _embedding),
        ("crawler", _crawler),
    ]
    checks = [Check("settings", True, "understood"), *(_look(*look, settings) for look in looks)]
    can_call = calls_models and all(check.ok for check in checks if check.name == "model")
    return checks + (_call_models(settings) if can_call else [])


def _call_models(settings: Settings) -> list[Check]:
    from flows.doctor_model import ask_models  # litellm comes with it

    try:
        return [Check(f"call to {model}", ok, says) for model, ok, says in ask_models(settings)]
    except StageError as error:
        return [Check("call to the model", False, str(error))]


def _look(name: str, look: Callable[[Settings], str | Found], settings: Settings) -> Check:
    try:
        found = look(settings)
    except StageError as error:
        return Check(name, False, str(error))
    return Check(name, True, found) if isinstance(found, str) else Check(name, True, *found)


def _variables(_: Settings) -> str:
    known = {f"SPOONFUL_{name.upper()}" for name in Settings.model_fields}
    ours = {name for name in get_environment() if name.startswith("SPOONFUL_")}
    for name in sorted(ours - known):
        close = get_close_matches(name, known, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise ConfigError(f"{name} is no setting and does nothing.{hint}")
    return f"{len(ours)} set"


def _home(settings: Settings) -> str:
    home = prepare_home(settings)
    get_secret_key(settings)
    return f"{home} can be written"


def _database(settings: Settings) -> str:
    db = open_database(settings.effective_database_url)
    name = db.engine.url.render_as_string(hide_password=True)
    if not get_version(db):
        return f"{name} is empty; the first run fills it"
    if not check_version(db):
        raise ConfigError(f"{name} is from an earlier Spoonful. Run `spoonful migrate`.")
    return f"{name} is at this version"


def _sources(settings: Settings) -> Found:
    sources = load_sources(settings.sources_file)
    enabled = [source for source in sources if source.enabled]
    if not enabled:
        raise ConfigError(f"No source is enabled in {settings.sources_file}.")
    try:
        standing = read_standing(settings)
    except ConfigError:
        standing = Standing()  # the look at the database says what is wrong with it
    states = Counter(standing.state(source)[0] for source in enabled)
    today = datetime.now(UTC).date()
    unread = [source.id for source in enabled if licence_warnings(source, today)]
    warnings = [
        f"{source.id} is {state} {reason}"
        for source in enabled
        for state, reason in (standing.state(source),)
        if state in ("stopped", "parked")
    ]
    if unread:
        warnings.append(
            f"licences nobody has checked: {', '.join(unread)}. Read the terms and write `checked` "
            "and `checked_by` into the source"
        )
    said = "".join(f", {states[state]} {state}" for state in ("stopped", "parked") if states[state])
    says = f"{len(enabled)} of {len(sources)} enabled{said}; `spoonful sources check` asks them"
    return says, tuple(warnings)


def _groups(settings: Settings) -> str:
    groups = load_groups(settings.groups_file)
    for group in groups:
        open_channel(group.channel)
    return f"{len(groups)} groups, channels {', '.join(sorted({g.channel for g in groups}))}"


def _policy(settings: Settings) -> str:
    return f"{len(load_policy(settings.policy_file).topics)} topics"


def _snippets(settings: Settings) -> str:
    return f"{len(load_snippets(settings.snippets_file))} ready lines for editors"


def _tones(settings: Settings) -> str:
    versions, _ = load_voices(settings)
    return ", ".join(f"{name} {found[0].version}" for name, found in versions.items())


def _model(settings: Settings) -> str:
    check_models(settings)
    return " then ".join((settings.model, *settings.fallback_model_list))


def _embedding(settings: Settings) -> str:
    from stages.plate.embed import open_embedder  # loads the weights

    return open_embedder(settings.embedding_model).name


def _crawler(settings: Settings) -> str:
    if not settings.contact:
        raise ConfigError(
            "SPOONFUL_CONTACT is empty: set it to an e-mail address or a page about your crawler, "
            "so that publishers can reach you."
        )
    return settings.user_agent
