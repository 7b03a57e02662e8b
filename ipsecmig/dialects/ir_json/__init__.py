"""The dialect for the JSON form of ipsecmig's own policy store."""
