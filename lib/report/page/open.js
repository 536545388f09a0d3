/* A run that is open. */

/* A block of text; JSON is laid out in lines. */
function block(value) {
	const pre = make("pre", "");
	if (!value.is) {
		pre.className = "none";
		pre.append("none");
		return pre;
	}
	if (!value.lacks && /^[[{]/.test(value.text) && isJson(value.text))
		for (const [kind, piece] of pretty(value.text, true))
			putPiece(pre, kind, piece);
	else
		pre.append(visible(value.text));
	return pre;
}

function isJson(text) {
	try {
		JSON.parse(text);
		return true;
	} catch (refused) {
		return false;
	}
}

function putPiece(pre, kind, piece) {
	if (kind === "\n")
		pre.append(pre.firstChild ? "\n" + piece : piece);
	else if (kind)
		pre.append(make("span", kind, visible(piece)));
	else
		pre.append(piece);
}

/* What a block does not have of its text. */
function missing(...values) {
	const lacks = Math.max(...values.map((value) => value.lacks));
	return lacks ? make("p", "lacks", "cut: " + lacks + " more bytes") : "";
}

function titled(title, ...children) {
	return make("section", "", make("h3", "", title), ...children);
}

/* The output, or what changed in it since the base. */
function output(run) {
	const base = run.base && run.base.output;
	if (!base)
		return titled(run.base && run.output.is ?
		    "Output, the same as in the base" : "Output",
		    block(run.output), missing(run.output));
	const pre = make("pre", "diff");
	for (const [kind, text] of difference(base.text, run.output.text))
		pre.append(kind === "same" ? visible(text) :
		    make(kind, "", visible(text)));
	return titled("Output, compared with the base", pre,
	    missing(run.output, base));
}

const VERDICTS = new Map([[0, ["fail", "\u2717"]], [1, ["pass", "\u2713"]],
	[null, ["error", "?"]]]);

function checkRow(check) {
	const [kind, sign] = VERDICTS.get(check.pass);
	const plain = (text) => make("td", "", visible(text));
	return make("tr", "", make("td", kind, sign + " " + (check.pass === null ?
	    "not judged" : kind)), plain(check.name), plain(check.type.text),
	    make("td", "number", Number.isNaN(check.score) ? "" :
	    String(Number(check.score.toPrecision(3)))),
	    make("td", "number", Number.isNaN(check.weight) ? "" :
	    String(check.weight)), plain(check.reason.text));
}

function headRow(...names) {
	return make("thead", "", make("tr", "", ...names.map(([name, kind]) =>
	    make("th", kind || "", name))));
}

function checks(run) {
	if (!run.checks.length)
		return "";
	/* what does not hold comes first */
	const order = (check) => check.pass === 0 ? 0 : check.pass === 1 ? 2 : 1;
	const all = run.checks.slice().sort((a, b) => order(a) - order(b));
	return titled("Checks", make("div", "scroll", make("table", "checks",
	    headRow(["Verdict"], ["Check"], ["Type"], ["Score", "number"],
	    ["Weight", "number"], ["Reason"]),
	    make("tbody", "", ...all.map(checkRow)))));
}

/* --- the waterfall -------------------------------------------------------- */

const KINDS = new Set(["agent", "chain", "generation", "tool", "span", "event",
	"evaluation"]);

function stepRow(step, scale) {
	const bar = svg("svg", { class: "bar", "aria-hidden": "true" },
	    svg("rect", { x: step.begin * scale + "%", y: 3, height: 12,
		width: Math.max(step.duration * scale, 0.3) + "%" }));
	const name = make("span", "name", make("i", ""), make("b", "",
	    visible(step.name || "(no name)")), make("small", "",
	    visible(step.type)));
	name.style.paddingLeft = Math.min(step.depth, 12) + "em";
	const item = make("li", (KINDS.has(step.type) ? step.type : "other") +
	    (step.failed ? " failed" : ""), name, bar, make("span", "number",
	    time(step.duration / 1000)));
	if (step.error.is)
		item.append(make("p", "", visible(lastLine(step.error.text))));
	return item;
}

function waterfall(run) {
	if (!run.steps)
		return make("p", "lacks", "The steps of this run are not in " +
		    "the page.");
	if (!run.steps.length)
		return "";
	const end = Math.max(1, ...run.steps.map((step) => step.begin +
	    step.duration));
	return titled("Steps", make("ol", "steps", ...run.steps.map((step) =>
	    stepRow(step, 100 / end))));
}

/* --- the whole ------------------------------------------------------------- */

function facts(run) {
	const dl = make("dl", "");
	const add = (label, value) => value && dl.append(make("div", "",
	    make("dt", "", label), make("dd", "", visible(value))));
	add("Persona", run.persona.text);
	add("Strategy", run.strategy.text);
	add("Iteration", Number.isNaN(run.iteration) ? "" :
	    String(run.iteration));
	add("Duration", time(run.ms) + (run.base ? ", base " +
	    time(run.base.ms) : ""));
	add("Tokens", Number.isNaN(run.tokens) ? "" : run.tokens +
	    (run.base && !Number.isNaN(run.base.tokens) ? ", base " +
	    run.base.tokens : ""));
	add("Base", run.base ? OUTCOMES[run.base.outcome] + (run.base.change ===
	    "same" ? "" : ", " + run.base.change) : run.fresh ?
	    "has no such run" : "");
	add("Run", run.id || "");
	add("Trace", run.trace || "");
	if (run.page) {
		const a = make("a", "", "all of its steps");
		a.href = given.pages + "/" + run.page.split("/")
		    .map(encodeURIComponent).join("/") + ".html";
		dl.append(make("div", "", make("dt", "", "Page"),
		    make("dd", "", a)));
	}
	return dl;
}

function detail(run) {
	return make("div", "run", facts(run),
	    run.error.is ? titled(run.kind.text || "Error",
	    make("pre", "bad", visible(run.error.text)), missing(run.error)) : "",
	    make("div", "beside", titled("Input", block(run.input),
	    missing(run.input)), output(run)), checks(run), waterfall(run));
}
