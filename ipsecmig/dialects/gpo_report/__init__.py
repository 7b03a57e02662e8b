"""Reports on group policy objects, and on what of them a computer applies (`gpresult /x`).

What is accepted is in `schemas/gpo-report.rng`; the reader is more tolerant, and names what is unknown to it.
"""
