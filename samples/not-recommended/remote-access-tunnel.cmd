@echo off
rem  NOT RECOMMENDED: a roaming computer that reaches the corporate network through IPsec tunnel mode.  No user is
rem  authenticated, no address and no name server is assigned, and the inbound rule must name today's address of the
rem  computer.  Use L2TP/IPsec.
setlocal
rem  change this after every dial-in
set MY_IP=192.0.2.77
set GATEWAY=203.0.113.1

netsh ipsec static add policy name="Roaming" mmsecmethods="3DES-SHA1-2" activatedefaultrule=no
netsh ipsec static add filteraction name="Tunnel" action=negotiate inpass=no soft=no qmpfs=no qmsecmethods="ESP[3DES,SHA1]:100000k/3600s"
netsh ipsec static add filter filterlist="To headquarters" srcaddr=me dstaddr=10.60.0.0 dstmask=255.255.0.0 protocol=any mirrored=no
netsh ipsec static add filter filterlist="From headquarters" srcaddr=10.60.0.0 srcmask=255.255.0.0 dstaddr=me protocol=any mirrored=no
netsh ipsec static add rule name="Out" policy="Roaming" filterlist="To headquarters" filteraction="Tunnel" tunnel=%GATEWAY% conntype=dialup psk="N0t-A-Real-Key.Ek9Sv4Jn7Cf2Dw6Ph3Ya"
netsh ipsec static add rule name="In" policy="Roaming" filterlist="From headquarters" filteraction="Tunnel" tunnel=%MY_IP% conntype=dialup psk="N0t-A-Real-Key.Ek9Sv4Jn7Cf2Dw6Ph3Ya"
netsh ipsec static set policy name="Roaming" assign=yes
endlocal
