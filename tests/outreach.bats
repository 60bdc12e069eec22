#!/usr/bin/env bats
# outreach(1): what is rendered, what is approved, and that what is sent is sent once. tests/outreach-mail.bats reads the mails back.

setup() {
  cd "$BATS_TEST_TMPDIR" || exit
  load helper
  NOW=2026-01-05T09:00:00Z
  FROM='Lead Pipe <sales@leadpipe.example>'
  export LEADPIPE_OUTREACH_FROM=$FROM
  KEY=e506783675715c3a30a4caa947d2f5e4009a0b2e
  LEAD='{"task":{"id":"9001","properties":{"hs_task_subject":"Send Outreach - HOT Lead: Ada"}},"contact":{"id":"5","properties":{"email":"ada@example.com","firstname":"Ada","jobtitle":"CTO"}},"n":12345678901234567890.10}'
}

# lead ID [JQ-FILTER]: the lead with another task id, changed.
lead() { jq -c --arg id "$1" ".task.id = \$id | ${2:-.}" <<<"$LEAD"; }

# template TEXT: a template with that text part, in t.mail.
template() { printf 'subject: s\nfollow_up_days: 1\n\n%s\n' "$1" >t.mail; }

# rendered N: N mails with the task ids 1 to N.
rendered() { for i in $(seq "$1"); do lead "$i"; done | outreach render --now "$NOW"; }

mails() { find "${1:-box}/new" "${1:-box}/cur" -type f | wc -l; }

@test "render adds the mail and leaves every other byte" {
  printf 'subject: Hi {{contact.firstname}}\nfollow_up_days: 4\nstep: 2\n\nDear {{name}},\n{{from}}\n--- html\n<p>{{title}}\n' >t.mail
  run --separate-stderr outreach render --now "$NOW" --template t.mail <<<"$LEAD"
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  id=$(jq -r .outreach.message_id <<<"$output")
  [[ $id =~ ^\<[0-9a-f]{40}@leadpipe.example\>$ ]]
  want="${LEAD%\}},\"outreach\":{\"at\":\"2026-01-05T09:00:00.000Z\",\"message_id\":\"$id\",\"to\":\"ada@example.com\",\"from\":\"$FROM\","
  want+='"subject":"Hi Ada","text":"Dear Ada,\nLead Pipe\n","html":"<p>CTO\n","template":"t.mail","step":2,"follow_up_days":4,"state":"rendered"}}'
  [ "$output" = "$want" ]
}

@test "rendering twice gives the same bytes, and the Message-ID is the task's, whatever the template" {
  outreach render --now "$NOW" <<<"$LEAD" >one
  outreach render --now "$NOW" <<<"$LEAD" >two
  cmp one two
  [ "$(jq -r .outreach.message_id one)" = "<$KEY@leadpipe.example>" ]
  template x
  [ "$(outreach render --template t.mail <<<"$LEAD" | jq -r .outreach.message_id)" = "<$KEY@leadpipe.example>" ]
  [ "$(outreach render --from a@b.example <<<"$LEAD" | jq -r .outreach.message_id)" = "<$KEY@b.example>" ]
}

@test "another task, another step and a task opened again have another Message-ID" {
  {
    echo "$LEAD"
    lead 9002
    lead 9001 '.task.properties.hs_task_subject = "Follow up"'
    lead 9001 '.task.properties += {leadpipe_done:"token", hs_task_status:"NOT_STARTED"}'
  } | outreach render | jq -r .outreach.message_id >ids
  [ "$(sort -u ids | wc -l)" -eq 4 ]
}

@test "a completed task keeps the Message-ID of its mail" {
  run outreach render < <(lead 9001 '.task.properties += {leadpipe_done:"token", hs_task_status:"COMPLETED"}')
  [ "$(jq -r .outreach.message_id <<<"$output")" = "<$KEY@leadpipe.example>" ]
}

@test "without a task the Message-ID is the contact's and the template's" {
  template x
  cp t.mail u.mail
  for t in t.mail u.mail t.mail; do
    echo '{"email":"ada@example.com","firstname":"Ada"}' | outreach render --template $t | jq -r .outreach.message_id
  done >ids
  [ "$(sort -u ids | wc -l)" -eq 2 ]
  [ "$(sed -n 1p ids)" = "$(sed -n 3p ids)" ]
}

