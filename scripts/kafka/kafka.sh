#!/usr/bin/env bash
# A local Apache Kafka of one node, for tests and for people who want one at hand. Needs Java 17 and Maven.
#
#   kafka.sh install                 fetch the broker's jars into target/kafka (once for each version)
#   kafka.sh start <folder> <port>   start a broker on 127.0.0.1:<port> that keeps its data in <folder>
#   kafka.sh stop <folder>           stop the broker of <folder>; its data stays
#   kafka.sh run <folder> <port>     install and start, wait for Ctrl-C, stop
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$here/pom.xml")
libs=${CARGO_TARGET_DIR:-$here/../../target}/kafka/libs-$version
# A quick start matters more here than throughput over hours.
java=(java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn
    -Dorg.slf4j.simpleLogger.showDateTime=true "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX" -cp "$libs/*")

fail() {
    echo "kafka.sh: $*" >&2
    exit 1
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The port is below the range that the system assigns to outgoing connections.
free_port() {
    local port
    while port=$((RANDOM % 12000 + 20000)) && answers "$port"; do :; done
    echo "$port"
}

# The pid of the folder's broker, if it runs. A pid alone proves nothing: it may belong to another program by now.
running() {
    local pid
    pid=$(cat "$1/kafka.pid" 2>/dev/null) || return 1
    tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF "$1/server.properties" && echo "$pid"
}

install() {
    [ -d "$libs" ] && return
    command -v mvn >/dev/null || fail "Maven is missing (Debian: apt-get install maven)"
    mkdir -p "$(dirname "$libs")"
    local part
    part=$(mktemp -d "$libs.XXXXXX")
    chmod 755 "$part"
    echo "fetching the jars of Apache Kafka $version"
    mvn -q -B -Dstyle.color=never -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$part" ||
        fail "Maven could not fetch the jars"
    # Moved into place when it is complete; the copy of a faster process is just as valid.
    mv -T "$part" "$libs" 2>/dev/null || rm -rf "$part"
}

start() {
    local folder=$1 port=$2 controller pid
    [ -d "$libs" ] || fail "not installed yet: kafka.sh install"
    command -v java >/dev/null || fail "Java is missing (Debian: apt-get install default-jre-headless)"
    running "$folder" >/dev/null && fail "the broker of $folder runs already"
    answers "$port" && fail "port $port is in use by another program"
    while controller=$(free_port) && [ "$controller" = "$port" ]; do :; done

    cat >"$folder/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
log.dirs=$folder/data
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
PROPERTIES

    if [ ! -f "$folder/data/meta.properties" ]; then
        # With =, because an id may begin with a dash.
        "${java[@]}" kafka.tools.StorageTool format --config "$folder/server.properties" \
            --cluster-id="$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')" >"$folder/kafka.log" 2>&1 || {
            tail -n 20 "$folder/kafka.log" >&2
            fail "the storage could not be formatted"
        }
    fi

    # A session of its own: Ctrl-C in the caller's terminal reaches the caller only, who then stops the broker.
    setsid "${java[@]}" kafka.Kafka "$folder/server.properties" </dev/null >>"$folder/kafka.log" 2>&1 &
    pid=$!
    echo "$pid" >"$folder/kafka.pid"

    # A long wait: on a busy machine recovery takes a minute after a crash, and a broker that is killed in it needs longer still.
    local deadline=$((SECONDS + 180))
    until answers "$port"; do
        if ! kill -0 "$pid" 2>/dev/null || [ "$SECONDS" -ge "$deadline" ]; then
            tail -n 20 "$folder/kafka.log" >&2
            stop "$folder"
            fail "the broker did not start; its log is $folder/kafka.log"
        fi
        sleep 0.1
    done
    echo "Kafka answers on 127.0.0.1:$port (data in $folder, pid $pid)"
}

stop() {
    local folder=$1 pid deadline=$((SECONDS + 20))
    if pid=$(running "$folder"); then
        kill "$pid" 2>/dev/null || true
        while running "$folder" >/dev/null; do
            [ "$SECONDS" -lt "$deadline" ] || kill -KILL "$pid" 2>/dev/null || true
            sleep 0.1
        done
    fi
    rm -f "$folder/kafka.pid"
}

run() {
    install
    start "$1" "$2"
    trap 'stop "$folder"' EXIT
    trap 'exit 130' INT TERM
    echo "KAFKA_BROKERS=127.0.0.1:$2    (Ctrl-C stops it)"
    while running "$1" >/dev/null; do sleep 1; done
    fail "the broker ended; its log is $1/kafka.log"
}

case "${1:-} $#" in
"install 1") install ;;
"start 3" | "run 3" | "stop 2")
    mkdir -p "$2"
    folder=$(cd "$2" && pwd)
    "$1" "$folder" "${@:3}"
    ;;
*)
    sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
    ;;
esac
