"""Reads policies where they live, over WinRM and LDAP, and changes nothing there."""
