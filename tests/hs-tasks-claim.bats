#!/usr/bin/env bats
# hs-tasks claim: who gets which task, and what is left alone.
# shellcheck disable=SC2016  # the dollars in single quotes are jq's

setup() { load helper; load hs-tasks-helper; }
teardown() { stop_sandbox; }

past() { date -u -d '-1 hour' +%FT%TZ; }
future() { date -u -d '+1 hour' +%FT%TZ; }

@test "due tasks come out by priority and due date, leased, with their contact" {
  portal
  ann=$(contact Ann ann@x.example)
  low=$(task 'Enrich Data for Ann' "$ann" '{"hs_task_priority":"LOW","hs_timestamp":"2026-01-01T00:00:00Z"}')
  late=$(task 'Enrich Data for Ann' "$ann" '{"hs_timestamp":"2026-01-05T09:00:00Z"}')
  early=$(task 'enrich data for Ann' "$ann" '{"hs_timestamp":"2026-01-04T09:00:00Z"}')
  none=$(task 'Enrich Data for Ann' "$ann" '{"hs_task_priority":""}')
  run --separate-stderr claim --type enrich
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ "$(jq -r .task.id <<<"$output")" = "$early"$'\n'"$late"$'\n'"$low"$'\n'"$none" ]
  record=${lines[0]}
  [ "$(jq -r '.contact.id, .contact.properties.email, .lease.attempt, .task.properties.hs_task_status, .read_at' <<<"$record")" = \
    "$ann"$'\nann@x.example\n1\nIN_PROGRESS\n2026-01-05T09:00:00.000Z' ]
  [ "$(jq -r '.lease.token, .lease.expires' <<<"$record")" = "$(get tasks "$early" leadpipe_lease,leadpipe_expires)" ]
  [ "$(get tasks "$early" hs_task_status,leadpipe_attempt)" = $'IN_PROGRESS\n1' ]
  left=$(($(date -d "$(jq -r .lease.expires <<<"$record")" +%s) - $(date +%s)))
  [ "$left" -ge 590 ]
  [ "$left" -le 603 ]
  run --separate-stderr claim --type enrich
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
}

@test "what is not due, a person's, parked, leased, another owner's or of another route is left" {
  portal
  ann=$(contact Ann)
  task 'Enrich Data: later' "$ann" '{"hs_timestamp":"2026-01-05T09:00:01Z"}'
  task 'Enrich Data: a person works on it' "$ann" '{"hs_task_status":"IN_PROGRESS"}'
  task 'Enrich Data: parked' "$ann" '{"hs_task_status":"WAITING"}'
  task 'Enrich Data: retry later' "$ann" '{"hs_task_status":"WAITING","leadpipe_retry_at":"2026-01-05T10:00:00Z"}'
  task 'Enrich Data: leased' "$ann" "{\"hs_task_status\":\"IN_PROGRESS\",\"leadpipe_lease\":\"x\",\"leadpipe_expires\":\"$(future)\"}"
  task 'Enrich Data: being claimed' "$ann" "{\"leadpipe_lease\":\"x\",\"leadpipe_expires\":\"$(future)\"}"
  task 'Enrich Data: done' "$ann" '{"hs_task_status":"COMPLETED"}'
  task 'Enrich Data: deferred' "$ann" '{"hs_task_status":"DEFERRED"}'
  task 'Enrich Data: a colleague has it' "$ann" '{"hubspot_owner_id":"71002"}'
  task 'Qualify Lead: Ann' "$ann"
  before=$(subjects)
  run --separate-stderr claim --type enrich
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [ "$(subjects)" = "$before" ]
}

@test "leases that ran out, retries whose time has come and reopened tasks are taken; a late write is repaired" {
  portal
  ann=$(contact Ann)
  crashed=$(task 'Enrich Data: crashed' "$ann" "{\"hs_task_status\":\"IN_PROGRESS\",\"leadpipe_lease\":\"x\",\"leadpipe_expires\":\"$(past)\",\"leadpipe_attempt\":\"2\"}")
  retry=$(task 'Enrich Data: retry' "$ann" '{"hs_task_status":"WAITING","leadpipe_retry_at":"2026-01-05T08:59:00Z","leadpipe_attempt":"1"}')
  reopened=$(task 'Enrich Data: reopened' "$ann" "{\"leadpipe_lease\":\"x\",\"leadpipe_done\":\"x\",\"leadpipe_expires\":\"$(future)\",\"leadpipe_attempt\":\"4\"}")
  late=$(task 'Enrich Data: late write' "$ann" "{\"hs_task_status\":\"IN_PROGRESS\",\"leadpipe_lease\":\"x\",\"leadpipe_done\":\"x\",\"leadpipe_expires\":\"$(past)\"}")
  run --separate-stderr claim --type enrich
  [ "$status" -eq 0 ]
  [ "$(jq -r '"\(.task.id) \(.lease.attempt)"' <<<"$output")" = "$crashed 3"$'\n'"$retry 2"$'\n'"$reopened 1" ]
  [ "$(state "$late")" = COMPLETED ]
}

