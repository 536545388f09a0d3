// FluxLoop for JavaScript: an agent for fl-run, the steps of its calls, and a
// recorder of calls. It needs nothing but Node 18 or later, Bun or Deno 2.
//
//	import { serve, step } from "fluxloop";
//	serve(async (input) => step("tool", "echo", { input }, () => input));
//
// fluxloop-node(3) describes it, fluxloop-protocol(7) what it speaks.

// Not "node:process": whoever imports that opens standard input, which may be the
// program's own to read.
import { AsyncLocalStorage } from "node:async_hooks";
import { Buffer } from "node:buffer";
import { Console } from "node:console";
import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { dirname, resolve } from "node:path";
import { inspect, types } from "node:util";

// --- values ------------------------------------------------------------------

const isObject = (value) => typeof value === "object" && value !== null;
const own = (value, key) => Object.prototype.hasOwnProperty.call(value, key);

// The result of a function that may run the program's code; `otherwise` if it throws.
function attempt(work, otherwise) {
	try {
		return work();
	} catch {
		return otherwise;
	}
}

// The class of an object, by its prototype: its own `constructor` may be data.
function classOf(value) {
	return attempt(() => {
		const made = Object.getPrototypeOf(value)?.constructor;
		return typeof made === "function" ? made : null;
	}, null);
}

function className(value) {
	const kind = classOf(value);
	const name = kind === Object ? "" : attempt(() => kind?.name, "");
	return typeof name === "string" && name ? name
		: attempt(() => Object.prototype.toString.call(value).slice(8, -1), "Object");
}

function isPlain(value) {
	const parent = Object.getPrototypeOf(value);
	// of an Object of another realm, whose prototype has none, too
	return parent === null || parent === Object.prototype ||
		(Object.getPrototypeOf(parent) === null && own(parent, "isPrototypeOf"));
}

const isError = (value) => types.isNativeError(value) || value instanceof Error;

const isAsync = (value) =>
	Object.prototype.toString.call(value) === "[object AsyncFunction]" ||
	Object.prototype.toString.call(value) === "[object AsyncGeneratorFunction]";

// The own data of an object: [key, value] pairs. Getters are not called.
function fieldsOf(value) {
	const fields = [];
	for (const key of Object.keys(value)) {
		const property = Object.getOwnPropertyDescriptor(value, key);
		if (property && "value" in property)
			fields.push([key, property.value]);
	}
	return fields;
}

const bytesOf = (value) => ArrayBuffer.isView(value)
	? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
	: Buffer.from(value);

// --- errors -------------------------------------------------------------------

function errorName(error) {
	if (!isError(error))
		return isObject(error) ? className(error) : typeof error;
	const name = attempt(() => error.name, "");
	// most libraries do not set `name`
	return typeof name === "string" && name && name !== "Error" ? name : className(error);
}

function errorMessage(error) {
	const message = attempt(() => error.message, undefined);
	if (typeof message === "string")
		return message;
	return typeof error === "string" ? error : attempt(() => inspect(error), "");
}

function errorText(error) {
	const message = errorMessage(error);
	const text = !isError(error) || error instanceof RebuildError ? message : message
		? `${errorName(error)}: ${message}` : errorName(error);
	const cause = attempt(() => error.cause, undefined);
	return isError(cause) ? `${text} (cause: ${errorMessage(cause) || errorName(cause)})` : text;
}

// The code of an error or of its cause, such as ECONNREFUSED, or the error's name.
function errorCode(error) {
	for (const one of [error, attempt(() => error.cause, undefined)]) {
		const code = attempt(() => one.code, undefined);
		if (typeof code === "string" && code)
			return code;
	}
	return errorName(error);
}

const errorStack = (error) => attempt(() => isError(error) ? inspect(error) : undefined, undefined);

// --- JSON ---------------------------------------------------------------------

const LIMITS = { depth: 100, text: 256 * 1024, items: 10000, total: 4 * 1024 * 1024 };
const NO_LIMITS = { depth: 100, text: Infinity, items: Infinity, total: Infinity };
const ITEM_COST = 40;

// Values as JSON, by the rules for observations; see fluxloop-node(3).
class Encoder {
	constructor(limits) {
		this.limits = limits;
		this.room = limits.total;
		this.open = new Set();
	}

	encode(value, depth = 0) {
		this.room -= ITEM_COST;
		switch (typeof value) {
		case "string": return this.text(value);
		case "number": return Number.isFinite(value) ? String(value) : "null";
		case "boolean": return String(value);
		case "bigint": return String(value);
		case "undefined": return "null";
		case "symbol": return this.text(String(value));
		case "function": return this.text(`<callable:${value.name}>`);
		}
		if (value === null)
			return "null";
		if (this.open.has(value))
			return this.text(`<cycle: ${className(value)}>`);
		if (depth >= this.limits.depth)
			return this.text(`<too deep: ${className(value)}>`);
		this.open.add(value);
		try {
			return this.object(value, depth);
		} catch {
			return this.text(`<${className(value)}>`);
		} finally {
			this.open.delete(value);
		}
	}

	object(value, depth) {
		if (Array.isArray(value))
			return this.list(value, value.length, depth);
		if (value instanceof Set)
			return this.list(value, value.size, depth);
		if (value instanceof Map)
			return this.mapping([...value].map(([key, item]) => [keyText(key), item]), depth);
		if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
			return this.bytes(value);
		if (isError(value))
			return this.mapping([["name", errorName(value)], ["message", errorMessage(value)],
				...fieldsOf(value)], depth);
		if (value instanceof RegExp)
			return this.text(String(value));
		if (typeof value.toJSON === "function")
			return this.encode(value.toJSON(), depth + 1);
		if (isBoxed(value))
			return this.encode(value.valueOf(), depth + 1);
		return this.mapping(fieldsOf(value), depth);
	}

	list(items, length, depth) {
		const parts = [];
		for (const item of items) {
			if (this.room <= 0 || parts.length >= this.limits.items)
				break;
			parts.push(this.encode(item, depth + 1));
		}
		if (length > parts.length)
			parts.push(JSON.stringify(`…[cut, ${length - parts.length} elements]`));
		return `[${parts}]`;
	}

	mapping(fields, depth) {
		const parts = new Map();
		let taken = 0;
		for (const [key, item] of fields) {
			if (this.room <= 0 || taken >= this.limits.items)
				break;
			taken++;
			this.room -= key.length;
			// left out, as by JSON.stringify
			if (item === undefined || typeof item === "function")
				continue;
			parts.set(JSON.stringify(key), this.encode(item, depth + 1));
		}
		if (fields.length > taken)
			parts.set(JSON.stringify(`…[cut, ${fields.length - taken} entries]`), "null");
		return `{${[...parts].map(([key, item]) => `${key}:${item}`)}}`;
	}

	text(text) {
		const limit = Math.min(this.limits.text, Math.max(this.room, 0));
		this.room -= Math.min(text.length, limit);
		return JSON.stringify(text.length > limit
			? `${text.slice(0, limit)}…[cut, ${text.length - limit} characters]` : text);
	}

	bytes(value) {
		const bytes = bytesOf(value);
		const limit = Math.min(this.limits.text, Math.max(this.room, 0));
		const text = bytes.subarray(0, limit).toString("utf8");
		this.room -= text.length;
		return JSON.stringify(bytes.length > limit
			? `${text}…[cut, ${bytes.length - limit} bytes]` : text);
	}
}

const isBoxed = (value) => types.isBoxedPrimitive(value);
const keyText = (key) => isObject(key) ? new Encoder(LIMITS).encode(key) : String(key);
const excerpt = (value) => new Encoder(LIMITS).encode(value);
const whole = (value) => new Encoder(NO_LIMITS).encode(value);

// The members of an object in JSON, without braces and values that are null or
// undefined.
function fieldsText(fields) {
	return Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)
		.map(([name, value]) => `${JSON.stringify(name)}:${excerpt(value)}`).join(",");
}

// --- secrets ----------------------------------------------------------------------

// Names, structures and texts of secrets, by the rules and lists of
// lib/python/fluxloop/masking.py and shapes.py.
const MASK = "***";
const words = (text) => text.split(/\s+/);

const SECRETS = new Set(words("token password passwords passwd pwd pw passphrase passcode passkey" +
	" secret secrets auth oauth authorization credential credentials creds cookie cookies bearer" +
	" apikey apikeys jwt dsn otp totp ssn cvv cvc"));
// As one word only: `session_id` is the name of a conversation.
const SESSIONS = new Set(words("sessionid phpsessid jsessionid"));
const ENDINGS = words("password passwd passphrase secret secrets apikey apikeys");
const KEY_OWNERS = words("api access private secret signing encryption decryption master service" +
	" role account app admin consumer subscription functions auth session hmac aes jwt ssh rsa pgp" +
	" gpg deploy webhook license shared openai anthropic claude gemini mistral cohere groq" +
	" huggingface hf deepseek openrouter together replicate elevenlabs deepgram assemblyai pinecone" +
	" tavily serper serpapi langfuse langsmith langchain stripe aws azure gcp sendgrid twilio" +
	" mailgun slack github gitlab supabase algolia datadog cloudflare newrelic");
const PAT_OWNERS = words("gh github gitlab azure devops ado jira atlassian airtable bitbucket figma");
const CODE_OWNERS = words("mfa otp totp verification recovery backup security login");
const PASS_OWNERS = words("db database sql mysql pg postgres postgresql redis mongo mongodb rabbitmq" +
	" amqp smtp imap mail email ftp sftp ssh ldap proxy user admin root login account http basic" +
	" wifi auth");
const TOKEN_OWNERS = words("access auth api bearer refresh session id");
// Before "token" only if no border divides the words: csrftoken.
const JOINED_TOKENS = words("csrf csrfmiddleware xsrf bot user app client github gitlab slack hf jwt" +
	" device push personal oauth sso saml security login verification reset");
