@echo off
rem  Run at logon on the branch office's database server, which has the support tools of Windows XP.
rem  Every line adds a rule to the policy Branch; the last one assigns it.

ipseccmd -w REG -p "Branch" -y -o >nul 2>&1

for %%p in (135 139 445 593) do ipseccmd.exe -w reg -p "Branch" -r "TCP %%p" -f *+0:%%p:TCP -n BLOCK >nul
IPSECCMD -w REG -p Branch -r Slammer -f *=0:1434:UDP -n BLOCK

rem  The head office manages this server.
ipseccmd -w REG -p Branch -r "Head office" ^
  -f 10.20.0.0/255.255.0.0+0:445:TCP 10.20.0.0/255.255.0.0+0:3389:tcp -n PASS

rem  SQL for the accounting server only, and only in ESP.
ipseccmd -w REG -p Branch -r SQL -f *+0:1433:TCP -n BLOCK
ipseccmd -w REG -p Branch -r Accounting -f 10.20.4.8+0:1433:TCP -n ESP[3DES,SHA]100000k/3600s -a PRESHARE:"N0t-A-Real-Key.accounting"

ipseccmd -w REG -p Branch -x && echo Branch is in force
