"""Every write to the API server, and the answer of each straight into the store it belongs to."""

from collections.abc import Mapping
from typing import Any

from modelyard_operator.kube import metrics
from modelyard_operator.kube.client import APPLY_PATCH, JSON, MERGE_PATCH, Client
from modelyard_operator.kube.errors import ApiError
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Child, Manifest, Resource
from modelyard_operator.kube.paths import OWN, SECRET, collection, item
from modelyard_operator.kube.store import Store
from modelyard_operator.labels import MANAGER

NEVER = "1"
"""A resourceVersion that no object has: etcd's first revision precedes every object of the API."""

NOT_FOUND = 404
CONFLICT = 409


class RefusedError(Exception):
    """A write that was not made, for a reason that a person must mend."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        """As in `reconcile.model.Refusal`."""


def check_owner(live: Manifest, owner_uid: str) -> None:
    """An object that is not ours is never touched.

    Raises:
        RefusedError: `NameTaken`: `live` is not controlled by `owner_uid`.
    """
    metadata = live["metadata"]
    owners = metadata.get("ownerReferences") or ()
    owner = next((o for o in owners if o.get("controller")), None)
    if owner is not None and owner["uid"] == owner_uid:
        return
    whose = f"belongs to {owner['kind']} {owner['name']} (uid {owner['uid']})" if owner else "is not ours"
    raise RefusedError(
        "NameTaken",
        f"{live['kind']} {metadata['namespace']}/{metadata['name']} exists and {whose}; it was left alone: "
        "delete or rename it, or give the ModelDeployment another name",
    )


class Writer:
    """Writes on behalf of one operator."""

    def __init__(
        self,
        client: Client,
        kinds: Mapping[str, Kind],
        children: Mapping[str, Store[Child]],
        resources: Store[Resource],
    ) -> None:
        """A writer.

        Args:
            client: the connection.
            kinds: the kinds of children by name.
            children: the store of each kind.
            resources: the store of our own kind.
        """
        self._client = client
        self._kinds = kinds
        self._children = children
        self._resources = resources

    async def status(self, resource: Resource, status: Manifest) -> None:
        """Replace a resource's status, if it has not changed since `resource` was read.

        Raises:
            ApiError: 409 when it has; or any other refusal.
        """
        body = {
            "apiVersion": OWN.api_version,
            "kind": OWN.kind,
            "metadata": {
                "name": resource.key.name,
                "namespace": resource.key.namespace,
                "uid": resource.uid,
                "resourceVersion": resource.resource_version,
            },
            # The API server takes the stored spec whatever is said here, but wants the object to be valid.
            "spec": resource.spec,
            "status": status,
        }
        path = item(OWN, *resource.key, "status")
        self._resources.put(await self._write("PUT", OWN, path, body, subresource="status"))

    async def refresh(self, resource: Resource) -> None:
        """Read a resource again, past what the watch has told.

        Raises:
            ApiError: a refusal other than "not found".
        """
        try:
            self._resources.put(await self._client.get(item(OWN, *resource.key)))
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
            self._resources.gone(*resource.key, resource.uid)

    async def create(self, manifest: Manifest, namespace: str, owner_uid: str) -> None:
        """Make a child that is not known to exist; one of ours that does exist is applied.

        It is a server-side apply whose resourceVersion no object has: it creates, or it conflicts. A POST
        would do too, but leaves the fields to an "Update" manager, and then a field that is later left out
        of an apply would stay.

        Raises:
            RefusedError: somebody else's object has the name.
            ApiError: any other refusal.
        """
        metadata = manifest["metadata"] | {"resourceVersion": NEVER}
        try:
            await self._apply(manifest | {"metadata": metadata}, namespace)
        except ApiError as error:
            if error.status != CONFLICT:
                raise
            live = await self._client.get(self._path(manifest, namespace))
            check_owner(live, owner_uid)
            if self._kinds[manifest["kind"]].create_only:
                self._children[manifest["kind"]].put(live)
            else:
                await self._apply(_pinned(manifest, live["metadata"]["uid"]), namespace)

    async def apply(self, manifest: Manifest, namespace: str, child: Child) -> None:
        """Change a child of ours, and only that very object.

        Raises:
            RefusedError: somebody else's object has taken the name meanwhile.
            ApiError: a refusal; 409 when the object was made anew: look again.
        """
        try:
            await self._apply(_pinned(manifest, child.uid), namespace)
        except ApiError as error:
            if not _is_another(error):
                raise
            store = self._children[manifest["kind"]]
            try:
                live = await self._client.get(self._path(manifest, namespace))
            except ApiError as missing:
                if missing.status == NOT_FOUND:
                    store.gone(namespace, child.key.name, child.uid)
                raise ApiError(CONFLICT, "Conflict", f"{child.key} is gone") from missing
            store.put(live)
            check_owner(live, child.owner_uid or "")
            raise ApiError(CONFLICT, "Conflict", f"{child.key} was made anew") from error

    async def delete(self, child: Child, namespace: str) -> None:
        """Delete a child, and only that very object; what it owns goes too, in the background.

        Raises:
            ApiError: a refusal; an object that is gone already is none.
        """
        kind = self._kinds[child.key.kind]
        store = self._children[child.key.kind]
        body = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": child.uid},
        }
        try:
            answer = await self._write("DELETE", kind, item(kind, namespace, child.key.name), body)
        except ApiError as error:
            # 409: another object has the name by now, so ours is gone as well.
            if error.status not in (NOT_FOUND, CONFLICT):
                raise
            store.gone(namespace, child.key.name, child.uid)
            return
        if answer.get("kind") == "Status":
            store.gone(namespace, child.key.name, child.uid)
        else:
            store.put(answer)

    async def scale(self, namespace: str, deployment: str, replicas: int) -> None:
        """Set a Deployment's size.

        Raises:
            ApiError: a refusal.
        """
        kind = self._kinds["Deployment"]
        await self._write(
            "PATCH",
            kind,
            item(kind, namespace, deployment, "scale"),
            {"spec": {"replicas": replicas}},
            content_type=MERGE_PATCH,
            subresource="scale",
        )

    async def get_secret(self, namespace: str, name: str) -> Manifest | None:
        """A Secret, or None.

        Raises:
            ApiError: a refusal other than "not found".
        """
        try:
            secret: Manifest = await self._client.get(item(SECRET, namespace, name))
        except ApiError as error:
            if error.status == NOT_FOUND:
                return None
            raise
        return secret

    async def create_secret(self, manifest: Manifest, namespace: str) -> None:
        """Create a Secret; one that exists (409) is kept.

        Raises:
            ApiError: any other refusal.
        """
        try:
            await self._write("POST", SECRET, collection(SECRET, namespace), manifest)
        except ApiError as error:
            if error.status != CONFLICT:
                raise

    async def patch_secret(self, namespace: str, name: str, patch: Manifest) -> None:
        """Merge into a Secret.

        Raises:
            ApiError: a refusal.
        """
        path = item(SECRET, namespace, name)
        await self._write("PATCH", SECRET, path, patch, content_type=MERGE_PATCH)

    async def post(self, kind: Kind, namespace: str, manifest: Manifest) -> Manifest:
        """Create any object; answers it as stored.

        Raises:
            ApiError: a refusal.
        """
        answer: Manifest = await self._write("POST", kind, collection(kind, namespace), manifest)
        return answer

    async def merge(self, kind: Kind, namespace: str, name: str, patch: Manifest) -> None:
        """Merge-patch any object.

        Raises:
            ApiError: a refusal.
        """
        await self._write("PATCH", kind, item(kind, namespace, name), patch, content_type=MERGE_PATCH)

    def _path(self, manifest: Manifest, namespace: str) -> str:
        return item(self._kinds[manifest["kind"]], namespace, manifest["metadata"]["name"])

    async def _apply(self, manifest: Manifest, namespace: str) -> None:
        kind = self._kinds[manifest["kind"]]
        answer = await self._write(
            "PATCH",
            kind,
            self._path(manifest, namespace),
            manifest,
            content_type=APPLY_PATCH,
            params={"force": "true"},
        )
        self._children[kind.kind].put(answer)

    async def _write(
        self,
        method: str,
        kind: Kind,
        path: str,
        body: Any,
        *,
        content_type: str = JSON,
        params: Mapping[str, str] | None = None,
        subresource: str = "",
    ) -> Any:
        named = f"{kind.kind}/{subresource}" if subresource else kind.kind
        verb = "APPLY" if content_type == APPLY_PATCH else method
        query = {"fieldManager": MANAGER, **(params or {})} if method != "DELETE" else {}
        outcome = "failed"
        try:
            answer = await self._client.request(
                method, path, params=query, body=body, content_type=content_type
            )
            outcome = "ok"
        except ApiError as error:
            outcome = str(error.status)
            raise
        finally:
            metrics.API_WRITES.labels(verb, named, outcome).inc()
        return answer


def _is_another(error: ApiError) -> bool:
    """Whether an apply that names a uid found another object, or none."""
    causes = error.details.get("causes") or ()
    return error.status in (CONFLICT, NOT_FOUND) or any(c.get("field") == "metadata.uid" for c in causes)


def _pinned(manifest: Manifest, uid: str) -> Manifest:
    return manifest | {"metadata": manifest["metadata"] | {"uid": uid}}
