"""Which kinds the API server has now: asked anew each time, so a CRD of a moment ago is seen."""

from modelyard_operator.applying.documents import Document
from modelyard_operator.kube.client import Client
from modelyard_operator.kube.errors import ApiError
from modelyard_operator.kube.kinds import Kind

NOT_FOUND = 404


async def find(client: Client, document: Document) -> tuple[Kind, bool] | None:
    """The kind of a document and whether its objects are in namespaces; None: the cluster has none such.

    Raises:
        ApiError: the API server refused to tell.
        aiohttp.ClientError, TimeoutError: it was not reached.
    """
    root = "apis" if "/" in document.api_version else "api"
    try:
        listed = await client.get(f"/{root}/{document.api_version}")
    except ApiError as error:
        if error.status == NOT_FOUND:
            return None
        raise
    for each in listed["resources"]:
        if each["kind"] == document.kind and "/" not in each["name"]:
            kind = Kind(document.api_version, document.kind, each["name"])
            return kind, bool(each["namespaced"])
    return None
