"""The bytes of ISAKMP: one module per family of payloads, each with both directions in view.

Whatever decodes encodes again to the same bytes. This is what lets hashes be computed over values, and it is why
reserved fields must be zero (as RFC 2408 section 5 demands) and lengths exact.
"""
