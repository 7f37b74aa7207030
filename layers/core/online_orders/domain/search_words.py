"""The words by which orders and accounts are found, and the query that they are compared with.

A text is split into words at all that is neither a letter nor a digit, without case and accents: "Müller-Straße 7" has
the words `muller`, `strasse` and `7`. What was written in one piece is a word as a whole, too: `PO-7` is found as `po`,
`7` and `po7`. Chinese, Japanese, Thai and their like have no blanks between words, so each two neighbouring characters
are a word.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import chain, groupby
from typing import NamedTuple
from unicodedata import category, normalize

from online_orders.domain.accounts import ERASED_EMAIL, Account, Contact
from online_orders.domain.order_numbers import number_of
from online_orders.domain.orders import Order

MIN_PREFIX = 3
"""Characters that a word of a query must have to find longer words."""
MAX_WORD_LENGTH = 40
"""Characters by which a word is known; longer words are cut, in what is stored and in what is searched for."""
MAX_WORDS_BYTES = 1_500
"""Bytes of all the words of an order or an account, with blanks between them; further ones do not find it."""
_OTHER_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\N{LATIN SMALL LETTER DOTLESS I}": "i"}
)
"""Letters with a stroke, and ligatures, which Unicode does not take apart."""
_WITHOUT_BLANKS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Characters of scripts without blanks: Thai, Lao, Burmese, Khmer, kana and Han."""


def fold(text: str) -> str:
    """Return the text without case, accents and other marks, and in compatible characters."""
    decomposed = normalize("NFKD", normalize("NFKD", text).casefold())
    unmarked = "".join(character for character in decomposed if not category(character).startswith("M"))
    return normalize("NFC", unmarked.translate(_OTHER_LETTERS))


def _parts(piece: str) -> list[str]:
    """Return the words of a folded text without blanks, in their order."""
    return [
        part
        for is_word, characters in groupby(piece, str.isalnum)
        if is_word
        for part in _split_scripts("".join(characters))
    ]


def _split_scripts(word: str) -> Iterator[str]:
    for is_dense, characters in groupby(word, lambda character: bool(_WITHOUT_BLANKS.match(character))):
        run = "".join(characters)
        if is_dense and len(run) > 1:
            yield from (run[index : index + 2] for index in range(len(run) - 1))
        else:
            yield run[:MAX_WORD_LENGTH]


def _joined(piece: str) -> str:
    return "".join(filter(str.isalnum, piece))[:MAX_WORD_LENGTH]


def words_of(text: str) -> list[str]:
    """Return the words of a text, and as one word each piece without blanks that has several."""
    found = []
    for piece in fold(text).split():
        parts = _parts(piece)
        found += parts
        if len(parts) > 1 and not _WITHOUT_BLANKS.search(piece):
            found.append(_joined(piece))
    return found


def _bounded(words: Iterable[str]) -> tuple[str, ...]:
    """Return the words, each once, without those for which there is no room."""
    found: list[str] = []
    room = MAX_WORDS_BYTES
    for word in dict.fromkeys(words):
        room -= len(word.encode()) + 1
        if room < 0:
            break
        found.append(word)
    return tuple(found)


def _words_of_all(texts: Iterable[str | None]) -> tuple[str, ...]:
    return _bounded(chain.from_iterable(words_of(text) for text in texts if text))


def order_words(order: Order, account: Account | None) -> tuple[str, ...]:
    """Return the words by which an order is found, the most telling first; `account` is the order's as it is now.

    Of an erased person there is none.
    """
    number, purchase_order = number_of(order.order_id), order.purchase_order_number
    sites = order.snapshot.sites if order.snapshot else {}
    names = [order.account_name(""), account.name if account else ""]
    by = order.placed_by
    people = [*_contact_texts(order.contact), *((by.email, by.name) if by.email != ERASED_EMAIL else ())]
    whole = _joined(fold(purchase_order or ""))
    own = _words_of_all([number, order.order_id, purchase_order])
    rest = _words_of_all([order.account_id, *people, *names, *(site.name for site in sites.values())])
    return _bounded([*own, *([whole] if whole else ()), *rest])


def account_words(account: Account) -> tuple[str, ...]:
    """Return the words by which an account is found: of its id, name, contact person and sites."""
    contact = account.contact
    texts = [account.account_id, account.name, *(_contact_texts(contact) if contact else ())]
    return _words_of_all([*texts, *(site.name for site in account.sites)])


def _contact_texts(contact: Contact) -> tuple[str, ...]:
    return () if contact.is_erased else (contact.name, contact.email)


class Search(NamedTuple):
    """The words of a query, all of which must be found."""

    words: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Search":
        """Return the query of a text; one without letters and digits has no words."""
        found: list[str] = []
        for piece in fold(text).split():
            parts, joined = _parts(piece), _joined(piece)
            is_dense = _WITHOUT_BLANKS.search(piece)
            # "PO-7" is more telling as one word than as two short ones.
            in_one = not is_dense and len(joined) >= MIN_PREFIX and all(len(part) < MIN_PREFIX for part in parts)
            found += [joined] if in_one else parts
        return cls(tuple(dict.fromkeys(found)))

    @property
    def has_prefixes(self) -> bool:
        """Return whether its words find longer words: at least one of them is long enough to be looked up so."""
        return any(len(word) >= MIN_PREFIX for word in self.words)

    @property
    def drivers(self) -> list[str]:
        """Return its words in the order in which to look them up, the most telling first."""
        usable = [word for word in self.words if len(word) >= MIN_PREFIX or not self.has_prefixes]
        return sorted(usable, key=len, reverse=True)

    def finds(self, word: str, words: Collection[str]) -> bool:
        """Return whether a word of the query is among these words, or begins one of them."""
        return any(each.startswith(word) for each in words) if self.has_prefixes else word in words

    def matches(self, words: Collection[str]) -> bool:
        return bool(self.words) and all(self.finds(word, words) for word in self.words)

    def first_found(self, driver: str, words: Iterable[str]) -> str | None:
        """Return the first of these words, by the alphabet, that a word of the query finds; None for none."""
        return min((each for each in words if self.finds(driver, [each])), default=None)

    def rank(self, order: Order, words: Collection[str]) -> int:
        """Return how well an order that matches does so: 2 by its number, id or purchase order number, 1 by whole words
        alone, 0 by beginnings of words.
        """
        joined = "".join(self.words)
        named = (number_of(order.order_id), order.order_id, order.purchase_order_number or "")
        if joined in {_joined(fold(name)) for name in named}:
            return 2
        return int(all(word in words for word in self.words))
