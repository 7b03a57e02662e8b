"""What `netsh ipsec static show` prints, read back into a policy store."""
