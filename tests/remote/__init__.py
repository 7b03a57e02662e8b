"""Tests of what talks to live hosts, and of what they answered."""