const KEYS = [...KEY_OWNERS.flatMap((owner) => [`${owner} key`, `${owner} keys`]),
	...TOKEN_OWNERS.map((owner) => `${owner} tokens`)];
const PAIRS = new Set([...KEYS, ...KEY_OWNERS.map((owner) => `${owner} sk`),
	...PAT_OWNERS.map((owner) => `${owner} pat`),
	...CODE_OWNERS.flatMap((owner) => [`${owner} code`, `${owner} codes`]), ...PASS_OWNERS.map((owner) => `${owner} pass`)]);
// Names without a border between their words: accesskey, authtoken, ...
const JOINED = new Set([...KEYS.map((pair) => pair.replace(" ", "")),
	...[...TOKEN_OWNERS, ...JOINED_TOKENS].map((owner) => `${owner}token`)]);
// After its name these tell something about a secret.
const FACTS = new Set(words("count counts limit limits usage budget length type types kind method" +
	" methods scheme provider mode flow status expiry expires expired expiration ttl lifetime age" +
	" policy rules strength name path file url uri endpoint"));
// Before KEY in the name of an environment variable these mean keys that are not
// secrets.
const PLAIN_KEYS = new Set(words("primary foreign public sort partition cache hash range row index" +
	" unique composite natural lookup dict map object bucket group order join idempotency" +
	" translation message state routing registry meta"));
const BORDER = /(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[0-9])(?=[^0-9])|(?<=[^0-9])(?=[0-9])/g;

/** Whether a name (of a key, parameter or property) is that of a secret. */
export function isSecret(name) {
	if (name === "PWD")	// the shell's variable for the working directory
		return false;
	const parts = name.replace(BORDER, " ").replace(/[^A-Za-z0-9]+/g, " ").trim().toLowerCase()
		.split(" ");
	const joined = parts.join("");
	if (parts.length > 1 && FACTS.has(parts.at(-1)))
		return false;
	return parts.some((word, i) => !FACTS.has(parts[i + 1]) &&
		(SECRETS.has(word) || JOINED.has(word) || SESSIONS.has(word) ||
		ENDINGS.some((end) => word.endsWith(end)) || PAIRS.has(`${word} ${parts[i + 1]}`))) ||
		(/^[A-Z0-9_]+$/.test(name) && endsInKey(parts)) || SECRETS.has(joined) || JOINED.has(joined);
}

function endsInKey(parts) {
	const named = parts.join(" ").replace(/( [0-9]+)+$/, "").split(" ");
	return named.length > 1 && named.at(-1) === "key" && !PLAIN_KEYS.has(named.at(-2));
}

// Tokens have prefixes, which their issuers give them: [prefixes, class of the
// characters that follow, their least number].
const TOKEN_ROWS = [
	["ghp_ gho_ ghu_ ghs_ ghr_", "A", 16],
	["github_pat_", "W", 20],
	["glpat- gldt- glrt- glptt- glcbt- glft- glsoat- glimt- glagent- gloas- glffct-", "D", 16],
	["xoxa- xoxb- xoxc- xoxd- xoxe- xoxo- xoxp- xoxr- xoxs- xapp-", "W", 10],
	["xoxe.xoxb- xoxe.xoxp-", "W", 10],
	["AKIA ASIA ABIA ACCA", "U", 16],
	["AIza", "W", 30],
	["ya29.", "W", 20],
	["GOCSPX-", "W", 20],
	["1//0", "W", 30],
	["sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_", "A", 8],
	["whsec_", "B", 16],
	["npm_", "A", 30],
	["pypi-", "W", 30],
	["rubygems_", "H", 32],
	["hf_ api_org_", "A", 20],
	["dckr_pat_ dckr_oat_", "W", 16],
	["dop_v1_ doo_v1_ dor_v1_", "H", 32],
	["SG.", "D", 40],
	["shpat_ shpca_ shppa_ shpss_", "A", 20],
	["sq0atp- sq0csp-", "W", 16],
	["lin_api_ lin_oauth_", "A", 20],
	["ntn_", "A", 30],
	["secret_", "A", 32],
	["dp.pt. dp.st. dp.sa. dp.ct.", "D", 20],
	["PMAK- CFPAT- HRKU-", "W", 30],
	["figd_", "W", 30],
	["sbp_", "H", 32],
	["nfp_ pnu_", "A", 30],
	["pscale_tkn_ pscale_pw_ pscale_oauth_", "D", 24],
	["pul-", "H", 32],
	["sntrys_ sntryu_", "B", 32],
	["glc_", "B", 24],
	["glsa_", "W", 24],
	["hvs. hvb. hvr.", "W", 20],
	["atlasv1.", "W", 40],
	["NRAK-", "U", 20],
	["gsk_", "A", 20],
	["xai-", "A", 40],
	["pplx-", "A", 30],
	["tvly-", "W", 16],
	["nvapi-", "W", 30],
	["r8_", "A", 30],
	["pcsk_", "W", 30],
	["pa-", "W", 40],
	["fw_", "A", 20],
	["lsv2_pt_ lsv2_sk_", "W", 24],
	["ls__ csk-", "A", 24],
	["jina_", "W", 30],
	["fc- key-", "H", 32],
	["AGE-SECRET-KEY-", "U", 50],
	["ATATT3", "B", 60],
	["LTAI", "A", 16],
	["shippo_live_ shippo_test_ sgp_ sgp_local_", "H", 32],
	["SK dapi", "H", 32],
	["EAAA", "W", 40],
	["EAA ABSK", "B", 60],
	["AKCp", "A", 60],
	["EZAK EZTK CLOJARS_", "A", 50],
	["API-", "U", 25],
	["bedrock-api-key-", "B", 24],
	["v1.0-", "W", 100],
	["duffel_live_ duffel_test_", "B", 40],
	["dt0c01. pat. sat.", "D", 50],
	["FLWSECK- FLWSECK_TEST-", "W", 12],
	["fm1a_ fm1r_ fm2_ ops_eyJ eyJrIjoi", "B", 60],
	["fo1_ fio-u- tk-us- xkeysib- rdme_", "W", 40],
	["s-s4t2ud- s-s4t2af-", "H", 60],
	["ico- p8e-", "A", 32],
	["A3-", "W", 33],
	["sha256~", "W", 40],
	["sm_aat_ sm_pat_ sm_sat_", "A", 16],
];
const CLASSES = { A: "[A-Za-z0-9]", U: "[A-Z0-9]", H: "[A-Fa-f0-9]", W: "[\\w-]", D: "[\\w.-]",
	B: "[\\w+/=-]" };
// A token begins at the start of a word, or after an escape such as \n or %3D.
const FREE = String.raw`(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=%[0-9A-Fa-f]{2}))`;
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
const TOKEN = `${FREE}(?:${[
	...TOKEN_ROWS.map(([prefixes, kind, least]) =>
		`(?:${words(prefixes).map(escaped).join("|")})${CLASSES[kind]}{${least},}`),
	// Keys of OpenAI, Anthropic and many others. The name of a package has neither 8
	// letters and digits with a digit nor 12 letters.
	String.raw`sk[_-](?=[\w-]{0,128}?(?:(?=[A-Za-z]*[0-9])[A-Za-z0-9]{8}|[A-Za-z]{12}))[\w-]+`,
	String.raw`eyJ[\w-]{8,4096}\.(?:[\w-]{4,}\.[\w.-]*|eyJ[\w-]{4,})`,	// JSON Web Token
	String.raw`[0-9]{8,10}:AA[\w-]{30,}`,	// Telegram
	String.raw`[MNO][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,}`,	// Discord
].join("|")})`;
const PRIVATE_KEY = String.raw`-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----` +
	String.raw`(?:[^]*?-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s\\:,-]*)`;
const HOOK = String.raw`(?<=hooks\.slack\.com/(?:services|workflows|triggers)/|` +
	String.raw`discord(?:app)?\.com/api/webhooks/|webhook\.office\.com/webhookb2/)[\w/@-]{16,}`;

