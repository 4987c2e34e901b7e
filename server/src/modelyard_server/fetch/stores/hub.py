"""Models on the Hugging Face Hub, or a mirror of it that HF_ENDPOINT names."""

import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import Final

import httpx2
from huggingface_hub import HfApi, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from modelyard_server.fetch.errors import excerpt, forbidden, internal, not_found, unreachable
from modelyard_server.fetch.stores.base import Entry, StoreContext
from modelyard_server.fetch.stores.http_client import HttpReader
from modelyard_server.fetch.uri import ModelUri, invalid

DEFAULT_ENDPOINT: Final = "https://huggingface.co"
COMMIT: Final = re.compile(r"^[0-9a-f]{40}$")
_TIMEOUT: Final = 30.0
# A revision is one segment, or one of the Hub's two-segment references.
_REFERENCE: Final = re.compile(r"^([^/@]+)(?:@(refs/(?:pr|convert)/[^/]+|[^/]+))?(?:/(.+))?$")


class HubStore:
    """`hf://org/repo[@revision][/folder]`; see the protocol in `base`.

    Files are read by commit through the Hub's documented `resolve` route, so that resuming, progress and
    hashing are the same as with every other store (https://huggingface.co/docs/hub/api).

    Raises:
        SourceError: InvalidURI.
    """

    def __init__(self, uri: ModelUri, context: StoreContext) -> None:
        matched = _REFERENCE.match(uri.path)
        if not uri.authority or matched is None or uri.pin is not None:
            raise invalid(
                f"{uri.shown} names no repository; write hf://org/repo, hf://org/repo@revision/folder."
            )
        self._repository = f"{uri.authority}/{matched.group(1)}"
        self._revision: str | None = matched.group(2)
        self._folder = matched.group(3) or ""
        self._shown = uri.shown
        endpoint = context.environ.get("HF_ENDPOINT", "").rstrip("/") or DEFAULT_ENDPOINT
        token = context.environ.get("HF_TOKEN") or None
        self._endpoint = endpoint
        # False, lest a token on the machine's disk is picked up.
        self._api = HfApi(endpoint=endpoint, token=token or False)
        self._reader = HttpReader(
            headers={"Authorization": f"Bearer {token}"} if token else {},
            allow_http=endpoint.startswith("http://"),
            needs="HF_TOKEN",
        )
        self._commit: str | None = self._revision if self._revision and COMMIT.match(self._revision) else None

    def entries(self) -> Sequence[Entry]:
        """List the folder at the revision's commit."""
        with self._explained():
            info = self._api.model_info(
                self._repository, revision=self._revision, files_metadata=True, timeout=_TIMEOUT
            )
        commit = info.sha or ""
        if not COMMIT.match(commit):
            raise internal(f"The Hub named no commit for {self._shown}.")
        self._commit = commit
        siblings = info.siblings or []
        if any(sibling.size is None for sibling in siblings):
            raise internal(
                f"The Hub at {self._endpoint} lists no sizes of files; it is no mirror that can be used."
            )
        prefix = f"{self._folder}/" if self._folder else ""
        entries = [
            Entry(
                path=sibling.rfilename.removeprefix(prefix),
                size=sibling.size or 0,
                tag=sibling.blob_id or commit,
                sha256=sibling.lfs.sha256 if sibling.lfs is not None else None,
            )
            for sibling in siblings
            if sibling.rfilename.startswith(prefix)
        ]
        if not entries:
            raise not_found(
                f"The repository holds no file under {self._shown}. Correct the folder or the revision in "
                "spec.model.uri."
            )
        return entries

    def pin(self, needed: Sequence[Entry]) -> str:
        """Pin by the commit, which is immutable."""
        del needed
        folder = f"/{self._folder}" if self._folder else ""
        return f"hf://{self._repository}@{self._commit}{folder}"

    def read(self, entry: Entry, offset: int = 0) -> Iterator[bytes]:
        """Read a file of the commit."""
        path = f"{self._folder}/{entry.path}" if self._folder else entry.path
        url = hf_hub_url(self._repository, path, revision=self._commit, endpoint=self._endpoint)
        return self._reader.read(url, offset)

    def verified_in_place(self, entry: Entry) -> str | None:
        """Nothing is here yet."""
        del entry
        return None

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        shown = self._shown
        try:
            yield
        except HFValidationError as error:
            raise invalid(f"{shown} names no repository: {excerpt(str(error))}") from error
        except GatedRepoError as error:
            raise forbidden(
                shown,
                "its owner gives access on request, and this token has none",
                "HF_TOKEN of someone with access",
            ) from error
        except RevisionNotFoundError as error:
            raise not_found(
                f"The repository of {shown} has no revision {self._revision!r}. Correct it in spec.model.uri."
            ) from error
        except RepositoryNotFoundError as error:
            raise not_found(
                f"The Hub has no repository {self._repository}, or it is private and the token can't see "
                "it. Correct spec.model.uri, or put HF_TOKEN in the Secret that spec.model.secretRef names."
            ) from error
        except HfHubHTTPError as error:
            status = error.response.status_code
            said = excerpt(error.server_message or str(error))
            if status in {401, 403}:
                raise forbidden(shown, f"HTTP {status}", "a valid HF_TOKEN") from error
            if status >= 500 or status in {408, 429}:
                raise unreachable(
                    f"The Hub has a fault of its own for {shown} (HTTP {status}: {said})."
                ) from error
            raise internal(f"The Hub answered {shown} with HTTP {status} ({said}).") from error
        except httpx2.HTTPError as error:
            said = excerpt(str(error)) or type(error).__name__
            raise unreachable(
                f"The Hub at {self._endpoint} can't be reached for {shown} ({said})."
            ) from error
