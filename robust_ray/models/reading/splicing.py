"""Token ids of a changed program, put together from those of the lines and words it shares with programs seen before.

A tokenizer first cuts a text into words, then each word into tokens, and almost every tokenizer cuts before a blank or
a line break that follows a visible character. So the ids of a program are those of its lines, one after the other,
those of a line are those of its words, and, for many a tokenizer, those of a word are those of its names and signs. All
are remembered, and a new program made of known ones costs the tokenizer nothing. Whether a tokenizer is of that kind is
not believed but tried: on the characters that can meet at a cut, and on texts full of traps.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

from robust_ray.models.data_flow.reader import DataFlowReader
from robust_ray.models.reading.encoding import ITEM, Row, Rows, Tokenize, count, has_token_types, one_line, pack, whole
from robust_ray.models.reading.recent import Recent
from robust_ray.models.reading.templates import Template, learn, longest_first
from robust_ray.models.students import Network


class Cut(NamedTuple):
    """Where texts are cut into parts."""

    place: re.Pattern[str]

    mark: str
    """What the pattern matches; every part but the first begins with it."""

    def parts(self, text: str) -> list[str]:
        """The parts without their marks; instead, the first one says that it has none."""
        parts = self.place.split(text)
        if self.mark:
            parts[0] = FIRST + parts[0]
        return parts

    def text(self, part: str) -> str:
        """What a part stands for."""
        return part.removeprefix(FIRST) if part.startswith(FIRST) else self.mark + part


FIRST = "!\n"
"""What no part can hold, as it is where lines are cut."""

LINES = Cut(re.compile(r"\n(?<=[!-~]\n)"), "\n")
"""At a line break after a visible character; of ASCII, for normalizers make blanks of stranger things."""

WORDS = Cut(re.compile(r" (?<=[!-~] )"), " ")
"""At a blank after a visible character."""

SIGNS = "!%&()*+,-./:;<=>?[]^{|}~"
"""Before and after these a name ends."""

CHARACTERS = 4
"""Characters read for each token of the window at first: seldom too few, never many too many."""

REMEMBERED = 2**23
"""Characters remembered: of lines, of words, and of names and signs."""

EVERYTHING = 2**40
"""More tokens than any text has."""

AFTER_A_CUT = ("", "x", "X", "0", "_", "(", "'s", '"', "#", "<", "\n", " x", "\t", "\r\n", "\u00e9", "\u0301", "\u4e2d")
"""What may follow a cut."""

TRAPS = (
    "",
    "\n",
    " ",
    "x",
    "int f(int *a) {\n    return a[0] +  1;\n}\n",
    "\n\n  def f(x):\n\n\tif x :\n\t\treturn x\n\n\n    return  [ 1,2 ] \n   ",
    "a \n b\t\nc\r\nd\n\re\x0bf\n\x0cg\x00h \x00\ni\x1c\nj\u2028k\n\u200bl\ufeff\nm\ufffd n \u2581\no\u2581 p",
    "\u00e9\u0301 e\n\u0301x \u0301y '\u00b4\n\u00a8z' \u4e2d\u6587\n\u65e5 \U0001f600\nA\u0130 \u03a3\n\ufb01 \u00bd",
    "don't\n's 're\n'll \"it's\" #\n# a_b __init__ 0x1F 1e-9 3.14\n->x ;;\n}}) );\n",
)
"""Texts at which a rule for cutting may fail."""


def splicing(network: Network) -> Tokenize | None:
    """What does the work of the network's tokenizer, or None where only the tokenizer itself can do it."""
    if network.data_flow is not None:
        return DataFlowReader(network, network.data_flow)
    tokenizer = network.tokenizer
    is_one_line = network.preprocessing == "one_line"
    blanks = [WORDS] if is_one_line else [LINES, WORDS]
    if not (_is_readable(tokenizer) and _cuts_at(blanks, tokenizer.backend_tokenizer)):
        return None
    single, pair = (learn(tokenizer, segments, has_types=has_token_types(network)) for segments in (1, 2))
    if single is None or pair is None or network.max_length <= pair.added:
        return None
    spliced = Splicing(tokenizer, network.max_length, single, pair, [*blanks, *_cuts_at_signs(tokenizer)])
    traps = _traps(tokenizer)
    return spliced if _agree(spliced, whole(network), list(map(one_line, traps)) if is_one_line else traps) else None