@test "the task's subject and the lead's tier choose the template" {
  {
    lead 1 '.task.properties.hs_task_subject = "Send Outreach - HOT Lead: A"'
    lead 2 '.task.properties.hs_task_subject = "Send Outreach - WARM Lead: A"'
    lead 3 '.task.properties.hs_task_subject = "Send Outreach - COLD Lead: A"'
    lead 4 '.task.properties.hs_task_subject = "Send Outreach to A" | .qualification.tier = "HOT"'
    lead 5 '.task.properties.hs_task_subject = "Send Outreach to A" | .contact.properties.lead_tier = "COLD"'
    lead 6 '.task.properties.hs_task_subject = "Send Outreach to A"'
    lead 7 '.task.properties.hs_task_subject = "Follow-up Outreach: A at B"'
  } | outreach render | jq -r '"\(.outreach.template) \(.outreach.follow_up_days)"' >got
  [ "$(cat got)" = $'direct 3\neducational 5\nnurture 14\ndirect 3\nnurture 14\neducational 5\nfollow-up-2 5' ]
}

@test "a follow-up goes on in the thread of the mail before, and the sequence ends after its last template" {
  id='<0123456789abcdef0123456789abcdef01234567@leadpipe.example>'
  body="<p>Message-ID: &lt;${id:1:-1}&gt;<br>Subject: Tea &amp; cake<br>Step: 2</p>"
  run outreach render < <(lead 1 ".task.properties += {hs_task_subject:\"Follow up\", hs_task_body:\"$body\"}")
  [ "$status" -eq 0 ]
  [ "$(jq -r '.outreach | .template, .step, .subject, .in_reply_to' <<<"$output")" = $'follow-up-3\n3\nRe: Tea & cake\n'"$id" ]
  run outreach render < <(lead 1 '.task.properties += {hs_task_subject:"Follow up", hs_task_body:"Step: 3"}')
  [ "$status" -eq 0 ]
  [ "$(jq -r '.outreach | .state, .reason, .text' <<<"$output")" = $'suppressed\nthe sequence has ended: there is no template follow-up-4\nnull' ]
}

@test "a missing variable is an error that names it, not a greeting to nobody" {
  run --separate-stderr outreach render < <(lead 1 'del(.contact.properties.firstname)')
  [ "$status" -eq 1 ]
  [ "$(jq -c .error <<<"$output")" = '{"tool":"outreach","code":"missing_variable","message":"contact.firstname has no value, and the subject of template direct has no default for it","retryable":false}' ]
  [ "$(jq -r .outreach <<<"$output")" = null ]
  run --separate-stderr outreach render < <(lead 1 '.contact.properties.firstname = " "')
  [ "$(jq -r .error.code <<<"$output")" = missing_variable ]
}

