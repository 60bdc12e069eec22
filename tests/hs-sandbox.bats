#!/usr/bin/env bats
# hs-sandbox as a client sees it: records, batches and properties, in both forms of the paths; its files and its web sites.
# shellcheck disable=SC2016  # the dollars in single quotes are jq's

setup() { load helper; load hs-sandbox-helper; }
teardown() { stop_sandbox; }

@test "the first line of output is the address, when it is ready" {
  start_sandbox
  [[ $(head -n 1 "$BATS_TEST_TMPDIR/sandbox.out") =~ ^hs-sandbox:\ ready\ http://127\.0\.0\.1:[0-9]+$ ]]
  call GET /account-info/v3/details
  [ "$code" -eq 200 ]
  is '.accountType == "DEVELOPER_TEST" and (.portalId | type) == "number" and .timeZone == "UTC"'
}

@test "a task is created, read, changed and archived, in both forms of the path and by type id" {
  start_sandbox
  for objects in /crm/v3/objects /crm/objects/2026-03 /crm/objects/2026-09; do
    call POST $objects/tasks '{"properties":{"hs_timestamp":"1767603600000","hs_task_subject":" Call Ada ","hs_task_status":"NOT_STARTED"}}'
    [ "$code" -eq 201 ]
    is '.properties.hs_timestamp == "2026-01-05T09:00:00.000Z" and .properties.hs_task_subject == "Call Ada" and .archived == false'
    id=$(jq -r .id <<<"$body")
    call GET "$objects/task/$id?properties=hs_task_subject,hs_task_body,zork"
    [ "$code" -eq 200 ]
    is --arg id "$id" '.id == $id and .properties.hs_object_id == $id and .properties.hs_task_subject == "Call Ada"'
    is '.properties | has("hs_task_body") and .hs_task_body == null and (has("zork") | not) and (has("hs_task_status") | not)'
    call PATCH "$objects/0-27/$id" '{"properties":{"hs_task_status":"COMPLETED","hs_task_subject":""}}'
    [ "$code" -eq 200 ]
    is '.properties.hs_task_status == "COMPLETED" and .properties.hs_task_subject == null'
    call DELETE "$objects/tasks/$id"
    [ "$code" -eq 204 ]
    [ "$body" = '' ]
    call GET "$objects/tasks/$id"
    [ "$code" -eq 404 ]
    is '.status == "error" and .category == "OBJECT_NOT_FOUND" and (.correlationId | test("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"))'
    call GET "$objects/tasks/$id?archived=true"
    [ "$code" -eq 200 ]
    is '.archived == true and (.archivedAt | test("Z$"))'
  done
}

@test "2026-09 answers as 2026-03 does, and no other version is there" {
  start_sandbox
  person=$(make contacts '{"email":"a@b.co"}') firm=$(make companies '{"name":"F"}')
  answers() {
    call PUT "/crm/objects/$1/contacts/$person/associations/default/companies/$firm"
    for path in "/crm/objects/$1/contacts/$person" "/crm/objects/$1/contacts/$person/associations/companies" "/crm/associations/$1/contacts/companies/labels" \
      "/crm/properties/$1/contacts/email" "/crm/properties/$1/tasks/groups" "/crm/owners/$1" "/account-info/$1/details"; do
      call GET "$path"
      printf '%s %s\n' "$code" "$body"
    done
    call POST "/crm/objects/$1/contacts/batch/read" "{\"inputs\":[{\"id\":\"$person\"}]}"
    printf '%s %s\n' "$code" "$(jq -c .results <<<"$body")"
    call POST "/crm/associations/$1/contacts/companies/batch/archive" "{\"inputs\":[{\"from\":{\"id\":\"$person\"},\"to\":[{\"id\":\"$firm\"}]}]}"
    printf '%s\n' "$code"
  }
  old=$(answers 2026-03)
  new=$(answers 2026-09)
  [ "$(grep -c ^200 <<<"$new")" -eq 9 ]
  strip() { sed -E 's/(lastmodifieddate|updatedAt)":"[^"]*"/\1"/g'; }
  [ "$(strip <<<"$new")" = "$(strip <<<"$old")" ]
  call GET /crm/objects/2026-06/contacts
  [ "$code" -eq 404 ]
}

@test "a list gives every record once, ten at a time or as many as asked for" {
  start_sandbox
  call POST "$O/companies/batch/create" "$(jq -nc '{inputs: [range(23) | {properties: {name: "C\(.)"}}]}')"
  [ "$code" -eq 201 ]
  call GET "$O/companies"
  is '(.results | length) == 10 and (.paging.next | has("after") and has("link"))'
  seen='' after='' pages=0
  while :; do
    call GET "/crm/v3/objects/companies?limit=9&properties=name${after:+&after=$after}"
    seen+=$(jq -r '.results[].properties.name + " "' <<<"$body" | tr -d '\n')
    pages=$((pages + 1))
    after=$(jq -r '.paging.next.after // empty' <<<"$body")
    [ -n "$after" ] || break
  done
  [ "$pages" -eq 3 ]
  [ "$seen" = "$(printf 'C%d ' {0..22})" ]
  call GET "$O/companies?limit=101"
  [ "$code" -eq 400 ]
  call GET "$O/companies?after=zork"
  [ "$code" -eq 400 ]
}

@test "properties may be asked for with commas or repeated, and without them the default ones come" {
  start_sandbox
  id=$(make contacts '{"email":"a@b.co","firstname":"A","lastname":"B","city":"Rome"}')
  call GET "$O/contacts/$id?properties=city&properties=firstname,email"
  is '(.properties | keys) == ["city","createdate","email","firstname","hs_object_id","lastmodifieddate"]'
  call GET "$O/contacts/$id"
  is '(.properties | keys) == ["createdate","email","firstname","hs_object_id","lastmodifieddate","lastname"]'
}

@test "an e-mail address names one contact: found by it, lower case, refused a second time" {
  start_sandbox
  id=$(make contacts '{"email":" Ada@Analytical.EXAMPLE "}')
  call GET "$O/contacts/ada%40analytical.example?idProperty=email"
  is --arg id "$id" '.id == $id and .properties.email == "ada@analytical.example"'
  call POST "$O/contacts" '{"properties":{"email":"ADA@analytical.example"}}'
  [ "$code" -eq 409 ]
  is --arg id "$id" '.category == "CONFLICT" and .message == "Contact already exists. Existing ID: \($id)"'
  call PATCH "/crm/v3/objects/contacts/ada@analytical.example?idProperty=email" '{"properties":{"city":"London"}}'
  [ "$code" -eq 200 ]
  call GET "$O/contacts/London?idProperty=city"
  [ "$code" -eq 400 ]
  call DELETE "$O/contacts/$id"
  call POST "$O/contacts" '{"properties":{"email":"ada@analytical.example"}}'
  [ "$code" -eq 201 ]
}

@test "what HubSpot refuses in values is refused, all at once, with its codes" {
  start_sandbox
  call POST "$O/contacts" '{"properties":{"email":"no mail","zork":"1","hs_object_id":"7","hs_email_optout":"maybe","hs_lead_status":"new","hubspot_owner_id":"5"}}'
  [ "$code" -eq 400 ]
  is '.category == "VALIDATION_ERROR" and (.message | startswith("Property values were not valid: [{\"isValid\":false"))'
  is '[.errors[] | {(.context.propertyName[0]): .code}] | add == {email: "INVALID_EMAIL", zork: "PROPERTY_DOESNT_EXIST", hs_object_id: "READ_ONLY_VALUE",
    hs_email_optout: "INVALID_OPTION", hs_lead_status: "INVALID_OPTION", hubspot_owner_id: "INVALID_OWNER_ID"}'
  call POST "$O/companies" '{"properties":{"name":"N","numberofemployees":"many"}}'
  is '.errors[0].code == "INVALID_INTEGER"'
  call POST "$O/tasks" '{"properties":{"hs_timestamp":"soon"}}'
  is '.errors[0].code == "INVALID_DATE"'
  call POST "$O/tasks" '{"properties":{"hs_task_subject":"no date"}}'
  [ "$code" -eq 400 ]
  is '.message == "Error creating TASK. Some required properties were not set." and .context.properties == ["hs_timestamp"]'
  call POST "$O/tasks" '{"properties":'
  [ "$code" -eq 400 ]
  is '.message | startswith("Invalid input JSON on line 1, column ")'
  call GET "$O/contacts?limit=1"
  is '.results == []'
}

@test "values come back in one spelling: numbers, dates, booleans, null and numbers in JSON" {
  start_sandbox
  api POST /crm/v3/properties/contacts '{"name":"born","label":"B","type":"date","fieldType":"date","groupName":"contactinformation"}' >/dev/null
  api POST /crm/v3/properties/contacts '{"name":"score","label":"S","type":"number","fieldType":"number","groupName":"contactinformation"}' >/dev/null
  call POST "$O/contacts" '{"properties":{"email":"a@b.co","score":" 070.50 ","born":"1767571200000","hs_email_optout":"TRUE","city":null}}'
  is '.properties.score == "70.5" and .properties.born == "2026-01-05" and .properties.hs_email_optout == "true" and .properties.city == null'
  id=$(jq -r .id <<<"$body")
  call PATCH "$O/contacts/$id" '{"properties":{"score":9007199254740993}}'
  is '.properties.score == "9007199254740993"'
  call PATCH "$O/contacts/$id" '{"properties":{"born":"2026-01-05T09:00:00Z"}}'
  [ "$code" -eq 400 ]
}

@test "batch read gives what is there and names what is not" {
  start_sandbox
  a=$(make contacts '{"email":"a@b.co"}') b=$(make contacts '{"email":"b@b.co"}')
  call POST /crm/v3/objects/contacts/batch/read "{\"properties\":[\"email\"],\"inputs\":[{\"id\":\"$a\"},{\"id\":\"$b\"}]}"
  [ "$code" -eq 200 ]
  is '.status == "COMPLETE" and (.results | length) == 2 and (has("errors") | not)'
  call POST "$O/contacts/batch/read" "{\"properties\":[\"email\"],\"inputs\":[{\"id\":\"$a\"},{\"id\":\"77\"},{\"id\":\"zork\"}]}"
  [ "$code" -eq 207 ]
  is '.numErrors == 1 and .errors[0].category == "OBJECT_NOT_FOUND" and .errors[0].context.ids == ["77","zork"] and (.results | length) == 1'
  call POST "$O/contacts/batch/read" '{"idProperty":"email","inputs":[{"id":"B@b.co"}]}'
  is --arg b "$b" '.results[0].id == $b'
  call POST "$O/contacts/batch/read" "$(jq -nc '{inputs: [range(101) | {id: "1"}]}')"
  [ "$code" -eq 400 ]
  call POST "$O/contacts/batch/read" '{"inputs":[]}'
  [ "$code" -eq 400 ]
}

@test "a bad row of a batch fails alone when all rows have trace ids, and fails the batch otherwise" {
  start_sandbox
  id=$(make contacts '{"email":"there@b.co"}')
  rows() { jq -nc --arg t "$1" '{inputs: [{email: "new@b.co"}, {email: "there@b.co"}, {email: "bad@b.co", zork: "1"}]} | .inputs |= [to_entries[]
    | {properties: .value} + (if $t == "" then {} else {objectWriteTraceId: "\($t)\(.key)"} end)]'; }
  call POST "$O/contacts/batch/create" "$(rows '')"
  [ "$code" -eq 409 ]
  is '.category == "CONFLICT"'
  call GET "$O/contacts/new@b.co?idProperty=email"
  [ "$code" -eq 404 ]
  call POST "$O/contacts/batch/create" "$(rows t)"
  [ "$code" -eq 207 ]
  is '.numErrors == 2 and [.results[] | .objectWriteTraceId, .properties.email] == ["t0", "new@b.co"]'
  is --arg id "$id" '.errors[0].context == {objectWriteTraceId: ["t1"], existingId: [$id]} and .errors[0].category == "CONFLICT"'
  is '.errors[1].context.objectWriteTraceId == ["t2"] and .errors[1].category == "VALIDATION_ERROR" and .errors[1].errors[0].code == "PROPERTY_DOESNT_EXIST"'
  call POST "$O/contacts/batch/create" '{"inputs":[{"properties":{},"objectWriteTraceId":"x"},{"properties":{},"objectWriteTraceId":"x"}]}'
  [ "$code" -eq 400 ]
  call POST "$O/contacts/batch/update" "{\"inputs\":[{\"id\":\"$id\",\"properties\":{\"city\":\"Rome\"},\"objectWriteTraceId\":\"a\"},{\"id\":\"9\",\"properties\":{\"city\":\"Rome\"},\"objectWriteTraceId\":\"b\"}]}"
  [ "$code" -eq 207 ]
  is '.errors[0].context == {objectWriteTraceId: ["b"], ids: ["9"]} and .results[0].properties.city == "Rome"'
}

@test "a batch that names a record twice is refused, and nothing is written" {
  start_sandbox
  id=$(make contacts '{"email":"a@b.co","city":"Bern"}')
  twice="{\"inputs\":[{\"id\":\"$id\",\"properties\":{\"city\":\"Rome\"}},{\"id\":\"$id\",\"properties\":{\"city\":\"Oslo\"}}]}"
  call POST "$O/contacts/batch/update" "$twice"
  [ "$code" -eq 400 ]
  is --arg id "$id" '.message == "Duplicate IDs found in batch input: [\($id)]. IDs must be unique"'
  call POST "$O/contacts/batch/archive" "$twice"
  [ "$code" -eq 400 ]
  call POST "$O/contacts/batch/upsert" '{"inputs":[{"id":"n@b.co","idProperty":"email","properties":{}},{"id":"N@b.co","idProperty":"email","properties":{}}]}'
  [ "$code" -eq 400 ]
  call POST "$O/contacts/batch/create" '{"inputs":[{"properties":{"email":"n@b.co"}},{"properties":{"email":"N@b.co"}}]}'
  [ "$code" -eq 400 ]
  call GET "$O/contacts?properties=city"
  is '[.results[].properties.city] == ["Bern"]'
}

@test "upsert makes or changes by a unique property, says which, and refuses one that is not unique" {
  start_sandbox
  make contacts '{"email":"old@b.co"}' >/dev/null
  call POST /crm/v3/objects/contacts/batch/upsert '{"inputs":[{"id":"old@b.co","idProperty":"email","properties":{"city":"Rome"}},{"id":"New@b.co","idProperty":"email","properties":{"city":"Oslo"}}]}'
  [ "$code" -eq 200 ]
  is '[.results[].new] == [false, true] and [.results[].properties.city] == ["Rome", "Oslo"]'
  call GET "$O/contacts/new@b.co?idProperty=email"
  [ "$code" -eq 200 ]
  call POST "$O/companies/batch/upsert" '{"inputs":[{"id":"a.example","idProperty":"domain","properties":{"name":"A"}}]}'
  [ "$code" -eq 400 ]
  is '.message == "Unable to perform update/upsert by non-unique 0-2 property domain"'
}

@test "batch archive removes its records and keeps silent on unknown ones" {
  start_sandbox
  id=$(make notes '{"hs_timestamp":"2026-01-05","hs_note_body":"x"}')
  call POST "$O/notes/batch/archive" "{\"inputs\":[{\"id\":\"$id\"},{\"id\":\"9\"}]}"
  [ "$code" -eq 204 ]
  call GET "$O/notes/$id"
  [ "$code" -eq 404 ]
}

@test "properties are created, read and listed; one that exists is 409, and only then can it be written" {
  start_sandbox
  call PATCH "$O/contacts/$(make contacts '{"email":"a@b.co"}')" '{"properties":{"lead_tier":"HOT"}}'
  [ "$code" -eq 400 ]
  call GET /crm/v3/properties/contacts/lead_tier
  [ "$code" -eq 404 ]
  tier='{"name":"lead_tier","label":"Tier","type":"enumeration","fieldType":"select","groupName":"leads","options":[{"label":"Hot","value":"HOT","displayOrder":0,"hidden":false}]}'
  call POST /crm/v3/properties/contacts "$tier"
  [ "$code" -eq 400 ]
  call POST /crm/properties/2026-03/contacts/groups '{"name":"leads","label":"Leads","displayOrder":3}'
  [ "$code" -eq 201 ]
  call POST /crm/properties/2026-03/contacts "$tier"
  [ "$code" -eq 201 ]
  is '.hasUniqueValue == false and .hubspotDefined == false and .modificationMetadata.readOnlyValue == false'
  call POST /crm/v3/properties/contacts "$tier"
  [ "$code" -eq 409 ]
  is '.category == "OBJECT_ALREADY_EXISTS"'
  call GET /crm/v3/properties/0-1/lead_tier
  is '.options == [{label: "Hot", value: "HOT", displayOrder: 0, hidden: false}]'
  id=$(api GET "$O/contacts" | jq -r '.results[0].id')
  call PATCH "$O/contacts/$id" '{"properties":{"lead_tier":"HOT"}}'
  [ "$code" -eq 200 ]
  call PATCH "$O/contacts/$id" '{"properties":{"lead_tier":"hot"}}'
  is '.errors[0].code == "INVALID_OPTION"'
  call GET /crm/properties/2026-03/contacts
  is '([.results[].name] | index("lead_tier") != null and index("email") != null) and (.results | map(select(.name == "hs_object_id"))[0].modificationMetadata.readOnlyValue)'
  call POST /crm/v3/properties/contacts/batch/read '{"archived":false,"inputs":[{"name":"lead_tier"},{"name":"zork"}]}'
  [ "$code" -eq 207 ]
  is '[.results[].name] == ["lead_tier"] and .numErrors == 1'
  call DELETE /crm/v3/properties/contacts/email
  [ "$code" -eq 400 ]
  for name in Upper '1st' 'a"b' ''; do
    call POST /crm/v3/properties/contacts "$(jq -nc --arg n "$name" '{name: $n, label: "L", type: "string", fieldType: "text", groupName: "leads"}')"
    [ "$code" -eq 400 ]
  done
}

@test "a unique property names its record and refuses a second one" {
  start_sandbox
  call POST /crm/v3/properties/tasks/batch/create '{"inputs":[{"name":"leadpipe_key","label":"Key","type":"string","fieldType":"text","groupName":"task","hasUniqueValue":true}]}'
  [ "$code" -eq 201 ]
  id=$(make tasks '{"hs_timestamp":"2026-01-05","leadpipe_key":"k1"}')
  call POST "$O/tasks" '{"properties":{"hs_timestamp":"2026-01-05","leadpipe_key":"k1"}}'
  [ "$code" -eq 409 ]
  is --arg id "$id" '.category == "CONFLICT" and .context.existingId == [$id]'
  call GET "$O/tasks/k1?idProperty=leadpipe_key"
  is --arg id "$id" '.id == $id'
}

@test "a value of a unique property that is taken fails its row of a batch, or the batch where rows have no trace ids" {
  start_sandbox
  call POST /crm/v3/properties/tasks '{"name":"leadpipe_key","label":"K","type":"string","fieldType":"text","groupName":"task","hasUniqueValue":true}'
  id=$(make tasks '{"hs_timestamp":"2026-01-05","leadpipe_key":"k1"}')
  rows() { jq -nc --argjson traced "$1" '{inputs: [["k0", "k1", "k2", "k2"] | to_entries[] | {properties: {hs_timestamp: "2026-01-05", leadpipe_key: .value}}
    + if $traced then {objectWriteTraceId: "t\(.key)"} else {} end]}'; }
  call POST "$O/tasks/batch/create" "$(rows false)"
  [ "$code" -eq 409 ]
  is --arg id "$id" '.category == "CONFLICT" and .context.existingId == [$id]'
  call GET "$O/tasks"
  is '.results | length == 1'
  call POST "$O/tasks/batch/create" "$(rows true)"
  [ "$code" -eq 207 ]
  is '[.results[].objectWriteTraceId] == ["t0", "t2"] and .numErrors == 2 and all(.errors[]; .category == "CONFLICT")'
  is --arg id "$id" '.results[1].id as $new | [.errors[].context] == [{objectWriteTraceId: ["t1"], existingId: [$id]}, {objectWriteTraceId: ["t3"], existingId: [$new]}]'
  call POST "$O/tasks/batch/upsert" '{"inputs":[{"id":"k0","idProperty":"leadpipe_key","properties":{"hs_task_subject":"again"}}]}'
  is '.results[0].new == false and .results[0].properties.hs_task_subject == "again"'
  call POST "$O/tasks/batch/read" '{"idProperty":"leadpipe_key","properties":[],"inputs":[{"id":"k1"},{"id":"k9"}]}'
  [ "$code" -eq 207 ]
  is --arg id "$id" '[.results[].id] == [$id] and .errors[0].category == "OBJECT_NOT_FOUND" and .errors[0].context.ids == ["k9"]'
}

