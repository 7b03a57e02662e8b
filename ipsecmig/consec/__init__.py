"""Connection security rules of Windows Firewall with Advanced Security ([MS-GPFAS], [MS-FASP])."""