@test "variables come from fields, facts, the qualification and the settings" {
  template '{{contact.jobtitle}}|{{company.name}}|{{task.hs_task_subject}}|{{facts.industry}}|{{qualification.score}}|{{enrichment.quality}}|{{name}}|{{company}}|{{title}}|{{industry}}|{{from.name}}|{{from.address}}|{{signature}}'
  echo '{"outreach":{"signature":"S & Co"}}' >config.json
  run outreach render --config config.json --template t.mail < <(lead 1 '.contact.properties += {lastname:"Lovelace"} | del(.contact.properties.jobtitle) |
    .contact.properties.jobtitle = "CTO" | .company.properties.name = "Søhne" | .qualification.score = 85 |
    .enrichment = {quality:"HIGH", facts:{industry:{value:"tech"}}}')
  [ "$status" -eq 0 ]
  [ "$(jq -r .outreach.text <<<"$output")" = 'CTO|Søhne|Send Outreach - HOT Lead: Ada|tech|85|HIGH|Ada Lovelace|Søhne|CTO|tech|Lead Pipe|sales@leadpipe.example|S & Co' ]
}

@test "what the contact lacks comes from the facts" {
  template '{{title}}|{{company}}'
  run outreach render --template t.mail < <(lead 1 'del(.contact.properties.jobtitle) | .enrichment.facts = {title:{value:"CEO"}, company_name:{value:"Fact Ltd"}}')
  [ "$(jq -r .outreach.text <<<"$output")" = 'CEO|Fact Ltd' ]
}

@test "names with markup, quotes and all scripts stay text in the text part and are escaped in the HTML part" {
  printf 'subject: {{name}}\nfollow_up_days: 1\n\n{{name}}\n--- html\n{{name}}\n' >t.mail
  for name in '<script>alert(1)</script>' "O'Brien \"Bob\" & Co" 'שלום עולם' '😀 你好' 'a{{b}}c'; do
    jq -cn --arg n "$name" '{email:"a@b.co",firstname:$n}' | outreach render --template t.mail | jq -r '.outreach | .subject, .text, .html' >got
    [ "$(sed -n 1p got)" = "$name" ]
    [ "$(sed -n 2p got)" = "$name" ]
    [ "$(sed -n 4p got)" = "$(sed -e 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g; s/'\''/\&#39;/g' <<<"$name")" ]
  done
}

@test "control characters never reach a header: the record is refused, nothing is cut out" {
  for name in 'A\r\nBcc: x@y.example' 'A\n' 'A\u001b[2J' 'A\u0000' 'A\u007f' 'A\u009b'; do
    run --separate-stderr outreach render <<<"${LEAD/\"Ada\"/\"$name\"}"
    [ "$status" -eq 1 ]
    [ "$(jq -r .error.code <<<"$output")" = control_character ]
    [ "$(jq -r .error.message <<<"$output")" = 'contact.firstname holds a control character that cannot go into the subject' ]
  done
  run --separate-stderr outreach render <<<"${LEAD/ada@example.com/ada@example.com\\r\\nBcc: x@y.example}"
  [ "$(jq -r '.error.code + ": " + .error.message' <<<"$output")" = 'bad_address: contact.email is no mail address: a control character' ]
}

@test "no address and a wrong address are errors" {
  run --separate-stderr outreach render < <(lead 1 'del(.contact.properties.email)')
  [ "$status" -eq 1 ]
  [ "$(jq -r .error.code <<<"$output")" = no_recipient ]
  run --separate-stderr outreach render < <(lead 1 '.contact.properties.email = "ada@example"')
  [ "$status" -eq 1 ]
  [ "$(jq -r '.error.code + ": " + .error.message' <<<"$output")" = 'bad_address: contact.email is no mail address: a domain without a dot' ]
}

@test "an opt-out, a bounce and an answer suppress the mail" {
  {
    lead 1 '.contact.properties.hs_email_optout = "true"'
    lead 2 '.contact.properties.hs_email_optout = true | del(.contact.properties.email)'
    lead 3 '.contact.properties.outreach_status = "BOUNCED"'
    lead 4 '.contact.properties.outreach_status = "RESPONDED" | .task.properties.hs_task_subject = "Follow up"'
    lead 5 '.contact.properties.outreach_status = "RESPONDED"'
    lead 6 '.contact.properties.hs_email_optout = "false"'
  } | outreach render | jq -r '.outreach | .state + " " + (.reason // "")' >got
  [ "$(cat got)" = "suppressed the contact has opted out of e-mail (hs_email_optout)
suppressed the contact has opted out of e-mail (hs_email_optout)
suppressed an earlier mail to this contact bounced (outreach_status)
suppressed the contact has answered (outreach_status)
rendered 
rendered " ]
}

@test "List-Unsubscribe is there where an address for it is set" {
  echo '{"outreach":{"unsubscribe":"stop@leadpipe.example"}}' >config.json
  run outreach render --config config.json <<<"$LEAD"
  [ "$(jq -r .outreach.list_unsubscribe <<<"$output")" = "<mailto:stop@leadpipe.example?subject=unsubscribe%20$KEY>" ]
}

@test "mistakes in settings and templates end with 2 and say where" {
  unset LEADPIPE_OUTREACH_FROM
  run --separate-stderr outreach render <<<"$LEAD"
  [ "$status" -eq 2 ]
  [ "$stderr" = 'outreach: no sender: give --from "Name <address>", or set outreach.from in the settings' ]
  run --separate-stderr outreach render --from 'Ada <a@b>' <<<"$LEAD"
  [ "$status" -eq 2 ]
  [ "$stderr" = 'outreach: the sender "Ada <a@b>" is no mail address: a domain without a dot' ]
  export LEADPIPE_OUTREACH_FROM=$FROM
  run --separate-stderr outreach render --template nothing <<<"$LEAD"
  [ "$status" -eq 2 ]
  [ "$stderr" = 'outreach: no template "nothing"; a name stands for NAME.mail, a path with a slash for a file' ]
  template $'a\n{{#company}}'
  run --separate-stderr outreach render --template t.mail <<<"$LEAD"
  [ "$status" -eq 2 ]
  [ "$stderr" = 'outreach: t.mail:5: section "company" is not closed' ]
  template '{{contat.firstname}}'
  run --separate-stderr outreach render --template t.mail <<<"$LEAD"
  [ "$status" -eq 2 ]
  [[ $stderr == 'outreach: t.mail:4: unknown variable "contat.firstname"; known are '* ]]
  [ "$output" = '' ]
}

@test "own templates go before the installed ones" {
  mkdir own
  template 'own {{contact.firstname}}'
  mv t.mail own/direct.mail
  echo '{"outreach":{"templates":"own"}}' >config.json
  run outreach render --config config.json <<<"$LEAD"
  [ "$(jq -r .outreach.text <<<"$output")" = 'own Ada' ]
}

@test "every installed template renders with a full lead, and all but direct with an e-mail address alone" {
  for t in direct educational nurture follow-up-2 follow-up-3; do
    run --separate-stderr outreach render --template $t < <(lead 1 '.company.properties.name = "B & C"')
    [ "$status" -eq 0 ]
    [[ $(jq -r .outreach.text <<<"$output") != *'{{'* ]]
    [[ $(jq -r .outreach.html <<<"$output") == *'Lead Pipe</p>'* ]]
    [ "$t" != direct ] || continue
    run --separate-stderr outreach render --template $t <<<'{"email":"a@b.co"}'
    [ "$status" -eq 0 ]
    [[ $(jq -r .outreach.text <<<"$output") == 'Hello there,'* ]]
  done
}

@test "approve prints a digest a mail, with the columns a person needs" {
  rendered 2 >mails.jsonl
  run --separate-stderr outreach approve mails.jsonl
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ "${#lines[@]}" -eq 2 ]
  id=$(head -n 1 mails.jsonl | jq -r .outreach.message_id)
  [[ ${lines[0]} =~ ^[0-9a-f]{64}\ \ ${id}\ \ ada@example.com\ \ Ada,\ a\ short\ call\ this\ week\?$ ]]
  [ "$(outreach approve --json mails.jsonl | head -n 1 | jq -r .digest)" = "${lines[0]%% *}" ]
}

@test "approve --show prints the mails with escapes made harmless" {
  jq -cn '{email:"a@b.co",firstname:"A"}' | outreach render --template educational | jq -c '.outreach.subject = "x\u202ey" | .outreach.text = "one\ntwo\u202e\n"' >mails.jsonl
  run --separate-stderr outreach approve --show mails.jsonl
  [ "$status" -eq 0 ]
  [[ $output == *$'\nTo: a@b.co\nSubject: x\\xe2\\x80\\xaey\n'* ]]
  [[ $output == *$'\n\none\ntwo\\xe2\\x80\\xae\n'* ]]
  [[ $output == *$'\n-------- HTML part\n<p>Hello A,</p>\n'* ]]
}

@test "a mail that could not be sent as it is cannot be approved" {
  rendered 1 | jq -c '.outreach.subject = "a\nBcc: x@y.example"' >mails.jsonl
  run --separate-stderr outreach approve mails.jsonl
  [ "$status" -eq 1 ]
  [ "$output" = '' ]
  [ "$stderr" = 'outreach: mails.jsonl:1: cannot be approved: outreach.subject holds a control character' ]
}

@test "only what was approved is sent, and one changed byte is refused" {
  rendered 3 >mails.jsonl
  outreach approve mails.jsonl | sed 2d >mails.ok
  sed '3s/20 minutes/21 minutes/' mails.jsonl >changed.jsonl
  run --separate-stderr outreach send --maildir box --approved mails.ok changed.jsonl
  [ "$status" -eq 1 ]
  [ "$(jq -r '.error.code // .outreach.state' <<<"$output")" = $'sent\nnot_approved\nnot_approved' ]
  [ "$(jq -r '.error.retryable // empty' <<<"$output")" = '' ]
  [ "$(mails)" -eq 1 ]
}

@test "every byte that is sent is covered by its approval" {
  echo '{"outreach":{"unsubscribe":"stop@leadpipe.example"}}' >config.json
  lead 1 | outreach render --config config.json | jq -c '.outreach.in_reply_to = "<a@b.example>"' >mails.jsonl
  outreach approve mails.jsonl >mails.ok
  for change in '.from = "Lead Pike <sales@leadpipe.example>"' '.to = "eda@example.com"' '.subject += "."' '.text += "."' '.html += "."' \
    '.in_reply_to = "<c@b.example>"' '.list_unsubscribe = "<mailto:x@leadpipe.example>"' '.message_id |= sub("leadpipe"; "leadpike")' 'del(.html)'; do
    echo "$change"
    run --separate-stderr outreach send --maildir box --approved mails.ok < <(jq -c ".outreach |= ($change)" mails.jsonl)
    [ "$status" -eq 1 ]
    [ "$(jq -r .error.code <<<"$output")" = not_approved ]
  done
  [ "$(mails)" -eq 0 ]
}

@test "sending needs an approval or the word unattended, and a place" {
  run --separate-stderr outreach send --maildir box <<<''
  [ "$status" -eq 2 ]
  [ "${stderr_lines[0]}" = 'outreach: nobody has approved these mails: "outreach approve FILE > mails.ok", read it, then --approved mails.ok; or --unattended' ]
  run --separate-stderr outreach send --unattended <<<''
  [ "$status" -eq 2 ]
  [ "${stderr_lines[0]}" = 'outreach: --maildir DIR says where the mails go' ]
  run --separate-stderr outreach send --unattended --approved x --maildir box <<<''
  [ "$status" -eq 2 ]
  printf '# remark\n\nnot a digest\n' >mails.ok
  run --separate-stderr outreach send --approved mails.ok --maildir box <<<''
  [ "$status" -eq 2 ]
  [ "$stderr" = 'outreach: mails.ok:3: does not start with a digest of 64 hex digits, as outreach approve prints them' ]
  run --separate-stderr outreach send --approved missing.ok --maildir box <<<''
  [ "$status" -eq 2 ]
  [ "$stderr" = 'outreach: missing.ok: No such file or directory' ]
  [ ! -e box ]
}

@test "send changes at and state and leaves every other byte" {
  rendered 1 | jq -c '.outreach += {"extra":{"b":1.50,"a":[]}}' >mails.jsonl
  run --separate-stderr outreach send --maildir box --unattended --now 2026-01-05T10:00:00Z mails.jsonl
  [ "$status" -eq 0 ]
  [ "$stderr" = '' ]
  [ "$output" = "$(sed 's/09:00:00.000Z/10:00:00.000Z/; s/"state":"rendered"/"state":"sent"/' mails.jsonl)" ]
}

@test "a second send delivers nothing and tells the first time" {
  rendered 2 >mails.jsonl
  outreach send --maildir box --unattended --now 2026-01-05T10:00:00Z mails.jsonl >first
  outreach send --maildir box --unattended --now 2026-01-06T10:00:00Z mails.jsonl >second
  outreach send --maildir other --unattended --now 2026-01-07T10:00:00Z mails.jsonl >third
  cmp first second
  cmp first third
  [ "$(mails)" -eq 2 ]
  [ "$(mails other)" -eq 0 ]
}

@test "the same mail to another address is refused, not passed off as sent" {
  rendered 1 >mails.jsonl
  outreach send --maildir box --unattended mails.jsonl >/dev/null
  run --separate-stderr outreach send --maildir box --unattended < <(sed 's/"to":"ada@/"to":"eda@/' mails.jsonl)
  [ "$status" -eq 1 ]
  [ "$(jq -r .error.code <<<"$output")" = already_sent ]
  [ "$(mails)" -eq 1 ]
}

@test "records that are no rendered mails pass as they are, and a suppressed contact is mailed by nobody" {
  { lead 1; lead 2 '.outreach = {state:"sent",at:"x"}'; lead 3 '.outreach = {state:"suppressed"}'; } >mixed.jsonl
  run --separate-stderr outreach send --maildir box --unattended mixed.jsonl
  [ "$status" -eq 0 ]
  [ "$output" = "$(cat mixed.jsonl)" ]
  rendered 1 | jq -c '.contact.properties.hs_email_optout = "true"' >late.jsonl
  run --separate-stderr outreach send --maildir box --unattended late.jsonl
  [ "$status" -eq 0 ]
  [ "$(jq -r '.outreach | .state, .reason' <<<"$output")" = $'suppressed\nthe contact has opted out of e-mail (hs_email_optout)' ]
  [ "$(mails)" -eq 0 ]
}

@test "an outreach member from elsewhere is refused where it is no mail of ours" {
  rendered 1 >mails.jsonl
  for change in 'del(.to)' '.text = 5' '.message_id = "<x@y.example>"' '.to = "a@b.co, c@d.co"' '.subject = "x\r\ny"'; do
    run --separate-stderr outreach send --maildir box --unattended < <(jq -c ".outreach |= ($change)" mails.jsonl)
    [ "$status" -eq 1 ]
    [ "$(jq -r .error.code <<<"$output")" = bad_outreach ]
  done
  [ "$(mails)" -eq 0 ]
}

@test "a dry run says what it would do and writes nothing" {
  rendered 1 >mails.jsonl
  run --separate-stderr outreach send --dry-run --maildir box --unattended mails.jsonl
  [ "$status" -eq 0 ]
  [ "$output" = "$(cat mails.jsonl)" ]
  [ "$stderr" = "outreach: would send $(jq -r .outreach.message_id mails.jsonl) to ada@example.com: Ada, a short call this week?" ]
  [ ! -e box ]
  [ "$(find "$LEADPIPE_HOME" -type f | wc -l)" -eq 0 ]
}

@test "a folder with other things in it is no Maildir" {
  mkdir full
  touch full/letter.txt
  rendered 1 >mails.jsonl
  run --separate-stderr outreach send --maildir full --unattended mails.jsonl
  [ "$status" -eq 2 ]
  [ "$stderr" = 'outreach: full: holds other things and is no Maildir (a folder with tmp, new and cur)' ]
  [ "$(ls full)" = letter.txt ]
}

@test "a Maildir that cannot be written gives back every record, to be tried again, with status 74" {
  rendered 2 >mails.jsonl
  run --separate-stderr outreach send --maildir /proc/nowhere --unattended mails.jsonl
  [ "$status" -eq 74 ]
  [ "$stderr" = 'outreach: /proc/nowhere: No such file or directory' ]
  [ "$(jq -c '[.error.code, .error.retryable, .outreach.state]' <<<"$output")" = $'["io_failed",true,"rendered"]\n["io_failed",true,"rendered"]' ]
  run --separate-stderr outreach send --retry --maildir box --unattended <<<"$output"
  [ "$status" -eq 0 ]
  [ "$(mails)" -eq 2 ]
}

@test "a full disk loses nothing and leaves no half mail" {
  rendered 1 >small.jsonl
  lead 2 '.contact.properties.firstname = ("x " * 60000 | rtrimstr(" "))' | outreach render --template educational >large.jsonl
  cat large.jsonl small.jsonl >mails.jsonl
  # No file may grow past 60 KiB: enough for the outbox, not for the large mail.
  run --separate-stderr bash -c 'trap "" XFSZ; ulimit -f 60; outreach send --maildir box --unattended mails.jsonl | cat; exit "${PIPESTATUS[0]}"'
  [ "$status" -eq 74 ]
  [ "$(jq -r '.error.code // .outreach.state' <<<"$output")" = $'io_failed\nsent' ]
  [[ $stderr == "outreach: maildir:$PWD/box: File too large" ]]
  [ "$(mails)" -eq 1 ]
  [ "$(find box/tmp -type f | wc -l)" -eq 0 ]
  outreach send --retry --maildir box --unattended <<<"$output" >again
  [ "$(jq -r '.outreach.state' again)" = $'sent\nsent' ]
  [ "$(mails)" -eq 2 ]
}

@test "a state folder that cannot be written gives back every record" {
  rendered 1 >mails.jsonl
  run --separate-stderr bash -c 'trap "" XFSZ; ulimit -f 0; outreach send --maildir box --unattended mails.jsonl | cat; exit "${PIPESTATUS[0]}"'
  [ "$status" -eq 74 ]
  [ "$(jq -r '.error.code' <<<"$output")" = io_failed ]
  [ "$(mails)" -eq 0 ]
}

@test "a message that a broken-off run has delivered is found, wherever a reader has put it" {
  rendered 4 >mails.jsonl
  outreach send --maildir box --unattended --now "$NOW" mails.jsonl >first
  db=$LEADPIPE_HOME/state/outbox.db
  file() { jq -r .outreach.message_id mails.jsonl | sed -n "$1s/^<\(.*\)@.*/\1.leadpipe/p"; }
  # As if killed after the delivery: 1 still in new, 2 read, 3 read by Dovecot, 4 written but not delivered.
  sqlite3 "$db" "UPDATE outbox SET state = 'intended'"
  mv "box/new/$(file 2)" "box/cur/$(file 2):2,S"
  mv "box/new/$(file 3)" "box/cur/$(file 3),S=1234:2,"
  mv "box/new/$(file 4)" "box/tmp/$(file 4).4711"
  outreach send --maildir box --unattended --now "$NOW" mails.jsonl >second
  cmp first second
  [ "$(mails)" -eq 4 ]
  [ -e "box/new/$(file 4)" ]
  [ "$(ls box/tmp)" = '' ]
  [ "$(sqlite3 "$db" "SELECT count(*) FROM outbox WHERE state = 'sent'")" -eq 4 ]
}

@test "with the state folder lost, the Maildir still says what was sent and when" {
  rendered 3 >mails.jsonl
  outreach send --maildir box --unattended --now "$NOW" mails.jsonl >first
  one=$(find box/new -type f | head -n 1)
  mv "$one" "box/cur/${one##*/}:2,RS"
  rm -r "$LEADPIPE_HOME/state"
  outreach send --maildir box --unattended --now 2026-02-01 mails.jsonl >second
  cmp first second
  [ "$(mails)" -eq 3 ]
}

@test "a delivery that broke off towards a Maildir that is gone is unknown, never repeated" {
  rendered 1 >mails.jsonl
  outreach send --maildir box --unattended --now "$NOW" mails.jsonl >/dev/null
  sqlite3 "$LEADPIPE_HOME/state/outbox.db" "UPDATE outbox SET state = 'intended'"
  mv box moved
  run --separate-stderr outreach send --maildir other --unattended mails.jsonl
  [ "$status" -eq 0 ]
  [ "$(jq -r '.outreach | .state, .reason' <<<"$output")" = "unknown
an earlier delivery broke off, and its Maildir cannot be asked: maildir:$PWD/box" ]
  [ "$(mails other)" -eq 0 ]
}

@test "four sends of the same file at once deliver each mail once, and all say the same" {
  rendered 100 >mails.jsonl
  for i in 1 2 3 4; do
    outreach send --maildir box --unattended --now "2026-01-05T09:0$i:00Z" mails.jsonl >"out.$i" 2>"err.$i" &
    pids+=("$!")
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
  for i in 2 3 4; do cmp out.1 "out.$i"; done
  [ "$(cat err.*)" = '' ]
  [ "$(jq -r .outreach.state out.1 | sort | uniq -c | xargs)" = '100 sent' ]
  [ "$(mails)" -eq 100 ]
  [ "$(ls box/tmp)" = '' ]
}

@test "killed before any of its writes and run again, each mail is there exactly once" {
  rendered 2 >mails.jsonl
  outreach approve mails.jsonl >mails.ok
  killat -o calls -- outreach send --maildir box --approved mails.ok mails.jsonl >out
  read -r total <calls
  killed=0
  for at in $(seq 1 $((total + 20))); do
    rm -rf box "$LEADPIPE_HOME/state"
    status=0
    killat -k "$at" -o calls -- outreach send --maildir box --approved mails.ok mails.jsonl >out 2>err || status=$?
    [ "$status" -ne 0 ] || break
    [ "$status" -eq 137 ]
    killed=$((killed + 1))
    outreach send --maildir box --approved mails.ok mails.jsonl >out
    [ "$(jq -r .outreach.state out | xargs)" = 'sent sent' ]
    [ "$(mails)" -eq 2 ]
    [ "$(ls box/tmp)" = '' ]
    [ "$(grep -l 'Content-Type: text/html' box/new/* | wc -l)" -eq 2 ]
  done
  echo "killed $killed times"
  [ "$status" -eq 0 ]
  [ "$killed" -ge 20 ]
  [ "$killed" -ge $((total - 20)) ]
}

@test "kill -9 at any moment of a long run loses and doubles nothing" {
  rendered 60 >mails.jsonl
  for delay in 0.005 0.01 0.015 0.02 0.03 0.04 0.06 0.08; do
    timeout -s KILL "$delay" outreach send --maildir box --unattended mails.jsonl >out 2>err || true
  done
  outreach send --maildir box --unattended mails.jsonl >out
  [ "$(jq -r .outreach.state out | sort | uniq -c | xargs)" = '60 sent' ]
  [ "$(mails)" -eq 60 ]
  [ "$(grep -h '^Message-ID:' box/new/* | sort -u | wc -l)" -eq 60 ]
}

@test "bad lines go through as error records" {
  template x
  deep=$(head -c 100000 /dev/zero | tr '\0' '[')
  {
    printf '\n'
    printf 'not json\n'
    printf '[1]\n'
    printf '{"a":"\xff"}\n'
    printf '{"a":"\000"}\n'
    printf '%s\n' "$deep"
    printf '%s' "$LEAD"
  } >bad.jsonl
  for verb in "render --template t.mail" "send --maildir box --unattended"; do
    # shellcheck disable=SC2086
    run --separate-stderr outreach $verb bad.jsonl
    [ "$status" -eq 1 ]
    [ "$(jq -r '.error.code // "fine"' <<<"$output" | xargs)" = 'bad_json not_an_object bad_utf8 bad_json too_deep fine' ]
  done
}

@test "a line of 17 MiB is an error record, not an end" {
  { head -c 17825792 /dev/zero | tr '\0' 'x'; printf '\n%s\n' "$LEAD"; } >long.jsonl
  run --separate-stderr outreach render long.jsonl
  [ "$status" -eq 1 ]
  [ "$(jq -r '.error.code // .outreach.state' <<<"$output" | xargs)" = 'line_too_long rendered' ]
}

@test "empty input is no error" {
  for verb in "render" "approve" "send --maildir box --unattended"; do
    # shellcheck disable=SC2086
    run --separate-stderr outreach $verb </dev/null
    [ "$status" -eq 0 ]
    [ "$output" = '' ]
    [ "$stderr" = '' ]
  done
}

@test "a closed pipe ends render quietly, a full disk at the output is an error" {
  for i in $(seq 3000); do echo "$LEAD"; done >many.jsonl
  run --separate-stderr bash -c 'outreach render many.jsonl | head -n 1 | wc -l'
  [ "$output" = 1 ]
  [ "$stderr" = '' ]
  for verb in "render" "send --maildir box --unattended"; do
    run bash -c "outreach $verb many.jsonl >/dev/full"
    [ "$status" -eq 74 ]
  done
  rendered 1 >mails.jsonl
  run bash -c 'outreach approve mails.jsonl >/dev/full'
  [ "$status" -eq 74 ]
}

@test "errors of earlier stages pass, and --if leaves the others alone" {
  { echo '{"error":{"tool":"enrich","code":"fetch_failed","message":"m","retryable":true}}'; lead 1 '.skip = true'; lead 2; } >in.jsonl
  run --separate-stderr outreach render --if '.skip | not' in.jsonl
  [ "$status" -eq 1 ]
  [ "$(head -n 2 <<<"$output")" = "$(head -n 2 in.jsonl)" ]
  [ "$(tail -n 1 <<<"$output" | jq -r .outreach.state)" = rendered ]
}

@test "SIGTERM while waiting for input ends send within two seconds, with all that was read written" {
  rendered 2 >mails.jsonl
  mkfifo in
  outreach send --maildir box --unattended <in >out 2>err &
  pid=$!
  exec 7>in
  cat mails.jsonl >&7
  for _ in $(seq 200); do
    [ "$(wc -l <out)" -lt 2 ] || break
    sleep 0.02
  done
  [ "$(jq -r .outreach.state out | xargs)" = 'sent sent' ]
  kill -TERM "$pid"
  timeout 2 tail --pid="$pid" -f /dev/null
  status=0
  wait "$pid" || status=$?
  exec 7>&-
  [ "$status" -eq 0 ]
  [ "$(cat err)" = '' ]
  [ "$(mails)" -eq 2 ]
}

@test "spans say what each mail took" {
  rendered 1 >mails.jsonl
  outreach send --maildir box --unattended --trace trace.jsonl mails.jsonl >/dev/null
  [ "$(jq -r '[.tool, .op, .status, .task] | join(" ")' trace.jsonl)" = 'outreach mail.send ok 1' ]
}

@test "the schemas are JSON" {
  outreach render --schema | jq -e .properties.outreach >/dev/null
  outreach send --schema | jq -e .properties.outreach >/dev/null
}
