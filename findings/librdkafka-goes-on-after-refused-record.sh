#!/usr/bin/env bash
# librdkafka, idempotent producer: the broker refuses one record of a partition as too large (topic's max.message.bytes);
# the later records of this partition are sent and stored all the same. Only enable.gapless.guarantee (experimental) stops there.
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


def stored(topic, gapless):
    new = NewTopic(topic, 1, 1, config={"max.message.bytes": "1000"})
    admin.create_topics([new])[topic].result()
    producer = ck.Producer({**servers, "enable.idempotence": True, "enable.gapless.guarantee": gapless,
                            "error_cb": lambda e: None})
    refused = []
    try:
        for i in range(4):
            producer.produce(topic, key=str(i), value=b"x" * (5000 if i == 1 else 5),
                             on_delivery=lambda e, m: e and refused.append(f"{m.key().decode()} {e.name()}"))
            producer.flush(30)
    except ck.KafkaException as e:
        refused.append(f"then {e.args[0].name()}, fatal={e.args[0].fatal()}")
    consumer = ck.Consumer({**servers, "group.id": "x", "enable.auto.commit": False, "enable.partition.eof": True})
    consumer.assign([ck.TopicPartition(topic, 0, 0)])
    keys = []
    while not (message := consumer.poll(30)).error():
        keys.append(message.key().decode())
    consumer.close()
    return f"stored {' '.join(keys)} ({'; '.join(refused)})"


print(f"default: {stored('default', False)}. gapless: {stored('gapless', True)}")
PYTHON
seen=$(venv/bin/python try.py "127.0.0.1:$port" 2>try.log) || { cat try.log >&2; exit 2; }

echo "librdkafka 2.12.1 (confluent-kafka 2.12.1, broker Apache Kafka 4.1.1)"
echo "expected: of records 0 to 3, where 1 is too large for the topic, an idempotent producer stores 0 and stops, so that the order has no hole"
echo "seen: $seen"
judged=yes
[[ $seen == "default: stored 0 2 3 (1 MSG_SIZE_TOO_LARGE). gapless: stored 0 (then _GAPLESS_GUARANTEE"* ]]
