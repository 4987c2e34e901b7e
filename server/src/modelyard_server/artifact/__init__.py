"""What a model artifact holds, read from its files."""
