"""What ``docker-compose.yml`` needs: every process in its own container, on one machine."""
