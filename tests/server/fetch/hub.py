"""The Hub's documented routes, as far as reading a model needs them (https://huggingface.co/docs/hub/api)."""

import hashlib
import json
import re
from dataclasses import dataclass, field

from tests.server.fetch.webserver import Page, Request, WebServer

_INFO = re.compile(r"^/api/models/([^/]+/[^/]+)(?:/revision/([^/]+))?$")
_RESOLVE = re.compile(r"^/([^/]+/[^/]+)/resolve/([0-9a-f]{40})/(.+)$")


@dataclass
class Hub:
    """Repositories by name: commits by revision name, files by commit."""

    web: WebServer
    branches: dict[str, dict[str, str]] = field(default_factory=dict)
    commits: dict[tuple[str, str], dict[str, bytes]] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    large: int = 1000

    def push(self, repository: str, files: dict[str, bytes], branch: str = "main") -> str:
        """Commit a whole tree, as the newest of a branch."""
        text = json.dumps({name: hashlib.sha256(content).hexdigest() for name, content in files.items()})
        commit = hashlib.sha1(text.encode()).hexdigest()
        self.branches.setdefault(repository, {})[branch] = commit
        self.commits[repository, commit] = dict(files)
        return commit

    def answer(self, request: Request) -> Page | None:
        if matched := _INFO.match(request.path):
            return self._info(matched.group(1), (matched.group(2) or "main").replace("%2F", "/"))
        if matched := _RESOLVE.match(request.path):
            return self._resolve(*matched.groups())
        if request.path.startswith("/cdn/"):
            sha256 = request.path.removeprefix("/cdn/")
            for files in self.commits.values():
                for content in files.values():
                    if hashlib.sha256(content).hexdigest() == sha256:
                        return Page(content, etag='"of-the-cdn"')
        return None

    def _info(self, repository: str, revision: str) -> Page:
        if repository in self.gated:
            return _error(403, "GatedRepo", "Access to this model is restricted")
        if repository not in self.branches:
            return _error(401, "RepoNotFound", "Repository not found")
        commit = self.branches[repository].get(revision, revision)
        files = self.commits.get((repository, commit))
        if files is None:
            return _error(404, "RevisionNotFound", "Revision not found")
        siblings = [self._sibling(name, content) for name, content in files.items()]
        body = {"id": repository, "sha": commit, "siblings": siblings, "tags": [], "downloads": 0, "likes": 0}
        return Page(json.dumps(body).encode(), content_type="application/json")

    def _sibling(self, name: str, content: bytes) -> dict[str, object]:
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        sibling: dict[str, object] = {"rfilename": name, "size": len(content), "blobId": blob}
        if len(content) > self.large:
            sibling["lfs"] = {
                "sha256": hashlib.sha256(content).hexdigest(),
                "size": len(content),
                "pointerSize": 130,
            }
        return sibling

    def _resolve(self, repository: str, commit: str, path: str) -> Page:
        content = self.commits.get((repository, commit), {}).get(path)
        if content is None:
            return _error(404, "EntryNotFound", "Entry not found")
        headers = {"X-Repo-Commit": commit}
        if len(content) > self.large:
            sha256 = hashlib.sha256(content).hexdigest()
            headers |= {"X-Linked-Etag": f'"{sha256}"', "Location": f"/cdn/{sha256}?Signature=top-secret"}
            return Page(b"", status=302, headers=headers)
        return Page(content, headers=headers)


def _error(status: int, code: str, message: str) -> Page:
    headers = {"X-Error-Code": code, "X-Error-Message": message}
    return Page(json.dumps({"error": message}).encode(), status=status, headers=headers)
