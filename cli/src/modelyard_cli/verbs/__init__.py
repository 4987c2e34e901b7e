"""What `modelyard` can do: one file a verb."""
