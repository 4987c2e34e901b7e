"""The projected volume of what may change while a pod runs: ConfigMaps and Secrets."""

from modelyard_operator import contract
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.resources import keys
from modelyard_operator.resources.context import Context

VOLUME = "runtime"


def config_map_name(ctx: Context) -> str:
    """The ConfigMap that holds `runtime.json`."""
    return f"{ctx.name}-runtime"


def tuning_name(ctx: Context) -> str:
    """The ConfigMap of the user's own that holds what `modelyard tune` measured."""
    return f"{ctx.name}-tuning"


def runtime_volume(ctx: Context) -> Manifest:
    """The volume; an external cache's URL and tuning may come and go while pods run: they are optional."""
    secret_files = (contract.CACHE_KEY_FILE, contract.CACHE_PASSWORD_FILE, contract.ADMIN_TOKEN_FILE)
    sources: list[Manifest] = [
        {"configMap": {"name": config_map_name(ctx), "items": [_item(contract.RUNTIME_CONFIG_FILE)]}},
        {"secret": {"name": keys.keys_name(ctx), "items": [_item(file) for file in secret_files]}},
        {
            "secret": {
                "name": keys.external_cache_name(ctx),
                "items": [_item(contract.CACHE_URL_FILE), _item(contract.CACHE_CA_FILE)],
                "optional": True,
            }
        },
        {
            "configMap": {
                "name": tuning_name(ctx),
                "items": [_item(contract.TUNING_FILE)],
                "optional": True,
            }
        },
    ]
    return {"name": VOLUME, "projected": {"defaultMode": 0o440, "sources": sources}}


def runtime_mount() -> Manifest:
    """The mount of `runtime_volume`."""
    return {"name": VOLUME, "mountPath": contract.RUNTIME_DIR, "readOnly": True}


def _item(file: str) -> Manifest:
    return {"key": file, "path": file}
