#!/usr/bin/env bats
# enrich against real websites on loopback: tests/data/enrich/serve.py answers by virtual host.

NOW=2026-01-05T09:00:00Z

setup_file() {
  SITES_LOG=$BATS_FILE_TMPDIR/requests.log
  : >"$SITES_LOG"
  python3 "$BATS_TEST_DIRNAME/data/enrich/serve.py" "$SITES_LOG" >"$BATS_FILE_TMPDIR/port" 2>"$BATS_FILE_TMPDIR/serve.err" 3>&- &
  SITES_PID=$!
  until [ -s "$BATS_FILE_TMPDIR/port" ]; do
    kill -0 "$SITES_PID" || return 1
    sleep 0.02
  done
  PORT=$(cat "$BATS_FILE_TMPDIR/port")
  export SITES_LOG SITES_PID PORT
}

teardown_file() {
  kill "$SITES_PID"
}

setup() {
  load helper
  data=$BATS_TEST_DIRNAME/data/enrich
}

teardown() {
  stop_sandbox
}

# site NAME [OPTION...]: the site of that name, enriched; prints the record.
site() {
  local name=$1
  shift
  enrich --allow-private --pause 0 --now $NOW "$@" <<<"{\"website\":\"http://$name.localhost:$PORT/\"}"
}

# status NAME [OPTION...]: status and reason of that site, and how many facts it gave beside the website.
status() {
  site "$@" | jq -r '.enrichment | "\(.site.status): \(.site.reason // "") \(.facts | del(.website) | length)"'
}

# requests NAME: the paths asked of that host so far, in order.
requests() {
  awk -v host="$1.localhost:$PORT" '$1 == host { print $2 }' "$SITES_LOG" | paste -sd ' '
}

# -- the record --

@test "every input byte stays, the member is added, and the output is just this" {
  record='{"contact":{"properties":{"email":"ann@acme.example","jobtitle":"CTO"}},"n":12345678901234567890.10}'
  run --separate-stderr enrich --no-fetch --now $NOW <<<"$record"
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ "$output" = "${record%\}},"'"enrichment":{"at":"2026-01-05T09:00:00.000Z","domain":"acme.example","site":{"status":"not_fetched","pages":0},"facts":{"title":{"value":"CTO","source":"contact.jobtitle","method":"crm","evidence":"CTO","confidence":0.95},"email":{"value":"ann@acme.example","source":"contact.email","method":"crm","evidence":"ann@acme.example","confidence":0.95},"seniority":{"value":"c_level","source":"contact.jobtitle","method":"rule","evidence":"\"cto\" in the title","confidence":0.9},"department":{"value":"engineering","source":"contact.jobtitle","method":"rule","evidence":"\"cto\" in the title","confidence":0.8},"mail_class":{"value":"business","source":"contact.email","method":"rule","evidence":"acme.example","confidence":0.9}},"technologies":[],"social":{},"gaps":["company_size","industry","linkedin","phone","website"],"quality":"LOW","decision_maker_score":9,"decision_maker_reasons":[{"rule":"seniority c_level","points":8},{"rule":"department that buys","points":1}],"next_action":"Review by hand: find company_size, industry, linkedin, phone, website"}}' ]
}

@test "an older enrichment is replaced where it stands" {
  run --separate-stderr enrich --no-fetch --now $NOW <<<'{"enrichment":{"old":1},"email":"a@gmail.com"}'
  [ "$status" -eq 0 ]
  [ "$(jq -c 'keys_unsorted, (.enrichment | has("old"))' <<<"$output" | paste -sd ' ')" = '["enrichment","email"] false' ]
}

