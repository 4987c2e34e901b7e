"""Links that leave docs/ become addresses of the repository, or paths."""

import pytest

from docsite.outside import rewrite

REPOSITORY = "https://git.example.org/org/repo/"


@pytest.mark.parametrize(
    ("page", "written", "known", "unknown"),
    [
        (
            "engines.md",
            "see [the script](../examples/tabular/train.py).",
            "see [the script](https://git.example.org/org/repo/blob/main/examples/tabular/train.py).",
            "see the script (`examples/tabular/train.py`).",
        ),
        (
            "tasks/tabular.md",
            "[card](../../examples/tabular/model/README.md#data)",
            "[card](https://git.example.org/org/repo/blob/main/examples/tabular/model/README.md#data)",
            "card (`examples/tabular/model/README.md`)",
        ),
        (
            "engines.md",
            "[`base.py`](../server/base.py)",
            "[`base.py`](https://git.example.org/org/repo/blob/main/server/base.py)",
            "`server/base.py`",
        ),
        (
            "security.md",
            "[`test_rbac`](../tests/test_rbac.py)",
            "[`test_rbac`](https://git.example.org/org/repo/blob/main/tests/test_rbac.py)",
            "`tests/test_rbac.py`",
        ),
    ],
)
def test_a_link_that_leaves(page: str, written: str, known: str, unknown: str) -> None:
    assert rewrite(page, written, REPOSITORY) == known
    assert rewrite(page, written, None) == unknown


@pytest.mark.parametrize(
    "written",
    [
        "[a](rollouts.md#canary)",
        "[a](../cli.md)",
        "[a](#here)",
        "[a](https://example.org/../x)",
        "[a](mailto:a@example.org)",
        "`[a](../../x.md)`",
    ],
)
def test_every_other_link_stays(written: str) -> None:
    assert rewrite("tasks/tabular.md", written, REPOSITORY) == written
    assert rewrite("tasks/tabular.md", written, None) == written
