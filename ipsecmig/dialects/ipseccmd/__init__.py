"""The dialect `ipseccmd`: command lines of ipsecpol.exe and ipseccmd.exe in login scripts."""
