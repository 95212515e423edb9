// Bussa under k6: pairs of users who write to each other over the JSON protocol.
//
//     bussa serve --admin-key KEY --send-rate 0
//     k6 run -e ADMIN_KEY=KEY -e URL=http://127.0.0.1:8080 -e PAIRS=50 -e SECONDS=30 examples/k6.js
//
// Each virtual user is a pair: one socket sends RATE messages per second, the other listens. Reported are the trends
// `bussa_ack` (send to reply) and `bussa_delivered` (send to the peer's device) and the rate `bussa_gapless`: whether
// each event's seq is one more than the one before. k6 fails if one is not, or if a message is refused.

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
const gapless = new Rate("bussa_gapless");
const refused = new Counter("bussa_refused");

export const options = {
    scenarios: { pairs: { executor: "per-vu-iterations", vus: PAIRS, iterations: 1, maxDuration: `${SECONDS + 30}s` } },
    thresholds: { bussa_gapless: ["rate==1"], bussa_refused: ["count==0"], checks: ["rate==1"] },
};

export function setup() {
    return { run: Date.now().toString(36) };
}

function createUser(name) {
    const params = { headers: { Authorization: `Bearer ${__ENV.ADMIN_KEY}`, "Content-Type": "application/json" } };
    const response = http.put(`${URL}/v1/users/${name}`, JSON.stringify({ dm_policy: "anyone" }), params);
    check(response, { "admin key accepted": ({ status }) => status === 200 || status === 201 });
    return http.post(`${URL}/v1/users/${name}/tokens`, "{}", params).json("token");
}

function connect(token, onFrame) {
    const socket = new WebSocket(`${URL.replace("http", "ws")}/v1/socket`, ["bussa.v1.json"]);
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", token }));
    socket.onmessage = (message) => onFrame(JSON.parse(message.data));
    return socket;
}

export default function pair({ run }) {
    const [writer, reader] = [`${run}-a${exec.vu.idInTest}`, `${run}-b${exec.vu.idInTest}`];
    const tokens = [createUser(writer), createUser(reader)];
    const started = new Map();
    let lastSeq = 0;
    let lastId = 0;

    const receiving = connect(tokens[1], (frame) => {
        if (frame.type === "welcome") {
            lastSeq = frame.head;
            sending = connect(tokens[0], onReply);
            return;
        }
        if (frame.seq === undefined) return;
        gapless.add(frame.seq === lastSeq + 1);
        lastSeq = frame.seq;
        if (frame.type === "message") delivered.add(Date.now() - Number(frame.text.split(" ", 1)[0]));
    });

    let sending;

    function onReply(frame) {
        if (frame.type === "welcome") {
            const timer = setInterval(send, 1000 / RATE);
            setTimeout(() => {
                clearInterval(timer);
                setTimeout(() => [sending, receiving].forEach((socket) => socket.close()), 1000);
            }, SECONDS * 1000);
        } else if (frame.type === "sent") {
            ack.add(Date.now() - started.get(frame.id));
            started.delete(frame.id);
        } else if (frame.type === "error") {
            refused.add(1);
        }
    }

    function send() {
        const id = ++lastId;
        started.set(id, Date.now());
        const text = `${Date.now()} ${TEXT}`;
        sending.send(JSON.stringify({ type: "send", id, to: reader, text, nonce: `${writer}-${id}` }));
    }
}
