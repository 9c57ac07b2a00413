"""How the container image is made."""
