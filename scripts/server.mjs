// A server of this project in a temporary data folder, with an administrator, on the database at DATABASE_URL.
import { spawn, execFileSync } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";

const EMAIL = "admin@example.com";
const PASSWORD = "lantern orbit seven";

// The first line that a program prints.
export async function firstLine(child) {
    let text = "";
    for await (const part of child.stdout) {
        text += part;
        if (text.includes("\n")) return text.split("\n")[0];
    }
    throw new Error("the program ended before it said anything");
}

async function freePort() {
    const listener = net.createServer();
    await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const { port } = listener.address();
    await new Promise((resolve) => listener.close(resolve));
    return port;
}

export class Server {
    // Starts it, and waits until it answers. `env` are settings beside the usual ones.
    static async start(program, env = {}) {
        const folder = mkdtempSync(path.join(os.tmpdir(), "ayushma-server."));
        const port = await freePort();
        const log = openSync(path.join(folder, "server.log"), "a");
        // No other variable of the environment, and no file .env of the current folder.
        const { PATH, DATABASE_URL } = process.env;
        const settings = { PATH, DATABASE_URL, DATA_DIR: folder, LISTEN: `127.0.0.1:${port}`, ...env };
        const options = { env: settings, cwd: folder };
        program = path.resolve(program);
        execFileSync(program, ["createsuperuser", "--email", EMAIL, "--username", "admin", "--password-stdin"],
            { ...options, input: `${PASSWORD}\n`, stdio: ["pipe", "ignore", log] });
        const child = spawn(program, ["serve"], { ...options, stdio: ["ignore", log, log] });
        const server = new Server(child, folder, `http://127.0.0.1:${port}`);
        await server.#answers();
        return server;
    }

    constructor(child, folder, url) {
        Object.assign(this, { child, folder, url, token: undefined, email: EMAIL, password: PASSWORD });
    }

    async #answers() {
        for (let attempt = 0; attempt < 300; attempt++) {
            if (this.child.exitCode !== null) break;
            try {
                await fetch(`${this.url}/api/users/me`);
                return;
            } catch {
                await new Promise((resolve) => setTimeout(resolve, 100));
            }
        }
        throw new Error(`the server does not answer:\n${this.log()}`);
    }

    log() {
        return readFileSync(path.join(this.folder, "server.log"), "utf8");
    }

    async logIn() {
        ({ token: this.token } = await this.call("POST", "/api/auth/login", { email: EMAIL, password: PASSWORD }));
    }

    // A request with JSON or a form; the answer's body, if it is a success.
    async call(method, path, body) {
        const headers = this.token ? { Authorization: `Token ${this.token}` } : {};
        const isForm = body instanceof FormData;
        if (body && !isForm) headers["Content-Type"] = "application/json";
        const response = await fetch(`${this.url}${path}`,
            { method, headers, body: body && !isForm ? JSON.stringify(body) : body });
        const text = await response.text();
        if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
        return text ? JSON.parse(text) : {};
    }

    async stop() {
        const ended = new Promise((resolve) => this.child.once("exit", resolve));
        this.child.kill("SIGTERM");
        await ended;
        rmSync(this.folder, { recursive: true });
    }
}

export function form(fields) {
    const data = new FormData();
    for (const [name, value] of Object.entries(fields)) data.set(name, value);
    return data;
}
