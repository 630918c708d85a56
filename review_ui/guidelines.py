"""What each check looks for, in words for editors: its name, why it matters, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from review_ui.i18n import N_


@dataclass(frozen=True, slots=True)
class Guideline:
    """English, said in the reader's language by `_()`. why: one paragraph, what it guards and
    what to do.
    """

    name: str
    why: str


_FIGURE = Guideline(
    N_("A figure is another one"),
    N_(
        "Parents act on figures as they stand. Put the source's figure and unit back, or take the "
        "sentence out; a rounder number is not the same number."
    ),
)
_LIMIT = Guideline(
    N_("A limit points the other way"),
    N_(
        "“At least” for “at most” turns safe advice into unsafe advice. Compare the two sentences "
        "and write the limit as the source has it."
    ),
)
_NO_SOURCE_FIGURE = Guideline(
    N_("A figure without a source"),
    N_(
        "The card does not give this number. However right it sounds, nobody can check it: take "
        "it out, or say the figure the source does give."
    ),
)
_FIGURE_GONE = Guideline(
    N_("A figure is missing"),
    N_(
        "Without its amount, age or time the advice is easy to overdo or underdo. Put it back "
        "where the sentence needs it; leave it out only if the sentence it limits is gone too."
    ),
)
_FORBIDDEN = Guideline(
    N_("A prohibition is gone or weak"),
    N_(
        "“Do not” must stay “do not”: softened to a preference it reads as allowed. Say it as "
        "plainly as the source, in the tone's own words."
    ),
)
_FORBIDS_NEW = Guideline(
    N_("Forbids what the source does not"),
    N_(
        "A rule of our own making costs parents sleep, and the source its trust. Turn it back "
        "into what the source says, or take it out."
    ),
)
_CONDITION = Guideline(
    N_("A condition is missing"),
    N_(
        "For whom and when advice holds is part of the advice. Keep the age, the weight, the "
        "“only if”; a shorter sentence that holds for fewer children is a wrong one."
    ),
)
_WARNING = Guideline(
    N_("A warning is missing"),
    N_(
        "Signs of danger and who to call are what a reader must not lose, in any tone and at any "
        "length. Put the sign and the step back together, near the top if it is urgent."
    ),
)
_ENTITY = Guideline(
    N_("Speaks of something else"),
    N_(
        "A medicine, food or person the source does not mention here. Swapped names are hard to "
        "notice and easy to act on: use the source's word, or take the sentence out."
    ),
)
_CERTAIN = Guideline(
    N_("Surer than the source"),
    N_(
        "“May” and “often” are the source's knowledge, not its shyness. Give them back; promise "
        "nothing the source does not promise."
    ),
)
_UNSUPPORTED = Guideline(
    N_("May not be in the source"),
    N_(
        "No sentence of the card says this clearly. Look at the sentences that light up: if none "
        "carries it, take it out, however kind or useful it sounds."
    ),
)
_CHATTER = Guideline(
    N_("Sounds like a machine at work"),
    N_(
        "Words of an assistant to whoever asked it, not to parents. Take them out; what stands "
        "around them deserves a second look."
    ),
)
_TONE_WORDS = Guideline(
    N_("A phrase of the tone"),
    N_(
        "The tone's own rules ask for this phrase or forbid it. Change the words; the meaning "
        "stays with the source."
    ),
)
_JUDGE = Guideline(
    N_("A second model disagrees"),
    N_(
        "Another model read the card beside this sentence and did not find it there. It is wrong "
        "now and then: read both and trust what you see."
    ),
)

GUIDELINES: Mapping[str, Guideline] = {
    "quantity_cited": _FIGURE,
    "quantity_changed": _FIGURE,
    "quantity_swapped": Guideline(
        N_("Figures changed places"),
        N_(
            "Both figures are the source's, but each stands where the other belongs. Match every "
            "figure with what it measures, then put them right."
        ),
    ),
    "quantity_moved": Guideline(
        N_("A figure from elsewhere in the card"),
        N_(
            "The figure is the card's, yet not of the sentences this one rests on. See that it "
            "still belongs to the same thing."
        ),
    ),
    "quantity_unsourced": _NO_SOURCE_FIGURE,
    "quantity_invented": _NO_SOURCE_FIGURE,
    "quantity_lost": _FIGURE_GONE,
    "figure_missing": _FIGURE_GONE,
    "comparator_cited": _LIMIT,
    "comparator_changed": _LIMIT,
    "prohibition_cited": _FORBIDDEN,
    "prohibition_dropped": _FORBIDDEN,
    "prohibition_lost": _FORBIDDEN,
    "prohibition_missing": _FORBIDDEN,
    "negation_added_cited": _FORBIDS_NEW,
    "negation_added": _FORBIDS_NEW,
    "condition_cited": _CONDITION,
    "condition_dropped": _CONDITION,
    "condition_lost": _CONDITION,
    "condition_missing": _CONDITION,
    "warning_cited": _WARNING,
    "warning_lost": _WARNING,
    "warning_missing": _WARNING,
    "entity_cited": _ENTITY,
    "entity_swapped": _ENTITY,
    "entity_unsourced": _ENTITY,
    "contradicted": Guideline(
        N_("Says the opposite"),
        N_(
            "Draft and source cannot both be right. The source is: write the sentence again from "
            "it, and read the ones beside it for the same slip."
        ),
    ),
    "certainty_cited": _CERTAIN,
    "certainty_raised": _CERTAIN,
    "reassurance": Guideline(
        N_("Comfort the source does not give"),
        N_(
            "“It is fine” may keep somebody at home who should call. Comfort in how you say it, "
            "never by saying more than the source does."
        ),
    ),
    "unsupported": _UNSUPPORTED,
    "left_out": Guideline(
        N_("Something is left out"),
        N_(
            "Short posts leave things out on purpose. See only that what is gone does not change "
            "what a parent would do."
        ),
    ),
    "hidden_characters": Guideline(
        N_("Characters nobody sees"),
        N_(
            "Invisible characters can carry orders to machines or break words on phones. Saving "
            "an edit without them is enough; type the place anew."
        ),
    ),
    "hidden_stripped": Guideline(
        N_("Invisible characters were removed"),
        N_("Nothing to do: what you read is all there is."),
    ),
    "instruction": Guideline(
        N_("An order to a machine"),
        N_(
            "The page, or the model, slipped in words meant for a machine. Take the whole "
            "sentence out and read the rest as if it were written by a stranger."
        ),
    ),
    "chatter": _CHATTER,
    "chatter_maybe": _CHATTER,
    "sales": Guideline(
        N_("Reads like an advertisement"),
        N_(
            "Groups trust us because we sell nothing. Take the offer, the superlative or the "
            "brand out."
        ),
    ),
    "brand": Guideline(
        N_("Looks like a product name"),
        N_(
            "Name the kind of thing instead of the product, unless the source itself names it for "
            "a reason."
        ),
    ),
    "contact": Guideline(
        N_("An address or number of unknown origin"),
        N_(
            "A wrong number in an emergency is worse than none. Keep only what the source gives, "
            "letter by letter; for help lines use the snippets."
        ),
    ),
    "banned_phrase": _TONE_WORDS,
    "required_phrase": _TONE_WORDS,
    "disclaimer": Guideline(
        N_("The closing line is missing"),
        N_(
            "Each tone ends with a line that says what the post is not: advice for this one "
            "child. Add it at the end; the snippets have it."
        ),
    ),
    "length": Guideline(
        N_("Longer or shorter than the tone"),
        N_(
            "Members read with one hand. Cut what repeats before what informs; short is fine if "
            "nothing of weight is missing."
        ),
    ),
    "emoji": Guideline(
        N_("Many emoji"),
        N_("Screen readers say each one aloud. Keep the one that helps."),
    ),
    "reading_grade": Guideline(
        N_("Hard to read"),
        N_(
            "Long sentences and long words lose tired readers first. Cut a sentence in two, or "
            "use the everyday word, as long as it means the same."
        ),
    ),
    "written_offline": Guideline(
        N_("An extract, not a rewrite"),
        N_(
            "No model answered, so these are the source's own sentences laid out for the tone. "
            "They are right by nature; whether they are good to read is for you to say."
        ),
    ),
    "licence": Guideline(
        N_("The licence is in doubt"),
        N_(
            "What the page says differs from our register. Look at the page and its terms before "
            "anything goes out; the register decides, and ops can change it."
        ),
    ),
    "judge_not_supported": _JUDGE,
    "judge_contradicted": _JUDGE,
    "judge_absent": Guideline(
        N_("The second model gave no answer"),
        N_("Nothing is known against the draft; one check less was made. Read a little closer."),
    ),
}
"""By check."""

UNKNOWN = Guideline(
    N_("Another check"),
    N_(
        "Made by another version of the checks. Its message says what it saw; compare it with "
        "the source."
    ),
)


def get_guideline(check: str) -> Guideline:
    """That of the check; words that hold for any when this version does not know it."""
    return GUIDELINES.get(check, UNKNOWN)
