"""What `spec.server` and `spec.inputs` may not say, and what the API server answers."""

from tests.operator.api.manifests import Manifest, spec

POD_LABELS = (
    'spec.server.podLabels: Invalid value: "object": labels that begin with modelyard.dev/, '
    "app.kubernetes.io/ or batch.kubernetes.io/, pod-template-hash, controller-uid and job-name tell pods "
    "apart for the operator and Kubernetes: use another name"
)
RESERVED_LABELS = (
    "modelyard.dev/revision",
    "app.kubernetes.io/name",
    "batch.kubernetes.io/job-name",
    "pod-template-hash",
    "controller-uid",
    "job-name",
)
QUANTITY = "is not a quantity: write it as 500m, 2, 512Mi or 1Gi"
ADDRESS = "is no https address: write it as https://HOST/PATH, without user, query and fragment"
LOG_PATH = (
    'spec.server.log: Invalid value: "object": path belongs to the sink file, and that needs one: write both '
    "or neither"
)
LOG_URL = (
    'spec.server.log: Invalid value: "object": url belongs to the sink http, and that needs one: write both '
    "or neither"
)

CASES: list[tuple[Manifest, str]] = [
    (
        spec(server={"resources": {"requests": {"cpu": -1}}}),
        f'spec.server.resources.requests[cpu]: Invalid value: "": {QUANTITY}',
    ),
    (
        spec(server={"resources": {"requests": {"cpu": 2}, "limits": {"cpu": "1500m"}}}),
        'spec.server.resources: Invalid value: "object": a request must not be above its '
        "limit: raise the limit or lower the request",
    ),
    (
        spec(server={"env": [{"name": "MODELYARD_PORT", "value": "1"}]}),
        'spec.server.env[0].name: Invalid value: "string": names that begin with MODELYARD_ '
        "are the operator's: use the fields of spec, or another name",
    ),
    (
        spec(server={"env": [{"name": "1A"}]}),
        'spec.server.env[0].name: Invalid value: "string": is no name of a variable: use '
        "letters, digits and '_', no digit first",
    ),
    (
        spec(server={"env": [{"name": "A"}, {"name": "A"}]}),
        'spec.server.env[1]: Duplicate value: {"name":"A"}',
    ),
    (
        spec(server={"podAnnotations": {"modelyard.dev/x": "y"}}),
        'spec.server.podAnnotations: Invalid value: "object": annotations that begin with '
        "modelyard.dev/ are the operator's: use another prefix",
    ),
    *((spec(server={"podLabels": {label: "x"}}), POD_LABELS) for label in RESERVED_LABELS),
    (
        spec(server={"podLabels": {"example.org/": "x"}}),
        'spec.server.podLabels: Invalid value: "object": holds a key that is no name of a label: write it as '
        "team or example.org/team",
    ),
    (
        spec(server={"podLabels": {"team": "a b"}}),
        'spec.server.podLabels[team]: Invalid value: "string": is no value of a label: use at most 63 '
        "letters, digits, '-', '_' and '.', a letter or digit at both ends",
    ),
    (
        spec(server={"engine": "tensorrt"}),
        'spec.server.engine: Unsupported value: "tensorrt": supported values: "auto", "onnxruntime", '
        '"openvino"',
    ),
    (
        spec(server={"grpcPort": 8080}),
        'spec.server.grpcPort: Invalid value: "integer": 8080 is the port of the HTTP API: choose another '
        "one, such as 9000",
    ),
    (
        spec(server={"auth": {}}),
        'spec.server.auth: Invalid value: "object": names no way to be known: write apiKeys, jwt or both; '
        "or leave auth out",
    ),
    (
        spec(server={"auth": {"jwt": {"issuer": "http://id.example", "audiences": ["a"]}}}),
        f'spec.server.auth.jwt.issuer: Invalid value: "string": {ADDRESS}',
    ),
    (
        spec(server={"auth": {"jwt": {"issuer": "https://me@id.example", "audiences": ["a"]}}}),
        f'spec.server.auth.jwt.issuer: Invalid value: "string": {ADDRESS}',
    ),
    (
        spec(server={"auth": {"jwt": {"issuer": "https://id.example", "audiences": []}}}),
        "spec.server.auth.jwt.audiences: Invalid value: 0: spec.server.auth.jwt.audiences in body should "
        "have at least 1 items",
    ),
    (
        spec(server={"auth": {"apiKeys": {"secretRef": {"name": "a"}, "header": "X Key"}}}),
        'spec.server.auth.apiKeys.header: Invalid value: "string": is no name of a header: use letters, '
        "digits and '-', such as X-API-Key",
    ),
    (
        spec(server={"rateLimit": {"requestsPerSecond": 0}}),
        'spec.server.rateLimit.requestsPerSecond: Invalid value: "number": lets nobody ask: write a number '
        "above 0, or leave rateLimit out for no limit",
    ),
    (spec(server={"log": {"sink": "file"}}), LOG_PATH),
    (spec(server={"log": {"sink": "stdout", "path": "/var/log/modelyard/x"}}), LOG_PATH),
    (spec(server={"log": {"sink": "http"}}), LOG_URL),
    (
        spec(server={"log": {"sink": "file", "path": "/var/log/modelyard/../x"}}),
        'spec.server.log.path: Invalid value: "string": is no file of the log volume: write it as '
        "/var/log/modelyard/NAME",
    ),
    (
        spec(server={"log": {"sink": "stdout", "sampling": 1.5}}),
        "spec.server.log.sampling: Invalid value: 1.5: spec.server.log.sampling in body should be less than "
        "or equal to 1",
    ),
    (
        spec(server={"batching": {"maxSize": 0}}),
        "spec.server.batching.maxSize: Invalid value: 0: spec.server.batching.maxSize in body should be "
        "greater than or equal to 1",
    ),
    (
        spec(inputs={"imageUrls": {"allow": ["https://images.example.org"]}}),
        'spec.inputs.imageUrls.allow[0]: Invalid value: "string": is no host: write images.example.org, '
        "*.example.org, images.example.org:8443, or http://store.images.svc:9000 for a store inside the "
        "cluster",
    ),
    (
        spec(inputs={"maxBytes": "100m"}),
        'spec.inputs.maxBytes: Invalid value: "": is not within bounds: from 1Ki to 1Gi',
    ),
]
