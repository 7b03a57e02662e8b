"""Tests of what `ipsecmig.testing` gives to the tests of others."""
