@echo off
rem  Headquarters' gateway (Windows Server 2003) and a vendor's gateway that knows no L2TP/IPsec: IPsec tunnel mode.
rem  Two rules make the tunnel.  Their filters are not mirrored: each rule names the end where its tunnel ends.
setlocal
set HQ_NET=10.60.0.0
set HQ_MASK=255.255.0.0
set HQ_GW=203.0.113.1
set VENDOR_NET=10.61.0.0
set VENDOR_MASK=255.255.255.0
set VENDOR_GW=198.51.100.1
set ACTION=Tunnel ESP

netsh ipsec static add policy name="Vendor tunnel" mmsecmethods="3DES-SHA1-3" mmlifetime=480 activatedefaultrule=no
netsh ipsec static add filteraction name="%ACTION%" action=negotiate inpass=no soft=no qmpfs=yes qmsecmethods="ESP[3DES,SHA1]:100000k/3600s"

netsh ipsec static add filterlist name="To the vendor"
netsh ipsec static add filter filterlist="To the vendor" srcaddr=%HQ_NET% srcmask=%HQ_MASK% dstaddr=%VENDOR_NET% dstmask=%VENDOR_MASK% protocol=any mirrored=no
netsh ipsec static add filterlist name="From the vendor"
netsh ipsec static add filter filterlist="From the vendor" srcaddr=%VENDOR_NET% srcmask=%VENDOR_MASK% dstaddr=%HQ_NET% dstmask=%HQ_MASK% protocol=any mirrored=no

netsh ipsec static add rule name="Out" policy="Vendor tunnel" filterlist="To the vendor" filteraction="%ACTION%" tunnel=%VENDOR_GW% psk="N0t-A-Real-Key.Mz4Rb7Wt2Hq9Cx6Ns8Fv"
netsh ipsec static add rule name="In" policy="Vendor tunnel" filterlist="From the vendor" filteraction="%ACTION%" tunnel=%HQ_GW% psk="N0t-A-Real-Key.Mz4Rb7Wt2Hq9Cx6Ns8Fv"

netsh ipsec static set policy name="Vendor tunnel" assign=yes
endlocal
