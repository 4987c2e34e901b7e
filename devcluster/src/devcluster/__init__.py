"""A real single-node Kubernetes from package registries, for development and CI."""
