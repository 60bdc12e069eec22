/* outreach/choose and outreach/previous: which template a task asks for, and which mail came before. */
// uses: bin/outreach/choose.c
// uses: bin/outreach/previous.c
// uses: bin/outreach/mail.c
// uses: bin/outreach/address.c
// uses: bin/outreach/control.c
#include "../../bin/outreach/choose.h"
#include "../../bin/outreach/previous.h"
#include "check.h"

enum { ARENA_BYTES = 1 << 20 };

static void test_chooses(void **state)
{
	(void)state;
	static const struct {
		const char *subject, *tier;
		unsigned step;
		const char *want;
	} rows[] = {
		{ "Send Outreach - HOT Lead: Ann", "", 0, "direct" },
		{ "Send Outreach - WARM Lead: Ann", "", 0, "educational" },
		{ "Send Outreach - COLD Lead: Ann", "", 0, "nurture" },
		{ "Send Outreach - WARM Lead: Ann", "HOT", 0, "educational" },
		{ "Send Outreach - COLD Lead: HOT Ltd", "", 0, "nurture" },
		{ "Send Outreach: COLD Store Ltd", "HOT", 0, "direct" },
		{ "Send Outreach to Ann Hot", "", 0, "educational" },
		{ "Send Outreach to Ann SHOT", "", 0, "educational" },
		{ "Send Outreach to 17", "HOT", 0, "direct" },
		{ "Send Outreach to 17", "COLD", 0, "nurture" },
		{ "Send Outreach to 17", "WARM", 0, "educational" },
		{ "Send Outreach to 17", "UNKNOWN", 0, "educational" },
		{ "", "HOT", 0, "direct" },
		{ "", "", 0, "educational" },
		{ "Follow-up Outreach: Ann at Example", "HOT", 0, "follow-up-2" },
		{ "FOLLOW-UP OUTREACH: Ann", "", 1, "follow-up-2" },
		{ "Follow up with Ann", "", 2, "follow-up-3" },
		{ "follow up", "", 3, "follow-up-4" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char name[CHOOSE_NAME_BYTES];
		choose_template(slice_of(rows[i].subject), slice_of(rows[i].tier), rows[i].step, name);
		check_text(rows[i].subject, slice_of(name), slice_of(rows[i].want));
	}
}

#define ID "<0123456789abcdef0123456789abcdef01234567@b.example>"
#define ID_HTML "&lt;0123456789abcdef0123456789abcdef01234567@b.example&gt;"

static void test_reads_a_task_body(void **state)
{
	(void)state;
	static const struct {
		const char *body, *id, *subject;
		unsigned step;
	} rows[] = {
		{ "", "", "", 0 },
		{ "Message-ID: " ID "\nSubject: Hello\nStep: 1", ID, "Hello", 1 },
		{ "message-id: " ID "\r\nSUBJECT:  Re: Hello \r\nstep: 2\r\n", ID, "Hello", 2 },
		{ "<p>Message-ID: " ID_HTML "<br>Subject: Tea &amp; cake<br/>Step: 3</p>", ID, "Tea & cake", 3 },
		{ "<div>Message-ID: " ID "</div><div>Step: 4</div>", ID, "", 4 },
		{ "Message-ID: <x@y.example>\nStep: 100", "", "", 0 },
		{ "Step: two", "", "", 0 },
		{ "a < b\nStep: 5", "", "", 5 },
		{ "Message-ID: <b123456789abcdef0123456789abcdef01234567@b.example><br>Step: 6<!-- x -->y",
			"<b123456789abcdef0123456789abcdef01234567@b.example>", "", 6 },
		{ "Step: 7<BR>[leadpipe 0123]", "", "", 7 },
	};
	struct arena scratch;
	arena_init(&scratch, ARENA_BYTES);
	for (size_t i = 0; i < COUNT(rows); i++) {
		arena_reset(&scratch);
		struct previous p = previous_from_body(slice_of(rows[i].body), &scratch);
		check_text(rows[i].body, p.message_id, slice_of(rows[i].id));
		check_text(rows[i].body, p.subject, slice_of(rows[i].subject));
		check_int(rows[i].body, p.step, rows[i].step);
	}
	arena_release(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_chooses), cmocka_unit_test(test_reads_a_task_body) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
