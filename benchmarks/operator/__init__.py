"""The operator at scale: a real API server, kwok nodes, many ModelDeployments."""
