"""Check 12: whether the library already holds nearly this card, from another guide.

A sketch is a MinHash of 128 values over the text's shingles; the share of equal values of two
sketches estimates the Jaccard likeness of the shingle sets. Words, not meaning: a card in which one
number or one `not` changed is still a twin, and should be, because twins are shown to the editor
side by side and never dropped for being twins.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from stages.text import is_chinese, strip_hidden

NUM_VALUES = 128
SKETCH_BYTES = NUM_VALUES * 4

SAME_TEXT = 0.5
"""Least estimated likeness of twins.

Measured on 1,261 cards of 84 real guides: of 782,260 pairs of cards of different guides 99.99% came
below .09; from .25 to .5 stood nine pairs that speak of the same in some of the same words, above
.5 only 18 that print the same passage. Of cards with a word changed 100% stayed above .5, with
three words 99.7%, with a sentence dropped or added 98.7% and 99.5%, with a sentence replaced 74%.
"""

# Most cards have nothing in common, which the first values show: of two cards exactly half alike
# one pair in 500 has fewer than three of 16 values in common, of likelier ones next to none.
_GLANCE, _GLANCE_SAME = 16, 3

_SEED = 20_261_101  # any number does, as long as it never changes: sketches are kept
_WORD = re.compile(r"[^\W_]+(?:['.,][^\W_]+)*")
_SIGN = re.compile(r"[^\W_]")


def sketch(text: str, lang: str) -> bytes:
    """The text's sketch: 128 little-endian 32-bit values, 512 bytes.

    Over runs of three words, in Chinese of four characters; case, punctuation and list markers do
    not count. A text without a letter or digit gives a sketch all its own kind share.
    """
    plain = unicodedata.normalize("NFKC", strip_hidden(text)).casefold().replace("’", "'")
    chinese = is_chinese(lang)
    signs = (_SIGN if chinese else _WORD).findall(plain)
    size = 4 if chinese else 3
    joint = "" if chinese else " "
    shingles = [joint.join(signs[i : i + size]) for i in range(max(1, len(signs) - size + 1))]
    minhash = RMinHash(num_perm=NUM_VALUES, seed=_SEED)
    minhash.update(shingles)
    return np.asarray(minhash.digest(), dtype="<u4").tobytes()


class Library:
    """Sketches of many cards as one matrix, to be asked for the twins of one card after another.

    rows: card id, guide id, sketch. 100,000 cards take 51 MB and a look-up
    .2 ms; rows whose sketch is not `SKETCH_BYTES` long are left out.
    """

    def __init__(self, rows: Sequence[tuple[str, str, bytes]]) -> None:
        rows = [row for row in rows if len(row[2]) == SKETCH_BYTES]
        self._ids = [row[0] for row in rows]
        guides = {guide: number for number, guide in enumerate(dict.fromkeys(r[1] for r in rows))}
        self._guide_numbers = guides
        self._guides = np.asarray([guides[row[1]] for row in rows], dtype=np.int64)
        values = np.frombuffer(b"".join(row[2] for row in rows), dtype="<u4")
        # A value a row, a card a column: comparing runs along memory (3 ms instead of 14).
        self._values = np.ascontiguousarray(values.reshape(-1, NUM_VALUES).T)

    def __len__(self) -> int:
        return len(self._ids)

    def find_twin(self, sketch: bytes, guide_id: str) -> str:
        """Id of the likest card of another guide, '' when none is `SAME_TEXT` alike; of equals the
        earliest row. Raises ValueError for bytes that are no sketch.
        """
        if len(sketch) != SKETCH_BYTES:
            raise ValueError(f"a sketch has {SKETCH_BYTES} bytes, not {len(sketch)}")
        if not self._ids:
            return ""
        wanted = np.frombuffer(sketch, dtype="<u4")
        own = self._guide_numbers.get(guide_id, -1)
        hopeful = self._count_same(wanted[:_GLANCE]) >= _GLANCE_SAME
        places = np.flatnonzero(hopeful & (self._guides != own))
        if not len(places):
            return ""
        same = (self._values[:, places] == wanted[:, None]).sum(axis=0)
        best = int(same.argmax())
        return self._ids[places[best]] if same[best] >= SAME_TEXT * NUM_VALUES else ""

    def _count_same(self, wanted: NDArray[np.uint32]) -> NDArray[np.int8]:
        same = np.zeros(len(self._ids), dtype=np.int8)
        for row, value in zip(self._values, wanted, strict=False):
            same += row == value
        return same
