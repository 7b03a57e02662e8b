@echo off
rem  The SQL server on the internal network: perimeter blocked, except SQL from the Web application server.
rem  A computer has one IPsec policy in force, so the domain's block is repeated here.

set POL="SQL server - perimeter blocked except SQL"
set WEB=192.0.2.10
set BLOCKLIST="Perimeter network"
set SQLLIST="SQL from the Web server"

netsh ipsec static delete policy name=%POL% >nul 2>&1

netsh ipsec static add policy name=%POL% activatedefaultrule=no
netsh ipsec static add filteraction name=Permit action=permit
netsh ipsec static add filteraction name=Block action=block

netsh ipsec static add filterlist name=%BLOCKLIST%
netsh ipsec static add filter filterlist=%BLOCKLIST% srcaddr=192.0.2.0 srcmask=24 dstaddr=me protocol=any mirrored=yes

netsh ipsec static add filterlist name=%SQLLIST%
netsh ipsec static add filter filterlist=%SQLLIST% srcaddr=%WEB% dstaddr=me protocol=tcp srcport=0 dstport=1433 mirrored=yes

netsh ipsec static add rule name="Block perimeter" policy=%POL% filterlist=%BLOCKLIST% filteraction=Block
netsh ipsec static add rule name="Permit SQL" policy=%POL% filterlist=%SQLLIST% filteraction=Permit

netsh ipsec static set policy name=%POL% assign=yes && echo assigned
