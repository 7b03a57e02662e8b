"""The test lab: network namespaces, and packets sent between them."""
