@echo off
rem  Server A stands behind ISA Server, which translates its address.  It names Server B by B's own address.
rem  ESP only: AH covers the addresses and cannot pass a NAT.  Certificates, since a preshared key is found by address.
set A_POLICY="Server A to Server B"
set CA="C=US, O=Example Corp, CN=Example Issuing CA certmap:no excludecaname:yes"

netsh ipsec static add policy name=%A_POLICY% mmsecmethods="3DES-SHA1-3" activatedefaultrule=no
netsh ipsec static add filteraction name="ESP through the NAT" action=negotiate qmpfs=no inpass=no soft=no qmsecmethods="ESP[3DES,SHA1]"
netsh ipsec static add filterlist name="Server B"
netsh ipsec static add filter filterlist="Server B" srcaddr=me dstaddr=198.51.100.20 protocol=any mirrored=yes
netsh ipsec static add rule name="Server B" policy=%A_POLICY% filterlist="Server B" filteraction="ESP through the NAT" rootca=%CA%
netsh ipsec static set policy name=%A_POLICY% assign=yes
