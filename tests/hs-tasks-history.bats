#!/usr/bin/env bats
# hs-tasks history, pause and resume: what the journal of a portal tells, and whom claim leaves alone.
# shellcheck disable=SC2016  # the dollars in single quotes are jq's

setup() { load helper; load hs-tasks-helper; }
teardown() { stop_sandbox; }

# worked: Ann and Bob, qualified; ANN, BOB and their tasks' ids.
worked() {
  portal
  ANN=$(contact Ann ann@x.example) BOB=$(contact Bob bob@x.example)
  ANN_TASK=$(task 'Qualify Lead: Ann' "$ANN") BOB_TASK=$(task 'Qualify Lead: Bob' "$BOB")
  claim | qualify --now "$NOW" | tee worked | complete
}

@test "history has a line for each effect, oldest first, with values before and after and the result that made them" {
  worked
  run --separate-stderr hs-tasks history
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ "$(jq -r '"\(.task) \(.effect) \(.object.type) \(.state)"' <<<"$output")" = "$ANN_TASK contact contacts done
$ANN_TASK note notes done
$ANN_TASK follow_up tasks done
$ANN_TASK status tasks done
$BOB_TASK contact contacts done
$BOB_TASK note notes done
$BOB_TASK follow_up tasks done
$BOB_TASK status tasks done" ]
  first=$(head -n 1 <<<"$output")
  [ "$(jq -r '.contact, .object.id, .route, .tool, .verb, .before.lead_score, .after.lead_score, .after.lead_tier' <<<"$first")" = \
    "$ANN"$'\n'"$ANN"$'\nqualify\nhs-tasks\ncomplete\nnull\n10\nCOLD' ]
  [ "$(jq -c .qualification <<<"$first")" = "$(head -n 1 worked | jq -c .qualification)" ]
  [ "$(jq -r .rules.digest <<<"$first")" = "$(head -n 1 worked | jq -r .qualification.rules.digest)" ]
  [ "$(jq -r '[.id, .run, .at, .portal, .key] | map(type) | unique[]' <<<"$first")" = string ]
  follow=$(jq -r 'select(.effect == "follow_up") | .object.id' <<<"$output" | head -n 1)
  [ "$(get tasks "$follow" hs_task_subject)" = 'Enrich Data - COLD Lead: Ann' ]
}

@test "history picks by run, contact, task, number and expression" {
  worked
  count=$(calls)
  [ "$(hs-tasks history --contact "$ANN" | jq -r .task | sort -u)" = "$ANN_TASK" ]
  [ "$(hs-tasks history --task "$BOB_TASK" | jq -r .contact | sort -u)" = "$BOB" ]
  [ "$(hs-tasks history --task "$BOB_TASK" | wc -l)" -eq 4 ]
  run_id=$(hs-tasks history -n 1 | jq -r .run)
  [ "$(hs-tasks history --run "$run_id" | wc -l)" -eq 8 ]
  [ "$(hs-tasks history --run 999)" = '' ]
  [ "$(hs-tasks history -n 3 | wc -l)" -eq 3 ]
  [ "$(hs-tasks history -n 0)" = '' ]
  [ "$(hs-tasks history --where '.effect == "note"' | wc -l)" -eq 2 ]
  [ "$(hs-tasks history -n 1 --where '.effect == "note"' | jq -r .task)" = "$ANN_TASK" ]
  [ "$(calls)" -eq "$count" ]
  [ "$(hs-tasks history --contact BOB@x.example | jq -r .contact | sort -u)" = "$BOB" ]
  [ "$(calls)" -eq $((count + 1)) ]
  run --separate-stderr hs-tasks history --contact nobody@x.example
  [ "$status" -eq 2 ]
  [[ $stderr == *'finding the contact'* ]]
}

@test "--since takes a time of day, words and times" {
  worked
  for time in today 00:00 00:00:00 '1 hour ago' 'an hour ago' 2026-01-01 2026-01-01T00:00:00Z; do
    [ "$(hs-tasks history --since "$time" | wc -l)" -eq 8 ]
  done
  [ "$(hs-tasks history --since 2126-01-01)" = '' ]
  for time in soon 24:00 1:00 '' '1 hour'; do
    run --separate-stderr hs-tasks history --since "$time"
    [ "$status" -eq 2 ]
    [[ $stderr == *'--since wants'* ]]
  done
}

