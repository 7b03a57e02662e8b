"""Reads the policies of Windows hosts over WinRM, and changes nothing there."""
