"""Apache Kafka itself, for tests whose result must hold in production."""
