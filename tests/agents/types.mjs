// Records a call for each of these values and, with the argument "agent", is the
// agent that they are replayed to: it answers "same" if a value is what it was.
import { isDeepStrictEqual } from "node:util";
import { configure, recordCallArgs, serve } from "../../lib/node/fluxloop.mjs";

class User {
	constructor(name) {
		this.name = name;
		this._seen = new Date(5);
	}
	hello() {
		return `hello ${this.name}`;
	}
}
class Admin extends User {
	constructor(name) {
		super(name);
		this.rights = new Set(["read"]);
	}
}
class Amount {	// a value type, as Decimal and Luxon have them
	#cents;
	constructor(text) {
		this.#cents = BigInt(Math.round(Number(text) * 100));
	}
	toJSON() {
		return (Number(this.#cents) / 100).toFixed(2);
	}
	plus(other) {
		return new Amount((Number(this.#cents + other.#cents) / 100).toFixed(2));
	}
}
class Point {
	#x = 1;
	toJSON() {
		return { x: this.#x };
	}
	static fromJSON({ x }) {
		const made = new Point();
		made.#x = x;
		return made;
	}
}
class Stack extends Array {}
class Index extends Map {}
class NotFound extends Error {
	constructor(message, id) {
		super(message);
		this.name = "NotFound";
		this.id = id;
	}
}
class Cart {
	constructor() {
		this.total = new Amount("2.50");
		this.owner = new Admin("Eve");
		this.lines = new Map([["a", { n: 1n }]]);
	}
}

const bytes = Uint8Array.from({ length: 300 }, (_, i) => i % 256);
const ring = { name: "ring", next: { name: "other" } };
ring.next.next = ring;
const selfMap = new Map();
selfMap.set("me", selfMap);
const bare = Object.create(null);
bare.a = new Date(1);
const holes = [1, , 3];
const cause = new TypeError("why");

const form = new FormData();
form.append("a", "1");
form.append("a", "2");

const values = {
	date: new Date(1234567890123), badDate: new Date(NaN), big: 2n ** 70n, negativeZero: -0,
	nan: NaN, infinite: -Infinity, none: undefined, nothing: null, text: "a<callable:x>",
	regexp: /a"\/b/giu, url: new URL("https://a.example/p?q=1"),
	params: new URLSearchParams("a=1&a=2"), headers: new Headers([["X-A", "1"], ["x-a", "2"]]),
	form, symbol: Symbol.for("known"),
	map: new Map([["a", 1], [{ k: 1 }, new Map([[2, new Date(3)]])]]),
	set: new Set([1, "1", new Set([undefined])]), buffer: Buffer.from(bytes), bytes,
	words: new Uint16Array([1, 65535]), longs: new BigInt64Array([-1n]),
	view: new DataView(bytes.buffer, 3, 5), raw: bytes.buffer.slice(0, 9), floats: new Float64Array([NaN, -0]),
	user: new User("Ada"), admin: new Admin("Bob"), cart: new Cart(), stack: Stack.from([1, new Date(2)]),
	index: new Index([["k", 1n]]), bare, holes, ring, selfMap,
	error: new RangeError("far"), own: new NotFound("gone", 7), caused: new Error("e", { cause }),
	many: new AggregateError([cause], "all"), amount: new Amount("1.25"), point: new Point(),
	boxed: Object(5), dotted: { "a.b": new Date(1), a: { b: new Date(2) } }, "dotted.name": new Date(3),
	odd: JSON.parse('{"__proto__":{"x":1},"constructor":2,"toString":3}'), empty: {}, list: [[], [{}]],
	deep: { a: [{ b: [{ c: new Set([new Date(9)]) }] }] }, unicode: "\u{1f600}\u0000é", long: "x".repeat(1e6),
};
const classes = { User, Admin, Cart, Stack, Index, NotFound, Point, Amount };

function same(name, value) {
	const was = values[name];
	// Headers of Node 18 keep the names as they were spelled, which isDeepStrictEqual sees
	if (!isDeepStrictEqual(value, was) && !["holes", "point", "badDate", "headers"].includes(name))
		return false;
	switch (name) {
	case "badDate": return value instanceof Date && Number.isNaN(value.getTime());
	case "user": return value.hello() === "hello Ada" && value instanceof User;
	case "cart": return value.owner.hello() === "hello Eve" && value.total.plus(value.total).toJSON() === "5.00";
	case "amount": return value.plus(new Amount("1")).toJSON() === "2.25";
	case "point": return value instanceof Point && value.toJSON().x === 1;
	case "holes": return value.length === 3 && value[1] === undefined;
	case "ring": return value.next.next === value;
	case "selfMap": return value.get("me") === value;
	case "own": return value instanceof NotFound && value.stack === was.stack && String(value) === "NotFound: gone";
	case "caused": return value.cause instanceof TypeError && value.cause.message === "why";
	case "headers": return value instanceof Headers && [...value].join() === "x-a,1, 2";
	case "form": return value instanceof FormData && value.getAll("a").join() === "1,2";
	case "buffer": return Buffer.isBuffer(value);
	}
	return true;
}

if (process.argv[2] === "agent") {
	serve(({ name, value }) => same(name, value) ? "same" : `${name} is not what it was`, { classes });
} else {
	configure({ recordArgs: true, recordingFile: process.argv[2] });
	for (const [name, value] of Object.entries(values))
		recordCallArgs("types.mjs:handler", { name, value });
}
