"""The dashboards, written in Python; `python -m grafana` writes them as JSON, `make dashboards` for short."""
