"""Specs that the API server must take: drawn from the pydantic models' own bounds and the rules' patterns."""

from typing import Any

from hypothesis import strategies as st

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
LABELS = st.builds("{}{}".format, st.sampled_from(["", "example.org/", "azure.workload.identity/"]), NAMES)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=30)
DURATIONS = st.from_regex(r"[1-9][0-9]{0,4}[smhd]", fullmatch=True)
URIS = st.one_of(
    st.from_regex(
        r"hf://[A-Za-z0-9][A-Za-z0-9._-]{0,9}/[A-Za-z0-9][A-Za-z0-9._-]{0,9}(@[a-z0-9]{1,9})?(/[a-z]{1,9})?",
        fullmatch=True,
    ),
    st.from_regex(r"s3://[a-z0-9][a-z0-9.-]{1,9}[a-z0-9](/[a-z0-9_-]{1,9}){0,2}", fullmatch=True),
    st.from_regex(r"gs://[a-z0-9][a-z0-9._-]{1,9}[a-z0-9](/[a-z0-9_-]{1,9}){0,2}", fullmatch=True),
    st.from_regex(
        r"az://([a-z0-9]{3,9}\.blob\.core\.windows\.net/)?[a-z0-9][a-z0-9-]{1,9}[a-z0-9](/[a-z0-9_-]{1,9}){0,2}",
        fullmatch=True,
    ),
    st.from_regex(r"https://[a-z0-9][a-z0-9.-]{0,9}(:[0-9]{2,4})?/[a-z0-9_-]{1,9}", fullmatch=True),
    st.from_regex(
        r"oci://[a-z0-9]{1,9}(:[0-9]{2,4})?/[a-z0-9]{1,9}(/[a-z0-9]{1,9}){0,2}(:[A-Z0-9_][a-z0-9.-]{0,9})?",
        fullmatch=True,
    ),
    st.from_regex(r"pvc://[a-z0-9]{1,9}(/[a-z0-9_-]{1,9}){0,2}", fullmatch=True),
    st.from_regex(r"file:///[a-z0-9_-]{1,9}(/[a-z0-9_-]{1,9}){0,2}", fullmatch=True),
)


def some(
    required: dict[str, Any] | None = None, **optional: st.SearchStrategy[Any]
) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(required or {}, optional=optional)


