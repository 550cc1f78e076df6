// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 The REWIRE authors
 */
#include <string.h>

#include "curve.h"

static json_t *pack_axis(const struct axis *axis)
{
	return json_pack("{s:s, s:s, s:b}", "name", axis->name, "unit",
			 axis->unit, "log", (int)axis->log);
}

json_t *curve_new(json_t *curves, const char *name, const char *title,
		  const struct axis *x, const struct axis *y, const char *how)
{
	json_t *curve = json_pack("{s:s, s:s, s:o, s:o, s:[], s:[], s:s}",
				  "name", name, "title", title, "x",
				  pack_axis(x), "y", pack_axis(y), "series",
				  "marks", "how", how);

	json_array_append_new(curves, curve);
	return curve;
}

static json_t *points_of(json_t *curve, const char *name)
{
	json_t *all = json_object_get(curve, "series"), *one;
	size_t i;

	json_array_foreach(all, i, one)
		if (!strcmp(json_string_value(json_object_get(one, "name")),
			    name))
			return json_object_get(one, "points");
	one = json_pack("{s:s, s:[]}", "name", name, "points");
	json_array_append_new(all, one);
	return json_object_get(one, "points");
}

void curve_add(json_t *curve, const char *series, double x,
	       const double *values, unsigned int runs)
{
	double least = values[0], most = values[0];

	for (unsigned int i = 1; i < runs; i++) {
		least = values[i] < least ? values[i] : least;
		most = values[i] > most ? values[i] : most;
	}
	json_array_append_new(points_of(curve, series), json_pack(
		"{s:f, s:f, s:f, s:f, s:i}", "x", x, "y",
		bench_median(values, runs), "min", least, "max", most, "runs",
		(int)runs));
}

void curve_mark(json_t *curve, double x, const char *text)
{
	json_array_append_new(json_object_get(curve, "marks"),
			      json_pack("{s:f, s:s}", "x", x, "text", text));
}
