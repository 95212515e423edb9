// Stands in for the modules of k6, as far as examples/k6.js uses them, so that Node can run it:
//     node k6_stubs.mjs examples/k6.js        prints what was measured, and which thresholds were crossed
import { execFileSync } from "node:child_process";
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

const measured = {};
globalThis.__ENV = process.env;
globalThis.__measured = measured;

// k6's HTTP waits for its answer; Node's does not, so another Node does.
globalThis.__http = (method, url, body, params) => {
    const ask = `fetch(${JSON.stringify(url)}, ${JSON.stringify({ method, body, headers: params.headers })})
        .then(async (a) => process.stdout.write(JSON.stringify({ status: a.status, body: await a.text() })))`;
    return JSON.parse(execFileSync(process.execPath, ["-e", ask]).toString());
};

const METRIC = `class Metric {
    constructor(name) { this.values = globalThis.__measured[name] = []; }
    add(value) { this.values.push(Number(value)); }
}`;
const MODULES = {
    k6: `export const check = (value, checks) => Object.entries(checks).forEach(([name, holds]) => {
        if (!holds(value)) throw new Error(name);
    });`,
    "k6/execution": "export default { vu: { idInTest: 1 } };",
    "k6/http": `const wrap = (method) => (url, body, params) => {
        const answer = globalThis.__http(method, url, body, params);
        return { status: answer.status, json: (key) => JSON.parse(answer.body)[key] };
    };
    export default { put: wrap("PUT"), post: wrap("POST") };`,
    "k6/metrics": `${METRIC} export { Metric as Counter, Metric as Rate, Metric as Trend };`,
    "k6/websockets": "export const WebSocket = globalThis.WebSocket;",
};

registerHooks({
    resolve: (name, context, next) =>
        name in MODULES ? { url: `stand-in:${name}`, format: "module", shortCircuit: true } : next(name, context),
    load: (url, context, next) =>
        url.startsWith("stand-in:")
            ? { source: MODULES[url.slice("stand-in:".length)], format: "module", shortCircuit: true }
            : next(url, { ...context, format: "module" }),
});

const script = await import(pathToFileURL(process.argv[2]));
script.default(script.setup());
process.on("exit", () => console.log(JSON.stringify({ measured, thresholds: script.options.thresholds })));