@test "former values come with a get, a list and a batch read: newest first, twenty at most, without repetitions" {
  start_sandbox --rate 0 --db "$BATS_TEST_TMPDIR/portal.db"
  id=$(make contacts '{"email":"A@b.co","city":"Rome"}')
  for city in Rome Oslo Oslo '' Bern; do call PATCH "$O/contacts/$id" "{\"properties\":{\"city\":\"$city\"}}"; done
  call POST "$O/contacts/batch/update" "{\"inputs\":[{\"id\":\"$id\",\"properties\":{\"state\":\"BE\"}}]}"
  call GET "$O/contacts/$id?propertiesWithHistory=city,zork&propertiesWithHistory=email&properties=city"
  is '.propertiesWithHistory.city | map(.value) == ["Bern", "", "Oslo", "Rome"]'
  is '(.propertiesWithHistory | keys == ["city", "email"]) and .propertiesWithHistory.email[0].value == "a@b.co" and .properties.city == "Bern"'
  is '.propertiesWithHistory.city | (map(.timestamp) | . == (sort | reverse)) and all(.sourceType == "INTEGRATION" and (.sourceId | type) == "string")'
  is '.propertiesWithHistory.city[3].timestamp == .createdAt'
  call GET "$O/contacts?propertiesWithHistory=state"
  is '.results[0].propertiesWithHistory == {state: [.results[0].propertiesWithHistory.state[0]]} and .results[0].propertiesWithHistory.state[0].value == "BE"'
  for i in {1..25}; do call PATCH "$O/contacts/$id" "{\"properties\":{\"city\":\"$i\"}}"; done
  call POST "$O/contacts/batch/read" "{\"propertiesWithHistory\":[\"city\"],\"properties\":[],\"inputs\":[{\"id\":\"$id\"}]}"
  is '.results[0].propertiesWithHistory.city | length == 20 and .[0].value == "25" and .[19].value == "6"'
  call POST "$O/contacts/batch/read" "$(jq -nc '{propertiesWithHistory: ["city"], inputs: [range(51) | {id: "\(. + 1)"}]}')"
  [ "$code" -eq 400 ]
  is '.message | startswith("The maximum number of inputs supported in a batch request for property histories is 50.")'
  call GET "$O/contacts?propertiesWithHistory=city&limit=51"
  [ "$code" -eq 400 ]
  call GET "$O/contacts/$id"
  is 'has("propertiesWithHistory") | not'
  # A write of the same value has its place in the database.
  [ "$(sqlite3 "$BATS_TEST_TMPDIR/portal.db" "select count(*) from history where object_id = $id and json_extract(changes, '\$.city') = 'Oslo'")" -eq 2 ]
}

