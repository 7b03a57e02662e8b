"""Stored policies as objects and blobs, for whatever writes them into a container: a registry, Active Directory."""
