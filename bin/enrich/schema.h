/* bin/enrich/schema.h - JSON Schema of the members that enrich reads and writes, for --schema. */
#ifndef ENRICH_SCHEMA_H
#define ENRICH_SCHEMA_H
extern const char enrich_schema[];
#endif
