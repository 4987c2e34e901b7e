"""docs/tutorial.md, command by command as it stands, on the real cluster."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demo.kubectl import Kubectl
from demo.shell import ROOT
from demo.targets.base import Target
from docsite.page import Fence, fences
from tests.e2e.cluster import Namespace

pytestmark = pytest.mark.e2e

PAGE = ROOT / "docs" / "tutorial.md"
PATIENCE = 420.0
"""Seconds that all of it may take."""

ELSEWHERE = {
    "make demo",
    "make demo-down",
    'export PATH="$PWD/.venv/bin:$PATH"',
    'export KUBECONFIG="$(devcluster kubeconfig)"',
}
"""What the cluster of the tests is made, reached and removed by: the fixture `target` does it."""


def parts() -> list[tuple[str, str]]:
    """Each block of commands, and what the block of text right after it says that it prints."""
    blocks = list(fences(PAGE.read_text(encoding="utf-8"), "sh", "text"))
    return [
        (block.body, after.body if after.language == "text" else "")
        for block, after in zip(blocks, [*blocks[1:], Fence("", "", 0)], strict=True)
        if block.language == "sh"
        and not ELSEWHERE.issuperset(re.sub(r"\s+#.*", "", line) for line in block.body.splitlines())
    ]


def missing(text: str, printed: str) -> str | None:
    """The first line of `text` that was not printed after those before it; `…` stands for anything."""
    at = 0
    for line in text.splitlines():
        words = [".*".join(map(re.escape, word.split("…"))) for word in line.split()]
        found = re.compile(r"[ \t]+".join(words)).search(printed, at)
        if found is None:
            return line
        at = found.end()
    return None


def own_kubeconfig(namespace: Namespace, file: Path) -> Path:
    """A kubeconfig of the cluster in which `namespace` is where commands go."""
    file.write_text(namespace.kubectl("config", "view", "--raw", "--flatten", "--minify"))
    Kubectl(namespace.kubectl.binary, file)(
        "config", "set-context", "--current", f"--namespace={namespace.name}"
    )
    return file


@pytest.mark.parametrize(
    ("text", "printed", "first"),
    [
        ("a …c\nd", "x\na  b c\ny\nd\n", None),
        ("a\nd", "d\na\n", "d"),
        ('[{"label":"GOOD",…', '[{"label":"BAD","score":1}]', '[{"label":"GOOD",…'),
    ],
)
def test_what_a_page_says_is_held_to_what_was_printed(text: str, printed: str, first: str | None) -> None:
    assert missing(text, printed) == first


async def test_every_command_of_the_tutorial_does_what_the_page_says(
    target: Target, namespace: Namespace, tmp_path: Path
) -> None:
    told = parts()
    script = "".join(f"printf '\\n@@\\n'\n{commands}\n" for commands, _ in told)
    path = [str(Path(sys.executable).parent), str(Path(target.kubectl.binary).parent), os.environ["PATH"]]
    environ = {
        **os.environ,
        "KUBECONFIG": str(own_kubeconfig(namespace, tmp_path / "kubeconfig")),
        "CLUSTER": target.name,
        "PATH": ":".join(path),
    }
    output = tmp_path / "output"
    with output.open("w") as out:
        bash = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail", "-c", script),
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            await asyncio.wait_for(bash.wait(), PATIENCE)
        finally:
            # What the page started in the background ends with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(bash.pid, signal.SIGTERM)

    said = output.read_text()
    assert bash.returncode == 0, f"{said[-4000:]}\n{namespace.describe()}"
    printed = said.split("\n@@\n")[1:]
    for (commands, text), answer in zip(told, printed, strict=True):
        assert missing(text, answer) is None, f"{commands}\nprinted\n{answer}\nthe page says\n{text}"
