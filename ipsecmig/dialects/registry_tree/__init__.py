"""What all forms of the Windows registry share: their values, the tree they build, and the policies found in it."""
