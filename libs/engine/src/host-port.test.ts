import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

import { expect, test } from "vitest";

import { isPortTaken } from "./host-port.ts";

async function listenTcp(host: string): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const { port } = Object(server.address());
  return { port, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

test("a TCP port that another program listens on is taken, on its address and on all addresses", async () => {
  await using held = await listenTcp("127.0.0.1");
  const tcp = { port: held.port, protocol: "tcp" };
  expect(await isPortTaken({ ...tcp, hostIp: "127.0.0.1" })).toBe(true);
  expect(await isPortTaken({ ...tcp, hostIp: "" })).toBe(true);
  expect(await isPortTaken({ ...tcp, hostIp: "127.0.0.2" })).toBe(false);
  expect(await isPortTaken({ ...tcp, hostIp: "127.0.0.1", protocol: "udp" })).toBe(false);
});

test("a port is free again after it was looked at", async () => {
  const held = await listenTcp("0.0.0.0");
  const port = { port: held.port, protocol: "tcp", hostIp: "" };
  expect(await isPortTaken(port)).toBe(true);
  await held[Symbol.asyncDispose]();
  expect(await isPortTaken(port)).toBe(false);
  expect(await isPortTaken(port)).toBe(false);
});

test("a UDP port that another program has is taken", async () => {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const port = { port: socket.address().port, protocol: "udp", hostIp: "127.0.0.1" };
  expect(await isPortTaken(port)).toBe(true);
  socket.close();
  await once(socket, "close");
  expect(await isPortTaken(port)).toBe(false);
});

test("an address that the machine does not have says nothing about other programs", async () => {
  expect(await isPortTaken({ port: 8080, protocol: "tcp", hostIp: "203.0.113.9" })).toBe(false);
  expect(await isPortTaken({ port: 8080, protocol: "udp", hostIp: "203.0.113.9" })).toBe(false);
  expect(await isPortTaken({ port: 8080, protocol: "sctp", hostIp: "" })).toBe(false);
});
