#!/usr/bin/env bats
# hs-tasks run: claim, filter and complete as one, looked after.

setup() {
  load helper
  load hs-tasks-helper
}
teardown() {
  [ -z "${RUN_PID:-}" ] || { kill "$RUN_PID" 2>/dev/null; wait "$RUN_PID" 2>/dev/null; } || true
  stop_sandbox
}

# workflow FILTER: one route whose records FILTER works; whatever comes out is done.
workflow() {
  jq -n --arg filter "$1" '{version: 1, owners: {queue: {id: "71001"}},
    routes: [{name: "enrich", subject: ["Enrich Data"], result: "worked", done: "true", filter: $filter}]}' >workflow.json
  export LEADPIPE_WORKFLOW=$PWD/workflow.json
}

tasks() { for i in $(seq "$1"); do task "Enrich Data for $i" "$(contact "C$i" "c$i@x.example")"; done >ids; }

# until_true COMMAND...: waits until it succeeds, at most 20 s.
until_true() {
  local tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ "$tries" -lt 200 ] || return 1
    sleep 0.1
  done
}
completed() { [ "$(hs-tasks list --no-join --status COMPLETED | wc -l)" -eq "$1" ]; }

@test "run --once works the queue until it is empty, and says one line" {
  workflow cat
  portal
  tasks 5
  run --separate-stderr timeout 30 hs-tasks run --once --now "$NOW"
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [[ $stderr =~ ^'hs-tasks: run: enrich: 5 done, 0 waiting, 0 to be tried again, 0 given back, 0 failed, 0 pending in '[0-9.]+' s'$ ]]
  completed 5
  run --separate-stderr timeout 30 hs-tasks run --once --now "$NOW"
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
}

@test "what a filter swallows is given back, and what it garbles is printed" {
  workflow "sed -u -e 1d -e '2s/.*/garbage/'"
  portal
  tasks 3
  run --separate-stderr timeout 30 hs-tasks run --once --now "$NOW"
  [ "$status" -eq 1 ]
  [ "$(jq -r .error.code <<<"$output")" = bad_json ]
  completed 1
  [ "$(hs-tasks list --no-join --status NOT_STARTED | wc -l)" -eq 2 ]
  [ "$(hs-tasks list --no-join | jq -r '.task.properties.leadpipe_lease // "" | select(. != "")' | wc -l)" -le 1 ]
}

@test "a filter that repeats and reorders lines completes each task once" {
  workflow 'tac | sed p'
  portal
  tasks 4
  run --separate-stderr timeout 30 hs-tasks run --once --now "$NOW"
  [ "$status" -eq 0 ]
  completed 4
}

@test "a filter that dies is started anew, and its tasks are worked in the end" {
  workflow "if [ -e $PWD/died ]; then exec cat; else touch $PWD/died; read -r line; exit 7; fi"
  portal
  tasks 3
  timeout 60 hs-tasks run --watch --every 1s --now "$NOW" >out 2>err &
  RUN_PID=$!
  until_true completed 3
  kill "$RUN_PID"
  wait "$RUN_PID" || true
  RUN_PID=''
  grep -q 'hs-tasks: run: enrich: the filter ended with status 7: ' err
  [ "$(cat out)" = '' ]
}

@test "a second run of the same route does nothing" {
  workflow "touch $PWD/started; cat; until [ -e $PWD/go ]; do sleep 0.1; done"
  portal
  tasks 1
  timeout 60 hs-tasks run --once --now "$NOW" >out 2>err &
  RUN_PID=$!
  until_true test -e started
  run --separate-stderr timeout 20 hs-tasks run --once --now "$NOW" -v
  [ "$status" -eq 0 ]
  [[ $stderr == *'hs-tasks: run: enrich: another run is at it'* ]]
  touch go
  wait "$RUN_PID"
  RUN_PID=''
  completed 1
}

@test "a filter that holds a task longer than --max-lease is started anew" {
  workflow "if [ -e $PWD/slept ]; then exec cat; else touch $PWD/slept; exec sleep 1000; fi"
  portal
  tasks 1
  timeout 60 hs-tasks run --watch --every 1s --lease 30s --max-lease 1s --now "$NOW" >out 2>err &
  RUN_PID=$!
  until_true completed 1
  grep -q 'hs-tasks: run: enrich: the filter has held a task for longer than --max-lease: it is started anew' err
}

@test "SIGTERM ends a watching run: tasks in hand are finished or given back" {
  workflow cat
  portal
  tasks 3
  timeout 60 hs-tasks run --watch --every 1s --now "$NOW" >out 2>err &
  RUN_PID=$!
  until_true completed 3
  pid=$(pgrep -P "$RUN_PID" -x hs-tasks)
  kill -TERM "$pid"
  wait "$RUN_PID"
  RUN_PID=''
  run pgrep -P "$pid"
  [ "$status" -eq 1 ]
}

@test "a paused route and a workflow without a filter say so" {
  workflow cat
  portal
  jq 'del(.routes[0].filter)' workflow.json >bare.json
  run --separate-stderr timeout 20 hs-tasks run --once --workflow "$PWD/bare.json"
  [ "$status" -eq 2 ]
  [[ $stderr == *'bare.json: no route has a filter'* ]]
}
