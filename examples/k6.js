// Bussa under k6: pairs who write to each other over the JSON protocol.
//
//     bussa serve --admin-key KEY --send-rate 0
//     k6 run -e ADMIN_KEY=KEY -e URL=http://127.0.0.1:8080 -e PAIRS=50 -e SECONDS=30 examples/k6.js
//
// Each virtual user is a pair: one socket writes, RATE messages a second, and one listens. Reported are the trends
// `bussa_ack` (send to its answer) and `bussa_delivered` (send to the peer's device) and the rate `bussa_gapless`: whether
// each event's seq was one more than the one before. k6 fails where one was not, or a message was refused.

import { check } from "k6";
import exec from "k6/execution";
import http from "k6/http";
import { Counter, Rate, Trend } from "k6/metrics";
import { WebSocket } from "k6/websockets";

const URL = __ENV.URL || "http://127.0.0.1:8080";
const PAIRS = Number(__ENV.PAIRS || 10);
const SECONDS = Number(__ENV.SECONDS || 10);
const RATE = Number(__ENV.RATE || 5);
const TEXT = "x".repeat(120);

const ack = new Trend("bussa_ack", true);
const delivered = new Trend("bussa_delivered", true);
const whole = new Rate("bussa_gapless");
const refused = new Counter("bussa_refused");

export const options = {
    scenarios: { pairs: { executor: "per-vu-iterations", vus: PAIRS, iterations: 1, maxDuration: `${SECONDS + 30}s` } },
    thresholds: { bussa_gapless: ["rate==1"], bussa_refused: ["count==0"], checks: ["rate==1"] },
};

export function setup() {
    return { run: Date.now().toString(36) };
}

function comeIn(name) {
    const params = { headers: { Authorization: `Bearer ${__ENV.ADMIN_KEY}`, "Content-Type": "application/json" } };
    const made = http.put(`${URL}/v1/users/${name}`, JSON.stringify({ dm_policy: "anyone" }), params);
    check(made, { "the admin key is right": (answer) => answer.status === 200 || answer.status === 201 });
    return http.post(`${URL}/v1/users/${name}/tokens`, "{}", params).json("token");
}

function connect(token, onEvent) {
    const socket = new WebSocket(`${URL.replace("http", "ws")}/v1/socket`, ["bussa.v1.json"]);
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", token }));
    socket.onmessage = (message) => onEvent(JSON.parse(message.data));
    return socket;
}

export default function pair({ run }) {
    const [writer, reader] = [`${run}-a${exec.vu.idInTest}`, `${run}-b${exec.vu.idInTest}`];
    const tokens = [comeIn(writer), comeIn(reader)];
    const started = new Map();
    let last = 0;
    let asked = 0;

    const listening = connect(tokens[1], (told) => {
        if (told.type === "welcome") {
            last = told.head;
            writing = connect(tokens[0], answered);
            return;
        }
        if (told.seq === undefined) return;
        whole.add(told.seq === last + 1);
        last = told.seq;
        if (told.type === "message") delivered.add(Date.now() - Number(told.text.split(" ", 1)[0]));
    });

    let writing;

    function answered(told) {
        if (told.type === "welcome") {
            const timer = setInterval(write, 1000 / RATE);
            setTimeout(() => {
                clearInterval(timer);
                setTimeout(() => [writing, listening].forEach((socket) => socket.close()), 1000);
            }, SECONDS * 1000);
        } else if (told.type === "sent") {
            ack.add(Date.now() - started.get(told.id));
            started.delete(told.id);
        } else if (told.type === "error") {
            refused.add(1);
        }
    }

    function write() {
        const id = ++asked;
        started.set(id, Date.now());
        const text = `${Date.now()} ${TEXT}`;
        writing.send(JSON.stringify({ type: "send", id, to: reader, text, nonce: `${writer}-${id}` }));
    }
}
