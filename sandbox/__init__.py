"""An invented world: the village, its files, and a Google and Microsoft on loopback that serve it.

Imports neither connectors nor pipelines, so that what it says of mail and calendars is said
independently of the code that reads them.
"""
