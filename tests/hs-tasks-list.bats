#!/usr/bin/env bats
# hs-tasks list: which tasks it finds, in what order, how many there may be, and its bad days.
# shellcheck disable=SC2016  # the dollars in single quotes are jq's

setup() { load helper; load hs-tasks-helper; }
teardown() { stop_proxy; stop_sandbox; }

ids() { hs-tasks list --now "$NOW" "$@" | jq -r .task.id | xargs; }

# large: 12,000 tasks, the last made is due first; every thousandth is called "Call".
large() {
  portal
  fill tasks 12000 '{hs_task_subject: (if $i % 1000 == 0 then "Call \($i)" else "Enrich Data \($i)" end), hs_task_status: "NOT_STARTED", hubspot_owner_id: "71001",
    hs_timestamp: ((1767603600000 - $i * 60000) | tostring)}'
}

@test "list takes queue, due date, subject, contact and company, alone and together" {
  portal
  acme=$(make companies '{"name":"Acme","domain":"acme.example"}')
  link() { jq -nc --arg id "$1" --argjson type "$2" '[{to:{id:$id}, types:[{associationCategory:"HUBSPOT_DEFINED", associationTypeId:$type}]}]'; }
  ann=$(make contacts '{"firstname":"Ann","email":"ann@acme.example"}' "$(link "$acme" 279)")
  bob=$(contact Bob bob@x.example)
  one=$(task 'Enrich Data for Ann' "$ann" '{"hs_queue_membership_ids":"11;12","hs_timestamp":"2026-01-01"}')
  two=$(task 'Call Ann' "$ann" '{"hs_queue_membership_ids":"12","hs_timestamp":"2026-01-02","hs_task_priority":"LOW"}')
  three=$(task 'Call Bob Müller' "$bob" '{"hs_timestamp":"2026-01-03","hs_task_priority":null}')
  four=$(make tasks '{"hs_task_subject":"Enrich Data of Acme","hs_timestamp":"2026-01-04","hs_task_priority":"NONE"}' "$(link "$acme" 192)")
  set_task "$four" '{"hs_timestamp":""}'
  [ "$(ids)" = "$one $two $three $four" ]
  [ "$(ids --queue 11)" = "$one" ]
  [ "$(ids --queue 12)" = "$one $two" ]
  [ "$(ids --queue 1)" = '' ]
  [ "$(hs-tasks list --queue 11 | jq -r .task.properties.hs_queue_membership_ids)" = '11;12' ]
  [ "$(ids --due any)" = "$one $two $three" ]
  [ "$(ids --due none)" = "$four" ]
  [ "$(ids --due any --due-after 2026-01-02)" = "$two $three" ]
  [ "$(ids --due-before yesterday)" = "$one $two $three" ]
  [ "$(ids --priority none)" = "$three $four" ]
  [ "$(ids --priority low,NONE)" = "$two $three $four" ]
  [ "$(ids --subject Call)" = "$two $three" ]
  [ "$(ids --subject rich)" = "$one $four" ]
  [ "$(ids --subject 'Data of')" = "$four" ]
  [ "$(ids --subject call)" = '' ]
  [ "$(ids --subject '(?i)^call .*m.ller$')" = "$three" ]
  [ "$(ids --subject Müller)" = "$three" ]
  [ "$(ids --contact "$ann")" = "$one $two" ]
  [ "$(ids --contact BOB@x.example)" = "$three" ]
  [ "$(ids --company "$acme")" = "$four" ]
  [ "$(ids --company ACME.example)" = "$four" ]
  [ "$(ids --contact ann@acme.example --type enrich --queue 12 --owner queue --status not_started --priority HIGH --subject '^Enrich' --due-before "$NOW")" = "$one" ]
}

@test "companies that share a domain are all meant, up to five" {
  portal
  want=''
  for i in 1 2 3 4 5; do
    id=$(make companies "{\"name\":\"Acme $i\",\"domain\":\"acme.example\"}")
    want+=" $(make tasks "{\"hs_task_subject\":\"Enrich Data $i\",\"hs_timestamp\":\"2026-01-0$i\"}" \
      "[{\"to\":{\"id\":\"$id\"},\"types\":[{\"associationCategory\":\"HUBSPOT_DEFINED\",\"associationTypeId\":192}]}]")"
  done
  task 'Enrich Data of another' >/dev/null
  [ " $(ids --company acme.example --type enrich --due any)" = "$want" ]
  make companies '{"name":"Acme 6","domain":"acme.example"}' >/dev/null
  run --separate-stderr hs-tasks list --company acme.example
  [ "$status" -eq 2 ]
  [ "$stderr" = 'hs-tasks: list: --company: more than 5 companies have the domain "acme.example": name one by its id' ]
}

