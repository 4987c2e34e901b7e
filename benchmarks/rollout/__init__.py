"""Rollouts, measured on a cluster with Istio and at scale: one line a goal."""
