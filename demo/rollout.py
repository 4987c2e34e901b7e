"""A candidate that is promoted step by step, and one that is turned away, under load."""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import yaml

from demo.console import console, say
from demo.install import ready
from demo.load import Tally, asking
from demo.shell import ROOT, CommandError, stream
from demo.targets.base import Ingress, Target

NAME = "sentiment"
NAMESPACE = "modelyard-rollout"
EXAMPLE = ROOT / "examples/sentiment.yaml"
MODEL = ROOT / "examples/sentiment/model"
NEXT, WORSE = "sentiment-next", "sentiment-worse"
MODELYARD = Path(sys.executable).with_name("modelyard")
RATE = 40.0
PATIENCE = 300.0
"""Seconds until a rollout must have ended."""

ROLLOUT = {
    "steps": [
        {"shadow": {"percent": 100, "for": "20s"}},
        {"weight": 10, "for": "15s"},
        {"approval": {}},
        {"weight": 50, "for": "15s"},
    ],
    "analysis": {
        "interval": "5s",
        "minRequests": 20,
        "maxErrorRate": 0.01,
        "maxDisagreement": 0.05,
        # How small a difference can be seen depends on how many requests there are; a demonstration has few.
        "compare": {"maxSlower": 0.4, "maxMoreErrors": 0.1},
    },
}


def show(target: Target, given: Ingress | None, begin: float) -> None:
    """Roll a good candidate out, then a bad one, and tell what happens.

    Args:
        target: The cluster, with the operator in it.
        given: A gateway of the user's; None: the target's.
        begin: When the demo began, in monotonic seconds.

    Raises:
        CommandError: Something else happened.
    """
    kubectl, ingress = target.kubectl, given or target.ingress(NAME, NAMESPACE)
    with tempfile.TemporaryDirectory(prefix="modelyard-demo-") as folder:
        models = variants(Path(folder))
        kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        kubectl.apply(target.store([MODEL, *models]), namespace=NAMESPACE)
    # What an earlier demonstration left is no part of this one.
    kubectl("delete", "mdep", NAME, "-n", NAMESPACE, "--ignore-not-found")
    say(begin, f"{NAME}, with four steps, behind {ingress.url} for the host {ingress.host}")
    kubectl.apply(resource(NAME, ingress), namespace=NAMESPACE)
    ready(kubectl, NAME, NAMESPACE)
    headers = {"host": ingress.host}
    answers(target, f"{ingress.url}/predict", headers)
    with asking(f"{ingress.url}/predict", headers, RATE) as tally:
        say(begin, f"{RATE:g} requests a second; a candidate that answers the same: {NEXT}")
        kubectl.apply(resource(NEXT, ingress), namespace=NAMESPACE)
        follow(target, begin, tally, until="Promoted")
        say(begin, f"a candidate whose labels are the wrong way round: {WORSE}")
        kubectl.apply(resource(WORSE, ingress), namespace=NAMESPACE)
        follow(target, begin, tally, until="Rejected")
    console.print()
    modelyard(target, "status", NAME)
    console.print()
    say(begin, f"{tally.answered:,} requests answered meanwhile, {tally.failed} failed")
    if tally.failed:
        raise CommandError(f"{tally.failed} requests failed")


def variants(folder: Path) -> list[Path]:
    """The example's model as a newer version, and with its labels swapped: a mistake that people make."""
    made = []
    for name in (NEXT, WORSE):
        copy = shutil.copytree(MODEL, folder / name / "model")
        config = json.loads((copy / "config.json").read_text())
        config["_name_or_path"] = f"modelyard/{name}"
        if name == WORSE:
            first, second = config["id2label"].values()
            config["id2label"] = {"0": second, "1": first}
            config["label2id"] = {second: 0, first: 1}
        (copy / "config.json").write_text(json.dumps(config, indent=2))
        made.append(copy)
    return made


def resource(model: str, ingress: Ingress) -> dict[str, Any]:
    """The example with another model, behind a gateway, with steps."""
    document: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text())
    spec = document["spec"]
    spec["model"]["uri"] = f"s3://models/{model}"
    spec["routing"] = {
        "hosts": [ingress.host],
        "gateway": {"namespace": ingress.namespace, "name": ingress.gateway},
    }
    spec["rollout"] = ROLLOUT
    return document


def answers(target: Target, url: str, headers: dict[str, str]) -> None:
    """Wait until the gateway lets requests through; show the status when it does not."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        try:
            if httpx.post(url, headers=headers, json={"text": ["hello"]}, timeout=10).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    modelyard(target, "status", NAME)
    raise CommandError(f"{url} does not answer within {PATIENCE:g} s")


def follow(target: Target, begin: float, tally: Tally, *, until: str) -> None:
    """Print what the status says as it changes, and approve when it waits for that."""
    shown, approved = "", False
    tally.since()
    for status in watched(target):
        rollout = status.get("rollout", {})
        history = rollout.get("history") or [{}]
        decided = history[-1].get("what", "")
        line = told(rollout, decided)
        if line != shown:
            by = ", ".join(f"{revision} {number}" for revision, number in sorted(tally.since().items()))
            say(begin, f"  {line}  [dim]({by or 'no request'})[/dim]")
            shown = line
        if rollout.get("phase") == "AwaitingApproval" and not approved:
            modelyard(target, "approve", NAME, "--yes", "--reason", "as good as the one before")
            approved = True
        if decided == until and rollout.get("phase") == "Idle":
            return
    raise CommandError(f"{NAME} was not {until} within {PATIENCE:g} s: {shown}")


def told(rollout: dict[str, Any], decided: str) -> str:
    """One line of what goes on."""
    where = f"step {rollout['step']}/{rollout['steps']}" if rollout.get("step") else ""
    words = rollout.get("message") or decided
    return f"{rollout.get('phase', ''):16} {where:9} {words}"


def watched(target: Target) -> Iterator[dict[str, Any]]:
    """The status, twice a second."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        yield target.kubectl.get("mdep", NAME, namespace=NAMESPACE).get("status", {})
        time.sleep(0.5)


def modelyard(target: Target, *words: str) -> None:
    """The command line, against the target's cluster."""
    kubectl = target.kubectl
    env = dict(os.environ)
    if kubectl.kubeconfig:
        env["KUBECONFIG"] = str(kubectl.kubeconfig)
    context = ["--context", kubectl.context] if kubectl.context else []
    stream([MODELYARD, *words, "-n", NAMESPACE, *context], env=env)
