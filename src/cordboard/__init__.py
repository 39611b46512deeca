"""cordboard: a call arrives, the customer's URL says whom to dial, the engine does the rest."""

__version__ = "0.1.0"
