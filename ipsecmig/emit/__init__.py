"""Targets: one module for each, from a policy to files and losses."""
