"""What is told of a load test: a page, and a few lines."""
