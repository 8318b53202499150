// A model server that answers at once, in the protocol of OpenAI's chat completions: always the same sentence, with the
// first document of the prompt as its source. Prints its address.
import http from "node:http";

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;
const WORDS = ["Zinc shortens ", "diarrhoea in ", "children; give ", "10 to 20 mg ", "a day."];

const chunk = (delta, reason = null) =>
    `data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", created: 0, model: "instant",
        choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;

const server = http.createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
        const id = Buffer.concat(parts).toString().match(ID)?.[0] ?? "";
        const words = [...WORDS, ` References: [${id}]`].map((content) => chunk({ content })).join("");
        response.writeHead(200, { "Content-Type": "text/event-stream" });
        response.end(`${words}${chunk({}, "stop")}data: [DONE]\n\n`);
    });
});
server.keepAliveTimeout = 600_000;
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/v1`));
