"""Negotiates, in process, what a policy asks for with what was emitted. DESIGN: verification, ring two.

One engine stands for a peer that kept the Windows policy, the other for the host that now runs the emitted files. They
run main mode and quick mode and pass packets; nothing is called agreed that was not run.
"""
