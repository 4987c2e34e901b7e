"""Kubernetes quantities, as exact numbers.

The notation is that of https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
"""

import re
from decimal import Decimal
from math import ceil

PATTERN = r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$"

_FACTORS = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
}


def amount(quantity: str) -> Decimal:
    """The number that a quantity such as `500m` or `64Mi` stands for.

    Raises:
        ValueError: it is not a quantity of the notation that the API accepts.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)", quantity)
    if match is None or match[2] not in _FACTORS:
        raise ValueError(f"{quantity!r} is not a quantity: write it as 500m, 2, 512Mi or 1Gi")
    return Decimal(match[1]) * _FACTORS[match[2]]


def whole(quantity: str) -> int:
    """The same, rounded up to a whole number: bytes for memory."""
    return ceil(amount(quantity))


def smaller(left: str, right: str) -> str:
    """The smaller of two quantities; the first when they are equal."""
    return left if amount(left) <= amount(right) else right


def larger(left: str, right: str) -> str:
    """The larger of two quantities; the first when they are equal."""
    return left if amount(left) >= amount(right) else right
