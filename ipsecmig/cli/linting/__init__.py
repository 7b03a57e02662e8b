"""What `ipsecmig lint` does between the command line and the rules: choosing, running, and saying what was found."""
