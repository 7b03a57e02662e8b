"""What `netsh wfp show state` and `show filters` write: the compiled state of the Windows Filtering Platform."""
