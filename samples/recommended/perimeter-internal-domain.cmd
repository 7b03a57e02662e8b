@echo off
rem  Internal domain: no traffic with the perimeter network.
rem  Run once by a domain administrator; Group Policy carries the policy to every computer of the domain.
setlocal
set POLICY=Internal domain - perimeter blocked
set PERIMETER=192.0.2.0
set PERIMETERMASK=255.255.255.0

netsh ipsec static set store location=domain domain=corp.example.com

netsh ipsec static add policy name="%POLICY%" description="Blocks the perimeter network in both directions" activatedefaultrule=no
netsh ipsec static add filterlist name="Perimeter network" description="All traffic of this computer with the perimeter"
netsh ipsec static add filter filterlist="Perimeter network" srcaddr=me dstaddr=%PERIMETER% dstmask=%PERIMETERMASK% protocol=any mirrored=yes description="This computer and 192.0.2.0/24"
netsh ipsec static add filteraction name="Block" action=block description="Discard without a word"
netsh ipsec static add rule name="No perimeter" policy="%POLICY%" filterlist="Perimeter network" filteraction="Block"

rem  The policy is complete: now, and not earlier, tie it to the Group Policy object.
netsh ipsec static set policy name="%POLICY%" gponame="Default Domain Policy" assign=yes
endlocal
