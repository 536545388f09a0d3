// The types of fluxloop.mjs; fluxloop-node(3) describes it.

export type StepType =
	"agent" | "tool" | "generation" | "span" | "event" | "chain" | "evaluation";

/** What a function that works on a step may set. */
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

/** The call that is handled. */
export interface Call {
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
	/** Report a message that the handler sends. */
	callback(name: string, ...args: unknown[]): void;
}

type Class = abstract new (...args: never[]) => unknown;

export interface ServeOptions {
	/** The names of the handler's parameters, in their order. */
	parameters?: readonly string[];
	/** Calls that run at the same time; 1 by default. */
	concurrency?: number;
	/** The classes of recorded objects, by name. */
	classes?: Record<string, Class>;
	/** Functions that make what nothing else can, by the name of the class. */
	revive?: Record<string, (value: unknown, path: string) => unknown>;
	/** The dotted path of the text in the items of a stream. */
	streamOutputPath?: string;
	/** Called before the agent exits. */
	close?: () => unknown;
}

export function serve(
	handler: (...args: any[]) => unknown, options?: ServeOptions): void;

export function step<T>(type: StepType, name: string, input: unknown,
	work: (fields: StepFields) => T): T;

export function currentCall(): Call | null;

export function configure(options?: {
	recordArgs?: boolean;
	recordingFile?: string;
	maskSecrets?: boolean;
}): void;

export function recordCallArgs(target: string, kwargs: Record<string, unknown>,
	options?: { iteration?: number }): void;

export function isSecret(name: string): boolean;
