// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench [--quick] FILE [FIGURE|CURVES]...: measure and write all of it to FILE.
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

#include "curve.h"

static const struct figure *const figures[] = {
	&figure_extract, &figure_read, &figure_reseal, &figure_call,
	&figure_pause, &figure_wire, &figure_wire_2, &figure_wire_4,
	&figure_live, &figure_sizes, &figure_memory,
	&figure_memory_share, &figure_precopy, &figure_idle,
	&figure_calls_during, &figure_calls_after,
	&figure_criu_pause_64m, &figure_criu_total_64m,
	&figure_criu_pause_256m, &figure_criu_total_256m,
	&figure_criu_pause_1g, &figure_criu_total_1g,
	&figure_continuity_overhead,
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

static void range(const struct result *result, double *least, double *most)
{
	*least = *most = result->value[0];
	for (unsigned int i = 1; i < result->runs; i++) {
		if (result->value[i] < *least)
			*least = result->value[i];
		if (result->value[i] > *most)
			*most = result->value[i];
	}
}

static void print(const struct figure *figure, const struct result *result)
{
	double value, least, most;
	char goal[16];

	if (result->missing[0]) {
		printf("%-26s %9s  missing: %s\n", figure->name, "-",
		       result->missing);
		return;
	}
	value = bench_median(result->value, result->runs);
	range(result, &least, &most);
	print_goal(figure, goal);
	printf("%-26s %9.3f  %-8s %-6s %-6s  %.3f .. %.3f, %u run%s\n",
	       figure->name, value, goal, figure->unit,
	       reached(figure, value), least, most, result->runs,
	       result->runs == 1 ? "" : "s");
}

/**
 * struct output - what was measured so far
 * @path: of the file, written anew after each figure: a run that is ended has what
 *	it measured
 * @all: its content
 * @figures: in it, as the two below
 * @curves: in it
 * @missing: in it
 */
struct output {
	const char *path;
	json_t *all, *figures, *curves, *missing;
};

static int save(const struct output *output)
{
	if (!json_dump_file(output->all, output->path,
			    JSON_INDENT(2) | JSON_REAL_PRECISION(6)))
		return 0;
	fprintf(stderr, "cannot write %s\n", output->path);
	return -1;
}

static void begin(struct output *output, const char *path)
{
	output->path = path;
	output->figures = json_array();
	output->curves = json_array();
	output->missing = json_object();
	output->all = json_pack("{s:o, s:o, s:o, s:o}", "machine", machine(),
				"figures", output->figures, "curves",
				output->curves, "missing", output->missing);
}

static int note(const struct output *output, const struct figure *figure,
		struct result *result)
{
	double least, most;

	if (!result->runs && !result->missing[0])
		bench_missing(result, "nothing was measured");
	if (result->missing[0]) {
		json_object_set_new(output->missing, figure->name,
				    json_string(result->missing));
		return save(output);
	}
	range(result, &least, &most);
	json_array_append_new(output->figures, json_pack(
		"{s:s, s:f, s:s, s:o, s:i, s:f, s:f, s:s}",
		"name", figure->name, "value",
		bench_median(result->value, result->runs),
		"unit", figure->unit, "goal",
		isnan(figure->goal) ? json_null() : json_real(figure->goal),
		"runs", (int)result->runs, "min", least, "max", most,
		"how", result->how));
	return save(output);
}

static const struct sweep *const sweeps[] = {
	&sweep_sizes, &sweep_rates, &sweep_calls,
};

static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return !argc;
}

static int sweep(const struct output *output, const struct sweep *sweep,
		 bool quick)
{
	static struct result result;

	fprintf(stderr, "%s\n", sweep->name);
	result = (struct result){ .runs = 0 };
	sweep->measure(output->curves, &result, quick);
	if (result.missing[0])
		json_object_set_new(output->missing, sweep->name,
				    json_string(result.missing));
	return save(output);
}

int main(int argc, char **argv)
{
	bool quick = argc > 1 && !strcmp(argv[1], "--quick");
	static struct result result[COUNT];
	struct output output;
	int status = 0;

	argc -= 1 + quick;
	argv += 1 + quick;
	if (argc < 1) {
		fprintf(stderr, "usage: bench [--quick] FILE [FIGURE|CURVES]...\n");
		return 2;
	}
	begin(&output, argv[0]);
	for (size_t i = 0; i < COUNT; i++) {
		if (!wanted(figures[i]->name, argc - 1, argv + 1))
			continue;
		fprintf(stderr, "%s\n", figures[i]->name);
		figures[i]->measure(&result[i], quick);
		status |= note(&output, figures[i], &result[i]);
	}
	for (size_t i = 0; i < sizeof(sweeps) / sizeof(*sweeps); i++)
		if (wanted(sweeps[i]->name, argc - 1, argv + 1))
			status |= sweep(&output, sweeps[i], quick);
	printf("%-26s %9s  goal                    least .. most\n", "figure",
	       "value");
	for (size_t i = 0; i < COUNT; i++)
		if (wanted(figures[i]->name, argc - 1, argv + 1))
			print(figures[i], &result[i]);
	json_decref(output.all);
	return !!status;
}
