#!/usr/bin/env bats
# hs-tasks undo: what comes back, and what is left because it is somebody else's by now.
# shellcheck disable=SC2016  # the dollars in single quotes are jq's

setup() { load helper; load hs-tasks-helper; }
teardown() { stop_sandbox; }

# worked: Ann, qualified; ANN, ID of her task, RUN.
worked() {
  portal
  ANN=$(make contacts '{"firstname":"Ann","email":"ann@x.example","lead_score":"7","lead_tier":"WARM"}')
  ID=$(task 'Qualify Lead: Ann' "$ANN")
  claim | qualify --now "$NOW" | complete
  RUN=$(hs-tasks history -n 1 | jq -r .run)
}
object() { hs-tasks history --run "$RUN" --where ".effect == \"$1\"" | jq -r .object.id; }
score() { get contacts "$ANN" lead_score,lead_tier; }
outcomes() { jq -r '"\(.effect) \(.outcome)"' <<<"$output"; }

# batch TYPE: creates the objects on stdin, a line each, a hundred in a call; prints their ids.
batch() {
  jq -nc '[inputs] | _nwise(100) | {inputs:.}' |
    while IFS= read -r body; do api POST "$O/$1/batch/create" "$body" | jq -r '.results[].id'; done
}

@test "undo puts properties back, archives note and follow-up, leaves the status, and pauses both routes" {
  worked
  note=$(object note) follow=$(object follow_up)
  run --separate-stderr hs-tasks undo "$RUN"
  [ "$status" -eq 0 ]
  [ "$stderr" = 'hs-tasks: undo: route enrich is paused; hs-tasks resume enrich ends that
hs-tasks: undo: route qualify is paused; hs-tasks resume qualify ends that
hs-tasks: undo: 1 restored (0 in part), 2 archived, 1 left alone, 0 failed
hs-tasks: undo: 1: a status is left alone without --reopen' ]
  [ "$(outcomes)" = $'contact restored\nnote archived\nfollow_up archived\nstatus skipped' ]
  [ "$(jq -c .properties <<<"${lines[0]}")" = \
    '{"lead_score":"7","lead_tier":"WARM","lead_qualification_date":"","lead_qualification_notes":"","leadpipe_rounds":""}' ]
  [ "$(score)" = $'7\nWARM' ]
  [ "$(get contacts "$ANN" lead_qualification_date,lead_qualification_notes,leadpipe_rounds)" = '' ]
  [ "$(api GET "$O/notes/$note" | jq -r .category)" = OBJECT_NOT_FOUND ]
  [ "$(api GET "$O/tasks/$follow" | jq -r .category)" = OBJECT_NOT_FOUND ]
  [ "$(state "$ID")" = COMPLETED ]
  [ "$(hs-tasks pause | cut -f 1,3)" = $'enrich\tundo of run '"$RUN"$'\nqualify\tundo of run '"$RUN" ]
  [ "$(hs-tasks history --run "$RUN" | jq -r '"\(.effect) \(.state)"')" = $'contact undone\nnote undone\nfollow_up undone\nstatus done' ]
}

@test "--dry-run says the same, and changes nothing: neither the portal nor the journal nor a route" {
  worked
  before=$(count notes)$(count tasks)$(score)
  run --separate-stderr hs-tasks undo --dry-run -v "$RUN"
  [ "$status" -eq 0 ]
  [ "$(outcomes)" = $'contact restored\nnote archived\nfollow_up archived\nstatus skipped' ]
  [[ $stderr == *'route qualify would be paused'* ]]
  [[ $stderr == *'would be: 1 restored'* ]]
  [[ $stderr == *', 0 writes;'* ]]
  [ "$(count notes)$(count tasks)$(score)" = "$before" ]
  [ "$(hs-tasks pause)" = '' ]
  [ "$(hs-tasks history | jq -r .state | sort -u)" = 'done' ]
  hs-tasks undo -q "$RUN" >real
  [ "$(cat real)" = "$output" ]
}

@test "what somebody has changed since stays, the rest comes back, and the status is 1" {
  worked
  api PATCH "$O/contacts/$ANN" '{"properties":{"lead_tier":"HOT"}}'
  api PATCH "$O/notes/$(object note)" '{"properties":{"hs_note_body":"mine"}}'
  set_task "$(object follow_up)" '{"hs_task_subject":"Call Ann"}'
  run --separate-stderr hs-tasks undo "$RUN"
  [ "$status" -eq 1 ]
  [ "$(outcomes)" = $'contact restored\nnote skipped\nfollow_up skipped\nstatus skipped' ]
  [ "$(jq -r .reason <<<"$output" | head -n 3)" = $'changed since: lead_tier\nchanged since: hs_note_body\nchanged since: hs_task_subject' ]
  [ "$(jq -c .properties.lead_tier <<<"${lines[0]}")" = null ]
  [ "$(score)" = $'7\nHOT' ]
  [[ $stderr == *$'1 restored (1 in part), 0 archived, 3 left alone, 0 failed\nhs-tasks: undo: 3: changed since\n'* ]]
  [ "$(hs-tasks history -n 1 | jq -r .state)" = 'done' ]
}

@test "a follow-up that is claimed, worked or reopened by a person is left alone" {
  for change in '{"leadpipe_lease":"x"}' '{"hs_task_status":"IN_PROGRESS"}' '{"hs_task_status":"COMPLETED"}'; do
    worked
    set_task "$(object follow_up)" "$change"
    run --separate-stderr hs-tasks undo "$RUN"
    [ "$status" -eq 1 ]
    [ "$(outcomes)" = $'contact restored\nnote archived\nfollow_up skipped\nstatus skipped' ]
    [ "$(api GET "$O/tasks/$(object follow_up)" | jq -r .category)" = null ]
    stop_sandbox
    rm -rf "$LEADPIPE_HOME"
  done
  [ "$(jq -r 'select(.effect == "follow_up") | .reason' <<<"$output")" = 'it is COMPLETED by now' ]
}

@test "an undo that is run again does nothing more, and can be undone itself" {
  worked
  hs-tasks undo -q "$RUN"
  run --separate-stderr hs-tasks undo -v "$RUN"
  [ "$status" -eq 0 ]
  [[ $stderr == *', 0 writes;'* ]]
  [ "$(outcomes)" = $'contact restored\nnote archived\nfollow_up archived\nstatus skipped' ]
  undo=$(hs-tasks history --where '.verb == "undo"' -n 1 | jq -r .run)
  run --separate-stderr hs-tasks undo "$undo"
  [ "$status" -eq 1 ]
  [ "$(outcomes | sort)" = $'archive skipped\narchive skipped\ncontact restored' ]
  [ "$(score)" = $'10\nCOLD' ]
  run --separate-stderr hs-tasks undo -q "$RUN"
  [ "$status" -eq 0 ]
  [ "$(score)" = $'7\nWARM' ]
}

@test "lines of the history pick what is undone, and the rest stays" {
  worked
  note=$(object note)
  run --separate-stderr bash -c 'hs-tasks history --since today | jq -c "select(.effect == \"contact\")" | hs-tasks undo -q'
  [ "$status" -eq 0 ]
  [ "$(outcomes)" = 'contact restored' ]
  [ "$(score)" = $'7\nWARM' ]
  [ "$(api GET "$O/notes/$note" | jq -r .id)" = "$note" ]
  hs-tasks history --run "$RUN" >lines
  digest=$(jq -r .rules.digest lines | head -n 1)
  [ "$(jq -c 'select(.rules.digest == "sha256:0")' lines | hs-tasks undo -q)" = '' ]
  [ "$(jq -c --arg d "$digest" 'select(.rules.digest == $d)' lines | hs-tasks undo -q --dry-run | wc -l)" -eq 4 ]
  [ "$(hs-tasks undo -q lines lines | wc -l)" -eq 4 ]
}

@test "several changes of one property go back through all of them, and only from the newest" {
  worked
  set_task "$ID" '{"hs_task_status":"NOT_STARTED"}'
  claim --type qualify | qualify --now "$NOW" | jq -c '.qualification.score = 90 | .qualification.tier = "HOT"' | complete
  second=$(hs-tasks history --where ".run != \"$RUN\"" -n 1 | jq -r .run)
  [ "$(score)" = $'90\nHOT' ]
  run --separate-stderr hs-tasks undo -q "$RUN"
  [ "$status" -eq 1 ]
  [[ $(jq -r 'select(.effect == "contact") | .reason' <<<"$output") == *lead_score* ]]
  run --separate-stderr hs-tasks undo -q "$RUN" "$second"
  [ "$(jq -r 'select(.effect == "contact") | .outcome' <<<"$output")" = $'restored\nrestored' ]
  [ "$(score)" = $'7\nWARM' ]
  run --separate-stderr hs-tasks undo -q -v "$RUN" "$second"
  [[ $stderr == *', 0 writes;'* ]]
  [ "$(jq -r 'select(.effect == "contact") | .outcome' <<<"$output")" = $'restored\nrestored' ]
}

@test "--reopen sets the task NOT_STARTED without lease; it is worked anew, as another generation" {
  worked
  done=$(get tasks "$ID" leadpipe_done)
  run --separate-stderr hs-tasks undo -q --reopen "$RUN"
  [ "$status" -eq 0 ]
  [ "$(outcomes)" = $'contact restored\nnote archived\nfollow_up archived\nstatus restored' ]
  [ "$(get tasks "$ID" hs_task_status,leadpipe_lease,leadpipe_attempt,leadpipe_done)" = $'NOT_STARTED\n\n\n'"$done" ]
  run --separate-stderr hs-tasks undo -q --reopen "$RUN"
  [ "$status" -eq 0 ]
  hs-tasks resume qualify enrich
  claim --type qualify | qualify --now "$NOW" | complete
  [ "$(state "$ID")" = COMPLETED ]
  [ "$(count notes)" -eq 1 ]
  [ "$(score)" = $'10\nCOLD' ]
  run --separate-stderr hs-tasks undo -q --reopen "$RUN"
  [ "$status" -eq 1 ]
  [ "$(jq -r 'select(.effect == "status") | .reason' <<<"$output")" = 'worked since: it is COMPLETED' ]
}

@test "a mail that was sent is named, and its note stays" {
  portal
  ann=$(contact Ann ann@x.example)
  task 'Send Outreach: Ann' "$ann"
  claim | jq -c '.outreach = {at:"2026-01-05T09:00:00.000Z",message_id:"<1@x>",to:"ann@x.example",from:"b@x.example",subject:"Hi",text:"Hi",html:"Hi",state:"sent",step:1}' | complete
  run --separate-stderr hs-tasks undo -q "$(hs-tasks history -n 1 | jq -r .run)"
  [ "$status" -eq 1 ]
  [ "$(jq -r 'select(.effect == "email") | .outcome, .reason' <<<"$output")" = $'skipped\nthe mail was sent' ]
  [ "$(count emails)" -eq 1 ]
}

@test "an effect of another portal, an unknown one and what is none are refused, line by line" {
  worked
  hs-tasks history -n 1 >line
  { jq -c '.portal = "1"' line; jq -c '.id = "999"' line; jq -c '.object.id = "5"' line; echo '{"a":1}'; echo 'x'; cat line; } >lines
  run --separate-stderr hs-tasks undo -q --dry-run lines
  [ "$status" -eq 1 ]
  [ "$(jq -r 'select(.error) | .error | "\(.code): \(.message)"' <<<"$output" | head -n 4)" = "not_found: the effect is another portal's
not_found: the journal has no such effect
not_found: the effect is of another object in this journal
not_found: the line is none of hs-tasks history" ]
  [ "$(jq -r 'select(.outcome) | .outcome' <<<"$output")" = restored ]
  run --separate-stderr hs-tasks undo 999
  [ "$status" -eq 1 ]
  [ "$output" = '' ]
  [[ $stderr == *'nothing that run 999 wrote'* ]]
}

@test "a contact that is gone is named; what was made for it is archived" {
  worked
  api DELETE "$O/contacts/$ANN"
  run --separate-stderr hs-tasks undo -q "$RUN"
  [ "$status" -eq 1 ]
  [ "$(outcomes)" = $'contact skipped\nnote archived\nfollow_up archived\nstatus skipped' ]
  [ "$(jq -r .reason <<<"${lines[0]}")" = 'the object is gone' ]
}

@test "killed at any moment, undo is finished by running it again" {
  worked
  killed=0
  for ((at = 1; ; at += 7)); do
    result=0
    killat -k "$at" -o calls -- hs-tasks undo -q "$RUN" >out 2>err || result=$?
    [ "$result" -eq 137 ] || break
    killed=$((killed + 1))
    run --separate-stderr hs-tasks undo -q "$RUN"
    echo "killed at $at: $status, $output, $stderr"
    [ "$status" -eq 0 ]
    [ "$(outcomes)" = $'contact restored\nnote archived\nfollow_up archived\nstatus skipped' ]
    [ "$(score)" = $'7\nWARM' ]
    [ "$(count notes)-$(count tasks)" = 0-1 ]
    [ "$(hs-tasks history --run "$RUN" | jq -r .state | tr '\n' ' ')" = 'undone undone undone done ' ]
    # Worked once more, for the next kill.
    hs-tasks resume qualify enrich
    set_task "$ID" '{"hs_task_status":"NOT_STARTED"}'
    claim --type qualify | qualify --now "$NOW" | complete
    RUN=$(hs-tasks history --where ".verb == \"complete\" and (.run | tonumber) > $RUN" -n 1 | jq -r .run)
  done
  [ "$result" -eq 0 ]
  [ "$killed" -ge 5 ]
}

@test "a note whose answer was lost is found by its key and archived" {
  worked
  note=$(object note) id=$(hs-tasks history --run "$RUN" --where '.effect == "note"' | jq -r .id)
  journal=$(echo "$LEADPIPE_HOME"/state/*/journal.db)
  sqlite3 "$journal" "UPDATE effect SET state = 3, object_id = NULL, after = NULL WHERE id = $id"
  run --separate-stderr hs-tasks undo -q --dry-run "$RUN"
  [ "$(jq -r 'select(.effect == "note") | .object.id' <<<"$output")" = "$note" ]
  run --separate-stderr hs-tasks undo -q "$RUN"
  [ "$status" -eq 0 ]
  [ "$(outcomes)" = $'contact restored\nnote archived\nfollow_up archived\nstatus skipped' ]
  [ "$(count notes)" -eq 0 ]
}

@test "without server nothing is undone, and the status says so" {
  worked
  stop_sandbox
  run --separate-stderr hs-tasks undo "$RUN"
  [ "$status" -eq 69 ]
  [ "$output" = '' ]
}

@test "a run with the wrong rules on 1,000 leads: all that nobody else changed comes back, the rest is named" {
  portal
  # Every contact has been scored before; the wrong rules make all of them hot.
  jq -nc 'range(1000) | {properties:{firstname:"Lead\(.)", email:"lead\(.)@x.example", lead_score:"\(. % 50)", lead_tier:"WARM"}}' | batch contacts >contact.ids
  jq -Rc '{properties:{hs_task_subject:"Qualify Lead: \(.)", hs_timestamp:"2026-01-05T08:00:00Z", hubspot_owner_id:"71001", hs_task_status:"NOT_STARTED",
    hs_task_priority:"HIGH", hs_task_type:"TODO"}, associations:[{to:{id:.}, types:[{associationCategory:"HUBSPOT_DEFINED", associationTypeId:204}]}]}' contact.ids | batch tasks >task.ids
  jq '.name = "wrong" | .inputs = {} | .rules = [{rule:"everybody", points:82}]' "$PROJECT/share/rules/sf-v1.json" >wrong.json
  claim -n 1000 | qualify --rules ./wrong.json --now "$NOW" | complete
  hs-tasks history >all.jsonl
  [ "$(jq -s 'map(select(.effect == "contact")) | length' all.jsonl)" -eq 1000 ]
  [ "$(jq -s 'map(select(.effect == "follow_up")) | length' all.jsonl)" -eq 1000 ]
  # Persons: 10 scores and 5 tiers are set by hand, 20 follow-ups taken, 10 edited, 7 notes edited; a claim takes 30 follow-ups.
  props() { api POST "$O/$1/batch/update" "$(jq -Rnc --argjson p "$2" '{inputs:[inputs | {id:., properties:$p}]}')" >/dev/null; }
  of() { jq -r "select(.effect == \"$1\") | .object.id" all.jsonl; }
  of contact | sed -n 1,10p | props contacts '{"lead_score":"55"}'
  of contact | sed -n 8,12p | props contacts '{"lead_tier":"COLD"}'
  of follow_up | sed -n 101,120p | props tasks '{"hs_task_status":"IN_PROGRESS"}'
  of follow_up | sed -n 121,130p | props tasks '{"hs_task_subject":"Call"}'
  of note | sed -n 1,7p | props notes '{"hs_note_body":"mine"}'
  [ "$(claim --type outreach -n 30 | wc -l)" -eq 30 ]
  digest=sha256:$(sha256sum wrong.json | cut -d ' ' -f 1)
  run --separate-stderr bash -c "hs-tasks history --since today | jq -c 'select(.rules.digest == \"$digest\")' | hs-tasks undo -v"
  [ "$status" -eq 1 ]
  echo "$stderr"
  echo "$output" >outcomes
  tally() { jq -r --arg e "$1" 'select(.effect == $e) | "\(.outcome) \(.reason // "" | sub(":.*"; ""))"' outcomes | sort | uniq -c | sed 's/^ *//; s/ $//'; }
  [ "$(wc -l <outcomes)" -eq 4000 ]
  [ "$(tally contact)" = $'988 restored\n12 restored changed since' ]
  [ "$(tally note)" = $'993 archived\n7 skipped changed since' ]
  [ "$(tally follow_up)" = $'940 archived\n10 skipped changed since\n50 skipped it is IN_PROGRESS by now' ]
  [ "$(tally status)" = '1000 skipped a status is left alone without --reopen' ]
  [ "$(count notes)" -eq 7 ]
  [ "$(count tasks)" -eq 1060 ]
  # Every contact, against what it had and what persons made of it.
  jq -Rnc '[inputs | {id:.}] | _nwise(100) | {inputs:., properties:["lead_score","lead_tier","lead_qualification_notes","firstname"], propertiesWithHistory:[]}' contact.ids |
    while IFS= read -r body; do api POST "$O/contacts/batch/read" "$body"; done | jq -r '.results[] | [.id, .properties.lead_score, .properties.lead_tier, .properties.lead_qualification_notes // ""] | join(" ")' | sort >was
  jq -rn '[inputs] | to_entries[] | "\(.value) \(.key % 50) WARM "' contact.ids | sort >want
  of contact | sed -n 1,10p | while read -r id; do sed -i -E "s/^$id [0-9]+ /$id 55 /" want; done
  of contact | sed -n 8,12p | while read -r id; do sed -i -E "s/^($id [0-9]+) WARM/\1 COLD/" want; done
  diff want was
}
