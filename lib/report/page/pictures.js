/* Pictures of the runs that are shown. */

function svg(name, attributes, ...children) {
	const e = document.createElementNS("http://www.w3.org/2000/svg", name);
	for (const [key, value] of Object.entries(attributes))
		e.setAttribute(key, value);
	e.append(...children);
	return e;
}

const pictures = make("div", "pictures");
const WIDTH = 360, HEIGHT = 170;	/* of a picture, within its labels */

function card(title, ...children) {
	return make("figure", "", make("figcaption", "", title), ...children);
}

function label(x, y, anchor, text) {
	return svg("text", { x, y, "text-anchor": anchor }, text);
}

/* A scale from values to 0..1; by their logarithms if they differ a lot. */
function scaleOf(values) {
	let low = Infinity, high = -Infinity;
	for (const value of values) {
		low = Math.min(low, value);
		high = Math.max(high, value);
	}
	if (low === high)
		low = Math.min(0, low);
	const log = low > 0 && high / low > 20;
	const to = log ? Math.log : (value) => value;
	const from = log ? Math.exp : (value) => value;
	const span = to(high) - to(low) || 1;
	return { log, low, high, at: (value) => (to(value) - to(low)) / span,
		value: (at) => from(to(low) + at * span) };
}

/* --- a distribution -------------------------------------------------------- */

const BINS = 24;

/* The numbers of values in equal parts of a scale, or of 0 to 1. */
function bins(runs, of, scale) {
	const found = Array.from({ length: BINS }, () => []);
	for (const run of runs)
		if (!Number.isNaN(of(run)))
			found[Math.min(BINS - 1, Math.floor(scale.at(of(run)) *
			    BINS))].push(run);
	return found;
}

function bar(runs, i, most, title, click) {
	const width = WIDTH / BINS;
	const bad = runs.filter((run) => run.outcome !== 1).length;
	const tall = (n) => n / most * HEIGHT;
	const g = svg("g", { class: "bin" },
	    svg("rect", { class: "room", x: i * width, y: 0, width,
		height: HEIGHT }),
	    svg("rect", { class: "pass", x: i * width + 1, width: width - 2,
		y: HEIGHT - tall(runs.length), height: tall(runs.length - bad) }),
	    svg("rect", { class: "fail", x: i * width + 1, width: width - 2,
		y: HEIGHT - tall(bad), height: tall(bad) }),
	    svg("title", {}, title));
	if (runs.length)
		g.addEventListener("click", click);
	return g;
}

/* The base's distribution, as a line of steps. */
function outline(counts, most) {
	let d = "M0 " + HEIGHT;
	counts.forEach((n, i) => {
		d += "V" + (HEIGHT - n / most * HEIGHT) + "H" +
		    (i + 1) * WIDTH / BINS;
	});
	return svg("path", { class: "base", d: d + "V" + HEIGHT });
}

function distribution(title, runs, of, format, baseOf, marks) {
	const paired = baseOf ? runs.filter((run) => !Number.isNaN(baseOf(run))) :
	    [];
	const values = runs.map(of).concat(paired.map(baseOf || of))
	    .filter((value) => !Number.isNaN(value));
	if (values.length < 2)
		return "";
	/* scores are shares */
	const scale = scaleOf(of === scoreOf ? values.concat(0, 1) : values);
	const parts = bins(runs, of, scale);
	const base = baseOf ? bins(paired, baseOf, scale).map((part) =>
	    part.length) : [];
	const most = Math.max(1, ...parts.map((all) => all.length), ...base);
	const picture = svg("svg", { viewBox: "0 -14 " + WIDTH + " " +
	    (HEIGHT + 34), role: "img", "aria-label": title });
	parts.forEach((all, i) => {
		const range = format(scale.value(i / BINS)) + " to " +
		    format(scale.value((i + 1) / BINS));
		const set = new Set(all);
		picture.append(bar(all, i, most, range + ": " + all.length +
		    (all.length === 1 ? " run" : " runs"), () =>
		    restrict(range, (run) => set.has(run))));
	});
	if (base.length)
		picture.append(outline(base, most));
	for (const [name, value] of marks) {
		const x = scale.at(value) * WIDTH;
		picture.append(svg("line", { class: "mark", x1: x, x2: x, y1: 0,
			y2: HEIGHT }), label(x, -3, x > WIDTH - 40 ? "end" :
		    x < 40 ? "start" : "middle", name));
	}
	picture.append(label(0, HEIGHT + 15, "start", format(scale.low)),
	    label(WIDTH / 2, HEIGHT + 15, "middle", format(scale.value(0.5))),
	    label(WIDTH, HEIGHT + 15, "end", format(scale.high)));
	return card(title, picture, base.length ? legend([["pass", "pass"],
	    ["fail", "do not pass"], ["base", "base"]]) :
	    legend([["pass", "pass"], ["fail", "do not pass"]]));
}

