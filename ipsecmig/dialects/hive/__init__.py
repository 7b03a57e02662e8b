"""The dialect `hive`: offline hives of the registry, and the exports that are hives."""
