// Tests the features that Ayushma's front end depends on, with a real browser and a page of another origin.
//
//   PROGRAM=target/debug/ayushma DATABASE_URL=… CHROMIUM=/usr/bin/chromium node --test test.mjs
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

import { Server } from "../server.mjs";

const here = import.meta.dirname;
const library = path.join(here, "node_modules/@microsoft/fetch-event-source/lib/esm");

// One red pixel.
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4z8AAAAMBAQD3A0FDAAAAAElFTkSuQmCC";

// Seconds of silence.
function wav(seconds) {
    const rate = 8_000;
    const samples = Buffer.alloc(rate * seconds, 128);
    const head = Buffer.alloc(44);
    head.write("RIFF", 0);
    head.writeUInt32LE(36 + samples.length, 4);
    head.write("WAVEfmt ", 8);
    head.writeUInt32LE(16, 16);
    head.writeUInt16LE(1, 20);
    head.writeUInt16LE(1, 22);
    head.writeUInt32LE(rate, 24);
    head.writeUInt32LE(rate, 28);
    head.writeUInt16LE(1, 32);
    head.writeUInt16LE(8, 34);
    head.write("data", 36);
    head.writeUInt32LE(samples.length, 40);
    return Buffer.concat([head, samples]).toString("base64");
}