@test "a property made anew under an old name has neither the values nor their history, and is unique only if it says so" {
  start_sandbox
  key='{"name":"key","label":"K","type":"string","fieldType":"text","groupName":"contactinformation"'
  call POST /crm/v3/properties/contacts "$key,\"hasUniqueValue\":true}"
  id=$(make contacts '{"email":"a@b.co","key":"1"}')
  call DELETE /crm/v3/properties/contacts/key
  call POST /crm/v3/properties/contacts "$key}"
  [ "$code" -eq 201 ]
  call GET "$O/contacts/$id?properties=key&propertiesWithHistory=key"
  is '.properties.key == null and .propertiesWithHistory.key == []'
  call PATCH "$O/contacts/$id" '{"properties":{"key":"2"}}'
  call POST "$O/contacts" '{"properties":{"email":"b@b.co","key":"2"}}'
  [ "$code" -eq 201 ]
}

@test "a portal without unique properties refuses to make one, and makes the rest" {
  start_sandbox --no-unique
  key='{"name":"leadpipe_key","label":"K","type":"string","fieldType":"text","groupName":"task"'
  call POST /crm/v3/properties/tasks "$key,\"hasUniqueValue\":true}"
  [ "$code" -eq 400 ]
  is '.category == "VALIDATION_ERROR" and (.message | contains("hasUniqueValue"))'
  call POST /crm/v3/properties/tasks/batch/create "{\"inputs\":[$key,\"hasUniqueValue\":true},{\"name\":\"other\",\"label\":\"O\",\"type\":\"string\",\"fieldType\":\"text\",\"groupName\":\"task\"}]}"
  [ "$code" -eq 207 ]
  is '[.results[].name] == ["other"] and (.errors[0].message | contains("hasUniqueValue"))'
  call POST /crm/v3/properties/tasks "$key,\"hasUniqueValue\":false}"
  [ "$code" -eq 201 ]
  make contacts '{"email":"a@b.co"}'
  call POST "$O/contacts" '{"properties":{"email":"a@b.co"}}'
  [ "$code" -eq 409 ]
}