function legend(names) {
	return make("p", "legend", ...names.map(([kind, text]) =>
	    make("span", kind, make("i", ""), text)));
}

/* --- rates ----------------------------------------------------------------- */

const AT_FIRST = 8;
const unfolded = new Set();	/* titles of lists that show all */

/*
 * The 95 % interval of a rate (E. B. Wilson, 1927), as in statistics.h.
 */
function wilson(passed, n) {
	const z = 1.959963984540054, p = passed / n, q = z * z / n;
	const middle = (p + q / 2) / (1 + q);
	const half = z / (1 + q) * Math.sqrt(p * (1 - p) / n + q / (4 * n));
	return [passed === 0 ? 0 : middle - half,
		passed === n ? 1 : middle + half];
}

const percent = (rate) => (100 * rate).toFixed(0) + " %";

function groups(runs, of) {
	const found = new Map();
	for (const run of runs) {
		const name = of(run);
		if (!found.has(name))
			found.set(name, []);
		found.get(name).push(run);
	}
	return Array.from(found, ([name, all]) => {
		const passed = all.filter((run) => run.outcome === 1).length;
		const pairs = all.filter((run) => run.base);
		return { name, all, passed, rate: passed / all.length,
			base: pairs.length ? pairs.filter((run) =>
			    run.base.outcome === 1).length / pairs.length : NaN };
	}).sort((a, b) => a.rate - b.rate || b.all.length - a.all.length ||
	    collator.compare(a.name, b.name));
}

function rateRow(group, test) {
	const [low, high] = wilson(group.passed, group.all.length);
	const at = (rate) => 100 * rate + "%";
	const picture = svg("svg", { class: "rate", "aria-hidden": "true" },
	    svg("line", { class: "axis", x1: 0, x2: "100%", y1: 9, y2: 9 }),
	    svg("line", { class: "interval", x1: at(low), x2: at(high), y1: 9,
		y2: 9 }),
	    svg("circle", { class: "point", cx: at(group.rate), cy: 9, r: 4 }));
	if (!Number.isNaN(group.base))
		picture.append(svg("circle", { class: "base",
			cx: at(group.base), cy: 9, r: 4 }));
	const row = make("button", "group", make("span", "name",
	    line(group.name) || "none"), picture, make("span", "number",
	    percent(group.rate), make("small", "", " " + group.passed + "/" +
	    group.all.length)));
	row.type = "button";
	row.title = group.name + ": " + group.passed + " of " +
	    group.all.length + " pass; 95 % interval " + percent(low) + " to " +
	    percent(high) + (Number.isNaN(group.base) ? "" : "; base " +
	    percent(group.base));
	row.addEventListener("click", () => restrict(line(group.name) || "none",
	    test));
	return row;
}

function rates(title, runs, of) {
	const all = groups(runs, of);
	if (groups(rows, of).length < 2)
		return "";
	const some = unfolded.has(title) ? all.slice(0, 500) :
	    all.slice(0, AT_FIRST);
	const box = card(title, ...some.map((group) => rateRow(group, (run) =>
	    of(run) === group.name)));
	if (all.length > some.length && !unfolded.has(title))
		box.append(button("Show all " + all.length, "", () => {
			unfolded.add(title);
			drawPictures();
		}));
	else if (all.length > some.length)
		box.append(make("p", "legend", "and " + (all.length -
		    some.length) + " more"));
	return box;
}

/* --- points ---------------------------------------------------------------- */

/* One path for the points of a kind: ten thousand are quickly drawn. */
function points(all, kind) {
	let d = "";
	for (const point of all)
		if (point.kind === kind)
			d += "M" + point.x.toFixed(1) + " " + point.y.toFixed(1) +
			    "h0";
	return svg("path", { class: "points " + kind, d });
}

/* The point that is nearest to the pointer. */
function nearest(picture, all, event) {
	const at = new DOMPoint(event.clientX, event.clientY)
	    .matrixTransform(picture.getScreenCTM().inverse());
	let found = null, least = 400;
	for (const point of all) {
		const d = (point.x - at.x) ** 2 + (point.y - at.y) ** 2;
		if (d < least) {
			least = d;
			found = point;
		}
	}
	return found;
}

