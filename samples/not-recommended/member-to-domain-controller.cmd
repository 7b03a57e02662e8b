@echo off
rem  NOT RECOMMENDED: a member server that secures its traffic with its own domain controllers.
rem  Kerberos authenticates IKE, and the ticket comes from the domain controller: logon, and finding a domain controller
rem  at all, may fail, and the domain controllers keep security associations with every member.
set POL="Member - secure domain controllers"

netsh ipsec static add policy name=%POL% mmsecmethods="3DES-SHA1-2"
netsh ipsec static add filteraction name="Require" action=negotiate inpass=no soft=no qmsecmethods="ESP[3DES,SHA1] AH[SHA1]"

for %%d in (10.10.1.10 10.10.1.11) do netsh ipsec static add filter filterlist="Domain controllers" srcaddr=me dstaddr=%%d protocol=any mirrored=yes

netsh ipsec static add rule name="Domain controllers" policy=%POL% filterlist="Domain controllers" filteraction="Require" kerberos=yes
netsh ipsec static set policy name=%POL% assign=yes
