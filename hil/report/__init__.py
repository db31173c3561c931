"""What a run leaves behind: outcomes, measurements, the journal, the run record and the report."""
