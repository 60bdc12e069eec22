# Assertions on what stands in a portal, read from hs-sandbox's database: source it, set PORTAL_DB to the file, and ask.
#
#     assert_none portal_duplicate_notes
#     assert_none portal_completed_without_effects 'Enrich%' note followup
#
# Each function prints the rows that it looks for, with "|" between columns; no row is good news, but for portal_count_status, which tells figures. A
# record's key is its leadpipe_key, where it has none the one in the marker of its body. Archived records do not count.
# shellcheck shell=bash

PORTAL_MARKER='[leadpipe KEY]'

portal_sql() { sqlite3 -bail "$PORTAL_DB" "$1"; }

# portal_has_column TABLE COLUMN
portal_has_column() { [ "$(portal_sql "SELECT count(*) FROM pragma_table_info('$1') WHERE name = '$2'")" -eq 1 ]; }

# portal_key TABLE BODY-COLUMN: the SQL expression of a record's key; null where it is none of ours.
portal_key() {
  local before=${PORTAL_MARKER%KEY*} after=${PORTAL_MARKER#*KEY} property=NULL rest
  rest="substr($2, instr($2, '$before') + ${#before})"
  if portal_has_column "$1" leadpipe_key; then property=leadpipe_key; fi
  echo "coalesce(nullif($property, ''), CASE WHEN instr($2, '$before') > 0 THEN substr($rest, 1, instr($rest, '$after') - 1) END)"
}

# portal_duplicates TABLE BODY-COLUMN: KEY|COUNT|IDS of the keys that more than one record has.
portal_duplicates() {
  portal_sql "SELECT key, count(*), group_concat(hs_object_id, ' ') FROM (SELECT hs_object_id, $(portal_key "$1" "$2") AS key FROM $1 WHERE _archived_at IS NULL)
    WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1"
}
portal_duplicate_notes() { portal_duplicates notes hs_note_body; }
portal_duplicate_followups() { portal_duplicates tasks hs_task_body; }

# portal_completed_twice: ID|TOKENS of the tasks that more than one claim completed, by every write that the portal has ever seen.
portal_completed_twice() {
  portal_sql "SELECT object_id, group_concat(DISTINCT json_extract(changes, '\$.leadpipe_done')) FROM history
    WHERE coalesce(json_extract(changes, '\$.leadpipe_done'), '') != '' GROUP BY object_id HAVING count(DISTINCT json_extract(changes, '\$.leadpipe_done')) > 1"
}

# portal_unlinked TABLE BODY-COLUMN SUBJECT: ID|TABLE of the completed tasks with such a subject, where the contacts have fewer records of ours in the
# table than completed tasks with such a subject. A task without a contact has no effects.
portal_unlinked() {
  local type=2
  [ "$1" != notes ] || type=3
  portal_sql "WITH done AS (SELECT hs_object_id AS task FROM tasks
        WHERE _archived_at IS NULL AND hs_task_status = 'COMPLETED' AND leadpipe_done != '' AND hs_task_subject LIKE '$3'),
      who AS (SELECT from_id AS task, to_id AS contact FROM associations WHERE from_type = 2 AND to_type = 0 AND from_id IN done),
      ours AS (SELECT hs_object_id AS id FROM $1 WHERE _archived_at IS NULL AND $(portal_key "$1" "$2") IS NOT NULL AND hs_object_id NOT IN done)
    SELECT task, '$1' FROM done WHERE task IN (SELECT task FROM who) AND
      (SELECT count(DISTINCT to_id) FROM associations JOIN who ON from_type = 0 AND from_id = contact WHERE who.task = done.task AND to_type = $type AND to_id IN ours)
      < (SELECT count(DISTINCT other.task) FROM who JOIN who AS other USING (contact) WHERE who.task = done.task) ORDER BY task"
}

# portal_completed_without_effects SUBJECT [note] [followup]: ID|TABLE of the tasks that are completed although an effect is missing. SUBJECT is as for
# LIKE: 'Enrich%'.
portal_completed_without_effects() {
  local subject=$1 effect
  for effect in "${@:2}"; do
    case $effect in
    note) portal_unlinked notes hs_note_body "$subject" ;;
    followup) portal_unlinked tasks hs_task_body "$subject" ;;
    *) echo "portal_completed_without_effects: what is \"$effect\"?" ;;
    esac
  done
}

# portal_leases_left: ID|STATUS|LEASE of the tasks that somebody holds or seems to.
portal_leases_left() {
  portal_sql "SELECT hs_object_id, hs_task_status, leadpipe_lease FROM tasks
    WHERE _archived_at IS NULL AND (hs_task_status = 'IN_PROGRESS' OR coalesce(leadpipe_lease, '') != '' AND hs_task_status != 'COMPLETED') ORDER BY hs_object_id"
}

# portal_count_status [SUBJECT]: STATUS|COUNT of the tasks with such a subject, by status.
portal_count_status() {
  portal_sql "SELECT coalesce(hs_task_status, ''), count(*) FROM tasks WHERE _archived_at IS NULL AND hs_task_subject LIKE '${1:-%}' GROUP BY 1 ORDER BY 1"
}

# portal_settle URL: waits until no late effect is still to come.
portal_settle() { until [ "$(curl -sS "$1/sandbox/calls" | jq .late)" = 0 ]; do sleep 0.05; done; }

# assert_none FUNCTION [ARG...]: fails and prints what it found where it finds a row, or cannot look.
assert_none() {
  local rows status=0
  rows=$("$@" 2>&1) || status=$?
  [ -n "$rows" ] || [ "$status" -ne 0 ] || return 0
  printf '%s:\n%s\n' "$*" "$rows"
  return 1
}
