"""The pytest plugins: options, fixtures, markers, hooks. The only room that knows pytest."""
