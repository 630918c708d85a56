"""The providers' keys: which variable holds one, and how they are kept out of what is stored."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

# The variable each provider's key is read from, by the prefix of the model's name. Providers that
# need several (bedrock, vertex_ai) or none (ollama) are not listed: litellm reads theirs itself.
KEY_NAMES: Mapping[str, str] = {
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "azure": "AZURE_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY",
    "dashscope": "DASHSCOPE_API_KEY",
    "moonshot": "MOONSHOT_API_KEY",
    "zai": "ZAI_API_KEY",
    "minimax": "MINIMAX_API_KEY",
    "volcengine": "VOLCENGINE_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "groq": "GROQ_API_KEY",
    "cohere": "COHERE_API_KEY",
    "xai": "XAI_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "together_ai": "TOGETHERAI_API_KEY",
    "fireworks_ai": "FIREWORKS_AI_API_KEY",
}
_BARE_NAMES = {"gpt": "openai", "o1": "openai", "o3": "openai", "o4": "openai",
               "chatgpt": "openai", "claude": "anthropic"}  # fmt: skip

# What keys look like in the messages of servers that repeat the request.
_ASSIGNED = re.compile(r"""(?i)((?:key|token|secret)["']?\s?[=:]\s?["']?)(?!Bearer\b)[^\s"'&,;]+""")
_BEARER = re.compile(r"(?i)\bBearer\s[^\s\"',;]+")
_KEY_LIKE = re.compile(r"\b(?:sk|pk|gsk|xai|key)-[\w-]{4,}|\bgsk_\w{8,}|\bAIza[\w-]{8,}")
_SECRET_ENDINGS = ("_API_KEY", "_ACCESS_KEY", "_ACCESS_KEY_ID", "_TOKEN")


def provider_of(model: str) -> str:
    """`openai` for `openai/gpt-x` and for a bare `gpt-x`; '' when unknown."""
    prefix, slash, _ = model.partition("/")
    return prefix if slash else _BARE_NAMES.get(model.partition("-")[0], "")


def key_name(model: str) -> str:
    """The variable that holds the model's key; `the provider's key` when it is not known."""
    return KEY_NAMES.get(provider_of(model), "the provider's key")


def missing_key(model: str, environment: Mapping[str, str]) -> str | None:
    """Name of the environment variable that must be set before model can be called, else None.

    Asks nobody: a key that is there but wrong is found by the first call.
    """
    name = KEY_NAMES.get(provider_of(model))
    return name if name and not environment.get(name, "").strip() else None


def list_secrets(environment: Mapping[str, str]) -> list[str]:
    """Values of the keys that are set, longest first; '' and 'x' are nobody's key."""
    values = {
        value.strip()
        for name, value in environment.items()
        if name in KEY_NAMES.values() or name.endswith(_SECRET_ENDINGS)
    }
    return sorted((value for value in values if len(value) >= 6), key=len, reverse=True)


def mask(text: str, secrets: Sequence[str]) -> str:
    """One short line of text without any key: neither one of ours nor what looks like one."""
    line = " ".join(text[:4_000].replace("\0", "").split())
    for secret in secrets:
        line = line.replace(secret, "***")
    line = _BEARER.sub("Bearer ***", _ASSIGNED.sub(r"\1***", line))
    line = _KEY_LIKE.sub("***", line)
    return line if len(line) <= 200 else line[:197] + "..."
