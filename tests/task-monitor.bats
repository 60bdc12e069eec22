#!/usr/bin/env bats
# scripts/task-monitor: hs-tasks run --once as cron starts it.

setup() {
  load helper
  load hs-tasks-helper
  MONITOR=$PROJECT/scripts/task-monitor
}
teardown() { stop_sandbox; }

# workflow FILTER: one route whose records FILTER works; whatever comes out is done.
workflow() {
  jq -n --arg filter "$1" '{version: 1, owners: {queue: {id: "71001"}},
    routes: [{name: "enrich", subject: ["Enrich Data"], result: "worked", done: "true", filter: $filter}]}' >workflow.json
  export LEADPIPE_WORKFLOW=$PWD/workflow.json
}

@test "task-monitor works the queue, and prints nothing when all is well" {
  workflow cat
  portal
  id=$(task 'Enrich Data for A' "$(contact A a@x.example)")
  run timeout 30 "$MONITOR" --now "$NOW"
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [ "$(state "$id")" = COMPLETED ]
  [ -f "$LEADPIPE_HOME/state/dead.jsonl" ]
  [ ! -s "$LEADPIPE_HOME/state/dead.jsonl" ]
  run timeout 30 "$MONITOR" --now "$NOW"
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
}

@test "task-monitor appends what could not be handled to dead.jsonl, says how much, and exits with run's status" {
  workflow "sed -u -e 's/.*/garbage/'"
  portal
  task 'Enrich Data for A' "$(contact A a@x.example)" >/dev/null
  export XDG_STATE_HOME=$PWD/elsewhere
  mkdir -p "$LEADPIPE_HOME/state"
  echo '{"old":true}' >"$LEADPIPE_HOME/state/dead.jsonl"
  run --separate-stderr timeout 30 "$MONITOR" --now "$NOW"
  [ "$status" -eq 1 ]
  [ "$output" = '' ]
  [ "$(tail -n 1 <<<"$stderr")" = "task-monitor: 1 records could not be handled: $LEADPIPE_HOME/state/dead.jsonl" ]
  [ "$(jq -rc '.old // .error.code' "$LEADPIPE_HOME/state/dead.jsonl")" = $'true\nbad_json' ]
  [ ! -e elsewhere ]
}

@test "task-monitor keeps its file under XDG_STATE_HOME where LEADPIPE_HOME is not set" {
  workflow cat
  portal
  run env -u LEADPIPE_HOME "XDG_STATE_HOME=$PWD/state" "XDG_CONFIG_HOME=$PWD/config" "XDG_CACHE_HOME=$PWD/cache" timeout 30 "$MONITOR" --now "$NOW"
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [ "$(stat -c %a state/leadpipe state/leadpipe/dead.jsonl)" = $'700\n600' ]
}

@test "task-monitor says so where its state folder cannot be made, with status 74" {
  workflow cat
  : >home.file
  LEADPIPE_HOME=$PWD/home.file run timeout 30 "$MONITOR"
  [ "$status" -eq 74 ]
  [ "$output" != '' ]
}

@test "task-monitor passes on the status of a portal that is not there" {
  workflow cat
  export HUBSPOT_API_URL=http://127.0.0.1:9 HUBSPOT_ACCESS_TOKEN=t
  run --separate-stderr timeout 60 "$MONITOR"
  [ "$status" -eq 69 ]
  [ "$output" = '' ]
}
