from pathlib import Path

from images.pip_config import MOUNTED_CA, settings, write_secrets


def test_the_environment_wins_over_the_files(tmp_path: Path) -> None:
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\nindex-url = https://file.example.org/simple\ntrusted-host = file.example.org\n"
    )
    env = {"UV_DEFAULT_INDEX": "https://env.example.org/simple"}
    assert settings(env, [file]) == {
        "index-url": "https://env.example.org/simple",
        "trusted-host": "file.example.org",
    }


def test_secrets_name_the_mounted_certificates(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    env = {"SSL_CERT_FILE": str(bundle), "PIP_INDEX_URL": "https://user:pass@index.example.org/simple"}
    secrets = write_secrets(tmp_path, env, [])
    assert secrets["ca.crt"] == bundle
    lines = secrets["pip.conf"].read_text().splitlines()
    assert lines == [
        "[global]",
        f"cert = {MOUNTED_CA}",
        "index-url = https://user:pass@index.example.org/simple",
    ]
    assert secrets["pip.conf"].stat().st_mode & 0o777 == 0o600


def test_without_certificates_of_its_own_the_build_uses_the_base_image_s(tmp_path: Path) -> None:
    secrets = write_secrets(tmp_path, {"SSL_CERT_FILE": str(tmp_path / "none.pem")}, [])
    assert secrets.keys() == {"pip.conf"}
    assert secrets["pip.conf"].read_text() == "[global]\n"
