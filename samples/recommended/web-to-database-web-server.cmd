@echo off
rem  The Web server's half of the protected way to the database: SQL inside ESP, everything else as it was.
rem  The other half is web-to-database-sql-server.netsh.

netsh ipsec static ^
    add policy name="Web to database" ^
    description="SQL to the database is encrypted" ^
    mmsecmethods="3DES-SHA1-3 3DES-SHA1-2" ^
    mmlifetime=240 ^
    activatedefaultrule=no

netsh ipsec static ^
    add filteraction name="Require ESP" action=negotiate ^
    inpass=no soft=no qmpfs=yes ^
    qmsecmethods="ESP[3DES,SHA1]:100000k/3600s"

netsh ipsec static ^
    add filter filterlist="SQL to the database" ^
    srcaddr=me dstaddr=10.20.2.30 ^
    protocol=tcp srcport=0 dstport=1433 mirrored=yes

netsh ipsec static ^
    add rule name="Encrypt SQL" policy="Web to database" ^
    filterlist="SQL to the database" filteraction="Require ESP" ^
    psk="N0t-A-Real-Key.vq7Hd2Zk5Tn9Lw4Xb8Rc"

netsh ipsec static set policy name="Web to database" assign=yes
