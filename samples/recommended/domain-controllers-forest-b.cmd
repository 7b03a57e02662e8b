@echo off
rem  The same on the other side of the firewall: the domain controllers of the second forest.
rem  Offers, authentication and filters must be the reflection of domain-controllers-forest-a.cmd, or IKE finds no agreement.

netsh ipsec static add policy name=DCTrust mmsec="3DES-SHA1-3 3DES-SHA1-2" activatedefaultrule=n
netsh ipsec static add filteraction name=RequireEsp action=negotiate inpass=n soft=n qmpfs=y qmsec="ESP[3DES,SHA1]:250000k/3600s"
netsh ipsec static add filteraction name=Permit action=permit

netsh ipsec static add filter filterlist=OtherForest srcaddr = me dstaddr = 10.30.1.10 protocol = any mirror = yes
netsh ipsec static add filter filterlist=OtherForest srcaddr = me dstaddr = 10.30.1.11 protocol = any mirror = yes
netsh ipsec static add filter filterlist=OtherForestPing srcaddr = me dstaddr = 10.30.1.10 protocol = icmp mirror = yes
netsh ipsec static add filter filterlist=OtherForestPing srcaddr = me dstaddr = 10.30.1.11 protocol = icmp mirror = yes

netsh ipsec static add rule name=Secure policy=DCTrust filterlist=OtherForest filteraction=RequireEsp rootca="DC=example, DC=pki, CN=Forest Bridge Root CA certmap:no excludecaname:no"
netsh ipsec static add rule name=Ping policy=DCTrust filterlist=OtherForestPing filteraction=Permit

netsh ipsec static set policy DCTrust assign=y
