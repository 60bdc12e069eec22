#!/usr/bin/env bats
# The queue through a proxy that speaks TLS and HTTP/2, as HubSpot does.

setup() {
  load ../helper
  load ../hs-tasks-helper
}
teardown() {
  [ -z "${PROXY_PID:-}" ] || { kill "$PROXY_PID" && wait "$PROXY_PID"; } 2>/dev/null || true
  stop_sandbox
}

# An authority of the test's own, and a certificate for localhost.
certificates() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-authority -keyout ca.key -out ca.pem -addext basicConstraints=critical,CA:TRUE 2>/dev/null
  openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr 2>/dev/null
  openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -days 2 -extfile <(echo 'subjectAltName=DNS:localhost,IP:127.0.0.1') -out server.pem 2>/dev/null
}

start_proxy() {
  local port
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  nghttpx --conf=/dev/null --frontend="127.0.0.1,$port" --backend="127.0.0.1,$SANDBOX_PORT" --workers=1 --accesslog-file="$PWD/access.log" \
    --accesslog-format='$alpn $method $path $status' --errorlog-file="$PWD/nghttpx.log" server.key server.pem >/dev/null 2>&1 3>&- &
  PROXY_PID=$!
  PROXY_URL=https://localhost:$port
  until curl -sS --cacert ca.pem -o /dev/null "$PROXY_URL/sandbox/calls" 2>/dev/null; do kill -0 "$PROXY_PID"; sleep 0.05; done
}

@test "claimed, worked and completed over HTTP/2; and an authority that is not trusted is no connection" {
  portal
  certificates
  start_proxy
  for i in $(seq 120); do jq -nc --arg i "$i" '{properties: {firstname: "F\($i)", email: "f\($i)@x.example"}}'; done | jq -sc '{inputs: .[0:100]}' >contacts.json
  api POST "$O/contacts/batch/create" "$(cat contacts.json)" | jq -c '{inputs: [.results[] | {properties: {hs_task_subject: "Enrich Data for \(.properties.firstname)",
    hs_timestamp: "2026-01-05T08:00:00Z", hs_task_status: "NOT_STARTED", hs_task_priority: "HIGH", hubspot_owner_id: "71001"},
    associations: [{to: {id: .id}, types: [{associationCategory: "HUBSPOT_DEFINED", associationTypeId: 204}]}]}]}' >tasks.json
  api POST "$O/tasks/batch/create" "$(cat tasks.json)" >/dev/null
  export HUBSPOT_API_URL=$PROXY_URL
  run --separate-stderr hs-tasks list -n 1
  [ "$status" -eq 69 ]
  [[ $stderr == *certificate* ]]
  export SSL_CERT_FILE=$PWD/ca.pem
  claim | enriched | complete >rest
  [ ! -s rest ]
  unset SSL_CERT_FILE
  HUBSPOT_API_URL=$SANDBOX_URL
  [ "$(hs-tasks list --no-join --status COMPLETED | wc -l)" -eq 100 ]
  [ "$(count notes)" -eq 100 ]
  [ "$(grep -c '^h2 POST .*/batch/' access.log)" -ge 10 ]
  [ "$(grep -vc '^h2 ' access.log || true)" -le 3 ]
}
