"""The dialects for connection security rules of Windows Firewall, in whatever form they are written."""
