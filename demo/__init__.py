"""From nothing to a prediction: the cluster, the images, the operator, an example.

The end-to-end tests use the same steps, so what the demo shows is what the tests prove.
"""
