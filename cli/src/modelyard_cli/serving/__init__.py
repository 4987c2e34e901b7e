"""A ModelDeployment served in this shell, without a cluster."""
