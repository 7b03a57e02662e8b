"""Reads target configurations back; shares nothing with the emitters but the model."""
