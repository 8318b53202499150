// Measures six requests with wrk, beside the figures of the original on two quiet cores.
//
//   node http.mjs PROGRAM [--seconds N] [--chats N] [--only NAME]    (DATABASE_URL: an empty database of a server on this machine)
//
// --chats fills the views with that many chats of ten messages each before it measures.
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

import { fill } from "./fill.mjs";
import { Server, firstLine, form } from "../server.mjs";

const here = import.meta.dirname;
const CONNECTIONS = 16;
const MAX_MEGABYTES = 200;
const TICKS_A_SECOND = 100;

// The original's figures (requests a second, median in milliseconds), and the factor that is the aim.
const ORIGINAL = {
    "users/me": { rate: 460, median: 34, aim: 15 },
    "projects list": { rate: 214, median: 74, aim: 20 },
    "chat detail": { rate: 17, median: 909, aim: 150 },
    "chats list": { rate: 62, median: 232, aim: 60 },
    "create chat": { rate: 206, median: 69, aim: 8 },
    "converse": { rate: 12.7, median: 1160, aim: 40 },
};

const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: "string", default: "10" }, chats: { type: "string", default: "0" }, only: { type: "string", default: "" } },
});
const [program] = positionals;
if (!program || !process.env.DATABASE_URL) {
    console.error("usage: DATABASE_URL=… node http.mjs PROGRAM [--seconds N] [--chats N] [--only NAME]");
    process.exit(2);
}

function sql(text) {
    return execFileSync("psql", ["-XqAt", "-v", "ON_ERROR_STOP=1", "-d", process.env.DATABASE_URL, "-c", text]).toString();
}

// The seconds that processes have spent on a CPU.
function cpuSeconds(pids) {
    let ticks = 0;
    for (const pid of pids) {
        try {
            const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
            ticks += Number(fields[11]) + Number(fields[12]);
        } catch {
            // The process has ended.
        }
    }
    return ticks / TICKS_A_SECOND;
}

const postgresPids = () => sql("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()").split("\n").filter(Boolean);

function residentMegabytes(pid) {
    return Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/^VmRSS:\s+(\d+) kB/m)[1]) / 1024;
}

