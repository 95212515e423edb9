// Stubs of the k6 modules that examples/k6.js uses, so that Node can run it:
//     node k6_stubs.mjs examples/k6.js        prints the metrics and the thresholds
import { execFileSync } from "node:child_process";
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

const measured = {};
globalThis.__ENV = process.env;
globalThis.__measured = measured;

// k6's HTTP calls block; Node's do not, so a child process makes them.
globalThis.__http = (method, url, body, params) => {
    const script = `fetch(${JSON.stringify(url)}, ${JSON.stringify({ method, body, headers: params.headers })})
        .then(async (a) => process.stdout.write(JSON.stringify({ status: a.status, body: await a.text() })))`;
    return JSON.parse(execFileSync(process.execPath, ["-e", script]).toString());
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
        const response = globalThis.__http(method, url, body, params);
        return { status: response.status, json: (key) => JSON.parse(response.body)[key] };
    };
    export default { put: wrap("PUT"), post: wrap("POST") };`,
    "k6/metrics": `${METRIC} export { Metric as Counter, Metric as Rate, Metric as Trend };`,
    "k6/websockets": "export const WebSocket = globalThis.WebSocket;",
};

registerHooks({
    resolve: (name, context, next) =>
        name in MODULES ? { url: `stub:${name}`, format: "module", shortCircuit: true } : next(name, context),
    load: (url, context, next) =>
        url.startsWith("stub:")
            ? { source: MODULES[url.slice("stub:".length)], format: "module", shortCircuit: true }
            : next(url, { ...context, format: "module" }),
});

const script = await import(pathToFileURL(process.argv[2]));
script.default(script.setup());
process.on("exit", () => console.log(JSON.stringify({ measured, thresholds: script.options.thresholds })));
