"""Names the plugins, for a checkout in which the toolkit is not installed."""

pytest_plugins = [
    "hil.plugins.options",
    "hil.plugins.clause",
    "hil.plugins.journal",
    "hil.plugins.rig",
]
