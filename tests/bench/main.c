// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench [--quick] FILE [FIGURE]...: measure and write the figures to FILE.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <jansson.h>

#include "bench.h"

static const struct figure *const figures[] = {
	&figure_extract, &figure_splice, &figure_reseal, &figure_call, &figure_pause,
	&figure_wire, &figure_wire_2, &figure_wire_4, &figure_live, &figure_sizes,
	&figure_memory, &figure_continuity_overhead,
	&figure_continuity_overhead_memory,
	&figure_continuity_overhead_clients,
	&figure_continuity_overhead_clients_memory,
	&figure_journal, &figure_recovery,
	&figure_package, &figure_wrap, &figure_update_small,
	&figure_update_large, &figure_update_durable, &figure_rollback,
	&figure_tuf_small, &figure_tuf_large, &figure_tuf_memory,
	&figure_tuf_verify,
};

#define COUNT (sizeof(figures) / sizeof(*figures))

static void processor(char name[128])
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];

	strcpy(name, "unknown");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "model name : %127[^\n]", name) == 1)
			break;
	if (file)
		fclose(file);
}

static json_t *machine(void)
{
	const char *accel = getenv("REWIRE_BENCH_ACCEL");
	struct utsname uts;
	struct sysinfo info;
	char cpu[128];

	processor(cpu);
	uname(&uts);
	sysinfo(&info);
	return json_pack("{s:s, s:i, s:s, s:s, s:I}", "processor", cpu,
			 "processors", (int)sysconf(_SC_NPROCESSORS_ONLN),
			 "kernel", uts.release,
			 "virtual machine", accel ? accel : "unknown",
			 "memory_mib", (json_int_t)(info.totalram *
						    info.mem_unit >> 20));
}

static const char *reached(const struct figure *figure, double value)
{
	if (isnan(figure->goal))
		return "-";
	return (figure->at_most ? value <= figure->goal :
				  value >= figure->goal) ? "yes" : "NO";
}

static void print_goal(const struct figure *figure, char text[16])
{
	if (isnan(figure->goal))
		strcpy(text, "none");
	else
		snprintf(text, 16, "%s %g", figure->at_most ? "<=" : ">=",
			 figure->goal);
}

static void print(const struct figure *figure, const struct result *result,
		  double least, double most)
{
	char goal[16];
	double value;

	if (result->missing[0]) {
		printf("%-26s %9s  missing: %s\n", figure->name, "-",
		       result->missing);
		return;
	}
	value = bench_median(result->value, result->runs);
	print_goal(figure, goal);
	printf("%-26s %9.3f  %-8s %-6s %-6s  %.3f .. %.3f, %u run%s\n",
	       figure->name, value, goal, figure->unit,
	       reached(figure, value), least, most, result->runs, result->runs == 1 ? "" : "s");
}

static void note(const struct figure *figure, struct result *result,
		 json_t *list, json_t *missing)
{
	double least = 0, most = 0;

	if (!result->runs && !result->missing[0])
		bench_missing(result, "nothing was measured");
	if (result->missing[0]) {
		json_object_set_new(missing, figure->name,
				    json_string(result->missing));
	} else {
		least = most = result->value[0];
		for (unsigned int i = 1; i < result->runs; i++) {
			if (result->value[i] < least)
				least = result->value[i];
			if (result->value[i] > most)
				most = result->value[i];
		}
		json_array_append_new(list, json_pack(
			"{s:s, s:f, s:s, s:o, s:i, s:f, s:f, s:s}",
			"name", figure->name, "value",
			bench_median(result->value, result->runs),
			"unit", figure->unit, "goal",
			isnan(figure->goal) ? json_null() :
					      json_real(figure->goal),
			"runs", (int)result->runs, "min", least, "max", most,
			"how", result->how));
	}
	print(figure, result, least, most);
}

static bool wanted(const struct figure *figure, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], figure->name))
			return true;
	return !argc;
}

int main(int argc, char **argv)
{
	bool quick = argc > 1 && !strcmp(argv[1], "--quick");
	json_t *list = json_array(), *missing = json_object(), *all;
	struct result result[COUNT] = { 0 };
	int status;

	argc -= 1 + quick;
	argv += 1 + quick;
	if (argc < 1) {
		fprintf(stderr, "usage: bench [--quick] FILE [FIGURE]...\n");
		return 2;
	}
	for (size_t i = 0; i < COUNT; i++) {
		if (!wanted(figures[i], argc - 1, argv + 1))
			continue;
		fprintf(stderr, "%s\n", figures[i]->name);
		figures[i]->measure(&result[i], quick);
	}
	printf("%-26s %9s  goal                    least .. most\n", "figure",
	       "value");
	for (size_t i = 0; i < COUNT; i++)
		if (wanted(figures[i], argc - 1, argv + 1))
			note(figures[i], &result[i], list, missing);
	all = json_pack("{s:o, s:o, s:o}", "machine", machine(), "figures",
			list, "missing", missing);
	status = json_dump_file(all, argv[0], JSON_INDENT(2) |
				JSON_REAL_PRECISION(6));
	json_decref(all);
	if (status)
		fprintf(stderr, "cannot write %s\n", argv[0]);
	return !!status;
}