@test "a task without a contact comes out with an error, and complete parks it with the reason" {
  portal
  alone=$(task 'Enrich Data for nobody' '' '{"hs_task_body":"<b>see file</b>"}')
  run --separate-stderr claim --type enrich
  [ "$status" -eq 1 ]
  [ "$(jq -c .error <<<"$output")" = '{"tool":"hs-tasks","code":"no_contact","message":"No contact associated with task","retryable":false}' ]
  run --separate-stderr complete <<<"$output"
  [ "$status" -eq 1 ]
  [ "$output" = '' ]
  [ "$(get tasks "$alone" hs_task_status,leadpipe_reason,hs_task_body)" = \
    $'WAITING\nNo contact associated with task\n<b>see file</b><p>Leadpipe: No contact associated with task</p>' ]
  [ "$(claim)" = '' ]
}

@test "tasks of no route are claimed as other, and parked with a note on their contact" {
  portal
  ann=$(contact Ann)
  call=$(task 'Call about renewal' "$ann")
  task 'Enrich Data for Ann' "$ann"
  claim --type other >records || [ $? -eq 1 ]
  [ "$(jq -r '.task.id, .error.code' records)" = "$call"$'\nunknown_type' ]
  run --separate-stderr complete records
  [ "$status" -eq 1 ]
  [ "$(get tasks "$call" hs_task_status,leadpipe_reason)" = $'WAITING\nUnknown task type, needs human review' ]
  note=$(api GET "$O/contacts/$ann?associations=notes" | jq -r '.associations.notes.results[].id')
  [ "$(get notes "$note" hs_note_body)" = 'Unknown task type, needs human review' ]
}

@test "a task that was claimed five times without a result is given up" {
  portal
  task 'Enrich Data for Ann' "$(contact Ann)" "{\"hs_task_status\":\"IN_PROGRESS\",\"leadpipe_lease\":\"x\",\"leadpipe_expires\":\"$(past)\",\"leadpipe_attempt\":\"5\"}"
  run --separate-stderr claim
  [ "$status" -eq 1 ]
  [ "$(jq -r '.error.code, .lease.attempt' <<<"$output")" = $'too_many_attempts\n6' ]
}

@test "-n takes that many, the most urgent, and 0 none without a call" {
  portal
  ann=$(contact Ann)
  for i in 1 2 3; do task "Enrich Data $i" "$ann" "{\"hs_timestamp\":\"2026-01-0$i\"}"; done
  before=$(calls)
  [ "$(claim -n 0)" = '' ]
  [ "$(calls)" -eq "$before" ]
  [ "$(claim -n 2 | jq -r .task.properties.hs_task_subject)" = $'Enrich Data 1\nEnrich Data 2' ]
  [ "$(claim -n 2 | jq -r .task.properties.hs_task_subject)" = 'Enrich Data 3' ]
}

@test "a queue larger than a page is searched by priority" {
  portal
  ann=$(contact Ann)
  jq -nc --arg c "$ann" '[range(100)] | {inputs: map({properties: {hs_task_subject: "Enrich Data \(.)", hs_timestamp: "2026-01-02T00:00:00Z",
    hs_task_status: "NOT_STARTED", hs_task_priority: "LOW", hubspot_owner_id: "71001"},
    associations: [{to: {id: $c}, types: [{associationCategory: "HUBSPOT_DEFINED", associationTypeId: 204}]}]})}' >batch.json
  for _ in 1 2 3; do api POST "$O/tasks/batch/create" "$(cat batch.json)" >/dev/null; done
  urgent=$(task 'Enrich Data now' "$ann" '{"hs_timestamp":"2026-01-05T00:00:00Z"}')
  claim -n 150 >records
  [ "$(wc -l <records)" -eq 150 ]
  [ "$(head -n 1 records | jq -r .task.id)" = "$urgent" ]
  [ "$(jq -r .task.id records | sort -u | wc -l)" -eq 150 ]
  [ "$(claim -n 1000 | wc -l)" -eq 151 ]
}

