#!/usr/bin/env bats
# hs-tasks status: what it counts, how exactly, and its bad days.
# shellcheck disable=SC2016  # the dollars in single quotes are jq's

setup() { load helper; load hs-tasks-helper; }
teardown() { stop_proxy; stop_sandbox; }

# of ROUTE JQ: from the JSON lines in $output
of() { jq -c --arg route "$1" "select(.route == \$route) | $2" <<<"$output"; }

@test "status counts by route and state, with leases, ages, reasons and what was completed" {
  portal
  ann=$(contact Ann)
  task 'Enrich Data 1' "$ann" '{"hs_timestamp":"2026-01-03T09:00:00Z"}'
  task 'Enrich Data 2' "$ann" '{"hs_timestamp":"2026-01-05T08:00:00Z"}'
  task 'Enrich Data 3' "$ann" '{"hs_timestamp":"2026-01-05T08:30:00Z"}'
  task 'Enrich Data 4' "$ann" '{"hs_timestamp":"2026-01-06T09:00:00Z"}'
  task 'Enrich Data 5' "$ann" '{"hs_task_status":"COMPLETED"}'
  task 'Enrich Data 6' "$ann" '{"leadpipe_lease":"x","leadpipe_expires":"2099-01-01"}'
  task 'Qualify Lead 1' "$ann" '{"hs_task_status":"WAITING","leadpipe_reason":"no website"}'
  task 'Qualify Lead 2' "$ann" '{"hs_task_status":"WAITING","leadpipe_reason":"no website"}'
  task 'Qualify Lead 3' "$ann" '{"hs_task_status":"WAITING"}'
  task 'Send Outreach 1' "$ann" '{"hs_task_status":"IN_PROGRESS","leadpipe_lease":"x","leadpipe_expires":"2026-01-01"}'
  task 'Send Outreach 2' "$ann" '{"hs_task_status":"IN_PROGRESS","leadpipe_lease":"x","leadpipe_expires":"2099-01-01"}'
  task 'Send Outreach 3' "$ann" '{"hs_task_status":"IN_PROGRESS"}'
  task 'Call Ann' "$ann" '{"hs_task_status":"COMPLETED"}'
  task 'Call Ann later' "$ann" '{"hs_task_status":"DEFERRED"}'
  task 'Enrich Data: not ours' "$ann" '{"hubspot_owner_id":"71002"}'
  before=$(calls)
  run --separate-stderr hs-tasks status --now "$NOW" --json
  [ "$status" -eq 0 ]
  [ "$output" = '{"route":"enrich","due":3,"later":1,"leased":1,"expired":0,"people":0,"waiting":0,"completed":1,"completed_day":1,"completed_hour":1,"estimated":[],"age_p50_s":3600,"age_p95_s":172800,"age_max_s":172800,"reasons":[]}
{"route":"qualify","due":0,"later":0,"leased":0,"expired":0,"people":0,"waiting":3,"completed":0,"completed_day":0,"completed_hour":0,"estimated":[],"age_p50_s":null,"age_p95_s":null,"age_max_s":null,"reasons":[{"reason":"no website","tasks":2},{"reason":"","tasks":1}]}
{"route":"outreach","due":0,"later":0,"leased":1,"expired":1,"people":1,"waiting":0,"completed":0,"completed_day":0,"completed_hour":0,"estimated":[],"age_p50_s":null,"age_p95_s":null,"age_max_s":null,"reasons":[]}
{"route":"other","due":0,"later":0,"leased":0,"expired":0,"people":0,"waiting":0,"completed":1,"completed_day":1,"completed_hour":1,"estimated":[],"age_p50_s":null,"age_p95_s":null,"age_max_s":null,"reasons":[]}
{"machine":{"leases":0,"pending":0,"pending_effects":0,"unknown_effects":0,"done_last_hour":0}}' ]
  # open tasks, completed tasks; account and owners besides
  [ $(($(calls) - before)) -le 4 ]
  run --separate-stderr hs-tasks status --now "$NOW"
  [ "$output" = 'ROUTE            DUE   LATER  LEASED EXPIRED  PEOPLE WAITING    DONE     DAY    HOUR AGE P50     P95     MAX
enrich             3       1       1       0       0       0       1       1       1      1h      2d      2d
qualify            0       0       0       0       0       3       0       0       0       -       -       -
outreach           0       0       1       1       1       0       0       0       0       -       -       -
other              0       0       0       0       0       0       1       1       1       -       -       -

WAITING        TASKS  REASON
qualify            2  no website
qualify            1  (none given)

this machine: 0 leases out, 0 records pending (0 effects, 0 unknown), 0 done in the last hour' ]
}

@test "what was completed long ago is no news" {
  portal --db portal.db --now "$NOW"
  fill tasks 3 '{hs_task_subject: "Enrich Data \($i)", hs_timestamp: "2026-01-01", hubspot_owner_id: "71001", hs_task_status: "COMPLETED"}'
  stop_sandbox
  start_sandbox --db portal.db --rate 0 --search-rate 0
  task 'Enrich Data' '' '{"hs_task_status":"COMPLETED"}' >/dev/null
  run --separate-stderr hs-tasks status --json
  [ "$(of enrich '[.completed, .completed_day, .completed_hour, .estimated]')" = '[4,1,1,[]]' ]
}

@test "more than 2,000 completed tasks are HubSpot's totals, and said to be" {
  portal --db portal.db --now "$NOW"
  fill tasks 2100 '{hs_task_subject: (if $i <= 100 then "Enrichment \($i)" elif $i <= 1000 then "Enrich Data \($i)" else "Qualify Lead \($i)" end),
    hs_timestamp: "2026-01-01", hubspot_owner_id: "71001", hs_task_status: "COMPLETED"}'
  stop_sandbox
  start_sandbox --db portal.db --rate 0 --search-rate 0
  task 'Enrich this' '' '{"hs_task_status":"COMPLETED"}'
  before=$(calls)
  run --separate-stderr hs-tasks status --json
  # One too many in enrich: "Enrich this" has the route's word, and is no task of it. Lately there were few, and they are exact.
  [ "$(of enrich '[.completed, .completed_day, .completed_hour, .estimated]')" = '[901,0,0,["completed"]]' ]
  [ "$(of qualify '.completed')" = 1100 ]
  [ "$(of other '[.completed, .completed_day, .completed_hour]')" = '[100,1,1]' ]
  [ $(($(calls) - before)) -le 8 ]
  run --separate-stderr hs-tasks status
  [[ ${lines[2]} == 'qualify '*' ~1100       0       0 '* ]]
}

@test "an empty portal and non-ASCII reasons" {
  portal
  run --separate-stderr hs-tasks status --json
  [ "$status" -eq 0 ]
  [ "$(jq -s 'map((.due // 0) + (.completed // 0)) | add' <<<"$output")" -eq 0 ]
  run --separate-stderr hs-tasks status
  [ "${#lines[@]}" -eq 6 ]
  long=$(printf 'ü%.0s' $(seq 150))
  task 'Enrich Data 1' '' "{\"hs_task_status\":\"WAITING\",\"leadpipe_reason\":\"$long\"}"
  task 'Enrich Data 2' '' '{"hs_task_status":"WAITING","leadpipe_reason":"red \u001b[31m"}'
  run --separate-stderr hs-tasks status --json
  [ "$(of enrich '.reasons | map(.reason | length)')" = '[9,100]' ]
  run --separate-stderr hs-tasks status
  [[ $output == *'red \x1b[31m'* ]]
}

@test "status that breaks off prints nothing, and gives the reason and its status" {
  portal
  between /tasks/search 2 answer 401 '{"status":"error","message":"The token was revoked","category":"INVALID_AUTHENTICATION"}'
  run --separate-stderr hs-tasks status
  [ "$status" -eq 77 ]
  [ "$output" = '' ]
  [ "$stderr" = 'hs-tasks: status: status 401: The token was revoked' ]
  run --separate-stderr hs-tasks status --api-url http://127.0.0.1:9
  [ "$status" -eq 69 ]
}

@test "status -v tells its calls" {
  portal
  task 'Enrich Data 1'
  run --separate-stderr hs-tasks status -v
  [[ $stderr == 'hs-tasks: status: 1 tasks, '?' calls (2 searches, '* ]]
}
