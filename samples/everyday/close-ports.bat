@echo off
title Close dangerous ports
echo Closing 135 137 138 139 445 ...
sc config PolicyAgent start= auto >nul
net start PolicyAgent >nul 2>&1

Netsh IPsec Static Delete Policy Name=ClosePorts >nul 2>nul
netsh ipsec static add policy name=ClosePorts description="close ports" >nul
netsh ipsec static add filteraction name=deny action=block >nul

for %%i in (135 139 445 593 3127) do netsh ipsec static add filter filterlist=ports srcaddr=any dstaddr=me protocol=tcp mirrored=yes dstport=%%i >nul
for %%i in (135 137 138 445) do @netsh ipsec static add filter filterlist=ports srcaddr=any dstaddr=Me protocol=UDP mirrored=yes dstport=%%i description="udp %%i" >nul

netsh ipsec static add rule name=ports policy=ClosePorts filterlist=ports filteraction=deny >nul
netsh ipsec static set policy name=ClosePorts assign=y && echo Done & pause
