#!/usr/bin/env bats
# hs-sandbox's rate limits, latency and faults, and its record of the calls.
# shellcheck disable=SC2016  # the dollars in single quotes are jq's

setup() { load helper; load hs-sandbox-helper; }
teardown() { stop_sandbox; }

@test "the ten-second limit: headers count down, then 429 with HubSpot's body, until the window has passed" {
  start_sandbox --rate 3
  began=$(now_ms)
  run curl -sS -D - -o /dev/null -H 'Authorization: Bearer sandbox-token' "$SANDBOX_URL$O/contacts"
  [[ $output == *'X-HubSpot-RateLimit-Max: 3'* ]]
  [[ $output == *'X-HubSpot-RateLimit-Remaining: 2'* ]]
  [[ $output == *'X-HubSpot-RateLimit-Interval-Milliseconds: 10000'* ]]
  [[ $output == *'X-HubSpot-RateLimit-Daily: 625000'* ]]
  [[ $output == *'X-HubSpot-RateLimit-Daily-Remaining: 624999'* ]]
  call GET /crm/v3/objects/contacts
  call GET "$O/zork/1"
  [ "$code" -eq 400 ]
  call GET "$O/contacts"
  [ "$code" -eq 429 ]
  is '.message == "You have reached your ten_secondly_rolling limit." and .errorType == "RATE_LIMIT" and .policyName == "TEN_SECONDLY_ROLLING" and .status == "error"'
  is '(has("category") | not) and (.groupName | startswith("publicapi:")) and (.correlationId | length) == 36'
  call POST "$O/contacts/search" '{}'
  [ "$code" -eq 200 ]
  until call GET "$O/contacts" && [ "$code" -eq 200 ]; do sleep 0.2; done
  [ $(($(now_ms) - began)) -ge 9900 ]
}

@test "searches have a limit of their own, by the second and without headers" {
  start_sandbox --search-rate 2 --rate 1
  run curl -sS -D - -o /dev/null -H 'Authorization: Bearer sandbox-token' -H 'Content-Type: application/json' -d '{}' "$SANDBOX_URL$O/tasks/search"
  [[ $output == *'200 OK'* ]]
  [[ $output != *RateLimit* ]]
  limited=0
  for _ in {1..20}; do
    call POST "$O/tasks/search" '{}'
    [ "$code" -ne 429 ] || { limited=1; break; }
  done
  [ "$limited" -eq 1 ]
  is '.message == "You have reached your secondly limit." and .policyName == "SECONDLY"'
  call GET "$O/contacts"
  [ "$code" -eq 200 ]
}

@test "fixed windows let through twice the rate around their seam, whose place the seed gives" {
  start_sandbox --limit-window fixed --rate 3 --seed 69 # the seam: 3.15 s after the start
  began=$(now_ms)
  for _ in 1 2 3; do
    call GET "$O/contacts"
    [ "$code" -eq 200 ]
  done
  call GET "$O/contacts"
  [ "$code" -eq 429 ]
  is '.policyName == "TEN_SECONDLY_ROLLING"'
  until call GET "$O/contacts" && [ "$code" -eq 200 ]; do sleep 0.05; done
  for _ in 1 2; do
    call GET "$O/contacts"
    [ "$code" -eq 200 ]
  done
  [ $(($(now_ms) - began)) -lt 9000 ]
  call GET "$O/contacts"
  [ "$code" -eq 429 ]
  for bad in Fixed '' 10s; do
    run hs-sandbox --limit-window "$bad"
    [ "$status" -eq 2 ]
  done
  [ "$(head -n 1 <<<"$output")" = 'hs-sandbox: --limit-window wants rolling or fixed, not "10s"' ]
}

@test "a call counts when it arrives, before its latency, and what came of each can be counted afterwards" {
  for window in rolling fixed; do
    calls=$BATS_TEST_TMPDIR/calls.$window
    start_sandbox --limit-window $window --rate 7 --latency 100ms..1500ms --seed 1 --calls "$calls"
    pids=()
    for _ in {1..12}; do
      curl -sS -o /dev/null -H 'Authorization: Bearer sandbox-token' "$SANDBOX_URL$O/contacts" &
      pids+=($!)
    done
    wait "${pids[@]}"
    stop_sandbox
    jq -se '(map(.ts) | . != sort) and (sort_by([.ts, .status]) | map(.status)) == [range(7) | 200] + [range(5) | 429]' "$calls"
  done
}

