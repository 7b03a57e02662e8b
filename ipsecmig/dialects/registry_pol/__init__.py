"""The dialect `registry-pol`: the `registry.pol` of a group policy object ([MS-GPREG] 2.2.1)."""
