"""Every process in a container of its own, on one machine: what ``docker-compose.yml`` needs."""