@test "owners are listed by page and found by e-mail, with and without a slash at the end" {
  start_sandbox
  call GET /crm/v3/owners/
  is '[.results[] | .email] | contains(["ai-agents@leadpipe.example", "sales-team@leadpipe.example"]) and length == 3'
  call GET '/crm/owners/2026-03?limit=2'
  is '(.results | length) == 2 and (.paging.next.after | length) > 0'
  call GET "/crm/owners/2026-03?limit=2&after=$(jq -r .paging.next.after <<<"$body")"
  is '(.results | length) == 1 and (has("paging") | not)'
  call GET '/crm/v3/owners?email=AI-agents%40leadpipe.example'
  is '[.results[] | .type] == ["QUEUE"]'
  call GET "/crm/v3/owners/$(jq -r '.results[0].id' <<<"$body")"
  [ "$code" -eq 200 ]
}

@test "without the right token it is 401, without the scope 403, off the paths 404 and 405" {
  start_sandbox --scopes 'crm.objects.contacts.read, crm.objects.owners.read'
  run curl -sS -w '\n%{http_code}' "$SANDBOX_URL$O/contacts"
  [ "${lines[1]}" = 401 ]
  [ "$(jq -r .category <<<"${lines[0]}")" = INVALID_AUTHENTICATION ]
  run curl -sS -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer sandbox-tokem' "$SANDBOX_URL$O/contacts"
  [ "$output" = 401 ]
  call GET "$O/tasks"
  [ "$code" -eq 200 ]
  call POST "$O/contacts" '{"properties":{"email":"a@b.co"}}'
  [ "$code" -eq 403 ]
  is '.category == "MISSING_SCOPES" and .errors[0].context.requiredGranularScopes == ["crm.objects.contacts.write"]'
  call GET "$O/companies"
  is '.errors[0].context.requiredGranularScopes == ["crm.objects.companies.read"]'
  call GET /crm/v3/owners
  [ "$code" -eq 200 ]
  call GET /crm/v3/deals
  [ "$code" -eq 404 ]
  call GET "$O/deals"
  [ "$code" -eq 400 ]
  call PUT "$O/tasks/1"
  [ "$code" -eq 405 ]
  run curl -sS -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer sandbox-token' -d '{}' "$SANDBOX_URL$O/contacts/search"
  [ "$output" = 415 ]
}

