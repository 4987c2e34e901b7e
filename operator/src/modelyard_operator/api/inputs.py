"""`spec.inputs`: what requests may hold. What is set here is part of the revision's hash."""

from typing import Annotated

from pydantic import Field

from modelyard_operator.api.base import ApiModel
from modelyard_operator.api.quantity_field import Quantity
from modelyard_operator.api.rules import Rule, matching

_NAME = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"
_HOST = rf"^(([*][.])?{_NAME}(:[0-9]{{1,5}})?|https?://{_NAME}:[0-9]{{1,5}})$"

Host = Annotated[
    str,
    Field(min_length=1, max_length=253),
    matching(
        _HOST,
        "is no host: write images.example.org, *.example.org, images.example.org:8443, or "
        "http://store.images.svc:9000 for a store inside the cluster",
    ),
]


class ImageUrls(ApiModel):
    """Pictures that requests name by their address."""

    allow: Annotated[tuple[Host, ...], Field(max_length=64)] = ()
    """Hosts that pictures may be fetched from: `HOST`, `*.DOMAIN`, `HOST:PORT`, or an origin `http://HOST:PORT`
    for a store inside the cluster. Empty: none. Only an origin, or an address written as such, may lie in a
    private network; loopback, link-local and clouds' metadata addresses are refused whatever their name. The
    pods must be able to reach them."""


class InputsSpec(ApiModel):
    """Bounds of a request. A change here makes a new revision."""

    image_urls: ImageUrls = ImageUrls()
    """Pictures by their address."""

    max_bytes: (
        Annotated[
            Quantity,
            Rule(
                rule="!isQuantity(string(self)) || "
                "(quantity(string(self)).compareTo(quantity('1Ki')) >= 0 && "
                "quantity(string(self)).compareTo(quantity('1Gi')) <= 0)",
                message="is not within bounds: from 1Ki to 1Gi",
            ),
        ]
        | None
    ) = None
    """Most bytes of a request, and of a picture fetched by its address; left out: 8Mi. The pod's memory
    does not follow it: raise server.resources.limits.memory for large requests."""

    max_pixels: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    """Most pixels of a picture; left out: 50,000,000. A pixel takes 3 bytes of the pod's memory."""

    max_items: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Most items (texts, pictures, rows) of a request; left out: 1,000."""
