"""The adapters of the ports, one package per technology. They map foreign errors to `Unavailable` and rows to the
domain's types."""
