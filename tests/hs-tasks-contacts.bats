#!/usr/bin/env bats
# hs-tasks contacts: all of them, or those of a time; none lost, none twice.
# shellcheck disable=SC2016  # the dollars in single quotes are jq's

setup() { load helper; load hs-tasks-helper; }
teardown() { stop_proxy; stop_sandbox; }

ids() { hs-tasks contacts "$@" | jq -r .contact.id | xargs; }
modified() { get contacts "$1" lastmodifieddate; }
employed() { jq -nc --arg id "$1" '[{to:{id:$id}, types:[{associationCategory:"HUBSPOT_DEFINED", associationTypeId:279}]}]'; }

@test "contacts prints all with their company, in the order of their ids, and changes nothing" {
  portal
  acme=$(make companies '{"name":"Acme","domain":"acme.example"}')
  ann=$(make contacts '{"firstname":"Ann","email":"ann@acme.example"}' "$(employed "$acme")")
  bob=$(contact 'Bøb 王' bob@x.example)
  cid=$(make contacts '{"firstname":"Cid"}' "$(employed "$acme")")
  run --separate-stderr hs-tasks contacts --now "$NOW"
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ "$(jq -r .contact.id <<<"$output" | xargs)" = "$ann $bob $cid" ]
  [ "$(jq -c '[keys_unsorted[]]' <<<"$output")" = '["contact","company","read_at"]
["contact","read_at"]
["contact","company","read_at"]' ]
  [ "$(jq -r '.contact.properties.firstname, (.company.properties.domain // "-"), .read_at' <<<"${lines[1]}")" = $'Bøb 王\n-\n2026-01-05T09:00:00.000Z' ]
  [ "$(jq -r '.company.properties.name // "-"' <<<"$output" | xargs)" = 'Acme - Acme' ]
  # Named by the workflow's read.contact, or needed for the next --since.
  [ "$(jq -r '.contact.properties | has("lead_score"), has("lastmodifieddate"), has("address")' <<<"${lines[0]}" | xargs)" = 'true true false' ]
  [ "$(ids -n 2)" = "$ann $bob" ]
  [ "$(ids -n 0)" = '' ]
  [ "$(ids --where '.company.properties.name == "Acme"' -n 5)" = "$ann $cid" ]
  [ "$(hs-tasks contacts --no-join | jq -c keys | sort -u)" = '["contact","read_at"]' ]
  before=$(calls)
  hs-tasks contacts -n 1 --no-join >/dev/null
  [ $(($(calls) - before)) -eq 1 ]
}

@test "contacts of a time come by it, oldest first, both ends included" {
  portal
  for name in Ann Bob Cid; do contact "$name" >>made; done
  { read -r ann; read -r bob; read -r cid; } <made
  api PATCH "$O/contacts/$ann" '{"properties":{"jobtitle":"CTO"}}' >/dev/null
  [ "$(ids --since 2000-01-01)" = "$bob $cid $ann" ]
  [ "$(ids --since "$(modified "$cid")")" = "$cid $ann" ]
  [ "$(ids --until "$(modified "$cid")")" = "$bob $cid" ]
  [ "$(ids --since "$(modified "$cid")" --until "$(modified "$cid")")" = "$cid" ]
  [ "$(ids --since 'in 2 days')" = '' ]
  [ "$(ids --since yesterday -n 1)" = "$bob" ]
  [ "$(ids --since yesterday --where '.contact.properties.jobtitle == "CTO"')" = "$ann" ]
  [ "$(hs-tasks contacts --since yesterday --no-join | jq -c keys | sort -u)" = '["contact","read_at"]' ]
}

@test "contacts modified in the same moment are neither lost nor doubled at the ends of pages" {
  portal --now "$NOW"
  fill contacts 450 '{firstname: "F\($i)"}'
  hs-tasks contacts --no-join --since "$NOW" --until "$NOW" >all
  [ "$(wc -l <all)" -eq 450 ]
  [ "$(jq -r .contact.id all | sort -u | wc -l)" -eq 450 ]
}

@test "a contact that is modified while they are read moves no other out of sight" {
  portal
  fill contacts 450 '{firstname: "F\($i)"}'
  first=$(ids -n 1)
  between /contacts/search 2 patch "$O/contacts/$first" '{"properties":{"jobtitle":"CTO"}}'
  hs-tasks contacts --no-join --since yesterday >all
  [ "$(jq -r .contact.id all | sort -u | wc -l)" -eq 450 ]
  [ "$(wc -l <all)" -eq 450 ]
  [ "$(jq -r 'select(.contact.properties.jobtitle == "CTO").contact.id' all)" = "$first" ]
}

