"""What `netdiag /test:ipsec /debug` of the support tools prints: the filters in force, one for each direction."""
