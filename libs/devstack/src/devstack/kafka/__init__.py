"""Apache Kafka itself, for the tests that must be trusted."""
