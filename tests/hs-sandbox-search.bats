#!/usr/bin/env bats
# The search of hs-sandbox: operators, limits, pages.
# shellcheck disable=SC2016  # the dollars in single quotes are jq's

setup() {
  load helper
  load hs-sandbox-helper
  cd "$BATS_TEST_TMPDIR" || return
}
teardown() { stop_sandbox; }

# found FILTERS...: the subjects of the tasks that a search with these filters (one group) finds, sorted.
found() {
  call POST "$O/tasks/search" "{\"filterGroups\":[{\"filters\":[$1]}],\"properties\":[\"hs_task_subject\"],\"limit\":100}"
  [ "$code" -eq 200 ] || { echo "$code $body"; return 1; }
  jq -r '[.results[].properties.hs_task_subject] | sort | join(",")' <<<"$body"
}
filter() { jq -nc --arg p "$1" --arg o "$2" '{propertyName: $p, operator: $o} + ($ARGS.positional | if $o == "IN" or $o == "NOT_IN" then {values: .}
  elif length == 2 then {value: .[0], highValue: .[1]} elif length == 1 then {value: .[0]} else {} end)' --args "${@:3}"; }

@test "search knows every operator" {
  start_sandbox --search-rate 0
  call POST /crm/v3/properties/tasks '{"name":"points","label":"P","type":"number","fieldType":"number","groupName":"task"}'
  api POST "$O/tasks/batch/create" '{"inputs":[
    {"properties":{"hs_task_subject":"Enrich Data for Ada","hs_timestamp":"2026-01-05T09:00:00Z","hs_task_status":"NOT_STARTED","points":"9"}},
    {"properties":{"hs_task_subject":"enrich: data, BOB","hs_timestamp":"2026-01-06","hs_task_status":"COMPLETED","points":"10"}},
    {"properties":{"hs_task_subject":"Qualify Zoë","hs_timestamp":"2026-01-07","hs_task_priority":"HIGH"}}]}' | jq -e '.results | length == 3'
  a='Enrich Data for Ada' b='enrich: data, BOB' c='Qualify Zoë'
  [ "$(found "$(filter hs_task_status EQ NOT_STARTED)")" = "$a" ]
  [ "$(found "$(filter hs_task_status EQ not_started)")" = '' ]
  [ "$(found "$(filter hs_task_subject EQ 'ENRICH DATA FOR ADA')")" = "$a" ]
  [ "$(found "$(filter hs_task_status NEQ COMPLETED)")" = "$a" ]
  [ "$(found "$(filter points GT 9)")" = "$b" ]
  [ "$(found "$(filter points GTE 9.0)")" = "$a,$b" ]
  [ "$(found "$(filter points LT 10)")" = "$a" ]
  [ "$(found "$(filter hs_timestamp LTE 1767657600000)")" = "$a,$b" ]
  [ "$(found "$(filter hs_timestamp BETWEEN 2026-01-06 2026-01-07)")" = "$c,$b" ]
  [ "$(found "$(filter hs_task_status IN NOT_STARTED COMPLETED)")" = "$a,$b" ]
  [ "$(found "$(filter hs_task_status NOT_IN COMPLETED)")" = "$a" ]
  [ "$(found "$(filter hs_task_subject IN 'qualify zoë' 'Enrich Data for Ada')")" = "$c" ]
  [ "$(found "$(filter points IN 9.0 11)")" = "$a" ]
  [ "$(found "$(filter points HAS_PROPERTY)")" = "$a,$b" ]
  [ "$(found "$(filter points NOT_HAS_PROPERTY)")" = "$c" ]
  [ "$(found "$(filter hs_task_subject CONTAINS_TOKEN 'data enrich')")" = "$a,$b" ]
  [ "$(found "$(filter hs_task_subject CONTAINS_TOKEN 'b*b')")" = "$b" ]
  [ "$(found "$(filter hs_task_subject CONTAINS_TOKEN enr)")" = '' ]
  [ "$(found "$(filter hs_task_subject CONTAINS_TOKEN 'enr*')")" = "$a,$b" ]
  [ "$(found "$(filter hs_task_subject NOT_CONTAINS_TOKEN enrich)")" = "$c" ]
  [ "$(found "$(filter hs_task_subject CONTAINS_TOKEN data),$(filter points GT 9)")" = "$b" ]
  call POST "$O/tasks/search" '{"filterGroups":[{"filters":[{"propertyName":"points","operator":"EQ","value":"9"}]},{"filters":[{"propertyName":"hs_task_priority","operator":"EQ","value":"HIGH"}]}]}'
  is '.total == 2'
  call POST "$O/tasks/search" '{"query":"zo enr"}'
  is '.total == 0'
  call POST "$O/tasks/search" '{"query":"ENR ad"}'
  is '.total == 1'
}

