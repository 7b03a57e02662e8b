"""What Export-Clixml writes of the objects of the NetSecurity cmdlets (Windows 8 and Server 2012 and later).

What is accepted is in `schemas/clixml.rng`; the reader is more tolerant, and names what is unknown to it.
"""
