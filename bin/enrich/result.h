/* bin/enrich/result.h - a site's findings in one block of just their size, to be kept for the rest of the run. */
#ifndef ENRICH_RESULT_H
#define ENRICH_RESULT_H
#include "site.h"

/* Copies all texts. NULL when out of memory. */
struct site_result *result_pack(const struct site_result *loose);
#endif
