@echo off
rem  A Web server that answers nobody: the filters keep no state, and the permit is not mirrored.
netsh ipsec static add policy name=Web activatedefaultrule=no
netsh ipsec static add filteraction name=Permit action=permit
netsh ipsec static add filteraction name=Block action=block
netsh ipsec static add filter filterlist=All srcaddr=any dstaddr=me mirrored=yes
netsh ipsec static add filter filterlist=Web srcaddr=any dstaddr=me protocol=tcp srcport=0 dstport=80 mirrored=no
netsh ipsec static add rule name=All policy=Web filterlist=All filteraction=Block
netsh ipsec static add rule name=Web policy=Web filterlist=Web filteraction=Permit
netsh ipsec static set policy name=Web assign=y
