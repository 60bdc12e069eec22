#!/usr/bin/env bats
# hs-tasks between two others: what changes in the portal just before one of its requests arrives.

setup() { load helper; load hs-tasks-helper; }
teardown() { stop_proxy; stop_sandbox; }

steal() { between "$1" "$2" patch "$O/tasks/$3" '{"properties":{"leadpipe_lease":"another"}}'; }

@test "a task whose token was overwritten before the read-back is the other's" {
  portal
  ann=$(contact Ann)
  lost=$(task 'Enrich Data 1' "$ann")
  kept=$(task 'Enrich Data 2' "$ann")
  steal /tasks/batch/read 2 "$lost"
  run --separate-stderr claim -v
  [ "$status" -eq 0 ]
  [ "$(jq -r .task.id <<<"$output")" = "$kept" ]
  [[ $stderr == *'2 candidates: 1 taken, 1 lost to others,'* ]]
  [ "$(get tasks "$lost" hs_task_status,leadpipe_lease)" = $'NOT_STARTED\nanother' ]
}

@test "a claim whose write is answered after the window gives up and writes nothing more" {
  portal
  id=$(task 'Enrich Data for Ann' "$(contact Ann)")
  api PATCH /crm/properties/2026-03/tasks/leadpipe_lease '{"description":"{\"window_ms\":200,\"settle_ms\":0}"}' >/dev/null
  between /tasks/batch/update 1 wait 0.5
  run --separate-stderr claim -v
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [[ $stderr == *' 1 too late,'* ]]
  [ "$(get tasks "$id" hs_task_status)" = NOT_STARTED ]
}

@test "a task that is lost while its effects are written keeps the other's status" {
  portal
  id=$(task 'Enrich Data for Ann' "$(contact Ann)")
  claim | enriched >records
  steal /tasks/batch/read 2 "$id"
  run --separate-stderr complete records
  [ "$status" -eq 1 ]
  [ "$(jq -r .error.code <<<"$output")" = lease_lost ]
  [ "$(get tasks "$id" hs_task_status,leadpipe_lease,leadpipe_done)" = $'IN_PROGRESS\nanother' ]
}

@test "a task that was claimed by another just before the first fence gets no effect" {
  portal
  ann=$(contact Ann)
  id=$(task 'Enrich Data for Ann' "$ann")
  claim | enriched >records
  steal /tasks/batch/read 1 "$id"
  run --separate-stderr complete records
  [ "$status" -eq 1 ]
  [ "$(jq -r .error.code <<<"$output")" = lease_lost ]
  [ "$(count notes)" -eq 0 ]
  [ "$(get contacts "$ann" data_quality)" = '' ]
}
