"""What the cluster did while k6 asked."""
