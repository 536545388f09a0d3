// The types of fluxloop.mjs; fluxloop-node(3) describes it.

export type StepType =
	"agent" | "tool" | "generation" | "span" | "event" | "chain" | "evaluation";

/** The fields of a step that its function may set. */
export interface StepFields {
	output?: unknown;
	error?: string;
	level?: "debug" | "info" | "warning" | "error";
	status_message?: string;
	metadata: Record<string, unknown>;
	model?: string;
	llm_parameters?: Record<string, unknown>;
	prompt_tokens?: number;
	completion_tokens?: number;
	total_tokens?: number;
}

/** A call of the handler. */
export interface Call {
	/** The id of the request. */
	readonly id: number;
	readonly input: unknown;
	readonly context: {
		readonly trace_id?: string;
		readonly run_id?: string;
		readonly input_id?: string;
		readonly name?: string;
		readonly iteration?: number;
		readonly persona?: string | null;
		readonly attempt?: number;
	};
	/** Aborted when the agent gets SIGTERM or SIGINT. */
	readonly signal: AbortSignal;
	/** Report a piece of the text that the handler streams. */
	delta(text: string): void;
	/** Report a message that the handler sends, by a callback of this name. */
	callback(name: string, ...args: unknown[]): void;
}

type Class = abstract new (...args: never[]) => unknown;

export interface ServeOptions {
	/** The names of the handler's parameters, in their order. */
	parameters?: readonly string[];
	/** The number of calls that may run at once; 1 by default. */
	concurrency?: number;
	/** The classes of recorded objects by name, to rebuild them. */
	classes?: Record<string, Class>;
	/** Functions that rebuild other recorded values, by the name of their class. */
	revive?: Record<string, (value: unknown, path: string) => unknown>;
	/** The dotted path of the text in the items of a stream. */
	streamOutputPath?: string;
	/** Called before the agent exits. */
	close?: () => unknown;
}

/**
 * Be an agent: call `handler` for each request of fl-run until there are no more,
 * then exit. It gets the input and a Call; with `parameters`, or for a recorded
 * call, its arguments and a Call. An invalid handler or option is reported to
 * fl-run, with exit status 2.
 */
export function serve(
	handler: (...args: any[]) => unknown, options?: ServeOptions): void;

/**
 * Do a step of a call: call `work`, and report its result or error as an
 * observation. Outside a call, `work` is called, and nothing reported. Returns what
 * `work` returns, and throws what it throws; a TypeError for an unknown type.
 */
export function step<T>(type: StepType, name: string, input: unknown,
	work: (fields: StepFields) => T): T;

/** Return the current call, as serve() passes it to its handler, or null. */
export function currentCall(): Call | null;

/** Change settings of the recorder. Throws a TypeError for another name. */
export function configure(options?: {
	/** Whether calls are recorded; by default $FLUXLOOP_RECORD_ARGS, else false. */
	recordArgs?: boolean;
	/** By default $FLUXLOOP_RECORDING_FILE, else "recordings/args.jsonl". */
	recordingFile?: string;
	/** Whether secrets are masked; by default $FLUXLOOP_MASK_SECRETS, else true. */
	maskSecrets?: boolean;
}): void;

/**
 * Record a call: its target, such as "agent.mjs:answer", and its arguments by
 * name. `iteration` counts the calls of each target from 0, by default. Does nothing
 * unless recording is on. Throws nothing: an error becomes a warning of the process.
 */
export function recordCallArgs(target: string, kwargs: Record<string, unknown>,
	options?: { iteration?: number }): void;

/** Whether a name (of a key, parameter or property) is that of a secret. */
export function isSecret(name: string): boolean;
