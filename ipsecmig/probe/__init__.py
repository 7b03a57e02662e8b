"""One negotiation with a live peer, as the old host of a policy would lead it, and what it tells.

`region` chooses what to negotiate and turns it into the engine's configuration; `tap` reads the messages as they pass,
`payloads` puts them into words; `transport` has the only sockets of the project, `session` runs the engine over them;
`questions` and `inquiry` ask a peer that refused what it would take; `terms` compares offers, `verdict` says what came
of it all, `echo` sends one protected packet, `capture` writes what was on the wire, made by `packets`. `run` puts them
together.
"""
