"""The pytest plugins: options, fixtures, markers, hooks. Thin, and the only room that knows pytest."""