@test "a contact, company or owner that the portal does not have is status 2, with an error record" {
  portal
  for option in contact=nobody@x.example company=nowhere.example owner=nobody@x.example; do
    run --separate-stderr hs-tasks list "--${option%%=*}" "${option#*=}"
    [ "$status" -eq 2 ]
    [ "$(jq -c '[.error.code, .error.retryable, .task]' <<<"$output")" = '["bad_config",false,null]' ]
    [[ $stderr == *"${option#*=}"* ]]
  done
}

@test "what an option cannot mean is said before a call is made" {
  export HUBSPOT_ACCESS_TOKEN=x HUBSPOT_API_URL=http://127.0.0.1:9
  check() {
    run --separate-stderr hs-tasks list "${@:2}"
    [ "$status" -eq 2 ]
    [ "${stderr_lines[0]}" = "hs-tasks: $1" ]
    [ "$output" = '' ]
  }
  check '--status: "DONE" is none of NOT_STARTED IN_PROGRESS WAITING COMPLETED DEFERRED' --status WAITING,DONE
  check '--status: "" is none of NOT_STARTED IN_PROGRESS WAITING COMPLETED DEFERRED' --status WAITING,
  check '--priority: "URGENT" is none of HIGH MEDIUM LOW NONE' --priority URGENT
  check '--queue wants a queue'"'"'s id, a number, not "sales"' --queue sales
  check '--due is any or none, not "today"' --due today
  check '--due none goes without --due-before and --due-after' --due none --due-before today
  check '--subject: missing closing parenthesis at offset 1' --subject '('
  check '--contact wants an id or an e-mail address, not "Ann"' --contact Ann
  check '--company wants an id or a domain, not "Acme"' --company Acme
  check '--owner: no owner "me" in the workflow file, and no id or e-mail' --owner me
}

@test "an empty portal lists nothing, with status 0 and one call" {
  portal
  before=$(calls)
  run --separate-stderr hs-tasks list
  [ "$status" -eq 0 ]
  [ "$output$stderr" = '' ]
  [ $(($(calls) - before)) -eq 1 ]
}

@test "names of any script come out as they are" {
  portal
  id=$(task 'Call 王小明 «Zoë» 👍 "quoted" \back' "$(make contacts '{"firstname":"王小明","lastname":"Ørsted \"Ö\"","email":"zoë@x.example"}')")
  run --separate-stderr hs-tasks list --subject '小'
  [ "$status" -eq 0 ]
  [ "$(jq -r '.task.id, .task.properties.hs_task_subject, .contact.properties.firstname, .contact.properties.lastname' <<<"$output")" = \
    "$id"$'\nCall 王小明 «Zoë» 👍 "quoted" \\back\n王小明\nØrsted "Ö"' ]
}

@test "a subject that the pattern takes too long on is left out, and said" {
  portal
  id=$(task 'aaaa')
  task "$(head -c 60 /dev/zero | tr '\0' a)b" >/dev/null
  run --separate-stderr hs-tasks list --subject '^(a+)+$' --no-join
  [ "$status" -eq 0 ]
  [ "$(jq -r .task.id <<<"$output")" = "$id" ]
  [ "$stderr" = 'hs-tasks: list: --subject: 1 subjects were left out: the pattern takes too long on them' ]
}

@test "12,000 tasks come whole, once each, by due date; few are kept in memory, and few calls made" {
  large
  before=$(calls)
  /usr/bin/time -f '%M' -o memory hs-tasks list --no-join >all
  [ "$(wc -l <all)" -eq 12000 ]
  jq -r '"\(.task.properties.hs_timestamp) \(.task.id)"' all >order
  sort -c order
  [ "$(cut -d' ' -f2 order | sort -u | wc -l)" -eq 12000 ]
  # 50 searches by date, 60 by id, 20 reads of a hundred
  [ $(($(calls) - before)) -le 131 ]
  [ "$(tail -n 1 memory)" -lt 65536 ]
}

