"""`python -m demo up | rollout | down`: from nothing to a prediction, to a rollout, and back."""

import json
import time

import click
import httpx

from demo import rollout as rollouts
from demo.built import built
from demo.console import console, say
from demo.install import install, offer_models, ready
from demo.shell import ROOT, CommandError
from demo.targets import TARGETS, choose
from demo.targets.base import Ingress, Target

TEXTS = ["Welcome to the project!", "You are awesome", "what a boring film"]
EXAMPLE = ROOT / "examples/sentiment.yaml"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--cluster", type=click.Choice(["auto", *TARGETS]), envvar="CLUSTER", default="auto", show_default=True
)
@click.pass_context
def main(context: click.Context, cluster: str) -> None:
    """Show Modelyard at work on a cluster: kind, minikube, the embedded one, or your current context."""
    context.obj = cluster


@main.command()
@click.option("--namespace", default="default", show_default=True, help="Where the example goes.")
@click.pass_obj
def up(cluster: str, namespace: str) -> None:
    """Start the cluster, install the operator, apply the example, and ask it for predictions."""
    begin = time.monotonic()
    target = installed(cluster, begin)
    say(begin, "example models, into the artifact store")
    offer_models(target, namespace)
    kubectl = target.kubectl
    say(begin, f"kubectl apply -f {EXAMPLE.relative_to(ROOT)}")
    kubectl("apply", "-n", namespace, "-f", EXAMPLE)
    ready(kubectl, "sentiment", namespace)
    body = {"text": TEXTS}
    with target.service("sentiment", namespace) as url:
        answer = ask(f"{url}/predict", body)
    say(begin, f"POST /predict {json.dumps(body)}")
    for text, prediction in zip(TEXTS, answer["predictions"], strict=True):
        console.print(f"  {text!r:28} {prediction[0]['label']!s:9} {prediction[0]['score']:.3f}")
    console.print()
    console.print(kubectl("get", "mdep", "sentiment", "-n", namespace, "-o", "wide"), end="", soft_wrap=True)
    console.print()
    console.print(f"Look around: {' '.join(kubectl.command)} get all -n {namespace}", soft_wrap=True)
    console.print("Tear down:   make demo-down")


@main.command()
@click.option("--gateway", envvar="GATEWAY", metavar="NAMESPACE/NAME", help="A gateway of yours.")
@click.option("--host", envvar="HOST", help="The host to ask it for.")
@click.option("--url", envvar="URL", help="Where this machine reaches it, such as http://203.0.113.7.")
@click.pass_obj
def rollout(cluster: str, gateway: str | None, host: str | None, url: str | None) -> None:
    """Roll a candidate out in four steps under load, approve it, and see a worse one turned away.

    The embedded cluster gets Istio and a gateway. On others, name one of Istio or of the Gateway API.
    """
    begin = time.monotonic()
    given = None
    if gateway or host or url:
        namespace, slash, name = (gateway or "").partition("/")
        if not (slash and namespace and name and host and url):
            raise click.UsageError("give all three: --gateway NAMESPACE/NAME, --host and --url")
        given = Ingress(url.rstrip("/"), host, namespace, name)
    rollouts.show(installed(cluster, begin, mesh=given is None), given, begin)


@main.command()
@click.pass_obj
def down(cluster: str) -> None:
    """Remove what `up` made."""
    choose(cluster).down()


def installed(cluster: str, begin: float, *, mesh: bool = False) -> Target:
    """The cluster, with this checkout's operator in it."""
    target = choose(cluster)
    say(begin, f"cluster: {target.name}")
    target.up(mesh=mesh)
    say(begin, "images")
    images = target.load(built())
    say(begin, "operator")
    install(target, images)
    return target


def ask(url: str, body: dict[str, list[str]]) -> dict[str, list[list[dict[str, object]]]]:
    """The answer to `body`; a node learns of a new endpoint a moment after the API server does."""
    with httpx.Client(transport=httpx.HTTPTransport(retries=5), timeout=30) as client:
        answer: dict[str, list[list[dict[str, object]]]] = (
            client.post(url, json=body).raise_for_status().json()
        )
        return answer


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except CommandError as error:
        raise SystemExit(f"demo: {error}") from None
