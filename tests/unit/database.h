/* tests/unit/database.h - a folder for one test program, and in it the path of a SQLite database with the files that lie beside it. For cmocka's set-up and tear-down. */
#ifndef UNIT_DATABASE_H
#define UNIT_DATABASE_H
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

static char folder[] = "/tmp/leadpipe_test.XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/test.db", folder);
	return 0;
}

static int remove_files(void **state)
{
	static const char *const endings[] = { "", "-wal", "-shm", ".lock" };
	char name[96];
	(void)state;
	for (size_t i = 0; i < COUNT(endings); i++) {
		snprintf(name, sizeof name, "%s%s", path, endings[i]);
		unlink(name);
	}
	return 0;
}

/* Fails where anything is left in it. */
static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}
#endif