@test "the CRM's own contact and company are facts, the contact before the company" {
  run --separate-stderr enrich --no-fetch <<'END'
{"contact":{"properties":{"jobtitle":"Head of IT","phone":"+1 1","industry":null,"hs_linkedin_url":"https://de.linkedin.com/in/ann/","numemployees":"","country":"DE"}},"company":{"properties":{"name":"Acme","domain":"acme.example","website":"www.acme.example","industry":"COMPUTER_SOFTWARE","numberofemployees":"1,200","phone":"+1 2","linkedin_company_page":"https://www.linkedin.com/company/acme"}}}
END
  [ "$status" -eq 0 ]
  [ "$(jq -r '.enrichment.facts | to_entries[] | "\(.key)=\(.value.value) \(.value.source)"' <<<"$output")" = 'title=Head of IT contact.jobtitle
company_size=1200 company.numberofemployees
industry=COMPUTER_SOFTWARE company.industry
linkedin=https://www.linkedin.com/in/ann contact.hs_linkedin_url
company_name=Acme company.name
website=https://www.acme.example/ company.website
phone=+1 1 contact.phone
country=DE contact.country
seniority=director contact.jobtitle
department=it contact.jobtitle' ]
  [ "$(jq -c '.enrichment.social | map_values(.value)' <<<"$output")" = '{"linkedin_company":"https://www.linkedin.com/company/acme","linkedin_person":"https://www.linkedin.com/in/ann"}' ]
}

@test "free mail is nobody's company, a profile is no website, and neither is asked for" {
  run --separate-stderr enrich --allow-private <<'END'
{"email":"ann@gmail.com"}
{"website":"https://www.linkedin.com/company/acme"}
{"website":"gmail.com"}
{"website":"not a website"}
{}
{"email":"ann@linkedin.com"}
END
  [ "$status" -eq 0 ]
  [ "$(jq -r '.enrichment | "\(.domain) \(.site.status): \(.site.reason) \(.facts.linkedin.value // "")"' <<<"$output")" = 'null no_domain: no website, and the e-mail address is at a free mail service 
null no_domain: no website and no e-mail address https://www.linkedin.com/company/acme
null no_domain: no website and no e-mail address 
null no_domain: no website and no e-mail address 
null no_domain: no website and no e-mail address 
linkedin.com elsewhere: LinkedIn is never fetched ' ]
}

@test "a task without contact and company carries an error, and the next record is enriched" {
  for mode in --no-fetch --allow-private; do
    run --separate-stderr enrich $mode <<<$'{"task":{"id":"1"}}\n{"email":"a@gmail.com"}'
    [ "$status" -eq 1 ]
    [ "$(jq -c .error <<<"${lines[0]}")" = '{"tool":"enrich","code":"no_contact","message":"the record has nobody to enrich","retryable":false}' ]
    [ "$(jq -r .enrichment.quality <<<"${lines[1]}")" = LOW ]
  done
}

# -- the site --

@test "a home page and its contact page: facts, each with its source" {
  run --separate-stderr site acme
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ "$(jq -r '.enrichment.facts | to_entries[] | "\(.key)=\(.value.value) [\(.value.method)] \(.value.source)"' <<<"$output" | sed "s/:$PORT//g")" = 'company_size=51 [json-ld] http://acme.localhost/
industry=Manufacturing [json-ld] http://acme.localhost/
linkedin=https://www.linkedin.com/company/acme-pumps [json-ld] http://acme.localhost/
company_name=Acme Pumps [json-ld] http://acme.localhost/
legal_name=Acme Pumps Ltd [json-ld] http://acme.localhost/
description=Pumps and valves for water works. [html] http://acme.localhost/
website=http://acme.localhost/ [crm] contact.website
canonical=http://acme.localhost/home [html] http://acme.localhost/
logo=http://acme.localhost/logo.svg [json-ld] http://acme.localhost/
phone=+44-113-496-0000 [link] http://acme.localhost/contact
email=info@acme.localhost [link] http://acme.localhost/contact
address=1 Mill Lane, LS1 1AA, Leeds, GB [json-ld] http://acme.localhost/
country=GB [json-ld] http://acme.localhost/
language=en [html] http://acme.localhost/
founded=1923 [json-ld] http://acme.localhost/
page_title=Acme Pumps & Valves [html] http://acme.localhost/
site_name=Acme [opengraph] http://acme.localhost/' ]
  [ "$(jq -r '.enrichment.technologies[] | "\(.name) \(.version) \(.confidence) \(.evidence)"' <<<"$output")" = 'Google Tag Manager null 0.9 inline script googletagmanager.com/gtm.js
HubSpot null 0.95 script src //js.hs-scripts.com/1234567.js
jQuery 3.7.1 0.97 script src https://code.jquery.com/jquery-3.7.1.min.js
WordPress 6.4.2 0.99 meta generator: WordPress 6.4.2' ]
  [ "$(jq -c '.enrichment.social | map_values(.value)' <<<"$output")" = '{"linkedin_company":"https://www.linkedin.com/company/acme-pumps","linkedin_person":"https://www.linkedin.com/in/a-person","x":"https://x.com/acmepumps","youtube":"https://www.youtube.com/@acmepumps","github":"https://github.com/acme-pumps"}' ]
  [ "$(jq -c '.enrichment.site' <<<"$output" | sed "s/:$PORT//")" = '{"status":"ok","url":"http://acme.localhost/","pages":3}' ]
}

@test "robots.txt first, the home page, then the pages that tell most, within the budget, under an honest name" {
  site polite
  [ "$(requests polite)" = '/robots.txt / /about-us /contact' ]
  site thrifty --pages 1
  [ "$(requests thrifty)" = '/robots.txt /' ]
  site named --pages 1 --user-agent 'researchbot/2 (+https://a.example/bot)'
  grep -q "^polite.localhost:$PORT / leadpipe/[0-9.]*\$" "$SITES_LOG"
  grep -qF "named.localhost:$PORT / researchbot/2 (+https://a.example/bot)" "$SITES_LOG"
}

@test "a page from a file gives what the same page gives from its server, but for what other pages told" {
  run --separate-stderr enrich --html "$data/acme.html" --now $NOW <<<"{\"website\":\"http://acme.localhost:$PORT/\"}"
  [ "$status" -eq 0 ]
  [ "$output" = "$(site acme --pages 1)" ]
  run --separate-stderr enrich --html "$data/acme.html" --url https://acme.example/ <<<'{"n":1}'
  [ "$status" -eq 0 ]
  [ "$(jq -r .enrichment.facts.canonical.value <<<"$output")" = https://acme.example/home ]
}

@test "robots.txt: forbidden, forbidden in part, for others, missing, broken, moved" {
  [ "$(status forbids)" = 'robots: robots.txt forbids the page 0' ]
  [ "$(requests forbids)" = /robots.txt ]
  site picky
  [ "$(requests picky)" = '/robots.txt / /about-us' ]
  [[ "$(status others)" == 'ok: '* ]]
  [ "$(status brokenrobots)" = 'robots: robots.txt: status 500, which forbids all 0' ]
  [ "$(status movedrobots)" = 'robots: robots.txt forbids the page 0' ]
  [ "$(requests movedrobots)" = '/robots.txt /rules.txt' ]
  [[ "$(status others --user-agent 'otherbot/1')" == 'robots: '* ]]
}

@test "a long crawl delay: one page only" {
  site slowly
  [ "$(requests slowly)" = '/robots.txt /' ]
}

@test "twenty websites on one host: robots.txt once, one request at a time" {
  for i in $(seq 20); do echo "{\"website\":\"http://crowd.localhost:$PORT/$i\"}"; done >"$BATS_TEST_TMPDIR/in"
  run --separate-stderr enrich --allow-private --pause 0 "$BATS_TEST_TMPDIR/in"
  [ "$status" -eq 0 ]
  [ "$(jq -r .enrichment.site.url <<<"$output")" = "$(jq -r .website "$BATS_TEST_TMPDIR/in")" ]
  [ "$(requests crowd | tr ' ' '\n' | grep -c '^/robots.txt$')" -eq 1 ]
  [ "$(requests crowd | tr ' ' '\n' | sort -u | wc -l)" -eq 21 ]
  [ "$(grep -c '^crowd.* two at once' "$SITES_LOG")" -eq 0 ]
}

@test "two websites on one host wait for each other, and for the pause or the crawl delay" {
  for i in 1 2; do echo "{\"website\":\"http://pair.localhost:$PORT/$i\"}"; done >"$BATS_TEST_TMPDIR/in"
  run --separate-stderr enrich --allow-private --pages 1 --pause 300ms --trace "$BATS_TEST_TMPDIR/t.jsonl" "$BATS_TEST_TMPDIR/in"
  [ "$status" -eq 0 ]
  # the first takes 600 ms
  run jq -s '[.[] | select(.op == "web.fetch").ts | (.[0:19] + "Z" | fromdate) + (.[20:23] | tonumber) / 1000] | length == 2 and .[1] - .[0] >= 0.899' "$BATS_TEST_TMPDIR/t.jsonl"
  [ "$output" = true ]
}

# asked NAME: when pages of that host were asked for, in seconds, sorted; from the spans of all processes in t.jsonl.
asked() {
  jq -r 'select(.op == "web.fetch") | (.ts[0:19] + "Z" | fromdate) + (.ts[20:23] | tonumber) / 1000 + (.wait_ms / 1000), .ms / 1000' "$BATS_TEST_TMPDIR/t.jsonl" | paste - - | sort -n
}

@test "sixteen processes at one website are as polite as one, and one that is killed keeps nobody waiting" {
  pids=()
  for i in $(seq 16); do
    for page in 1 2 3; do echo "{\"website\":\"http://many.localhost:$PORT/$i-$page\"}"; done |
      enrich --allow-private --no-cache --pages 1 --pause 30ms --trace "$BATS_TEST_TMPDIR/t.jsonl" >"$BATS_TEST_TMPDIR/out.$i" &
    pids+=("$!")
  done
  until [ "$(requests many | tr ' ' '\n' | grep -c -- '-')" -gt 3 ]; do sleep 0.02; done
  kill -9 "${pids[15]}"
  wait "${pids[15]}" || [ "$?" -eq 137 ]
  for pid in "${pids[@]:0:15}"; do wait "$pid"; done
  [ "$(cat "$BATS_TEST_TMPDIR"/out.? "$BATS_TEST_TMPDIR"/out.1[0-5] | jq -r .enrichment.site.status | sort | uniq -c | xargs)" = '45 ok' ]
  [ "$(asked many | wc -l)" -ge 45 ]
  # From one answer to the next question at least the pause, whoever asks; the spans' times are whole milliseconds.
  asked many | awk 'NR > 1 && $1 < end + 0.028 { exit 1 } { end = $1 + $2 }'
}

@test "what one process was asked to wait, all wait" {
  enrich --allow-private --no-cache --pages 1 --pause 0 <<<"{\"website\":\"http://asksback.localhost:$PORT/1\"}" >"$BATS_TEST_TMPDIR/first" &
  first=$!
  until requests asksback | grep -q '/1'; do sleep 0.02; done
  began=$(date +%s%3N)
  enrich --allow-private --no-cache --pages 1 --pause 0 <<<"{\"website\":\"http://asksback.localhost:$PORT/2\"}" >"$BATS_TEST_TMPDIR/second"
  waited=$(($(date +%s%3N) - began))
  kill "$first" 2>/dev/null || true
  wait "$first" || true
  [ "$(jq -r .enrichment.site.status "$BATS_TEST_TMPDIR/second")" = ok ]
  [ "$waited" -ge 1700 ]
}

@test "without a state folder other processes are not waited for, and -v says so" {
  mkdir -p "$LEADPIPE_HOME/state"
  mkdir "$LEADPIPE_HOME/state/web.turns"
  run --separate-stderr site acme -v
  [ "$status" -eq 0 ]
  [[ $stderr == *"enrich: other processes that ask the same websites are not waited for: $LEADPIPE_HOME/state/web.turns: Is a directory"* ]]
}

@test "one site for many records is read once" {
  for i in $(seq 200); do echo "{\"i\":$i,\"website\":\"http://shared.localhost:$PORT\"}"; done >"$BATS_TEST_TMPDIR/in"
  run --separate-stderr enrich --allow-private --pause 0 "$BATS_TEST_TMPDIR/in"
  [ "$status" -eq 0 ]
  [ "$(jq -r .i <<<"$output" | paste -sd ' ')" = "$(seq 200 | paste -sd ' ')" ]
  [ "$(jq -r .enrichment.site.status <<<"$output" | sort -u)" = ok ]
  [ "$(requests shared)" = '/robots.txt / /about-us /contact' ]
}

@test "records leave in their order, though the first site answers last" {
  run --separate-stderr enrich --allow-private --pause 0 <<END
{"i":1,"website":"http://late.localhost:$PORT"}
{"i":2,"website":"http://prompt.localhost:$PORT"}
{"i":3}
this is no JSON
{"i":5,"error":{"tool":"x","code":"y"}}

{"i":7,"website":"http://prompt.localhost:$PORT"}
END
  [ "$status" -eq 1 ]
  [ "${#lines[@]}" -eq 6 ]
  [ "$(jq -c '[.i, .error.code, .enrichment.site.status]' <<<"$output" | paste -sd ' ')" = '[1,null,"ok"] [2,null,"ok"] [3,null,"no_domain"] [null,"bad_json",null] [5,"y",null] [7,null,"ok"]' ]
  [ "$(grep -n 'late.*/robots.txt' "$SITES_LOG" | cut -d: -f1)" -lt "$(grep -n "^prompt.*/contact" "$SITES_LOG" | cut -d: -f1)" ]
}

@test "same input, same clock, same pages: same bytes" {
  for name in acme moved parked zipped cookies trap gone; do echo "{\"website\":\"http://$name.localhost:$PORT\"}"; done >"$BATS_TEST_TMPDIR/in"
  enrich --allow-private --pause 0 --now $NOW "$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/a"
  enrich --allow-private --pause 0 --now $NOW -j 1 "$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/b"
  [ -s "$BATS_TEST_TMPDIR/a" ]
  cmp "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
}

@test "https first, then http, where the record names no scheme" {
  run --separate-stderr enrich --allow-private --pause 0 <<<"{\"website\":\"plain.localhost:$PORT\"}"
  [ "$status" -eq 0 ]
  [ "$(jq -r '.enrichment.site | "\(.status) \(.url)"' <<<"$output")" = "ok http://plain.localhost:$PORT/" ]
  run --separate-stderr enrich --allow-private --pause 0 <<<"{\"website\":\"https://plain.localhost:$PORT\"}"
  [ "$status" -eq 0 ]
  [ "$(jq -r '.enrichment.site.status' <<<"$output")" = unreachable ]
}

@test "redirects: to another domain it is noted, round in circles, to LinkedIn and to files it ends" {
  [ "$(site moved | jq -c '.enrichment | [.domain, .site.status, .site.redirected_to, .facts.company_name.value]')" = '["moved.localhost","ok","acme.localhost","Acme Pumps"]' ]
  [ "$(status loop --no-cache)" = 'http_error: redirects without end 0' ]
  [ "$(requests loop)" = '/robots.txt / / / / / /' ]
  [ "$(status profile)" = 'elsewhere: leads to linkedin.com 0' ]
  [ "$(status file)" = 'http_error: redirects to what is no web address 0' ]
  site refresh
  [ "$(requests refresh)" = '/robots.txt / /de/' ]
}

@test "a further page that leads to another host is left alone" {
  [ "$(site leaver | jq -c '.enrichment.site | [.status, .pages]')" = '["ok",2]' ]
  [ "$(requests leaver)" = '/robots.txt / /about-us /contact' ]
  [ "$(requests stranger)" = '' ]
}

@test "a private address is refused, by name and after a redirect; link-local ones even with --allow-private" {
  run --separate-stderr enrich <<<"{\"website\":\"http://acme.localhost:$PORT\"}"
  [ "$status" -eq 0 ]
  [ "$(jq -r .enrichment.site.status <<<"$output")" = refused_address ]
  run --separate-stderr enrich <<<'{"website":"http://0x7f.1/"}'
  [ "$(jq -r '.enrichment | "\(.domain) \(.site.status)"' <<<"$output")" = '127.0.0.1 refused_address' ]
  run --separate-stderr status inward
  [[ "$output" == 'refused_address: address 169.254.169.254 refused'* ]]
}

@test "pages that are no company's: parked, not found, walls; they give no facts and no technologies" {
  [ "$(status parked)" = 'parked: page says "domain is for sale" 0' ]
  [ "$(status soft404)" = 'soft_404: title says "page not found" 0' ]
  [ "$(status wall)" = 'bot_wall: title says "just a moment..." 0' ]
  [ "$(status gone)" = 'http_error: status 404 0' ]
  [ "$(status pdf)" = 'not_html: content type application/pdf 0' ]
  [ "$(site soft404 | jq -c '.enrichment | [.technologies, .quality]')" = '[[],"LOW"]' ]
}

@test "hostile pages: too large, a bomb, too deep, control bytes" {
  [[ "$(status large)" == 'too_large: answer larger than 2097152 bytes 0' ]]
  [[ "$(status bomb)" == 'too_large: '* ]]
  [ "$(site deep | jq -r .enrichment.facts.page_title.value)" = Deep ]
  run --separate-stderr site escapes
  [ "$status" -eq 0 ]
  [[ "$output" != *$'\e'* ]]
}

@test "a page that names every product uses none of them" {
  [ "$(site trap | jq -c '.enrichment | [.site.status, .technologies]')" = '["ok",[]]' ]
}

@test "packed and foreign bytes are read, cookies count by name and are not shown" {
  [ "$(site zipped | jq -r .enrichment.facts.company_name.value)" = 'Acme Pumps' ]
  [ "$(site latin | jq -r .enrichment.facts.page_title.value)" = 'Café Müller' ]
  run --separate-stderr site cookies
  [ "$(jq -r '.enrichment.technologies[] | "\(.name) \(.version) \(.evidence)"' <<<"$output")" = 'nginx 1.22.1 header Server: nginx/1.22.1
Shopify null cookie _shopify_s' ]
  [[ "$output" != *secret* ]]
}

@test "a site that stalls or is not there is no error of the record" {
  [ "$(status stalls --timeout 200ms)" = 'timed_out: no answer within 0.2 s 0' ]
  run --separate-stderr enrich --allow-private <<<'{"website":"http://nobody.localhost:1/","email":"a@nobody.example"}'
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ "$(jq -c '.enrichment | [.site.status, .quality, .facts.mail_class.value]' <<<"$output")" = '["unreachable","LOW","business"]' ]
}

@test "the e-mail's domain is a website only where a page answers" {
  run --separate-stderr enrich --allow-private <<<'{"email":"a@nobody.localhost"}'
  [ "$status" -eq 0 ]
  [ "$(jq -c '.enrichment | [.domain, .facts.website]' <<<"$output")" = '["nobody.localhost",null]' ]
}

# -- the stream --

@test "SIGTERM: what is in flight comes out as interrupted and retryable, within two seconds" {
  mkfifo "$BATS_TEST_TMPDIR/in"
  enrich --allow-private <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  pid=$!
  exec 9>"$BATS_TEST_TMPDIR/in"
  printf '%s\n' "{\"i\":1,\"website\":\"http://stalls-on.localhost:$PORT/\"}" '{"i":2,"email":"a@gmail.com"}' >&9
  until grep -q 'stalls-on.*robots' "$SITES_LOG"; do sleep 0.02; done
  start=$(date +%s%N)
  kill -TERM $pid
  code=0
  wait $pid || code=$?
  took_ms=$((($(date +%s%N) - start) / 1000000))
  exec 9>&-
  [ "$code" -eq 1 ]
  [ "$took_ms" -lt 2000 ]
  [ "$(jq -c '[.i, .error.code, .error.retryable]' "$BATS_TEST_TMPDIR/out" | paste -sd ' ')" = '[1,"interrupted",true] [2,null,null]' ]
  # and they are taken up again
  run --separate-stderr enrich --retry --no-fetch "$BATS_TEST_TMPDIR/out"
  [ "$status" -eq 0 ]
  [ "$(jq -c '[.i, .error, .enrichment.site.status]' <<<"$output" | paste -sd ' ')" = '[1,null,"not_fetched"] [2,null,"no_domain"]' ]
}

@test "a record is answered before the next one is written" {
  coproc tool { enrich --allow-private --pause 0 2>/dev/null 3>&-; }
  echo "{\"website\":\"http://typed.localhost:$PORT/\"}" >&"${tool[1]}"
  read -r -t 20 line <&"${tool[0]}"
  [ "$(jq -r .enrichment.site.status <<<"$line")" = ok ]
  echo '{}' >&"${tool[1]}"
  read -r -t 20 line <&"${tool[0]}"
  [ "$(jq -r .enrichment.site.status <<<"$line")" = no_domain ]
  pid=$tool_PID in=${tool[1]}
  eval "exec $in>&-"
  wait "$pid"
}

# -- the cache --

# leads NAME...: records that name these sites, in a file; prints its name.
leads() {
  for name in "$@"; do echo "{\"website\":\"http://$name.localhost:$PORT\"}"; done >"$BATS_TEST_TMPDIR/leads"
  echo "$BATS_TEST_TMPDIR/leads"
}

# fetch [OPTION...]: enriches those; all requests so far, sorted, in requests.
fetch() {
  enrich --allow-private --now $NOW "$@" "$BATS_TEST_TMPDIR/leads"
  sort "$SITES_LOG" | uniq -c >"$BATS_TEST_TMPDIR/requests"
}

@test "a second run asks no website, obeys robots.txt all the same, waits for no pause, and says the same, byte by byte" {
  leads kept moved parked zipped cookies trap gone pdf large bomb loop forbids brokenport picky wall leaver
  sed -i 's,brokenport.localhost:[0-9]*,brokenport.localhost:1,' "$BATS_TEST_TMPDIR/leads"
  fetch --pause 0 >"$BATS_TEST_TMPDIR/first"
  cp "$BATS_TEST_TMPDIR/requests" "$BATS_TEST_TMPDIR/before"
  fetch --pause 50s --trace "$BATS_TEST_TMPDIR/t.jsonl" >"$BATS_TEST_TMPDIR/second"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/first")" -eq 16 ]
  [ "$(jq -r .enrichment.site.status "$BATS_TEST_TMPDIR/first" | sort -u | paste -sd ' ')" = 'bot_wall http_error not_html ok parked robots too_large unreachable' ]
  cmp "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/second"
  cmp "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/requests"
  [ "$(jq -c .cached "$BATS_TEST_TMPDIR/t.jsonl" | sort -u)" = true ]
  [ "$(jq -r .op "$BATS_TEST_TMPDIR/t.jsonl" | sort -u | paste -sd ' ')" = 'web.fetch web.robots' ]
}

@test "--max-age 0 asks anew and keeps the answer, --no-cache does neither" {
  leads again
  fetch --pages 1 >/dev/null
  [ "$(requests again)" = '/robots.txt /' ]
  fetch --pages 1 --max-age 0 >/dev/null
  [ "$(requests again)" = '/robots.txt / /robots.txt /' ]
  fetch --pages 1 >/dev/null
  [ "$(requests again)" = '/robots.txt / /robots.txt /' ]
  rm -r "$LEADPIPE_HOME/cache"
  fetch --pages 1 --no-cache >/dev/null
  [ "$(requests again)" = '/robots.txt / /robots.txt / /robots.txt /' ]
  [ ! -e "$LEADPIPE_HOME/cache" ]
}

@test "another robot, or one that may see less, is not shown what the first one saw" {
  leads seen
  fetch --pages 1 >/dev/null
  fetch --pages 1 --user-agent other/1 >/dev/null
  [ "$(requests seen)" = '/robots.txt / /robots.txt /' ]
  [ "$(enrich "$BATS_TEST_TMPDIR/leads" | jq -r .enrichment.site.status)" = refused_address ]
}

@test "eight processes with the same leads ask each website once" {
  leads flight1 flight2 flight3 flight4
  for i in $(seq 8); do
    fetch --pause 0 >"$BATS_TEST_TMPDIR/out.$i" 3>&- &
    pids[i]=$!
  done
  for i in $(seq 8); do wait "${pids[i]}"; done
  for i in $(seq 4); do [ "$(requests "flight$i")" = '/robots.txt / /about-us /contact' ]; done
  for i in $(seq 2 8); do cmp "$BATS_TEST_TMPDIR/out.1" "$BATS_TEST_TMPDIR/out.$i"; done
}

@test "a damaged cache is begun anew, and one that cannot be had is done without" {
  leads mended
  fetch --pages 1 >"$BATS_TEST_TMPDIR/first"
  head -c 30000 /dev/urandom >"$LEADPIPE_HOME/cache/cache.db"
  run --separate-stderr fetch --pages 1
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ "$output" = "$(cat "$BATS_TEST_TMPDIR/first")" ]
  fetch --pages 1 >/dev/null
  [ "$(requests mended)" = '/robots.txt / /robots.txt /' ]
  rm -r "$LEADPIPE_HOME/cache"
  touch "$LEADPIPE_HOME/cache"
  run --separate-stderr fetch --pages 1 -v
  [ "$status" -eq 0 ]
  [ "${stderr_lines[0]}" = "enrich: no cache: $LEADPIPE_HOME/cache: Not a directory" ]
  [ "$output" = "$(cat "$BATS_TEST_TMPDIR/first")" ]
}

# -- cassettes --

@test "a recorded run is replayed byte for byte, its time too, and no website is asked" {
  leads taped moved parked zipped cookies latin trap gone pdf large bomb loop forbids brokenport picky wall leaver
  sed -i 's,brokenport.localhost:[0-9]*,brokenport.localhost:1,' "$BATS_TEST_TMPDIR/leads"
  enrich --allow-private --pause 0 --record "$BATS_TEST_TMPDIR/tape" "$BATS_TEST_TMPDIR/leads" >"$BATS_TEST_TMPDIR/first"
  [ "$(jq -c 'select(.error)' "$BATS_TEST_TMPDIR/first")" = '' ]
  before=$(wc -l <"$SITES_LOG")
  [ ! -e "$LEADPIPE_HOME/cache" ] # a recording has all that the run was told
  for order in cat tac; do
    $order "$BATS_TEST_TMPDIR/leads" | LEADPIPE_REPLAY=$BATS_TEST_TMPDIR/tape enrich --allow-private --pause 0 --trace "$BATS_TEST_TMPDIR/t.jsonl" >"$BATS_TEST_TMPDIR/again"
    cmp <($order "$BATS_TEST_TMPDIR/first") "$BATS_TEST_TMPDIR/again"
  done
  [ "$(wc -l <"$SITES_LOG")" -eq "$before" ]
  [ "$(jq -c .replayed "$BATS_TEST_TMPDIR/t.jsonl" | sort -u)" = true ]
  [ "$(ls "$BATS_TEST_TMPDIR/tape")" = "$(cd "$BATS_TEST_TMPDIR/tape" && ls cassette.id enrich.????????.1.jsonl)" ]
  [ "$(head -n 1 "$BATS_TEST_TMPDIR"/tape/*.jsonl | jq -c '[.cassette, .program, .options]')" = '[1,"enrich",["allow-private","pause=0"]]' ]
  run grep -c secret "$BATS_TEST_TMPDIR"/tape/*.jsonl # the cookie's value
  [ "$output" = 0 ]
}

@test "what is not in the cassette is named, and ends the run with 69, never with a request" {
  leads taped
  enrich --pages 1 --allow-private --record "$BATS_TEST_TMPDIR/tape" "$BATS_TEST_TMPDIR/leads" >/dev/null
  leads untaped
  run --separate-stderr enrich --pages 1 --allow-private --replay "$BATS_TEST_TMPDIR/tape" "$BATS_TEST_TMPDIR/leads"
  [ "$status" -eq 69 ]
  [ "$stderr" = "enrich: --replay: not in $BATS_TEST_TMPDIR/tape: GET http://untaped.localhost:$PORT/robots.txt" ]
  [[ "$(jq -r '.enrichment.site | "\(.status): \(.reason)"' <<<"$output")" == 'unreachable: not in the cassette '* ]]
  [ "$(requests untaped)" = '' ]
  run --separate-stderr enrich --pages 2 --allow-private --replay "$BATS_TEST_TMPDIR/tape" "$BATS_TEST_TMPDIR/leads"
  [ "$status" -eq 69 ]
  [[ "$stderr" == "enrich: --replay: $BATS_TEST_TMPDIR/tape: holds no run of enrich with these options (enrich."* ]]
  run --separate-stderr enrich --record a --replay b
  [ "$status" -eq 2 ]
  [ "${stderr_lines[0]}" = 'enrich: --record and --replay exclude each other' ]
  run --separate-stderr enrich --record "$BATS_TEST_TMPDIR/no/such" </dev/null
  [ "$status" -eq 74 ]
  [ "$stderr" = "enrich: --record: $BATS_TEST_TMPDIR/no/such: No such file or directory" ]
}

@test "runs side by side share a cassette, and are replayed side by side" {
  for i in $(seq 6); do echo "{\"website\":\"http://side$i.localhost:$PORT\"}" >"$BATS_TEST_TMPDIR/leads.$i"; done
  for mode in RECORD REPLAY; do
    for i in $(seq 6); do
      env "LEADPIPE_$mode=$BATS_TEST_TMPDIR/tape" enrich --allow-private --pause 0 --now $NOW "$BATS_TEST_TMPDIR/leads.$i" >"$BATS_TEST_TMPDIR/$mode.$i" 3>&- &
      pids[i]=$!
    done
    for i in $(seq 6); do wait "${pids[i]}"; done
  done
  for i in $(seq 6); do
    [ "$(requests "side$i")" = '/robots.txt / /about-us /contact' ]
    cmp "$BATS_TEST_TMPDIR/RECORD.$i" "$BATS_TEST_TMPDIR/REPLAY.$i"
  done
}

@test "empty input, no final LF, a full disk, a closed pipe" {
  run --separate-stderr enrich </dev/null
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  run --separate-stderr bash -c 'printf "{}" | enrich --no-fetch | tail -c 1 | od -An -tx1'
  [ "$output" = ' 0a' ]
  run --separate-stderr bash -c 'echo "{}" | enrich --no-fetch >/dev/full'
  [ "$status" -eq 74 ]
  run --separate-stderr bash -c 'echo "{}" | enrich >/dev/full'
  [ "$status" -eq 74 ]
  run --separate-stderr bash -c 'yes "{}" | head -n 100000 | enrich | head -n 1 | wc -l'
  [ "$output" = 1 ]
  [ "$stderr" = '' ]
}

@test "--if acts on some and passes the rest, byte by byte" {
  run --separate-stderr enrich --no-fetch --if '.n == 2' <<<$'{"n": 1 }\n{"n":2}'
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = '{"n": 1 }' ]
  [ "$(jq -c 'has("enrichment")' <<<"${lines[1]}")" = true ]
}

@test "spans: one for each robots.txt and each page, with the task" {
  run --separate-stderr enrich --allow-private --pause 0 --trace "$BATS_TEST_TMPDIR/t.jsonl" <<<"{\"task\":{\"id\":\"77\"},\"contact\":{\"properties\":{\"website\":\"http://others.localhost:$PORT/\"}}}"
  [ "$status" -eq 0 ]
  [ "$(jq -r '"\(.tool) \(.op) \(.status) \(.task)"' "$BATS_TEST_TMPDIR/t.jsonl")" = 'enrich web.robots ok 77
enrich web.fetch ok 77
enrich web.fetch ok 77
enrich web.fetch ok 77' ]
}

@test "wrong options and broken files are said by name, with status 2" {
  run --separate-stderr enrich -j 0
  [ "$status" -eq 2 ]
  [[ "${stderr_lines[0]}" == 'enrich: -j'* ]]
  run --separate-stderr enrich --url https://a.example/
  [ "$status" -eq 2 ]
  [ "${stderr_lines[0]}" = 'enrich: --url goes with --html' ]
  run --separate-stderr enrich --html "$BATS_TEST_TMPDIR/none.html"
  [ "$status" -eq 2 ]
  [[ "$stderr" == *"none.html"* ]]
  mkdir -p "$LEADPIPE_HOME/config/signals"
  echo '{"technologies":[' >"$LEADPIPE_HOME/config/signals/technologies.json"
  run --separate-stderr enrich </dev/null
  [ "$status" -eq 2 ]
  [[ "$stderr" == 'enrich: '*'/signals/technologies.json: line 2: '* ]]
}

@test "--schema is a JSON Schema, and what comes out has just its members" {
  enrich --schema >"$BATS_TEST_TMPDIR/schema"
  run jq -r '.properties.enrichment | .required == (.properties | keys_unsorted)' "$BATS_TEST_TMPDIR/schema"
  [ "$output" = true ]
  site acme | jq -c '.enrichment | keys_unsorted' >"$BATS_TEST_TMPDIR/got"
  [ "$(cat "$BATS_TEST_TMPDIR/got")" = "$(jq -c '.properties.enrichment.required' "$BATS_TEST_TMPDIR/schema")" ]
}

@test "every signal of the installed file is read, and its patterns compile" {
  run jq -r '.technologies | length >= 60, ([.[].name] | length == (unique | length)), ([.[].name | ascii_downcase] | . == sort)' "$PROJECT/share/signals/technologies.json"
  [ "$output" = $'true\ntrue\ntrue' ]
  run jq -r '[.technologies[].signals[] | .version // empty | . as $v | try ("" | test($v) | empty) catch $v] | length' "$PROJECT/share/signals/technologies.json"
  [ "$output" = 0 ]
}

# -- the demo's sites --

@test "the demo's websites: every kind of site is what it is" {
  start_sandbox --demo
  api GET '/crm/v3/objects/companies?limit=100&properties=website,name,domain' >"$BATS_TEST_TMPDIR/1"
  after=$(jq -r .paging.next.after "$BATS_TEST_TMPDIR/1")
  api GET "/crm/v3/objects/companies?limit=100&after=$after&properties=website,name,domain" >"$BATS_TEST_TMPDIR/2"
  jq -c '.results[] | {company: .}' "$BATS_TEST_TMPDIR/1" "$BATS_TEST_TMPDIR/2" >"$BATS_TEST_TMPDIR/in"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/in")" -eq 120 ]
  run --separate-stderr enrich --allow-private --pages 1 --pause 0 "$BATS_TEST_TMPDIR/in"
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ "${#lines[@]}" -eq 120 ]
  [ "$(jq -r .enrichment.site.status <<<"$output" | sort -u | paste -sd ' ')" = 'http_error no_domain ok parked robots' ]
  [ "$(jq -c 'select(.enrichment.site.redirected_to) | .enrichment.domain' <<<"$output" | wc -l)" -ge 1 ]
  [ "$(jq -c 'select(.enrichment.site.status == "ok" and .enrichment.facts.company_name == null)' <<<"$output")" = '' ]
}
