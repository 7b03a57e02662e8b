"""Stored policies, whatever container they come from: objects and blobs become the intermediate representation."""