@test "the daily limit ends the day, and the account tells how much of it is used and when it starts anew" {
  start_sandbox --daily 2 --rate 0
  call GET "$O/contacts"
  call GET /account-info/v3/api-usage/daily/private-apps
  is '.results[0] | .name == "private-apps-api-calls-daily" and .usageLimit == 2 and .currentUsage == 2 and .fetchStatus == "SUCCESS"'
  is '.results[0] | (.resetsAt | endswith("T00:00:00.000Z")) and .resetsAt > .collectedAt'
  for path in "$O/contacts" /account-info/2026-03/api-usage/daily/private-apps; do
    call GET "$path"
    [ "$code" -eq 429 ]
    is '.status == "error" and .message == "You have reached your daily limit." and .errorType == "RATE_LIMIT" and .policyName == "DAILY"'
    is '(has("category") | not) and (.groupName | startswith("publicapi:")) and (.correlationId | length) == 36'
  done
  call POST "$O/contacts/search" '{}'
  is '.policyName == "DAILY"'
}

@test "latency delays each call, and calls do not wait for one another" {
  start_sandbox --latency 300ms --rate 0
  began=$(now_ms)
  pids=()
  for _ in {1..10}; do
    curl -sS -o /dev/null -H 'Authorization: Bearer sandbox-token' "$SANDBOX_URL$O/contacts" &
    pids+=($!)
  done
  wait "${pids[@]}"
  took=$(($(now_ms) - began))
  [ "$took" -ge 300 ]
  [ "$took" -lt 2000 ]
  stop_sandbox
  start_sandbox --latency p50=20ms,p95=60ms --seed 1 --calls "$BATS_TEST_TMPDIR/calls"
  for _ in {1..20}; do call GET "$O/contacts"; done
  jq -se 'map(.ms) | sort | .[9] > 8 and .[9] < 60 and .[0] < .[19]' "$BATS_TEST_TMPDIR/calls"
  for bad in 5 5ms..1ms p50=1ms p95=1ms,p50=2ms p50=x,p95=2s ''; do
    run hs-sandbox --latency "$bad"
    [ "$status" -eq 2 ]
  done
}

@test "faults: 500 and reset do nothing, lost does it and cuts, stall waits until the client leaves, 429 refuses" {
  start_sandbox --fail 500=100%
  call POST "$O/contacts" '{"properties":{"email":"a@b.co"}}'
  [ "$code" -eq 500 ]
  is '.status == "error" and (has("category") | not)'
  stop_sandbox
  start_sandbox --fail reset=100% --db "$BATS_TEST_TMPDIR/p.db"
  run curl -sS -X POST -H 'Authorization: Bearer sandbox-token' -H 'Content-Type: application/json' -d '{"properties":{"email":"r@b.co"}}' "$SANDBOX_URL$O/contacts"
  [ "$status" -eq 56 ]
  stop_sandbox
  start_sandbox --fail lost=100% --db "$BATS_TEST_TMPDIR/p.db"
  run curl -sS -X POST -H 'Authorization: Bearer sandbox-token' -H 'Content-Type: application/json' -d '{"properties":{"email":"l@b.co"}}' "$SANDBOX_URL$O/contacts"
  [ "$status" -eq 56 ]
  stop_sandbox
  start_sandbox --fail stall=100% --db "$BATS_TEST_TMPDIR/p.db"
  run curl -sS -m 0.5 -X POST -H 'Authorization: Bearer sandbox-token' -H 'Content-Type: application/json' -d '{"properties":{"email":"s@b.co"}}' "$SANDBOX_URL$O/contacts"
  [ "$status" -eq 28 ]
  until [ "$(curl -sS "$SANDBOX_URL/sandbox/calls" | jq -c .status)" = '{"0":1}' ]; do sleep 0.02; done
  kill "$SANDBOX_PID"
  wait "$SANDBOX_PID"
  start_sandbox --fail 429=100%
  call GET "$O/contacts"
  [ "$code" -eq 429 ]
  is '.policyName == "TEN_SECONDLY_ROLLING"'
  stop_sandbox
  start_sandbox --db "$BATS_TEST_TMPDIR/p.db"
  call GET "$O/contacts?properties=email"
  is '[.results[].properties.email] == ["l@b.co"]'
  for bad in 500 500=5 zork=5% 500=60%,reset=60% late=5% 500=5%:1s ''; do
    run hs-sandbox --fail "$bad"
    [ "$status" -eq 2 ]
  done
}

@test "a call takes effect in its time although its client has left" {
  db=$BATS_TEST_TMPDIR/portal.db
  start_sandbox --db "$db" --latency 500ms --calls "$BATS_TEST_TMPDIR/calls" --rate 0
  pids=()
  for i in {1..20}; do
    curl -sS -m 0.3 -o /dev/null -H 'Authorization: Bearer sandbox-token' -H 'Content-Type: application/json' \
      -d "{\"properties\":{\"email\":\"$i@b.co\"}}" "$SANDBOX_URL$O/contacts" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 28 ]
  done
  until [ "$(curl -sS "$SANDBOX_URL/sandbox/calls" | jq .total)" -eq 20 ]; do sleep 0.02; done
  [ "$(sqlite3 "$db" 'select count(*) from contacts')" -eq 20 ]
  jq -se 'all(.status == 201 and .ms >= 500)' "$BATS_TEST_TMPDIR/calls"
}

