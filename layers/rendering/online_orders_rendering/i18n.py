"""Format texts, dates, numbers, money and items in one locale (i18n).

The texts themselves are those of `languages.texts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from online_orders.domain.accounts import Contact
from online_orders.domain.catalog import QUANTITY, SITE, Item, settings_of
from online_orders.domain.languages import FALLBACK, LOCALES, texts
from online_orders.domain.money import minor_digits
from online_orders.domain.orders import Order
from online_orders.domain.system_reasons import system_reason

_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]")
_LINE_END = re.compile("\r\n?|[\u2028\u2029\u0085\u000b\u000c]")
_LETTERS_BEFORE_DIGIT = re.compile(r"([^\W\d_])(?=\d)")
"""Where CLDR has a space that Babel omits: KWD 1.000, but €1.00."""
_CONFIRM_URL = re.compile(r"(/confirm)(?=/)", re.IGNORECASE)


def text_of(text: str) -> str:
    """Return what somebody wrote, as text of several lines without marks that hide, overwrite or turn the text around
    it.

    The address of a confirmation page is removed too: the only one in a mail is our own.
    """
    text = _LINE_END.sub("\n", text)
    text = _CONTROL.sub("", _BIDI_CONTROLS.sub("", text))
    return _CONFIRM_URL.sub(r"\1 ", text).strip()


def line_of(text: str) -> str:
    """Return what `text_of` returns, as one line, fit for a subject."""
    return " ".join(text_of(text).split())


class ItemTexts(NamedTuple):
    item_id: str
    summary: str
    """Kind and every setting but the date, in one line."""
    asked: str
    confirmed: str | None
    has_passed: bool
    """Whether the start, confirmed or else requested, is over."""
    address: str | None
    """The delivery address as it was when ordered; None for what is not delivered."""


class Translator:
    """The texts of one locale; call it with a key."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._texts = texts(name)
        self._babel = Locale.parse(name)

    def __call__(self, key: str, **values: object) -> str:
        """Return the text under `key` with its placeholders filled; raise KeyError when there is none."""
        text = self._texts[key]
        for name, value in values.items():
            # A name such as "Acme, Inc." brings the full stop of its sentence.
            if isinstance(value, str) and value.endswith("."):
                text = text.replace(f"{{{name}}}.", f"{{{name}}}")
        return text.format_map(values)

    def has(self, key: str) -> bool:
        return key in self._texts

    def reason(self, data: Mapping[str, object]) -> str | None:
        """Return the reason in an entry's data, a reason of the system's own in this language; None without any."""
        text = data.get("reason")
        known = system_reason(text)
        code = data.get("code") or (known.code if known else None)
        key = f"reason.{code}"
        return self(key) if self.has(key) else str(text) if text else None

    def count(self, key: str, number: int) -> str:
        """Return the plural form of a text for this number: CLDR's (`key.one`, `key.few`), else `key.other`."""
        form = f"{key}.{self._babel.plural_form(number)}"
        return self(form if self.has(form) else f"{key}.other", number=self.number(number))

    def day(self, day: date) -> str:
        return format_date(day, "long", locale=self._babel)

    def moment(self, instant: datetime, time_zone: str) -> str:
        return format_datetime(instant, "long", tzinfo=ZoneInfo(time_zone), locale=self._babel)

    def day_of(self, instant: datetime, time_zone: str) -> str:
        return self.day(instant.astimezone(ZoneInfo(time_zone)).date())

    def number(self, number: int | Decimal) -> str:
        return format_decimal(number, locale=self._babel)

    def money(self, amount: Decimal, currency: str) -> str:
        """Return an amount with exactly the minor digits of ISO 4217; Babel's own differ for some currencies."""
        pattern = copy(self._babel.currency_formats["standard"])
        pattern.frac_prec = (minor_digits(currency),) * 2
        written: str = pattern.apply(amount, self._babel, currency=currency, currency_digits=False)
        return _LETTERS_BEFORE_DIGIT.sub("\\1\u00a0", written)

    def items(
        self, order: Order, site_names: Mapping[str, str] | None = None, at: datetime | None = None
    ) -> tuple[ItemTexts, ...]:
        """Return every item as it was when ordered; `at` is when it is read, or None where passed dates are not shown.

        `site_names`, by site id, is for orders without a snapshot; a site that is not in it is shown by its id.
        """
        confirmed = order.confirmed_start_dates
        passed = order.passed_starts(at) if at else frozenset()
        return tuple(
            ItemTexts(
                item_id=item_id,
                summary=self.item(order, item, site_names),
                asked=self.day(item.start_date),
                confirmed=self.day(confirmed[item_id]) if item_id in confirmed else None,
                has_passed=item_id in passed,
                address=_address_of(order, item),
            )
            for item_id, item in ((str(index), item) for index, item in enumerate(order.items, start=1))
        )

    def item(self, order: Order, item: Item, site_names: Mapping[str, str] | None = None) -> str:
        """Return one line such as "Sockets: 2 × X1700 for Berlin"."""
        words, settings = order.words(item, self.name), settings_of(item)
        values = {name: self._value(name, value, words) for name, value in settings.items() if name != SITE}
        if site_id := settings.get(SITE):
            site = order.site_of(item)
            values["site"] = line_of(site.name if site else (site_names or {}).get(site_id, site_id))
        label = words.get("kind", item.kind)
        summary = words.get("summary")
        return f"{label}: {summary.format_map(_Values(values))}" if summary else ": ".join([label, *values.values()])

    def _value(self, name: str, value: object, words: Mapping[str, str]) -> str:
        """Return the value of a setting by the catalog's word for it; of a quantity with its unit, if it has one."""
        if name == QUANTITY and isinstance(value, int):
            return f"{self.number(value)} {words[name]}" if name in words else self.number(value)
        if name in words:
            return words[name]
        return self.number(value) if isinstance(value, int) else line_of(str(value))


