"""The stack put together: listeners, transactions, dialogs, one timer. What ``legs`` and the simulator
use."""
