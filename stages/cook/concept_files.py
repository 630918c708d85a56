"""Read the thesaurus in tones/lexicon/, strictly. README.md there describes the files for editors.

A name is looked up in the form `normalise` gives it, and so is every text; every concept's names
end up in one table from such a name to the concept's id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from stages.cook.word_forms import Irregular, plurals, verb_forms
from stages.errors import ConfigError
from tones import load
from tones.strict import Node, StrictError, read_yaml, refuse_repeats

HERE = load.HERE / "lexicon"

LANGUAGES = ("en", "zh")

ID = re.compile(r"[a-z][a-z0-9_]{0,59}")
MAX_NAME_CHARS = 60
_LATIN_BESIDE_HAN = re.compile(r"(?<=[\u3400-\u9fff])(?=[a-z0-9])|(?<=[a-z0-9])(?=[\u3400-\u9fff])")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SPACES = "\t\n\r\v\f\u00a0\u2002\u2003\u2009\u200a\u202f\u3000-\u2010\u2011\uff0d"


@dataclass(frozen=True, slots=True)
class Kind:
    """What sort of thing a concept is. exclusive: two of a kind never stand for one another.
    has_plural: its English names are nouns.
    """

    id: str
    meaning: str
    exclusive: bool
    has_plural: bool


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing parents' guides speak of, with all its common names.

    en, verbs: English names; those under `verbs` are inflected as verbs, the others as nouns if
    the kind has a plural. zh: Chinese names. broader: ids of the concepts it is one of.
    """

    id: str
    kind: str
    en: tuple[str, ...]
    verbs: tuple[str, ...]
    zh: tuple[str, ...]
    broader: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The whole thesaurus.

    names: by language, from a normalised name to the id of its concept, '' for a phrase that only
    hides the names inside it. families: a concept's id and those of all broader ones. rivals: ids
    of the exclusive groups a concept belongs to. opposites: pairs of ids, both ways round.
    characters: what `normalise` makes of single characters, by their codes.
    """

    kinds: Mapping[str, Kind]
    concepts: Mapping[str, Concept]
    names: Mapping[str, Mapping[str, str]]
    families: Mapping[str, frozenset[str]]
    rivals: Mapping[str, frozenset[str]]
    opposites: frozenset[tuple[str, str]]
    characters: Mapping[int, int]


def read_lexicon(folder: Path | None = None) -> Lexicon:
    """The thesaurus of a folder laid out like tones/lexicon/.

    Raises ConfigError naming file, line, key and what was expected, for the first mistake.
    """
    try:
        return _read(HERE if folder is None else folder)
    except StrictError as error:
        raise ConfigError(str(error)) from error


def normalise(text: str, characters: Mapping[int, int]) -> str:
    """Text as names are looked up in, character for character: same length, same offsets.

    Small letters; white space and hyphens are a space, apostrophes straight; traditional
    characters become simplified ones and full-width letters plain ones. characters: the table of
    a `Lexicon`.
    """
    lower = text.lower()
    if len(lower) != len(text):  # a few capitals are two characters when small
        lower = "".join(small if len(small := sign.lower()) == 1 else sign for sign in text)
    return lower.translate(characters)


_SIGNS: dict[int, int] = {
    **_FULL_WIDTH,
    **{ord(sign): ord(" ") for sign in _SPACES},
    **{ord(sign): ord("'") for sign in "\u2018\u2019\u02bc\uff07`"},
}


def _read(folder: Path) -> Lexicon:
    kinds = {id: _kind(id, node) for id, node in read_yaml(folder / "kinds.yaml").pairs().items()}
    characters = {**_SIGNS, **_traditional(read_yaml(folder / "characters.yaml"))}
    irregular = _irregular(read_yaml(folder / "irregular.yaml"))
    nodes = _concept_nodes(folder / "concepts", kinds)
    refuse_repeats([(id, node) for _, id, node in nodes], "concept")
    places = {id: node for _, id, node in nodes}
    concepts = {id: _concept(id, kind, node, places) for kind, id, node in nodes}
    hidden = read_yaml(folder / "hidden.yaml").fields(LANGUAGES)
    table = _Names(characters)
    for id, concept in concepts.items():
        table.add(concept, places[id])
    for language in LANGUAGES:
        table.hide(hidden[language].texts(), hidden[language], language)
    for concept in concepts.values():
        table.inflect(concept, kinds[concept.kind].has_plural, irregular)
    families = _families(concepts, places)
    return Lexicon(
        kinds,
        concepts,
        table.by_language,
        families,
        _rivals(read_yaml(folder / "rivals.yaml"), concepts, kinds),
        _opposites(read_yaml(folder / "opposites.yaml"), families),
        characters,
    )


# --- the small files ----------------------------------------------------------------------------


def _kind(id: str, node: Node) -> Kind:
    fields = node.fields(("means", "exclusive", "plural"))
    return Kind(id, fields["means"].text(), fields["exclusive"].flag(), fields["plural"].flag())


def _traditional(node: Node) -> Mapping[int, int]:
    pairs: dict[int, int] = {}
    for pair in node.fields(("pairs",))["pairs"].text().split():
        if len(pair) != 2 or pair[0] == pair[1] or ord(pair[0]) in pairs:
            problem = f"`{pair}`; expected a traditional character, once, and its simplified one"
            raise node.error(problem)
        pairs[ord(pair[0])] = ord(pair[1])
    return pairs


def _irregular(node: Node) -> Irregular:
    return {
        word: tuple(_parts(forms))
        for part in node.fields(("nouns", "verbs")).values()
        for word, forms in part.pairs().items()
    }


# --- concepts -----------------------------------------------------------------------------------


def _concept_nodes(folder: Path, kinds: Mapping[str, Kind]) -> list[tuple[str, str, Node]]:
    """Kind, id and node of every concept in every file, in order."""
    found = []
    for path in sorted(folder.glob("*.yaml")):
        for kind, below in read_yaml(path).fields(optional=tuple(kinds)).items():
            found += [(kind, id, node) for id, node in below.pairs().items()]
    if not found:
        raise StrictError(str(folder), 0, "", "holds no concept; expected files like foods.yaml")
    return found


def _concept(id: str, kind: str, node: Node, places: Mapping[str, Node]) -> Concept:
    if not ID.fullmatch(id):
        raise node.error(f"`{id}`; expected small letters, digits and _, like `breast_milk`")
    fields = node.fields((), ("en", "verbs", "zh", "broader"))
    names = {
        key: tuple(_parts(fields[key])) if key in fields else () for key in ("en", "verbs", "zh")
    }
    if not names["zh"] or not (names["en"] or names["verbs"]):
        raise node.error("a concept needs names in both languages: `en` or `verbs`, and `zh`")
    broader = tuple(_parts(fields["broader"])) if "broader" in fields else ()
    for other in broader:
        if other not in places or other == id:
            raise fields["broader"].error(f"`{other}` is no other concept; expected its id")
    return Concept(id, kind, names["en"], names["verbs"], names["zh"], broader)


def _parts(node: Node) -> Iterator[str]:
    """The parts of a text that commas separate, each once."""
    seen = set()
    for part in node.text().split(","):
        name = part.strip()
        if not name or name in seen or len(name) > MAX_NAME_CHARS:
            raise node.error(f"`{name}`; expected names with a comma between, each once")
        seen.add(name)
        yield name


class _Names:
    """The table of names as it grows; one name means one concept."""

    def __init__(self, characters: Mapping[int, int]) -> None:
        self._characters = characters
        self._places: dict[str, Node] = {}
        self.by_language: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}

    def add(self, concept: Concept, node: Node) -> None:
        self._places[concept.id] = node
        for language, names in (("en", concept.en + concept.verbs), ("zh", concept.zh)):
            table = self.by_language[language]
            for name in names:
                for variant in self._variants(name, language):
                    other = table.setdefault(variant, concept.id)
                    if other != concept.id:
                        at = self._places[other]
                        problem = f"`{name}` is already a name of `{other}` ({at.file}:{at.line})"
                        raise node.error(f"{problem}; expected a name of one concept only")

    def hide(self, phrases: Iterable[str], node: Node, language: str) -> None:
        table = self.by_language[language]
        for phrase in phrases:
            for variant in self._variants(phrase, language):
                if table.setdefault(variant, ""):
                    problem = f"`{phrase}` is a name of `{table[variant]}`; expected no name"
                    raise node.error(problem)

    def inflect(self, concept: Concept, has_plural: bool, irregular: Irregular) -> None:
        """Adds the other forms; a form that somebody listed as a name stays what it is."""
        table = self.by_language["en"]
        forms = [form for name in concept.verbs for form in verb_forms(name, irregular)]
        if has_plural:
            forms += [form for name in concept.en for form in plurals(name, irregular)]
        for form in forms:
            for variant in self._variants(form, "en"):
                table.setdefault(variant, concept.id)

    def _variants(self, name: str, language: str) -> set[str]:
        text = normalise(name, self._characters)
        if language == "zh":
            return {text, _LATIN_BESIDE_HAN.sub(" ", text)}
        if "'s " in text:  # cow's milk, cows' milk, cows milk, cow milk
            return {text, *(text.replace("'s ", ending) for ending in ("s' ", "s ", " "))}
        return {text}


# --- relations ----------------------------------------------------------------------------------


def _families(
    concepts: Mapping[str, Concept], places: Mapping[str, Node]
) -> Mapping[str, frozenset[str]]:
    """Each id with all ids above it. Raises StrictError for a concept that is above itself."""
    families: dict[str, frozenset[str]] = {}

    def family(id: str, below: tuple[str, ...]) -> frozenset[str]:
        if id in below:
            raise places[id].error(f"`{id}` is broader than itself; expected no circle")
        if id not in families:
            above = (family(other, (*below, id)) for other in concepts[id].broader)
            families[id] = frozenset({id}).union(*above)
        return families[id]

    for id in concepts:
        family(id, ())
    return families


def _rivals(
    node: Node, concepts: Mapping[str, Concept], kinds: Mapping[str, Kind]
) -> Mapping[str, frozenset[str]]:
    groups: dict[str, set[str]] = {
        id: {f"kind {concept.kind}"} if kinds[concept.kind].exclusive else set()
        for id, concept in concepts.items()
    }
    for name, below in node.pairs().items():
        for id in _members(below, concepts):
            groups[id].add(name)
    return {id: frozenset(names) for id, names in groups.items() if names}


def _opposites(node: Node, families: Mapping[str, frozenset[str]]) -> frozenset[tuple[str, str]]:
    """Pairs both ways round; every member of one side contradicts every member of the other."""
    pairs: set[tuple[str, str]] = set()
    for group in node.fields(("pairs",))["pairs"].items(at_least=1):
        sides = group.text().split(" / ")
        if len(sides) < 2:
            raise group.error(f"`{group.text()}`; expected sides like `awake / asleep, drowsy`")
        members = [[part.strip() for part in side.split(",")] for side in sides]
        for place, side in enumerate(members):
            for other in [id for more in members[place + 1 :] for id in more]:
                for id in side:
                    _refuse_unknown(group, (id, other), families)
                    if id == other:
                        raise group.error(f"`{id}` stands on both sides; expected it on one")
                    pairs |= {(id, other), (other, id)}
    return frozenset(pairs)


def _members(node: Node, known: Mapping[str, object]) -> tuple[str, ...]:
    ids = tuple(_parts(node))
    _refuse_unknown(node, ids, known)
    if len(ids) < 2:
        raise node.error("one member; expected at least two ids")
    return ids


def _refuse_unknown(node: Node, ids: Iterable[str], known: Mapping[str, object]) -> None:
    for id in ids:
        if id not in known:
            raise node.error(f"`{id}` is no concept; expected ids of concepts")
