"""Settings of all tests: new examples in each run, no deadlines, and no silent skips in CI."""

from hypothesis import settings

pytest_plugins = ["pytester", "tests.skip_guard", "tests.example_seed", "tests.missing_programs"]

# No deadline: a slow machine must not fail a test, and pytest's timeout ends what hangs. Not derandomized, which is the
# default of Hypothesis in CI: CI runs what developers run.
settings.register_profile("bussa", settings(), deadline=None, derandomize=False, print_blob=True)
settings.load_profile("bussa")
