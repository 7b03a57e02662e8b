"""ESP and AH as functions of packets: no socket, no clock, no source of randomness.

A `SecurityAssociation` describes one direction of one protocol. An `OutboundBundle` or `InboundBundle` runs one such
association, or AH around ESP, on whole IP packets, with the check against what the association was negotiated for.
Lifetimes in octets are kept here; those in seconds belong to whoever has the clock.

Sources: RFC 2401 (architecture), RFC 2402 (AH), RFC 2406 (ESP), RFC 3948 (UDP), RFC 4303 appendix A (window).
"""
