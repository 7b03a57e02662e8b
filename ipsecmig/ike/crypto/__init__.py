"""The primitives that the engine computes with: hashes, ciphers, groups. All numbers are unsigned and big-endian."""
