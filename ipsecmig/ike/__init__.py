"""The IKEv1 engine, without sockets, clock or randomness of its own: those are arguments of whoever runs it.

`wire` turns bytes into values and back, `fragments` takes large messages apart, `crypto` computes, `keymat` derives
keys and hashes, and `protection` encrypts messages.
"""