const NO_SPACE = " \\t\\n\\r\\f\\v";	// in a class
const sticky = (source, flags = "") => new RegExp(source, `y${flags}`);
const SCHEME = sticky(String.raw`(?:([Bb]earer|BEARER)|[Bb]asic|BASIC)(?:[ \t]{1,3}|%20)([\w.~+/=-]{6,})`);
const FLAG = sticky(`(--[\\w-]{3,40})[ \\t]{1,3}(?!-)(\\\\*["'])?`);
const FLAG_VALUE = sticky(`[^${NO_SPACE}"'<>]+`);
const USER = sticky(`[^${NO_SPACE}"'<>/?#@:\\\\\`]*`);
const REGION = sticky(`[^${NO_SPACE}"'<>\\\\\`]{0,2048}`);
const SOCKET = sticky(`:([^${NO_SPACE}"'@/:]{1,200})@(?:tcp|unix)\\(`);
const NAME_BEFORE = /(?<![\w.[\]-])([\w.[\]-]{2,64})(\\*["'])?([ \t]{0,2}):?$/;
const FIRST_BEFORE = /(?:[([]b?\\*["']([\w.-]{2,64})|["'](--[\w.-]{0,62}))\\*["']$/;
const BEFORE = 80;	// characters before "=", ":" or "," that are looked at
const SECOND = sticky(String.raw`[ \t]{0,3}b?(\\*["'])`);
const PLAIN_WORD = /^[a-z_]*$/;
const AFTER = sticky(String.raw`>?([ \t]{0,3})(\\*["'])?`);
const IN_QUERY = sticky(`[^${NO_SPACE}"'&;#<>\\\\]+`);
const IN_LIST = sticky(String.raw`[^"'&;<>\\\n]+`);
const BARE = sticky(`[^${NO_SPACE}"'&;<>,\\\\(){}[\\]]+`);
const SOME = sticky(`[^${NO_SPACE}"'&;<>,\\\\(){}[\\]]{1,4096}`);
const VALUES = { "?": IN_QUERY, "&": IN_QUERY, ";": IN_LIST };
const AUTHORIZATION = sticky("(?:bearer|basic|token|digest|apikey|negotiate|bot|key|" +
	String.raw`aws4-hmac-sha256)[ \t]+[^\r\n"'\\]+`, "i");
const COOKIE = sticky(String.raw`[\w.-]+=[^\r\n"'\\]+`);
const HEADERS = { authorization: AUTHORIZATION, "proxy-authorization": AUTHORIZATION, cookie: COOKIE,
	"set-cookie": COOKIE };
const CODE = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;
const LITERALS = new Set(words("none null true false undefined nil"));
const SIGNED = new Set(words("sig signature x-amz-signature x-goog-signature"));

// The places of secrets (group "whole"), and where one may be: then the group's
// function in CHECKS returns [start, end] of the secret, or undefined.
const PLACES = new RegExp(`(?<whole>${TOKEN}|${PRIVATE_KEY}|${HOOK})|(?<url>:(?=//))|` +
	`(?<socket>:(?=[^${NO_SPACE}"'@/:]{1,200}@(?:tcp|unix)\\())|` +
	String.raw`(?<assigned>:(?=[ \t]{0,3}[^${NO_SPACE}])|=(?!=))|(?<paired>(?<=["']),)|` +
	String.raw`(?<flag>(?:(?<![\w.[\]-])|(?<=\\[nrt]))--(?=[\w-]))|` +
	String.raw`(?<letter>(?:(?<![\w.[\]-])|(?<=\\[nrt]))-(?=\w))|(?<netrc>password(?=[${NO_SPACE}\\]))|` +
	String.raw`(?<scheme>${FREE}[Bb](?=earer|EARER|asic|ASIC))`, "g");

function matchAt(pattern, text, at) {
	pattern.lastIndex = at;
	return pattern.exec(text);
}

const CHECKS = {
	url(text, at) {
		let start = at + 3;
		const user = matchAt(USER, text, start)[0];
		let end = start + user.length;
		if (text[end] === "@")
			return user.length >= 16 && /[0-9]/.test(user) && /^[\w-]+$/.test(user)
				? [start, end] : undefined;
		if (text[end] !== ":")
			return undefined;
		start = end + 1;
		const region = matchAt(REGION, text, start)[0];
		end = /^[^/?#]*/.exec(region)[0].lastIndexOf("@");
		if (end < 0) {
			if (/^[0-9]*(?:[/?#]|$)/.test(region))
				return undefined;
			end = region.indexOf("@");	// a password that should have been quoted
		}
		return end <= 0 || isPlaceholder(region.slice(0, end)) ? undefined : [start, start + end];
	},
	// Go's data source names: user:password@tcp(host)/database
	socket(text, at) {
		const value = matchAt(SOCKET, text, at)[1];
		return isPlaceholder(value) ? undefined : [at + 1, at + 1 + value.length];
	},
	flag(text, at) {
		const found = matchAt(FLAG, text, at), start = FLAG.lastIndex;
		if (found && isSecret(found[1])) {
			const end = found[2] ? quotedEnd(text, start, found[2])
				: start + (matchAt(FLAG_VALUE, text, start)?.[0].length ?? 0);
			const value = text.slice(start, end);
			if (isOpaque(value) && !isPlaceholder(value))
				return [start, end];
		}
		return findLogin(text, at);
	},
	letter: findLogin,
	netrc: findNetrc,
	scheme(text, at) {
		const found = matchAt(SCHEME, text, at);
		return found && (found[1] ? isOpaque(found[2]) : isBasic(found[2]))
			? [SCHEME.lastIndex - found[2].length, SCHEME.lastIndex] : undefined;
	},
	// NAME=VALUE or NAME: VALUE
	assigned(text, at) {
		const found = NAME_BEFORE.exec(text.slice(Math.max(0, at - BEFORE), at));
		if (!found)
			return undefined;
		const begin = at - found[0].length;
		let name = found[1], before = text[begin - 1] ?? "";
		if (before === "\\" && "bfnrt".includes(name[0])) {	// an escape, not a part of the name
			name = name.slice(1);
			before = "\n";
		}
		const query = own(VALUES, before);
		if (!isSecret(name) && !(query && SIGNED.has(name.toLowerCase())))
			return undefined;
		const after = matchAt(AFTER, text, at + 1), start = AFTER.lastIndex;
		if (after[2]) {
			const end = quotedEnd(text, start, after[2]);
			return isPlaceholder(text.slice(start, end)) ? undefined : [start, end];
		}
		if (found[2] && "{[(".includes(text[start] ?? " ")) {
			const end = bracketEnd(text, start);
			return end > start + 2 ? [start, end] : undefined;
		}
		if (text[at] === ":")
			return headerValue(text, start, name);
		if ((found[3] || after[1]) && before !== "" && before !== "\n")
			return undefined;
		const pattern = query ? VALUES[before] : BARE, value = matchAt(pattern, text, start)?.[0];
		return !value || isPlaceholder(value) || (!query && isCode(text, begin, name, value, start))
			? undefined : [start, start + value.length];
	},
	// ("NAME", "VALUE"), as Python prints headers, or "--NAME", "VALUE"
	paired(text, at) {
		const first = FIRST_BEFORE.exec(text.slice(Math.max(0, at - BEFORE), at));
		const second = first && matchAt(SECOND, text, at + 1), start = SECOND.lastIndex;
		if (!second || !isSecret(first[1] ?? first[2]))
			return undefined;
		const end = quotedEnd(text, start, second[1]), value = text.slice(start, end);
		return PLAIN_WORD.test(value) || isPlaceholder(value) ? undefined : [start, end];
	},
};

// Passwords on the command lines of programs whose options do not name them, and in
// netrc files; the rules and the table of lib/python/fluxloop/logins.py.
const LOGINS = [
	["curl", "-u --user -U --proxy-user -E --cert", ":", true, true],
	["curl", "--pass --proxy-pass", "", false, true],
	["http https xh", "-a --auth", ":", false, true],
	["lftp", "-u --user", ",", false, true],
	["smbclient rpcclient", "-U --user", "%", false, true],
	["openssl", "-passin -passout -pass", ":", false, true],
	["sshpass", "-p", "", true, true],
	["mysql mysqldump mysqladmin mariadb mariadb-dump mariadb-admin", "-p", "", true, false],
	["mongosh mongo mongodump mongorestore mongoexport mongoimport", "-p", "", false, true],
	["redis-cli", "-a --pass", "", false, true],
	["ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldappasswd", "-w", "", false, true],
	["login", "-p", "", false, true],	// docker login, podman login, az login
].map(([programs, options, ...rest]) => [new Set(words(programs)), new Set(words(options)), ...rest]);
const LOGIN_PROGRAMS = new Set(LOGINS.flatMap(([programs]) => [...programs]));
const LOGIN_REACH = 1024, NETRC_REACH = 600;
const LOGIN_WORD = /(?:\\[nrt]|(?<![\w.-]))([\w.-]+)(?![\w./:=-])/g;
const OPTION = sticky("--[A-Za-z][A-Za-z-]*|-[A-Za-z]+");
const GAP = sticky(String.raw`[ \t\r\n,=\\"']{1,8}`);
const LOGIN_BARE = sticky(String.raw`(?:(?!\\[nrt"'])[^${NO_SPACE}"'])*`);
const NETRC_SPACE = String.raw`(?:[${NO_SPACE}]|\\[nrt])+`;
const NETRC = sticky(`password${NETRC_SPACE}(["']?)`);
const SPACE_END = new RegExp(`${NETRC_SPACE}$`);
const SPACES_AT = sticky(NETRC_SPACE);
const OWN_BEFORE = /(?:^|[\n"']|\\[nrt])[ \t]*$/;
const OWN_AFTER = sticky(String.raw`[ \t]*(?:$|[\r\n"']|\\[nrt])`);

const withoutExe = (name) => name.endsWith(".exe") && name.length > 4 ? name.slice(0, -4) : name;

// The name of a program in the table, by its path.
function programName(path) {
	const name = path.split(/[/\\]/).at(-1);
	return LOGIN_PROGRAMS.has(withoutExe(name)) ? name : undefined;
}

// Whether an argument of a program contains a password. `before` is the argument
// before it.
function isSecretArgument(program, before, argument) {
	const joined = argument[0] === "-" && argument.length > 1;
	const option = joined ? argument : typeof before === "string" ? before : "";
	if (option[0] !== "-" || option.length < 2)
		return false;
	const line = joined ? `${program} ${argument}` : `${program} ${before} "${argument}`;
	return findLogin(line, program.length + 1 + (option[1] === "-" ? 1 : 0)) !== undefined;
}

// The place of the password after the option with a hyphen at `at`, if a program that
// has this option precedes it in the line.
function findLogin(text, at) {
	const start = at - (text[at - 1] === "-" ? 1 : 0), word = matchAt(OPTION, text, start)?.[0];
	if (!word)
		return undefined;
	for (const [programs, options, after, joined, apart] of LOGINS) {
		let found;
		if (apart && (options.has(word) ||
			(word.length > 2 && word[1] !== "-" && options.has(`-${word.at(-1)}`)))) {
			const gap = matchAt(GAP, text, start + word.length)?.[0], last = gap?.at(-1);
			found = gap && loginPassword(text, GAP.lastIndex, last === '"' || last === "'" ? last : "", after);
		}
		if (!found && joined && options.has(word.slice(0, 2))) {
			const quote = /^["']/.exec(text.slice(start + 2, start + 3))?.[0] ?? "";
			found = loginPassword(text, start + 2 + quote.length, quote, after);
		}
		if (found && followsProgram(text, start, programs))
			return found;
	}
	return undefined;
}

function followsProgram(text, at, programs) {
	const line = text.slice(Math.max(0, at - LOGIN_REACH), at).split(/(?<!\\)(?<!\\\r)\n/).at(-1);
	return [...line.matchAll(LOGIN_WORD)].some(([, word]) => programs.has(withoutExe(word)));
}

function loginPassword(text, start, quote, after) {
	const end = loginEnd(text, start, quote), value = text.slice(start, end);
	if (!after)
		return value[0] !== "-" && isOpaque(value) && !isPlaceholder(value) ? [start, end] : undefined;
	const place = value.indexOf(after) + 1, password = value.slice(place);
	return !place || isPlaceholder(password) || password.startsWith("//") ? undefined
		: [start + place, end];
}

function loginEnd(text, start, quote) {
	let end = start;
	if (quote)
		while (end < text.length && text[end] !== "\n" && text[end] !== quote)
			end++;
	else
		end = start + matchAt(LOGIN_BARE, text, start)[0].length;
	// what escapes the quote
	while (end > start && (text[end] === '"' || text[end] === "'") && text[end - 1] === "\\")
		end--;
	return end;
}

// The place of the password after the word "password" in a netrc file.
function findNetrc(text, at) {
	const quote = matchAt(NETRC, text, at)?.[1], start = NETRC.lastIndex;
	if (quote === undefined)
		return undefined;
	const end = loginEnd(text, start, quote), value = text.slice(start, end);
	if (isPlaceholder(value))
		return undefined;
	const before = text.slice(Math.max(0, at - NETRC_REACH), at);
	const all = before.split(new RegExp(NETRC_SPACE)).map((one) => one.split(/["']/).at(-1));
	const [first, second, third] = before && !SPACE_END.test(before) ? [] :
		[all.at(-5), all.at(-4), all.at(-3)];
	if ((third === "login" || third === "account") && (first === "machine" || second === "default"))
		return [start, end];
	const space = matchAt(SPACES_AT, text, end);
	if (third === "machine" && space && text.startsWith("login ", SPACES_AT.lastIndex))
		return [start, end];
	if (!isOpaque(value))
		return undefined;
	return ["machine", "login", "account"].includes(third) ||
		(OWN_BEFORE.test(before) && matchAt(OWN_AFTER, text, end)) ? [start, end] : undefined;
}

// The end of a quoted text: its closing quote, the end of the line or of the text.
function quotedEnd(text, start, quote) {
	let at = start;
	while (at < text.length && text[at] !== "\n" && !text.startsWith(quote, at))
		at += text[at] === "\\" && quote.length === 1 ? 2 : 1;
	return Math.min(at, text.length);
}

// The index after the bracket that closes the one at `start`, or the end of the text.
function bracketEnd(text, start) {
	let depth = 0, quote = "";
	for (let at = start; at < text.length; at++) {
		const character = text[at];
		if (character === "\\")
			at++;
		else if (quote)
			quote = character === quote ? "" : quote;
		else if (character === '"' || character === "'")
			quote = character;
		else if ("{[(".includes(character))
			depth++;
		else if ("}])".includes(character) && !--depth)
			return at + 1;
	}
	return text.length;
}

function headerValue(text, start, name) {
	const header = member(HEADERS, name.toLowerCase());
	let value = header && matchAt(header, text, start)?.[0];
	if (!value) {
		value = matchAt(SOME, text, start)?.[0];
		if (!value || value.includes("://") || !isOpaque(value))
			return undefined;
		if ("([".includes(text[start + value.length] ?? " ") || isDotted(value))
			return undefined;
		value = matchAt(BARE, text, start)[0];
	}
	return isPlaceholder(value) ? undefined : [start, start + value.length];
}

// Whether a text is "user:password" in base64.
function isBasic(text) {
	const digits = text.replace(/=+$/, "");
	if (!/^[A-Za-z0-9+/]+$/.test(digits) || digits.length % 4 === 1)
		return false;
	const data = Buffer.from(digits, "base64");
	return data.includes(58) && data.every((byte) => byte >= 32 && byte !== 127);
}

const isDotted = (text) => text.includes(".") && CODE.test(text);

// Whether a value is source code: a call, a property, a literal, or a variable among
// the arguments of a call.
function isCode(text, begin, name, value, start) {
	if ("([".includes(text[start + value.length] ?? " ") || isDotted(value))
		return true;
	const word = value.toLowerCase();
	return LITERALS.has(word) || word === name.toLowerCase() ||
		(/[(,][ \t\n]*$/.test(text.slice(Math.max(0, begin - BEFORE), begin)) && CODE.test(value));
}

const isPlaceholder = (text) => !text || "$<{%*[".includes(text[0]) || text === "...";

// Whether a text is not a word of a language: it has at least 4 characters, among
// them digits, symbols or inner capitals.
function isOpaque(text) {
	const word = text.replace(/[.:!?]+$/, "");
	return word.length >= 4 && (/[0-9!@#$%^&*+=/~]/.test(word) ||
		(/[a-z]/.test(word) && /.[A-Z]/.test(word)));
}

// A text with the secrets in it masked.
function maskText(text) {
	const parts = [];
	let done = 0;
	PLACES.lastIndex = 0;
	for (let place; (place = PLACES.exec(text)); ) {
		const kind = Object.keys(place.groups).find((one) => place.groups[one] !== undefined);
		const next = PLACES.lastIndex;
		const found = kind === "whole" ? [place.index, next] : CHECKS[kind](text, place.index);
		PLACES.lastIndex = next;
		if (!found || found[0] < done || found[1] <= found[0])
			continue;
		parts.push(text.slice(done, found[0]), MASK);
		PLACES.lastIndex = done = found[1];
	}
	return parts.length ? parts.join("") + text.slice(done) : text;
}

const asText = (value) => typeof value === "string" ? value
	: ArrayBuffer.isView(value) && value.byteLength < 1000 ? bytesOf(value).toString("latin1") : "";

// Whether the `value` of { name, value } is a secret, by that name.
const hasSecretValue = (fields) => fields.some(([key, item]) =>
	["name", "key", "header"].includes(key) && asText(item) && isSecret(asText(item)));

// The indexes of the elements of a list that are secrets: the second one of a pair
// such as ["Authorization", "..."], the one after "--password", and those after options
// such as curl's "-u". A list of two names, such as ["password", "email"], is not a
// pair, unless it is itself in a list, as headers are.
function secretPlaces(items, inList) {
	if (items.length === 2 && asText(items[0]) && isSecret(asText(items[0])) && (inList ||
		(typeof items[1] !== "string" && !ArrayBuffer.isView(items[1])) ||
		!PLAIN_WORD.test(asText(items[1]))))
		return [1];
	if (!items.some((item) => typeof item === "string" && item[0] === "-"))
		return [];
	let program;
	return items.flatMap((item, i) => {
		const before = items[i - 1], text = typeof item === "string";
		const secret = (typeof before === "string" && before.startsWith("--") &&
			!before.includes("=") && isSecret(before)) ||
			(program && text && isSecretArgument(program, before, item));
		program = (text && programName(item)) || program;
		return secret ? [i] : [];
	});
}

// Whether a value is shown even under the name of a secret: null, undefined, a
// boolean, a function or its name.
const isShown = (value) => value === null || value === undefined || typeof value === "boolean" ||
	typeof value === "function" || (typeof value === "string" && /^<(callable|builtin):/.test(value));

// --- types of recorded values -----------------------------------------------------

// For each type that JSON does not keep: how its form, the JSON in its place, is
// written and read. The first row of which a value is an instance counts. `more`
// returns the members of its note besides the class.
const ROWS = [
	["Date", { write: (v) => Number.isNaN(v.getTime()) ? "Invalid Date" : v.toISOString(),
		read: (form, C) => new C(form) }],
	["RegExp", { write: (v) => v.source, more: (v) => ({ flags: v.flags }),
		read: (form, C, note) => new C(form, note.flags) }],
	["URL", { write: (v) => v.href, read: (form, C) => new C(form) }],
	["URLSearchParams", { write: (v) => String(v), read: (form, C) => new C(form) }],
	["Map", { write: (v) => [...v].map(([key, item]) => [key, item]),
		read: (form, C) => new C(form) }],
	["Headers", { write: (v) => [...v], read: (form, C) => new C(form) }],
	["FormData", { write: (v) => [...v], read: (form, C) => {
		const made = new C();
		form.forEach(([name, item]) => made.append(name, item));
		return made;
	} }],
	["Set", { write: (v) => [...v], read: (form, C) => new C(form) }],
	["Buffer", { write: base64, read: (form) => Buffer.from(form, "base64") }],
	...["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array",
		"Uint32Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array", "DataView"]
		.map((name) => [name, { write: base64, read: (form, C) => new C(arrayBuffer(form)) }]),
	["ArrayBuffer", { write: base64, read: arrayBuffer }],
];
const BY_NAME = new Map(ROWS);
// The own member of an object, not one of its prototype; else undefined.
const member = (object, name) => isObject(object) && own(object, name) ? object[name] : undefined;

// The class of the language or the platform of a name, if values of it are recorded.
function globalClass(name) {
	if (name === "Buffer")
		return Buffer;
	return BY_NAME.has(name) || /Error$|Exception$/.test(name) ? globalThis[name] : undefined;
}

function base64(value) {
	return bytesOf(value).toString("base64");
}

function arrayBuffer(form) {
	return new Uint8Array(Buffer.from(form, "base64")).buffer;
}

function rowOf(value) {
	return ROWS.find(([name]) => {
		const kind = globalClass(name);
		return typeof kind === "function" && value instanceof kind;
	});
}

// Whether an object is not data: a connection, a stream, a client, or anything with
// functions or private fields of its own.
function isTool(value) {
	const kind = classOf(value);
	if (value instanceof EventEmitter || value instanceof EventTarget ||
		types.isPromise(value) || types.isGeneratorObject(value))
		return true;
	if (!kind)
		return false;
	const source = Function.prototype.toString.call(kind);
	return source.includes("[native code]") || hasPrivate(kind) ||
		typeof value.then === "function" || typeof value.next === "function" ||
		fieldsOf(value).some(([, item]) => typeof item === "function");
}

// Whether a class or one of its parents has private fields.
function hasPrivate(kind) {
	for (; typeof kind === "function" && kind.prototype; kind = Object.getPrototypeOf(kind)) {
		const source = Function.prototype.toString.call(kind);
		// a class that has them uses them; in compiled code, by such functions
		if (/[\w)\]]\??\.#[\p{ID_Start}$_]|_classPrivate(Field|Method)/u.test(source))
			return true;
	}
	return false;
}

// Whether a dotted path could lead to two members of an object.
function isAmbiguous(keys) {
	const all = new Set(keys);
	return keys.some((key) => {
		for (let end = key.indexOf("."); end >= 0; end = key.indexOf(".", end + 1))
			if (all.has(key.slice(0, end)))
				return true;
		return false;
	});
}

// Containers inside each other, and objects in a call, as in lib/python.
const DEPTH = 100;
const OBJECTS = 10000;

function hasSecretBytes(value) {
	const text = bytesOf(value).toString("latin1");
	return maskText(text) !== text;
}

// Makes JSON values of the arguments of a call, and the notes that replay needs.
class Record {
	constructor() {
		this.objects = Object.create(null);
		this.types = Object.create(null);
		this.count = 0;
		this.masks = !isOff(settings.maskSecrets ?? process.env.FLUXLOOP_MASK_SECRETS ?? true);
		this.inList = false;	// the value is an element of a list
		this.places = new Map();	// container -> its path
	}

	arguments(kwargs) {
		this.places.set(kwargs, "");
		return this.members(fieldsOf(kwargs), "", 0);
	}

	members(fields, path, depth) {
		const tree = Object.create(null), inList = this.inList;
		const whole = this.masks && hasSecretValue(fields);
		this.inList = false;
		for (const [key, item] of fields) {
			const name = this.text(key), secret = (whole && key === "value") || isSecret(key);
			tree[name] = this.masks && secret && !isShown(item) ? MASK
				: this.value(item, path ? `${path}.${name}` : name, depth);
		}
		this.inList = inList;
		return tree;
	}

	elements(items, path, depth) {
		const all = Array.from(items), inList = this.inList;
		const secret = this.masks ? secretPlaces(all, inList) : [];
		this.inList = true;
		const elements = all.map((item, i) => secret.includes(i) && !isShown(item) ? MASK
			: this.value(item, `${path}.${i}`, depth));
		this.inList = inList;
		return elements;
	}

	text(text) {
		return this.masks ? maskText(text) : text;
	}

	note(path, name, more) {
		this.types[path] = more && Object.keys(more).length ? { class: name, ...more } : name;
	}

	value(value, path, depth) {
		switch (typeof value) {
		case "string": return this.text(value);
		case "boolean": return value;
		case "number":
			if (Number.isFinite(value) && !Object.is(value, -0))
				return value;
			this.note(path, "number");
			return Object.is(value, -0) ? "-0" : String(value);
		case "bigint": this.note(path, "bigint"); return String(value);
		case "undefined": this.note(path, "undefined"); return null;
		case "symbol":
			this.note(path, "symbol", { registered: Symbol.keyFor(value) !== undefined });
			return value.description ?? "";
		case "function": return functionMark(value);
		}
		if (value === null)
			return null;
		if (this.places.has(value)) {
			this.note(path, className(value), { same: this.places.get(value) });
			return `<repr:cycle ${className(value)}>`;
		}
		if (depth >= DEPTH)
			return this.opaque(value, path);
		this.places.set(value, path);
		try {
			return this.object(value, path, depth + 1);
		} catch {	// a proxy that throws, or the like
			return this.opaque(value, path);
		} finally {
			this.places.delete(value);
		}
	}

	opaque(value, path) {
		this.objects[path] = className(value);
		return `<repr:${className(value)}>`;
	}

	object(value, path, depth) {
		if (Array.isArray(value)) {
			if (classOf(value) !== Array)
				this.note(path, className(value));
			return this.elements(value, path, depth);
		}
		const row = rowOf(value);
		if (row)
			return this.row(value, row, path, depth);
		if (isError(value))
			return this.error(value, path, depth);
		if (isBoxed(value)) {
			this.note(path, className(value), { boxed: true });
			return this.value(value.valueOf(), `${path}.value`, depth);
		}
		return isPlain(value) ? this.plain(value, path, depth) : this.instance(value, path, depth);
	}

	row(value, [name, row], path, depth) {
		const kind = className(value);
		if (row.write === base64 && this.masks && hasSecretBytes(value))
			return MASK;
		const more = row.more ? row.more(value) : {};
		if (kind !== name)
			more.base = name;
		if (typeof value.length === "number" && name === "Buffer")
			this.note(path, "Buffer");
		else
			this.note(path, kind, more);
		const form = row.write(value);
		if (Array.isArray(form))
			return this.elements(form, path, depth);
		return row.write === base64 ? form : this.text(form);
	}

	error(value, path, depth) {
		this.note(path, className(value), own(value, "name") ? { error: true, named: true }
			: { error: true });
		const fields = fieldsOf(value).filter(([key]) => !["name", "message", "cause"].includes(key));
		if (own(value, "cause"))
			fields.push(["cause", value.cause]);
		if (Array.isArray(value.errors))
			fields.push(["errors", value.errors]);
		return this.members([["name", errorName(value)], ["message", errorMessage(value)],
			["stack", attempt(() => String(value.stack), "")], ...fields], path, depth);
	}

	plain(value, path, depth) {
		const fields = fieldsOf(value), bare = Object.getPrototypeOf(value) === null;
		if (isAmbiguous(fields.map(([key]) => key))) {
			this.note(path, bare ? "null" : "Object", { pairs: true });
			return this.elements(fields, path, depth);
		}
		if (bare)
			this.note(path, "null");
		return this.members(fields, path, depth);
	}

	instance(value, path, depth) {
		const name = className(value);
		const form = typeof value.toJSON === "function" ? attempt(() => value.toJSON(), undefined)
			: undefined;
		if (form !== undefined && (!isObject(form) || isTool(value))) {
			this.note(path, name, { by: "toJSON" });
			return this.value(form, `${path}.toJSON`, depth);
		}
		if (isTool(value) || this.count >= OBJECTS)
			return this.opaque(value, path);
		this.count++;
		const fields = fieldsOf(value);
		if (isAmbiguous(fields.map(([key]) => key)))
			return this.opaque(value, path);
		this.objects[path] = name;
		return this.members(fields, path, depth);
	}
}

function functionMark(value) {
	const builtin = value[BUILTIN];
	return builtin ? `<builtin:${builtin}>`
		: `<callable:${value.name || "anonymous"}${isAsync(value) ? ":async" : ""}>`;
}

const BUILTIN = Symbol("fluxloop.builtin");

// --- recording ------------------------------------------------------------------

const settings = { recordArgs: undefined, recordingFile: undefined, maskSecrets: undefined };
const counts = new Map();
const warned = new Set();
let suppressed = false;

const isOneOf = (words, text) => words.includes(String(text).trim().toLowerCase());
const isOn = (text) => isOneOf(["true", "1", "yes", "on"], text);
// An unknown word must not show secrets.
const isOff = (text) => isOneOf(["false", "0", "no", "off"], text);

/**
 * Set `recordArgs` (whether calls are recorded), `recordingFile` and `maskSecrets`.
 * The defaults are the variables FLUXLOOP_RECORD_ARGS, FLUXLOOP_RECORDING_FILE and
 * FLUXLOOP_MASK_SECRETS, else false, "recordings/args.jsonl" and true. Throws a
 * TypeError for another name.
 */
export function configure(options = {}) {
	for (const name of Object.keys(options))
		if (!own(settings, name))
			throw new TypeError(`unknown configuration parameter: ${name}; there are ` +
				Object.keys(settings).join(", "));
	Object.assign(settings, options);
	// absolute, because the program may change its folder later
	if (settings.recordingFile)
		settings.recordingFile = resolve(String(settings.recordingFile));
}

/**
 * Record a call: its target, such as "agent.mjs:answer", and its arguments by
 * name. `iteration` counts the calls of each target from 0, by default. Does nothing
 * unless recording is on. Throws nothing: an error becomes a warning of the process,
 * once for each name of an error.
 */
export function recordCallArgs(target, kwargs, { iteration } = {}) {
	try {
		if (!(settings.recordArgs ?? isOn(process.env.FLUXLOOP_RECORD_ARGS ?? "")) || suppressed)
			return;
		if (!isObject(kwargs))
			throw new TypeError("the arguments of a recorded call must be an object");
		const number = iteration ?? counts.get(target) ?? 0;
		counts.set(target, number + 1);
		const record = new Record();
		const tree = record.arguments(kwargs);
		appendLine(JSON.stringify({ _version: "1", iteration: number, target: String(target),
			kwargs: tree, timestamp: localNow(), objects: record.objects, types: record.types }));
	} catch (error) {
		if (warned.has(errorName(error)))
			return;
		warned.add(errorName(error));
		attempt(() => process.emitWarning(`fluxloop could not record a call: ${errorText(error)}`));
	}
}

function localNow() {
	const now = new Date();
	return new Date(now - now.getTimezoneOffset() * 60000).toISOString().replace("Z", "000");
}

// Makes a folder and its parents. mkdir's `recursive` never ends where none can be
// made, such as in /proc.
function makeFolder(path) {
	if (fs.existsSync(path))
		return;
	if (dirname(path) !== path)
		makeFolder(dirname(path));
	try {
		fs.mkdirSync(path, 0o700);
	} catch (error) {
		if (error.code !== "EEXIST")
			throw error;
	}
}

// Appends a line in one write, since other processes append to the file, too.
function appendLine(line) {
	const path = settings.recordingFile ??
		resolve(process.env.FLUXLOOP_RECORDING_FILE || "recordings/args.jsonl");
	makeFolder(dirname(path));
	const fd = fs.openSync(path, "a+", 0o600);
	try {
		const { size } = fs.fstatSync(fd), last = Buffer.alloc(1);
		// the last line lacks its newline if its writer was killed
		const torn = size > 0 && fs.readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== 10;
		const bytes = Buffer.from(`${torn ? "\n" : ""}${line}\n`);
		if (fs.writeSync(fd, bytes) !== bytes.length)
			throw new Error(`short write to ${path}`);
	} finally {
		fs.closeSync(fd);
	}
}

// --- replay -----------------------------------------------------------------------

const REMEDY = "give serve() an entry for it in `classes` or `revive`, or record the call again";
const UNKNOWN = "serve() was given no class of this name";

class RebuildError extends Error {
	constructor(path, name, why, remedy = REMEDY) {
		super(`argument "${path}" cannot be rebuilt as ${name}: ${why}; ${remedy}`);
		this.name = "RebuildError";
		this.code = "setup";
	}
}

// Rebuilds the arguments of a call from a request's kwargs and notes. Throws a
// RebuildError.
class Rebuild {
	constructor(request, options, collector) {
		this.objects = new Map(Object.entries(request.objects ?? {}));
		this.types = new Map(Object.entries(request.types ?? {}));
		this.replaced = new Set(request.replaced ?? []);
		this.options = options;
		this.callables = Object.entries(request.callables ?? {});
		this.collector = collector;
		this.made = new Map();	// path -> value
		this.later = [];
	}

	arguments(kwargs) {
		const made = {};
		this.made.set("", made);
		const names = new Set([...Object.keys(kwargs),
			...this.callables.map(([path]) => path.split(".")[0])]);
		for (const name of names)
			define(made, name, this.value(member(kwargs, name), name, false));
		for (const join of this.later)
			join();
		return made;
	}

	classNamed(name) {
		const kind = member(this.options.classes, name);
		return typeof kind === "function" ? kind : undefined;
	}

	revival(name) {
		return member(this.options.revive, name);
	}

	// inside: the value is part of an object or container
	value(form, path, inside) {
		const value = this.build(form, path, inside);
		if (isObject(value))
			this.made.set(path, value);
		return value;
	}

	build(form, path, inside) {
		const direct = this.callables.find(([one]) => one === path);
		if (direct)
			return this.collector(path, direct[1]);
		const methods = this.callables.filter(([one]) => one.startsWith(`${path}.`));
		const name = this.objects.get(path), note = this.types.get(path);
		if (name !== undefined && !isObject(form))
			return this.tool(form, path, name, methods, inside);
		if (note !== undefined)
			return this.typed(form, path, isObject(note) ? note : { class: note });
		if (methods.length && !isObject(form))
			return this.standIn(path, "object", methods);
		if (name !== undefined)
			return this.instance(form, path, name);
		return this.container(form, path);
	}

	container(form, path, made = Array.isArray(form) ? [] : {}) {
		if (!isObject(form))
			return form;
		this.made.set(path, made);
		const keys = new Set(Object.keys(form));
		if (!Array.isArray(form))
			for (const [one] of this.callables)
				if (one.startsWith(`${path}.`))
					keys.add(this.step(form, one.slice(path.length + 1)));
		for (const key of keys)
			define(made, key, this.value(member(form, key), `${path}.${key}`, true));
		return made;
	}

	// The first key of a path in a mapping: the longest that it has.
	step(form, rest) {
		const parts = rest.split(".");
		for (let n = parts.length; n > 1; n--)
			if (own(form, parts.slice(0, n).join(".")))
				return parts.slice(0, n).join(".");
		return parts[0];
	}

	typed(form, path, note) {
		const name = note.class;
		if ("same" in note) {
			this.later.push(() => this.join(path, note.same));
			return undefined;
		}
		if (name === "undefined")
			return form === null ? undefined : form;
		if (form === null)
			return null;
		switch (name) {
		case "number": return this.replaced.has(path) && typeof form !== "string" ? form : Number(form);
		case "bigint": return this.checked(path, name, () => BigInt(form));
		case "symbol": return note.registered ? Symbol.for(form) : Symbol(form);
		case "null": return note.pairs ? this.pairs(form, path, Object.create(null))
			: this.container(form, path, Object.create(null));
		case "Object": return this.pairs(form, path, {});
		}
		if (note.boxed)
			return this.checked(path, name, () => Object(this.value(form, `${path}.value`, true)));
		if (note.error)
			return this.error(form, path, note);
		if (note.by === "toJSON")
			return this.checked(path, name, () => this.fromJSON(
				this.value(form, `${path}.toJSON`, true), path, name));
		return this.checked(path, name, () => this.row(form, path, note));
	}

	checked(path, name, work) {
		try {
			return work();
		} catch (error) {
			if (error instanceof RebuildError)
				throw error;
			throw new RebuildError(path, name, errorText(error));
		}
	}

	pairs(form, path, made) {
		for (const [key, item] of form.map((pair, i) =>
			[pair[0], this.value(pair[1], `${path}.${i}.1`, true)]))
			define(made, key, item);
		return made;
	}

	row(form, path, note) {
		const name = note.class, row = BY_NAME.get(note.base ?? name);
		const value = isObject(form) ? this.container(form, path) : form;
		if (this.revival(name))
			return this.revival(name)(value, path);
		if (row && this.replaced.has(path) && row.write === base64 && typeof form === "string")
			return row.read(Buffer.from(form).toString("base64"), globalClass(note.base ?? name), note);
		const kind = this.classNamed(name) ?? (note.base ? undefined : globalClass(name));
		if (typeof kind !== "function")
			throw new RebuildError(path, name, UNKNOWN);
		if (!row)
			return Object.setPrototypeOf(value, kind.prototype);	// of an Array
		return Array.isArray(value) && this.hasCycle(path) ? this.filledLater(value, new kind())
			: row.read(value, kind, note);
	}

	hasCycle(path) {
		return [...this.types].some(([one, note]) => one.startsWith(`${path}.`) && isObject(note) &&
			"same" in note);
	}

	// Returns a Map or Set that is filled when its members are complete.
	filledLater(items, made) {
		this.later.push(() => items.forEach((item) =>
			made instanceof Map ? made.set(item[0], item[1]) : made.add(item)));
		return made;
	}

	error(form, path, { class: name, named }) {
		const kind = this.classNamed(name) ?? globalClass(name);
		if (this.revival(name))
			return this.revival(name)(this.container(form, path), path);
		if (typeof kind !== "function")
			throw new RebuildError(path, name, UNKNOWN);
		const { name: called, ...fields } = form;
		// a native error, for programs that check more than the prototype
		const error = Object.setPrototypeOf(new Error(), kind.prototype);
		this.made.set(path, error);
		for (const key of Object.keys(fields))
			Object.defineProperty(error, key, { value: this.value(fields[key], `${path}.${key}`, true),
				enumerable: !["message", "stack", "cause", "errors"].includes(key),
				writable: true, configurable: true });
		if (named)
			define(error, "name", called);
		return error;
	}

	fromJSON(value, path, name) {
		if (this.revival(name))
			return this.revival(name)(value, path);
		const kind = this.classNamed(name);
		if (typeof kind?.fromJSON === "function")
			return kind.fromJSON(value);
		if (typeof kind !== "function" || isObject(value))
			throw new RebuildError(path, name, "its toJSON() gave what was recorded, and " +
				"nothing says how to make it of that");
		return new kind(value);
	}

	instance(form, path, name) {
		if (this.revival(name))
			return this.checked(path, name, () =>
				this.revival(name)(this.container(form, path), path));
		const kind = this.classNamed(name);
		if (!kind && this.replaced.has(path))
			return this.container(form, path);
		if (!kind)
			throw new RebuildError(path, name, UNKNOWN);
		if (hasPrivate(kind))
			throw new RebuildError(path, name, "it has private fields, which are not recorded");
		return this.container(form, path, Object.create(kind.prototype));
	}

	tool(form, path, name, methods, inside) {
		if (typeof form !== "string" || !form.startsWith("<repr:"))
			return form;	// replaced
		if (methods.length)
			return this.standIn(path, name, methods);
		if (this.revival(name))
			return this.checked(path, name, () => this.revival(name)(undefined, path));
		if (!inside)
			throw new RebuildError(path, name, "it is not data, and was not recorded",
				`name the methods that are called in replay_args.callable_providers, such as ` +
				`"${path}.send: builtin:collector.send", or give serve() a \`revive\` entry for it`);
		return absent(path, name);
	}

	// An object that has only the methods from callable_providers.
	standIn(path, name, methods) {
		const made = { [Symbol.toStringTag]: name };
		for (const [one, kind] of methods) {
			const steps = one.slice(path.length + 1).split(".");
			const last = steps.pop();
			const holder = steps.reduce((at, step) => at[step] ??= {}, made);
			holder[last] = this.collector(one, kind);
		}
		return made;
	}

	join(path, same) {
		const parts = path.split(".");
		for (let n = parts.length - 1; n >= 0; n--) {
			const holder = this.made.get(parts.slice(0, n).join("."));
			if (!isObject(holder))
				continue;
			define(holder, parts.slice(n).join("."), this.made.get(same));
			return;
		}
	}
}

// Sets a property of any name, such as __proto__.
function define(object, key, value) {
	Object.defineProperty(object, key, { value, writable: true, enumerable: true,
		configurable: true });
}

// Replaces an object that was not recorded, inside a recorded one: an error if it is
// used.
function absent(path, name) {
	const refuse = (target, key) => {
		if (typeof key === "symbol" || key === "then" || key === "toJSON")
			return undefined;
		throw new RebuildError(path, name, `it was not recorded, and the handler uses its "${key}"`);
	};
	return new Proxy({}, { get: refuse, set: refuse });
}

// --- streams ----------------------------------------------------------------------

// Where the libraries of models put the text of an item of a stream.
const USUAL = words("delta delta.content delta.text update.delta choices.0.delta.content" +
	" choices.0.text data.choices.0.delta.content candidates.0.content.parts.0.text" +
	" message.content delta.message.content.text contentBlockDelta.delta.text" +
	" data.chunk.content data.delta content content.0.text text response textDelta" +
	" answer chunk token token.text data.text data.content");
const FIELD = /^(data|event|id|retry)?:/;
const decoders = () => new TextDecoder("utf-8");

// Collects the items of a stream.
class Stream {
	constructor(path) {
		this.paths = (path ? [path] : USUAL).map((one) => one.split("."));
		this.isUsual = !path;
		this.pieces = [];
		this.items = [];	// kept only until an item has text
	}

	// Adds an item; returns its text, undefined if it has none.
	add(item) {
		const piece = this.text(item);
		if (piece !== undefined)
			this.pieces.push(piece);
		else if (!this.pieces.length)
			this.items.push(item);
		return piece;
	}

	text(item) {
		if (ArrayBuffer.isView(item))
			item = (this.decoder ??= decoders()).decode(item, { stream: true });
		if (typeof item === "string")
			return this.textOfEvents(item);
		// LangGraph's chunk, and what it knows about it
		if (Array.isArray(item) && item.length === 2 && isObject(item[0]))
			item = item[0];
		// events about tools, reasoning, or the text as a whole
		const type = this.isUsual && isObject(item) ? item.type : undefined;
		if (typeof type === "string" && (/delta$/.test(type) ? !/text|content/.test(type)
			: /^response\.|[.-](done|end|start)$/.test(type)))
			return undefined;
		for (const path of this.paths) {
			const value = path.reduce((at, name) => at?.[name], item);
			if (typeof value === "string")
				return value;
		}
		return undefined;
	}

	// The text in server-sent events, the string itself if it is not of whole ones.
	textOfEvents(string) {
		const lines = string.split(/\r?\n/);
		if (!/\n\r?\n$/.test(string) || !lines.every((line) => !line || FIELD.test(line)))
			return string;
		const texts = string.split(/\r?\n\r?\n/).map((event) => {
			const data = event.split(/\r?\n/).filter((line) => line.startsWith("data:"))
				.map((line) => line.slice(5).replace(/^ /, "")).join("\n");
			if (!data || data === "[DONE]")
				return undefined;
			try {
				return /^[{["]/.test(data) ? this.text(JSON.parse(data)) : data;
			} catch {
				return data;
			}
		}).filter((text) => text !== undefined);
		return texts.length ? texts.join("") : undefined;
	}

	// The joined text, or the items if none of them had text.
	output() {
		return this.pieces.length || !this.items.length ? this.pieces.join("") : this.items;
	}
}

const isAsyncIterable = (value) => isObject(value) &&
	typeof value[Symbol.asyncIterator] === "function";
const isIterator = (value) => isObject(value) && typeof value.next === "function" &&
	typeof value[Symbol.iterator] === "function";

// --- steps -------------------------------------------------------------------------

const TYPES = words("agent tool generation span event chain evaluation");
// The fields of a step that its function may set.
const SETTABLE = words("output error level status_message metadata model llm_parameters" +
	" prompt_tokens completion_tokens total_tokens");
const TOKENS = {
	prompt_tokens: words("prompt_tokens input_tokens promptTokens inputTokens promptTokenCount"),
	completion_tokens: words("completion_tokens output_tokens completionTokens outputTokens" +
		" candidatesTokenCount"),
	total_tokens: words("total_tokens totalTokens totalTokenCount"),
};

// { call, span }: the current call and step; the step may be undefined.
const scope = new AsyncLocalStorage();
const utcNow = () => new Date().toISOString();

class Span {
	constructor(outer, type, name, input) {
		this.call = outer.call;
		this.known = { id: randomUUID(), type, name: String(name), start_time: utcNow(),
			parent_observation_id: outer.span?.known.id };
		// a copy: lists of messages grow
		this.input = input === undefined ? undefined : excerpt(input);
		this.fields = { metadata: {} };
		this.found = {};	// model and token counts in a result
		this.over = false;
		this.call.spans.add(this);
	}

	// Ends the step with a result, or with the end of a stream. Returns the result.
	result(value) {
		if (!isAsyncIterable(value) && !isIterator(value)) {
			this.look(value);
			this.finish(value);
			return value;
		}
		const key = isAsyncIterable(value) ? Symbol.asyncIterator : Symbol.iterator;
		const items = { [key]: value[key].bind(value) };
		const followed = () => key === Symbol.asyncIterator ? this.follow(items)
			: this.followNow(items);
		if (typeof value.next === "function" || !Object.isExtensible(value))
			return followed();
		// the same object: it may have other members
		Object.defineProperty(value, key, { value: followed, configurable: true, writable: true });
		return value;
	}

	async *follow(items) {
		const stream = new Stream(this.call.options.streamOutputPath);
		try {
			for await (const item of items) {
				stream.add(item);
				this.look(item);
				yield item;
			}
		} catch (error) {
			this.fail(error, stream.output());
			throw error;
		} finally {
			this.finish(stream.output());
		}
	}

	*followNow(items) {
		const stream = new Stream(this.call.options.streamOutputPath);
		try {
			for (const item of items) {
				stream.add(item);
				this.look(item);
				yield item;
			}
		} catch (error) {
			this.fail(error, stream.output());
			throw error;
		} finally {
			this.finish(stream.output());
		}
	}

	// Finds the model and the token counts in a model's reply or an item of it.
	look(value) {
		if (this.known.type !== "generation" || !isObject(value))
			return;
		for (const one of [value, value.message, value.response]) {
			const usage = one?.usage ?? one?.usageMetadata;
			for (const [name, names] of Object.entries(TOKENS))
				for (const key of names)
					if (typeof usage?.[key] === "number")
						this.found[name] = usage[key];
			if (typeof (one?.model ?? one?.modelVersion) === "string")
				this.found.model = one.model ?? one.modelVersion;
		}
	}

	fail(error, output) {
		const text = errorMessage(error) || errorName(error);
		Object.assign(this.fields, { error: text, level: "error", status_message: errorText(error),
			metadata: { ...this.fields.metadata, error_type: errorName(error),
				traceback: errorStack(error) } });
		this.finish(output);
	}

	finish(output) {
		if (this.over)
			return;
		this.over = true;
		this.call.spans.delete(this);
		const set = { level: "info" };
		for (const name of SETTABLE)
			set[name] = this.fields[name] ?? this.found[name] ?? set[name];
		if (!own(this.fields, "output"))
			set.output = output;
		const input = this.input === undefined ? "" : `"input":${this.input},`;
		this.call.report("observation", `"observation":{${fieldsText(this.known)},${input}` +
			`${fieldsText({ end_time: utcNow(), ...set })}}`);
	}
}

/**
 * Do a step of a call: call `work`, and report its result or error as an
 * observation. `work` gets an object of which it may set model, prompt_tokens and
 * other fields. Outside a call, `work` is called, and nothing reported. Returns what
 * `work` returns, and throws what it throws; a TypeError for an unknown type.
 */
export function step(type, name, input, work) {
	if (!TYPES.includes(type))
		throw new TypeError(`unknown type of step: ${type}; there are ${TYPES.join(", ")}`);
	if (typeof work !== "function")
		throw new TypeError("the last argument of step() must be a function");
	const outer = scope.getStore();
	if (!outer || outer.call.over)
		return work({ metadata: {} });
	const span = new Span(outer, type, name, input);
	let result;
	try {
		result = scope.run({ call: outer.call, span }, work, span.fields);
	} catch (error) {
		span.fail(error);
		throw error;
	}
	if (!isObject(result) || typeof result.then !== "function")
		return span.result(result);
	return result.then((value) => span.result(value), (error) => {
		span.fail(error);
		throw error;
	});
}

/** Return the current call, as serve() passes it to its handler, or null. */
export function currentCall() {
	return scope.getStore()?.call.face ?? null;
}

// --- the agent ---------------------------------------------------------------------

const PIPELINE = 64;	// calls that may be sent ahead
const BATCH = 32768;	// characters of messages that are written at once
const SOON = 10;	// milliseconds until fewer are written
const LEAVE = 1000;	// milliseconds for calls to end after a signal
const INPUT_NAMES = words("input input_text message query text content");

const clock = () => process.hrtime.bigint() / 1000n;
const say = (text) => attempt(() => process.stderr.write(`${text}\n`));

// The messages to fl-run: whole lines on descriptor 1.
class Channel {
	constructor() {
		this.write = fs.writeSync;
		this.lines = [];
		this.size = 0;
		this.broken = false;
		this.timer = null;
	}

	put(line) {
		this.lines.push(line);
		this.size += line.length;
	}

	soon(line) {
		this.put(line);
		if (this.size >= BATCH)
			this.flush();
		else
			this.timer ??= setTimeout(() => this.flush(), SOON);
	}

	flush() {
		clearTimeout(this.timer);
		this.timer = null;
		if (!this.lines.length)
			return;
		const bytes = Buffer.from(this.lines.map((line) => `${line}\n`).join(""));
		this.lines = [];
		this.size = 0;
		for (let done = 0; done < bytes.length && !this.broken; )
			done += this.some(bytes, done);
	}

	// Writes a part and returns its size, 0 after waiting for a full pipe: descriptor
	// 1 may be non-blocking.
	some(bytes, from) {
		try {
			return this.write.call(fs, 1, bytes, from, bytes.length - from);
		} catch (error) {
			if (error.code === "EAGAIN")
				Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
			else if (error.code !== "EINTR")
				this.broken = true;	// the reader is gone
			return 0;
		}
	}
}

// Sends the program's output to the standard error: descriptor 1 is for messages.
function divertOutput() {
	for (const name of ["write", "writeSync", "writev", "writevSync"]) {
		const real = fs[name];
		const diverted = (fd, ...rest) => real.call(fs, fd === 1 ? 2 : fd, ...rest);
		Object.defineProperties(diverted, Object.getOwnPropertyDescriptors(real));
		fs[name] = diverted;
	}
	attempt(syncBuiltinESMExports);
	process.stdout.write = process.stderr.write.bind(process.stderr);
	const other = new Console(process.stderr, process.stderr);
	for (const name of Object.keys(console))
		if (typeof other[name] === "function" && name !== "Console")
			console[name] = other[name].bind(other);
}

// A call that has started. Its events are reported on the channel.
class Call {
	constructor(request, server) {
		this.id = JSON.stringify(request.id ?? null);
		this.request = request;
		this.options = server.options;
		this.channel = server.channel;
		this.spans = new Set();
		this.over = false;
		this.controller = new AbortController();
		const face = this.face = {
			id: request.id, input: request.input, context: request.context ?? {},
			signal: this.controller.signal,
			delta: (text) => this.report("delta", `"delta":${JSON.stringify(String(text))}`),
			callback: (name, ...args) => this.callback(String(name), undefined, args),
		};
		Object.freeze(face);
	}

	report(type, fields) {
		if (!this.over)
			this.channel.soon(`{"type":"${type}","id":${this.id},${fields}}`);
		else if (!this.warned) {
			this.warned = true;
			say(`fluxloop: call ${this.id}: discarded a report after its end: ${type}`);
		}
	}

	callback(name, kind, args) {
		this.report("callback", `"name":${JSON.stringify(name)},${kind ? `"kind":"${kind}",` : ""}` +
			`"args":[${args.map(whole)}],"kwargs":{}`);
	}

	// Replaces a recorded callback, and reports its calls. It may be awaited.
	collector(path, kind) {
		const collect = async (...args) => {
			collect.messages.push(args);
			this.callback(path, kind, args);
		};
		collect.messages = [];
		collect[BUILTIN] = `collector.${kind}`;
		return Object.defineProperty(collect, "name", { value: path });
	}

	// The arguments of the handler.
	arguments() {
		const { kwargs, input, args } = this.request, names = this.options.parameters;
		if (kwargs === undefined && !names)
			return [args && isObject(input) ? { ...input, ...args } : input, this.face];
		let given = { ...args };
		if (kwargs !== undefined) {
			suppressed = true;
			given = { ...new Rebuild(this.request, this.options,
				(path, kind) => this.collector(path, kind)).arguments(kwargs), ...args };
		} else {
			given[names.find((name) => INPUT_NAMES.includes(name)) ?? names[0]] = input;
		}
		if (!names)
			return [given, this.face];
		const unknown = Object.keys(given).filter((name) => !names.includes(name));
		if (unknown.length)
			throw Object.assign(new Error(`the handler has no parameter ${unknown.map((name) =>
				`"${name}"`).join(", ")}; record the call again, or edit its kwargs`),
			{ name: "ArgumentsError", code: "arguments" });
		return [...names.map((name) => given[name]), this.face];
	}

	// The output of a call: the result of the handler, or its text if it is a stream.
	async output(value) {
		// without instanceof: Node takes 30 ms to load Response
		if (className(value) === "Response" && typeof value.text === "function")
			return responseOutput(value);
		if (!isAsyncIterable(value) && !isIterator(value))
			return value;
		const stream = new Stream(this.options.streamOutputPath);
		for await (const item of value) {
			const piece = stream.add(item);
			if (this.over)
				break;
			if (piece)
				this.face.delta(piece);
		}
		return stream.output();
	}

	// Ends the call; spans that are still open are reported as they are.
	end(fields) {
		for (const span of [...this.spans].reverse()) {
			span.fields.status_message ??= "unfinished";
			span.finish(undefined);
		}
		this.over = true;
		this.channel.put(`{"type":"${fields.type}","id":${this.id},"clock":${clock()},${fields.text}}`);
	}
}

// The output of a Response, which handlers of web frameworks return.
async function responseOutput(response) {
	const text = await response.text();
	const output = /\bjson\b/.test(response.headers.get("content-type") ?? "")
		? attempt(() => JSON.parse(text), text) : text;
	if (!response.ok)
		throw Object.assign(new Error(`status ${response.status}: ${text.slice(0, 1000)}`),
			{ name: "ResponseError", code: `HTTP${response.status}` });
	return output;
}

class Server {
	constructor(handler, options) {
		this.handler = handler;
		this.options = options;
		this.channel = new Channel();
		this.concurrency = Math.max(1, Math.trunc(options.concurrency ?? 1) || 1);
		this.waiting = [];
		this.running = new Set();
		this.rest = "";
		this.ended = false;
		this.status = 0;
	}

	serve() {
		divertOutput();
		process.on("exit", () => this.channel.flush());
		process.on("uncaughtException", (error, origin) => this.stray(error, origin));
		process.on("unhandledRejection", (error) => this.stray(error, "unhandledRejection"));
		process.on("SIGTERM", () => this.stop("SIGTERM", 143));
		process.on("SIGINT", () => this.stop("SIGINT", 130));
		this.channel.put(`{"type":"hello","protocol":1,"pipeline":${PIPELINE},` +
			`"concurrency":${this.concurrency},"agent":"fluxloop-node"}`);
		this.channel.flush();
		process.stdin.setEncoding("utf8");
		process.stdin.on("data", (text) => this.take(text));
		process.stdin.on("end", () => this.finish());
		process.stdin.on("error", () => this.finish());
	}

	take(text) {
		const lines = text.split("\n");
		lines[0] = this.rest + lines[0];
		this.rest = lines.pop();
		this.waiting.push(...lines.filter((line) => line.trim()));
		this.pump();
	}

	finish() {
		this.ended = true;
		if (this.rest.trim())
			this.waiting.push(this.rest);
		this.rest = "";
		this.pump();
	}

	// Starts calls up to the limit, and leaves when there are no more.
	pump() {
		while (this.waiting.length && this.running.size < this.concurrency && !this.pumping) {
			this.pumping = true;	// a call that ends at once calls pump()
			this.start(this.waiting.shift());
			this.pumping = false;
		}
		if (this.pumping)
			return;
		this.channel.flush();
		if ((this.ended || this.channel.broken) && !this.running.size)
			this.leave();
	}

	start(line) {
		const request = attempt(() => JSON.parse(line), undefined);
		if (!isObject(request) || request.type !== "input") {
			const id = JSON.stringify(member(request, "id") ?? null);
			this.channel.put(`{"type":"error","id":${id},"code":"protocol","error":` +
				`${JSON.stringify(request === undefined ? "this line is not JSON"
					: 'this line is not a message of type "input"')}}`);
			return;
		}
		const call = new Call(request, this);
		this.running.add(call);
		this.channel.put(`{"type":"start","id":${call.id},"clock":${clock()}}`);
		this.channel.flush();
		scope.run({ call }, () => this.call(call));
	}

	call(call) {
		let value;
		try {
			value = this.handler(...call.arguments());
		} catch (error) {
			this.fail(call, error);
			return;
		}
		if (!isObject(value))
			this.succeed(call, value);
		else
			Promise.resolve(value).then((result) => call.output(result))
				.then((output) => this.succeed(call, output))
				.catch((error) => this.fail(call, error));
	}

	succeed(call, output) {
		if (!call.over)
			this.close(call, { type: "final", text: `"output":${whole(output)}` });
	}

	fail(call, error, prefix = "") {
		const stack = errorStack(error);
		if (stack && !(error instanceof RebuildError))
			say(stack);
		if (!call.over)
			this.close(call, { type: "error", text: `"error":${excerpt(prefix + errorText(error))},` +
				`"code":${excerpt(errorCode(error))}` });
	}

	close(call, fields) {
		call.end(fields);
		this.running.delete(call);
		this.pump();
	}

	// An error that the program did not catch ends the call that it comes from.
	stray(error, origin) {
		const known = scope.getStore()?.call ?? (this.running.size === 1 ? [...this.running][0] : null);
		const kind = origin === "unhandledRejection" ? "unhandled rejection" : "uncaught exception";
		if (known && !known.over) {
			this.fail(known, error, `${kind}: `);
			return;
		}
		say(`fluxloop: ${kind}${known ? " after the end of its call" : ""}: ` +
			`${errorStack(error) ?? errorText(error)}`);
		if (kind === "uncaught exception" && !known)
			for (const call of [...this.running])
				this.fail(call, error, `${kind}: `);
	}

	// Aborts the signals of the calls, and leaves when they end, or after LEAVE.
	stop(signal, status) {
		if (this.status)
			return;
		this.status = status;
		this.ended = true;
		this.waiting = [];
		const reason = new Error(`stopped by ${signal}`);
		reason.name = "AbortError";
		setTimeout(() => process.exit(status), LEAVE);
		for (const call of [...this.running])
			call.controller.abort(reason);
		this.pump();
	}

	async leave() {
		if (this.leaving)
			return;
		this.leaving = true;
		try {
			await this.options.close?.();
		} catch (error) {
			say(`fluxloop: close: ${errorStack(error) ?? errorText(error)}`);
		}
		process.exit(this.status);
	}
}

const OPTIONS = words("parameters concurrency classes revive streamOutputPath close");

/**
 * Be an agent: call `handler` for each request of fl-run until there are no more,
 * then exit. An invalid handler or option is reported to fl-run, with exit status
 * 2. fluxloop-node(3) describes the options.
 */
export function serve(handler, options = {}) {
	const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
	const why = typeof handler !== "function" ? "serve() needs a function"
		: unknown ? `serve() has no option ${unknown}; there are ${OPTIONS.join(", ")}` : null;
	if (why) {
		fs.writeSync(1, `${JSON.stringify({ type: "error", code: "setup", error: why })}\n`);
		say(`fluxloop: ${why}`);
		process.exit(2);
	}
	new Server(handler, options).serve();
}
