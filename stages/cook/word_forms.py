"""English inflections: the forms a name of a concept can take in running text."""

from __future__ import annotations

from collections.abc import Mapping

VOWELS = frozenset("aeiou")

Irregular = Mapping[str, tuple[str, ...]]
"""A word's other forms, by the word: `child: (children,)`, `feed: (feeds, fed, feeding)`."""


def plurals(name: str, irregular: Irregular) -> tuple[str, ...]:
    """The name with its last word in the plural: `breast pad` -> `breast pads`.

    Nothing for a word that looks like a plural already, as `measles` and `twins` do.
    """
    head, word = _split_last(name)
    return tuple(head + form for form in _plural_words(word, irregular))


def verb_forms(name: str, irregular: Irregular) -> tuple[str, ...]:
    """The name with its verb in the other three forms: `wake up` -> `wakes up`, `woke up`, ...

    The verb is the first word, or what follows a hyphen in it: `bottle-feed` -> `bottle-fed`.
    """
    first, space, rest = name.partition(" ")
    head, hyphen, verb = first.rpartition("-")
    return tuple(head + hyphen + form + space + rest for form in _verb_words(verb, irregular))


def _split_last(name: str) -> tuple[str, str]:
    cut = max(name.rfind(" "), name.rfind("-")) + 1
    return name[:cut], name[cut:]


def _plural_words(word: str, irregular: Irregular) -> tuple[str, ...]:
    known = _irregular_forms(word, irregular)
    if known is not None:
        return known
    if not word.isalpha() or len(word) < 2:
        return ()
    if word.endswith(("ss", "us", "x", "z", "ch", "sh")):
        return (f"{word}es",)
    if word.endswith("is"):
        return (f"{word[:-2]}es",)
    if word.endswith("s"):
        return ()
    if word.endswith("y") and word[-2] not in VOWELS:
        return (f"{word[:-1]}ies",)
    if word.endswith("o"):
        return (f"{word}s", f"{word}es")
    return (f"{word}s",)


def _verb_words(verb: str, irregular: Irregular) -> tuple[str, ...]:
    known = _irregular_forms(verb, irregular)
    if known is not None:
        return known
    if not verb.isalpha() or len(verb) < 2:
        return ()
    if verb.endswith("e"):
        stem = verb if verb.endswith(("ee", "ye", "oe")) else verb[:-1]
        return f"{verb}s", f"{verb}d", f"{stem}ing"
    if verb.endswith("y") and verb[-2] not in VOWELS:
        return f"{verb[:-1]}ies", f"{verb[:-1]}ied", f"{verb}ing"
    third = f"{verb}es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else f"{verb}s"
    stem = verb + verb[-1] if _doubles(verb) else verb
    return third, f"{stem}ed", f"{stem}ing"


def _irregular_forms(word: str, irregular: Irregular) -> tuple[str, ...] | None:
    """Its listed forms; a compound goes like its last part: `overfeed` like `feed`."""
    if word in irregular:
        return irregular[word]
    for cut in range(2, len(word) - 2):
        if word[cut:] in irregular and word[:cut] in PREFIXES:
            return tuple(word[:cut] + form for form in irregular[word[cut:]])
    return None


PREFIXES = frozenset(
    "breast bottle spoon over under re un mis grand god house mid out fore".split()
)


def _doubles(verb: str) -> bool:
    """Whether the last letter doubles: one syllable, ending in consonant, vowel, consonant."""
    if len(verb) < 3 or verb[-1] in "wxy" or verb[-1] in VOWELS or verb[-2] not in VOWELS:
        return False
    return sum(letter in VOWELS for letter in verb.replace("qu", "q")) == 1
