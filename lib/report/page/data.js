/*
 * The script of the page of an experiment: pictures of its runs, and a table of
 * them, in which a run opens in place. pagedata.h describes the data. Text from
 * records goes into text nodes only.
 */

const main = document.getElementById("report");
const given = JSON.parse(document.getElementById("data").textContent);

const OUTCOMES = ["fail", "pass", "error"];

/* Texts are numbered in the order in which they come. */
const texts = [];
const NONE = { text: "", lacks: 0, is: false };

function read(value) {
	if (value === null)
		return NONE;
	if (typeof value === "number")
		return texts[value];
	const cut = Array.isArray(value);
	texts.push({ text: cut ? value[0] : value, lacks: cut ? value[1] : 0,
		is: true });
	return texts[texts.length - 1];
}

const number = (value) => value === null ? NaN : value;

function readCheck(check) {
	if (!Array.isArray(check))
		return { name: read(check).text, pass: 1, score: 1, weight: NaN,
			reason: NONE, type: NONE };
	const [name, pass, score, weight, reason, type] = check;
	return { name: read(name).text, pass, score: number(score),
		weight: number(weight), reason: read(reason),
		type: read(type) };
}

function readStep([type, name, depth, begin, duration, failed, error]) {
	return { type: read(type).text, name: read(name).text, depth, begin,
		duration, failed, error: read(error) };
}

function readBase(base) {
	if (!base)
		return null;
	const [change, flaky, outcome, ms, tokens, output] = base;
	return { change: given.changes[change], flaky, outcome,
		ms: number(ms), tokens: number(tokens),
		output: output ? read(output[0]) : null };
}

function readRun(v, i) {
	const run = { i, unit: v[0], iteration: number(v[1]), outcome: v[2],
		ms: number(v[3]), tokens: number(v[4]), score: number(v[5]) };
	run.persona = read(v[6]);
	run.strategy = read(v[7]);
	run.input = read(v[8]);
	run.output = read(v[9]);
	run.id = v[10];
	run.trace = v[11];
	run.page = v[12];
	run.kind = read(v[13]);
	run.error = read(v[14]);
	run.checks = v[15].map(readCheck);
	run.steps = v[16] ? v[16].map(readStep) : null;
	run.base = readBase(v[17]);
	run.fresh = v[17] === null;
	return run;
}

const rows = given.runs.map(readRun);
given.runs = null;

/* The inputs, as a persona asks them, with their runs. */
const units = [];
for (const run of rows)
	(units[run.unit] = units[run.unit] || []).push(run);
for (const runs of units) {
	const has = (outcome) => runs.some((run) => run.outcome === outcome);
	const flaky = has(0) && has(1);
	for (const run of runs)
		run.flaky = flaky || run.base !== null && run.base.flaky === 1;
}

/* The checks in the order in which they come. */
const checkNames = Array.from(new Set(rows.flatMap((run) =>
    run.checks.map((check) => check.name))));

const slow = percentile(durations(rows), 95);
const isSlow = (run) => rows.length > 1 && run.ms >= slow;
const changedOutput = (run) => run.base !== null && run.base.output !== null;
const isChange = (change) => (run) => run.base !== null &&
    run.base.change === change;

/* Text on one line, no longer than a cell needs. */
function line(text) {
	return visible(text.slice(0, 300).replace(/\s+/g, " "));
}

function lastLine(text) {
	return text.trimEnd().split("\n").pop();
}

/* Why a run does not pass, in a line. */
function why(run) {
	const check = run.checks.find((c) => c.pass !== 1);
	return check ? check.name + ": " + check.reason.text :
	    lastLine(run.error.text) || run.kind.text;
}

/* What the search looks at, made when it is first needed. */
function searched(run) {
	if (run.searched === undefined)
		run.searched = [run.input, run.output, run.persona,
			run.strategy, run.kind, run.error,
			...run.checks.map((check) => check.reason)]
		    .map((value) => value.text).join("\n").toLowerCase();
	return run.searched;
}
