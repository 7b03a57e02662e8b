"""Tests that need a kernel with ESP and AH: they run inside a Linux that is itself a program, started for them.

Every test in this folder runs there: see `conftest`. `kernel` builds that Linux, `machine` starts it.
"""
