"""The one door through which XML comes in: bounded, streamed, without entities, document types or network."""
