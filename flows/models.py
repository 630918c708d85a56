"""The models a run asks: whether they can be, the way to them, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stages.cook.cook import CookResult
from stages.cook.judge import NO_JUDGEMENT
from stages.cook.keys import missing_key
from stages.cook.offline import OFFLINE_MODEL
from stages.cook.prices import PRICES_OF, price
from stages.errors import ConfigError
from store.settings import Settings, get_environment

if TYPE_CHECKING:
    from stages.cook.complete import Gateway


def list_models(settings: Settings) -> list[str]:
    """The models that write, in turn, without the offline writer; then the one that judges."""
    named = dict.fromkeys((settings.model, *settings.fallback_model_list))
    found = [model for model in named if model != OFFLINE_MODEL]
    # A judge reads what a model wrote; without a model there is nothing to judge.
    judge = [settings.judge_model] if found and settings.judge_model else []
    return [*found, *(model for model in judge if model not in found)]


def check_models(settings: Settings) -> None:
    """Raises ConfigError for a model that cannot be called: no key, or no price to budget with."""
    for model in list_models(settings):
        name = missing_key(model, get_environment())
        if name:
            raise ConfigError(
                f"{name} is not set, and model {model} needs it. "
                f"Set it, or SPOONFUL_MODEL={OFFLINE_MODEL} to write without a model."
            )
        if not settings.allow_unpriced_models and price(model, 1, 1) is None:
            raise ConfigError(
                f"The price of model {model} is not known ({PRICES_OF}), so no budget can hold it. "
                "Set SPOONFUL_ALLOW_UNPRICED_MODELS=true to call it all the same, or choose "
                "another model."
            )


def open_gateway(settings: Settings) -> Gateway:
    """The way to the models as they are set; use as `async with`."""
    from stages.cook.complete import Gateway, Limits  # litellm itself comes with the first call

    return Gateway(
        get_environment(),
        api_base=settings.model_api_base,
        concurrency=settings.model_concurrency,
        limits=Limits(
            settings.calls_per_minute, settings.tokens_per_minute, settings.model_cooldown_s
        ),
    )


def tell_faults(result: CookResult) -> set[str]:
    """The kinds of fault that left a card to the offline writer, without what is its own."""
    if not result.is_makeshift:
        return set()
    kinds = {kind for kind in _kinds(result) if not _is_of_judge(kind)}
    # Replies that were paid for are not bought again, unless fewer tones are asked for.
    is_apart = any(draft.model != OFFLINE_MODEL for draft in result.drafts)
    is_paid = all(": no usable draft" in kind or ": draft refused" in kind for kind in kinds)
    then = "`run --force` asks again" if is_paid and not is_apart else "the next run tries again"
    return {f"{kind}; the offline writer stood in, {then}" for kind in kinds}


def tell_hitches(result: CookResult) -> set[str]:
    """The kinds of fault a card got over, and how."""
    kinds = _kinds(result)
    judges = {kind for kind in kinds if _is_of_judge(kind)}
    found = {f"{kind}; the drafts stand without it" for kind in judges}
    if result.is_makeshift:
        return found
    writers = dict.fromkeys(draft.model for draft in result.drafts)
    for kind in kinds - judges:
        others = [name for name in writers if not kind.startswith((f"{name}:", f"{name} "))]
        if others:
            end = f"{' and '.join(others)} wrote instead"
        elif kind.endswith(": draft refused by our checks") and not result.is_good:
            end = "left for a person"
        else:
            end = "a later try was good"
        found.add(f"{kind}; {end}")
    return found


def _is_of_judge(kind: str) -> bool:
    return f": {NO_JUDGEMENT}" in kind


def _kinds(result: CookResult) -> set[str]:
    return {": ".join(problem.split(": ")[:2]) for problem in result.problems}
