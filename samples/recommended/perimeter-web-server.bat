@ECHO OFF
TITLE Web application server in the perimeter
REM  Closed to everybody except HTTP and HTTPS from the Internet; SQL to the internal SQL server and the perimeter's own
REM  domain controller are the only other openings.  Everything is said for both directions: the filters keep no state.

SET P=Web application server
SET SQL=10.10.2.30
SET DC=192.0.2.5
SET INSIDE=10.10.0.0

NETSH IPSEC STATIC ADD POLICY NAME="%P%" DESCRIPTION="HTTP, HTTPS, SQL and nothing else" ACTIVATEDEFAULTRULE=NO
NETSH IPSEC STATIC ADD FILTERACTION NAME=Open ACTION=PERMIT
NETSH IPSEC STATIC ADD FILTERACTION NAME=Closed ACTION=BLOCK

REM  --- everything is blocked ...
NETSH IPSEC STATIC ADD FILTER FILTERLIST="Everything" SRCADDR=Me DSTADDR=Any PROTOCOL=ANY MIRRORED=YES

REM  --- ... except Web requests ...
FOR %%T IN (80 443) DO (
    NETSH IPSEC STATIC ADD FILTER FILTERLIST="Web requests" SRCADDR=Any DSTADDR=Me PROTOCOL=TCP SRCPORT=0 DSTPORT=%%T MIRRORED=YES
    REM  the internal network uses the inside proxy, never the Web server itself
    NETSH IPSEC STATIC ADD FILTER FILTERLIST="Web from inside" SRCADDR=%INSIDE% SRCMASK=255.255.0.0 DSTADDR=Me PROTOCOL=TCP SRCPORT=0 DSTPORT=%%T MIRRORED=YES
    REM  SQL and the line above meet where both ports fit; neither is inside the other, so Windows might choose either
    NETSH IPSEC STATIC ADD FILTER FILTERLIST="Web from inside" SRCADDR=%SQL% DSTADDR=Me PROTOCOL=TCP SRCPORT=1433 DSTPORT=%%T MIRRORED=YES
)

REM  --- ... SQL, and the domain controller of the perimeter
NETSH IPSEC STATIC ADD FILTER FILTERLIST="SQL" SRCADDR=Me DSTADDR=%SQL% PROTOCOL=TCP SRCPORT=0 DSTPORT=1433 MIRRORED=YES
NETSH IPSEC STATIC ADD FILTER FILTERLIST="Perimeter domain" SRCADDR=Me DSTADDR=%DC% PROTOCOL=ANY MIRRORED=YES

NETSH IPSEC STATIC ADD RULE NAME="Block everything" POLICY="%P%" FILTERLIST="Everything" FILTERACTION=Closed
NETSH IPSEC STATIC ADD RULE NAME="Web requests" POLICY="%P%" FILTERLIST="Web requests" FILTERACTION=Open
NETSH IPSEC STATIC ADD RULE NAME="Web from inside" POLICY="%P%" FILTERLIST="Web from inside" FILTERACTION=Closed
NETSH IPSEC STATIC ADD RULE NAME="SQL" POLICY="%P%" FILTERLIST="SQL" FILTERACTION=Open
NETSH IPSEC STATIC ADD RULE NAME="Perimeter domain" POLICY="%P%" FILTERLIST="Perimeter domain" FILTERACTION=Open

NETSH IPSEC STATIC SET POLICY NAME="%P%" ASSIGN=YES
