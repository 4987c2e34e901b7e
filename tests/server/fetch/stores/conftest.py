"""The emulators of the clouds' object stores beside S3's, which other tests read from, too."""

from collections.abc import Iterator

import pytest

from tests.server.fetch.emulators.azurite import Azure, azure_container, azure_server
from tests.server.fetch.emulators.fake_gcs import Gcs, gcs_bucket, gcs_server


@pytest.fixture(scope="session")
def azurite() -> Iterator[str]:
    with azure_server() as endpoint:
        yield endpoint


@pytest.fixture
def azure(azurite: str, bucket_name: str) -> Azure:
    return azure_container(azurite, bucket_name)


@pytest.fixture(scope="session")
def fake_gcs() -> Iterator[str]:
    with gcs_server() as endpoint:
        yield endpoint


@pytest.fixture
def gcs(fake_gcs: str, bucket_name: str) -> Gcs:
    return gcs_bucket(fake_gcs, bucket_name)