@test "--dry-run shows the lease writes and writes nothing" {
  portal
  id=$(task 'Enrich Data for Ann' "$(contact Ann)")
  run --separate-stderr claim --dry-run
  [ "$status" -eq 0 ]
  [ "$(jq -r '.method, .path, (.body.inputs[0].properties | keys | join(" "))' <<<"${lines[0]}")" = \
    $'POST\n/crm/objects/2026-03/tasks/batch/update\nleadpipe_attempt leadpipe_expires leadpipe_lease' ]
  [ "$(jq -r '.body.inputs[0].properties.hs_task_status' <<<"${lines[1]}")" = IN_PROGRESS ]
  [ "${#lines[@]}" -eq 2 ]
  [ "$(get tasks "$id" hs_task_status,leadpipe_lease)" = 'NOT_STARTED' ]
}

@test "four claimers at once never share a task" {
  portal
  ann=$(contact Ann)
  for i in 1 2 3 4 5 6 7 8; do task "Enrich Data $i" "$ann" >/dev/null; done
  api PATCH /crm/properties/2026-03/tasks/leadpipe_lease \
    '{"description":"{\"window_ms\":5000,\"settle_ms\":300,\"unique_key\":[\"tasks\",\"notes\",\"emails\"]}"}' >/dev/null
  pids=()
  for i in 1 2 3 4; do
    hs-tasks claim --now "$NOW" -n 8 >"claimed.$i" 3>&- &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
  [ "$(cat claimed.* | jq -r .task.id | sort | uniq -d)" = '' ]
  [ "$(cat claimed.* | wc -l)" -ge 1 ]
}

@test "both forms of the API's paths work" {
  portal
  ann=$(contact Ann)
  task 'Enrich Data 1' "$ann"
  [ "$(claim --api v3 | enriched | complete --api v3 --pass | jq -r .contact.id)" = "$ann" ]
  [ "$(subjects COMPLETED)" = 'Enrich Data 1' ]
}

@test "a portal without setup, and an owner that is not there, are said with the remedy" {
  start_sandbox
  run --separate-stderr claim
  [ "$status" -eq 2 ]
  [ "$stderr" = 'hs-tasks: claim: the portal is not set up: run hs-tasks setup first' ]
  [ "$(jq -r .error.code <<<"$output")" = bad_config ]
  hs-tasks setup -q
  jq '.owners.human.email = "nobody@x.example"' "$PROJECT/share/workflow.json" >workflow.json
  run --separate-stderr claim --workflow workflow.json
  [ "$status" -eq 2 ]
  [ "$stderr" = 'hs-tasks: claim: no owner "nobody@x.example" in the portal: add the user, or change "owners" in the workflow file' ]
}

@test "an empty queue costs one search, once the owners are known; a damaged cache is asked anew" {
  portal
  hs-tasks claim --type enrich
  before=$(calls)
  run --separate-stderr hs-tasks claim --type enrich
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [ $(($(calls) - before)) -eq 1 ]
  head -c 20000 /dev/urandom >"$LEADPIPE_HOME/cache/cache.db"
  run --separate-stderr hs-tasks claim --type enrich
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ $(($(calls) - before)) -eq 4 ]
}

@test "the pages of a long search are asked for side by side, and no more of them than are needed" {
  portal --db portal.db
  fill tasks 1500 '{hs_task_subject: "Enrich Data \($i)", hs_timestamp: "2026-01-05T08:00:00Z", hubspot_owner_id: "71001", hs_task_status: "NOT_STARTED",
    hs_task_priority: "HIGH"}'
  stop_sandbox
  start_sandbox --db portal.db --rate 0 --search-rate 0 --latency 400ms --calls calls.jsonl
  run --separate-stderr claim --type enrich -n 1000
  [ "$status" -eq 1 ] # without a contact
  [ "$(jq -r .task.id <<<"$output" | sort -u | wc -l)" -eq 1000 ]
  [ "$(side_by_side tasks/search)" -ge 2 ]
  # The first, which tells that there are more than are wanted; the one for old tasks; and five of two hundred.
  [ "$(grep -c tasks/search calls.jsonl)" -eq 7 ]
}
