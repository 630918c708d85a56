"""What the checks hold a draft to, taken from a tone for one language."""

from __future__ import annotations

from stages.cook.facts import language_key
from stages.types import ToneRules
from tones.load import Tone, pick


def tone_rules(tone: Tone, lang: str, flag_from: tuple[float, float] = (0.5, 0.5)) -> ToneRules:
    """The rules of a tone for drafts in lang (BCP 47). The grade limit holds for English only.

    flag_from: the policy's limits, as in `ToneRules`.
    """
    key = language_key(lang)
    return ToneRules(
        tone=tone.id,
        version=tone.version,
        hash=tone.hash,
        lang=lang,
        length=tone.length(lang),
        reading_grade_max=tone.reading_grade_max if key == "en" else 0.0,
        emoji_max=tone.emoji_max,
        required_phrases=tone.required_phrases[key],
        banned_phrases=tone.banned_phrases[key],
        disclaimer=pick(tone.disclaimer, lang),
        flag_from=flag_from,
    )
