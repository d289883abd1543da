import { makeGitRepository, startGitServer } from "@keelson/test/support";
import { openRefPoll } from "./poll.ts";
await using server = await startGitServer();
const path = await server.createRepository("state");
await using repository = await makeGitRepository({ remote: path });
await repository.commit(); await repository.push();
const p = openRefPoll({ url: server.url("state"), branch: "main", credential: null, timeoutMs: 5000 });
const times: number[] = [];
for (let i = 0; i < 500; i++) { const t = performance.now(); await p.poll(); times.push(performance.now() - t); }
times.sort((a, b) => a - b);
console.log("median", times[250], "p95", times[475], "rss", process.memoryUsage().rss / 1e6);
// canned server: client cost only
import { createServer } from "node:http";
const s = createServer((q, r) => { q.resume(); q.on("end", () => { if (q.method === "GET") { r.setHeader("content-type", "application/x-git-upload-pack-advertisement"); r.end("000eversion 2\n000cls-refs\n0000".replace("000eversion", "000eversion")); } else { r.setHeader("content-type", "application/x-git-upload-pack-result"); r.end("003d" + "a".repeat(40) + " refs/heads/main\n0000"); } }); });
await new Promise<void>((d) => s.listen(0, "127.0.0.1", d));
const port = (s.address() as { port: number }).port;
const q = openRefPoll({ url: `http://127.0.0.1:${port}/x`, branch: "main", credential: null, timeoutMs: 5000 });
const t2: number[] = []; const c0 = process.cpuUsage();
for (let i = 0; i < 2000; i++) { const t = performance.now(); await q.poll(); t2.push(performance.now() - t); }
t2.sort((a, b) => a - b); const c = process.cpuUsage(c0);
console.log("canned median", t2[1000], "cpu ms per poll (client+server)", (c.user + c.system) / 2000e3);
p.close(); q.close(); s.close();
