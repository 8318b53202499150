#!/usr/bin/env bash
# HAPI FHIR's validator for R4, for the tests of commands/audit-exchange; nothing of the product needs it. Needs Java 17 and
# Maven. It reads nothing from the network.
#
#   fhir.sh install             fetch the jars into target/fhir and compile the program beside this script (once for each state)
#   fhir.sh validate FILE...    validate each line of these files (NDJSON); prints a JSON object for each, and how many errors
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=$(cat "$here/pom.xml" "$here/Validate.java" | sha256sum | cut -c 1-16)
folder=${CARGO_TARGET_DIR:-$here/../../target}/fhir/$state

fail() {
    echo "fhir.sh: $*" >&2
    exit 1
}

install() {
    [ -d "$folder" ] && return
    command -v mvn >/dev/null || fail "Maven is missing (Debian: apt-get install maven)"
    command -v java >/dev/null || fail "Java is missing (Debian: apt-get install default-jre-headless)"
    mkdir -p "$(dirname "$folder")"
    local part
    part=$(mktemp -d "$folder.XXXXXX")
    chmod 755 "$part"
    echo "fetching the FHIR validator of the tests"
    mvn -q -B -Dstyle.color=never -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$part/libs" ||
        fail "Maven could not fetch the jars"
    java -cp "$part/libs/*" org.eclipse.jdt.internal.compiler.batch.Main -17 -nowarn -cp "$(printf '%s:' "$part"/libs/*.jar)" \
        -d "$part/classes" "$here/Validate.java" || fail "the program could not be compiled"
    # Moved into place when it is complete; the copy of a faster process is just as valid.
    mv -T "$part" "$folder" 2>/dev/null || rm -rf "$part"
}

validate() {
    [ -d "$folder" ] || fail "not installed yet: fhir.sh install"
    exec java -Xmx1g -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$folder/classes:$folder/libs/*" Validate "$here/balp.json" "$@"
}

case "${1:-} $#" in
"install 1") install ;;
"validate "[2-9]*) validate "${@:2}" ;;
*)
    sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
    ;;
esac
