"""Windows hosts that are not there: a WinRM server for tests of whatever talks to such hosts.

`ipsecmig.testing.host` models a host, `ipsecmig.testing.winrm` serves it over real HTTP and TLS, and
`ipsecmig.testing.plugin` gives both to pytest as fixtures. Needs the extra `testing`.
"""
