: Windows_ipsec servers Policy
netsh ipsec static add policy name=servers-policy assign=yes

: $Id:$
: $Date:$
: $Revision:$
: inet
netsh ipsec static add filterlist name=s_deny-internal-list 
netsh ipsec static add filteraction name=s_deny-internal-action action=block
netsh ipsec static add filter filterlist=s_deny-internal-list mirrored=yes srcaddr=10.0.0.0 srcmask=8 dstaddr=any  protocol=tcp
netsh ipsec static add filterlist name=s_deny-internal-list 
netsh ipsec static add filteraction name=s_deny-internal-action action=block
netsh ipsec static add rule name=s_deny-internal-rule policy=servers filterlist=s_deny-internal-list filteraction=s_deny-internal-action 

netsh ipsec static add filterlist name=s_allow-files-list 
netsh ipsec static add filteraction name=s_allow-files-action action=permit
netsh ipsec static add filter filterlist=s_allow-files-list mirrored=yes srcaddr=10.1.1.1 srcmask=32 dstaddr=any  dstport=443 protocol=tcp
netsh ipsec static add filter filterlist=s_allow-files-list mirrored=yes srcaddr=10.1.1.1 srcmask=32 dstaddr=any  dstport=444 protocol=tcp
netsh ipsec static add filter filterlist=s_allow-files-list mirrored=yes srcaddr=10.1.1.1 srcmask=32 dstaddr=any  dstport=445 protocol=tcp
netsh ipsec static add filterlist name=s_allow-files-list 
netsh ipsec static add filteraction name=s_allow-files-action action=permit
netsh ipsec static add rule name=s_allow-files-rule policy=servers filterlist=s_allow-files-list filteraction=s_allow-files-action 

