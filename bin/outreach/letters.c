#include "letters.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LETTER_PATH_BYTES = 4096 };

struct letters_item {
	struct letter letter;
	char *name;
	struct letters_item *next;
};

static bool is_file(const char *name)
{
	return strchr(name, '/') != NULL || slice_ends(slice_of(name), ".mail");
}

static bool find(const struct letters *l, const char *name, struct buf *path)
{
	if (is_file(name)) {
		buf_puts(path, name);
		return access(buf_text(path), F_OK) == 0;
	}
	if (l->folder != NULL) {
		buf_printf(path, "%s/%s.mail", l->folder, name);
		if (access(buf_text(path), F_OK) == 0)
			return true;
		buf_reset(path);
	}
	struct buf shared;
	buf_init(&shared, LETTER_PATH_BYTES);
	buf_printf(&shared, "templates/%s.mail", name);
	bool found = config_share_file(buf_text(&shared), path);
	buf_release(&shared);
	return found;
}

static void free_item(struct letters_item *item)
{
	if (item == NULL)
		return;
	variables_free(item->letter.variables);
	template_free(item->letter.template);
	free(item->name);
	free(item);
}

static struct letters_item *read_item(const char *name, const char *path, char error[CONFIG_ERROR_BYTES])
{
	struct template_error where = { .message = "out of memory" };
	struct letters_item *item = calloc(1, sizeof *item);
	struct buf text;
	buf_init(&text, TEMPLATE_MAX_BYTES + 1);
	bool is_read = item != NULL && config_read_file(path, TEMPLATE_MAX_BYTES, &text, error);
	if (is_read) {
		item->name = strdup(name);
		item->letter.template = item->name == NULL ? NULL : template_parse(buf_slice(&text), &where);
		if (item->letter.template != NULL)
			item->letter.variables = variables_bind(item->letter.template, &where);
		if (item->letter.variables == NULL)
			snprintf(error, CONFIG_ERROR_BYTES, "%s:%u: %s", path, where.line, where.message);
		item->letter.name = item->name;
	}
	buf_release(&text);
	if (is_read && item->letter.variables != NULL)
		return item;
	free_item(item);
	return NULL;
}

enum letters_result letters_get(struct letters *l, const char *name, const struct letter **letter, char error[CONFIG_ERROR_BYTES])
{
	struct letters_item *item = l->first;
	while (item != NULL && strcmp(item->name, name) != 0)
		item = item->next;
	if (item == NULL) {
		struct buf path;
		buf_init(&path, LETTER_PATH_BYTES);
		snprintf(error, CONFIG_ERROR_BYTES, "out of memory");
		bool found = find(l, name, &path);
		item = found ? read_item(name, buf_text(&path), error) : NULL;
		buf_release(&path);
		if (item == NULL)
			return found ? LETTER_WRONG : LETTER_ABSENT;
		item->next = l->first;
		l->first = item;
	}
	*letter = &item->letter;
	return LETTER_FOUND;
}

void letters_release(struct letters *l)
{
	while (l->first != NULL) {
		struct letters_item *item = l->first;
		l->first = item->next;
		free_item(item);
	}
}
