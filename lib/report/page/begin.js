/* Putting the page together. */

/* Opens the run that the address names. */
function follow() {
	const id = decodeURIComponent(location.hash.slice(1));
	const run = id && rows.find((row) => row.id === id);
	if (run && !opened.has(run))
		show(run);
}

function begin() {
	const states = [
		["failed", "runs that do not pass", (run) => run.outcome !== 1],
		["errors", "runs that say nothing of the answer",
		    (run) => run.outcome === 2],
		["flaky", "runs of inputs that pass and fail",
		    (run) => run.flaky],
		["slow", "the slowest twentieth: from " + time(slow), isSlow],
	];
	if (given.base)
		states.push(
		    ["regressed", "runs that passed in the base",
			isChange("regressed")],
		    ["improved", "runs that did not pass in the base",
			isChange("improved")],
		    ["output changed", "runs with another output than in the " +
			"base", changedOutput]);
	status.setAttribute("role", "status");
	main.append(pictures, make("h2", "", "Runs"), make("div", "tools",
	    searchBox("inputs, outputs, reasons", "the runs"),
	    ...states.map((state) => toggle(...state)),
	    choice("persona", (run) => run.persona.text),
	    choice("strategy", (run) => run.strategy.text)), chips, status,
	    make("div", "table", table));
	headButtons();
	arrange();
	addEventListener("scroll", () => draw(false), { passive: true });
	addEventListener("resize", () => draw(true));
	addEventListener("hashchange", follow);
	addEventListener("beforeprint", () => {
		printing = true;
		draw(true);
	});
	addEventListener("afterprint", () => {
		printing = false;
		draw(true);
	});
	document.addEventListener("keydown", (event) => {
		if (event.key === "Escape" && (sought || chosen.size))
			unfilter();
	});
	follow();
}

begin();
