"""From evidence to a plan: what is there, what operators registered, what stays unserved, and what to build for it."""
