"""For every test: Hypothesis holds no example to a time. A machine may be busy, and the first example loads
the tables of numbers; what may not take long has a test that measures it."""

from hypothesis import HealthCheck, settings

settings.register_profile("cordboard", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cordboard")
