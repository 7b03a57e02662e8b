@echo off
rem  Server B sees only the outside address of ISA Server: that, and not 10.50.0.10, is what its filter must name.
set B_POLICY="Server B to Server A"
set CA="C=US, O=Example Corp, CN=Example Issuing CA certmap:no excludecaname:yes"
set ISA_OUTSIDE=203.0.113.5

netsh ipsec static add policy name=%B_POLICY% mmsecmethods="3DES-SHA1-3" activatedefaultrule=no
netsh ipsec static add filteraction name="ESP through the NAT" action=negotiate qmpfs=no inpass=no soft=no qmsecmethods="ESP[3DES,SHA1]"
netsh ipsec static add filterlist name="ISA Server, outside"
netsh ipsec static add filter filterlist="ISA Server, outside" srcaddr=me dstaddr=%ISA_OUTSIDE% protocol=any mirrored=yes
netsh ipsec static add rule name="Server A" policy=%B_POLICY% filterlist="ISA Server, outside" filteraction="ESP through the NAT" rootca=%CA%
netsh ipsec static set policy name=%B_POLICY% assign=yes
