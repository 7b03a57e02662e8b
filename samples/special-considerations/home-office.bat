@echo off
:: A computer at home (Windows XP): the usual ports closed from outside, remote desktop to the company inside ESP.
:: The default exemptions of Windows XP are left as they are, and with them the hole at source port 88.

netsh ipsec static add policy name=Home
netsh ipsec static add filteraction name=Block action=block
netsh ipsec static add filteraction name=Request action=negotiate soft=yes inpass=yes qmsecmethods="ESP[3DES,SHA1] ESP[DES,MD5]"

for /L %%p in (135,1,139) do (
  netsh ipsec static add filter filterlist=Closed srcaddr=any dstaddr=me protocol=tcp mirrored=no srcport=0 dstport=%%p
  netsh ipsec static add filter filterlist=Closed srcaddr=any dstaddr=me protocol=udp mirrored=no srcport=0 dstport=%%p
)
netsh ipsec static add filter filterlist=Closed srcaddr=any dstaddr=me protocol=tcp mirrored=no srcport=0 dstport=445
netsh ipsec static add filter filterlist=Closed srcaddr=any dstaddr=me protocol=udp mirrored=no srcport=0 dstport=445

netsh ipsec static add filter filterlist="Company" srcaddr=me dstaddr=198.51.100.30 protocol=tcp srcport=0 dstport=3389 mirrored=yes

netsh ipsec static add rule name=Closed policy=Home filterlist=Closed filteraction=Block
netsh ipsec static add rule name=Company policy=Home filterlist=Company filteraction=Request psk="N0t-A-Real-Key.Rf6Gx3Tn8Wk5Ub9Hj2Lc"
netsh ipsec static set policy name=Home assign=y
