"""Open data brought to the user's disk: a catalogue, what of it a province needs, one file after the other, checked before it is used."""
