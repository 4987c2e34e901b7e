"""What a person may do next, by where the rollout is."""

from modelyard_cli.view.summary import AWAITING, IDLE, Summary

_STEPPING = frozenset({"Progressing", "Shifting", "Observing"})


def advice(it: Summary) -> tuple[tuple[str, str], ...]:
    """Commands that make sense now, and what each does."""
    where = f"{it.name} -n {it.namespace}" if it.namespace else it.name
    found: list[tuple[str, str]] = []
    if it.candidate and it.phase == AWAITING:
        found += [
            (f"modelyard approve {where}", "shows the evidence, and lets the rollout go on"),
            (f"modelyard reject {where}", "shows the evidence, and ends the rollout"),
        ]
    elif it.candidate and it.phase in _STEPPING:
        if it.paused:
            found.append((f"modelyard resume {where}", "lets it go on"))
        else:
            found.append((f"modelyard pause {where}", "holds it where it is"))
        if it.steps:
            found.append((f"modelyard skip {where}", "passes over the rest of this step"))
            found.append((f"modelyard promote {where}", "passes over all steps that are left"))
    if it.candidate and it.stable and (it.phase in _STEPPING or it.phase == AWAITING):
        found.append((f"modelyard abort {where}", f"goes back to {it.stable} at once"))
    if it.phase == IDLE and not it.candidate:
        if it.problem and it.rejected:
            found.append((f"modelyard retry {where}", f"tries revision {it.rejected[-1]} again"))
        if any(each.state in ("Warm", "Cold") for each in it.revisions):
            found.append((f"modelyard rollback {where}", "goes back to the revision that served before"))
    return tuple(found)
