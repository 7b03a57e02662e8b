@ECHO OFF
REM Remote desktop only from the management range and one partner; the rest of port 3389 is closed.
set POL=rdp-guard
set RANGE=10.90.8.0
set MASK=255.255.252.0

netsh ipsec static add policy %POL% activatedefaultrule=no
netsh ipsec static add filterlist name=rdp-all
netsh ipsec static add filterlist name=rdp-ok
netsh ipsec static add filter rdp-all any me protocol=tcp dstport=3389
netsh ipsec static add filter filterlist=rdp-ok srcaddr=%RANGE% srcmask=%MASK% dstaddr=me protocol=tcp dstport=3389 mirrored=y desc="management"
netsh ipsec static add filter filterlist=rdp-ok srcaddr=198.51.100.77 dstaddr=me protocol=6 dstport=3389 mirrored=y desc="partner"
netsh ipsec static add filteraction name=drop action=block
netsh ipsec static add filteraction name=pass action=permit
netsh ipsec static add rule name=r1 policy=%POL% filterlist=rdp-all filteraction=drop
netsh ipsec static add rule name=r2 policy=%POL% filterlist=rdp-ok filteraction=pass
netsh ipsec static set policy %POL% assign=y
