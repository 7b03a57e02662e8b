"""Reports on group policy objects, and on what of them a computer applies (`gpresult /x`)."""
