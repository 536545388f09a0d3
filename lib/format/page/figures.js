/* Figures, for the scripts of lists. */

/* Milliseconds as the page shows them. */
function time(ms) {
	const digits = (d) => d.toFixed(d < 9.995 ? 2 : d < 99.95 ? 1 : 0);
	if (Number.isNaN(ms))
		return "\u2013";
	if (ms < 0.9995)
		return (ms * 1000).toFixed(0) + " \u00b5s";
	if (ms < 999.5)
		return digits(ms) + " ms";
	if (ms < 59950)
		return digits(ms / 1000) + " s";
	const s = Math.round(ms / 1000);
	return Math.floor(s / 60) + " m " + String(s % 60).padStart(2, "0") +
	    " s";
}

/* The p-th percentile by nearest rank, as in summary.json. */
function percentile(all, p) {
	return all.length ? all[Math.max(0, Math.ceil(all.length * p / 100) - 1)] :
	    NaN;
}

/* The durations of rows that have one, in order. */
function durations(of) {
	return of.map((row) => row.ms).filter((ms) => !Number.isNaN(ms))
	    .sort((a, b) => a - b);
}

/* Their percentiles. */
function spread(all) {
	return [50, 90, 95, 99].map((p) => "p" + p + " " +
	    time(percentile(all, p))).join(", ") + ", max " +
	    time(all[all.length - 1]);
}
