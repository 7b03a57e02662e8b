"""The dialect `reg`: files of the registry editor, of both versions."""
