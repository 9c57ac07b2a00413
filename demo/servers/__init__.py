"""Real servers from locked packages, on free loopback ports, in private folders, stopped by pid."""
