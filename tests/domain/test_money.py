"""Money is exact: never rounded unseen, always written with the currency's decimals."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from online_orders.domain import money
from online_orders.domain.iso import COUNTRIES, MINOR_DIGITS
from tests.domain.builders import property_of

DIGITS = {"JPY": 0, "EUR": 2, "BHD": 3}

currencies = st.sampled_from(sorted(DIGITS))
amounts = st.builds(
    lambda mantissa, exponent: Decimal(mantissa).scaleb(exponent),
    st.integers(-(10**12), 10**12),
    st.integers(-8, 0),
)


def decimals_of(text: str) -> int:
    return len(text.partition(".")[2])


@property_of
@given(amounts, currencies)
def test_an_amount_has_at_most_the_currencys_decimals(amount: Decimal, currency: str) -> None:
    assert money.fits(amount, currency) is (decimals_of(f"{amount:f}") <= DIGITS[currency])


@property_of
@given(amounts, currencies)
def test_an_amount_that_fits_keeps_its_value_to_the_last_digit(amount: Decimal, currency: str) -> None:
    if money.fits(amount, currency):
        assert Fraction(money.quantize(amount, currency)) == Fraction(amount)


@property_of
@given(amounts, currencies)
def test_an_amount_is_written_with_exactly_the_currencys_decimals(amount: Decimal, currency: str) -> None:
    text = str(money.quantize(amount, currency))
    assert decimals_of(text) == DIGITS[currency]
    assert ("." in text) is (DIGITS[currency] > 0)
    assert set(text) <= set("-.0123456789")


@property_of
@given(amounts, currencies)
@example(Decimal("0.5"), "JPY")
@example(Decimal("-2.5"), "JPY")
@example(Decimal("0.125"), "EUR")
def test_what_does_not_fit_is_rounded_half_away_from_zero(amount: Decimal, currency: str) -> None:
    unit = Fraction(1, 10 ** DIGITS[currency])
    count = (abs(Fraction(amount)) / unit + Fraction(1, 2)).__floor__()
    assert abs(Fraction(money.quantize(amount, currency))) == count * unit


@property_of
@given(st.lists(amounts, max_size=100), currencies)
def test_a_total_is_the_sum_to_the_last_digit(many: list[Decimal], currency: str) -> None:
    rounded = [money.quantize(amount, currency) for amount in many]
    assert Fraction(money.total(rounded, currency)) == sum(map(Fraction, rounded))


@pytest.mark.parametrize(("currency", "zero"), [("JPY", "0"), ("EUR", "0.00"), ("BHD", "0.000")])
def test_the_total_of_nothing_is_zero_with_the_currencys_decimals(currency: str, zero: str) -> None:
    assert str(money.total([], currency)) == zero


@pytest.mark.parametrize("zero", ["-0", "-0.00", "0", "0E+40", "-0E+40"])
def test_there_is_no_minus_zero(zero: str) -> None:
    assert str(money.quantize(Decimal(zero), "EUR")) == "0.00"


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_number_fits_no_currency(amount: str) -> None:
    assert not money.fits(Decimal(amount), "EUR")


@pytest.mark.parametrize(("currency", "largest"), [("JPY", "999999999999"), ("BHD", "999999999999.999")])
def test_a_hundred_times_a_million_of_the_largest_price_is_exact(currency: str, largest: str) -> None:
    line = money.quantize(Decimal(largest) * 1_000_000, currency)
    assert Fraction(money.total([line] * 100, currency)) == Fraction(largest) * 10**8
    assert Decimal(largest) < money.MAX_AMOUNT


@pytest.mark.parametrize(
    ("digits", "codes"),
    [
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"),
        (2, "AED AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF INR MXN NOK NZD PLN SEK SGD TRY USD ZAR"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
    ],
)
def test_the_decimals_of_a_currency_are_those_of_iso_4217(digits: int, codes: str) -> None:
    assert {money.minor_digits(code) for code in codes.split()} == {digits}


def test_an_unknown_currency_has_no_decimals() -> None:
    with pytest.raises(KeyError):
        money.minor_digits("EURO")


def test_currencies_and_countries_are_codes_of_capital_letters() -> None:
    assert {len(code) for code in MINOR_DIGITS} == {3}
    assert {len(code) for code in COUNTRIES} == {2}
    assert all(code.isascii() and code.isupper() for code in (*MINOR_DIGITS, *COUNTRIES))
    assert len(COUNTRIES) == 249
