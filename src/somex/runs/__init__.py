"""Large runs on one machine: workers, shards, journal, report."""