@test "history needs neither token nor network where one portal is known, and is empty where none is" {
  worked
  stop_sandbox
  unset HUBSPOT_ACCESS_TOKEN
  [ "$(hs-tasks history | wc -l)" -eq 8 ]
  [ "$(hs-tasks history --portal 4200001 | wc -l)" -eq 8 ]
  [ "$(hs-tasks history --portal 1 | wc -l)" -eq 0 ]
  run --separate-stderr hs-tasks history --portal ../1
  [ "$status" -eq 2 ]
  HUBSPOT_API_URL=https://api.hubapi.com run --separate-stderr hs-tasks history
  [ "$status" -eq 2 ]
  [[ $stderr == *'--portal says which'* ]]
}

@test "history | qualify explain says once for each result why" {
  worked
  run --separate-stderr bash -c "hs-tasks history --contact ann@x.example | qualify explain"
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ "${lines[0]}" = "contact $ANN, task $ANN_TASK: 10 points, COLD, at 2026-01-05T09:00:00.000Z" ]
  [[ ${lines[1]} == '  by the rules sf-v1, sha256:'* ]]
  [ "${lines[2]}" = '  +10  email: contact.email is "ann@x.example"' ]
  [ "$(grep -c points <<<"$output")" -eq 1 ]
  [ "$(hs-tasks history | qualify explain | grep -c points)" -eq 2 ]
}

@test "claim leaves a paused route alone, alone and among others, until it is resumed" {
  portal
  ann=$(contact Ann ann@x.example)
  task 'Qualify Lead: Ann' "$ann"
  task 'Enrich Data for Ann' "$ann"
  run --separate-stderr hs-tasks pause qualify --reason 'new rules
come'
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  run --separate-stderr hs-tasks pause
  [ "$status" -eq 0 ]
  [[ $output == qualify$'\t'20*Z$'\tnew rules\\x0acome' ]]
  run --separate-stderr claim --type qualify
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  [ "$stderr" = 'hs-tasks: claim: route qualify is paused; hs-tasks resume qualify ends that' ]
  [ "$(claim | jq -r .task.properties.hs_task_subject)" = 'Enrich Data for Ann' ]
  run --separate-stderr hs-tasks resume qualify
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ "$(hs-tasks pause)" = '' ]
  [ "$(claim | jq -r .task.properties.hs_task_subject)" = 'Qualify Lead: Ann' ]
  run --separate-stderr hs-tasks resume qualify
  [ "$status" -eq 0 ]
  [ "$stderr" = 'hs-tasks: resume: route qualify is not paused' ]
}

@test "a paused route of many due tasks does not stand before the others" {
  portal
  ann=$(contact Ann ann@x.example)
  jq -nc '[range(300) | {properties:{hs_task_subject:"Qualify Lead: \(.)", hs_timestamp:"2026-01-05T07:00:00Z", hubspot_owner_id:"71001",
    hs_task_status:"NOT_STARTED", hs_task_priority:"HIGH"}}] | _nwise(100) | {inputs:.}' |
    while IFS= read -r body; do api POST "$O/tasks/batch/create" "$body" >/dev/null; done
  task 'Enrich Data for Ann' "$ann" '{"hs_task_priority":"LOW"}'
  hs-tasks pause qualify
  [ "$(claim -n 5 | jq -r .task.properties.hs_task_subject)" = 'Enrich Data for Ann' ]
}

@test "pause takes no route that is not there, and resume wants one" {
  portal
  run --separate-stderr hs-tasks pause qualfy
  [ "$status" -eq 2 ]
  [[ $stderr == *'has no route "qualfy"'* ]]
  run --separate-stderr hs-tasks resume
  [ "$status" -eq 2 ]
  run --separate-stderr hs-tasks pause qualify --reason ''
  [ "$status" -eq 2 ]
  [ "$(hs-tasks pause)" = '' ]
}
