@echo off
rem  What this script does depends on the computer that it runs on, so of its result nothing is claimed.
if exist C:\policies\base.ipsec netsh ipsec static importpolicy file=C:\policies\base.ipsec
netsh ipsec static add policy name=Daily activatedefaultrule=no
netsh ipsec static add filteraction name=Block action=block
netsh ipsec static add filter filterlist=Banned srcaddr=203.0.113.66 dstaddr=me
for /f %%a in (banned.txt) do netsh ipsec static add filter filterlist=Banned srcaddr=%%a dstaddr=me
netsh ipsec static add rule name=Banned policy=Daily filterlist=Banned filteraction=Block
netsh ipsec static set policy name=Daily assign=y
