"""HTTP in: the platform's shapes under /v1, our own under /api, health, metrics."""
