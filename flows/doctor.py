"""What is wrong with this installation, and the fix: one line per thing looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

from flows.kitchen import Kitchen, load_voices
from flows.line import check_model_keys
from stages.errors import ConfigError, StageError
from stages.procure.discover import discover
from stages.publish.channels import open_channel
from stages.seeds import load_groups, load_policy, load_sources
from stages.types import Source
from store.engine import open_database
from store.migrate import check_version, get_version
from store.settings import Settings, get_environment, get_secret_key, load_settings, prepare_home


@dataclass(frozen=True, slots=True)
class Check:
    """says: what was found; for one that is not ok, what to do."""

    name: str
    ok: bool
    says: str


def examine() -> list[Check]:
    """Look at everything that needs no network; a broken setting ends the list early."""
    try:
        settings = load_settings()
    except ConfigError as error:
        return [Check("settings", False, str(error))]
    looks: list[tuple[str, Callable[[Settings], str]]] = [
        ("variables", _variables),
        ("home", _home),
        ("database", _database),
        ("sources", _sources),
        ("groups", _groups),
        ("policy", _policy),
        ("tones", _tones),
        ("model", _model),
        ("embedding", _embedding),
        ("crawler", _crawler),
    ]
    return [Check("settings", True, "understood"), *(_look(*look, settings) for look in looks)]


async def check_source(kitchen: Kitchen, source: Source) -> Check:
    """Ask a source for its robots and lists: what it allows and how many guides it offers."""
    try:
        found = await discover(source, kitchen.fetcher)
    except StageError as error:
        return Check(source.id, False, str(error))
    use = "may be published" if source.reuse.allows_publishing else "read only"
    says = (
        f"{len(found.candidates)} pages to look at, {found.disallowed} forbidden by robots.txt, "
        f"{found.over_budget} over its budget; {source.reuse.value} ({use}), {source.licence}"
    )
    return Check(source.id, not found.errors, "; ".join((says, *found.errors)))


def _look(name: str, look: Callable[[Settings], str], settings: Settings) -> Check:
    try:
        return Check(name, True, look(settings))
    except StageError as error:
        return Check(name, False, str(error))


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


def _sources(settings: Settings) -> str:
    sources = load_sources(settings.sources_file)
    enabled = [source for source in sources if source.enabled]
    if not enabled:
        raise ConfigError(f"No source is enabled in {settings.sources_file}.")
    return f"{len(enabled)} of {len(sources)} enabled; `spoonful sources check` asks them"


def _groups(settings: Settings) -> str:
    groups = load_groups(settings.groups_file)
    for group in groups:
        open_channel(group.channel)
    return f"{len(groups)} groups, channels {', '.join(sorted({g.channel for g in groups}))}"


def _policy(settings: Settings) -> str:
    return f"{len(load_policy(settings.policy_file).topics)} topics"


def _tones(settings: Settings) -> str:
    versions, _ = load_voices(settings)
    return ", ".join(f"{name} {found[0].version}" for name, found in versions.items())


def _model(settings: Settings) -> str:
    check_model_keys(settings)
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
