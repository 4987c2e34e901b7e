"""What kube-score finds in base, chart and children is what docs/install.md has a reason for."""

import json
import re
import subprocess

import pytest

from tests.charts import rendering
from tests.k8s.overlays import K8S
from tests.tools import kube_score, kubectl

ROOT = K8S.parent
GOLDEN = ROOT / "tests" / "operator" / "resources" / "golden"
PAGE = ROOT / "docs" / "install.md"
OPTIONAL = ("container-seccomp-profile", "container-ports-check")
"""Checks that are off by default and ask for nothing that is a matter of taste."""
OLDEST = "v1.30"

Findings = set[tuple[str, str]]
"""kube-score's own words, and of which program: the object's app.kubernetes.io/name without `modelyard-`."""


def findings(documents: str) -> Findings:
    command = [kube_score(), "score", "-o", "json", "--kubernetes-version", OLDEST]
    for each in OPTIONAL:
        command += ["--enable-optional-test", each]
    done = subprocess.run([*command, "-"], input=documents, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return {
        (comment["summary"], judged["object_meta"]["labels"]["app.kubernetes.io/name"].partition("-")[2])
        for judged in json.loads(done.stdout)
        for check in judged["checks"]
        if not check["skipped"] and check["grade"] < 10
        for comment in check["comments"]
    }


def explained() -> Findings:
    """The rows of the page's table."""
    _, _, section = PAGE.read_text().partition("## What a scanner finds")
    rows = [line.split("|") for line in section.partition("\n## ")[0].splitlines() if line.startswith("| `")]
    assert all(reason.strip() for _, _, _, reason, _ in rows)
    return {
        (words, program)
        for _, found, programs, _, _ in rows
        for words in re.findall(r"`([^`]+)`", found)
        for program in re.findall(r"`([^`]+)`", programs)
    }


@pytest.fixture(scope="module")
def found() -> Findings:
    base = subprocess.run(
        [kubectl(), "kustomize", str(K8S / "base")], capture_output=True, text=True, check=True
    ).stdout
    golden = [file.read_text() for file in sorted(GOLDEN.glob("*.yaml"))]
    assert golden
    return set().union(*map(findings, (base, rendering.text(), *golden)))


def test_every_finding_has_its_reason(found: Findings) -> None:
    assert sorted(found - explained()) == []


def test_every_reason_has_its_finding(found: Findings) -> None:
    assert sorted(explained() - found) == []


@pytest.mark.parametrize(
    ("good", "bad", "words"),
    [
        ("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "writable root filesystem"),
        ("seccompProfile:", "seccompProfil:", "seccomp"),
        ("image: modelyard-operator:", "image: modelyard-operator:latest #", "latest tag"),
    ],
)
def test_a_slip_would_be_found(good: str, bad: str, words: str) -> None:
    documents = rendering.text()
    assert good in documents
    more = findings(documents.replace(good, bad)) - explained()
    assert any(words.lower() in each.lower() for each, _ in more), more
