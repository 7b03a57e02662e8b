"""The dialect `reg-query`: what `reg query KEY /s` prints, on all versions of Windows."""