@test "the token may come from a file, which must be private" {
  printf 'sandbox-token\n' >"$BATS_TEST_TMPDIR/token"
  chmod 600 "$BATS_TEST_TMPDIR/token"
  hs-sandbox --token-file "$BATS_TEST_TMPDIR/token" >"$BATS_TEST_TMPDIR/out" 3>&- &
  SANDBOX_PID=$!
  until [ -s "$BATS_TEST_TMPDIR/out" ]; do sleep 0.02; done
  SANDBOX_URL=$(grep -o 'http://.*' "$BATS_TEST_TMPDIR/out")
  call GET "$O/contacts"
  [ "$code" -eq 200 ]
  run curl -sS -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer other' "$SANDBOX_URL$O/contacts"
  [ "$output" = 401 ]
  chmod 644 "$BATS_TEST_TMPDIR/token"
  run hs-sandbox --token-file "$BATS_TEST_TMPDIR/token"
  [ "$status" -eq 2 ]
}

# skew TIME: how many seconds the time is ahead of this machine's clock.
skew() { echo $(($(date -d "$1" +%s) - $(date +%s))); }

@test "the Date of every answer and the times of records follow the server's clock" {
  for offset in -1h:-3600 2d:172800 0:0; do
    want=${offset#*:}
    start_sandbox --date-offset="${offset%:*}" --rate 2
    id=$(make contacts '{"email":"a@b.co"}')
    call GET "$O/contacts/$id"
    for time in "$(jq -r .createdAt <<<"$body")" "$(jq -r .properties.lastmodifieddate <<<"$body")"; do
      [ "$(skew "$time")" -le $((want + 2)) ]
      [ "$(skew "$time")" -ge $((want - 5)) ]
    done
    for path in "$O/contacts" /sandbox/calls; do # refused by the limit, and beside it
      run curl -sS -D - -o /dev/null -H 'Authorization: Bearer sandbox-token' "$SANDBOX_URL$path"
      [ "$(grep -c '^Date: ' <<<"$output")" -eq 1 ]
      time=$(sed -n 's/^Date: //p' <<<"$output" | tr -d '\r')
      [[ $time =~ ^[A-Z][a-z]{2},\ [0-9]{2}\ [A-Z][a-z]{2}\ [0-9]{4}\ [0-9:]{8}\ GMT$ ]]
      [ "$(skew "$time")" -le $((want + 2)) ]
      [ "$(skew "$time")" -ge $((want - 5)) ]
    done
    stop_sandbox
  done
  start_sandbox --date-offset 1d
  call GET /account-info/v3/api-usage/daily/private-apps
  [ "$(skew "$(jq -r '.results[0].collectedAt' <<<"$body")")" -ge 86395 ]
  for bad in --1h soon -4000d ''; do
    run hs-sandbox --date-offset="$bad"
    [ "$status" -eq 2 ]
  done
}

@test "a portal kept in a file is the same after a restart, and SIGTERM leaves one closed file" {
  start_sandbox --db "$BATS_TEST_TMPDIR/portal.db"
  api POST /crm/v3/properties/contacts '{"name":"lead_score","label":"S","type":"number","fieldType":"number","groupName":"contactinformation"}' >/dev/null
  id=$(make contacts '{"email":"a@b.co","lead_score":"85"}')
  gone=$(make contacts '{"email":"b@b.co"}')
  call DELETE "$O/contacts/$gone"
  kill -TERM "$SANDBOX_PID"
  wait "$SANDBOX_PID"
  files=("$BATS_TEST_TMPDIR"/portal*)
  [ ${#files[@]} -eq 1 ]
  [ "$(sqlite3 "$BATS_TEST_TMPDIR/portal.db" "select lead_score from contacts where email = 'a@b.co'")" = 85 ]
  start_sandbox --db "$BATS_TEST_TMPDIR/portal.db"
  call GET "$O/contacts/$id?properties=lead_score"
  is '.properties.lead_score == "85"'
  [ "$(make contacts '{"email":"c@b.co"}')" -gt "$gone" ]
  kill -INT "$SANDBOX_PID"
  wait "$SANDBOX_PID"
}

@test "a killed sandbox loses nothing that it answered" {
  start_sandbox --db "$BATS_TEST_TMPDIR/portal.db"
  id=$(make contacts '{"email":"a@b.co"}')
  kill -KILL "$SANDBOX_PID"
  wait "$SANDBOX_PID" || true
  start_sandbox --db "$BATS_TEST_TMPDIR/portal.db"
  call GET "$O/contacts/$id"
  [ "$code" -eq 200 ]
}

@test "a full disk fails the call and says so, and the rest of the portal stays readable" {
  ulimit -f 1500 # KiB
  start_sandbox --db "$BATS_TEST_TMPDIR/portal.db" --rate 0
  id=$(make contacts '{"email":"first@b.co"}')
  for ((i = 0; i < 200; i++)); do
    call POST "$O/notes/batch/create" "$(jq -nc '{inputs: [range(100) | {properties: {hs_timestamp: "2026-01-05", hs_note_body: ("x" * 500)}}]}')"
    [ "$code" -eq 201 ] || break
  done
  [ "$code" -eq 500 ]
  is '.status == "error"'
  [ "$(head -n 1 "$BATS_TEST_TMPDIR/sandbox.err")" = "hs-sandbox: $O/notes/batch/create: disk I/O error" ]
  call GET "$O/contacts/$id"
  [ "$code" -eq 200 ]
  call POST "$O/notes/search" '{"limit":1}'
  is --argjson n $((i * 100)) '.total == $n'
}

@test "a taken port is 69, a file that is no portal 74, wrong usage 2" {
  start_sandbox
  run hs-sandbox --port "$SANDBOX_PORT"
  [ "$status" -eq 69 ]
  [ "$output" = "hs-sandbox: 127.0.0.1:$SANDBOX_PORT: Address already in use" ]
  printf 'this is no database, whatever its name may say\n' >"$BATS_TEST_TMPDIR/text.db"
  run hs-sandbox --db "$BATS_TEST_TMPDIR/text.db"
  [ "$status" -eq 74 ]
  [ "$output" = "hs-sandbox: $BATS_TEST_TMPDIR/text.db: file is not a database" ]
  run hs-sandbox --calls "$BATS_TEST_TMPDIR/no/such/folder"
  [ "$status" -eq 74 ]
  for bad in --zork '--port 70000' operand '--token a --token-file b' '--trace t'; do
    # shellcheck disable=SC2086  # two words
    run hs-sandbox $bad
    [ "$status" -eq 2 ]
  done
}

@test "the demo portal holds what it promises, and is loaded once" {
  start_sandbox --demo --db "$BATS_TEST_TMPDIR/portal.db" --search-rate 0
  total() { api POST "$O/$1/search" "${2:-{\}}" | jq .total; }
  due='{"propertyName":"hs_timestamp","operator":"LTE","value":"2026-01-05T09:00:00Z"},{"propertyName":"hs_task_status","operator":"EQ","value":"NOT_STARTED"}'
  [ "$(total contacts)" -eq 500 ]
  [ "$(total companies)" -eq 120 ]
  [ "$(total tasks "{\"filterGroups\":[{\"filters\":[{\"propertyName\":\"hs_task_subject\",\"operator\":\"CONTAINS_TOKEN\",\"value\":\"Enrich Data\"},$due]}]}")" -eq 500 ]
  [ "$(total tasks "{\"filterGroups\":[{\"filters\":[{\"propertyName\":\"associations.contact\",\"operator\":\"NOT_HAS_PROPERTY\"},$due]}]}")" -eq 2 ]
  call POST "$O/contacts/search" '{"filterGroups":[{"filters":[{"propertyName":"email","operator":"CONTAINS_TOKEN","value":"*@gmail.com"}]}]}'
  is '.total > 5'
  call POST "$O/contacts/search" '{"filterGroups":[{"filters":[{"propertyName":"hs_analytics_num_visits","operator":"GT","value":"0"}]}]}'
  is '.total > 50'
  stop_sandbox
  start_sandbox --demo --db "$BATS_TEST_TMPDIR/portal.db" --search-rate 0
  [ "$(total contacts)" -eq 500 ]
}

# site NAME PATH [CURL-OPTION...]
site() { curl -sS --resolve "$1.localhost:$SANDBOX_PORT:127.0.0.1" "${@:3}" "http://$1.localhost:$SANDBOX_PORT$2"; }

@test "demo sites: pages, robots.txt, structured data and traces of software" {
  start_sandbox
  site aster-software / -D "$BATS_TEST_TMPDIR/headers" >"$BATS_TEST_TMPDIR/page"
  grep -q '^X-Powered-By: PHP/8.2.7' "$BATS_TEST_TMPDIR/headers"
  grep -q '<meta name="generator" content="WordPress 6.4.3">' "$BATS_TEST_TMPDIR/page"
  grep -q '<meta property="og:site_name" content="Aster Software">' "$BATS_TEST_TMPDIR/page"
  grep -q 'href="https://www.linkedin.com/company/aster-software"' "$BATS_TEST_TMPDIR/page"
  sed -n 's,.*<script type="application/ld+json">\(.*\)</script>,\1,p' "$BATS_TEST_TMPDIR/page" |
    jq -e '."@type" == "Organization" and .name == "Aster Software" and .numberOfEmployees.value == 14 and (.sameAs | length) == 2'
  [[ $(site aster-software /robots.txt) == $'User-agent: *\nDisallow: /private/\n'* ]]
  for path in /about /team /careers /contact /sitemap.xml; do
    [ "$(site aster-software $path -o /dev/null -w '%{http_code}')" -eq 200 ]
  done
  [ "$(site aster-software /nothing -o /dev/null -w '%{http_code}')" -eq 404 ]
  [ "$(site no-such-firm / -o /dev/null -w '%{http_code}')" -eq 404 ]
  [ "$(site www.aster-software / | head -c 15)" = '<!doctype html>' ]
}

@test "demo sites that misbehave: moved, slow, missing, parked, closed to robots" {
  start_sandbox
  [ "$(site fjallraven-clinics /about -o /dev/null -w '%{http_code} %{redirect_url}')" = "301 http://fjallraven-clinics-group.localhost:$SANDBOX_PORT/about" ]
  [[ $(site fjallraven-clinics-group /) == *'Fjällräven &amp; Söner Clinics'* ]]
  [ "$(site lumen-freight / -o /dev/null -w '%{time_total}' | cut -d. -f1)" -ge 2 ]
  [ "$(site ravensworth-cloud / -o /dev/null -w '%{http_code}')" -eq 404 ]
  [[ $(site xylo-energy /) == *'This domain may be for sale'* ]]
  [ "$(site sao-bento-robotics /robots.txt)" = $'User-agent: *\nDisallow: /' ]
}
