"""The dialect `reg-add`: scripts of `reg add` commands that write a policy into the registry."""
