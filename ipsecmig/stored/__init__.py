"""Policies as Windows stores them: directory objects, registry values and their binary blobs, both ways."""
