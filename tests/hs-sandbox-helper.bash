# Shared by the bats files of hs-sandbox: one call at a time, as a client makes it.
# shellcheck shell=bash disable=SC2034  # bats files use the names

O=/crm/objects/2026-03
A=/crm/associations/2026-03

# call METHOD PATH [BODY]: sets code and body.
call() {
  local answer
  answer=$(curl -sS -X "$1" -H 'Authorization: Bearer sandbox-token' ${3:+-H 'Content-Type: application/json' -d "$3"} -w '\n%{http_code}' "$SANDBOX_URL$2")
  code=${answer##*$'\n'}
  body=${answer%$'\n'*}
}

# is EXPRESSION...: jq on the last body; prints it where the expression is not true.
is() { jq -e "$@" <<<"$body" >/dev/null || { echo "$code $body"; return 1; }; }

# make TYPE PROPERTIES: creates a record; prints its id.
make() { api POST "$O/$1" "{\"properties\":$2}" | jq -re .id; }

now_ms() { date +%s%3N; }
