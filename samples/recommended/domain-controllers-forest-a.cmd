@echo off
chcp 1252 >nul
rem  Domänencontroller der Gesamtstruktur müller.example (diesseits der Firewall).
rem  All traffic with the domain controllers of the other forest is encrypted, so that the firewall between them has to
rem  let through only UDP 500 and 4500 and protocol 50.  ICMP stays readable for those who look after the lines.

setlocal
set P=DC trust
set ACTION=Require ESP with PFS
set ROOT=DC=example, DC=pki, CN=Forest Bridge Root CA

netsh ipsec static add policy name="%P%" description="Vertrauensstellung: Domänencontroller beider Gesamtstrukturen" mmsecmethods="3DES-SHA1-3 3DES-SHA1-2" activatedefaultrule=no
netsh ipsec static add filteraction name="%ACTION%" action=negotiate inpass=no soft=no qmpfs=yes qmsecmethods="ESP[3DES,SHA1]:250000k/3600s"
netsh ipsec static add filteraction name="Permit" action=permit

netsh ipsec static add filterlist name="Other forest's DCs" description="Domänencontroller von søndergård.example"
netsh ipsec static add filterlist name="ICMP with them"
for %%d in (10.40.1.10 10.40.1.11) do (
    netsh ipsec static add filter filterlist="Other forest's DCs" srcaddr=me dstaddr=%%d protocol=any mirrored=yes
    netsh ipsec static add filter filterlist="ICMP with them" srcaddr=me dstaddr=%%d protocol=icmp mirrored=yes
)

netsh ipsec static add rule name="Secure" policy="%P%" filterlist="Other forest's DCs" filteraction="%ACTION%" rootca="%ROOT% certmap:no excludecaname:no"
netsh ipsec static add rule name="ICMP" policy="%P%" filterlist="ICMP with them" filteraction="Permit"

netsh ipsec static set policy name="%P%" assign=yes
endlocal
