#!/usr/bin/env bats
# hs-tasks fail, snooze, release, escalate and dead: an operator's word on tasks.

setup() {
  load helper
  load hs-tasks-helper
}
teardown() { stop_sandbox; }

@test "a released task is anybody's again, and its attempt does not count" {
  portal
  id=$(task 'Enrich Data for Ann' "$(contact Ann a@x.example)")
  claim >records
  [ "$(state "$id")" = IN_PROGRESS ]
  run --separate-stderr hs-tasks release --now "$NOW" records
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [ "$stderr" = '' ]
  [ "$(get tasks "$id" hs_task_status,leadpipe_lease,leadpipe_expires,leadpipe_attempt)" = $'NOT_STARTED\n\n\n0' ]
  claim >again
  [ "$(jq -r .lease.attempt again)" = 1 ]
  # the first record's token is another's by now
  run --separate-stderr hs-tasks release --now "$NOW" records
  [ "$status" -eq 1 ]
  [ "$(jq -r .error.code <<<"$output")" = lease_lost ]
  [ "$(state "$id")" = IN_PROGRESS ]
}

@test "a failed task waits with the reason, is a dead letter, and is worked again from the first attempt" {
  portal
  ann=$(contact Ann a@x.example)
  id=$(task 'Enrich Data for Ann' "$ann")
  claim | hs-tasks fail --reason 'No budget <this> year' --now "$NOW"
  [ "$(get tasks "$id" hs_task_status,leadpipe_reason)" = $'WAITING\nNo budget <this> year' ]
  [ "$(api GET "$O/notes?properties=hs_note_body" | jq -r '.results[].properties.hs_note_body')" = 'No budget &lt;this&gt; year' ]
  [ "$(claim | wc -l)" -eq 0 ]
  run --separate-stderr hs-tasks dead list --type enrich
  [ "$status" -eq 0 ]
  [ "$(jq -r '.task.id, .contact.id, .task.properties.leadpipe_reason' <<<"$output")" = "$id"$'\n'"$ann"$'\nNo budget <this> year' ]
  [ "$(hs-tasks dead list --type qualify | wc -l)" -eq 0 ]
  hs-tasks dead list | hs-tasks dead retry --now "$NOW"
  [ "$(get tasks "$id" hs_task_status,leadpipe_reason,leadpipe_attempt,leadpipe_lease)" = $'NOT_STARTED\n\n0' ]
  [ "$(claim | jq -r .lease.attempt)" = 1 ]
}

@test "a snoozed task is due later, and not before" {
  portal
  id=$(task 'Enrich Data for Ann' "$(contact Ann a@x.example)")
  claim | hs-tasks snooze --until 'in 3 days' --reason 'On holiday' --now "$NOW"
  [ "$(get tasks "$id" hs_task_status,hs_timestamp,leadpipe_reason)" = $'NOT_STARTED\n2026-01-08T09:00:00.000Z\nOn holiday' ]
  [ "$(claim | wc -l)" -eq 0 ]
  [ "$(hs-tasks claim --now 2026-01-08T09:00:00Z | wc -l)" -eq 1 ]
  run --separate-stderr hs-tasks snooze --until someday </dev/null
  [ "$status" -eq 2 ]
  [[ $stderr == *'--until wants a time such as 2026-11-23T09:00:00Z, today or "in 2 days", not "someday"'* ]]
}

@test "an escalated task is another owner's, whether it was claimed or waits" {
  portal
  first=$(task 'Enrich Data for Ann' "$(contact Ann a@x.example)")
  second=$(task 'Enrich Data for Bob' "$(contact Bob b@x.example)")
  claim >records
  head -n 1 records | hs-tasks escalate --owner human --reason 'Knows them' --now "$NOW"
  tail -n 1 records | hs-tasks fail --now "$NOW"
  hs-tasks dead list | hs-tasks escalate --owner human --now "$NOW"
  for id in "$first" "$second"; do
    [ "$(get tasks "$id" hs_task_status,hubspot_owner_id,leadpipe_lease)" = $'NOT_STARTED\n'"$HUMAN" ]
  done
  run --separate-stderr hs-tasks escalate --owner nobody records
  [ "$status" -eq 2 ]
  [[ $stderr == *'has no owner "nobody"'* ]]
}

@test "a person's task is not touched by any of them" {
  portal
  id=$(task 'Enrich Data for Ann' "$(contact Ann a@x.example)" '{"hs_task_status":"IN_PROGRESS"}')
  hs-tasks list >records
  for verb in 'fail' 'release' 'snooze --until tomorrow' 'escalate --owner human'; do
    # shellcheck disable=SC2086  # words
    run --separate-stderr hs-tasks $verb records
    [ "$status" -eq 1 ]
    [ "$(jq -r .error.code <<<"$output")" = lease_lost ]
  done
  [ "$(get tasks "$id" hs_task_status,hubspot_owner_id,leadpipe_lease,leadpipe_reason)" = $'IN_PROGRESS\n71001' ]
}