class _Values(dict[str, str]):
    """The values of a summary's placeholders; one whose setting the item does not have is left out."""

    def __missing__(self, key: str) -> str:
        return ""


def _address_of(order: Order, item: Item) -> str | None:
    site = order.site_of(item) if order.is_delivered(item) else None
    return line_of(site.address) if site and site.address else None


@lru_cache(maxsize=8)
def translator(locale: str) -> Translator:
    """Return the translator of a locale, or the English one where the installation has no texts for it."""
    return Translator(locale if locale in LOCALES else FALLBACK)


def item_labels(order: Order, locale: str, site_names: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return, by item id, the text below a line of the quote's PDF: the item, and in a second line its delivery
    address.
    """
    translate = translator(locale)
    return {item.item_id: "\n".join(_label_lines(translate, item)) for item in translate.items(order, site_names)}


def _label_lines(translate: Translator, item: ItemTexts) -> Iterator[str]:
    yield item.summary
    if item.address:
        yield translate("item.deliver_to", address=item.address)


def passed_starts(items: Iterable[ItemTexts], translate: Translator) -> str:
    """Return the items whose start day is over, as "Item 2 (5 January 2027)"; empty where there are none."""
    return ", ".join(
        f"{translate('label.item_number', number=item.item_id)} ({item.confirmed or item.asked})"
        for item in items
        if item.has_passed
    )


def closing_sentence(order: Order, brand: str, translate: Translator, name: str | None, recipient: Contact) -> str:
    """Return the sentence about who closed the order and when; raise ValueError for an open order.

    `name` is the actor's, if known; `recipient` is whoever had the link.
    """
    if order.closed is None:
        raise ValueError("The order is open.")
    key = f"closed.by.{order.closed.by}"
    day = translate.day_of(order.closed.at, order.internals.time_zone)
    if name and order.closed.by == "contact" and not recipient.has_name(name):
        return translate(f"{key}.other_name", name=line_of(name), asked=line_of(recipient.name), day=day)
    if name and translate.has(f"{key}.named"):
        return translate(f"{key}.named", name=line_of(name), day=day)
    return translate(key, brand=brand, day=day)
