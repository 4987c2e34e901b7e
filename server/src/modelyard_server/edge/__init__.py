"""What stands between the network and the data plane: who asks, how often, and what is noted of it.

It knows no transport: HTTP and gRPC hand it a request's headers.
"""
