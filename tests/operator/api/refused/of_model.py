"""What `spec.model` may not say, and what the API server answers."""

from modelyard_operator.api.model import Task
from tests.operator.api.manifests import MODEL, Manifest, uri

SCHEMES = (
    'spec.model.uri: Invalid value: "string": unknown kind of source: use hf://ORG/REPO[@REVISION], '
    "s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PATH, https://HOST/PATH, "
    "oci://HOST/REPOSITORY:TAG, pvc://CLAIM/PATH or file:///PATH in the server image"
)
AZ = (
    'spec.model.uri: Invalid value: "string": is no az source: write it as az://CONTAINER/PATH with the '
    "account's name in the Secret, or az://ACCOUNT.blob.core.windows.net/CONTAINER/PATH"
)
HTTPS = (
    'spec.model.uri: Invalid value: "string": is no https source: write it as https://HOST/PATH; credentials '
    "belong into the Secret of model.secretRef"
)
OCI = (
    'spec.model.uri: Invalid value: "string": is no oci source: write it as oci://HOST/REPOSITORY:TAG or '
    "oci://HOST/REPOSITORY@sha256:DIGEST"
)
TASKS = ", ".join(f'"{task}"' for task in Task)

CASES: list[tuple[Manifest, str]] = [
    (uri("ftp://host.example/x"), SCHEMES),
    (uri("./model"), SCHEMES),
    (uri("HF://org/repo"), SCHEMES),
    (
        uri("hf://only"),
        'spec.model.uri: Invalid value: "string": is no hf source: write it as hf://ORG/REPO, or '
        "hf://ORG/REPO@REVISION/FOLDER",
    ),
    (
        uri("s3://B/x"),
        'spec.model.uri: Invalid value: "string": is no s3 source: write it as s3://BUCKET/PREFIX',
    ),
    (
        uri("gs://Bucket/x"),
        'spec.model.uri: Invalid value: "string": is no gs source: write it as gs://BUCKET/PREFIX',
    ),
    (uri("az://account.blob.core.windows.net"), AZ),
    (uri("az://account.example.org/container/x"), AZ),
    (uri("az://container@account.dfs.core.windows.net/x"), AZ),
    (uri("https://host"), HTTPS),
    (uri("https://me:secret@host/x"), HTTPS),
    (uri("oci://registry.example.org"), OCI),
    (uri("oci://registry.example.org/Models/x"), OCI),
    (uri("oci://me:secret@registry.example.org/x"), OCI),
    (uri("oci://registry.example.org/x@sha256:abc"), OCI),
    (
        uri("pvc:///x"),
        'spec.model.uri: Invalid value: "string": is no pvc source: write it as pvc://CLAIM/PATH',
    ),
    (
        uri("file://x/y"),
        'spec.model.uri: Invalid value: "string": is no file source: write it as file:///PATH, a path inside '
        "the server image",
    ),
    (
        uri("pvc://claim/../x"),
        "spec.model.uri: Invalid value: \"string\": a path must not climb with '..': write where it leads",
    ),
    (
        uri("s3://bucket/a b"),
        'spec.model.uri: Invalid value: "string": a URI has no spaces: write each as %20',
    ),
    (
        {"model": MODEL | {"digest": "abc"}},
        'spec.model.digest: Invalid value: "string": is no digest: copy it from '
        "status.model.digest (sha256: and 64 hex digits)",
    ),
    (
        {"model": MODEL | {"task": "poetry"}},
        f'spec.model.task: Unsupported value: "poetry": supported values: {TASKS}',
    ),
    (
        {"model": MODEL | {"variant": "a/b"}},
        'spec.model.variant: Invalid value: "string": is no variant: use letters, digits, '
        "'.', '_' and '-', or leave it out",
    ),
    (
        {"model": MODEL | {"secretRef": {"name": "No Name"}}},
        'spec.model.secretRef.name: Invalid value: "string": is no name of an object: use '
        "lower-case letters, digits, '-' and '.'",
    ),
    ({}, "spec.model: Required value"),
]
