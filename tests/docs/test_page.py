"""A page is read as the repository's view reads it."""

import textwrap

import pytest

from docsite.page import Fence, anchor, anchors, fences, links

PAGE = textwrap.dedent(
    """\
    # The page

    [a](one.md) and `[not](a-link.md)` and ![picture](assets/flow.svg)

    ```sh
    # not a heading
    echo "[neither](this.md)"
    ```

    ## `spec.model` and *more*

    [`code`](two.md#its-part)

    - in a list

      ```yaml
      a: 1
        b: 2
      ```

    ## The page

    <a id="by-hand"></a>
    <!-- [hidden](three.md) -->
    """
)


def test_links_are_those_outside_of_code_and_comments() -> None:
    assert [(link.text, link.target) for link in links(PAGE)] == [
        ("a", "one.md"),
        ("picture", "assets/flow.svg"),
        ("`code`", "two.md#its-part"),
    ]


def test_a_link_knows_where_it_stands() -> None:
    first = next(links(PAGE))

    assert PAGE[first.start : first.end] == "[a](one.md)"


def test_fences_are_dedented_and_chosen_by_language() -> None:
    assert list(fences(PAGE, "yaml")) == [Fence("yaml", "a: 1\n  b: 2\n", 16)]
    assert [fence.language for fence in fences(PAGE)] == ["sh", "yaml"]


def test_anchors_are_the_headings_and_those_by_hand() -> None:
    assert anchors(PAGE) == {"the-page", "the-page-1", "specmodel-and-more", "by-hand"}


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Where to go", "where-to-go"),
        ("`spec.server`", "specserver"),
        ("Reasons of Stalled, and how to mend them", "reasons-of-stalled-and-how-to-mend-them"),
        ("Blue/green", "bluegreen"),
        ("a - b", "a---b"),
        ("[Linked](page.md) words", "linked-words"),
    ],
)
def test_an_anchor_is_github_s(heading: str, name: str) -> None:
    assert anchor(heading) == name
