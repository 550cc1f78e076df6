// SPDX-License-Identifier: GPL-2.0-only
/*
 * Print the frequency of this machine's time stamp counter in kHz. An emulated
 * CPU's is the same, but a guest on a busy host measures it wrong, or gives up
 * and counts jiffies; so it is told.
 */
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

int main(void)
{
	struct timespec a, b;
	unsigned long long from, to;
	double ns;

	clock_gettime(CLOCK_MONOTONIC_RAW, &a);
	from = __rdtsc();
	do {
		clock_gettime(CLOCK_MONOTONIC_RAW, &b);
		to = __rdtsc();
		ns = (b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec);
	} while (ns < 1e8);
	printf("%.0f\n", (to - from) * 1e6 / ns);
	return 0;
}
