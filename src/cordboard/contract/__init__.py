"""What customers see: requests, answers, events, limits, times. The platform's words, and nobody else's."""
