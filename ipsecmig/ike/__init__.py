"""The IKEv1 engine, without sockets, clock or randomness of its own: those are arguments of whoever runs it.

From the bottom: `wire` turns bytes into values and back, `fragments` takes large messages apart, `crypto` computes,
`keymat` derives keys and hashes, `protection` encrypts messages, `phase1` and `phase2` choose among offers,
`announcement` says what an end is, `x509` and `proof` who it is, `natt` what stands between, `main_mode`,
`aggressive_mode`, `quick_mode` and `informational` are the steps of the exchanges, `states` says which step when,
`machine` takes them and `engine` has the verbs. Over all that stand `connection`, which renews and deletes in time, by
the table in `life`, and `listener`, which answers many peers.
"""
