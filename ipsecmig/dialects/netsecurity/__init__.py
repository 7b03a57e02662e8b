"""Scripts of the NetSecurity cmdlets of PowerShell (Windows 8 and Server 2012 and later)."""
