"""The frozen evidence of an approval step: its digest, and how it is shown."""

import hashlib
import json
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from modelyard_cli.errors import CliError
from modelyard_cli.view.summary import Raw

_VERDICTS = {"Pass": "green", "Fail": "red"}


def digest_of(text: str) -> str:
    """`sha256:` and the digest of the evidence, byte for byte as it stands in status."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def frozen(found: Raw) -> tuple[Raw, str]:
    """The evidence that a ModelDeployment waits for a decision on, and its digest.

    Raises:
        CliError: It waits for none, or what stands there is not what its digest says.
    """
    name = found["metadata"]["name"]
    rollout = (found.get("status") or {}).get("rollout") or {}
    text = rollout.get("evidence")
    if not text:
        message = rollout.get("message") or f"`modelyard status {name}` says where it is"
        raise CliError(f"{name} does not wait for approval: {message}")
    digest, said = digest_of(text), rollout.get("evidenceDigest")
    if said and said != digest:
        raise CliError(
            f"{name}: the evidence in status has the digest {digest}, and status says {said}: one of them "
            "was changed, so nothing can be decided on it; `modelyard abort` ends the rollout"
        )
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise CliError(f"{name}: the evidence in status is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise CliError(f"{name}: the evidence in status is no JSON object")
    return document, digest


def evidence_panel(name: str, document: Raw, digest: str) -> RenderableType:
    """The evidence on a terminal; what is not known to this version is shown as it stands."""
    model = document.get("model") or {}
    analysis = document.get("analysis") or {}
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for label, value in (
        ("Candidate", document.get("revision")),
        ("Model", model.get("pinned")),
        ("Digest", model.get("digest")),
        ("Stable", document.get("stable")),
        ("Step", document.get("step")),
        ("Weight", _percent(document.get("weight"))),
        ("Frozen", document.get("frozenAt")),
        ("Window", _window(analysis)),
        ("Requests", _requests(analysis.get("requests"))),
        ("Disagreement", analysis.get("disagreement")),
        ("Verdict", analysis.get("verdict") or "nothing was analysed"),
    ):
        if value not in (None, ""):
            facts.add_row(label, Text(str(value)))
    for passed in document.get("passed") or ():
        facts.add_row("Passed", Text(_passed(passed)))
    known = {"revision", "model", "stable", "step", "plan", "weight", "shadow", "frozenAt", "analysis"}
    known |= {"passed"}
    for label in sorted(document.keys() - known):
        facts.add_row(label, Text(json.dumps(document[label], ensure_ascii=False)))
    parts: list[RenderableType] = [facts]
    if analysis.get("results"):
        parts += [Text(), _gates(analysis["results"])]
    parts += [Text(), Text(digest, "dim")]
    return Panel(Group(*parts), title=f"[b]Evidence[/b] for {name}", title_align="left", border_style="cyan")


def _gates(results: list[Raw]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("Gate", "Verdict", "Value", "Limit"):
        table.add_column(column, no_wrap=True)
    table.add_column("Says", overflow="fold")
    for each in results:
        verdict = str(each.get("verdict", ""))
        table.add_row(
            str(each.get("gate", "")),
            Text(verdict, _VERDICTS.get(verdict, "yellow")),
            _number(each.get("value")),
            _number(each.get("limit")),
            Text(str(each.get("message", ""))),
        )
    return table


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else ""


def _percent(value: Any) -> str | None:
    return None if value is None else f"{value} %"


def _window(analysis: Raw) -> str | None:
    seconds = analysis.get("windowSeconds")
    return None if seconds is None else f"{seconds:g} s until {analysis.get('at', '?')}"


def _passed(passed: Raw) -> str:
    numbers = ", ".join(f"{name} {value:g}" for name, value in (passed.get("numbers") or {}).items())
    return f"{passed.get('why', '')} ({numbers})" if numbers else str(passed.get("why", ""))


def _requests(requests: Any) -> str | None:
    if not isinstance(requests, dict) or not requests:
        return None
    return ", ".join(f"{name}: {count}" for name, count in sorted(requests.items()))
