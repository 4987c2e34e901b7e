"""Applying manifests: what `modelyard apply` does, and the Job that the overlays of k8s carry."""
