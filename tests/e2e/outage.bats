#!/usr/bin/env bats
# Bad days that cross the whole pipe.

setup() {
  load ../helper
  cd "$PROJECT" || return 1
}

teardown() {
  stop_sandbox
}

workflow() {
  hs-tasks claim --type enrich -n "${1:-20}" --now 2026-01-05T09:00:00Z | enrich --allow-private --now 2026-01-05T09:00:00Z |
    hs-tasks complete --now 2026-01-05T09:00:00Z
}

# Asked until the sandbox, which fails now and then on purpose, gives an answer.
completed() {
  local total tries
  for tries in $(seq 100); do
    total=$(api POST /crm/v3/objects/tasks/search \
      '{"filterGroups":[{"filters":[{"propertyName":"hs_task_status","operator":"EQ","value":"COMPLETED"}]}],"limit":1}' 2>/dev/null | jq '.total // empty')
    [ -z "$total" ] || { echo "$total"; return; }
  done
  echo "no answer after $tries tries" >&2
  return 1
}

@test "a sandbox that is down: the last stage of the pipe exits 69, without pipefail" {
  export HUBSPOT_API_URL=http://127.0.0.1:1 HUBSPOT_ACCESS_TOKEN=sandbox-token
  run --separate-stderr workflow
  [ "$status" -eq 69 ]
  [ "$(jq -r .error.code <<<"${lines[0]}")" = service_down ]
  [ "${#lines[@]}" -eq 1 ]
}

@test "an outage in the first stage reaches a pure filter as the last stage: it exits 69 too" {
  export HUBSPOT_API_URL=http://127.0.0.1:1 HUBSPOT_ACCESS_TOKEN=sandbox-token
  piped() { hs-tasks claim --type qualify 2>/dev/null | qualify; }
  run --separate-stderr piped
  [ "$status" -eq 69 ]
}

@test "a wrong token: 77 at the end of the pipe" {
  start_sandbox --demo
  export HUBSPOT_ACCESS_TOKEN=wrong
  run --separate-stderr workflow
  [ "$status" -eq 77 ]
  [[ "$stderr" != *wrong* ]]
}

@test "a 429 storm: waits, then finishes, and nothing is lost or doubled" {
  start_sandbox --demo --fail 429=30% --seed 7
  hs-tasks setup -q
  run --separate-stderr workflow 50
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [ "$(completed)" -eq 50 ]
}

@test "500s are retried where that is safe" {
  start_sandbox --demo --fail 500=10% --seed 5
  hs-tasks setup -q
  workflow 50 >"$BATS_TEST_TMPDIR/left.jsonl" 2>"$BATS_TEST_TMPDIR/err" || true
  # What a 500 made uncertain is handed back, never dropped.
  left=$(wc -l <"$BATS_TEST_TMPDIR/left.jsonl")
  [ "$(($(completed) + left))" -ge 50 ]
}

@test "resets before the effect: all tasks are done in the end" {
  start_sandbox --demo --fail reset=10% --seed 3
  hs-tasks setup -q
  workflow 50 >"$BATS_TEST_TMPDIR/left.jsonl" 2>"$BATS_TEST_TMPDIR/err" || true
  left=$(wc -l <"$BATS_TEST_TMPDIR/left.jsonl")
  [ "$(($(completed) + left))" -ge 50 ]
}

@test "the sandbox dies between claim and complete: every record comes out of complete, which exits 69" {
  start_sandbox --demo
  hs-tasks setup -q
  hs-tasks claim --type enrich -n 20 --now 2026-01-05T09:00:00Z | enrich --no-fetch --now 2026-01-05T09:00:00Z >"$BATS_TEST_TMPDIR/done.jsonl"
  stop_sandbox
  [ "$(wc -l <"$BATS_TEST_TMPDIR/done.jsonl")" -eq 20 ]
  run --separate-stderr hs-tasks complete "$BATS_TEST_TMPDIR/done.jsonl"
  [ "$status" -eq 69 ]
  [ "$(grep -c '"task"' <<<"$output")" -eq 20 ]
}
