"""This machine's package index and certificates, as files for the build's secret mounts.

The build downloads wheels; where from, and through which certificates, is the machine's own affair and never
part of an image. The settings that pip and uv read here are written into one pip.conf beside a CA bundle, and
both are handed over as build secrets: they stand in no layer and in no history.
"""

import configparser
from collections.abc import Mapping
from pathlib import Path

MOUNTED_CA = "/run/secrets/ca.crt"
SYSTEM_CA = Path("/etc/ssl/certs/ca-certificates.crt")
CA_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
OPTIONS = {
    "index-url": ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"),
    "extra-index-url": ("PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL"),
    "trusted-host": ("PIP_TRUSTED_HOST", "UV_INSECURE_HOST"),
    "timeout": ("PIP_DEFAULT_TIMEOUT",),
}
"""pip's option -> environment variables, the first that is set wins over pip's own files."""


def config_files(env: Mapping[str, str], home: Path) -> list[Path]:
    """Return the files that pip reads on Linux and macOS, later ones over earlier ones."""
    user = Path(env["XDG_CONFIG_HOME"]) if env.get("XDG_CONFIG_HOME") else home / ".config"
    files = [Path("/etc/pip.conf"), home / ".pip" / "pip.conf", user / "pip" / "pip.conf"]
    return [*files, Path(env["PIP_CONFIG_FILE"])] if env.get("PIP_CONFIG_FILE") else files


def settings(env: Mapping[str, str], files: list[Path]) -> dict[str, str]:
    """Return pip's options of OPTIONS and `cert` as environment and files have them."""
    parser = configparser.RawConfigParser(strict=False)
    parser.read(files)
    result = {}
    for option, variables in (*OPTIONS.items(), ("cert", CA_VARIABLES)):
        in_files = [parser[name][option] for name in ("install", "global") if parser.has_option(name, option)]
        in_env = [env[name] for name in variables if env.get(name)]
        if in_env or in_files:
            result[option] = (in_env or in_files)[0]
    return result


def write_secrets(folder: Path, env: Mapping[str, str], files: list[Path]) -> dict[str, Path]:
    """Write the secrets into `folder` and return them by the name that the Dockerfiles mount."""
    options = settings(env, files)
    bundle = Path(options.pop("cert", SYSTEM_CA))
    secrets = {}
    if bundle.is_file():
        secrets["ca.crt"] = bundle
        options["cert"] = MOUNTED_CA
    path = folder / "pip.conf"
    path.touch(mode=0o600)
    path.write_text("[global]\n" + "".join(f"{name} = {value}\n" for name, value in sorted(options.items())))
    secrets["pip.conf"] = path
    return secrets
