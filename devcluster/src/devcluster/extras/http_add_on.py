"""KEDA's HTTP add-on: holds requests while what should answer them has no pods.

It runs in pods, unlike KEDA itself: its scaler finds the interceptors by their pods' addresses, and what it
holds requests for is called as from any pod.
"""

from devcluster.build import HTTP_ADD_ON_TOOLS
from devcluster.crds import Source
from devcluster.extras.base import Extra
from devcluster.pods import Pods

_MODULE = "http-add-on"
_PACKAGE = "github.com/kedacore/http-add-on"
_PARTS = ("interceptor", "operator", "scaler")

HTTP_ADD_ON_EXTRA = Extra(
    name="http-add-on",
    summary="KEDA's HTTP add-on in pods by its own manifests, for models that have no pods while nobody asks",
    components=lambda _: (),
    needs=("keda",),
    tools=HTTP_ADD_ON_TOOLS,
    crds=Source(_MODULE, _PACKAGE, "config/crd/bases/*.yaml"),
    pods=Pods(
        _MODULE,
        _PACKAGE,
        folders=tuple(f"config/{part}" for part in _PARTS),
        images={f"ko://{_PACKAGE}/{part}": f"{_MODULE}-{part}" for part in _PARTS},
    ),
)
