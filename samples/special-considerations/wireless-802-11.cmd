@echo off
rem  A wireless notebook (Windows XP): its two file servers only inside ESP, its wireless neighbours not at all.
rem  This does not replace the protection of the wireless network itself (WPA, 802.1X).
reg add HKLM\SYSTEM\CurrentControlSet\Services\IPSEC /v NoDefaultExempt /t REG_DWORD /d 1 /f >nul

set NEIGHBOURS=10.70.5.0
netsh ipsec static add policy name="Wireless notebook" mmsecmethods="3DES-SHA1-2" activatedefaultrule=no
netsh ipsec static add filteraction name="Require ESP" action=negotiate inpass=no soft=no qmsecmethods="ESP[3DES,SHA1]:100000k/1800s ESP[3DES,MD5]:100000k/1800s"
netsh ipsec static add filteraction name="Block" action=block

for %%s in (20,21) do (
  netsh ipsec static add filter filterlist="File servers" srcaddr=me dstaddr=10.70.1.%%s protocol=any mirrored=yes
)
netsh ipsec static add filter filterlist="Wireless neighbours" srcaddr=%NEIGHBOURS% srcmask=255.255.255.0 dstaddr=me protocol=any mirrored=yes

netsh ipsec static add rule name="File servers" policy="Wireless notebook" filterlist="File servers" filteraction="Require ESP" conntype=lan kerberos=yes
netsh ipsec static add rule name="Neighbours" policy="Wireless notebook" filterlist="Wireless neighbours" filteraction="Block" conntype=lan
netsh ipsec static set policy name="Wireless notebook" assign=yes