# cut_patch PATH PROPERTIES: a PATCH whose connection must be reset.
cut_patch() {
  run curl -sS -X PATCH -H 'Authorization: Bearer sandbox-token' -H 'Content-Type: application/json' -d "{\"properties\":$2}" "$SANDBOX_URL$1"
  [ "$status" -eq 56 ]
}

@test "late: the connection is reset at once, the call counts now and takes effect in its time, in the order of arrival" {
  db=$BATS_TEST_TMPDIR/portal.db
  start_sandbox --db "$db"
  id=$(make contacts '{"email":"a@b.co"}')
  stop_sandbox
  start_sandbox --db "$db" --fail late=100%:1s --rate 9 --calls "$BATS_TEST_TMPDIR/calls"
  began=$(now_ms)
  for city in A B C D E F G H; do cut_patch "$O/contacts/$id" "{\"city\":\"$city\"}"; done
  run curl -sS "$SANDBOX_URL/sandbox/calls"
  [ "$(sqlite3 "$db" 'select count(city) from contacts')" -eq 0 ]
  [ $(($(now_ms) - began)) -lt 1000 ]
  [ "$(jq -c '[.total, .late]' <<<"$output")" = '[0,8]' ]
  cut_patch "$O/contacts/0" '{"city":"Z"}'
  call GET "$O/contacts/$id"
  [ "$code" -eq 429 ]
  until [ "$(curl -sS "$SANDBOX_URL/sandbox/calls" | jq .late)" -eq 0 ]; do sleep 0.02; done
  [ "$(sqlite3 "$db" 'select city from contacts')" = H ]
  jq -se 'map(select(.fault == "late")) | length == 9 and all(.status == 0 and .ms >= 1000) and map(.effect) == [range(8) | 200] + [404] and
    (map(.ts) | . == sort)' "$BATS_TEST_TMPDIR/calls"
}

@test "late effects that are still to come when the sandbox is told to end are dropped" {
  db=$BATS_TEST_TMPDIR/portal.db
  start_sandbox --db "$db"
  id=$(make contacts '{"email":"a@b.co"}')
  stop_sandbox
  start_sandbox --db "$db" --fail late=100%:1h --calls "$BATS_TEST_TMPDIR/calls"
  cut_patch "$O/contacts/$id" '{"city":"Rome"}'
  kill -TERM "$SANDBOX_PID"
  wait "$SANDBOX_PID"
  [ "$(sqlite3 "$db" 'select count(city) from contacts')" -eq 0 ]
  [ "$(jq -c '[.op, .status, .fault, .effect]' "$BATS_TEST_TMPDIR/calls")" = '["update",0,"late",null]' ]
}

@test "the same seed fails the same calls" {
  statuses() {
    start_sandbox --fail 500=30%,503=20% --seed "$1" --rate 0
    for _ in {1..30}; do call GET "$O/contacts"; printf '%s ' "$code"; done
    stop_sandbox
  }
  first=$(statuses 7)
  [[ $first == *500* ]]
  [[ $first == *503* ]]
  [[ $first == *200* ]]
  [ "$(statuses 7)" = "$first" ]
  [ "$(statuses 8)" != "$first" ]
}

@test "calls are counted, without a token, and written down" {
  start_sandbox --calls "$BATS_TEST_TMPDIR/calls"
  call POST "$O/contacts/batch/create" '{"inputs":[{"properties":{"email":"a@b.co"}},{"properties":{"email":"b@b.co"}}]}'
  call POST /crm/v3/objects/contacts/batch/create '{"inputs":[{"properties":{"email":"a@b.co"}}]}'
  call POST "$O/tasks/search" '{}'
  run curl -sS "$SANDBOX_URL/sandbox/calls"
  [ "$output" = '{"total":3,"objects":2,"by":{"batch create contacts":2,"search tasks":1},"status":{"200":1,"201":1,"409":1},"late":0}' ]
  jq -se 'map([.op, .method, .path, .status, .objects]) == [["batch create", "POST", "/crm/objects/2026-03/contacts/batch/create", 201, 2],
    ["batch create", "POST", "/crm/v3/objects/contacts/batch/create", 409, 0], ["search", "POST", "/crm/objects/2026-03/tasks/search", 200, 0]]
    and all(.ms >= 0 and (.ts | test("Z$")))' "$BATS_TEST_TMPDIR/calls"
}

@test "a calls file that cannot be written is told at the end, with status 74" {
  start_sandbox --calls /dev/full
  call GET "$O/contacts"
  [ "$code" -eq 200 ]
  kill "$SANDBOX_PID"
  status=0
  wait "$SANDBOX_PID" || status=$?
  [ "$status" -eq 74 ]
  [ "$(cat "$BATS_TEST_TMPDIR/sandbox.err")" = 'hs-sandbox: /dev/full: No space left on device' ]
}
