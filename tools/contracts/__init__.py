"""Documents of the contracts: the catalogue of events, OpenAPI and AsyncAPI."""
