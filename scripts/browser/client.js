// A page's way to the API from another origin: what Ayushma's front end depends on, and nothing more.
import { fetchEventSource } from "/fetch-event-source/index.js";

// Where the API is: said in the page's address.
const api = `${new URLSearchParams(location.search).get("api")}/api/`;
let token;

const noonce = () => `${Date.now()}.${Math.random()}`;

// Without a login the literal text "undefined" is sent.
const authorization = () => (token ? `Token ${token}` : "undefined");

// The body of a success; anything else is thrown with its status.
async function request(method, path, data = {}) {
    const isForm = data instanceof FormData;
    const headers = { Accept: "application/json", Authorization: authorization() };
    if (!isForm) headers["Content-Type"] = "application/json";
    let url = api + path;
    let body;
    if (method === "GET") {
        url += `?${Object.entries({ ...data, noonce: noonce() }).map(([name, value]) => `${name}=${value}`).join("&")}`;
    } else if (isForm) {
        data.set("noonce", noonce());
        body = data;
    } else {
        body = JSON.stringify({ ...data, noonce: noonce() });
    }
    const response = await fetch(url, { method, headers, body });
    const text = await response.text();
    const json = text === "" ? {} : JSON.parse(text);
    if (!response.ok) throw Object.assign(new Error(`${response.status} ${text}`), { status: response.status, json });
    return json;
}

function formOf(fields) {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    return form;
}

const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

// The faults of a form as its screen shows them: each field's list is mapped to lines, as the front end's components do.
// What is no list throws there, and leaves a white page.
const shown = (json, fields) => Object.fromEntries(fields.map((field) => [field, json[field]?.map((text) => `${text}`) ?? []]));

window.client = {
    request,

    // Sends a form, and says what its screen shows beside the given fields if it is refused.
    async submit(path, data, fields) {
        const { status, json } = await this.refusal("POST", path, data);
        return { status, ...(status < 400 ? {} : shown(json, fields)) };
    },

    // The same for a form with a file of so many bytes.
    submitFile(path, data, bytes, fields) {
        const form = formOf(data);
        form.append("file", new Blob([new Uint8Array(bytes)], { type: "text/plain" }), "large.txt");
        return this.submit(path, form, fields);
    },

    // The status and body of a request that must fail.
    async refusal(method, path, data) {
        try {
            return { status: 200, json: await request(method, path, data) };
        } catch (error) {
            if (error.status === undefined) throw error;
            return { status: error.status, json: error.json };
        }
    },

    // As the pages of passwords, which know nobody.
    signOut() {
        token = undefined;
    },

    async logIn(email, password) {
        ({ token } = await request("POST", "auth/login", { email, password }));
    },

    upload(path, fields, name, type, base64) {
        const form = formOf(fields);
        form.append("file", new Blob([bytesOf(base64)], { type }), name);
        return request("POST", path, form);
    },

    // Asks as the chat page does. Returns all events of the stream, or the error of an answer that is none.
    async converse(path, fields, extraHeaders = {}) {
        const events = [];
        let refused;
        const end = new AbortController();
        await fetchEventSource(`${api}${path}/converse`, {
            method: "POST",
            headers: { Accept: "application/json, text/event-stream", Authorization: authorization(), ...extraHeaders },
            body: formOf({ language: "en", temperature: "0.1", top_k: "100", noonce: noonce(), ...fields }),
            openWhenHidden: true,
            signal: end.signal,
            async onopen(response) {
                if (response.ok && response.headers.get("content-type") === "text/event-stream") return;
                refused = { status: response.status, json: await response.json() };
                throw new Error("refused");
            },
            onmessage(message) {
                events.push(JSON.parse(message.data));
                if (events.at(-1).stop) end.abort();
            },
            onerror(error) {
                throw error;
            },
        }).catch((error) => {
            if (!refused) throw error;
        });
        return refused ?? { events };
    },

    // Shows an image as a page does that wants to read its pixels.
    image(url) {
        return new Promise((resolve, reject) => {
            const image = new Image();
            image.crossOrigin = "anonymous";
            image.onload = () => {
                const canvas = document.createElement("canvas");
                [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
                const context = canvas.getContext("2d");
                context.drawImage(image, 0, 0);
                resolve({ width: image.naturalWidth, pixel: [...context.getImageData(0, 0, 1, 1).data] });
            };
            image.onerror = () => reject(new Error("the image cannot be shown"));
            image.src = url;
        });
    },

    // Loads a sound and jumps into its middle.
    sound(url) {
        return new Promise((resolve, reject) => {
            const audio = new Audio();
            audio.onerror = () => reject(new Error(`the sound cannot be played: ${audio.error.message}`));
            audio.onloadedmetadata = () => (audio.currentTime = audio.duration / 2);
            audio.onseeked = () => resolve({ duration: audio.duration, at: audio.currentTime });
            audio.src = url;
        });
    },

    frame(url) {
        return new Promise((resolve) => {
            const frame = document.createElement("iframe");
            frame.name = "document";
            frame.onload = () => resolve();
            frame.src = url;
            document.body.append(frame);
        });
    },
};
