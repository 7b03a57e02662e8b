@echo off
rem  Typical mistakes, each seen in real scripts.  ipsecmig names every one with its place and converts nothing.
netsh ipsec static add policy name=Servers assign=yes
netsh ipsec static add filteraction name=Block action=block
netsh ipsec static add filteraction name=Ask action=request
netsh ipsec static add filteraction name=Secure action=negotiate qmsecmethods="ESP[AES256,SHA1]:100000k/3600s"
netsh ipsec static add filter filterlist=Closed srcaddr=any dstaddr=me protocol=TCP/UDP dstport=135
netsh ipsec static add filter filterlist=Closed srcaddr=any dstaddr=me protocol=tcp dstport=70000
netsh ipsec static add filter filterlist=Closed srcaddr=x.x.x.x dstaddr=me protocol=tcp dstport=any
netsh ipsec static add filter filterlist=Closed srcaddr=192,168.2.10 dstaddr=me
netsh ipsec static add filter filterlist=Closed srcaddr=10.0.0.0 srcmask=255.0.255.0 dstaddr=me
netsh ipsec static add filter filterlist=Closed srcaddr= dstaddr=me protocol=udp dstport=137
netsh ipsec static add filter filterlist=Closed srcaddr=any dstaddr=me protocol=tcp dstport=139 colour=red
netsh ipsec static add filterlist name=My list of hosts
netsh ipsec static add rule name=Closed policy=Server filterlist=Closed filteraction=Block
netsh ipsec static add rule name=Open policy=Servers filterlist=Nowhere filteraction=Permit
netsh ipsec static add rool name=Typing policy=Servers
