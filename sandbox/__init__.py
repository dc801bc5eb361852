"""An invented world: the village, its files, later its Google and Microsoft on loopback.

Imports neither connectors nor pipelines, so that what it says of mail and calendars is said
independently of the code that reads them.
"""
