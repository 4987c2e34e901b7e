"""Specs that the API server must take: drawn from the pydantic models' own bounds and the rules' patterns."""

from typing import Any

from hypothesis import strategies as st

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=30)
DURATIONS = st.from_regex(r"[1-9][0-9]{0,4}[smhd]", fullmatch=True)
URIS = st.one_of(
    st.from_regex(
        r"hf://[A-Za-z0-9][A-Za-z0-9._-]{0,9}/[A-Za-z0-9][A-Za-z0-9._-]{0,9}(@[a-z0-9]{1,9})?(/[a-z]{1,9})?",
        fullmatch=True,
    ),
    st.from_regex(r"s3://[a-z0-9][a-z0-9.-]{1,9}[a-z0-9](/[a-z0-9_-]{1,9}){0,2}", fullmatch=True),
    st.from_regex(r"https://[a-z0-9][a-z0-9.-]{0,9}(:[0-9]{2,4})?/[a-z0-9_-]{1,9}", fullmatch=True),
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
    serviceAccountName=NAMES,
)
CACHES = st.one_of(
    some(
        {"managed": some(maxMemory=st.integers(1, 512).map("{}Mi".format))}, ttlSeconds=st.integers(1, 9999)
    ),
    some({"external": st.fixed_dictionaries({"secretRef": REFERENCES})}, ttlSeconds=st.integers(1, 9999)),
)
SCALINGS = st.tuples(st.integers(1, 1000), st.integers(1, 1000)).flatmap(
    lambda pair: some(
        {"minReplicas": st.just(min(pair)), "maxReplicas": st.just(max(pair))},
        cpuUtilization=st.integers(1, 100),
    )
)
ROLLOUTS = some(
    keepRevisions=st.integers(0, 8),
    keepWarm=st.integers(0, 4),
    rollbackWindow=DURATIONS,
    deadline=DURATIONS,
    paused=st.booleans(),
)
POLICIES = st.fixed_dictionaries(
    {}, optional={"enabled": st.booleans(), "from": st.lists(st.just({"podSelector": {}}), max_size=2)}
)
SPECS = some(
    {"model": MODELS},
    server=SERVERS,
    inputs=INPUTS,
    cache=CACHES,
    scaling=SCALINGS,
    rollout=ROLLOUTS,
    networkPolicy=POLICIES,
)