@test "past 10,000 filters, -n and --where still hold" {
  large
  [ "$(hs-tasks list --no-join --subject '^(Call|Enrich)' --where '.task.properties.hs_task_subject | endswith("7") | not' -n 9003 | tail -n 1 |
    jq -r .task.properties.hs_task_subject)" = 'Enrich Data 1998' ]
  [ "$(hs-tasks list --no-join --subject Call | jq -r .task.properties.hs_task_subject | xargs)" = \
    'Call 12000 Call 11000 Call 10000 Call 9000 Call 8000 Call 7000 Call 6000 Call 5000 Call 4000 Call 3000 Call 2000 Call 1000' ]
  before=$(calls)
  [ "$(hs-tasks list --no-join --subject '^Call' -n 3 | jq -r .task.properties.hs_task_subject | xargs)" = 'Call 12000 Call 11000 Call 10000' ]
  # the third is among the first 2001
  [ $(($(calls) - before)) -le 11 ]
  before=$(calls)
  [ "$(hs-tasks list --no-join -n 5 | wc -l)" -eq 5 ]
  [ $(($(calls) - before)) -eq 1 ]
}

@test "a task that goes to another page while the list is read comes once" {
  portal
  fill tasks 400 '{hs_task_subject: "Enrich Data \($i)", hs_timestamp: ((1767603600000 + $i * 60000) | tostring)}'
  first=$(hs-tasks list --no-join -n 1 | jq -r .task.id)
  between /tasks/search 2 patch "$O/tasks/$first" '{"properties":{"hs_timestamp":"2027-01-01"}}'
  hs-tasks list --no-join >all
  # One was printed, then moved to the end; the one that took its place on the first page is the price (hs-tasks(1)).
  [ "$(jq -r .task.id all | sort | uniq -d)" = '' ]
  [ "$(jq -r .task.id all | grep -cx "$first")" -eq 1 ]
}

@test "a task that no longer is what was asked for is not printed, whatever the search says" {
  portal
  between /tasks/search 1 answer 200 '{"total":2,"results":[{"id":"5","properties":{"hs_task_subject":"A","hs_task_status":"COMPLETED"}},
    {"id":"6","properties":{"hs_task_subject":"B","hs_task_status":"NOT_STARTED"}}]}'
  [ "$(hs-tasks list --no-join --status NOT_STARTED | jq -r .task.id)" = 6 ]
}

@test "a token that is revoked midway: what came is whole, the rest is one error record, status 77" {
  portal
  fill tasks 1000 '{hs_task_subject: "Enrich Data \($i)", hs_timestamp: "2026-01-01"}'
  between /tasks/search 3 answer 401 '{"status":"error","message":"The token was revoked","category":"INVALID_AUTHENTICATION"}'
  run --separate-stderr hs-tasks list --no-join
  [ "$status" -eq 77 ]
  [ "${#lines[@]}" -eq 401 ]
  [ "$(jq -c 'select(.error) | [.task, .error.code, .error.retryable]' <<<"$output")" = '[null,"not_allowed",false]' ]
  [ "$stderr" = 'hs-tasks: list: status 401: The token was revoked' ]
}

@test "a search that is refused midway ends the list with status 2 and HubSpot's words" {
  portal
  fill tasks 500 '{hs_task_subject: "Enrich Data \($i)", hs_timestamp: "2026-01-01"}'
  between /tasks/search 2 answer 400 '{"status":"error","message":"too odd","category":"VALIDATION_ERROR"}'
  run --separate-stderr hs-tasks list --no-join
  [ "$status" -eq 2 ]
  [ "${#lines[@]}" -eq 201 ]
  [ "$(jq -r 'select(.error).error | .code, .message' <<<"$output")" = $'bad_config\nsearching tasks: status 400: too odd' ]
}

@test "a search that gives the same page again is not followed for ever" {
  portal
  between /tasks/search 1 answer 200 '{"total":999,"results":[{"id":"5","properties":{}}],"paging":{"next":{"after":"0"}}}'
  run --separate-stderr timeout 20 hs-tasks list --no-join
  [ "$status" -eq 69 ]
  [ "$(jq -r 'select(.error).error.message' <<<"$output")" = "searching tasks: the search's next page is not behind the last" ]
}

@test "a storm of 429s is waited out, and nothing is missing" {
  portal --db portal.db
  fill tasks 300 '{hs_task_subject: "Enrich Data \($i)", hs_timestamp: "2026-01-01"}'
  stop_sandbox
  start_sandbox --db portal.db --rate 0 --search-rate 0 --fail 429=30% --seed 3
  run --separate-stderr hs-tasks list
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 300 ]
}
