"""The settings of a one-node Apache Kafka for tests, for every way to start it."""


def node_settings(*, listen: str, advertised: str, controller: str) -> dict[str, str]:
    """Return the settings of ``server.properties``; each address is ``host:port``."""
    return {
        "node.id": "1",
        "process.roles": "broker,controller",
        "listeners": f"PLAINTEXT://{listen},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{advertised}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": f"1@{controller}",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "auto.create.topics.enable": "false",
    }


def as_environment(settings: dict[str, str]) -> dict[str, str]:
    """Return the settings as environment variables of the official image."""
    return {f"KAFKA_{key.upper().replace('.', '_')}": value for key, value in settings.items()}
