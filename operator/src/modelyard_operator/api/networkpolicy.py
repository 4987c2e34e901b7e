"""`spec.networkPolicy`: who may call the pods."""

from typing import Annotated, Any

from pydantic import Field

from modelyard_operator.api.base import ApiModel


class NetworkPolicySpec(ApiModel):
    """Ingress rules of the server and the managed cache; enforced where the cluster's network does."""

    enabled: bool = True
    """Make NetworkPolicies at all."""

    from_: Annotated[tuple[dict[str, Any], ...], Field(alias="from", max_length=32)] = ()
    """Peers that may call the API, as in a NetworkPolicy's `from`; empty: everyone."""
