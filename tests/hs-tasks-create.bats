#!/usr/bin/env bats
# hs-tasks create: tasks from records, or one from flags; made once, whatever happens.

setup() {
  load helper
  load hs-tasks-helper
}
teardown() { stop_proxy; stop_sandbox; }

create() { timeout 60 hs-tasks create --now "$NOW" "$@"; }

# contacts N: makes N contacts; prints a record of each.
contacts() {
  local first=0
  while [ "$first" -lt "$1" ]; do
    api POST "$O/contacts/batch/create" "$(jq -nc --argjson a "$first" --argjson n "$1" \
      '{inputs: [range($a; [$a + 100, $n] | min) | {properties: {firstname: "F\(.)", email: "f\(.)@x.example"}}]}')" | jq -c '.results[] | {contact: {id, properties}}'
    first=$((first + 100))
  done
}

# soon: what was sent is looked for after 1.5 s, not after two minutes, which is HubSpot's time and not the sandbox's.
soon() { setting readback_ms 1500; }

# journal SQL: asks the journal, which a killed run may have left in its write-ahead log.
journal() { sqlite3 "$LEADPIPE_HOME"/state/portal-*/journal.db "$1"; }

@test "create makes a task for each record, associated, with its text filled in" {
  portal
  acme=$(make companies '{"name":"Acme","domain":"acme.example"}')
  ann=$(contact 'Ann "<b>"' ann@x.example)
  bob=$(contact Bob bob@x.example)
  printf '{"contact":{"id":"%s"},"company":{"id":"%s"}}\n{"contact":{"id":"%s"}}\n' "$ann" "$acme" "$bob" | hs-tasks join >in.jsonl
  run --separate-stderr hs-tasks create --now "$NOW" --subject 'Enrich Data for {$name}' --body 'Hello {$name}' --due 'in 2 days' --priority LOW --owner human in.jsonl
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  got=$(hs-tasks list --type enrich --where '.contact.properties.firstname != "Bob"')
  [ "$(jq -r '.contact.id, .company.id, (.task.properties | .hs_task_subject, .hs_task_body, .hs_timestamp, .hs_task_priority, .hubspot_owner_id, .hs_task_status)' <<<"$got")" = \
    "$ann
$acme
Enrich Data for Ann \"<b>\"
Hello Ann &quot;&lt;b&gt;&quot;
2026-01-07T09:00:00.000Z
LOW
71002
NOT_STARTED" ]
  [ "$(hs-tasks list --type enrich --where '.contact.properties.firstname == "Bob"' | jq -r .contact.id)" = "$bob" ]
}

@test "create with a key makes a task once, however often and in whatever order" {
  portal
  ann=$(contact Ann)
  for _ in 1 2; do
    run --separate-stderr hs-tasks create --subject 'Enrich Data' --key 'import {.contact.id}' <<<"{\"contact\":{\"id\":\"$ann\"}}"$'\n'"{\"contact\":{\"id\":\"$ann\"}}"
    [ "$status" -eq 0 ]
    [ "$output" = '' ]
  done
  [ "$(count tasks)" -eq 1 ]
}

@test "create for one contact reads no input; --pass prints the task; a contact that is not there is refused" {
  portal
  ann=$(contact Ann)
  run --separate-stderr hs-tasks create --now "$NOW" --subject 'Call Ann' --task-type CALL --contact "$ann" --pass
  [ "$status" -eq 0 ]
  id=$(jq -r .task.id <<<"$output")
  [ "$(get tasks "$id" hs_task_subject,hs_task_type,hs_timestamp,hubspot_owner_id)" = $'Call Ann\nCALL\n2026-01-05T09:00:00.000Z\n71001' ]
  run --separate-stderr hs-tasks create --subject 'Call Ann' --priority URGENT --contact "$ann"
  [ "$status" -eq 2 ]
  [[ $stderr == 'hs-tasks: create: making the task: '*URGENT* ]]
  run --separate-stderr hs-tasks create --subject 'Call {' --contact "$ann"
  [ "$status" -eq 2 ]
  [[ ${stderr_lines[0]} == *'"{" without "}"' ]]
  run --separate-stderr hs-tasks create
  [ "$status" -eq 2 ]
  [ "${stderr_lines[0]}" = 'hs-tasks: --subject is missing' ]
}

@test "create --dry-run shows the request, and needs no network" {
  run --separate-stderr hs-tasks create --dry-run --now "$NOW" --subject 'Enrich Data for {$name}' <<<'{"contact":{"id":"7","properties":{"firstname":"Ann"}}}'
  [ "$status" -eq 0 ]
  [[ $(jq -r '.body.inputs[0].objectWriteTraceId' <<<"$output") =~ ^[0-9a-f]{64}$ ]]
  [ "$(jq -r '.body.inputs[0] | .objectWriteTraceId == .properties.leadpipe_key' <<<"$output")" = true ]
  [ "$(sed -E 's/[0-9a-f]{64}/KEY/g' <<<"$output")" = '{"method":"POST","path":"/crm/objects/2026-03/tasks/batch/create","body":{"inputs":[{"objectWriteTraceId":"KEY",'\
'"properties":{"hs_task_subject":"Enrich Data for Ann","hs_timestamp":"2026-01-05T09:00:00.000Z","hs_task_status":"NOT_STARTED","hs_task_priority":"MEDIUM",'\
'"hs_task_type":"TODO","hubspot_owner_id":"<queue>","leadpipe_key":"KEY"},'\
'"associations":[{"to":{"id":"7"},"types":[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":204}]}]}]}}' ]
}

@test "the key does not depend on run or machine: an import that was done elsewhere makes nothing" {
  portal
  contacts 3 >in.jsonl
  create --subject 'Call {$name}' --key 'import {.contact.id}' in.jsonl
  LEADPIPE_HOME=$BATS_TEST_TMPDIR/other run --separate-stderr create --subject 'Call {$name}' --key 'import {.contact.id}' --pass in.jsonl
  [ "$status" -eq 0 ]
  [ "$(count tasks)" -eq 3 ]
  # it says which tasks those are
  [ "$(jq -r .task.id <<<"$output" | sort)" = "$(hs-tasks list --no-join | jq -r .task.id | sort)" ]
}

@test "without a key each record makes a task: on every machine, and after the state folder was lost" {
  portal
  contacts 2 >in.jsonl
  create --subject 'Call {$name}' in.jsonl
  create --subject 'Call {$name}' in.jsonl
  LEADPIPE_HOME=$BATS_TEST_TMPDIR/other create --subject 'Call {$name}' in.jsonl
  rm -rf "$LEADPIPE_HOME/state"
  create --subject 'Call {$name}' in.jsonl
  [ "$(count tasks)" -eq 8 ]
}

@test "where the portal keeps no unique property the journal knows what was made, and the text carries a mark" {
  portal --no-unique
  contacts 2 >in.jsonl
  create --subject 'Call {$name}' --body 'Hello' --key 'import {.contact.id}' in.jsonl
  # one of the two of one key in one input waits for the other
  cat in.jsonl in.jsonl >twice.jsonl
  run --separate-stderr create --subject 'Call {$name}' --key 'import {.contact.id}' --pass twice.jsonl
  [ "$status" -eq 0 ]
  [ "$(count tasks)" -eq 2 ]
  ids=$(hs-tasks list --no-join | jq -r .task.id | sort)
  [ "$(jq -r .task.id <<<"$output" | sort -u)" = "$ids" ]
  [ "$(jq -r .task.id <<<"$output" | wc -l)" -eq 4 ]
  id=$(head -n 1 <<<"$ids")
  [[ $(get tasks "$id" hs_task_body) =~ ^Hello\<br\>\[leadpipe\ [0-9a-f]{16}\]$ ]]
}

@test "what HubSpot refuses is printed with its words; the rest of its hundred is made" {
  portal
  contacts 3 >in.jsonl
  sed -i '2s/"id":"[0-9]*"/"id":"999"/' in.jsonl
  run --separate-stderr create --subject 'Call {$name}' in.jsonl
  [ "$status" -eq 1 ]
  [ "$(jq -r '.contact.id, .error.tool, .error.code, .error.retryable' <<<"$output" | xargs)" = '999 hs-tasks crm_refused false' ]
  [[ $(jq -r .error.message <<<"$output") == *999* ]]
  [ "$(count tasks)" -eq 2 ]
  # given back: nobody tries it again
  [ "$(journal 'SELECT state, count(*) FROM work GROUP BY state' | xargs)" = '1|2 2|1' ]
}

@test "lines that are no records come out as errors, and the others are made" {
  portal
  contacts 2 >in.jsonl
  { for _ in 1 2 3 4 5 6; do printf 'garbage\n[1]\n'; done; cat in.jsonl; } >mixed.jsonl
  run --separate-stderr create --subject 'Call {$name}' mixed.jsonl
  [ "$status" -eq 1 ]
  [ "$(jq -r .error.code <<<"$output" | sort | uniq -c | xargs)" = '6 bad_json 6 not_an_object' ]
  [ "$(count tasks)" -eq 2 ]
}

@test "--if, --retry and --pass: who is acted on, and who is printed" {
  portal
  contacts 4 >in.jsonl
  sed -i '4s/}$/,"error":{"tool":"x","code":"y","message":"z","retryable":true}}/' in.jsonl
  run --separate-stderr create --subject Call --if '.contact.properties.firstname != "F0"' --pass in.jsonl
  [ "$status" -eq 1 ]
  [ "$(jq -r '[.contact.properties.firstname, .task.properties.hs_task_subject // "-", .error.code // "-"] | join(" ")' <<<"$output")" = 'F0 - -
F1 Call -
F2 Call -
F3 - y' ]
  run --separate-stderr create --subject Call --retry --if '.contact.properties.firstname == "F3"' in.jsonl
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [ "$(count tasks)" -eq 3 ]
}

@test "a thousand tasks cost ten calls, and the groups go side by side" {
  portal --latency 100ms --calls calls.jsonl
  contacts 1000 >in.jsonl
  before=$(calls)
  create --subject 'Call {$name}' in.jsonl
  [ "$(side_by_side objects/2026-03/tasks/batch/create)" -gt 4 ]
  # settings, account and owners, at most
  [ "$(($(calls) - before))" -le 13 ]
  [ "$(count tasks)" -eq 1000 ]
}

@test "lost answers and cut connections make nothing twice and lose nothing, with a unique key" {
  portal --db portal.db
  contacts 500 >in.jsonl
  stop_sandbox
  start_sandbox --db portal.db --rate 0 --search-rate 0 --port "$SANDBOX_PORT" --fail lost=20%,500=10%,reset=10% --seed 5
  for _ in 1 2 3 4 5 6; do
    create --subject 'Call {$name}' --key '{.contact.id}' --retry in.jsonl >rest.jsonl 2>/dev/null || true
    mv rest.jsonl in.jsonl
    [ -s in.jsonl ] || break
  done
  [ ! -s in.jsonl ]
  stop_sandbox
  [ "$(sqlite3 portal.db 'SELECT count(*), count(DISTINCT leadpipe_key) FROM tasks')" = '500|500' ]
}

@test "lost answers without a unique key are looked for before anything is sent again" {
  portal --no-unique --db portal.db
  soon
  contacts 300 >in.jsonl
  head -n 200 in.jsonl >with-contact.jsonl
  # what is associated with nothing has to be searched for
  tail -n 100 in.jsonl | jq -c '{n: .contact.id}' >alone.jsonl
  stop_sandbox
  start_sandbox --no-unique --db portal.db --rate 0 --search-rate 0 --port "$SANDBOX_PORT" --fail lost=30% --seed 2
  for file in with-contact alone; do
    for _ in 1 2 3 4 5 6; do
      create --subject "Call $file {.n}" --key '{.n // .contact.id}' --retry "$file.jsonl" >rest.jsonl 2>/dev/null || true
      mv rest.jsonl "$file.jsonl"
      [ -s "$file.jsonl" ] || break
    done
    [ ! -s "$file.jsonl" ]
  done
  stop_sandbox
  [ "$(sqlite3 portal.db 'SELECT count(*), count(DISTINCT leadpipe_key) FROM tasks')" = '300|300' ]
}

# killed OPTION...: a create of five tasks, killed with its request on the way, which takes effect when the process is no more.
killed() {
  portal "$@"
  soon
  contacts 5 >in.jsonl
  between objects/2026-03/tasks/batch/create 1 wait 1
  hs-tasks create --now "$NOW" --subject 'Call {$name}' in.jsonl &
  pid=$!
  until [ "$(journal 'SELECT count(*) FROM effect WHERE state = 1' 2>/dev/null)" = 5 ]; do kill -0 "$pid"; sleep 0.02; done
  until grep -q held proxy.err; do kill -0 "$pid"; sleep 0.02; done
  kill -9 "$pid"
  wait "$pid" || true
  # not before the time in which the request of a dead process may still take effect is over
  until [ "$(journal 'SELECT max(sent_ms) + 1500 FROM effect')" -lt "$(date +%s%3N)" ]; do sleep 0.05; done
  [ "$(count tasks)" -eq 5 ]
  run --separate-stderr timeout 30 hs-tasks upsert -v <<<'{"email":"z@x.example","firstname":"Z"}'
  [ "$status" -eq 0 ]
  [[ $stderr == *'finished the work of 5 records that earlier runs had left; 0 are left'* ]]
  [ "$(count tasks)" -eq 5 ]
  [ "$(hs-tasks list | jq -r .contact.properties.firstname | sort | xargs)" = 'F0 F1 F2 F3 F4' ]
  [ "$(journal 'SELECT state, count(*) FROM work GROUP BY state')" = '1|6' ]
}

@test "killed with its request on the way, the next verb that writes finds what it has made" {
  killed
}

@test "likewise where no property is unique" {
  killed --no-unique
}

@test "a portal that is down keeps nothing back: records come out retryable, and the second try makes one task each" {
  portal
  contacts 3 >in.jsonl
  create --subject warm --key warm <<<'{}'
  stop_sandbox
  run --separate-stderr create --subject 'Call {$name}' --key '{.contact.id}' in.jsonl
  [ "$status" -eq 69 ]
  [ "$(jq -r '[.error.code, .error.retryable] | join(" ")' <<<"$output" | sort -u)" = 'service_down true' ]
  [ "$(wc -l <<<"$output")" -eq 3 ]
}

# one_key N: so many processes make the task of one key at the same moment; each says which task it is.
one_key() {
  local n pids=()
  for ((n = 0; n < $1; n++)); do
    hs-tasks create --subject Call --key once --pass <<<"{\"contact\":{\"id\":\"$ann\"}}" >"made.$n" 2>"err.$n" &
    pids+=("$!")
  done
  for n in "${pids[@]}"; do wait "$n"; done
  [ "$(cat err.*)" = '' ]
}

@test "sixteen processes with one key at one moment make one task, and all name it" {
  for unique in '' --no-unique; do
    stop_sandbox
    rm -rf "$LEADPIPE_HOME"
    portal --latency 20ms..60ms $unique
    ann=$(contact Ann)
    one_key 16
    [ "$(hs-tasks list --no-join | wc -l)" -eq 1 ]
    [ "$(jq -r .task.id made.* | sort -u)" = "$(hs-tasks list --no-join | jq -r .task.id)" ]
    [ "$(cat made.* | wc -l)" -eq 16 ]
    [ "$(hs-tasks status --json | jq -s 'map(.machine.pending // 0) | add')" -eq 0 ]
  done
}

# first_of_once: on a portal without unique keys a process, $first, has sent the task of key "once" for Ann, $ann, and waits for the answer.
first_of_once() {
  portal --no-unique
  ann=$(contact Ann)
  soon
  between tasks/batch/create 1 wait 1
  hs-tasks create --subject Call --key once <<<"{\"contact\":{\"id\":\"$ann\"}}" &
  first=$!
  until grep -q held proxy.err; do
    kill -0 "$first"
    sleep 0.01
  done
}

@test "who waits for another's task of the same key goes on when that one is killed, and makes no second" {
  first_of_once
  hs-tasks create --subject Call --key once --pass <<<"{\"contact\":{\"id\":\"$ann\"}}" >made &
  second=$!
  until [ "$(journal 'SELECT count(*) FROM work')" = 2 ]; do
    kill -0 "$second"
    sleep 0.01
  done
  kill -9 "$first"
  wait "$first" || [ "$?" -eq 137 ]
  wait "$second"
  [ "$(hs-tasks list --no-join | jq -r .task.id)" = "$(jq -r .task.id made)" ]
}

@test "waiting until a lost create may be looked for costs no processor time" {
  first_of_once
  kill -9 "$first"
  wait "$first" || [ "$?" -eq 137 ]
  TIMEFORMAT='%U %S %R'
  { time hs-tasks create --subject Call --key once <<<"{\"contact\":{\"id\":\"$ann\"}}"; } 2>seconds
  [ "$(hs-tasks list --no-join | wc -l)" -eq 1 ]
  awk '{ exit !($3 >= 1 && $1 + $2 < $3 / 2) }' seconds
}
