"""LDIF dumps of a domain's IP Security container: by ldifde, ldapsearch, ldbsearch, or read live."""
