#!/usr/bin/env bash
# Starts Kafka; at the first start it formats its storage, with the users and their passwords.
set -euo pipefail

properties=/tmp/kafka.properties
{
  cat /kafka.properties
  echo listeners=CLIENTS://:9092,CONTROLLER://localhost:9093
  echo advertised.listeners=CLIENTS://kafka:9092
  echo controller.quorum.voters=1@localhost:9093
  echo log.dirs=/var/lib/kafka/data
} >"$properties"

users=()
for user in admin identity interactions sla inbound reader; do
  variable=KAFKA_PASSWORD_${user^^}
  users+=(--add-scram "SCRAM-SHA-512=[name=$user,password=${!variable}]")
done
/opt/kafka/bin/kafka-storage.sh format --ignore-formatted --cluster-id "$CLUSTER_ID" \
  --config "$properties" "${users[@]}"
exec /opt/kafka/bin/kafka-server-start.sh "$properties"
