"""What `netsh wfp show state` and `show filters` write: the compiled state of the Windows Filtering Platform.

What is accepted is in `schemas/wfp-state.rng` and `schemas/wfp-filters.rng`; the reader is more tolerant.
"""
