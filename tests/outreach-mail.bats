#!/usr/bin/env bats
# The mails of outreach send, read back by programs of other people: mblaze, and the email package of Python.

setup() {
  cd "$BATS_TEST_TMPDIR" || exit
  load helper
  export MBLAZE=$BATS_TEST_TMPDIR/mblaze
  printf 'subject: {{contact.subject}}\nfollow_up_days: 1\n\n{{contact.body}}\n--- html\n<p>{{contact.body}}</p>\n' >t.mail
}

# deliver FROM SUBJECT BODY: one mail into a new Maildir; its file is in $MAIL.
deliver() {
  rm -rf box "$LEADPIPE_HOME/state"
  jq -cn --arg s "$2" --arg b "$3" '{email:"ada@example.com",subject:$s,body:$b}' |
    outreach render --template t.mail --from "$1" --now 2026-01-05T09:00:00Z |
    outreach send --maildir box --unattended --now 2026-01-05T09:00:00Z >sent.jsonl
  [ "$(jq -r .outreach.state sent.jsonl)" = sent ]
  MAIL=$(find box/new -type f)
}

SUBJECTS=(
  'plain'
  'Zoë, ein Gespräch über Söhne & Töchter?'
  '你好，我们可以谈谈吗？这是一个很长的主题，需要分成几行才能放进一个邮件头里，对吧？'
  '😀 emoji 👩‍👩‍👧‍👦 family 🏳️‍🌈 and more 😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀'
  'שלום עולם, זה נושא ארוך מאוד שצריך להתקפל לכמה שורות כדי להיכנס'
  '=?UTF-8?Q?not_encoded?='
  'two  blanks   inside and a long run of words so that the line has to be folded somewhere after here'
  'a "quoted" <word>, (a comment) and a \backslash; semi: colon'
  '?_=%&'
)

@test "subjects come back as they were, in Python and in mblaze" {
  for subject in "${SUBJECTS[@]}" "$(printf 'x%.0s' {1..1500})"; do
    deliver 'Ada Lovelace <sales@leadpipe.example>' "$subject" body
    python3 - "$MAIL" >got <<'PY'
import email, email.policy, sys
print(email.message_from_binary_file(open(sys.argv[1], 'rb'), policy=email.policy.default)['subject'])
PY
    [ "$(cat got)" = "$subject" ]
    # mhdr cuts very long headers to its own limit.
    [ "${#subject}" -gt 500 ] || [ "$(mhdr -h subject -d "$MAIL")" = "$subject" ]
  done
}

@test "display names come back as they were" {
  for name in 'Ada Lovelace' 'Lovelace, Ada' 'Zoë Ünal' 'Dr. Q. "Q" Doe' '山田太郎' "O'Brien" \
    'An extraordinarily long name of a person or company that does not fit into one line GmbH & Co. KG'; do
    deliver "$name <sales@leadpipe.example>" s b
    python3 - "$MAIL" >got <<'PY'
import email, email.policy, sys
sender = email.message_from_binary_file(open(sys.argv[1], 'rb'), policy=email.policy.default)['from'].addresses[0]
print(sender.display_name, sender.addr_spec, sep='\n')
PY
    [ "$(sed -n 1p got)" = "$name" ]
    [ "$(sed -n 2p got)" = sales@leadpipe.example ]
    [[ $(mhdr -h from -A "$MAIL") == *' <sales@leadpipe.example>' ]]
  done
}

@test "both parts come back byte by byte: dots, blanks at line ends, long lines and words, all scripts" {
  bodies=(
    'one line'
    $'.\n..\n.a\nFrom here\nfrom there\n>From'
    $'blank at the end \ntab at the end\t\n   \n\nend'
    'a = b == c =3D =20 =?UTF-8?Q?x?='
    "$(printf 'word %.0s' {1..800})end"
    "$(printf 'x%.0s' {1..10240})"
    "$(printf '😀%.0s' {1..300})"
    $'שלום\nمرحبا\n你好\nZoë\u0301'
    $'--=_boundary\n--\n-- \nsignature'
  )
  for body in "${bodies[@]}"; do
    deliver 'Ada <sales@leadpipe.example>' s "$body"
    [ "$(LC_ALL=C awk 'length > 78' "$MAIL" | grep -vc '^Content-Type: multipart' || true)" -eq 0 ]
    python3 - "$MAIL" sent.jsonl <<'PY'
import email, email.policy, json, sys
mail = email.message_from_binary_file(open(sys.argv[1], 'rb'), policy=email.policy.default)
sent = json.load(open(sys.argv[2], encoding='utf-8'))['outreach']
assert not mail.defects, mail.defects
assert mail.get_content_type() == 'multipart/alternative'
text, html = mail.iter_parts()
assert not text.defects and not html.defects
assert (text.get_content_type(), html.get_content_type()) == ('text/plain', 'text/html')
assert text.get_content_charset() == html.get_content_charset() == 'utf-8'
assert text.get_payload(decode=True).decode() == sent['text'], (text.get_payload(decode=True), sent['text'])
assert html.get_payload(decode=True).decode() == sent['html']
assert mail['message-id'] == sent['message_id'] and mail['to'] == sent['to'] and mail['mime-version'] == '1.0'
assert mail['date'] == 'Mon, 05 Jan 2026 09:00:00 +0000'
PY
    mshow -O "$MAIL" 2 >text
    jq -rj .outreach.text sent.jsonl | cmp - text
    mshow -O "$MAIL" 3 >html
    jq -rj .outreach.html sent.jsonl | cmp - html
  done
}

@test "a mail without an HTML part is plain text" {
  printf 'subject: {{contact.subject}}\nfollow_up_days: 1\n\n{{contact.body}}\n' >t.mail
  deliver 'Ada <sales@leadpipe.example>' s 'Grüße'
  [ "$(mshow -t "$MAIL" | wc -l)" -eq 2 ]
  [ "$(mshow -O "$MAIL" 1)" = 'Grüße' ]
  [ "$(mhdr -h content-type "$MAIL")" = 'text/plain; charset=utf-8' ]
}

@test "a follow-up's thread headers and List-Unsubscribe are what other programs expect" {
  id='<0123456789abcdef0123456789abcdef01234567@leadpipe.example>'
  echo '{"outreach":{"from":"a@leadpipe.example","unsubscribe":"stop@leadpipe.example"}}' >config.json
  jq -cn --arg b "Message-ID: $id" '{task:{id:"1",properties:{hs_task_subject:"Follow up",hs_task_body:$b}},contact:{email:"a@b.co"}}' |
    outreach render --config config.json | outreach send --maildir box --unattended >sent.jsonl
  mail=$(find box/new -type f)
  [ "$(mhdr -h in-reply-to "$mail")" = "$id" ]
  [ "$(mhdr -h references "$mail")" = "$id" ]
  [ "$(mhdr -h list-unsubscribe "$mail")" = "$(jq -r .outreach.list_unsubscribe sent.jsonl)" ]
}

@test "mblaze lists the Maildir, and the file's time is the time of sending" {
  deliver 'Ada <sales@leadpipe.example>' s b
  [ "$(mlist box)" = "$MAIL" ]
  [ "$(stat -c %Y "$MAIL")" -eq "$(date -d 2026-01-05T09:00:00Z +%s)" ]
  [ "$(stat -c %a "$MAIL")" = 600 ]
}
