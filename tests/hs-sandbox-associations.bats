#!/usr/bin/env bats
# Links between the records of hs-sandbox.
# shellcheck disable=SC2016  # the dollars in single quotes are jq's

setup() { load helper; load hs-sandbox-helper; }
teardown() { stop_sandbox; }

@test "records are created with their associations; a type id of the wrong direction is silently ignored" {
  start_sandbox
  person=$(make contacts '{"email":"a@b.co"}') firm=$(make companies '{"name":"F"}')
  inline() { echo "{\"properties\":{\"hs_timestamp\":\"2026-01-05\"},\"associations\":[{\"to\":{\"id\":\"$1\"},\"types\":[{\"associationCategory\":\"HUBSPOT_DEFINED\",\"associationTypeId\":$2}]}]}"; }
  call POST "$O/tasks" "$(inline "$person" 204)"
  [ "$code" -eq 201 ]
  task=$(jq -r .id <<<"$body")
  call GET "$O/tasks/$task?associations=contacts,companies"
  is --arg p "$person" '.associations == {contacts: {results: [{id: $p, type: "task_to_contact"}]}}'
  call GET "/crm/v4/objects/contacts/$person/associations/tasks"
  is --arg t "$task" '.results == [{toObjectId: ($t | tonumber), associationTypes: [{category: "HUBSPOT_DEFINED", typeId: 203, label: null}]}]'
  call POST "$O/tasks" "$(inline "$person" 203)"
  [ "$code" -eq 201 ]
  call GET "$O/tasks/$(jq -r .id <<<"$body")?associations=contacts"
  is 'has("associations") | not'
  call POST "$O/tasks" "$(inline 9 204)"
  [ "$code" -eq 400 ]
  is '.message == "CONTACT=9 is not valid"'
  call POST "$O/tasks" "$(inline "$person" 99999)"
  [ "$code" -eq 400 ]
  call GET "$O/tasks"
  is '.results | length == 2'
  call DELETE "$O/contacts/$person"
  call GET "$O/tasks/$task/associations/contacts"
  is '.results == []'
  [ -n "$firm" ]
}

@test "associations are put, listed, paged and deleted, with both answers to a batch archive" {
  start_sandbox
  a=$(make contacts '{"email":"a@b.co"}') b=$(make contacts '{"email":"b@b.co"}') firm=$(make companies '{"name":"F"}')
  call PUT "/crm/v4/objects/contacts/$a/associations/default/companies/$firm"
  [ "$code" -eq 200 ]
  is '[.results[].associationSpec.associationTypeId] == [279, 280]'
  call PUT "$O/contacts/$b/associations/companies/$firm" '[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":1}]'
  [ "$code" -eq 201 ]
  is --arg b "$b" --arg f "$firm" '. == {fromObjectTypeId: "0-1", fromObjectId: $b, toObjectTypeId: "0-2", toObjectId: $f, labels: []}'
  call GET "$O/companies/$firm/associations/contacts?limit=1"
  is --arg a "$a" --arg b "$b" '.results[0].toObjectId == ($a | tonumber) and .paging.next.after == $b'
  call GET "$O/companies/$firm/associations/contacts?limit=1&after=$b"
  is --arg b "$b" '(has("paging") | not) and (.results[0].associationTypes | map([.typeId, .label])) == [[280, null], [2, "Primary"]]'
  call POST "$A/contacts/companies/batch/archive" "{\"inputs\":[{\"from\":{\"id\":\"$a\"},\"to\":[{\"id\":\"$firm\"}]}]}"
  [ "$code" -eq 200 ]
  is '.status == "COMPLETE" and .results == []'
  call POST /crm/v4/associations/contacts/companies/batch/archive "{\"inputs\":[{\"from\":{\"id\":\"$b\"},\"to\":[{\"id\":\"$firm\"}]}]}"
  [ "$code" -eq 204 ]
  call GET "$O/companies/$firm/associations/contacts"
  is '.results == []'
  call PUT "$O/contacts/$a/associations/default/companies/9"
  [ "$code" -eq 400 ]
  call GET "$O/tasks/9/associations/notes"
  [ "$code" -eq 400 ]
  call GET "$A/contacts/companies/labels"
  is '[.results[].typeId] == [279, 1]'
}

@test "associations are read a thousand at once, with an error for each record that has none" {
  start_sandbox
  a=$(make contacts '{"email":"a@b.co"}') t=$(make tasks '{"hs_timestamp":"2026-01-05"}') n=$(make notes '{"hs_timestamp":"2026-01-05"}')
  call POST "$A/tasks/contacts/batch/create" "{\"inputs\":[{\"from\":{\"id\":\"$t\"},\"to\":{\"id\":\"$a\"},\"types\":[{\"associationCategory\":\"HUBSPOT_DEFINED\",\"associationTypeId\":204}]}]}"
  [ "$code" -eq 201 ]
  call POST /crm/v4/associations/notes/contacts/batch/associate/default "{\"inputs\":[{\"from\":{\"id\":\"$n\"},\"to\":{\"id\":\"$a\"}}]}"
  [ "$code" -eq 200 ]
  call POST "$A/tasks/contacts/batch/read" "{\"inputs\":[{\"id\":\"$t\"}]}"
  [ "$code" -eq 200 ]
  is --arg t "$t" --arg a "$a" '.results == [{from: {id: $t}, to: [{toObjectId: ($a | tonumber), associationTypes: [{category: "HUBSPOT_DEFINED", typeId: 204, label: null}]}]}]'
  call POST "$A/tasks/contacts/batch/read" "$(jq -nc --arg t "$t" '{inputs: ([range(999) | {id: "\(. + 1)"}] + [{id: $t}])}')"
  [ "$code" -eq 207 ]
  is '.numErrors == 999 and (.results | length) == 1 and .errors[0].context.fromObjectId == ["1"]'
  call POST "$A/tasks/contacts/batch/read" "$(jq -nc '{inputs: [range(1001) | {id: "1"}]}')"
  [ "$code" -eq 400 ]
  call GET "$O/contacts/$a?associations=task,note"
  is --arg t "$t" --arg n "$n" '.associations.tasks.results[0].id == $t and .associations.notes.results[0].id == $n'
}