@test "search finds by associated record, pages, sorts and counts" {
  start_sandbox --search-rate 0
  a=$(make contacts '{"email":"a@b.co"}')
  api POST "$O/tasks/batch/create" "$(jq -nc --arg a "$a" '{inputs: [range(5) | {properties: {hs_task_subject: "T\(.)", hs_timestamp: "2026-01-0\(9 - .)"},
    associations: (if . < 3 then [{to: {id: $a}, types: [{associationCategory: "HUBSPOT_DEFINED", associationTypeId: 204}]}] else [] end)}]}')" >/dev/null
  [ "$(found "$(filter associations.contact EQ "$a")")" = T0,T1,T2 ]
  [ "$(found "$(filter associations.contact NOT_HAS_PROPERTY)")" = T3,T4 ]
  [ "$(found "$(filter associations.contact IN "$a" 9)")" = T0,T1,T2 ]
  call POST "$O/tasks/search" '{"sorts":[{"propertyName":"hs_timestamp","direction":"ASCENDING"}],"limit":2,"properties":["hs_task_subject"]}'
  is '.total == 5 and [.results[].properties.hs_task_subject] == ["T4","T3"] and .paging.next.after == "2"'
  call POST "$O/tasks/search" '{"sorts":["-hs_timestamp"],"limit":2,"after":4,"properties":["hs_task_subject"]}'
  is '[.results[].properties.hs_task_subject] == ["T4"] and (has("paging") | not)'
  id=$(jq -r '.results[0].id' <<<"$body")
  call POST "$O/tasks/search" "{\"filterGroups\":[{\"filters\":[{\"propertyName\":\"hs_object_id\",\"operator\":\"LT\",\"value\":\"$id\"}]}],\"limit\":0}"
  is '.total == 4 and .results == []'
}

@test "search keeps HubSpot's limits" {
  start_sandbox --search-rate 0
  f='{"propertyName":"hs_task_status","operator":"EQ","value":"WAITING"}'
  groups() { jq -nc --argjson f "$f" --argjson g "$1" --argjson n "$2" '{filterGroups: [range($g) | {filters: [range($n) | $f]}]}'; }
  call POST "$O/tasks/search" "$(groups 3 6)"
  [ "$code" -eq 200 ]
  call POST "$O/tasks/search" "$(groups 6 1)"
  [ "$code" -eq 400 ]
  is '.message == "too many filterGroups (count: 6, max allowed: 5)"'
  call POST "$O/tasks/search" "$(groups 1 7)"
  [ "$code" -eq 400 ]
  call POST "$O/tasks/search" "$(groups 4 5)"
  [ "$code" -eq 400 ]
  for refused in '{"limit":201}' '{"limit":200,"after":"9801"}' '{"after":"zork"}' '{"sorts":["hs_timestamp","hs_object_id"]}' '{"sorts":["zork"]}' \
    '{"filterGroups":[{"filters":[]}]}' '{"filterGroups":[{"filters":[{"propertyName":"zork","operator":"EQ","value":"1"}]}]}' \
    '{"filterGroups":[{"filters":[{"propertyName":"hs_task_status","operator":"LIKE","value":"1"}]}]}' \
    '{"filterGroups":[{"filters":[{"propertyName":"hs_timestamp","operator":"GT","value":"soon"}]}]}' \
    '{"filterGroups":[{"filters":[{"propertyName":"hs_task_status","operator":"IN"}]}]}'; do
    call POST "$O/tasks/search" "$refused"
    echo "$refused: $code"
    [ "$code" -eq 400 ]
    is '.category == "VALIDATION_ERROR"'
  done
  call POST "$O/tasks/search" '{"limit":200,"after":"9800"}'
  [ "$code" -eq 200 ]
  call POST "$O/tasks/search" "{\"query\":\"$(printf 'é%.0s' {1..2980})\"}"
  [ "$code" -eq 200 ]
  call POST "$O/tasks/search" "{\"query\":\"$(printf 'x%.0s' {1..3000})\"}"
  [ "$code" -eq 400 ]
}

