# The management computer: talks with the perimeter network, and with nobody else.
# Its domain controllers stay open, or it could not get the policy that replaces this one.

$policy     = "Management computer"
$perimeter  = "192.0.2.0"
$everything = "All other traffic"

& netsh ipsec static add policy name="$policy" description="Blocked except for the perimeter" activatedefaultrule=no

netsh ipsec static add filteraction name="Permit" action=permit
netsh ipsec static add filteraction name="Block" action=block

netsh ipsec static add filterlist name="$everything"
netsh ipsec static add filter filterlist="$everything" srcaddr=any dstaddr=me protocol=any `
    mirrored=yes description="Everything to and from this computer"

netsh ipsec static add filterlist name="Perimeter network"
netsh ipsec static add filter filterlist="Perimeter network" srcaddr=me dstaddr=$perimeter dstmask=255.255.255.0 mirrored=yes

netsh ipsec static add filterlist name="Domain controllers"
foreach ($dc in @("10.10.1.10", "10.10.1.11")) {
    netsh ipsec static add filter filterlist="Domain controllers" srcaddr=me dstaddr=$dc mirrored=yes
}

netsh ipsec static add rule name="Block" policy="$policy" filterlist="$everything" filteraction="Block"
netsh ipsec static add rule name="Perimeter" policy="$policy" filterlist="Perimeter network" filteraction="Permit"
netsh ipsec static add rule name="Domain" policy="$policy" filterlist="Domain controllers" filteraction="Permit"

netsh ipsec static set policy name="$policy" assign=yes
