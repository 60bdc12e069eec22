# hs-tasks --record and --replay: a run is the same again, without the portal, and leaves no trace in what real runs keep.

load helper
load hs-tasks-helper

teardown() { stop_sandbox; }

# recorded COMMAND..., replayed COMMAND...: with every program of the pipeline.
recorded() { LEADPIPE_RECORD=$PWD/tape "$@"; }
replayed() { LEADPIPE_REPLAY=$PWD/tape "$@"; }

# work_queue FILE [OPTION...]: claims into FILE and completes.
work_queue() {
  local claimed=$1
  shift
  claim "$@" | tee "$claimed" | enriched | complete --pass --linger 1m
}

@test "a recorded pipeline is replayed byte for byte beside the journal of the real one, as often as one likes" {
  portal
  ada=$(contact Ada ada@a.example)
  for n in 1 2 3; do task "Enrich Data $n" "$ada"; done
  recorded work_queue claimed --type enrich >first
  [ "$(jq -s length first)" -eq 3 ]
  hs-tasks history >before
  [ "$(jq -s 'length > 0' before)" = true ]
  stop_sandbox
  for _ in 1 2 3; do
    replayed work_queue reclaimed --type enrich >again
    cmp first again
    cmp claimed reclaimed
  done
  hs-tasks history >after
  cmp before after
}

@test "a claim whose write came too late is replayed as one" {
  portal --latency 60ms
  setting window_ms 50
  for n in 1 2 3; do task "Enrich Data $n"; done
  run --separate-stderr recorded claim -v --type enrich
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [[ $stderr == *' 0 taken, '*' 3 too late, '* ]]
  stop_sandbox
  run --separate-stderr replayed claim -v --type enrich
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [[ $stderr == *' 0 taken, '*' 3 too late, '* ]]
}

@test "claims side by side are replayed side by side: who got what is part of the recording" {
  portal
  fill tasks 600 '{hs_task_subject: "Enrich Data \($i)", hs_timestamp: "2026-01-05T08:00:00Z", hubspot_owner_id: "71001", hs_task_status: "NOT_STARTED"}'
  pair() {
    # Status 1: the tasks have no contact.
    "$1" claim --type enrich -n 400 >one &
    local pid=$!
    "$1" claim --type enrich -n 400 >two || [ "$?" -eq 1 ]
    wait "$pid" || [ "$?" -eq 1 ]
  }
  both() { { sha256sum <one; sha256sum <two; } | sort; }
  pair recorded
  [ "$(cat one two | jq -r .task.id | sort | uniq | wc -l)" -eq 600 ]
  first=$(both)
  stop_sandbox
  for _ in 1 2; do
    pair replayed
    [ "$(both)" = "$first" ]
  done
}

@test "a time in words is counted from the recorded run's start" {
  portal
  task "Call back"
  hs-tasks list >listed
  recorded hs-tasks snooze --until "in 3 days" --pass listed >first
  [ "$(jq -s length first)" -eq 1 ]
  recorded hs-tasks list --due-before "in 5 days" >by_due
  [ "$(jq -s length by_due)" -eq 1 ]
  stop_sandbox
  # Requests are found by what they hold, to the millisecond: any other time would not be in the cassette.
  run --separate-stderr replayed hs-tasks snooze --until "in 3 days" --pass listed
  [ "$status" -eq 0 ]
  [ "$output" = "$(cat first)" ]
  run --separate-stderr replayed hs-tasks list --due-before "in 5 days"
  [ "$status" -eq 0 ]
  [ "$output" = "$(cat by_due)" ]
}