@test "10,300 contacts come whole, from the list and by time, a hundred or more a call" {
  portal
  fill contacts 10300 '{firstname: "F\($i)", email: "f\($i)@x.example"}'
  before=$(calls)
  hs-tasks contacts --no-join >all
  [ "$(jq -r .contact.id all | sort -u | wc -l)" -eq 10300 ]
  [ "$(wc -l <all)" -eq 10300 ]
  [ $(($(calls) - before)) -le 104 ]
  before=$(calls)
  hs-tasks contacts --since yesterday >all
  [ "$(jq -r .contact.id all | sort -u | wc -l)" -eq 10300 ]
  [ "$(wc -l <all)" -eq 10300 ]
  jq -r .contact.properties.lastmodifieddate all | sort -c
  # 52 searches, 103 reads, 11 reads of associations
  [ $(($(calls) - before)) -le 167 ]
}

@test "more properties than a URL holds are read by id" {
  portal
  ann=$(make contacts '{"firstname":"Ann","jobtitle":"CTO"}')
  jq '.read.contact = ["jobtitle"] + [range(300) | "a_property_of_that_portal_\(.)"]' "$PROJECT/share/workflow.json" >workflow.json
  run --separate-stderr hs-tasks contacts --workflow workflow.json --no-join
  [ "$status" -eq 0 ]
  [ "$(jq -r '.contact.id, .contact.properties.jobtitle' <<<"$output")" = "$ann"$'\nCTO' ]
}

@test "an empty portal has no contacts; a wrong time is a usage error" {
  portal
  for since in '' '--since yesterday'; do
    # shellcheck disable=SC2086  # two words
    run --separate-stderr hs-tasks contacts $since
    [ "$status" -eq 0 ]
    [ "$output$stderr" = '' ]
  done
  run --separate-stderr hs-tasks contacts --since recently
  [ "$status" -eq 2 ]
  [ "${stderr_lines[0]}" = 'hs-tasks: --since wants a time such as 2026-11-23T09:00:00Z, today or "in 2 days", not "recently"' ]
  run --separate-stderr hs-tasks contacts operand
  [ "$status" -eq 2 ]
}

@test "a token that is revoked midway: what came is whole, then one error record, status 77" {
  portal
  fill contacts 350 '{firstname: "F\($i)"}'
  between '' 3 answer 401 '{"status":"error","message":"The token was revoked","category":"INVALID_AUTHENTICATION"}'
  run --separate-stderr hs-tasks contacts --no-join
  [ "$status" -eq 77 ]
  [ "$(jq -r .contact.id <<<"$output" | grep -vx null | sort -u | wc -l)" -eq 200 ]
  [ "$(jq -c 'select(.error) | [.contact, .error.code, .error.retryable]' <<<"$output")" = '[null,"not_allowed",false]' ]
  [ "${#lines[@]}" -eq 201 ]
  [ "$stderr" = 'hs-tasks: contacts: status 401: The token was revoked' ]
}

@test "a list that gives the same page again is not followed for ever" {
  portal
  between '' 1 answer 200 '{"results":[{"id":"5","properties":{}}],"paging":{"next":{"after":"5 &#"}}}'
  run --separate-stderr timeout 20 hs-tasks contacts --no-join
  [ "$status" -eq 69 ]
  [ "$(jq -r 'select(.error).error.message' <<<"$output")" = 'listing contacts: the next page is this one again' ]
}

@test "a storm of 429s and a search that is refused: waited out, and said" {
  portal --db portal.db
  fill contacts 300 '{firstname: "F\($i)"}'
  between /contacts/search 2 answer 400 '{"status":"error","message":"too odd","category":"VALIDATION_ERROR"}'
  run --separate-stderr hs-tasks contacts --since yesterday
  [ "$status" -eq 2 ]
  [ "$(jq -r '.error.code, .error.message' <<<"$output")" = $'bad_config\nsearching contacts: status 400: too odd' ]
  stop_sandbox
  start_sandbox --db portal.db --rate 0 --search-rate 0 --fail 429=30% --seed 3
  run --separate-stderr hs-tasks contacts --since yesterday --no-join
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 300 ]
}
