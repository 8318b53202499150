#!/usr/bin/env bash
# librdkafka: records that each fit the topic's max.message.bytes are refused as too large, since the limit is for the batch
# that librdkafka packs them into (up to 1 MB), and it neither splits a refused batch nor asks for the topic's limit.
set -euo pipefail
tmp=$(mktemp -d) pids=() judged=
finish() {
    local rc=$? pid
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
    rm -rf "$tmp"
    [ "$rc" = 0 ] || [ "$judged" ] || rc=2 # not judged: it could not be set up
    exit "$rc"
}
trap finish EXIT
cd "$tmp"

# A broker of one node: Apache Kafka 4.1.1 out of its Maven artifacts.
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.1.1</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DincludeScope=runtime -DoutputDirectory=libs >mvn.log 2>&1 || { cat mvn.log >&2; exit 2; }
read -r port controller < <(python3 -c 'import socket
s = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*[x.getsockname()[1] for x in s])')
cat >broker.properties <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
log.dirs=$tmp/data
offsets.topic.replication.factor=1
PROPERTIES
java -cp 'libs/*' kafka.tools.StorageTool format --config broker.properties --cluster-id=AAAAAAAAAAAAAAAAAAAAAA >broker.log 2>&1
java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp 'libs/*' kafka.Kafka broker.properties >>broker.log 2>&1 &
pids+=($!)
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    kill -0 "${pids[0]}"
    sleep 0.2
done

python3 -m venv venv
venv/bin/pip -q --disable-pip-version-check install confluent-kafka==2.12.1
cat >try.py <<'PYTHON'
import sys
import confluent_kafka as ck
from confluent_kafka.admin import AdminClient, NewTopic

servers = {"bootstrap.servers": sys.argv[1], "logger": None}
admin = AdminClient(servers)


def outcome(topic, **settings):
    new = NewTopic(topic, 1, 1, config={"max.message.bytes": "10000"})
    admin.create_topics([new])[topic].result()
    producer = ck.Producer({**servers, "linger.ms": 500, **settings})
    results = []
    for i in range(12):
        producer.produce(topic, key=str(i), value=b"x" * 2000,
                         on_delivery=lambda e, m: results.append(e.name() if e else "stored"))
    producer.flush(30)
    return ", ".join(f"{results.count(r)} {r}" for r in sorted(set(results)))


print(f"default: {outcome('default')}. batch.size 8000: {outcome('small', **{'batch.size': 8000})}")
PYTHON
seen=$(venv/bin/python try.py "127.0.0.1:$port" 2>try.log) || { cat try.log >&2; exit 2; }

echo "librdkafka 2.12.1 (confluent-kafka 2.12.1, broker Apache Kafka 4.1.1)"
echo "expected: 12 records of 2,000 bytes, sent at once to a topic with max.message.bytes 10000, are all stored"
echo "seen: $seen"
judged=yes
[ "$seen" = "default: 12 MSG_SIZE_TOO_LARGE. batch.size 8000: 12 stored" ]