function scatter(title, all, kinds, labels, say) {
	const picture = svg("svg", { class: "scatter", viewBox: "-4 -6 " +
	    (WIDTH + 8) + " " + (HEIGHT + 28), role: "img",
	    "aria-label": title },
	    svg("rect", { class: "frame", x: 0, y: 0, width: WIDTH,
		height: HEIGHT }), ...labels,
	    ...kinds.map(([kind]) => points(all, kind)));
	const ring = svg("circle", { class: "ring", r: 0 });
	const said = make("p", "legend said");
	const words = legend(kinds.filter(([kind]) => all.some((point) =>
	    point.kind === kind)));
	picture.append(ring);
	picture.addEventListener("pointermove", (event) => {
		const point = nearest(picture, all, event);
		ring.setAttribute("r", point ? 6 : 0);
		ring.setAttribute("cx", point ? point.x : 0);
		ring.setAttribute("cy", point ? point.y : 0);
		said.textContent = point ? say(point.run) : "";
	});
	picture.addEventListener("click", (event) => {
		const point = nearest(picture, all, event);
		if (point)
			show(point.run);
	});
	return card(title, picture, words, said);
}

/* The duration of each run in the base and now. */
function pairs(runs) {
	const both = runs.filter((run) => run.base && run.ms > 0 &&
	    run.base.ms > 0);
	if (both.length < 2)
		return "";
	const scale = scaleOf(both.flatMap((run) => [run.ms, run.base.ms]));
	const all = both.map((run) => ({ run, x: scale.at(run.base.ms) * WIDTH,
		y: HEIGHT - scale.at(run.ms) * HEIGHT,
		kind: run.base.change === "regressed" ||
		    run.base.change === "improved" ? run.base.change : "same" }));
	return scatter("Duration, base against new", all, [["same", "same"],
		["improved", "improved"], ["regressed", "regressed"]], [
		svg("line", { class: "axis", x1: 0, y1: HEIGHT, x2: WIDTH,
			y2: 0 }),
		label(4, 12, "start", "new " + time(scale.high)),
		label(WIDTH - 4, HEIGHT - 5, "end", "base " + time(scale.high)),
		label(0, HEIGHT + 15, "start", time(scale.low)),
	], (run) => line(run.input.text).slice(0, 60) + ": " +
	    time(run.base.ms) + " \u2192 " + time(run.ms));
}

/* The duration of each run, in their order. */
function course(runs) {
	const timed = runs.filter((run) => !Number.isNaN(run.ms));
	if (timed.length < 2)
		return "";
	const scale = scaleOf(timed.map((run) => run.ms));
	const all = timed.map((run) => ({ run,
		x: run.i / (rows.length - 1) * WIDTH,
		y: HEIGHT - scale.at(run.ms) * HEIGHT,
		kind: OUTCOMES[run.outcome] }));
	return scatter("Duration, run by run", all, [["pass", "pass"],
		["fail", "fail"], ["error", "error"]], [
		label(4, 12, "start", time(scale.high)),
		label(4, HEIGHT - 5, "start", time(scale.low)),
		label(WIDTH, HEIGHT + 15, "end", "last run"),
		label(0, HEIGHT + 15, "start", "first run"),
	], (run) => line(run.input.text).slice(0, 60) + ": " + time(run.ms));
}

/* --- all -------------------------------------------------------------------- */

/* What the distribution of scores is of: null is the score of the run. */
let scored = null;
const scoreOf = (run) => scored === null ? run.score :
    (checkOf(run, scored) || { score: NaN }).score;
const hasScore = (name) => rows.some((run) => run.checks.some((check) =>
    check.name === name && !Number.isNaN(check.score)));

function scores(runs) {
	const short = (value) => String(Number(value.toFixed(2)));
	const box = distribution("Scores", runs, scoreOf, short, null, []);
	const names = checkNames.filter(hasScore);
	if (!box || !names.length)
		return box;
	const select = make("select", "", new Option("of the run", ""));
	select.setAttribute("aria-label", "Score");
	for (const name of names)
		select.add(new Option(visible(name), "=" + name));
	select.value = scored === null ? "" : "=" + scored;
	select.addEventListener("change", () => {
		scored = select.value ? select.value.slice(1) : null;
		drawPictures();
	});
	box.firstChild.append(" ", select);
	return box;
}

function drawPictures() {
	const all = durations(shown);
	pictures.replaceChildren(
	    distribution("Durations", shown, (run) => run.ms, time, given.base ?
	    (run) => run.base ? run.base.ms : NaN : null, all.length ?
	    [["p50", percentile(all, 50)], ["p95", percentile(all, 95)]] : []),
	    given.base ? pairs(shown) : course(shown),
	    scores(shown),
	    rates("Pass rate by persona", shown, (run) => run.persona.text),
	    rates("Pass rate by strategy", shown, (run) => run.strategy.text),
	    rates("Pass rate by input", shown, (run) => run.input.text));
}
