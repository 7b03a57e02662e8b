"""What Export-Clixml writes of the objects of the NetSecurity cmdlets (Windows 8 and Server 2012 and later)."""
