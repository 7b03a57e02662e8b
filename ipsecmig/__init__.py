"""Windows IPsec policies, read, understood and carried to Linux.

The public entry points are the command line (`ipsecmig.cli`) and the packages `dialects`, `model`, `emit` and
`verify`, one for each stage of the way from a policy's bytes to a verified configuration.
"""

__version__ = "0.1.0"
