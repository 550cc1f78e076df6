# SPDX-License-Identifier: GPL-2.0-only
# Count the results in TAP or KTAP, and hand on what a person wants to read.
#
#	awk -v name=NAME -v counts=FILE -f tap.awk
#
# Nested results count once: a line that sums up deeper ones counts only when it
# fails though they did not. A plan with fewer results than it promised is one
# failure, no result at all another. FILE gets "passed failed skipped".

# The name with those of the subtests a level lies in.
function where(d,   l, s) {
	s = name
	for (l = 0; l <= d; l++)
		if (l in title)
			s = s "/" title[l]
	return s
}

function fail(d, what) {
	failed++
	print "not ok - " where(d) ": " what
	fflush()
}

# A level ends: with its summary one level up, a new document, or the file.
function close_level(d) {
	if (d in plan && seen[d] != plan[d])
		fail(d, "planned " plan[d] " results, gave " seen[d] + 0)
	delete plan[d]
	delete seen[d]
	delete bad[d]
	delete title[d]
}

function close_deeper(d,   l, any) {
	for (l = 40; l > d; l--)
		if (l in seen || l in plan) {
			any = 1
			below += bad[l]
			close_level(l)
		}
	return any
}

{
	match($0, /^ */)
	depth = int(RLENGTH / 4)
	line = substr($0, RLENGTH + 1)
	sub(/\r$/, "", line)
}

line ~ /^K?TAP version / {
	close_deeper(depth)
	close_level(depth)
	delete title[depth]
	next
}

line ~ /^# Subtest: / {
	title[depth] = substr(line, 12)
	next
}

line ~ /^1\.\.[0-9]+/ {
	n = line
	sub(/^1\.\./, "", n)
	plan[depth] = n + 0
	if (n + 0 == 0) {
		seen[depth] = 0
		if (tolower(line) ~ /# *skip/) {
			skipped++
			print "ok - " where(depth) ": " substr(line, index(line, "#"))
		}
		empty = 1
	}
	next
}

line ~ /^(not )?ok( |$)/ {
	below = 0
	summary = close_deeper(depth)
	seen[depth]++
	good = line !~ /^not /
	if (!good)
		bad[depth]++
	bad[depth] += below
	if (summary && (good || below))
		next
	text = line
	sub(/^(not )?ok *[0-9]* *-? */, "", text)
	if (tolower(text) ~ /# *skip/)
		skipped++
	else if (good)
		passed++
	else
		failed++
	print (good ? "ok" : "not ok") " - " where(depth) ": " text
	fflush()
	next
}

line ~ /^Bail out!/ { fail(depth, line) }

END {
	close_deeper(-1)
	if (!(passed + failed + skipped) && !empty)
		fail(-1, "printed no result")
	print passed + 0, failed + 0, skipped + 0 >counts
}
