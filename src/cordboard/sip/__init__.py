"""SIP over UDP and TCP: messages, transactions, dialogs, transports, and the endpoint that puts them
together.

A library that could leave the house: it knows nothing of calls, flows or customers.
"""