// The page, its script and the library, on a port of their own.
async function servePage() {
    const files = (url) => {
        if (url === "/client.js") return [path.join(here, "client.js"), "text/javascript"];
        if (!url.startsWith("/fetch-event-source/")) return [path.join(here, "page.html"), "text/html"];
        // The library imports its modules without an extension, as bundlers allow.
        const name = path.basename(url);
        return [path.join(library, name.endsWith(".js") ? name : `${name}.js`), "text/javascript"];
    };
    const server = http.createServer((request, response) => {
        const [file, type] = files(new URL(request.url, "http://page").pathname);
        response.writeHead(200, { "Content-Type": type }).end(readFileSync(file));
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    return server;
}

let server, pageServer, browser, page, project, chat;
const failures = [];

before(async () => {
    server = await Server.start(process.env.PROGRAM);
    await server.logIn();
    project = (await server.call("POST", "/api/projects", {
        title: "Ward", prompt: "Answer from this: {reference}", is_default: true,
    })).external_id;
    pageServer = await servePage();
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--disable-gpu"] });
    page = await browser.newPage();
    page.on("pageerror", (error) => failures.push(error));
    await page.goto(`http://localhost:${pageServer.address().port}/?api=${server.url}`);
    await page.waitForFunction(() => window.client);
});

after(async () => {
    await browser?.close();
    pageServer?.close();
    await server?.stop();
});

const request = (...call) => page.evaluate((call) => window.client.request(...call), call);
const refusal = (...call) => page.evaluate((call) => window.client.refusal(...call), call);
const converse = (...call) => page.evaluate((call) => window.client.converse(...call), call);

test("without a login the page can read why it is refused", async () => {
    const { status, json } = await refusal("GET", "users/me");
    assert.equal(status, 401);
    assert.equal(json.detail, "Authentication credentials were not provided.");
});

test("a wrong password is told in words that the page can read", async () => {
    const { status, json } = await refusal("POST", "auth/login", { email: server.email, password: "wrong" });
    assert.equal(status, 400);
    assert.deepEqual(json, { non_field_errors: ["Unable to log in with provided credentials."] });
});

test("a page of another origin logs in and reads its own account", async () => {
    await page.evaluate(([email, password]) => window.client.logIn(email, password), [server.email, server.password]);
    const me = await request("GET", "users/me");
    assert.equal(me.username, "admin");
    assert.equal(me.is_staff, true);
});

test("empty search and unknown parameters change nothing of a list", async () => {
    const projects = await request("GET", "projects", { ordering: "-is_default,created_at", search: "" });
    assert.deepEqual(projects.results.map((project) => project.external_id), [project]);
});

test("the faults of a form's fields are lists of texts", async () => {
    const { status, json } = await refusal("POST", "projects", { title: "", prompt: "" });
    assert.equal(status, 400);
    assert.ok(Object.values(json).every((texts) => Array.isArray(texts) && texts.every((text) => typeof text === "string")));
});

test("a document is uploaded and can be retrieved from", async () => {
    const text = Buffer.from("Zinc shortens diarrhoea in children. Give 10 to 20 mg a day.").toString("base64");
    const fields = { title: "Zinc", document_type: "1", description: "" };
    const document = await page.evaluate((call) => window.client.upload(...call), [`projects/${project}/documents`, fields, "zinc.txt", "text/plain", text]);
    // waitForFunction would take the promise of an async function for true.
    const path = `projects/${project}/documents/${document.external_id}`;
    let shown = document;
    for (let look = 0; shown.uploading && look < 100; look++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        shown = await request("GET", path);
    }
    assert.deepEqual([shown.uploading, shown.failed], [false, false]);
});

test("a question is answered by stream, and the chat is complete when the stream stops", async () => {
    chat = `projects/${project}/chats/${(await request("POST", `projects/${project}/chats`, { title: "New" })).external_id}`;
    const { events } = await converse(chat, { text: "How much zinc?" });
    assert.ok(events.length > 1);
    assert.ok(events.every((event) => typeof event.delta === "string" && event.input === "How much zinc?" && !event.error));
    assert.deepEqual(events.map((event) => event.stop), [...events.slice(1).map(() => false), true]);
    assert.equal(events.at(-1).delta, "");
    const { chats: [question, answer], title } = await request("GET", chat, { fetch: "all" });
    assert.equal(title, "How much zinc?");
    assert.equal(question.message, "How much zinc?");
    assert.equal(answer.message, events.at(-1).message);
    assert.equal(answer.reference_documents[0].title, "Zinc");
});

test("so is a second question in the open chat, with the headers that tracing and a key of one's own add", async () => {
    const tracing = { "sentry-trace": "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", baggage: "a=b", "OpenAI-Key": "sk-test" };
    const { events } = await converse(chat, { text: "And for how long?" }, tracing);
    assert.equal(events.at(-1).stop, true);
    assert.equal((await request("GET", chat)).chats.length, 4);
});

test("a question that is refused says why instead of streaming", async () => {
    const noonce = `${Date.now()}.5`;
    await converse(chat, { text: "Once", noonce });
    const { status, json } = await converse(chat, { text: "Twice", noonce });
    assert.equal(status, 400);
    assert.equal(typeof json.error, "string");
});

test("a chat is renamed and deleted with a JSON body", async () => {
    const { external_id: id } = await request("POST", `projects/${project}/chats`, { title: "To go" });
    assert.equal((await request("PATCH", `projects/${project}/chats/${id}`, { title: "Gone" })).title, "Gone");
    assert.deepEqual(await request("DELETE", `projects/${project}/chats/${id}`), {});
    assert.equal((await refusal("GET", `projects/${project}/chats/${id}`)).status, 404);
});

async function upload(name, type, base64) {
    const fields = { title: name, document_type: "1" };
    const document = await page.evaluate((call) => window.client.upload(...call), [`projects/${project}/documents`, fields, name, type, base64]);
    assert.match(document.file, /^http:\/\/127\.0\.0\.1/);
    return document.file;
}

test("an image of the media is shown, and its pixels can be read", async () => {
    const shown = await page.evaluate((url) => window.client.image(url), `${await upload("dot.png", "image/png", PNG)}?r=1`);
    assert.deepEqual(shown, { width: 1, pixel: [255, 0, 0, 255] });
});

test("a sound of the media is played from its middle", async () => {
    const played = await page.evaluate((url) => window.client.sound(url), await upload("silence.wav", "audio/wav", wav(60)));
    assert.deepEqual(played, { duration: 60, at: 30 });
});

test("a spoken answer is played from its middle, and takes 4 KB a second", async () => {
    const { chats: [, answer] } = await request("GET", chat);
    const { duration, at } = await page.evaluate((url) => window.client.sound(url), answer.audio);
    assert.ok(duration > 2 && Math.abs(at - duration / 2) < 0.5, `${at} s of ${duration} s`);
    const { byteLength } = await (await fetch(answer.audio)).arrayBuffer();
    assert.ok(Math.abs(byteLength / 4000 - duration) < 1, `${byteLength} bytes for ${duration} s`);
});

test("a document is shown in a frame", async () => {
    await page.evaluate((url) => window.client.frame(url), await upload("note.txt", "text/plain", Buffer.from("Wash hands.").toString("base64")));
    assert.equal(await page.frame("document").locator("body").innerText(), "Wash hands.");
});

test("the frame of a document that was removed says so in words", async () => {
    const url = await upload("old.txt", "text/plain", Buffer.from("Wash hands.").toString("base64"));
    const { results } = await request("GET", `projects/${project}/documents`, { ordering: "-created_at" });
    const { external_id: id } = results.find(({ file }) => file === url);
    await request("DELETE", `projects/${project}/documents/${id}`);
    for (let look = 0; (await fetch(url)).status === 200 && look < 100; look++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await page.evaluate((url) => window.client.frame(url), url);
    const frames = page.frames().filter((frame) => frame.url() === url);
    assert.match(await frames[0].locator("body").innerText(), /was removed on .* UTC/);
});

const submit = (...call) => page.evaluate((call) => window.client.submit(...call), call);
const submitFile = (...call) => page.evaluate((call) => window.client.submitFile(...call), call);

test("a file that is too large is told beside the file, and a smaller one is taken afterwards", async () => {
    const path = `projects/${project}/documents`;
    const fields = { title: "Large", document_type: "1" };
    const refused = await submitFile(path, fields, 26 * 1_048_576 + 4_096, ["title", "file", "non_field_errors"]);
    assert.equal(refused.status, 413);
    assert.equal(refused.file.length, 1);
    assert.match(refused.file[0], /too large/);
    assert.equal((await submitFile(path, fields, 4_096, ["file"])).status, 200);
});

test("a code for a new password that is wrong is told beside the code, whoever's address it is", async () => {
    const wrong = ["The OTP password entered is not valid. Please check and try again."];
    const asked = "nobody@example.com";
    await page.evaluate(() => window.client.signOut());
    assert.deepEqual(await submit("auth/forgot", { email: asked }, ["email"]), { status: 200 });
    for (const email of [asked, "never-asked@example.com"]) {
        const refused = await submit("auth/verify", { token: "000000", email }, ["token", "non_field_errors"]);
        assert.deepEqual(refused, { status: 400, token: wrong, non_field_errors: [] });
        const reset = { token: "000000", email, password: "lantern orbit eight" };
        assert.deepEqual((await submit("auth/reset", reset, ["token", "password"])).token, wrong);
    }
});

test("too many log-ins are told in the form, and do not shut others out", async () => {
    let refused;
    for (let attempt = 0; attempt < 60 && refused?.status !== 429; attempt++) {
        refused = await submit("auth/login", { email: "flooded@example.com", password: "wrong" }, ["email", "password", "non_field_errors"]);
    }
    assert.equal(refused.status, 429);
    assert.equal(refused.non_field_errors.length, 1);
    await page.evaluate(([email, password]) => window.client.logIn(email, password), [server.email, server.password]);
    assert.equal((await request("GET", "users/me")).username, "admin");
});

test("a question in a language that nobody translates leaves no empty chat", async () => {
    const path = `projects/${project}/chats/${(await request("POST", `projects/${project}/chats`, { title: "New" })).external_id}`;
    const { events } = await converse(path, { text: "പനി എങ്ങനെ ചികിത്സിക്കാം?", language: "ml" });
    assert.equal(events.at(-1).stop, true);
    const { chats } = await request("GET", path, { fetch: "all" });
    assert.deepEqual(chats.map((message) => message.messageType), [1, 2]);
    assert.match(chats[1].message, /translat/);
});

test("no script of the page has failed", () => {
    assert.deepEqual(failures, []);
});
