/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_LOG_H
#define REWIRED_LOG_H

/* Levels are those of syslog, which is what "<N>" prefixes mean to a journal. */
#define LOG_LEVEL_ERROR		3
#define LOG_LEVEL_WARNING	4
#define LOG_LEVEL_NOTICE	5
#define LOG_LEVEL_INFO		6
#define LOG_LEVEL_DEBUG		7

/**
 * log_open - say what is logged, and how
 * @level: LOG_LEVEL_*; higher numbers are left out
 *
 * Lines go to standard error: bare on a terminal, else with the prefix "<N>".
 */
void log_open(int level);

/**
 * log_line - log one line; safe from any thread
 * @level: LOG_LEVEL_*
 * @format: of printf(), without a newline
 *
 * Text of other hosts may be among the arguments: control characters are
 * replaced, so that nobody can forge a line.
 */
void log_line(int level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...)		log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...)	log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)		log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)		log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)		log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif /* REWIRED_LOG_H */
