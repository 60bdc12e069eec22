/* bin/enrich/size.h - a number of employees out of what people and pages write: "250", "1,200", "11-50", "500+", "about 40". Pure. */
#ifndef ENRICH_SIZE_H
#define ENRICH_SIZE_H
#include "base/slice.h"

/* The first number, thousands separators understood; of a range that is the lower end, so that no company is made larger than its source says. False where there is
 * none, or it is 0 or above ten million. */
bool size_read(struct slice text, uint64_t *employees);
#endif
