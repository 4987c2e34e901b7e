"""Quantities are exact."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_operator.api import quantity

QUANTITIES = st.builds(
    "{}{}".format,
    st.one_of(st.integers(0, 9999), st.decimals(0, 99, places=2, allow_nan=False, allow_infinity=False)),
    st.sampled_from(["", "m", "k", "Ki", "M", "Mi", "G", "Gi", "T", "Ti"]),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("500m", Decimal("0.5")),
        ("0.5", Decimal("0.5")),
        ("64Mi", 67_108_864),
        ("1.5Gi", 1_610_612_736),
        ("100M", 100_000_000),
        ("2k", 2000),
    ],
)
def test_amount(text: str, expected: Decimal | int) -> None:
    assert quantity.amount(text) == expected


@pytest.mark.parametrize("text", ["", "Mi", "1 Mi", "1mi", "-1", "1e3", ".5", "1Mib"])
def test_what_is_no_quantity_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="write it as 500m, 2, 512Mi or 1Gi"):
        quantity.amount(text)


def test_a_fraction_of_a_byte_is_a_byte() -> None:
    assert quantity.whole("1500m") == 2


@given(QUANTITIES, QUANTITIES)
def test_one_is_the_smaller_and_the_other_the_larger(left: str, right: str) -> None:
    pair = {quantity.smaller(left, right), quantity.larger(right, left)}
    assert quantity.amount(quantity.smaller(left, right)) <= quantity.amount(quantity.larger(left, right))
    assert {quantity.amount(each) for each in pair} <= {quantity.amount(left), quantity.amount(right)}