@test "with a lag, search judges by what was, answers with what is, and a read by id is fresh" {
  start_sandbox --db portal.db --search-rate 0
  person=$(make contacts '{"email":"a@b.co"}')
  task=$(make tasks '{"hs_timestamp":"2026-01-05","hs_task_subject":"one","hs_task_status":"NOT_STARTED"}')
  gone=$(make tasks '{"hs_timestamp":"2026-01-05","hs_task_subject":"gone","hs_task_status":"NOT_STARTED"}')
  call PUT "$O/tasks/$gone/associations/default/contacts/$person"
  stop_sandbox
  start_sandbox --db portal.db --search-rate 0 --lag 1h
  call PATCH "$O/tasks/$task" '{"properties":{"hs_task_status":"COMPLETED","hs_timestamp":"2026-01-09","hs_task_subject":"changed"}}'
  call DELETE "$O/tasks/$gone"
  call PUT "$O/tasks/$task/associations/default/contacts/$person"
  new=$(make tasks '{"hs_timestamp":"2026-01-05","hs_task_subject":"new","hs_task_status":"NOT_STARTED"}')
  [ "$(found "$(filter hs_task_status EQ NOT_STARTED)")" = changed,gone ]
  [ "$(found "$(filter hs_task_status EQ COMPLETED)")" = '' ]
  [ "$(found "$(filter associations.contact EQ "$person")")" = gone ]
  call POST "$O/tasks/search" '{"sorts":["-hs_timestamp"],"properties":["hs_timestamp"]}'
  is '.total == 2 and all(.results[]; .archived == false)'
  is --arg t "$task" '(.results[] | select(.id == $t) | .properties.hs_timestamp) == "2026-01-09T00:00:00.000Z"'
  call GET "$O/tasks/$task?properties=hs_task_status"
  is '.properties.hs_task_status == "COMPLETED"'
  call GET "$O/tasks/$new"
  [ "$code" -eq 200 ]
  call GET "$O/tasks/$gone"
  [ "$code" -eq 404 ]
  call GET "$O/tasks"
  is --arg t "$task" --arg n "$new" '[.results[].id] == [$t, $n]'

  # What was under way is still behind after a restart, by the lag that counts then.
  stop_sandbox
  start_sandbox --db portal.db --search-rate 0 --lag 1h
  [ "$(found "$(filter hs_task_status EQ NOT_STARTED)")" = changed,gone ]
  stop_sandbox
  start_sandbox --db portal.db --search-rate 0 --lag 1ms
  [ "$(found "$(filter hs_task_status EQ NOT_STARTED)")" = new ]
  [ "$(found "$(filter associations.contact EQ "$person")")" = changed ]
  stop_sandbox
  start_sandbox --db portal.db --search-rate 0
  [ "$(found "$(filter hs_task_status EQ NOT_STARTED)")" = new ]
  [ "$(sqlite3 portal.db "select count(*) from sqlite_master where type = 'trigger' or tbl_name glob '*_index' or tbl_name glob '*_pending'")" -eq 0 ]
}

@test "what is written becomes visible to search a lag later, not sooner and not much later" {
  start_sandbox --search-rate 0 --rate 0 --lag 400ms
  call POST /crm/v3/properties/tasks '{"name":"leadpipe_key","label":"K","type":"string","fieldType":"text","groupName":"task","hasUniqueValue":true}'
  began=$(now_ms)
  make tasks '{"hs_timestamp":"2026-01-05","hs_task_subject":"one","leadpipe_key":"k1"}'
  made=$(now_ms)
  until [ "$(found "$(filter leadpipe_key EQ k1)")" = one ]; do
    [ $(($(now_ms) - made)) -lt 5000 ]
    sleep 0.01
  done
  [ $(($(now_ms) - began)) -ge 400 ]
  run hs-sandbox --lag soon
  [ "$status" -eq 2 ]
}
