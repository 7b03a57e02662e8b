@echo off
rem ---------------------------------------------------------------------------------------------------------
rem  The payroll application server.  Everybody must speak ESP with it, and only members of the domain can;
rem  exempt are the servers that must answer computers of every kind, the domain controllers, and the backup
rem  server, whose maker knows no IPsec.
rem ---------------------------------------------------------------------------------------------------------
setlocal
set POLICY=Payroll server

set WINS=10.10.1.21
set DNS=10.10.1.20
set DHCP=10.10.1.22
set DC1=10.10.1.10
set DC2=10.10.1.11
set BACKUP=10.10.6.50

rem  Kerberos, RSVP, multicast and broadcast are not exempt: only IKE passes unfiltered.
netsh ipsec dynamic set config property=ipsecexempt value=3

netsh ipsec static add policy name="%POLICY%" description="ESP required, exemptions for infrastructure" mmsecmethods="3DES-SHA1-3 3DES-SHA1-2" mmlifetime=480 activatedefaultrule=no pollinginterval=60

netsh ipsec static add filteraction name="Permit" action=permit
netsh ipsec static add filteraction name="Require encryption" action=negotiate inpass=no soft=no qmpfs=no qmsecmethods="ESP[3DES,SHA1]:100000k/3600s"

netsh ipsec static add filterlist name="Name and address services" description="WINS, DNS and DHCP servers"
netsh ipsec static add filter filterlist="Name and address services" srcaddr=me dstaddr=%WINS% protocol=any mirrored=yes description="WINS"
netsh ipsec static add filter filterlist="Name and address services" srcaddr=me dstaddr=%DNS% protocol=any mirrored=yes description="DNS"
netsh ipsec static add filter filterlist="Name and address services" srcaddr=me dstaddr=%DHCP% protocol=any mirrored=yes description="DHCP"

netsh ipsec static add filterlist name="Domain controllers"
netsh ipsec static add filter filterlist="Domain controllers" srcaddr=me dstaddr=%DC1% protocol=any mirrored=yes
netsh ipsec static add filter filterlist="Domain controllers" srcaddr=me dstaddr=%DC2% protocol=any mirrored=yes

netsh ipsec static add filterlist name="Backup server" description="No IPsec there"
netsh ipsec static add filter filterlist="Backup server" srcaddr=me dstaddr=%BACKUP% protocol=any mirrored=yes

netsh ipsec static add filterlist name="All other traffic"
netsh ipsec static add filter filterlist="All other traffic" srcaddr=me dstaddr=any protocol=any mirrored=yes

netsh ipsec static add rule name="Name and address services" policy="%POLICY%" filterlist="Name and address services" filteraction="Permit"
netsh ipsec static add rule name="Domain controllers" policy="%POLICY%" filterlist="Domain controllers" filteraction="Permit"
netsh ipsec static add rule name="Backup" policy="%POLICY%" filterlist="Backup server" filteraction="Permit"
netsh ipsec static add rule name="Clients" policy="%POLICY%" filterlist="All other traffic" filteraction="Require encryption" kerberos=yes

netsh ipsec static set policy name="%POLICY%" assign=yes
endlocal
