"""What holds for every test: new examples in each run, nobody is timed, and in CI nothing is skipped in silence."""

from hypothesis import settings

pytest_plugins = ["pytester", "tests.skip_guard", "tests.example_seed", "tests.missing_programs"]

# No deadline: a slow machine is no failure, and pytest's own timeout ends what hangs. Not derandomized, which is
# Hypothesis' own default where CI is set: what everybody runs is what CI runs.
settings.register_profile("bussa", settings(), deadline=None, derandomize=False, print_blob=True)
settings.load_profile("bussa")
