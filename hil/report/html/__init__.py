"""The parts of the report's page: made from the run record, escaped, without any request."""
