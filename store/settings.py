"""Every setting of Spoonful, in one class, built once by an entry point and passed down."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from stages.errors import ConfigError

REPO_ROOT = Path(__file__).resolve().parent.parent
SEEDS = REPO_ROOT / "seeds"


class Settings(BaseSettings):
    """Read from environment variables named `SPOONFUL_` plus the field in capitals."""

    model_config = SettingsConfigDict(env_prefix="SPOONFUL_", extra="ignore", frozen=True)

    home: str = Field(
        default="./.spoonful",
        description="Data folder: the SQLite database and the secret key.",
    )
    snapshots: str = Field(
        default="",
        description="Where raw page bodies are kept: any fsspec URL, such as an S3 bucket. "
        "Default: `snapshots` in home.",
    )
    database_url: str = Field(
        default="",
        description="SQLAlchemy URL. Default: SQLite in home; "
        "`postgresql+psycopg://user:password@host/name` for teams.",
    )
    sources_file: Path = Field(
        default=SEEDS / "sources.yaml", description="The sources we crawl, with their licences."
    )
    groups_file: Path = Field(
        default=SEEDS / "groups.yaml", description="The community groups cards are matched to."
    )
    policy_file: Path = Field(
        default=SEEDS / "policy.yaml", description="Topics, what is at stake in each."
    )
    snippets_file: Path = Field(
        default=SEEDS / "snippets.yaml",
        description="Ready lines editors put into drafts: disclaimers, whom to call.",
    )
    tones_dir: Path = Field(
        default=REPO_ROOT / "tones", description="Folder with one Markdown file per tone."
    )
    model: str = Field(
        default="offline/house",
        description="Model that writes the drafts, by its litellm name (`anthropic/...`, "
        "`openai/...`); `offline/house` writes them without any model.",
    )
    fallback_models: str = Field(
        default="",
        description="Models tried in this order when the first fails, separated by commas. "
        "The offline writer always comes last.",
    )
    judge_model: str = Field(
        default="",
        description="A second model, best of another maker, that says of each sentence of a draft "
        "whether the card supports it; one more call a card. Off when empty.",
    )
    model_api_base: str = Field(
        default="", description="Base URL of an OpenAI-compatible server of your own."
    )
    model_concurrency: int = Field(
        default=8, ge=1, le=256, description="Model calls in flight at once."
    )
    model_deadline_s: float = Field(
        default=90.0, gt=0, description="Seconds one model call may take in all."
    )
    model_max_wait_s: float = Field(
        default=30.0,
        ge=0,
        description="Seconds a card waits in all for one model: in pauses the model asked for, "
        "and after faults. Then the next model is asked.",
    )
    model_cooldown_s: float = Field(
        default=30.0,
        gt=0,
        description="Seconds a model is left alone after 5 faults in a row; twice as long after "
        "each probe that fails.",
    )
    model_calls_per_minute: str = Field(
        default="",
        description="Most calls a minute: `60` for every model, or by model "
        "(`openai/gpt-x=500, anthropic/claude-x=50`), with a bare number for the others.",
    )
    model_tokens_per_minute: str = Field(
        default="",
        description="Most tokens a minute, of prompts and replies together, in the same form.",
    )
    max_cost_per_run_usd: Decimal = Field(
        default=Decimal("5"), ge=0, description="A run stops before a call that could exceed this."
    )
    max_cost_per_day_usd: Decimal = Field(
        default=Decimal("20"),
        ge=0,
        description="No call is sent that could take the UTC day's spending above this.",
    )
    allow_unpriced_models: bool = Field(
        default=False,
        description="Whether models of unknown price may be called. The budgets cannot hold them.",
    )
    embedding_model: str = Field(
        default="embedded",
        description="What compares cards with groups: `embedded` (weights come with the "
        "installation) or any embedding model by its litellm name.",
    )
    contact: str = Field(
        default="",
        description="E-mail address or URL named in the crawler's User-Agent, so that publishers "
        "can reach you. Needed before crawling anything but this machine.",
    )
    allow_private: str = Field(
        default="",
        description="Hosts (`host` or `host:port`, separated by commas) that may be crawled "
        "although they are on a loopback or private address. For tests and intranets.",
    )
    review_host: str = Field(default="127.0.0.1", description="Address the review pages listen on.")
    review_port: int = Field(
        default=8400, ge=0, le=65535, description="Port the review pages listen on."
    )
    review_url: str = Field(
        default="",
        description="Address people reach the review pages under, used in links and feeds. "
        "Default: built from host and port. With https, cookies are marked Secure.",
    )
    secret_key: str = Field(
        default="",
        description="Signs cookies, at least 32 characters. Default: made once and kept in home.",
    )
    session_hours: int = Field(
        default=12, ge=1, le=720, description="Hours until a person must sign in again."
    )
    oidc_issuer: str = Field(
        default="",
        description="Issuer of an OpenID provider people may sign in at, such as "
        "`https://login.example.org`. https, or http on this machine.",
    )
    oidc_client_id: str = Field(default="", description="Our name at that provider.")
    oidc_client_secret: SecretStr = Field(
        default=SecretStr(""),
        description="Our secret there; empty for a public client. Shown and logged nowhere.",
    )
    oidc_name: str = Field(
        default="", description="What the sign-in button calls the provider. Default: its host."
    )
    oidc_domains: str = Field(
        default="",
        description="Domains, separated by commas, of the verified e-mail addresses that may sign "
        "in there. Default: any.",
    )
    oidc_role: Literal["", "editor", "lead", "ops", "admin"] = Field(
        default="",
        description="Role for people from these domains who come without an invite. Empty: only "
        "people who were invited or have linked their account get in.",
    )
    alert_webhook: str = Field(
        default="",
        description="URL that gets a POST with a JSON `text` when a run on Prefect fails.",
    )
    second_person: bool = Field(
        default=True,
        description="Whether drafts on high-stakes topics need the same verdict of two people, of "
        "whom the second does not see the first one's. `false` for a house of one person.",
    )
    late_after_h: int = Field(
        default=48,
        ge=1,
        description="Hours after which a card that waits stands out in the queue.",
    )
    publish_delay_s: int = Field(
        default=120,
        ge=0,
        description="Seconds an approved draft waits before it is published: the time to undo.",
    )

    @field_validator("oidc_issuer")
    @classmethod
    def _check_issuer(cls, value: str) -> str:
        if value and not value.startswith("https://") and not is_loopback(value):
            raise ValueError("an issuer starts with https://")
        return value

    @field_validator("model_calls_per_minute", "model_tokens_per_minute")
    @classmethod
    def _check_rates(cls, value: str) -> str:
        _rates(value)
        return value

    @property
    def calls_per_minute(self) -> dict[str, float]:
        """Most calls a minute by model; under `''` that of the models not named."""
        return _rates(self.model_calls_per_minute)

    @property
    def tokens_per_minute(self) -> dict[str, float]:
        """Most tokens a minute, likewise."""
        return _rates(self.model_tokens_per_minute)

    @property
    def home_path(self) -> Path:
        return Path(self.home).expanduser().resolve()

    @property
    def effective_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.home_path / 'spoonful.db'}"

    @property
    def snapshots_url(self) -> str:
        return self.snapshots or str(self.home_path / "snapshots")

    @property
    def effective_review_url(self) -> str:
        url = self.review_url or f"http://{self.review_host}:{self.review_port}"
        return url.rstrip("/")

    @property
    def user_agent(self) -> str:
        contact = f"; +{self.contact}" if self.contact else ""
        return f"Spoonful/0.1 (parenting guide reader{contact})"

    @property
    def oidc_domain_list(self) -> tuple[str, ...]:
        return tuple(domain.lower().removeprefix("@") for domain in _split(self.oidc_domains))

    @property
    def fallback_model_list(self) -> tuple[str, ...]:
        return _split(self.fallback_models)

    @property
    def allow_private_hosts(self) -> frozenset[str]:
        return frozenset(_split(self.allow_private))


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment, `overrides` first.

    Raises ConfigError naming each variable that is wrong, what it holds and what is expected.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic validates the values
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = "SPOONFUL_" + "_".join(str(part) for part in problem["loc"]).upper()
            lines.append(f"{name}={problem.get('input')!r}: {problem['msg']}")
        raise ConfigError("\n".join(lines)) from error


def is_loopback(url: str) -> bool:
    """Whether url is on this machine, by http."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")


