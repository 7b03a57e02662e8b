"""Compares what was emitted, or written by hand, with the policy over all packets."""
