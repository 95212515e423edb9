/** The real server as a child process that can be killed and restarted on the same port. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const ADMIN_KEY = "key";
const BUSSA = process.env.BUSSA ?? new URL("../../../.venv/bin/bussa", import.meta.url).pathname;

export class Server {
    constructor() {
        this.data = mkdtempSync(join(tmpdir(), "bussa-"));
        this.port = 0;
    }

    async start(...more) {
        const args = ["serve", "--port", String(this.port), "--data", this.data, "--admin-key", ADMIN_KEY, ...more];
        this.child = spawn(BUSSA, args, { stdio: ["ignore", "pipe", "ignore"] });
        for await (const line of createInterface({ input: this.child.stdout })) {
            const found = /http:\/\/\S+/.exec(line);
            if (found) {
                this.url = found[0];
                this.port = Number(new URL(this.url).port);
                this.child.stdout.resume();
                return this;
            }
        }
        throw new Error("the server did not start");
    }

    async stop(signal) {
        if (this.child.exitCode === null && this.child.signalCode === null) {
            this.child.kill(signal);
            await once(this.child, "exit");
        }
    }

    kill() {
        return this.stop("SIGKILL");
    }

    async close() {
        await this.kill();
        rmSync(this.data, { recursive: true });
    }
}
