"""The part that talks to the world; knows neither Prefect nor a business word."""