class Splicing:
    """A tokenizer that remembers parts of texts."""

    def __init__(self, tokenizer: Any, max_length: int, single: Template, pair: Template, cuts: Sequence[Cut]) -> None:
        self._max_length = max_length
        self._single = single
        self._pair = pair
        self._levels: list[tuple[Cut, Recent[Row]]] = [(cut, Recent(REMEMBERED)) for cut in cuts]
        self._backend = copy.deepcopy(tokenizer.backend_tokenizer)
        self._backend.no_truncation()
        self._backend.no_padding()

    def __call__(self, texts: Sequence[str], pairs: Sequence[str] | None) -> list[Rows]:
        """The rows of the tokenizer itself."""
        if pairs is None:
            room = self._max_length - self._single.added
            return [self._single.fill(row) for row in self._rows(texts, room)]
        room = self._max_length - self._pair.added
        columns = self._rows(texts, room + 1), self._rows(pairs, room + 1)
        long = [i for i, rows in enumerate(zip(*columns, strict=True)) if min(map(count, rows)) > room]
        if long and room % 2:  # the odd token goes to the longer of the two, however long both are
            for column, segments in zip(columns, (texts, pairs), strict=True):
                for i, row in zip(long, self._rows([segments[i] for i in long], EVERYTHING), strict=True):
                    column[i] = row
        return [self._fit(first, second, room) for first, second in zip(*columns, strict=True)]

    def _fit(self, first: Row, second: Row, room: int) -> Rows:
        kept = longest_first(count(first), count(second), room)
        return self._pair.fill(first[: kept[0] * ITEM], second[: kept[1] * ITEM])

    def _rows(self, texts: Sequence[str], room: int) -> list[Row]:
        """The first ``room`` token ids of each text; of a long text no more is read than that takes."""
        rows = dict.fromkeys(texts, b"")
        short, width = list(rows), CHARACTERS * room
        while short:
            for text, row in zip(short, self._join([self._begin(text, width) for text in short]), strict=True):
                rows[text] = row[: room * ITEM]
            short = [text for text in short if len(text) > width and count(rows[text]) < room]
            width *= 4
        return [rows[text] for text in texts]

    def _begin(self, text: str, width: int) -> list[str]:
        """Parts of the first ``width`` characters; the last one, which may go on, is left out."""
        parts = self._levels[0][0].parts(text[:width])
        return parts if len(text) <= width else parts[:-1]

    def _join(self, texts: Sequence[Sequence[str]], level: int = 0) -> list[Row]:
        """The row of each text from those of its parts; those not remembered are made all at once."""
        cut, memory = self._levels[level]
        found = [memory.look_up(parts) for parts in texts]
        holes = [(i, j) for i, rows in enumerate(found) if None in rows for j, row in enumerate(rows) if row is None]
        new = dict.fromkeys(texts[i][j] for i, j in holes)
        if new:
            made = dict(zip(new, self._make([cut.text(part) for part in new], level + 1), strict=True))
            for part, row in made.items():
                memory.keep(part, row)
            for i, j in holes:
                found[i][j] = made[texts[i][j]]
        return [b"".join(cast(list[Row], rows)) for rows in found]

    def _make(self, texts: Sequence[str], level: int) -> list[Row]:
        if level < len(self._levels):
            return self._join([self._levels[level][0].parts(text) for text in texts], level)
        return [pack(each.ids) for each in self._backend.encode_batch_fast(texts, add_special_tokens=False)]


def _is_readable(tokenizer: Any) -> bool:
    """Whether it is one of Hugging Face tokenizers, and none of its added tokens reaches over a cut."""
    if not tokenizer.is_fast or tokenizer.backend_tokenizer.pre_tokenizer is None:
        return False
    added = tokenizer.added_tokens_decoder.values()
    is_blind = not any(token.rstrip or re.search(r"\S\s", token.content) for token in added)
    return is_blind and tokenizer.truncation_side == "right"


def _cuts_at(blanks: Sequence[Cut], backend: Any) -> bool:
    """Whether a word always ends between a visible character and such a blank or line break, and another begins."""
    words = _words(backend)
    before = {chr(code): words(chr(code)) for code in range(ord("!"), ord("~") + 1)}
    after = {mark + text: words(mark + text) for _, mark in blanks for text in AFTER_A_CUT}
    return all(words(left + right) == before[left] + after[right] for right in after for left in before)


def _cuts_at_signs(tokenizer: Any) -> list[Cut]:
    """Between names and those signs that occur in no added token, if that is where the tokenizer cuts."""
    words = _words(tokenizer.backend_tokenizer)
    signs = [sign for sign in SIGNS if not any(sign in token for token in tokenizer.get_added_vocab())]
    for sign in signs:
        for name in ("x", "X", "x_0", "0x", "s"):
            if words(name + sign) != words(name) + words(sign) or words(sign + name) != words(sign) + words(name):
                return []
    some = "".join(map(re.escape, signs))
    return [Cut(re.compile(rf"(?<=[a-zA-Z])(?=[{some}])|(?<=[{some}])(?=[a-zA-Z])"), "")] if signs else []


def _words(backend: Any) -> Callable[[str], list[str]]:
    """What the tokenizer cuts a text into before it looks for tokens."""

    def words(text: str) -> list[str]:
        normalized = text if backend.normalizer is None else backend.normalizer.normalize_str(text)
        return [word for word, _ in backend.pre_tokenizer.pre_tokenize_str(normalized)]

    return words


def _traps(tokenizer: Any) -> list[str]:
    tokens = [*tokenizer.all_special_tokens, *sorted(tokenizer.get_added_vocab())[:8]]
    around = [f"a = {token};\n{token}\n  {token} b{token}{token}\n x  {token}" for token in dict.fromkeys(tokens)]
    texts = [*TRAPS, *around]
    return [*texts, "\n".join(texts) * 8]


def _agree(spliced: Tokenize, tokenizer: Tokenize, texts: Sequence[str]) -> bool:
    """Whether both make the same rows, alone and in pairs."""
    reverse = texts[::-1]
    return spliced(texts, None) == tokenizer(texts, None) and spliced(texts, reverse) == tokenizer(texts, reverse)
