"""The `netsh ipsec static` language in batch files, netsh scripts and PowerShell."""
