import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, it } from "vitest";

it("the watcher must load nothing but Node's own modules and the light doors", () => {
  const loaded = new Set<string>();
  const foreign: string[] = [];
  const load = (url: string) => {
    if (loaded.has(url)) return;
    loaded.add(url);
    const text = readFileSync(fileURLToPath(url), "utf8");
    for (const [, name = ""] of text.matchAll(/^(?:im|ex)port (?!type )[^;]*?from "([^"]+)";/gm)) {
      if (name.startsWith(".")) load(new URL(name, url).href);
      else if (/^@keelson\/\w+\/poll$/.test(name)) load(import.meta.resolve(name));
      else if (!name.startsWith("node:")) foreign.push(`${url} loads ${name}`);
    }
  };
  load(new URL("watch.ts", import.meta.url).href);
  load(new URL("log-event.ts", import.meta.url).href);
  expect(foreign).toEqual([]);
  expect(loaded.size).toBeGreaterThan(15);
});

it("neither the watcher nor what it waits for must go by a clock that can be set", () => {
  const files = ["watch", "watcher", "trigger-watch", "poller", "pause", "round-requests", "round-process"];
  const readers = files.filter((name) =>
    /\bDate\b/.test(readFileSync(new URL(`${name}.ts`, import.meta.url), "utf8")),
  );
  expect(readers).toEqual([]);
});
