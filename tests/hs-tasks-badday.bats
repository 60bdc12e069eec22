#!/usr/bin/env bats
# What goes wrong while hs-tasks works: clocks, disks, tokens, servers and people; what is there afterwards is looked up in the portal.

setup() {
  load helper
  load hs-tasks-helper
}
teardown() {
  [ -z "${PID:-}" ] || { kill -9 -- "-$PID" "$PID" 2>/dev/null; wait "$PID" 2>/dev/null; } || true
  stop_sandbox
}

journal() { sqlite3 "$LEADPIPE_HOME"/state/portal-*/journal.db "$1" 2>/dev/null || true; }
in_portal() { sqlite3 -cmd '.timeout 10000' portal.db "$1"; }

# until_some COMMAND...: waits until it prints a number above 0, as long as the process lives.
until_some() {
  until [ "$("$@")" -gt 0 ] 2>/dev/null; do
    kill -0 "$PID" || return 1
    sleep 0.01
  done
}

# tasks N: so many, each with a contact of its own.
tasks() { for i in $(seq "$1"); do task "Enrich Data for $i" "$(contact "C$i" "c$i-$RANDOM@x.example")" >/dev/null; done; }

# again [OPTION...]: the portal's sandbox, started anew on its port.
again() {
  stop_sandbox
  start_sandbox --db portal.db --port "$SANDBOX_PORT" --rate 0 --search-rate 0 "$@"
}

# all_done N: so many tasks are completed, each with one note, and nothing is pending.
all_done() {
  [ "$(subjects COMPLETED | wc -l)" -eq "$1" ]
  [ "$(count notes)" -eq "$1" ]
  [ "$(in_portal 'SELECT count(DISTINCT leadpipe_key) FROM notes')" -eq "$1" ]
  [ "$(journal 'SELECT count(*) FROM work WHERE state = 0')" -eq 0 ]
}

# in_the_middle: of twenty worked tasks complete, $PID, has just made the notes; what it cannot handle goes into left.
in_the_middle() {
  portal --db portal.db
  tasks 20
  claim | enriched >worked
  again --latency 100ms
  complete worked >left 2>err &
  PID=$!
  until_some in_portal 'SELECT count(*) FROM notes'
}

@test "a local clock that is an hour off changes no lease: server time counts" {
  for offset in 1h -1h; do
    stop_sandbox
    rm -rf "$LEADPIPE_HOME"
    portal "--date-offset=$offset"
    id=$(task 'Enrich Data' "$(contact Ann ann@x.example)")
    claim --lease 10m >claimed
    server=$(date -u -d "$(curl -sS -o /dev/null -D - -H 'Authorization: Bearer sandbox-token' "$SANDBOX_URL$O/tasks/$id" | grep -i '^date:' | cut -d' ' -f2- | tr -d '\r')" +%s)
    left=$(($(date -u -d "$(get tasks "$id" leadpipe_expires)" +%s) - server))
    [ "$left" -gt 540 ]
    [ "$left" -le 600 ]
    # Another machine, whose clock is as wrong, does not take it before its time, and takes it then.
    [ "$(LEADPIPE_HOME=$PWD/other claim | wc -l)" -eq 0 ]
    set_task "$id" "{\"leadpipe_expires\":\"$(date -u -d "@$((server - 60))" +%Y-%m-%dT%H:%M:%SZ)\"}"
    LEADPIPE_HOME=$PWD/other claim | enriched | LEADPIPE_HOME=$PWD/other complete
    [ "$(state "$id")" = COMPLETED ]
    # The first finds its lease lost.
    run --separate-stderr complete <<<"$(enriched <claimed)"
    [ "$status" -eq 1 ]
    [ "$(jq -r .error.code <<<"$output")" = lease_lost ]
    [ "$(count notes)" -eq 1 ]
    rm -rf other
  done
}

@test "where the journal's disk is full nothing is written, and nothing is lost" {
  portal --db portal.db
  tasks 20
  claim | enriched >worked
  run --separate-stderr bash -c "trap '' XFSZ; ulimit -f 1; hs-tasks complete --now $NOW worked | cat; exit \"\${PIPESTATUS[0]}\""
  [ "$status" -eq 74 ]
  [[ $stderr == *'journal: '* ]]
  [ "$(jq -r .error.code <<<"$output" | sort | uniq -c | xargs)" = '20 io_failed' ]
  [ "$(count notes)" -eq 0 ]
  [ "$(subjects COMPLETED | wc -l)" -eq 0 ]
  complete --retry <<<"$output"
  all_done 20
}

@test "a token that is revoked in the middle ends complete with 77; with a good one the next run finishes" {
  in_the_middle
  again --token another --latency 10ms
  result=0
  wait "$PID" || result=$?
  [ "$result" -eq 77 ]
  [ "$(jq -r .error.code left | sort -u)" = not_allowed ]
  again
  complete </dev/null
  all_done 20
}

@test "a server that is started anew in the middle costs nothing" {
  in_the_middle
  again
  result=0
  wait "$PID" || result=$?
  [ "$result" -eq 0 ] || [ "$result" -eq 69 ] || [ "$result" -eq 1 ]
  complete --retry left
  all_done 20
}

@test "a property that somebody deletes in the middle parks the tasks with the reason; made again, they are worked" {
  portal --db portal.db
  tasks 3
  claim | enriched >worked
  api DELETE /crm/properties/2026-03/contacts/decision_maker_score
  run --separate-stderr complete worked
  [ "$status" -eq 1 ]
  [ "$(jq -r .error.code <<<"$output" | sort | uniq -c | xargs)" = '3 crm_refused' ]
  [[ $(jq -r .error.message <<<"${lines[0]}") == *decision_maker_score* ]]
  [ "$(hs-tasks dead list | jq -r .task.properties.leadpipe_reason | grep -c decision_maker_score)" -eq 3 ]
  hs-tasks setup -q
  hs-tasks dead list | hs-tasks dead retry
  claim | enriched | complete
  all_done 3
}

# The filter of a worker that finds the same of everybody.
WORK='.enrichment = {at: "2026-01-05T09:00:00.000Z", facts: {title: {value: "CTO"}, company_size: {value: "120"}, industry: {value: "SaaS"}}, gaps: [],
  quality: "HIGH", decision_maker_score: 9, next_action: "Qualify"}'

@test "run is killed with all its processes at four moments: the next one finishes, and doubles nothing" {
  WORK=$WORK jq '(.routes[] | select(.name == "enrich")).filter = "jq --unbuffered -c " + (env.WORK | @sh)' "$PROJECT/share/workflow.json" >workflow.json
  export LEADPIPE_WORKFLOW=$PWD/workflow.json
  portal --db portal.db
  again --latency 30ms
  total=0
  for moment in "SELECT count(*) FROM lease" "SELECT count(*) FROM lease WHERE state = 2" "SELECT count(*) FROM work WHERE state = 0" "SELECT count(*) FROM effect WHERE state = 1"; do
    tasks 5
    total=$((total + 5))
    setsid hs-tasks run --once --type enrich --now "$NOW" 2>err &
    PID=$!
    until_some journal "$moment"
    kill -9 -- "-$PID"
    wait "$PID" || [ "$?" -eq 137 ]
    PID=''
    timeout 60 hs-tasks run --once --type enrich --now "$NOW"
    all_done "$total"
  done
}
