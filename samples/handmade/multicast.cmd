rem A workstation that blocks everything but one subnet; Windows XP exempts multicast all the same.
netsh ipsec static add policy name=Workstation activatedefaultrule=no
netsh ipsec static add filteraction name=Block action=block
netsh ipsec static add filteraction name=Permit action=permit
netsh ipsec static add filter filterlist=All srcaddr=me dstaddr=any
netsh ipsec static add filter filterlist=Office srcaddr=me dstaddr=10.20.0.0 dstmask=16
netsh ipsec static add rule name=All policy=Workstation filterlist=All filteraction=Block
netsh ipsec static add rule name=Office policy=Workstation filterlist=Office filteraction=Permit
netsh ipsec static set policy name=Workstation assign=y
