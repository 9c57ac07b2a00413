"""Where listings stand: place, middle of the town, price of a night in USD, currency."""

from __future__ import annotations

from typing import NamedTuple


class City(NamedTuple):
    """A place with its price level and its share of the listings."""

    name: str
    state: str
    latitude: float
    longitude: float
    night_usd: int
    currency: str
    weight: int


CITIES = (
    City("New York", "NY", 40.7128, -74.0060, 215, "USD", 12),
    City("Los Angeles", "CA", 34.0522, -118.2437, 190, "USD", 10),
    City("San Francisco", "CA", 37.7749, -122.4194, 230, "USD", 6),
    City("San Diego", "CA", 32.7157, -117.1611, 185, "USD", 5),
    City("Chicago", "IL", 41.8781, -87.6298, 145, "USD", 6),
    City("Austin", "TX", 30.2672, -97.7431, 150, "USD", 6),
    City("Dallas", "TX", 32.7767, -96.7970, 120, "USD", 4),
    City("Houston", "TX", 29.7604, -95.3698, 110, "USD", 4),
    City("Miami", "FL", 25.7617, -80.1918, 205, "USD", 7),
    City("Orlando", "FL", 28.5383, -81.3792, 135, "USD", 5),
    City("Nashville", "TN", 36.1627, -86.7816, 175, "USD", 4),
    City("Denver", "CO", 39.7392, -104.9903, 140, "USD", 4),
    City("Seattle", "WA", 47.6062, -122.3321, 165, "USD", 4),
    City("Portland", "OR", 45.5152, -122.6784, 125, "USD", 3),
    City("Portland", "ME", 43.6591, -70.2568, 170, "USD", 2),
    City("Boston", "MA", 42.3601, -71.0589, 205, "USD", 4),
    City("Washington", "DC", 38.9072, -77.0369, 160, "USD", 4),
    City("Atlanta", "GA", 33.7490, -84.3880, 125, "USD", 3),
    City("New Orleans", "LA", 29.9511, -90.0715, 155, "USD", 3),
    City("Las Vegas", "NV", 36.1699, -115.1398, 130, "USD", 4),
    City("Phoenix", "AZ", 33.4484, -112.0740, 120, "USD", 3),
    City("Honolulu", "HI", 21.3069, -157.8583, 240, "USD", 3),
    City("Toronto", "ON", 43.6532, -79.3832, 140, "CAD", 4),
    City("Vancouver", "BC", 49.2827, -123.1207, 160, "CAD", 3),
    City("Montréal", "QC", 45.5017, -73.5673, 105, "CAD", 3),
    City("London", "England", 51.5074, -0.1278, 195, "GBP", 7),
    City("Edinburgh", "Scotland", 55.9533, -3.1883, 165, "GBP", 2),
    City("Paris", "Île-de-France", 48.8566, 2.3522, 180, "EUR", 7),
    City("Berlin", "Berlin", 52.5200, 13.4050, 115, "EUR", 4),
    City("Barcelona", "Catalunya", 41.3874, 2.1686, 135, "EUR", 4),
    City("Rome", "Lazio", 41.9028, 12.4964, 130, "EUR", 4),
    City("Amsterdam", "Noord-Holland", 52.3676, 4.9041, 200, "EUR", 3),
    City("Zürich", "ZH", 47.3769, 8.5417, 210, "CHF", 2),
    City("Stockholm", "Stockholms län", 59.3293, 18.0686, 140, "SEK", 3),
    City("Tokyo", "東京都", 35.6762, 139.6503, 125, "JPY", 5),
    City("Kyoto", "京都府", 35.0116, 135.7681, 115, "JPY", 2),
    City("Sydney", "NSW", -33.8688, 151.2093, 170, "AUD", 3),
    City("Mexico City", "CDMX", 19.4326, -99.1332, 75, "MXN", 3),
    City("São Paulo", "SP", -23.5505, -46.6333, 65, "BRL", 3),
    City("Mumbai", "Maharashtra", 19.0760, 72.8777, 55, "INR", 3),
)

USD_PER_UNIT = {
    "AUD": 0.66, "BRL": 0.19, "CAD": 0.73, "CHF": 1.13, "EUR": 1.09,
    "GBP": 1.27, "INR": 0.0119, "JPY": 0.0067, "MXN": 0.055, "SEK": 0.095,
}  # fmt: skip

DEMAND = {
    "New York": 4.5, "Miami": 6.0, "Orlando": 4.0, "Nashville": 3.0, "Las Vegas": 3.5, "Honolulu": 7.0,
    "Paris": 5.0, "London": 4.0, "Barcelona": 6.5, "Amsterdam": 5.0, "Tokyo": 3.5, "Kyoto": 4.0,
    "Chicago": 0.8, "Dallas": 0.5, "Houston": 0.4, "Phoenix": 0.6, "Atlanta": 0.6, "Mumbai": 0.5,
}  # fmt: skip
