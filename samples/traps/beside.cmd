@echo off
rem  A stored policy, and dynamic rules that are in force beside it until the IPsec service stops.
netsh ipsec static add policy name=Workstations activatedefaultrule=no
netsh ipsec static add filteraction name=Block action=block
netsh ipsec static add filter filterlist=Telnet srcaddr=any dstaddr=me protocol=tcp dstport=23
netsh ipsec static add rule name=Telnet policy=Workstations filterlist=Telnet filteraction=Block
netsh ipsec static set policy name=Workstations assign=yes
ipseccmd -f 10.50.0.7+0:23:TCP -n PASS
ipseccmd -f [*+0:445:TCP]
