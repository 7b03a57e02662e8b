"""What `ipsecmig fleet` and `extract --diff` do beside their command lines."""
