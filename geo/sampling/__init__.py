"""Where to measure next: expected change of what is decided, vehicle-days on the roads."""
