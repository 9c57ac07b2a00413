"""The demo: real servers on this machine, a marketplace that lives, and the pipeline at work."""