// Twenty projects; in one of them a document and twenty chats, one of these with twenty messages.
async function seed(server) {
    const projects = [];
    for (let n = 1; n <= 20; n++) {
        projects.push(await server.call("POST", "/api/projects", {
            title: `Ward ${n}`, description: "What the nurses of this ward ask", is_default: n === 1,
            prompt: "Answer from the references.\n{reference}\nEnd with References: [id, ...]",
            preset_questions: ["How much zinc?", "How often?"],
        }));
    }
    const project = `/api/projects/${projects[0].external_id}`;
    const document = await server.call("POST", `${project}/documents`, form({
        title: "Zinc", document_type: "3", text_content: "Zinc shortens diarrhoea in children. Give 10 to 20 mg a day.",
    }));
    while ((await server.call("GET", `${project}/documents/${document.external_id}`)).uploading) {
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const chats = [];
    for (let n = 1; n <= 20; n++) {
        chats.push(`${project}/chats/${(await server.call("POST", `${project}/chats`, { title: `Chat ${n}` })).external_id}`);
    }
    await converse(server, chats[0]);
    return { project, chats, another: await chatOfAnother(server, project) };
}

async function converse(server, chat) {
    for (let n = 1; n <= 10; n++) {
        await server.call("POST", `${chat}/converse`, form({ text: `How much zinc for child ${n}?`, stream: "false" }));
    }
    const messages = (await server.call("GET", chat)).chats;
    if (messages.length !== 20 || messages.some((message) => message.messageType === 3 && !message.reference_documents.length)) {
        throw new Error("the chat does not have its twenty messages with their references");
    }
}

// The same chat of somebody else, which a superuser opens: that it was opened is put on record.
async function chatOfAnother(server, project) {
    const [email, password] = ["nurse@example.com", "lantern orbit eight"];
    await server.call("POST", "/api/users", { username: "nurse", full_name: "Nurse", email, password });
    await server.call("PATCH", "/api/users/nurse", { allow_key: true });
    const { token } = server;
    ({ token: server.token } = await server.call("POST", "/api/auth/login", { email, password }));
    const chat = `${project}/chats/${(await server.call("POST", `${project}/chats`, { title: "A nurse's chat" })).external_id}`;
    await converse(server, chat);
    server.token = token;
    return `${chat}?fetch=all`;
}

async function measure(server, model, { paths, method = "GET", body = "", type = "application/json" }, seconds) {
    const wrk = async (duration) => {
        const child = spawn("wrk", ["-t1", `-c${CONNECTIONS}`, `-d${duration}s`, "-s", path.join(here, "request.lua"), server.url], {
            env: { ...process.env, METHOD: method, BODY: body, CONTENT_TYPE: type, AUTHORIZATION: `Token ${server.token}`, PATHS: paths.join(" ") },
        });
        let output = "";
        for await (const part of child.stdout) output += part;
        return JSON.parse(output.split("\n").find((line) => line.startsWith("{")));
    };
    await wrk(2);
    const processes = { server: [server.child.pid], postgres: postgresPids(), model: [model.pid] };
    const before = Object.values(processes).map(cpuSeconds);
    const result = await wrk(seconds);
    const [own, postgres, models] = Object.values(processes).map((pids, n) => (cpuSeconds(pids) - before[n]) * 1e6 / result.requests);
    return { ...result, rate: result.requests / result.seconds, own, postgres, models };
}

const multipart = (fields) => {
    const boundary = "----bench";
    const parts = Object.entries(fields).map(([name, value]) =>
        `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
    return { body: `${parts.join("")}--${boundary}--\r\n`, type: `multipart/form-data; boundary=${boundary}` };
};

function requests({ project, chats, another }) {
    const question = multipart({ text: "How much zinc does a child need?", stream: "false", generate_audio: "false" });
    const spoken = multipart({ text: "How much zinc does a child need?", stream: "false" });
    return {
        "users/me": { paths: ["/api/users/me"] },
        "projects list": { paths: ["/api/projects?limit=20"] },
        "chat detail": { paths: [chats[0]] },
        "chat detail, another's": { paths: [another] },
        "chats list": { paths: [`${project}/chats?limit=20`] },
        "create chat": { paths: [`${project}/chats`], method: "POST", body: '{"title": "A chat"}' },
        "converse": { paths: chats.slice(1).map((chat) => `${chat}/converse`), method: "POST", ...question },
        "converse, all in one chat": { paths: [`${chats[1]}/converse`], method: "POST", ...question },
        "converse, spoken": { paths: chats.slice(1).map((chat) => `${chat}/converse`), method: "POST", ...spoken },
    };
}

const cell = (value, width) => String(value).padStart(width);

function print(name, { rate, median_ms, p99_ms, not_2xx, lost, own, postgres, models }) {
    const original = ORIGINAL[name];
    const ratio = original && rate / original.rate;
    console.log([
        name.padEnd(26), cell(rate.toFixed(rate < 100 ? 1 : 0), 7), cell(median_ms.toFixed(1), 7), cell(p99_ms.toFixed(1), 7),
        cell(original?.rate ?? "", 9), cell(original?.median ?? "", 7), cell(ratio ? `${ratio.toFixed(1)}x` : "", 8),
        cell(original ? `${original.aim}x` : "", 6), cell(not_2xx + lost, 7),
        cell(own.toFixed(0), 9), cell(postgres.toFixed(0), 9), cell(models.toFixed(0), 7),
    ].join(" "));
    return !ratio || ratio >= original.aim;
}

const model = spawn(process.execPath, [path.join(here, "model.mjs")], { stdio: ["ignore", "pipe", "inherit"] });
let server;
try {
    server = await Server.start(program, {
        OPENAI_BASE_URL: await firstLine(model), OPENAI_API_KEY: "none", OPENAI_MODEL: "instant", LIMIT_CONVERSE: "0",
    });
    await server.logIn();
    const seeded = await seed(server);
    if (Number(options.chats)) fill(sql, seeded, Number(options.chats));
    console.log(`${CONNECTIONS} connections, ${options.seconds} s each, load of the machine before: ${readFileSync("/proc/loadavg", "utf8").split(" ")[0]}`);
    console.log("                            ours                        original                                 CPU us a request");
    console.log("                               /s  median     p99        /s  median    ratio    aim  errors    server  postgres   model");
    let errors = 0;
    const missed = [];
    for (const [name, request] of Object.entries(requests(seeded))) {
        if (!name.startsWith(options.only)) continue;
        const result = await measure(server, model, request, Number(options.seconds));
        if (!print(name, result)) missed.push(name);
        errors += result.not_2xx + result.lost;
    }
    const megabytes = residentMegabytes(server.child.pid);
    console.log(`memory of all our roles after the run: ${megabytes.toFixed(0)} MB (aim: below ${MAX_MEGABYTES})`);
    if (megabytes >= MAX_MEGABYTES) missed.push("memory");
    if (missed.length) console.log(`aims missed: ${missed.join(", ")}`);
    if (errors) {
        console.error(`${errors} requests failed; the end of the server's log:\n${server.log().split("\n").slice(-20).join("\n")}`);
        process.exitCode = 1;
    }
} finally {
    await server?.stop();
    model.kill();
}
