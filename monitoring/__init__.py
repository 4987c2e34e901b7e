"""The rules for Prometheus, in rules.yaml; `python -m monitoring` wraps them for the Prometheus operator."""
