"""Reads the few families that are needed from Prometheus' text format. Pure.

`prometheus_client.parser` makes an object of every sample; of a hundred pods, most of that is thrown away.
https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

import re
from collections.abc import Iterator

from modelyard_operator.analysis.readings import FAMILIES, Sample

_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(.)")
_PREFIXES = tuple(FAMILIES)


def samples(text: str) -> Iterator[Sample]:
    """The samples of the families that readings are made of.

    Raises:
        ValueError: a line of them is none of the format's.
    """
    for line in text.split("\n"):
        if not line.startswith(_PREFIXES):
            continue
        brace = line.find("{")
        if brace < 0:
            name, _, value = line.partition(" ")
            if name in FAMILIES:
                yield Sample(name, {}, _number(value, line))
        elif line[:brace] in FAMILIES:
            end = line.rfind("}")
            if end < brace:
                raise ValueError(f"no sample: {line[:200]}")
            found = _LABEL.findall(line, brace, end)
            labels = {key: _plain(text) if "\\" in text else text for key, text in found}
            yield Sample(line[:brace], labels, _number(line[end + 1 :], line))


def _number(text: str, line: str) -> float:
    # A time stamp may follow.
    parts = text.split(maxsplit=1)
    try:
        return float(parts[0])
    except (IndexError, ValueError):
        raise ValueError(f"no sample: {line[:200]}") from None


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found[1] == "n" else found[1], text)