def prepare_home(settings: Settings) -> Path:
    """Create the data folder and see that it can be written; returns it.

    Raises ConfigError when it cannot.
    """
    home = settings.home_path
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / f".writable-{os.getpid()}-{secrets.token_hex(4)}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ConfigError(
            f"The data folder {home} cannot be written ({error.strerror}). "
            "Point SPOONFUL_HOME at a folder you may write, or change its permissions."
        ) from error
    return home


def get_secret_key(settings: Settings) -> str:
    """The key that signs cookies: from the settings, else made once and kept in home.

    Raises ConfigError when it is too short to be one.
    """
    if settings.secret_key:
        if len(settings.secret_key) < 32:
            raise ConfigError("SPOONFUL_SECRET_KEY is shorter than 32 characters.")
        return settings.secret_key
    path = prepare_home(settings) / "secret_key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_secret_key(path)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        key = secrets.token_urlsafe(48)
        file.write(key)
    return key


def get_environment() -> Mapping[str, str]:
    """The environment as it is, for the provider keys that are named by their providers."""
    return os.environ


def _read_secret_key(path: Path) -> str:
    for _ in range(20):  # another process may be about to write what it has just created
        key = path.read_text(encoding="ascii", errors="ignore").strip()
        if len(key) >= 32:
            return key
        time.sleep(0.05)
    raise ConfigError(f"{path} holds no key of at least 32 characters. Delete it to get a new one.")


def _split(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _rates(value: str) -> dict[str, float]:
    """By model, what it may be asked a minute. Raises ValueError naming the part that is wrong."""
    rates: dict[str, float] = {}
    for part in _split(value):
        model, _, number = part.rpartition("=")
        try:
            rate = float(number)
        except ValueError:
            rate = -1.0
        if not 0 < rate < float("inf"):
            raise ValueError(f"{part!r} is no `number` and no `model=number` above 0")
        rates[model.strip()] = rate
    return rates
