"""Pictures: from the bytes of a file to the numbers of a tensor. Nothing here knows a task or a request."""
