import { expect, test } from "vitest";

import { addressOf, isOfThisMachine } from "./registry-address.ts";
import { isSafe } from "./registry-exchange.ts";

test("an image without a registry is one of Docker Hub", () => {
  const origin = "https://registry-1.docker.io";
  expect(addressOf("web")).toEqual({ origin, repository: "library/web", tag: "latest" });
  expect(addressOf("docker.io/web:1")).toEqual({ origin, repository: "library/web", tag: "1" });
  expect(addressOf("index.docker.io/team/web:1")).toEqual({ origin, repository: "team/web", tag: "1" });
});

test("a registry is asked by TLS, and one of this machine without", () => {
  expect(addressOf("r.example:5000/a/b:1")).toEqual({
    origin: "https://r.example:5000",
    repository: "a/b",
    tag: "1",
  });
  for (const host of ["localhost:5000", "127.0.0.1:5000", "127.9.9.9", "[::1]:5000"])
    expect(addressOf(`${host}/b`)).toMatchObject({ origin: `http://${host}`, tag: "latest" });
  for (const host of ["127.0.0.1.example", "localhost.example", "10.0.0.1:5000"])
    expect(isOfThisMachine(host)).toBe(false);
});

test("what is not of this machine leads to nothing that is", () => {
  const at = (url: string) => new URL(url);
  expect(isSafe(at("http://127.0.0.1/x"), at("https://r.example/"))).toBe(false);
  expect(isSafe(at("http://127.0.0.1/x"), at("http://localhost:5000/"))).toBe(true);
  expect(isSafe(at("https://cdn.example/x"), at("https://r.example/"))).toBe(true);
  expect(isSafe(at("http://cdn.example/x"), at("https://r.example/"))).toBe(false);
});
