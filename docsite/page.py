"""A page of Markdown: its fences, links and anchors, as the repository's view has them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(
    r"^(?P<indent> *)(?P<ticks>`{3,})(?P<language>[\w+-]*)[^\n]*\n(?P<body>.*?)^(?P=indent)(?P=ticks) *$",
    re.M | re.S,
)
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.S)
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_LINK = re.compile(r"!?\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?P<target>[^()\s]+)\)")
_HEADING = re.compile(r"^(#{1,6}) +(.+?)(?: +#+)? *$", re.M)
_ANCHOR = re.compile(r"""<a +(?:id|name)=["']([^"']+)["']""")


@dataclass(frozen=True, slots=True)
class Fence:
    """A block of code."""

    language: str
    body: str
    line: int
    """The line of the page that the fence opens on, from 1."""


def _dedented(body: str, indent: str) -> str:
    return re.sub(rf"^{indent}", "", body, flags=re.M)


def fences(text: str, *languages: str) -> Iterator[Fence]:
    """The blocks of code of a page, in order; of these languages, where any is named."""
    for found in _FENCE.finditer(text):
        if not languages or found["language"] in languages:
            line = text.count("\n", 0, found.start()) + 1
            yield Fence(found["language"], _dedented(found["body"], found["indent"]), line)


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def prose(text: str) -> str:
    """The page with spaces in place of code and comments: every position stays where it was."""
    for pattern in (_FENCE, _COMMENT, _CODE):
        text = pattern.sub(_blank, text)
    return text


@dataclass(frozen=True, slots=True)
class Link:
    """A link in a page."""

    text: str
    target: str
    start: int
    """Where it begins in the page, in characters."""
    end: int


def links(text: str) -> Iterator[Link]:
    """The links of a page, those in code left out; their texts are as written, code included."""
    without_blocks = _COMMENT.sub(_blank, _FENCE.sub(_blank, text))
    hidden = [found.span() for found in _CODE.finditer(without_blocks)]
    for found in _LINK.finditer(without_blocks):
        if not any(start <= found.start() < end for start, end in hidden):
            yield Link(found["text"], found["target"], *found.span())


def anchor(heading: str, separator: str = "-") -> str:
    """What a heading is linked to by, as GitHub makes it."""
    words = re.sub(r"[`*]|\]\([^)]*\)|<[^>]*>", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", separator)


def anchors(text: str) -> set[str]:
    """Everything of a page that `#…` leads to; a heading's second of a name gets `-1`."""
    found: dict[str, int] = {}
    names = set(_ANCHOR.findall(text))
    without_blocks = _COMMENT.sub(_blank, _FENCE.sub(_blank, text))
    for _, heading in _HEADING.findall(without_blocks):
        name = anchor(heading)
        names.add(name if name not in found else f"{name}-{found[name]}")
        found[name] = found.get(name, 0) + 1
    return names
