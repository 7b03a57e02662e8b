@echo off
rem  Three lines that leak plaintext when they are carried over in the order of the target instead of Windows' order:
rem  strongSwan ranks every pass before every protect and every drop, whatever their selectors.
netsh ipsec static add policy name=Leak activatedefaultrule=no mmsecmethods="3DES-SHA1-2"
netsh ipsec static add filteraction name=Permit action=permit
netsh ipsec static add filteraction name=Secure action=negotiate inpass=no soft=no qmsecmethods="ESP[3DES,SHA1]:100000k/3600s"
netsh ipsec static add filteraction name=Block action=block

netsh ipsec static add filter filterlist=Wide srcaddr=me dstaddr=10.0.0.0 dstmask=255.0.0.0
netsh ipsec static add filter filterlist=One srcaddr=me dstaddr=10.1.1.1
netsh ipsec static add filter filterlist=Closed srcaddr=me dstaddr=10.2.0.0 dstmask=255.255.0.0

netsh ipsec static add rule name=Permit policy=Leak filterlist=Wide filteraction=Permit
netsh ipsec static add rule name=Secure policy=Leak filterlist=One filteraction=Secure psk="N0t-A-Real-Key.Qa7Dm4Zs9Vx2Ec6Bn8Hy"
netsh ipsec static add rule name=Block policy=Leak filterlist=Closed filteraction=Block
netsh ipsec static set policy name=Leak assign=yes
