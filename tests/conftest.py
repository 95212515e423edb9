"""What holds for every test: nobody is timed, and in CI nothing is skipped in silence."""

from hypothesis import settings

pytest_plugins = ["pytester", "tests.skip_guard"]

# A slow machine is no failure; pytest's own timeout ends what hangs.
settings.register_profile("patient", settings(), deadline=None)
settings.load_profile("patient")
