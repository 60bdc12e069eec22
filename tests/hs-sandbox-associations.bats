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

@test "labels are made for both directions, listed, renamed and deleted, on every form of the path" {
  start_sandbox
  for labels in /crm/v4/associations/contacts/companies/labels /crm/associations/v4/contacts/companies/labels $A/contacts/companies/labels \
    /crm/associations/2026-09/contacts/companies/labels; do
    call POST "$labels" '{"name":"works_for","label":"Employee","inverseLabel":"Employer"}'
    [ "$code" -eq 200 ]
    is '[.results[] | .category, .label] == ["USER_DEFINED", "Employee", "USER_DEFINED", "Employer"]'
    id=$(jq -r '.results[0].typeId' <<<"$body") inverse=$(jq -r '.results[1].typeId' <<<"$body")
    call GET "$labels"
    is --argjson id "$id" '[.results[] | [.category, .typeId, .label]] ==
      [["HUBSPOT_DEFINED", 279, null], ["HUBSPOT_DEFINED", 1, "Primary"], ["USER_DEFINED", $id, "Employee"]]'
    call GET "${labels/contacts\/companies/companies\/contacts}"
    is --argjson id "$inverse" '.results[-1] == {category: "USER_DEFINED", typeId: $id, label: "Employer"}'
    call PUT "$labels" "{\"associationTypeId\":$id,\"label\":\"Colleague\"}"
    [ "$code" -eq 204 ]
    [ "$body" = '' ]
    call GET "$labels"
    is '.results[-1].label == "Colleague"'
    call GET "${labels/contacts\/companies/companies\/contacts}"
    is '.results[-1].label == "Employer"'
    call DELETE "$labels/$id"
    [ "$code" -eq 204 ]
    call GET "$labels"
    is '.results | length == 2'
    call DELETE "$labels/$id"
    [ "$code" -eq 404 ]
  done
  call POST "$labels" '{"name":"partner","label":"Partner"}'
  is --argjson before "$inverse" '([.results[].label] == ["Partner", "Partner"]) and all(.results[]; .typeId > $before)'
  id=$(jq -r '.results[1].typeId' <<<"$body")
  call PUT "${labels/contacts\/companies/companies\/contacts}" "{\"associationTypeId\":$id,\"label\":\"Ally\"}"
  call GET "$labels"
  is '.results[-1].label == "Ally"'
}

@test "labels that HubSpot would refuse are refused" {
  start_sandbox
  call POST "$A/contacts/companies/labels" '{"name":"partner","label":"Partner"}'
  for bad in '{"name":"partner","label":"Other"}' '{"name":"other","label":"Partner"}' '{"name":"x"}' '{"label":"x"}' '{"name":"1st","label":"x"}' \
    '{"name":"a-b","label":"x"}' '{}'; do
    call POST "$A/contacts/companies/labels" "$bad"
    echo "$bad: $code"
    [ "$code" -eq 400 ]
    is '.category == "VALIDATION_ERROR"'
  done
  call POST "$A/tasks/contacts/labels" '{"name":"x","label":"X"}'
  [ "$code" -eq 400 ]
  call PUT "$A/contacts/companies/labels" '{"associationTypeId":279,"label":"x"}'
  [ "$code" -eq 400 ]
  call DELETE "$A/contacts/companies/labels/1"
  [ "$code" -eq 400 ]
  call DELETE "$A/contacts/companies/labels/4711"
  [ "$code" -eq 404 ]
}

@test "a label's id goes into a create, a put and a batch, shows on both ends, and comes off without the link" {
  start_sandbox --db "$BATS_TEST_TMPDIR/portal.db"
  firm=$(make companies '{"name":"F"}') a=$(make contacts '{"email":"a@b.co"}')
  call POST "$A/contacts/companies/labels" '{"name":"works_for","label":"Employee","inverseLabel":"Employer"}'
  id=$(jq -r '.results[0].typeId' <<<"$body") inverse=$(jq -r '.results[1].typeId' <<<"$body")
  spec="[{\"associationCategory\":\"USER_DEFINED\",\"associationTypeId\":$id}]"
  call POST "$O/contacts" "{\"properties\":{\"email\":\"c@b.co\"},\"associations\":[{\"to\":{\"id\":\"$firm\"},\"types\":$spec}]}"
  [ "$code" -eq 201 ]
  c=$(jq -r .id <<<"$body")
  call PUT "$O/contacts/$a/associations/companies/$firm" "$spec"
  [ "$code" -eq 201 ]
  is '.labels == ["Employee"]'
  b=$(make contacts '{"email":"b@b.co"}')
  call POST "$A/companies/contacts/batch/create" "{\"inputs\":[{\"from\":{\"id\":\"$firm\"},\"to\":{\"id\":\"$b\"},\"types\":[{\"associationCategory\":\"USER_DEFINED\",\"associationTypeId\":$inverse}]}]}"
  [ "$code" -eq 201 ]
  is '.results[0].labels == ["Employer"]'

  stop_sandbox
  start_sandbox --db "$BATS_TEST_TMPDIR/portal.db"
  call GET "$O/companies/$firm/associations/contacts"
  is --argjson id "$inverse" '(.results | length) == 3 and all(.results[]; [.associationTypes[] | [.category, .typeId, .label]] ==
    [["USER_DEFINED", $id, "Employer"], ["HUBSPOT_DEFINED", 280, null]])'
  call GET "$O/contacts/$c?associations=companies"
  is '[.associations.companies.results[].type] == ["contact_to_company_unlabeled", "works_for"]'

  call POST "$A/contacts/companies/batch/labels/archive" "{\"inputs\":[{\"from\":{\"id\":\"$a\"},\"to\":{\"id\":\"$firm\"},\"types\":$spec}]}"
  [ "$code" -eq 200 ]
  call GET "$O/contacts/$a/associations/companies"
  is '[.results[].associationTypes[].typeId] == [279]'
  call GET "$O/contacts/$b/associations/companies"
  is --argjson id "$id" '[.results[].associationTypes[].typeId] == [$id, 279]'
  call DELETE "$A/contacts/companies/labels/$id"
  call GET "$O/contacts/$b/associations/companies"
  is '[.results[].associationTypes[].typeId] == [279]'
  for wrong in "{\"associationCategory\":\"USER_DEFINED\",\"associationTypeId\":$id}" '{"associationCategory":"USER_DEFINED","associationTypeId":279}'; do
    call PUT "$O/contacts/$a/associations/companies/$firm" "[$wrong]"
    [ "$code" -eq 400 ]
    is '.message | test("^Association type [0-9]+ does not exist in this portal$")'
  done
}
