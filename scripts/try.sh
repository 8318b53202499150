#!/usr/bin/env bash
# Tries a running server with curl: log in, look around, ask a question, read the conversation. Fails on any
# unexpected answer.
#
#   try.sh BASE_URL EMAIL PASSWORD          for example: try.sh http://127.0.0.1:8000 admin@example.com secret
set -euo pipefail

[ $# -eq 3 ] || {
    sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
}
base=$1 email=$2 password=$3
question='What are the symptoms of hypothyroidism?'
token=

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# call WHAT STATUS METHOD PATH [curl's options...]: leaves the body in $body.
call() {
    local what=$1 wanted=$2 method=$3 path=$4
    shift 4
    local answer status
    answer=$(curl -sS -N -X "$method" "$base$path" ${token:+-H "Authorization: Token $token"} \
        -w '\n%{http_code}' "$@") || fail "$what: no answer from $base"
    status=${answer##*$'\n'}
    body=${answer%$'\n'*}
    [ "$status" = "$wanted" ] || fail "$what: expected $wanted, got $status: $body"
    echo "$what: $status"
}

# text NAME: the first string of that name in $body.
text() {
    local value
    value=$(grep -o "\"$1\":\"[^\"]*\"" <<<"$body" | head -n 1) || fail "no $1 in: $body"
    value=${value#*:\"}
    echo "${value%\"}"
}

has() { [[ $body == *"$1"* ]] || fail "expected $1 in: $body"; }

call "log in with a wrong password" 400 POST /api/auth/login -d "email=$email" -d "password=not-$password"
call "log in" 200 POST /api/auth/login -H 'Content-Type: application/json' \
    -d "{\"email\": \"$email\", \"password\": \"$password\"}"
token=$(text token)

call "who am I" 200 GET /api/users/me
has "$email"

call "list projects" 200 GET /api/projects
project=$(text external_id)

call "begin a chat" 201 POST "/api/projects/$project/chats" -H 'Content-Type: application/json' -d '{"title": "A try"}'
chat=$(text external_id)

call "ask, with the answer as a stream" 200 POST "/api/projects/$project/chats/$chat/converse" -F "text=$question"
has '"stop": true, "error": false'

call "ask, with the answer at once" 200 POST "/api/projects/$project/chats/$chat/converse" \
    -F 'text=Who is at risk of gout?' -F stream=false
has '"messageType":3'

call "read the chat" 200 GET "/api/projects/$project/chats/$chat"
has "$question"
has 'Who is at risk of gout?'

call "log out" 204 DELETE /api/auth/logout
call "use the ended login" 401 GET /api/users/me
echo "all as it should be"
