from tests.server.fetch.conftest import Commands
from tests.server.fetch.webserver import WebServer

HEX = "0" * 64


def test_the_named_task_comes_first(commands: Commands, web: WebServer) -> None:
    web.put("/net.onnx", b"net")
    resolved = commands.resolve(f"{web.url}/net.onnx", MODELYARD_MODEL_TASK="text-classification")
    assert resolved["task"] == "text-classification"


def test_a_pin_is_not_for_users_to_write(commands: Commands) -> None:
    report = commands.resolve(f"s3://bucket/x@manifest:{HEX}")
    assert (report["reason"], report["permanent"]) == ("InvalidURI", True)
    assert "spec.model.digest" in report["message"]


def test_a_reference_must_fit_the_report(commands: Commands, web: WebServer) -> None:
    path = "/" + "a/" * 1900
    web.put(f"{path}net.onnx", b"net")
    report = commands.resolve(f"{web.url}{path}net.onnx")
    assert report["reason"] == "InvalidURI"
    assert "shorter" in report["message"]


def test_a_config_that_is_too_long_or_broken(commands: Commands, web: WebServer) -> None:
    web.put("/m/model.onnx", b"net")
    web.put("/m/config.json", b" " * (1 << 20) + b"{}")
    report = commands.resolve(f"{web.url}/m")
    assert (report["reason"], report["permanent"]) == ("NotAModel", True)
    assert "config.json" in report["message"]
    web.put("/m/config.json", b"{nonsense")
    assert commands.resolve(f"{web.url}/m")["reason"] == "NotAModel"


def test_no_uri(commands: Commands) -> None:
    assert "MODELYARD_MODEL_URI" in commands.resolve("")["message"]