REFERENCES = st.fixed_dictionaries({"name": NAMES})
MODELS = some(
    {"uri": URIS},
    digest=st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True),
    task=st.sampled_from(["text-classification", "tensor"]),
    variant=st.from_regex(r"[A-Za-z0-9._-]{1,20}", fullmatch=True),
    secretRef=REFERENCES,
)
MEMORY = st.integers(1, 9).map("{}Gi".format)
CPU = st.one_of(st.integers(1, 9), st.integers(100, 9000).map("{}m".format))
VARIABLES = some({"name": st.from_regex(r"[A-Z_][A-Z0-9_]{0,9}", fullmatch=True)}, value=TEXT)
HOSTS = st.one_of(
    st.from_regex(r"([*][.])?[a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?(:[0-9]{2,4})?", fullmatch=True),
    st.from_regex(r"https?://[a-z0-9]{1,9}([.][a-z]{2,5})?:[0-9]{2,4}", fullmatch=True),
)
ADDRESSES = st.from_regex(r"https://[a-z0-9]{1,9}(:[0-9]{2,4})?(/[a-z0-9]{1,9}){0,2}", fullmatch=True)
SHARES = st.one_of(st.sampled_from([0, 1]), st.floats(0, 1, allow_subnormal=False))
API_KEYS = some(
    {"secretRef": REFERENCES}, header=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{0,20}", fullmatch=True)
)
JWTS = some({"issuer": ADDRESSES, "audiences": st.lists(NAMES, min_size=1, max_size=3)}, jwksUri=ADDRESSES)
AUTHS = st.one_of(some({"apiKeys": API_KEYS}, jwt=JWTS), some({"jwt": JWTS}))
RATE_LIMITS = some(
    {"requestsPerSecond": st.one_of(st.integers(1, 1000), st.floats(0.01, 1000))}, burst=st.integers(1, 1000)
)
REDACTED = st.lists(NAMES, max_size=3)
LOGS = st.one_of(
    some({"sink": st.just("stdout")}, sampling=SHARES, redact=REDACTED),
    some(
        {
            "sink": st.just("file"),
            "path": st.from_regex(r"/var/log/modelyard/[a-z0-9_-]{1,9}", fullmatch=True),
        },
        sampling=SHARES,
    ),
    some({"sink": st.just("http"), "url": ADDRESSES}, redact=REDACTED),
)
INPUTS = some(
    imageUrls=some(allow=st.lists(HOSTS, max_size=3)),
    maxBytes=st.one_of(st.integers(1024, 2**30), st.integers(1, 1024).map("{}Mi".format)),
    maxPixels=st.integers(1, 1_000_000_000),
    maxItems=st.integers(1, 100_000),
)
SERVERS = some(
    engine=st.sampled_from(["auto", "onnxruntime", "openvino"]),
    batching=some(maxSize=st.integers(1, 1024), maxDelayMs=st.integers(0, 1000)),
    queue=some(maxDepth=st.integers(1, 1_000_000)),
    grpcPort=st.integers(1024, 65535).filter(lambda port: port != 8080),
    auth=AUTHS,
    rateLimit=RATE_LIMITS,
    log=LOGS,
    image=st.just("registry.example.org/server:1"),
    resources=st.one_of(
        some(requests=some(cpu=CPU, memory=MEMORY)), some(limits=some(cpu=CPU, memory=MEMORY))
    ),
    env=st.lists(VARIABLES, max_size=3, unique_by=lambda variable: variable["name"]),
    threads=st.integers(1, 256),
    maxConnectionAgeSeconds=st.integers(5, 86400),
    drainSeconds=st.integers(1, 600),
    nodeSelector=st.dictionaries(NAMES, NAMES, max_size=2),
    tolerations=st.lists(
        some(
            {"key": NAMES},
            operator=st.just("Exists"),
            effect=st.sampled_from(["NoSchedule", "PreferNoSchedule"]),
        ),
        max_size=2,
    ),
    podAnnotations=st.dictionaries(NAMES, TEXT, max_size=2),
    podLabels=st.dictionaries(LABELS, st.one_of(st.just(""), NAMES), max_size=2),
    serviceAccountName=NAMES,
)
CACHES = st.one_of(
    some(
        {"managed": some(maxMemory=st.integers(1, 512).map("{}Mi".format))}, ttlSeconds=st.integers(1, 9999)
    ),
    some({"external": st.fixed_dictionaries({"secretRef": REFERENCES})}, ttlSeconds=st.integers(1, 9999)),
)
SCALINGS = st.tuples(st.integers(1, 1000), st.integers(1, 1000)).flatmap(
    lambda pair: (
        some(
            {"minReplicas": st.just(min(pair)), "maxReplicas": st.just(max(pair))},
            cpuUtilization=st.integers(1, 100),
            prometheus=st.just({"address": "http://prometheus.monitoring.svc:9090"}),
            toZero=some(idle=st.sampled_from(["10s", "1h30m", "168h"]), addOnNamespace=NAMES),
        )
        | st.fixed_dictionaries(
            {
                "minReplicas": st.just(min(pair)),
                "maxReplicas": st.just(max(pair)),
                "requestsPerSecond": st.integers(1, 1_000_000),
                "prometheus": st.just(
                    {"address": "https://example.org/prometheus", "authenticationRef": "keda"}
                ),
            },
            optional={"inFlight": st.integers(1, 100_000)},
        )
    )
)
APPROVALS = st.fixed_dictionaries(
    {},
    optional={
        "required": st.integers(1, 10),
        "expiresAfter": DURATIONS,
        "forbidSelfApproval": st.booleans(),
    },
)
WEIGHTS = st.lists(st.integers(0, 100), max_size=8).map(sorted)
STEPS = st.tuples(
    WEIGHTS.flatmap(lambda ws: st.tuples(*(some({"weight": st.just(w), "for": DURATIONS}) for w in ws))),
    st.lists(st.fixed_dictionaries({"approval": APPROVALS}), max_size=2),
    st.lists(
        st.fixed_dictionaries(
            {"shadow": st.fixed_dictionaries({"percent": st.integers(1, 100), "for": DURATIONS})}
        ),
        max_size=2,
    ),
).map(lambda parts: [step for part in parts for step in part])
ROLLOUTS = some(
    steps=STEPS,
    keepRevisions=st.integers(0, 8),
    keepWarm=st.integers(0, 4),
    rollbackWindow=DURATIONS,
    deadline=DURATIONS,
    paused=st.booleans(),
)
SPANS = st.from_regex(r"[1-9][0-9]{0,3}(ms|s|m)", fullmatch=True)
DOMAINS = st.from_regex(r"([*][.])?[a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?[.]example[.]org", fullmatch=True)
AT_A_GATEWAY = {
    "hosts": st.lists(DOMAINS, min_size=1, max_size=3),
    "gateway": some({"name": NAMES}, namespace=NAMES),
}
RETRIES = some(
    attempts=st.integers(0, 10), retryOn=st.lists(st.sampled_from(["reset", "503"]), min_size=1, max_size=2)
)
OUTLIERS = some(
    consecutiveErrors=st.integers(1, 1000),
    interval=SPANS,
    ejectionTime=SPANS,
    maxEjectionPercent=st.integers(0, 100),
)
ROUTINGS = st.one_of(
    some(mode=st.sampled_from(["auto", "replicas"])),
    some({"mode": st.just("istio")}, timeout=SPANS, retries=RETRIES, outlierDetection=OUTLIERS),
    some({"mode": st.just("gateway"), **AT_A_GATEWAY}, timeout=SPANS),
    some(AT_A_GATEWAY, mode=st.sampled_from(["auto", "istio"]), timeout=SPANS, retries=RETRIES),
)
POLICIES = st.fixed_dictionaries(
    {}, optional={"enabled": st.booleans(), "from": st.lists(st.just({"podSelector": {}}), max_size=2)}
)
MAILS = st.from_regex(r"[a-z0-9.]{1,9}@[a-z0-9.]{1,9}", fullmatch=True)
MAIL_SERVERS = {
    "host": st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,9}[a-z0-9])?", fullmatch=True),
    "from": MAILS,
    "to": st.lists(MAILS, min_size=1, max_size=3),
}
OCCASIONS = ["rolloutStarted", "waitingForApproval", "promoted", "aborted", "sourceDrifted"]
TOLD = {
    "events": st.lists(st.sampled_from(OCCASIONS), min_size=1, unique=True),
    "template": st.text("ab $\n", min_size=1, max_size=20),
}
NOTIFICATIONS = st.one_of(
    some(
        {
            "smtp": st.one_of(
                some(
                    MAIL_SERVERS,
                    port=st.integers(1, 65535),
                    tls=st.sampled_from(["starttls", "tls"]),
                    secretRef=REFERENCES,
                ),
                some({**MAIL_SERVERS, "tls": st.just("none")}),
            )
        },
        **TOLD,
    ),
    some({"slack": st.fixed_dictionaries({"secretRef": REFERENCES})}, **TOLD),
    some({"webhook": st.fixed_dictionaries({"secretRef": REFERENCES})}, **TOLD),
)
OBJECTIVES = st.floats(0.5, 0.9999)
MONITORINGS = some(
    serviceMonitor=st.sampled_from(["auto", "never"]),
    labels=st.dictionaries(NAMES, NAMES, max_size=3),
    interval=DURATIONS,
    slo=some(
        availability=OBJECTIVES,
        latency=st.fixed_dictionaries({"withinMs": st.sampled_from([5, 250, 10000]), "share": OBJECTIVES}),
    ),
)
SPECS = some(
    {"model": MODELS},
    server=SERVERS,
    inputs=INPUTS,
    cache=CACHES,
    scaling=SCALINGS,
    rollout=ROLLOUTS,
    routing=ROUTINGS,
    monitoring=MONITORINGS,
    networkPolicy=POLICIES,
    notifications=st.lists(NOTIFICATIONS, max_size=3),
)
