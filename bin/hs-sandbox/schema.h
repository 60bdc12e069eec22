/* bin/hs-sandbox/schema.h - the portal's properties: their definitions, in memory and in the database.
 *
 * HubSpot's own are made with the database (defaults.c); more are created over the API, and an unknown one is refused on writing. */
#ifndef SANDBOX_SCHEMA_H
#define SANDBOX_SCHEMA_H
#include "base/json.h"
#include "store.h"
#include "types.h"

enum value_type { VALUE_STRING, VALUE_NUMBER, VALUE_BOOL, VALUE_DATE, VALUE_DATETIME, VALUE_ENUMERATION, VALUE_PHONE, VALUE_TYPE_COUNT };

struct property_option {
	const char *label, *value;
};

struct property {
	const char *name, *label, *field_type, *group, *description, *created, *updated;
	const char *archived; /* when; NULL while in use */
	const char *options_json; /* an array, as it was created */
	enum value_type type;
	int64_t display_order;
	bool is_unique, is_hidden, is_form_field, is_hubspot_defined, is_read_only;
	struct property_option *options;
	size_t option_count;
};

/* The properties of one object type, sorted by name. Pointers into it hold until the next schema_load. */
struct schema {
	struct arena arena;
	struct property *properties;
	size_t count;
};

/* A portal's default property (defaults.c). `options` is "VALUE=Label|VALUE=Label"; the label may be left out. */
struct default_property {
	enum type_index type;
	const char *name, *label, *field_type, *group, *options;
	enum value_type value_type;
	enum { DEFAULT_PLAIN, DEFAULT_UNIQUE, DEFAULT_READ_ONLY } kind;
};
extern const struct default_property default_properties[];
extern const size_t default_property_count;

/* "string", "number", ... as the API names it; and back, VALUE_TYPE_COUNT where it is none. */
const char *value_type_name(enum value_type type);
enum value_type value_type_find(struct slice name);

/* Makes the object tables, default properties, groups and owners of a new database. */
void schema_create(struct store *s, const char *now);

/* Reads one type's definitions. False when memory ran out or the database failed. */
bool schema_load(struct schema *schema, struct store *s, const struct object_type *type);
void schema_release(struct schema *schema);

/* A property in use; NULL where there is none of that name. */
const struct property *schema_find(const struct schema *schema, struct slice name);

/* Also one that was archived. */
const struct property *schema_find_any(const struct schema *schema, struct slice name);

/* Stores a new definition, and its column and index where they are missing. */
void schema_insert(struct store *s, const struct object_type *type, const struct property *p);

/* The indexes that searches of the type want, on its own table or a copy of it. */
void schema_create_indexes(struct store *s, const struct object_type *type, const char *table);

/* Those of a unique property. */
void schema_index_property(struct store *s, const struct object_type *type, const struct property *p);
#endif
