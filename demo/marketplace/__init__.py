"""A seeded rental marketplace with every kind of dirt that real ones have, and its next day."""
