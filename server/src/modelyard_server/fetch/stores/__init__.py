"""The stores a model can come from, one file each."""
