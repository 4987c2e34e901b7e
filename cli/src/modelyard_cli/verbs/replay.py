"""`modelyard replay`: recorded decisions through the state machine again."""

import json
from collections.abc import Iterator
from typing import IO, Any

import click

from modelyard_cli.errors import CliError
from modelyard_cli.options import examples, output_option
from modelyard_cli.view.output import emit


@click.command(
    epilog=examples("kubectl logs -n modelyard-system deployment/modelyard-operator | modelyard replay -")
)
@click.argument("file", type=click.File("r", encoding="utf-8"))
@output_option
def replay(file: IO[str], output: str | None) -> None:
    """Decide again what was decided before.

    The decisions recorded in FILE go through the rollout's state machine: it must decide the same.

    FILE is the operator's log, or some of it; `-` is standard input. Each line `rollout decided` holds the
    state before, the evidence, and the decision. Ends with 1 where one would be decided otherwise today.
    """
    from modelyard_operator.rollout import replay as machine  # noqa: PLC0415 - only this verb needs it

    found = []
    for number, value in records(file):
        try:
            found.append(machine.load(value))
        except ValueError as error:
            raise CliError(f"{file.name}, line {number}: this is no record: {error}") from None
    if not found:
        raise CliError(f"{file.name}: there is no record in it: the operator logs them as `rollout decided`")
    replayed = machine.replay(found)
    different = sum(not each.is_same for each in replayed)
    if output:
        emit([_plain(each) for each in replayed], output)
    else:
        for each in replayed:
            for text in _lines(each):
                click.echo(text)
        click.echo(f"{len(replayed)} decisions, {different} of them would be others today")
    if different:
        raise click.exceptions.Exit(1)


def records(lines: IO[str]) -> Iterator[tuple[int, Any]]:
    """The records in a log and the numbers of their lines; lines of other kinds are passed over."""
    for number, text in enumerate(lines, start=1):
        try:
            value = json.loads(text)
        except json.JSONDecodeError:
            continue
        if isinstance(value, dict) and isinstance(value.get("record"), dict):
            yield number, value["record"]
        elif isinstance(value, dict) and {"state", "evidence"} <= value.keys():
            yield number, value


def _plain(each: Any) -> dict[str, Any]:
    then, now = each.record.decisions, each.decisions
    return {
        "at": each.record.at.isoformat(),
        "same": each.is_same,
        "phase": {"then": each.record.phase, "now": each.phase},
        "weight": {"then": each.record.weight, "now": each.weight},
        "decisions": {
            "then": [{"revision": d.revision, "what": d.what, "why": d.why} for d in then],
            "now": [{"revision": d.revision, "what": d.what, "why": d.why} for d in now],
        },
    }


def _lines(each: Any) -> Iterator[str]:
    mark = "=" if each.is_same else "x"
    words = "; ".join(f"{d.what} {d.revision}: {d.why}" for d in each.record.decisions) or "nothing"
    yield f"{mark} {each.record.at:%Y-%m-%dT%H:%M:%SZ}  {each.record.phase} {each.record.weight} %  {words}"
    if not each.is_same:
        words = "; ".join(f"{d.what} {d.revision}: {d.why}" for d in each.decisions) or "nothing"
        yield f"  today: {each.phase} {each.weight} %  {words}"
